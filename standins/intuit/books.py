"""The pages on which a person looks at the books of a company and works in them as a bookkeeper would."""

from __future__ import annotations

from flask import Blueprint, current_app, render_template

from standins.intuit.world import World

bp = Blueprint("books", __name__)


@bp.get("/")
def companies() -> str:
    """List the companies."""
    world: World = current_app.extensions["world"]
    return render_template("companies.html", realms=list(world.realms.values()))
