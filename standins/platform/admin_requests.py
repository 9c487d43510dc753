"""What the admin views share: the state, the request's body, and rows as JSON."""

import json
import sqlite3
from typing import Any

from flask import current_app, request

from standins.platform.fields import Refused
from standins.platform.store import Store


def the_store() -> Store:
    """Return the state of the running stand-in."""
    return current_app.config["STORE"]


def json_object() -> dict[str, Any]:
    """Return the body, which must be a JSON object."""
    given = request.get_json()
    if not isinstance(given, dict):
        raise Refused("the body must be a JSON object")
    return given


def opened(row: sqlite3.Row) -> dict[str, Any]:
    """Return a row as an object, with the JSON columns opened."""
    values = dict(row)
    return values | {name: json.loads(values[name]) for name in ("raw", "options") if values.get(name)}
