"""A company, and a person, are taken out for good: nothing of them is left but the audit log under pseudonyms; others and QuickBooks are not touched."""

import gzip
import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bookkeeping.acts import inviting
from bookkeeping.acts.companies import begin_erasing
from bookkeeping.errors import LeaseLostError
from bookkeeping.storage.base import Base, db, utcnow
from bookkeeping.storage.company.callbacks import CallbackEvent
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection, ConsentState
from bookkeeping.storage.company.received import ReceivedEvent
from bookkeeping.storage.people.audit import broken_entries, record_act
from bookkeeping.storage.people.memberships import add_membership, membership_in
from bookkeeping.storage.people.notices import Notice
from bookkeeping.storage.people.people import Invitation, LoginSession, ResetLink, User
from bookkeeping.storage.people.sessions import open_session
from bookkeeping.storage.work.leases import take_lease
from tests.functional.office import inspection
from tests.harness import ROOT
from tests.harness.in_process import Desk, Shop
from worker.app import settings
from worker.clock import erasing
from worker.clock.erasing_people import pseudonym
from worker.clock.forgetting import ARCHIVE_DAYS, KEPT_DAYS, forget_old
from worker.clock.retention import archive_operations
from worker.commands.companies import company
from worker.commands.exporting import tables_of_a_company
from worker.commands.people import user
from worker.commands.register import command
from worker.commands.upkeep.erasing import erase_company, erase_user
from worker.journal.writing import Write, carry_out


def person(email: str, company_id: int | None, role: str = "owner") -> User:
    ops_role = role if company_id is None else ""
    row = User(email=email, ops_role=ops_role, password_hash="no hash of anything", name="Ann Lee")
    db.session.add(row)
    db.session.flush()
    if company_id is not None:
        add_membership(row, company_id, role)
    open_session(row, "203.0.113.9", "Firefox", company_id)
    return row


def rows_of(company_id: int) -> dict[str, int]:
    """Return how many rows of each table are the company's."""
    found = {}
    for table, query in tables_of_a_company():
        count = len(db.session.execute(query, {"company": company_id}).all())
        found |= {table.name: count} if count else {}
    return found


def at_work(desk: Desk, *, archived: bool = False) -> None:
    """Let a company have something everywhere: people, books, history, and files."""
    desk.book(inspection(1), inspection(2))
    desk.run()
    with desk.shop.app.app_context():
        someone = person(f"ann{desk.id}@books.example", desk.id)
        db.session.add(ResetLink(digest=f"d{desk.id}", user_id=someone.id, expires_at=utcnow()))
        record_act(
            desk.id,
            someone.email,
            "changed dates",
            subject="Ann Lee",
            before={"a": "Ann"},
            after={"a": "Bob"},
        )
        db.session.commit()
        if archived:
            archive_operations(Path(settings().archive_folder), utcnow() + timedelta(days=1))


def say(desk: Desk, command, *words: object) -> dict:
    done = desk.shop.app.test_cli_runner().invoke(command, [*map(str, words), "--json"])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return json.loads(done.stdout) | {"code": done.exit_code}


def apps_of(desk: Desk) -> list[str]:
    """Return the apps that have a living grant of the realm."""
    realms = desk.intuit.get("/_standin/realms")["realms"]
    return next(one["connected_apps"] for one in realms if one["realm_id"] == desk.realm_id)


def archived_companies(folder: Path) -> list[int | None]:
    lines = [
        line for path in folder.glob("*.jsonl.gz") for line in gzip.decompress(path.read_bytes()).splitlines()
    ]
    return [json.loads(line)["row"].get("company_id") for line in lines]


def test_nothing_of_an_erased_company_is_left_and_others_keep_all(inside, shop: Shop, tmp_path: Path):
    desk, other = shop.open(), shop.open()
    at_work(desk, archived=True)
    at_work(other, archived=True)
    books, before = desk.intuit.get(f"/_standin/realms/{desk.realm_id}/books"), rows_of(other.id)
    assert apps_of(desk)
    assert {desk.id, other.id} <= set(archived_companies(tmp_path / "archive"))
    assert say(desk, erase_company, desk.id, "--yes", "another name")["error"] == "refused"
    name = db.session.get_one(Company, desk.id).name
    done = say(desk, erase_company, desk.id, "--yes", name)
    assert done["code"] == 0 and done["erased"] and done["revoked"], done
    db.session.rollback()
    db.session.expire_all()
    assert set(rows_of(desk.id)) == {"companies", "audit_entries"}
    assert not set(archived_companies(tmp_path / "archive")) & {desk.id}
    assert rows_of(other.id) == before and other.id in archived_companies(tmp_path / "archive")
    whole = json.dumps(
        [
            list(row)
            for table, query in tables_of_a_company()
            for row in db.session.execute(query, {"company": desk.id})
        ],
        default=str,
    )
    assert "books.example" not in whole and "Ann" not in whole and name not in whole
    assert pseudonym(f"ann{desk.id}@books.example") in whole, "who did the same can still be told from others"
    assert broken_entries(desk.id) == broken_entries(None) == []
    there = desk.intuit.get(f"/_standin/realms/{desk.realm_id}/books")
    assert {**there, "realm": ""} == {**books, "realm": ""}, "QuickBooks keeps what it has"
    assert apps_of(desk) == [], "the grant is revoked"
    assert say(desk, erase_company, desk.id, "--yes", f"Erased company {desk.id}")["error"] == "no-company"
    assert desk.id not in {one["id"] for one in say(desk, company.commands["list"])["companies"]}


