"""Moving from SQLite to PostgreSQL as the runbook says: every row arrives or none, and syncing goes on without a double."""

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from cryptography.fernet import Fernet
from sqlalchemy import delete
from sqlalchemy.exc import DBAPIError

from bookkeeping.settings import Settings
from bookkeeping.storage.base import db, reading, writing
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.copying import keep_writers_out
from bookkeeping.storage.people.audit import AuditEntry, broken_entries, every_act, record_act
from bookkeeping.storage.work.leases import take_lease
from tests.functional.office import Office, inspection
from worker.app import create_worker_app
from worker.commands.copy_to import copy_to

KEY = Fernet.generate_key().decode()
ALTERING = """
CREATE FUNCTION alter_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := lower(NEW.name); RETURN NEW; END $$;
CREATE TRIGGER altering BEFORE INSERT ON companies FOR EACH ROW EXECUTE FUNCTION alter_it()
"""

ALTERING_ENTRIES = (
    ALTERING.replace("companies", "audit_entries").replace("NEW.name", "NEW.who").replace("lower", "upper")
)


def plain(url: str) -> str:
    return url.replace("+psycopg", "")


def ask(url: str, statement: str) -> list[tuple]:
    """Ask either database with its own driver, past our code."""
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            return connection.execute(statement).fetchall()
    with psycopg.connect(plain(url)) as connection:
        return connection.execute(statement).fetchall()


def ids(books: dict[str, list[dict[str, Any]]], entity: str) -> set[str]:
    return {one["Id"] for one in books[entity]}


class Installation:
    """An installation in this process; its queue is out of reach if no other is named."""

    def __init__(self, url: str, redis_url: str = "redis://127.0.0.1:9/0"):
        self.url = url
        self.app = create_worker_app(Settings("s", (KEY,), url, redis_url))

    def __enter__(self) -> "Installation":
        self.context = self.app.app_context()
        self.context.push()
        return self

    def __exit__(self, *_: Any) -> None:
        db.session.remove()
        db.engine.dispose()
        self.context.pop()

    def add_company(self, **values: Any) -> int:
        """Add a company with an act in its log."""
        company = Company(
            **{
                "name": "Blue Ridge",
                "feed_url": "http://x",
                "feed_key": "k",
                "time_zone": "America/Denver",
                **values,
            }
        )
        db.session.add(company)
        db.session.flush()
        self.act(company.id)
        return company.id

    def act(self, company_id: int) -> None:
        """Add an entry to a company's log."""
        record_act(company_id, "ops", "looked", before=None, after={"ratio": 0.1, "to": ["é", None, True]})
        db.session.commit()

    def copy_to(self, url: str) -> dict[str, Any]:
        """Run the command; return its JSON with the exit code."""
        ended = CliRunner().invoke(copy_to, [url, "--json"])
        db.session.rollback()
        return {"code": ended.exit_code, **json.loads(ended.output)}


@pytest.fixture
def source(sqlite_url: str):
    with Installation(sqlite_url) as made:
        yield made


def test_syncing_goes_on_in_postgresql(tieout, platform, intuit, postgres_url):
    office, old = Office(tieout, platform, intuit), tieout.environment["DATABASE_URL"]
    web = tieout.web()
    office.open().connect()
    unpaid, *_ = office.book(inspection(1, payments=[]), inspection(2), inspection(3))
    office.sync()
    before = office.books()
    assert (len(before["Invoice"]), len(before["Payment"])) == (3, 2)
    worker = tieout.worker()
    with Installation(old, tieout.environment["REDIS_URL"]) as busy:
        assert busy.copy_to(postgres_url)["message"].startswith("Somebody is at work (worker ")
    worker.stop()
    web.stop()

    told = tieout.flask_json("copy-to", plain(postgres_url))
    assert told["rows"] == sum(told["tables"].values()) and told["audit"]["broken"] == []
    assert told["tables"]["operations"] >= 5 and told["audit"]["entries"] > 0
    for table, rows in told["tables"].items():
        count = f"SELECT count(*) FROM {table}"
        assert ask(old, count) == ask(postgres_url, count) == [(rows,)]
    money = "SELECT id, key, total, content_hash, state FROM inspections ORDER BY id"
    assert ask(old, money) == ask(postgres_url, money)
    last = "SELECT max(id) FROM operations"
    assert ask(old, last) == ask(postgres_url, last)

    tieout.environment["DATABASE_URL"] = postgres_url
    office.change(unpaid, payments=inspection(1)["payments"])
    office.sync()
    after = office.books()
    assert len(after["Payment"]) == 3
    assert ids(before, "Payment") < ids(after, "Payment")
    assert ids(before, "Invoice") == ids(after, "Invoice")
    assert ask(postgres_url, last) > ask(old, last)
    with Installation(postgres_url) as moved:
        moved.act(office.id)
        assert broken_entries(office.id) == []
        assert len(list(every_act(office.id))) == told["audit"]["entries"] + 1
        with pytest.raises(DBAPIError, match="append-only"):
            db.session.execute(delete(AuditEntry))


