"""`/terms` and `/privacy`, from Markdown that whoever runs Tieout edits, and `/quickbooks/launch`. What the texts say is in `legal/`.

A file in LEGAL_FOLDER comes before the one that Tieout brings; `[operator]` and `[support]` in it are OPERATOR_NAME and SUPPORT_EMAIL.
"""

from pathlib import Path

import markdown
from flask import Blueprint, current_app, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup, escape
from werkzeug.wrappers import Response

from bookkeeping.settings import Settings
from tieout_files import place
from webapp.access.roles import public

bp = Blueprint("papers", __name__)
TITLES = {"terms": "Terms of use", "privacy": "Privacy"}


@bp.get("/terms")
@public
def terms() -> ResponseReturnValue:
    """The agreement with those who use Tieout; Intuit asks for its address as the EULA."""
    return _paper("terms")


@bp.get("/privacy")
@public
def privacy() -> ResponseReturnValue:
    """What is kept about people, what for and how long."""
    return _paper("privacy")


@bp.get("/quickbooks/launch")
@public
def launch() -> Response:
    """Where Intuit's app store sends people who press *Launch*: to Home, which says what is next, by way of the login if need be."""
    return redirect(url_for("home.page"))


def legal_file(settings: Settings, name: str) -> Path:
    """Return the file of this paper: the operator's own where there is one."""
    own = Path(settings.legal_folder or "legal") / f"{name}.md"
    return own if own.is_file() else place("legal") / f"{name}.md"


def as_page(text: str, settings: Settings) -> Markup:
    """Return a paper's Markdown as HTML. Tags in it are shown as letters: who edits a text must not have to know what a script is."""
    nobody, support = "Tieout's operator", settings.support_email
    text = text.replace("[operator]", settings.operator_name or nobody)
    text = text.replace("[support]", f"[{support}](mailto:{support})" if support else nobody)
    return Markup(markdown.markdown(str(escape(text)).replace("&#39;", "'").replace("&#34;", '"')))  # noqa: S704 - Escaped. # nosec B704


def _paper(name: str) -> str:
    settings: Settings = current_app.extensions["settings"]
    text = legal_file(settings, name).read_text("utf-8")
    return render_template("papers/legal.html", title=TITLES[name], text=as_page(text, settings))
