"""The Flask app of the stand-in, put together."""

from __future__ import annotations

import gzip

from flask import Flask, Response, g, request

from standins.intuit import admin, admin_realms, books, books_acts, looks, oauth, rest
from standins.intuit.world import World


def create_app(world: World) -> Flask:
    """Return the app that shows and changes `world`."""
    app = Flask(__name__)
    app.extensions["world"] = world
    app.json.sort_keys = False
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    for blueprint in (rest.bp, oauth.bp, admin.bp, admin_realms.bp, looks.bp, books.bp, books_acts.bp):
        app.register_blueprint(blueprint)

    @app.before_request
    def begin() -> None:
        g.tid = world.tid()

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers["intuit_tid"] = g.tid
        response.headers["QBO-Version"] = "1975.200"
        if not request.path.startswith("/static/"):
            response.headers["Cache-Control"] = "no-store"
        big = (
            response.status_code == 200
            and not response.direct_passthrough
            and len(response.get_data()) > 1000
        )
        if big and "gzip" in request.headers.get("Accept-Encoding", ""):
            response.set_data(gzip.compress(response.get_data(), 1))
            response.headers["Content-Encoding"] = "gzip"
            response.headers["Vary"] = "Accept-Encoding"
        return response

    return app
