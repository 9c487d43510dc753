"""A person is taken out for good: what they did stays, under a pseudonym, in rows, sentences and files alike."""

import gzip
import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bookkeeping.acts.telling import tell_owners
from bookkeeping.storage.base import Base, db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.people.audit import AuditEntry, broken_entries, record_act
from bookkeeping.storage.people.list_views import keep_view
from bookkeeping.storage.people.people import Invitation, LoginSession, User
from bookkeeping.storage.records.documents import CustomerLink
from bookkeeping.storage.work.runs import Run, queue_run
from bookkeeping.storage.work.undos import remember
from tests.harness.in_process import Desk
from tests.worker.clock.test_erasing import person, say
from worker.app import settings
from worker.clock.erasing_people import BEGUN, ENDED, erase_person, pseudonym
from worker.clock.retention import archive_runs
from worker.commands.upkeep.erasing import erase_user


def naming(text: str) -> set[str]:
    """Return every table in which this text stands, whatever the column."""
    tables = Base.metadata.sorted_tables
    return {
        one.name
        for one in tables
        if any(text in json.dumps(list(row), default=str).lower() for row in db.session.execute(select(one)))
    }


def test_no_sentence_view_or_archive_names_an_erased_person(inside, desk: Desk):
    """What somebody did is also told in sentences that are kept, and stands in files once it is old."""
    email = f"dee_{desk.id}@books.example"
    person(f"first{desk.id}@books.example", desk.id)
    person(email, desk.id)
    keep_view(desk.id, "inspections", email, "Mine", "state=waiting", shared=False)
    remember(desk.id, email, "keep", holds=False, drifts=[])
    because = f"{email} chose this Customer."
    db.session.add(CustomerLink(company_id=desk.id, client_key="c1", because=because, settled_by=email))
    tell_owners(desk.id, f"{email} joined", f"{email.title()} took up the invitation.")
    long_ago = utcnow() - timedelta(days=9)
    asked = {"kind": "sync", "asked_by": email, "state": "done", "finished_at": long_ago}
    db.session.add(Run(company_id=desk.id, parameters={}, **asked))
    db.session.commit()
    folder = Path(settings().archive_folder)
    assert archive_runs(folder, utcnow(), idle_before=utcnow())
    queue_run(desk.id, "sync", "by a person", email)
    db.session.commit()
    assert {"list_views", "undos", "customer_links", "notices", "runs"} <= naming(email)
    done = say(desk, erase_user, email)
    assert done["code"] == 0 and done["lines of archives"] == 1, done
    db.session.expire_all()
    assert naming(email) == set()
    archived = "".join(gzip.decompress(one.read_bytes()).decode() for one in folder.glob("*.gz"))
    assert email not in archived and pseudonym(email) in archived
    assert broken_entries(desk.id) == []


def test_an_erased_person_is_a_pseudonym_everywhere(inside, desk: Desk):
    email = f"Bea{desk.id}@books.example"
    person(f"first{desk.id}@books.example", desk.id)
    gone = person(email.lower(), desk.id)
    db.session.get_one(Company, desk.id).paused_by = email.lower()
    db.session.add(
        Invitation(
            digest=f"i{desk.id}",
            company_id=desk.id,
            email=email,
            role="owner",
            created_by="x",
            expires_at=utcnow(),
        )
    )
    record_act(
        desk.id,
        "first@x.example",
        "invited a person",
        subject=email.lower(),
        after={"email": email.lower(), "role": "owner"},
    )
    record_act(desk.id, email.lower(), "paused syncing", address="203.0.113.9")
    db.session.commit()
    user_id = gone.id
    done = say(desk, erase_user, email)
    assert done["code"] == 0 and done["entries"] == 2 and done["logins"] == 2, done
    db.session.expire_all()
    assert db.session.scalars(select(LoginSession).where(LoginSession.user_id == user_id)).all() == []
    row = db.session.get_one(User, user_id)
    assert row.removed_at and row.name == "" and "books.example" not in row.email
    assert db.session.get_one(Company, desk.id).paused_by == pseudonym(email)
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.company_id == desk.id)).all()
    said = json.dumps([[one.who, one.address, one.subject, one.before, one.after] for one in entries])
    assert email.lower() not in said and pseudonym(email) in said and '"role": "owner"' in said
    assert broken_entries(desk.id) == broken_entries(None) == []
    assert say(desk, erase_user, email)["error"] == "no-such-person"


def test_a_person_whose_erasing_was_broken_off_at_the_very_end_is_said_to_be_erased(inside, desk: Desk):
    email = f"cal{desk.id}@books.example"
    record_act(None, "command line", BEGUN, subject=pseudonym(email))
    db.session.commit()  # Died right before the last commit: nothing of the person is left to find.
    assert say(desk, erase_user, email)["begun before"] == 1
    acts = select(AuditEntry.act).where(AuditEntry.subject == pseudonym(email)).order_by(AuditEntry.id)
    assert db.session.scalars(acts).all() == [BEGUN, ENDED]
    assert say(desk, erase_user, email)["error"] == "no-such-person"


def test_the_last_owner_is_not_erased(inside, desk: Desk):
    person(f"only{desk.id}@books.example", desk.id)
    db.session.commit()
    assert "last owner" in say(desk, erase_user, f"only{desk.id}@books.example")["message"]
    with pytest.raises(ValueError, match="last owner"):
        erase_person(f"only{desk.id}@books.example", "command line")
