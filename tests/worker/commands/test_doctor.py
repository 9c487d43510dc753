"""`flask doctor`: every line, when all is well and when it is not."""

import json
import re
import socket
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography.fernet import Fernet
from flask import Flask

from bookkeeping.queueing import Bell
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.callbacks import Callback
from bookkeeping.storage.company.vault import Vault
from bookkeeping.storage.people.factors import Factor
from bookkeeping.storage.people.notices import Notice
from bookkeeping.storage.people.people import User
from bookkeeping.storage.work.resealing import SEALED, sealed_under_older_keys
from bookkeeping.storage.work.runs import Heartbeat
from tests.harness import ROOT
from tests.harness.in_process import Desk, Shop
from worker.app import create_worker_app
from worker.commands.upkeep.diagnoses import BAD, DIAGNOSES, LOOK, OK
from worker.commands.upkeep.doctor import doctor


@pytest.fixture
def app(shop: Shop, desk: Desk, tmp_path: Path):
    """An installation whose settings a test may change; the tick has just been seen."""
    with shop.app.app_context():
        values = shop.app.extensions["settings"]
    values = replace(
        values, audit_heads_file=str(tmp_path / "heads.jsonl"), archive_folder=str(tmp_path / "archive")
    )
    made = create_worker_app(values)
    with made.app_context():
        db.session.merge(Heartbeat(name="tick", seen_at=utcnow()))
        db.session.commit()
    return made


def found(app: Flask, what: str, **changes) -> tuple[str, str]:
    app.extensions["settings"] = replace(app.extensions["settings"], **changes)
    with app.app_context():
        try:
            return DIAGNOSES[what]()
        finally:
            db.session.rollback()


def test_every_line_is_said_and_the_worst_decides_how_it_ends(app):
    with app.app_context():
        done = app.test_cli_runner().invoke(doctor, ["--json"])
    said = json.loads(done.stdout)
    assert [one["what"] for one in said["found"]] == list(DIAGNOSES)
    how = {one["what"]: one["is"] for one in said["found"]}
    assert how["workers"] == BAD and done.exit_code == 1 and said["well"] is False  # No worker lives here.
    assert {how[one] for one in ("database", "migrations", "clock", "tick", "hops")} == {OK}
    with app.app_context():
        lines = app.test_cli_runner().invoke(doctor).output.splitlines()
    assert len(lines) == len(DIAGNOSES) and any(line.startswith("bad   workers") for line in lines)


def test_an_installation_without_its_queue_or_tables_says_so(app, tmp_path):
    app.extensions["bell"] = Bell("redis://127.0.0.1:9/0")
    assert found(app, "workers")[0] == BAD and found(app, "clock")[0] == OK
    empty = create_worker_app(
        replace(app.extensions["settings"], database_url=f"sqlite:///{tmp_path / 'empty.db'}")
    )
    assert found(empty, "migrations")[0] == BAD and "db upgrade" in found(empty, "migrations")[1]
    with empty.app_context():
        done = empty.test_cli_runner().invoke(doctor, ["--json"])
    tick = next(one for one in json.loads(done.stdout)["found"] if one["what"] == "tick")
    assert tick["is"] == BAD and tick["said"].startswith("Could not be asked")


def test_the_tick_that_was_not_seen_for_long_is_bad(app):
    assert found(app, "tick")[0] == OK
    with app.app_context():
        db.session.get_one(Heartbeat, "tick").seen_at = utcnow() - timedelta(minutes=4)
        db.session.commit()
    assert found(app, "tick")[0] == BAD


@pytest.mark.parametrize(
    ("changes", "tls", "hops"),
    [
        ({}, LOOK, OK),
        ({"intuit_environment": "production"}, BAD, OK),
        ({"public_url": "https://127.0.0.1:9", "proxy_hops": 0}, BAD, BAD),
        ({"public_url": "https://127.0.0.1:9", "proxy_hops": 1}, BAD, OK),
    ],
)
def test_encryption_and_hops_are_judged_by_the_address(app, changes, tls, hops):
    assert found(app, "tls", **changes)[0] == tls
    assert found(app, "hops")[0] == hops


