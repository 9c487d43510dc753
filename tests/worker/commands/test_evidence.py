"""Every command that changes or takes out something leaves an act in the audit log, with who typed it."""

import getpass
from pathlib import Path

import click
import pytest
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import select

from bookkeeping.storage.base import db
from bookkeeping.storage.company.vault import Vault
from bookkeeping.storage.people.audit import AuditEntry
from bookkeeping.storage.work.resealing import rotate_keys
from tests.harness.in_process import Desk, Shop
from worker.app import create_worker_app
from worker.commands.register import register_commands

READ_ONLY = {"audit verify", "backup-key", "backup-open", "doctor", "company list", "status", "user list"}
SEEN_BESIDE_THEIR_OWN_TESTS = {
    *(
        "company create",
        "company change-source",
        "company erase",
        "user erase",
        "person erase",
        "company export",
        "company rebind",
        "company release-realm",
        "company update",
    ),
    *("user create", "user end-sessions", "user invite", "user remove", "user reset-factor"),
    *("user reset-link", "user set-role"),
    *("audit seal", "copy-to", "tieout", "nightly", "reconcile"),
}
"""`tests/worker/commands`, `tests/functional/test_copy_to.py`; the last three run as `poll` below does."""

NOT_ASKED_FOR = {"tick"}


@pytest.fixture
def app(shop: Shop) -> Flask:
    with shop.app.app_context():
        made = create_worker_app(shop.app.extensions["settings"])
    made.cli.add_command(click.Group("db", {"upgrade": click.Command("upgrade", callback=lambda: None)}))
    register_commands(made)
    return made


def names(group: click.Group, before: str = "") -> set[str]:
    """Return every command below a group, as one types it."""
    found = set()
    for name, command in group.commands.items():
        found |= names(command, f"{before}{name} ") if isinstance(command, click.Group) else {before + name}
    return found


def newest_act(company_id: int | None) -> tuple[str, str] | None:
    same = AuditEntry.company_id.is_(None) if company_id is None else AuditEntry.company_id == company_id
    rows = select(AuditEntry.act, AuditEntry.address).where(same, AuditEntry.who == "command line")
    found = db.session.execute(rows.order_by(AuditEntry.id.desc()).limit(1)).first()
    return tuple(found) if found else None


def test_commands_leave_an_act(app: Flask, shop: Shop, desk: Desk, tmp_path: Path):
    receipts = tmp_path / "receipts.csv"
    receipts.write_text("inspection_id,receipt_id,amount\n1042,7,425.00\n")
    tried = {
        "legacy import": ([desk.id, receipts], desk.id, "imported SalesReceipts"),
        "poll": ([desk.id], desk.id, "ran poll"),
        "archive": ([], None, "archived old history"),
        "backup": ([tmp_path / "copy.db"], None, "backed up the database"),
        "backup-seal": ([receipts, tmp_path / "s", "--to", "CQ" + "A" * 41 + "="], None, "sealed a copy"),
        "rotate-keys": ([], None, "rotated the keys"),
    }
    all_of_them = {name for name in names(app.cli) if not name.startswith("db ")}
    known = READ_ONLY | SEEN_BESIDE_THEIR_OWN_TESTS | NOT_ASKED_FOR | set(tried)
    assert all_of_them - {"run", "shell", "routes"} == known, "a new command says here where its act is seen"
    with app.app_context():
        app.extensions["vault"] = Vault((Fernet.generate_key().decode(), *_keys(app)))
        for name, (words, company_id, act) in tried.items():
            command = [*name.split(), *map(str, words)]
            done = app.test_cli_runner().invoke(args=command)
            assert done.exit_code == 0, (name, done.output)
            said, address = newest_act(company_id) or ("", "")
            assert said == act and address.startswith(f"{getpass.getuser()}@"), name
            db.session.rollback()
        # The others' secrets back under the key that they know.
        newest = app.extensions["vault"]
        newest.newest = Vault(_keys(app)).newest
        rotate_keys()


def _keys(app: Flask) -> tuple[str, ...]:
    return app.extensions["settings"].token_keys