def in_the_files(desk: Desk, text: str) -> list[str]:
    """Return the files of the database in which the text stands, read as bytes."""
    kept = Path(desk.shop.environment["DATABASE_URL"].removeprefix("sqlite:///"))
    found = [one for one in kept.parent.glob(f"{kept.name}*") if text.encode() in one.read_bytes()]
    return [one.name for one in found]


def test_not_a_byte_of_its_people_is_left_in_the_database_those_who_left_before_included(inside, desk: Desk):
    """Rows that are deleted stay in a file's free pages, and in its log, unless they are overwritten."""
    stays, left = f"stays{desk.id}@books.example", f"left{desk.id}@books.example"
    client = {"first_name": "Bea", "last_name": f"No{desk.id}x", "email": f"client{desk.id}@home.example"}
    desk.book(inspection(1, buyer=client))
    desk.run()
    person(stays, desk.id)
    gone = person(left, desk.id, "bookkeeper")
    db.session.commit()
    inviting.remove(desk.id, gone.id, stays)
    db.session.commit()
    words = (stays, left, f"No{desk.id}x", f"client{desk.id}@home.example")
    assert all(in_the_files(desk, word) for word in words), "what is stored is found"
    name = db.session.get_one(Company, desk.id).name
    assert say(desk, erase_company, desk.id, "--yes", name)["erased"]
    db.session.rollback()
    assert {word: in_the_files(desk, word) for word in words} == {word: [] for word in words}


def test_who_left_and_came_to_another_company_is_not_erased_with_the_first(inside, desk: Desk, shop):
    other, email = shop.open(), f"moved{desk.id}@books.example"
    person(f"stays{desk.id}@books.example", desk.id)
    moved = person(email, desk.id, "bookkeeper")
    add_membership(moved, other.id, "owner")
    db.session.commit()
    inviting.remove(desk.id, moved.id, "command line")
    db.session.commit()
    name = db.session.get_one(Company, desk.id).name
    assert say(desk, erase_company, desk.id, "--yes", name, "--without-revoking")["erased"]
    db.session.expire_all()
    assert db.session.scalar(select(User).where(User.email == email)).removed_at is None


def test_sqlite_overwrites_what_is_deleted(inside):
    assert db.session.connection().exec_driver_sql("PRAGMA secure_delete").scalar() == 1


def test_what_was_begun_goes_on_with_the_tick(inside, desk: Desk):
    at_work(desk)
    neighbour = person(f"bea{desk.id}@books.example", desk.shop.open().id)
    begin_erasing(desk.id, "command line")
    assert erasing.go_on_erasing() == [], "Intuit was not told yet"
    theirs = LoginSession.user_id == neighbour.id
    assert db.session.scalar(
        select(func.count()).select_from(LoginSession).where(theirs, LoginSession.ended_at.is_(None))
    )
    erasing.revoke_grant(desk.id)
    lease = take_lease(f"company:{desk.id}", "a worker", 60)
    assert erasing.go_on_erasing() == [], "a worker is at it"
    # Half of it is gone, as after a crash.
    table = Base.metadata.tables["operations"]
    next(erasing._batches(table, table.c.company_id == desk.id, lease))
    lease.release()
    assert erasing.go_on_erasing() == [desk.id]
    assert set(rows_of(desk.id)) == {"companies", "audit_entries"}
    assert erasing.go_on_erasing() == []


def test_a_worker_that_is_at_it_sends_nothing_more_once_erasing_has_begun(inside, desk: Desk):
    planned = Write(kind="Customer", action="create", source_key="ann", body={"DisplayName": "Ann Lee"})
    with desk.holding() as work:
        begin_erasing(desk.id, "command line")
        with pytest.raises(LeaseLostError):
            carry_out(work, [planned])
    assert desk.intuit.get(f"/_standin/realms/{desk.realm_id}/books")["Customer"] == []


