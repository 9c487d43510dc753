"""Backup and restore as the runbook says: the copy holds everything, and opens with the keys and with nothing else."""

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet

from bookkeeping.errors import MisconfiguredError
from bookkeeping.settings import Settings
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.vault import vault
from bookkeeping.storage.work.resealing import rotate_keys
from tests.harness.tieout import Tieout
from worker.app import create_worker_app

PG_DUMP = shutil.which("pg_dump")
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@contextmanager
def installation(database_url: str, *keys: str) -> Iterator[None]:
    """An installation on this database, with these keys."""
    with create_worker_app(Settings("s", keys, database_url, "redis://127.0.0.1:9/0")).app_context():
        yield
        db.session.remove()
        db.engine.dispose()


def add_company(database_url: str) -> int:
    """A company with a sealed feed key."""
    with installation(database_url, OLD):
        company = Company(
            name="Blue Ridge", feed_url="http://127.0.0.1:9", feed_key="", time_zone="America/Denver"
        )
        db.session.add(company)
        db.session.flush()
        company.feed_key = vault().seal("feed-key-canary", company.id, "feed_key")
        db.session.commit()
        return company.id


def feed_key(company_id: int) -> str:
    return vault().open(db.session.get(Company, company_id).feed_key, company_id, "feed_key")


def test_sqlite_copy_made_while_it_is_written_opens_with_its_keys_alone(tieout: Tieout, tmp_path: Path):
    url = tieout.environment["DATABASE_URL"]
    company, original, copy = add_company(url), url.removeprefix("sqlite:///"), tmp_path / "copy.db"
    writer = sqlite3.connect(original, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE companies SET name = 'half done'")
    made = tieout.flask_json("backup", copy)
    writer.execute("ROLLBACK")
    writer.close()
    assert made["bytes"] == copy.stat().st_size > 0 and copy.stat().st_mode & 0o077 == 0
    assert b"feed-key-canary" not in copy.read_bytes()
    refused = tieout.run_flask("backup", copy)
    assert refused.code == 1 and refused.err.startswith("Error: ") and "is there already" in refused.err

    for file in (original, f"{original}-wal", f"{original}-shm"):
        Path(file).unlink(missing_ok=True)
    shutil.move(copy, original)
    with (
        installation(url, Fernet.generate_key().decode()),
        pytest.raises(MisconfiguredError, match="old key back"),
    ):
        feed_key(company)
    with installation(url, OLD):
        assert db.session.get(Company, company).name == "Blue Ridge"
        assert feed_key(company) == "feed-key-canary"
    with installation(url, NEW, OLD):
        assert (rotate_keys(), rotate_keys()) == (1, 0)
    with installation(url, NEW):
        assert feed_key(company) == "feed-key-canary"


@pytest.mark.skipif(PG_DUMP is None, reason="pg_dump is not installed here")
def test_postgres_dump_restores_into_an_empty_database(make_tieout, postgres, postgres_url, tmp_path: Path):
    company = add_company(postgres_url)
    refused = make_tieout(postgres_url).run_flask("backup", tmp_path / "copy.db")
    assert refused.code == 1 and "pg_dump" in refused.err
    plain, dump = postgres_url.replace("+psycopg", ""), tmp_path / "tieout.dump"
    with psycopg.connect(plain) as connection:
        server = connection.info.server_version // 10000
    found = subprocess.run([PG_DUMP, "--version"], capture_output=True, text=True, check=True).stdout
    if int(found.split()[2].split(".")[0]) < server:
        pytest.skip("pg_dump is older than the server")
    subprocess.run([PG_DUMP, "--format=custom", "--no-owner", f"--file={dump}", plain], check=True)
    empty = postgres.url(postgres.new_database())
    target = f"--dbname={empty.replace('+psycopg', '')}"
    subprocess.run(["pg_restore", "--no-owner", "--clean", "--if-exists", target, str(dump)], check=True)
    with installation(empty, OLD):
        assert feed_key(company) == "feed-key-canary"
        again = Company(name="Next", feed_url="http://127.0.0.1:9", feed_key="", time_zone="America/Denver")
        db.session.add(again)
        db.session.commit()
        assert again.id > company  # The numbering goes on behind what was restored.
