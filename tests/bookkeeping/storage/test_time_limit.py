"""PostgreSQL ends a statement that goes astray, and none that has to be long."""

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from bookkeeping.storage.base import connect_storage, db, without_time_limit


@pytest.fixture
def storage(postgres_url: str):
    """An app context on PostgreSQL."""
    app = Flask("test")
    connect_storage(app, postgres_url)
    with app.app_context():
        yield
        db.session.remove()
        db.engine.dispose()


def _limit() -> str:
    return db.session.scalar(text("SHOW statement_timeout"))


def test_every_connection_has_the_limit_also_after_a_rollback(storage):
    assert _limit() == "5min"
    db.session.rollback()
    assert _limit() == "5min"


def test_migrations_and_copies_have_none(storage):
    without_time_limit(db.session.connection())
    assert _limit() == "0"


def test_a_statement_past_the_limit_is_ended_and_the_next_one_goes_through(storage):
    db.session.execute(text("SET LOCAL statement_timeout = 20"))
    with pytest.raises(OperationalError, match="statement timeout"):
        db.session.execute(text("SELECT pg_sleep(5)"))
    db.session.rollback()
    assert db.session.scalar(text("SELECT 1")) == 1
