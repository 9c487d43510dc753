"""How SQLite is set up: what a commit promises, and who waits for whom. Two connections to one file; nothing waits for real."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from bookkeeping.storage.base import connect_storage, db, reading


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Path]:
    """A SQLite file with one table and one row, bound to an app whose context is entered."""
    path, app = tmp_path / "tieout.db", Flask(__name__)
    connect_storage(app, f"sqlite:///{path}")
    with app.app_context():
        db.session.execute(text("CREATE TABLE notes (said TEXT)"))
        db.session.execute(text("INSERT INTO notes VALUES ('before')"))
        db.session.commit()
        yield path
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def rival(database: Path) -> Iterator[sqlite3.Connection]:
    """Somebody else at the same file, who waits for nobody."""
    connection = sqlite3.connect(database, timeout=0, isolation_level=None)
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("busy_timeout", 15000), ("foreign_keys", 1)],
)
def test_every_connection_syncs_fully_and_waits_its_turn(database, pragma, value):
    with db.engine.connect() as one, db.engine.connect() as other:
        found = [each.connection.execute(f"PRAGMA {pragma}").fetchone()[0] for each in (one, other)]
    assert found == [value, value]


def test_a_writer_takes_its_place_when_it_begins(database, rival):
    db.session.execute(text("SELECT said FROM notes"))
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        rival.execute("BEGIN IMMEDIATE")
    db.session.execute(text("UPDATE notes SET said = 'ours'"))
    db.session.commit()
    assert rival.execute("SELECT said FROM notes").fetchall() == [("ours",)]


def test_a_reader_does_not_wait_for_a_writer(database, rival):
    rival.execute("BEGIN IMMEDIATE")
    rival.execute("UPDATE notes SET said = 'theirs'")
    with reading():
        assert db.session.scalar(text("SELECT said FROM notes")) == "before"
        rival.execute("COMMIT")
        assert db.session.scalar(text("SELECT said FROM notes")) == "before", "a page is of one moment"
        db.session.rollback()
    assert db.session.scalar(text("SELECT said FROM notes")) == "theirs"
