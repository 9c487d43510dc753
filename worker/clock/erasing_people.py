"""Taking a person who logged in out of what is on record. What they did stays, under a pseudonym, so that the audit log and the books stay whole."""

import json
from pathlib import Path
from typing import Any

from sqlalchemy import String, Text, delete, func, or_, select, update

from bookkeeping.storage.base import Base, db, rows_changed, utcnow, write_back
from bookkeeping.storage.company.vault import vault
from bookkeeping.storage.people.audit import AuditEntry, amend, record_act
from bookkeeping.storage.people.factors import Factor, RecoveryCode
from bookkeeping.storage.people.memberships import Membership, members_of, memberships_of
from bookkeeping.storage.people.notices import Notice
from bookkeeping.storage.people.people import Invitation, LoginSession, ResetLink, ResetRequest, User
from bookkeeping.storage.records.documents import CustomerLink
from worker.app import settings
from worker.clock.retention import change_in_files

BATCH = 500
NOBODY = "erased.invalid"
BEGUN, ENDED = "began to erase a person", "erased a person"


def pseudonym(email: str) -> str:
    """Return what stands for a person on record: the same for all that one person did, and nobody can tell who it was."""
    return f"person {vault().digests(email.strip().lower())[0][:10]}"


def erase_person(email: str, who: str) -> dict[str, int]:
    """Erase the login, sessions, invitations, links and mails of this address, and put a pseudonym wherever it says who did something.

    Works in transactions of bounded size and may be repeated: what was done already is not found again. Return what was found.

    Raises:
        ValueError: it is the last owner of a company, which nobody could manage then.
    """
    email = email.strip().lower()
    _refuse_last_owner(email)
    name = pseudonym(email)
    broken_off = _broken_off(name)
    found = {
        "logins": _erase_login(email, name, who),
        "entries": _amend_entries(email, name),
        "fields": _replace(email, name) + _reword(email, name),
        "lines of archives": _rename_in_files(email, name),
    }
    found |= {"begun before": 1} if broken_off else {}
    if any(found.values()):
        record_act(None, who, ENDED, subject=name, after=found)
        write_back()
    return found


def _broken_off(name: str) -> bool:
    """Whether it was begun to erase this person, and did not come to its end since."""
    acts = select(AuditEntry.act).where(
        AuditEntry.company_id.is_(None), AuditEntry.subject == name, AuditEntry.act.in_((BEGUN, ENDED))
    )
    return db.session.scalar(acts.order_by(AuditEntry.id.desc()).limit(1)) == BEGUN


def _refuse_last_owner(email: str) -> None:
    person = db.session.scalar(select(User).where(User.email == email, User.removed_at.is_(None)))
    for place in memberships_of(person.id) if person is not None else ():
        owners = {one.user_id for one in members_of(place.company_id) if one.role == "owner"}
        if owners == {place.user_id}:
            raise ValueError(
                f"{email} is the last owner of company {place.company_id}: invite another owner first, or erase the company."
            )


def _erase_login(email: str, name: str, who: str) -> int:
    """Take the login and all that hangs on it. What is begun is an act by itself: after a crash at the very end nothing is left to find."""
    person = db.session.scalar(select(User).where(User.email == email))
    gone = 0
    for table in (Invitation, ResetRequest):
        gone += rows_changed(delete(table).where(func.lower(table.email) == email))
    gone += rows_changed(delete(Notice).where(func.lower(Notice.address) == email))
    if person is not None:
        for theirs in (LoginSession, ResetLink, Factor, RecoveryCode, Membership):
            db.session.execute(delete(theirs).where(theirs.user_id == person.id))
        person.email, person.name = f"{name.replace(' ', '-')}@{NOBODY}", ""
        person.password_hash, person.removed_at = "no password: erased", person.removed_at or utcnow()
        gone += 1
    if gone:
        record_act(None, who, BEGUN, subject=name)
    db.session.commit()
    return gone


def _amend_entries(email: str, name: str) -> int:
    """Put the pseudonym into the audit log, a batch a transaction; the address that the person came from goes, too."""
    count, last = 0, 0
    while True:
        rows = select(AuditEntry).where(AuditEntry.id > last).order_by(AuditEntry.id).limit(BATCH)
        entries = db.session.scalars(rows).all()
        if not entries:
            return count
        for entry in entries:
            last = entry.id
            words = {
                part: _without(getattr(entry, part), email, name)
                for part in ("who", "subject", "before", "after")
            }
            mine = entry.who.lower() == email
            if any(words[part] != getattr(entry, part) for part in words):
                amend(entry, **words, **({"address": ""} if mine else {}))
                count += 1
        db.session.commit()
        db.session.expunge_all()


def _without(value: Any, email: str, name: str) -> Any:
    """Return a text, or a structure of texts, with the address replaced."""
    text = json.dumps(value, ensure_ascii=False)
    at = text.lower().find(email)
    while at >= 0:
        text = text[:at] + name + text[at + len(email) :]
        at = text.lower().find(email)
    return json.loads(text)


def _says_who(column: str) -> bool:
    """Return whether a column of this name says by whom something was done, or whose it is."""
    return column.endswith("_by") or column in ("assignee", "who")


def _rename_in_files(email: str, name: str) -> int:
    """Put the pseudonym into the archives."""

    def renamed(_file: str, _table: str, row: dict[str, Any]) -> dict[str, Any]:
        theirs = {what for what, value in row.items() if _says_who(what) and str(value).lower() == email}
        return row | dict.fromkeys(theirs, name)

    return change_in_files(Path(settings().archive_folder), renamed)


def _reword(email: str, name: str) -> int:
    """Put the pseudonym into the sentences that were made with the address, and are kept."""
    changed = 0
    for column in (CustomerLink.because, Notice.subject, Notice.text):
        table = column.class_
        for row in db.session.scalars(select(table).where(column.icontains(email, autoescape=True))):
            setattr(row, column.key, _without(getattr(row, column.key), email, name))
            changed += 1
        db.session.commit()
    return changed


def _replace(email: str, name: str) -> int:
    """Put the pseudonym into every column that says by whom something was done, but for the audit log's, which are amended."""
    changed = 0
    for table in Base.metadata.sorted_tables:
        columns = [
            column
            for column in table.columns
            if isinstance(column.type, (String, Text)) and _says_who(column.name)
        ]
        if columns and table.name != AuditEntry.__tablename__:
            mine = [func.lower(column) == email for column in columns]
            for row in (
                db.session.execute(select(*table.primary_key.columns, *columns).where(or_(*mine)))
                .mappings()
                .all()
            ):
                values = {column.name: name for column in columns if str(row[column.name]).lower() == email}
                same = [key == row[key.name] for key in table.primary_key.columns]
                changed += rows_changed(update(table).where(*same).values(**values))
            db.session.commit()
    return changed
