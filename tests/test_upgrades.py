"""From the last release to this one: its database is taken over with what was under way, both run side by side meanwhile, and back again.

What the release's own code reads and writes is known by its tables: each insert of it names all of its columns, and none of ours. Its
processes themselves, at work beside ours, are `make upgrades`.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, Integer, MetaData, String, Table, delete, func, insert, select

from bookkeeping.storage.base import db
from bookkeeping.storage.work.journal import Call
from tests.functional.office import inspection
from tests.harness import ROOT
from tests.harness.in_process import Desk, Shop, outside_world
from tests.upgrades.releases import NoHistoryError, head_of, last_release

RELEASE = last_release()
LEFT_ALONE = {"alembic_version", "sqlite_sequence"}
Rows = dict[str, list[dict[str, Any]]]


@contextmanager
def opened(tmp_path: Path, database_url: str) -> Iterator[Desk]:
    """A company within this process, on this database."""
    with outside_world(tmp_path) as (platform, intuit, valkey):
        shop = Shop(database_url, valkey.url, platform, intuit)
        yield shop.open()
        with shop.app.app_context():
            db.engine.dispose()


@pytest.fixture
def desk(tmp_path: Path, sqlite_url: str) -> Iterator[Desk]:
    """A company within this process, on a SQLite database of its own."""
    with opened(tmp_path, sqlite_url) as one:
        yield one


@pytest.fixture
def desk_anywhere(tmp_path: Path, database_url: str) -> Iterator[Desk]:
    """The same once on SQLite and once on PostgreSQL."""
    with opened(tmp_path, database_url) as one:
        yield one


@contextmanager
def migrating(desk: Desk) -> Iterator[Config]:
    """The migrations of this repository, for the desk's database."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    with desk.shop.app.app_context():
        db.session.remove()
        yield config
        db.session.remove()
        db.engine.dispose()  # Nothing goes on with what it knew of the other tables.


def back(desk: Desk) -> None:
    """Let the database be the release's."""
    with migrating(desk) as config:
        command.downgrade(config, RELEASE.revision)
        assert MigrationContext.configure(db.session.connection()).get_current_heads() == (RELEASE.revision,)


def forward(desk: Desk) -> None:
    """Take the database over."""
    with migrating(desk) as config:
        command.upgrade(config, "head")


def tables(desk: Desk) -> dict[str, Table]:
    """Return the tables as the database has them, in an order in which rows can be put in."""
    with desk.shop.app.app_context():
        found = MetaData()
        found.reflect(db.engine)
        return {one.name: one for one in found.sorted_tables if one.name not in LEFT_ALONE}


def rows(desk: Desk, of: dict[str, Table]) -> Rows:
    """Return all rows, of the columns that these tables name, as the code that knows them reads them."""
    with desk.shop.app.app_context(), db.engine.connect() as connection:
        return {
            name: sorted((dict(row._mapping) for row in connection.execute(select(table))), key=str)
            for name, table in of.items()
        }


def open_calls(desk: Desk) -> int:
    """Return how many calls were written or sent and not settled."""
    with desk.shop.app.app_context():
        unsettled = select(func.count()).where(Call.state.in_(("written", "unknown")))
        return db.session.scalar(unsettled) or 0


def break_off(desk: Desk) -> list[str]:
    """Book inspections that are in the books, and more of which the answers to what was sent are lost; return all their ids."""
    keys = desk.book(*(inspection(number) for number in range(1, 4)))
    desk.sync_until_quiet()
    keys += desk.book(*(inspection(number) for number in range(4, 7)))
    desk.break_calls({"kind": "cut", "when": "after", "operation": "batch", "times": 9})
    desk.run()
    assert open_calls(desk)
    return keys


def goes_on(desk: Desk, keys: list[str]) -> None:
    """Work as if time had passed: all is booked, each once, and what changes is followed."""
    desk.mend_calls()
    desk.sync_until_quiet()
    desk.change(keys[0], canceled=True)
    desk.change(keys[1], line_items=[{"kind": "service", "name": "Radon", "amount": "650.00"}])
    desk.sync_until_quiet()
    desk.assert_exact(f"after the upgrade from {RELEASE.version}")


def check_that_migrations_only_add(then: dict[str, Table], now: dict[str, Table]) -> None:
    """Fail where the release's code would miss something, or could not leave out what was added since."""
    assert set(then) <= set(now), "no table of the release is gone"
    for name, table in then.items():
        columns = {column.name: column for column in now[name].columns}
        for column in table.columns:
            assert repr(columns[column.name].type) == repr(column.type), f"{name}.{column.name}"
            assert columns[column.name].nullable or not column.nullable, f"{name}.{column.name} must be given"
        for added in set(columns) - {column.name for column in table.columns}:
            without = columns[added].nullable or columns[added].server_default is not None
            assert without, f"the release's inserts do not give {name}.{added}"
        unique = {index.name for index in now[name].indexes if index.unique}
        assert unique <= {index.name for index in table.indexes if index.unique}, f"{name} refuses more"


def test_the_last_release_that_is_upgraded_from_is_the_newest_of_the_changelog():
    newest = re.search(r"^## \[(\d+\.\d+\.\d+)\].*\(`(\w+)`\)$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert newest and newest.groups() == (RELEASE.version, RELEASE.commit)


def test_the_last_releases_tables_are_those_of_its_commit():
    try:
        head = head_of(RELEASE)
    except NoHistoryError as error:
        pytest.skip(str(error))
    assert head == RELEASE.revision


def test_the_releases_database_is_taken_over_with_what_was_under_way(desk_anywhere: Desk):
    desk = desk_anywhere
    keys = break_off(desk)
    back(desk)
    then, known = tables(desk), rows(desk, tables(desk))
    assert known["calls"] and known["documents"]
    forward(desk)
    check_that_migrations_only_add(then, tables(desk))
    assert rows(desk, then) == known, "what the release knew is there, and reads as it did"
    goes_on(desk, keys)
    back(desk)
    assert {name: len(found) for name, found in rows(desk, then).items() if found}


def test_what_the_release_reads_and_writes_is_there_while_both_run(desk: Desk):
    keys = break_off(desk)
    back(desk)
    then, known = tables(desk), rows(desk, tables(desk))
    forward(desk)
    now = tables(desk)
    with desk.shop.app.app_context(), db.engine.begin() as connection:
        for table in reversed(now.values()):
            connection.execute(delete(table))
        for name, table in then.items():
            for row in known[name]:
                connection.execute(insert(table).values(row))
    assert rows(desk, then) == known
    goes_on(desk, keys)


def test_a_migration_that_takes_away_renames_or_demands_is_noticed():
    def tables_of(*columns: Column[Any], name: str = "documents") -> dict[str, Table]:
        return {name: Table(name, MetaData(), Column("id", Integer, primary_key=True), *columns)}

    then = tables_of(Column("total", Integer, nullable=True))
    check_that_migrations_only_add(then, tables_of(Column("total", Integer), Column("more", Integer)))
    for now in (
        tables_of(Column("total", Integer), name="papers"),
        tables_of(Column("sum", Integer)),
        tables_of(Column("total", String(9))),
        tables_of(Column("total", Integer, nullable=False)),
        tables_of(Column("total", Integer), Column("more", Integer, nullable=False)),
        tables_of(Column("total", Integer), Column("more", Integer, unique=True, index=True)),
    ):
        with pytest.raises((AssertionError, KeyError)):
            check_that_migrations_only_add(then, now)
