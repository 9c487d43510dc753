"""A company, or a person, is taken out for good, broken off at every step: nothing of them may be left then, and others keep all they had.

After a death a sync that was due comes by, then the tick, then the command again.
"""

import gzip
import inspect
import json
import random
from datetime import timedelta
from pathlib import Path
from typing import Any

from bookkeeping.storage.base import Base, db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.people.audit import broken_entries, record_act
from bookkeeping.storage.people.memberships import add_membership
from bookkeeping.storage.people.notices import Notice
from bookkeeping.storage.people.people import Invitation, User
from bookkeeping.storage.people.sessions import open_session
from tests.simulation import scenarios
from tests.simulation.judging import Wrong, judge
from tests.simulation.life import Life
from tests.simulation.scenarios import Scene
from worker import jobs
from worker.app import settings, worker_app
from worker.clock.erasing import go_on_erasing
from worker.clock.erasing_people import erase_person
from worker.clock.retention import archive_operations
from worker.commands.upkeep.erasing import erase_company

OURS, BOTH, THEIRS = "ann@gone.example", "both@house.example", "theirs@stays.example"
CLIENTS = ("ann1", "ann2", "ann3", "ann4", "luis")
KEPT = {"companies", "audit_entries"}


def company(life: Life) -> Scene:
    """A company with people, books, archives and a sync that is due is erased; another one stays."""
    neighbour = _two_companies(life)
    history: list[dict[str, Any]] = []

    def work() -> None:
        begun = _row(life).erasing_since is not None
        jobs.look_at(life.company_id)
        if not begun:
            scenarios.change(life, life.keys[0], canceled=True)
            life.pass_time(400)
            history[:] = life.history()
            scenarios.queue(life, "sync")
        with worker_app().app_context():
            go_on_erasing()
            db.session.remove()
        if _row(life).erased_at is None:
            with worker_app().app_context():
                inspect.unwrap(erase_company.callback)(life.company_id, _row(life).name, False)
                db.session.remove()
        jobs.look_at(life.company_id)

    def judge_erased(_: Life) -> None:
        _judge_company(life, history)
        judge(neighbour)

    return Scene(work, judge_erased)


def person(life: Life) -> Scene:
    """Somebody who logged in, acted and was mailed is erased, while the company goes on."""
    scenarios.three(life)
    _people(life, OURS, THEIRS)
    scenarios.a_bit_of_everything(life)

    def work() -> None:
        jobs.look_at(life.company_id)
        with worker_app().app_context():
            erase_person(OURS, "command line")
            db.session.remove()

    def judge_forgotten(_: Life) -> None:
        whole = _everything_said()
        _no_trace_in(whole, OURS)
        _must("erased a person" in whole, "no act says that a person was erased")
        _must(THEIRS in whole, "another person is gone")
        judge(life)

    return Scene(work, judge_forgotten)


def _two_companies(life: Life) -> Life:
    """Open both, let their operations be archived, and return the other one's life."""
    scenarios.three(life)
    neighbour = Life(
        life.moment, life.network, life.workers, life.platform, life.intuit, life.redis, life.time_zone
    )
    neighbour.open()
    for number in (11, 12):
        scenarios.book(neighbour, number)
    life.pass_time(400)
    neighbour.work(random.Random(0))
    _people(life, OURS, BOTH)
    _people(neighbour, BOTH, THEIRS)
    with worker_app().app_context():
        archive_operations(Path(settings().archive_folder), utcnow() + timedelta(days=1))
        db.session.remove()
    scenarios.change(life, life.keys[1], canceled=True)
    life.pass_time(400)
    scenarios.queue(life, "sync")
    return neighbour


def _people(life: Life, *emails: str) -> None:
    """Let these own the company, with sessions, acts, invitations and mails of theirs."""
    with life.rows():
        for email in emails:
            row = db.session.query(User).filter_by(email=email).first()
            if row is None:
                row = User(email=email, password_hash="no hash of anything", name="Lee")
                db.session.add(row)
                db.session.flush()
            add_membership(row, life.company_id, "owner")
            open_session(row, "203.0.113.9", "Firefox", life.company_id)
            record_act(life.company_id, email, "changed dates", subject=email, after={"by": email})
            digest, at = f"{life.company_id} {email}", utcnow()
            asked = {"digest": digest, "role": "owner", "created_by": email, "expires_at": at}
            db.session.add(Invitation(company_id=life.company_id, email=email, **asked))
            told = {"kind": "told", "occasion": digest, "subject": "s", "text": f"To {email}"}
            db.session.add(Notice(company_id=life.company_id, address=email, **told))
        db.session.commit()


def _row(life: Life) -> Company:
    with life.rows() as row:
        _must(row is not None, "the company's row is gone")
        return row


def _judge_company(life: Life, history: list[dict[str, Any]]) -> None:
    row = _row(life)
    _must(row.erased_at is not None, "the company is not erased")
    left = {name: count for name, count in _rows_of(life.company_id).items() if name not in KEPT and count}
    _must(not left, f"rows of the erased company are left: {left}")
    _no_trace_in(_everything_said(), OURS, life.realm_id, *(f"{name}@client.example" for name in CLIENTS))
    _must(life.history() == history, "something was written to QuickBooks after the erasure had begun")
    realms = life.intuit.get("/_standin/realms")["realms"]
    granted = next(one["connected_apps"] for one in realms if one["realm_id"] == life.realm_id)
    _must(not granted, "the grant lives")
    with life.rows():
        broken = broken_entries(life.company_id) + broken_entries(None)
    _must(not broken, f"the chain of acts is broken at {broken}")


def _rows_of(company_id: int) -> dict[str, int]:
    """Return how many rows of each table name the company."""
    with worker_app().app_context():
        found = {
            name: db.session.query(table).filter(table.c.company_id == company_id).count()
            for name, table in Base.metadata.tables.items()
            if "company_id" in table.c
        }
        db.session.remove()
    return found


def _everything_said() -> str:
    """Return every row of every table and every line of the archive, as text."""
    with worker_app().app_context():
        rows = [
            list(row) for table in Base.metadata.sorted_tables for row in db.session.execute(table.select())
        ]
        files = sorted(Path(settings().archive_folder).glob("*.gz"))
        db.session.remove()
    return json.dumps(rows, default=str) + "".join(
        gzip.decompress(path.read_bytes()).decode() for path in files
    )


def _no_trace_in(whole: str, *words: str) -> None:
    found = [word for word in words if word.lower() in whole.lower()]
    _must(not found, f"still on record: {found}")


def _must(holds: bool, wrong: str) -> None:
    if not holds:
        raise Wrong(wrong)
