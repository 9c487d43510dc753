"""A database that is away, locked, cut off or full is told from a mistake in what it was asked, on both databases."""

import sqlite3

import pytest
from psycopg import InterfaceError, OperationalError
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError, PendingRollbackError, SQLAlchemyError, TimeoutError
from sqlalchemy.orm import Session

from bookkeeping.storage.outages import is_outage
from tests.harness.servers import Postgres


def refusal(engine: Engine, statement: str) -> SQLAlchemyError:
    """Return what the database says to this."""
    with engine.connect() as connection, pytest.raises(SQLAlchemyError) as refused:
        connection.execute(text(statement))
    return refused.value


@pytest.fixture
def engine(database_url: str):
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


@pytest.mark.parametrize(
    "statement", ["SELEKT 1", "SELECT no_such FROM companies", "INSERT INTO companies (id) VALUES (1)"]
)
def test_what_was_asked_wrong_is_no_outage(engine: Engine, statement: str):
    assert not is_outage(refusal(engine, statement))


def test_a_locked_or_full_sqlite_is_an_outage(sqlite_url: str):
    engine, other = create_engine(sqlite_url, connect_args={"timeout": 0}), sqlite3.connect(sqlite_url[10:])
    other.execute("BEGIN IMMEDIATE")
    assert is_outage(refusal(engine, "BEGIN IMMEDIATE"))
    other.close()
    with engine.connect() as connection, pytest.raises(SQLAlchemyError) as full:
        connection.execute(text("PRAGMA max_page_count=1"))
        connection.execute(text("CREATE TABLE much AS SELECT zeroblob(9999999) AS much"))
    assert is_outage(full.value)
    engine.dispose()


def test_a_connection_that_was_cut_is_an_outage_and_so_is_what_follows_from_it(
    postgres: Postgres, postgres_url: str
):
    engine = create_engine(postgres_url)
    with Session(engine) as session:
        session.execute(text("SELECT 1"))
        postgres.end_connections(engine.url.database)
        with pytest.raises(PendingRollbackError) as followed:
            try:
                session.execute(text("SELECT 1"))
            finally:
                session.execute(text("SELECT 2"))
    assert is_outage(followed.value) and is_outage(followed.value.__context__)
    engine.dispose()


def test_a_server_that_is_not_there_is_an_outage():
    engine = create_engine("postgresql+psycopg://tieout@127.0.0.1:9/none")
    with pytest.raises(SQLAlchemyError) as away:
        engine.connect()
    assert is_outage(away.value)


class _Said(Exception):
    def __init__(self, sqlstate: str):
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("state", "outage"),
    [("53100", True), ("57P01", True), ("40P01", True), ("08006", True), ("58030", True), ("55P03", True)]
    + [("57014", False), ("42703", False), ("23505", False), ("22012", False)],
)
def test_postgresql_says_by_a_code_which_it_is(state: str, outage: bool):
    assert is_outage(DBAPIError("SELECT 1", {}, _Said(state))) is outage


def test_what_never_reached_the_server_is_an_outage_and_other_errors_are_not():
    assert is_outage(DBAPIError("SELECT 1", {}, OperationalError("cut"))) and is_outage(TimeoutError("pool"))
    assert is_outage(DBAPIError("SELECT 1", {}, InterfaceError("closed")))
    assert not is_outage(ValueError("ours")) and not is_outage(None)
