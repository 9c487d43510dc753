"""Calls platforms back when an answer about an inspection changed: finds what changed, signs, sends, tries again. What an answer says is `bookkeeping.answering`.

At least once: a call whose answer got lost is made again under the same id. A call that waits stands for all that changes until it is made, and
says how things are then.
"""

import hashlib
import hmac
import json
import logging
import threading
from datetime import datetime, timedelta
from typing import Any

import requests
import urllib3
from flask import Flask
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.exc import OperationalError

from bookkeeping.answering.answers import answers, mark_of
from bookkeeping.answering.opening import note_event
from bookkeeping.fetching.bounded import BoundedAdapter, PrivateAddressError
from bookkeeping.rules.backoff import retry_delay
from bookkeeping.settings import Settings
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.callbacks import Callback, CallbackEvent, CallbackMark, waiting_events
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.vault import vault
from bookkeeping.storage.records.documents import Document
from bookkeeping.storage.records.inspections import InspectionRow
from worker.jitter import jitter

logger = logging.getLogger(__name__)

AT_ONCE = 50
"""Calls to one company before the next one has its turn."""

IN_A_ROW = 3
"""Refused calls after which a company's others wait for the next turn."""

GIVES_UP = timedelta(days=3)
TIMEOUT = (3, 10)
OVERLAP = timedelta(minutes=2)
_ROWS = 500
_LARGEST = 64 * 1024
_SETTLED = ("in-sync", "not-in-books")
_at_work = threading.Lock()


def call_in_background(app: Flask) -> None:
    """Do it in a thread of its own, so that a slow platform holds up no tick; one at a time."""
    threading.Thread(target=_once, args=(app,), name="calling", daemon=True).start()


def _once(app: Flask) -> None:
    if not _at_work.acquire(blocking=False):
        return
    try:
        with app.app_context():
            call_platforms(app.extensions["settings"], utcnow())
    except OperationalError as error:
        logger.warning("Calling back did not work", extra={"error": type(error).__name__})
    finally:
        _at_work.release()


def call_platforms(settings: Settings, now: datetime) -> int:
    """Note what changed for every company that has an address, and make the calls that are due; return how many were delivered."""
    delivered = 0
    for company_id in db.session.scalars(select(Callback.company_id).order_by(Callback.company_id)).all():
        company = db.session.get(Company, company_id)
        if company is None or company.erasing_since is not None:
            continue
        note_changes(company, settings, now)
        delivered += _deliver(company, settings, now)
    return delivered


def note_changes(company: Company, settings: Settings, now: datetime) -> int:
    """Write a call for each inspection whose answer is another than noted, a transaction for so many; return how many calls.

    The first look notes how things stand and calls nobody. Once a day all are looked at, whatever their stamps say.
    """
    callback = db.session.get_one(Callback, company.id)
    since = callback.looked_at
    first, noted, last = since is None, 0, 0
    today = since is not None and since.date() == now.date()
    which = _touched(company.id, since - OVERLAP) if since is not None and today else ()
    while True:
        rows = _next_rows(company.id, last, *which)
        if not rows:
            break
        last = rows[-1].id
        noted += _note(company, rows, settings, quietly=first)
        db.session.commit()
    db.session.get_one(Callback, company.id).looked_at = now
    db.session.commit()
    return noted


def _next_rows(company_id: int, last: int, *which: ColumnElement[bool]) -> list[InspectionRow]:
    rows = select(InspectionRow).where(InspectionRow.company_id == company_id, InspectionRow.id > last)
    return list(db.session.scalars(rows.where(*which).order_by(InspectionRow.id).limit(_ROWS)))


def _touched(company_id: int, since: datetime) -> tuple[ColumnElement[bool], ...]:
    """The condition for what may have another answer since then: read, synced or written since, or not settled."""
    written = select(Document.inspection_key).where(
        Document.company_id == company_id, or_(Document.written_at >= since, Document.deleted_at >= since)
    )
    return (
        or_(
            InspectionRow.polled_at >= since,
            InspectionRow.last_synced_at >= since,
            InspectionRow.state.not_in(_SETTLED),
            InspectionRow.key.in_(written),
        ),
    )


def _note(company: Company, rows: list[InspectionRow], settings: Settings, *, quietly: bool) -> int:
    keys = [row.key for row in rows]
    marks = {
        one.inspection_key: one
        for one in db.session.scalars(
            select(CallbackMark).where(
                CallbackMark.company_id == company.id, CallbackMark.inspection_key.in_(keys)
            )
        )
    }
    waiting = set(
        db.session.scalars(
            select(CallbackEvent.inspection_key).where(
                CallbackEvent.company_id == company.id,
                CallbackEvent.ended_at.is_(None),
                CallbackEvent.inspection_key.in_(keys),
            )
        )
    )
    noted = 0
    for answer in answers(company, rows, settings):
        key, mark = answer["key"], mark_of(answer)
        known = marks.get(key)
        if known is not None and known.mark == mark:
            continue
        if known is None:
            db.session.add(CallbackMark(company_id=company.id, inspection_key=key, mark=mark))
        else:
            known.mark = mark
        if not quietly and key not in waiting:
            note_event(company.id, "inspection.changed", key)
            noted += 1
    return noted