def test_what_arrives_otherwise_is_not_kept(source, postgres_url):
    source.add_company()
    with psycopg.connect(plain(postgres_url)) as connection:
        connection.execute(ALTERING)
    told = source.copy_to(postgres_url)
    assert told["code"] == 1 and "Rows of companies differ" in told["message"]
    assert ask(postgres_url, "SELECT count(*) FROM companies") == [(0,)]
    with psycopg.connect(plain(postgres_url)) as connection:
        connection.execute("DROP TRIGGER altering ON companies")
    too_long = source.add_company(time_zone="x" * 300)
    told = source.copy_to(postgres_url)
    assert told["code"] == 1 and told["message"].startswith("Table companies: value too long")
    assert ask(postgres_url, "SELECT count(*) FROM companies") == [(0,)]
    db.session.get(Company, too_long).time_zone = "America/Denver"
    db.session.commit()
    told = source.copy_to(postgres_url)
    assert (told["code"], told["tables"]["companies"]) == (0, 2)


def test_a_target_that_does_not_fit_is_refused(source, postgres, postgres_url):
    source.add_company()
    told = source.copy_to(postgres.url(postgres.new_database()))
    assert told["code"] == 1 and "migration none" in told["message"]
    told = source.copy_to(source.url)
    assert told["code"] == 1 and "name another one" in told["message"]
    assert source.copy_to(postgres_url)["code"] == 0
    told = source.copy_to(postgres_url)
    assert told["code"] == 1 and "not empty (companies, audit_entries)" in told["message"]
    with psycopg.connect(plain(postgres_url)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    told = source.copy_to(postgres_url)
    assert told["code"] == 1 and "migration 0001" in told["message"]


def test_broken_off_it_goes_on_where_it_stood(source, postgres_url):
    source.add_company()
    with psycopg.connect(plain(postgres_url)) as connection:
        connection.execute(ALTERING_ENTRIES)
    told = source.copy_to(postgres_url)
    assert told["code"] == 1 and "Rows of audit_entries differ" in told["message"]
    assert ask(postgres_url, "SELECT count(*) FROM companies") == [(1,)]
    [(stands,)] = ask(postgres_url, "SELECT version_num FROM alembic_version")
    assert stands.startswith("copying ")
    with psycopg.connect(plain(postgres_url)) as connection:
        connection.execute("DROP TRIGGER altering ON audit_entries")
    entries = ask(source.url, "SELECT count(*) FROM audit_entries")
    assert source.copy_to(postgres_url)["code"] == 0
    assert ask(postgres_url, "SELECT count(*) FROM audit_entries") == entries
    assert ask(postgres_url, "SELECT version_num FROM alembic_version") == [
        (stands.removeprefix("copying "),)
    ]


def test_what_changed_since_it_was_broken_off_is_refused(source, postgres_url):
    source.add_company()
    with psycopg.connect(plain(postgres_url)) as connection:
        connection.execute(ALTERING_ENTRIES)
    assert source.copy_to(postgres_url)["code"] == 1
    source.add_company()
    told = source.copy_to(postgres_url)
    assert told["code"] == 1 and "Rows of companies in the target are others than here" in told["message"]
    with psycopg.connect(plain(postgres_url)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'copying 0001'")
    told = source.copy_to(postgres_url)
    assert told["code"] == 1 and "began at migration 0001" in told["message"]


def test_a_held_lease_is_refused(source, postgres_url):
    source.add_company()
    lease = take_lease("company:1", "me", 90)
    told = source.copy_to(postgres_url)
    assert told["code"] == 1 and "lease company:1" in told["message"]
    lease.release()
    assert source.copy_to(postgres_url)["code"] == 0


@pytest.mark.parametrize("began_as", [writing, reading])
def test_nobody_writes_to_what_is_being_copied(database_url, began_as):
    change = "UPDATE companies SET name = 'late'"
    with Installation(database_url) as source:
        source.add_company()
        if database_url.startswith("sqlite"):
            rival = sqlite3.connect(database_url.removeprefix("sqlite:///"), timeout=0)
        else:
            rival = psycopg.connect(plain(database_url), options="-c lock_timeout=100")
        with began_as(), db.engine.connect() as copied:
            keep_writers_out(copied)
            assert ask(database_url, "SELECT name FROM companies") == [("Blue Ridge",)]
            with pytest.raises((sqlite3.OperationalError, psycopg.errors.LockNotAvailable), match="lock"):
                rival.execute(change)
        rival.rollback()
        assert rival.execute(change).rowcount == 1
        rival.close()


def test_it_goes_back_to_sqlite_with_a_broken_log_said(postgres_url, migrated_sqlite: Path, tmp_path: Path):
    back = tmp_path / "back.db"
    shutil.copy(migrated_sqlite, back)
    with psycopg.connect(plain(postgres_url)) as connection:
        connection.execute("ALTER TABLE audit_entries DISABLE TRIGGER USER")
    with Installation(postgres_url) as source:
        company = source.add_company()
        with psycopg.connect(plain(postgres_url)) as connection:
            connection.execute("UPDATE audit_entries SET who = 'somebody else'")
        told = source.copy_to(f"sqlite:///{back}")
    assert told["code"] == 1 and len(told["audit"]["broken"]) == 1
    with Installation(f"sqlite:///{back}") as arrived:
        assert db.session.get(Company, company).name == "Blue Ridge"
        assert arrived.add_company() > company