def test_what_answers_without_a_trusted_certificate_is_bad(app):
    listening = socket.create_server(("127.0.0.1", 0))

    def close() -> None:
        listening.accept()[0].close()

    thread = threading.Thread(target=close)
    thread.start()
    address = f"https://127.0.0.1:{listening.getsockname()[1]}"
    assert found(app, "tls", public_url=address)[0] == BAD
    thread.join()
    listening.close()


def test_keys_that_are_old_or_still_needed_are_said(app, shop):
    new = Fernet.generate_key().decode()
    kept = app.extensions["settings"].token_keys
    app.extensions["vault"] = Vault((new, *kept))
    assert found(app, "keys")[0] == LOOK and "rotate-keys" in found(app, "keys")[1]
    app.extensions["vault"] = Vault(kept)
    assert "take them away" in found(app, "keys", token_keys=(*kept, new))[1]


@pytest.mark.parametrize("column", SEALED, ids=str)
def test_a_key_is_needed_as_long_as_one_secret_of_any_kind_is_sealed_under_it(app, desk, column):
    """A process that learns of the newest key too late seals under the one before: taken away, that secret would be lost."""
    of = {"company_id": desk.id}
    with app.app_context():
        person = User(email=f"{column.key}@office.example", password_hash="none")
        db.session.add(person)
        db.session.flush()
        made = {
            Callback: Callback(**of, url="https://platform.example", secret="", made_by="ann"),
            Notice: Notice(**of, kind="invitation", occasion="a", subject="", text=""),
            Factor: Factor(user_id=person.id, kind="app"),
        }.get(column.class_) or db.session.get_one(column.class_, desk.id)
        before = sealed_under_older_keys()
        setattr(made, column.key, "v1.00000000.sealed")
        db.session.add(made)
        db.session.flush()
        assert sealed_under_older_keys() == before + 1
        assert "rotate-keys" in DIAGNOSES["keys"]()[1]
        db.session.rollback()


def test_whatever_is_sealed_is_among_the_columns_that_are_looked_at():
    sources = [path.read_text() for room in ("bookkeeping", "webapp") for path in (ROOT / room).rglob("*.py")]
    sealed = {name for text in sources for name in re.findall(r'\.seal\([^\n]*"(\w+)"\)', text)}
    assert len(sealed) > 5 and sealed <= {one.key for one in SEALED}


def test_files_that_others_may_read_are_named(app, tmp_path):
    heads = tmp_path / "heads.jsonl"
    heads.write_text("")
    tmp_path.chmod(0o755)
    heads.chmod(0o644)
    how, said = found(app, "files")
    assert how == BAD and str(heads) in said
    heads.chmod(0o600)
    assert str(heads) not in found(app, "files")[1]


def test_mail_is_looked_at_without_sending(app, mail_server):
    assert found(app, "mail")[0] == LOOK
    assert found(app, "mail", smtp_url="smtp://127.0.0.1:9")[0] == BAD
    assert found(app, "mail", smtp_url=mail_server.url())[0] in (OK, LOOK)
    assert mail_server.mails == []


def test_a_clock_that_is_off_is_said_by_name(app):
    off = SimpleNamespace(redis=SimpleNamespace(time=lambda: (int(utcnow().timestamp()) - 90, 0)))
    app.extensions["bell"] = off
    how, said = found(app, "clock")
    assert how == BAD and "Valkey" in said


def test_the_audit_log_is_held_against_its_heads(app):
    assert found(app, "audit")[0] == LOOK
    Path(app.extensions["settings"].audit_heads_file).write_text("{}\n")
    assert found(app, "audit")[0] == BAD


def test_every_diagnosis_is_told_of():
    text = (ROOT / "docs" / "ops" / "runbook.md").read_text()
    assert "flask --app wsgi doctor" in text
