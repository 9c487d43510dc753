"""For whatever watches the process: is it up, can it reach the database and the queue."""

from collections.abc import Callable

from flask import Blueprint, current_app
from flask.typing import ResponseReturnValue
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from bookkeeping.storage.base import db
from tieout_files import VERSION
from webapp.access.roles import public

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@public
def process() -> ResponseReturnValue:
    """The process answers; nothing else is looked at."""
    return {"process": "ok", "version": VERSION}


@bp.get("/readyz")
@public
def ready() -> ResponseReturnValue:
    """The database and the queue answer; 503 says which does not."""
    parts = {
        "database": _answers(_ask_database),
        "queue": _answers(current_app.extensions["bell"].redis.ping),
    }
    return parts, 200 if set(parts.values()) == {"ok"} else 503


def _ask_database() -> None:
    db.session.execute(text("SELECT 1"))


def _answers(ask: Callable[[], object]) -> str:
    try:
        ask()
    except (SQLAlchemyError, RedisError) as error:
        return type(error).__name__
    return "ok"