def test_a_grant_that_cannot_be_revoked_stops_it_until_somebody_says_so(inside, desk: Desk):
    name = db.session.get_one(Company, desk.id).name
    db.session.get_one(Connection, desk.id).tokens = "v1.00000000.nothing"
    db.session.commit()
    assert say(desk, erase_company, desk.id, "--yes", name)["code"] == 1
    db.session.expire_all()
    assert (
        db.session.get_one(Company, desk.id).paused_at and not db.session.get_one(Company, desk.id).erased_at
    )
    done = say(desk, erase_company, desk.id, "--yes", name, "--without-revoking")
    assert done["erased"] and not done["revoked"]


def test_who_belongs_elsewhere_too_keeps_the_login_when_a_company_is_erased(inside, desk: Desk, shop):
    other = shop.open()
    both = person(f"both{desk.id}@books.example", desk.id)
    add_membership(both, other.id, "accountant")
    only = person(f"one{desk.id}@books.example", desk.id)
    db.session.commit()
    ids = both.id, only.id
    name = db.session.get_one(Company, desk.id).name
    assert say(desk, erase_company, desk.id, "--yes", name, "--without-revoking")["code"] == 0
    db.session.expire_all()
    assert db.session.get(User, ids[1]) is None
    assert db.session.get_one(User, ids[0]).removed_at is None
    assert membership_in(desk.id, ids[0]) is None and membership_in(other.id, ids[0]).role == "accountant"


def test_old_personal_data_is_forgotten_and_young_is_kept(inside, desk: Desk):
    someone = person(f"old{desk.id}@books.example", desk.id)
    now = utcnow()
    for days in (1, 40, 100, 400):
        at = now - timedelta(days=days)
        name = f"{desk.id}-{days}"
        db.session.add(LoginSession(digest=name, user_id=someone.id, created_at=at, seen_at=at))
        db.session.add(
            Invitation(
                digest=name,
                company_id=desk.id,
                email="a@b.example",
                role="owner",
                created_by="x",
                created_at=at,
                expires_at=at,
            )
        )
        db.session.add(ResetLink(digest=name, user_id=someone.id, created_at=at, expires_at=at))
        db.session.add(ConsentState(digest=name, company_id=desk.id, session_digest="x", created_at=at))
        called = {"uid": name, "kind": "ping", "made_at": at, "ended_at": at}
        db.session.add(CallbackEvent(company_id=desk.id, **called))
        told = {"event_id": name, "inspection_key": "1", "taken_at": at}
        db.session.add(ReceivedEvent(company_id=desk.id, **told))
        notice = {"kind": "told", "subject": "s", "text": "t", "created_at": at, "sent_at": at}
        db.session.add(Notice(company_id=desk.id, occasion=name, address="a@b.example", **notice))
        db.session.add(Notice(company_id=desk.id, occasion=f"{name}-all", **notice))
    db.session.commit()
    folder = Path(settings().archive_folder)
    folder.mkdir()
    (folder / "old.jsonl.gz").write_bytes(b"")
    gone = forget_old(settings(), now)
    kept = {
        table.__tablename__: db.session.scalar(select(func.count()).select_from(table).where(mine))
        for table, mine in (
            (LoginSession, LoginSession.user_id == someone.id),
            (Invitation, Invitation.company_id == desk.id),
            (ResetLink, ResetLink.user_id == someone.id),
            (ConsentState, ConsentState.company_id == desk.id),
            (Notice, Notice.company_id == desk.id),
            (CallbackEvent, CallbackEvent.company_id == desk.id),
            (ReceivedEvent, ReceivedEvent.company_id == desk.id),
        )
    }
    assert kept == {
        "login_sessions": 3,
        "invitations": 2,
        "reset_links": 1,
        "consent_states": 1,
        "notices": 7,
        "callback_events": 1,
        "received_events": 2,
    }
    assert gone["archives"] == 0
    assert forget_old(settings(), now + timedelta(days=ARCHIVE_DAYS + 1))["archives"] == 1
    assert not (folder / "old.jsonl.gz").exists()


def test_the_privacy_page_says_how_long_each_is_kept():
    text = (ROOT / "docs" / "privacy.md").read_text()
    for kind, days in KEPT_DAYS.items():
        assert f"| {kind} | {days} days |" in text, kind
    assert "seven years" in text
    for table in Base.metadata.tables:
        assert f"`{table}`" in text, f"docs/privacy.md does not say what {table} holds"


def test_erasing_is_among_the_commands():
    assert company.commands["erase"] is erase_company and user.commands["erase"] is erase_user
    assert command("person").commands["erase"] is erase_user