def _deliver(company: Company, settings: Settings, now: datetime) -> int:
    """Make the calls of one company that are due; return how many it took."""
    callback = db.session.get_one(Callback, company.id)
    if callback.not_before is not None and callback.not_before > now:
        return 0
    url, secret = callback.url, vault().open(callback.secret, company.id, "secret")
    due = [event.id for event in waiting_events(company.id, now, AT_ONCE)]
    delivered = refused = 0
    with _session(public_only=not settings.with_standins) as session:
        for event_id in due:
            event = db.session.get(CallbackEvent, event_id)
            if event is None or db.session.get(Callback, company.id) is None:
                break  # Ended meanwhile.
            body = _body(company, event, settings)
            uid, at = event.uid, max(now, utcnow())
            db.session.commit()  # No transaction is open while somebody else is called.
            status, said = _send(session, url, secret, uid, body, at)
            took = 200 <= status < 300
            _settle(company.id, event_id, took, status, said, at)
            delivered += took
            refused = 0 if took else refused + 1
            if status == 0 or refused >= IN_A_ROW:
                break
    return delivered


def _body(company: Company, event: CallbackEvent, settings: Settings) -> bytes:
    """Return what is sent: how things are now, whatever changed since the call was noted."""
    rows = select(InspectionRow).where(
        InspectionRow.company_id == company.id, InspectionRow.key == event.inspection_key
    )
    row = db.session.scalar(rows) if event.inspection_key else None
    told: dict[str, Any] = {
        "id": event.uid,
        "type": event.kind,
        "created_at": event.made_at.isoformat().replace("+00:00", "Z"),
        "company": company.id,
        "data": answers(company, [row], settings)[0] if row is not None else None,
    }
    return json.dumps(told, separators=(",", ":")).encode()


def signature(secret: str, at: int, body: bytes) -> str:
    """Return the header's value: `t` is the time of this attempt in Unix seconds, `v1` HMAC-SHA256 of `<t>.<body>` in hex."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def _send(
    session: requests.Session, url: str, secret: str, uid: str, body: bytes, at: datetime
) -> tuple[int, str]:
    """Call once; return (HTTP status, 0 for no answer, and what to say of it)."""
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Tieout",
        "Tieout-Event": uid,
        "Tieout-Signature": signature(secret, int(at.timestamp()), body),
    }
    try:
        answer = session.post(url, data=body, headers=headers, timeout=TIMEOUT, allow_redirects=False)
    except PrivateAddressError:
        return 0, "The address leads into our own network, where nothing is sent."
    except (requests.RequestException, urllib3.exceptions.HTTPError, UnicodeError) as error:
        logger.info("Nobody answered the call", extra={"event": uid, "error": type(error).__name__})
        late = isinstance(error, requests.Timeout)
        return (
            0,
            f"No answer came within {TIMEOUT[1]} seconds." if late else "No answer came from that address.",
        )
    if 200 <= answer.status_code < 300:
        return answer.status_code, ""
    return answer.status_code, f"The address answered that it does not take it (HTTP {answer.status_code})."


def _session(*, public_only: bool) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    for scheme in ("http://", "https://"):
        session.mount(scheme, BoundedAdapter(public_only=public_only, largest=_LARGEST, max_retries=0))
    return session


def _settle(company_id: int, event_id: int, took: bool, status: int, said: str, at: datetime) -> None:
    """Note what came of an attempt, and when it is made again."""
    event, callback = db.session.get(CallbackEvent, event_id), db.session.get(Callback, company_id)
    if event is None or callback is None:
        return
    event.attempts, event.tried_at, event.said = event.attempts + 1, at, said[:200]
    if took:
        event.outcome, event.ended_at, event.next_try_at = "delivered", at, None
    elif at - event.made_at > GIVES_UP:
        event.outcome, event.ended_at, event.next_try_at = "given-up", at, None
    else:
        event.next_try_at = at + retry_delay(event.attempts, jitter())
    callback.failures = callback.failures + 1 if status == 0 else 0
    callback.not_before = at + retry_delay(callback.failures, jitter()) if status == 0 else None
    facts = {"company_id": company_id, "event": event.uid, "status": status, "attempts": event.attempts}
    logger.log(logging.INFO if took else logging.WARNING, "Platform called back", extra=facts)
    db.session.commit()
