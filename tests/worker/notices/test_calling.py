"""Platforms are called back when an answer changed: who, with what, signed, until they took it, and never into our own network."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from bookkeeping.answering.opening import end_callback, set_callback
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.callbacks import Callback, CallbackEvent, CallbackMark
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.documents import Document
from bookkeeping.storage.records.inspections import InspectionRow
from tests.harness.recording import recording
from worker.notices.calling import GIVES_UP, IN_A_ROW, call_platforms, note_changes, signature


@pytest.fixture
def inside(house, company, records):
    """A company with one inspection in the books and an address to call, all of it noted, in an app context."""
    records.connect()
    records.booked("1042")
    with house.app.app_context():
        yield house


def set_up(inside, company, url="http://127.0.0.1:9/back") -> str:
    secret = set_callback(company, url, "owner@office.example")
    db.session.commit()
    note_changes(db.session.get_one(Company, company), inside.settings, utcnow())
    return secret


def noted(inside, company) -> list[tuple[str, str]]:
    note_changes(db.session.get_one(Company, company), inside.settings, utcnow())
    rows = select(CallbackEvent.kind, CallbackEvent.inspection_key).where(CallbackEvent.ended_at.is_(None))
    return [tuple(row) for row in db.session.execute(rows.order_by(CallbackEvent.id))]


def change(**values) -> None:
    db.session.execute(InspectionRow.__table__.update().values(polled_at=utcnow(), **values))
    db.session.commit()


def test_the_first_look_calls_nobody_for_what_stands(inside, company):
    set_up(inside, company)
    assert noted(inside, company) == [("ping", "")]
    assert db.session.scalars(select(CallbackMark.inspection_key)).all() == ["1042"]


@pytest.mark.parametrize(
    ("values", "called"),
    [
        ({"state": "needs-you", "reason": "negative-total"}, True),
        ({"waiting_documents": [{"kind": "Invoice", "source_key": "1", "code": "closed-books"}]}, True),
        ({"last_synced_at": utcnow()}, False),
        ({"due": True}, False),
    ],
    ids=["state", "waiting", "looked at again", "due"],
)
def test_a_call_is_noted_when_an_answer_is_another(inside, company, values, called):
    set_up(inside, company)
    change(**values)
    assert (("inspection.changed", "1042") in noted(inside, company)) is called


def test_a_document_that_goes_or_changes_is_told(inside, company):
    set_up(inside, company)
    document = db.session.scalars(select(Document)).one()
    document.total, document.written_at = document.total + 1, utcnow()
    db.session.commit()
    assert ("inspection.changed", "1042") in noted(inside, company)
    db.session.execute(CallbackEvent.__table__.delete())
    document.status, document.deleted_at = "deleted", utcnow()
    db.session.commit()
    assert noted(inside, company) == [("inspection.changed", "1042")]


def test_many_changes_are_one_call_until_it_is_made(inside, company):
    set_up(inside, company)
    for state in ("waiting", "needs-you", "drift"):
        change(state=state)
        noted(inside, company)
    assert noted(inside, company).count(("inspection.changed", "1042")) == 1


@pytest.mark.outside
def test_a_call_is_signed_and_says_how_things_are_then(inside, company):
    with recording(lambda request: 204) as platform:
        secret = set_up(inside, company, platform.url)
        change(state="needs-you", reason="negative-total")
        noted(inside, company)
        change(state="waiting", reason="closed-books")
        assert call_platforms(inside.settings, utcnow()) == 2
        assert call_platforms(inside.settings, utcnow()) == 0, "Nothing is left to say."
    ping, changed = platform.requests
    told = json.loads(changed.body)
    assert json.loads(ping.body)["type"] == "ping" and json.loads(ping.body)["data"] is None
    assert (told["type"], told["company"]) == ("inspection.changed", company)
    assert (told["data"]["key"], told["data"]["state"]) == ("1042", "waiting")
    assert changed.headers["Tieout-Event"] == told["id"]
    stamp, _, given = changed.headers["Tieout-Signature"].partition(",v1=")
    at = stamp.removeprefix("t=")
    right = hmac.new(secret.encode(), f"{at}.".encode() + changed.body, hashlib.sha256).hexdigest()
    assert given == right
    assert signature(secret, int(at), changed.body) == changed.headers["Tieout-Signature"]


@pytest.mark.outside
def test_what_was_not_taken_goes_again_under_the_same_id_later(inside, company):
    answers = iter([503, 302, 200])
    with recording(lambda request: next(answers)) as platform:
        set_up(inside, company, platform.url)
        now = utcnow()
        for hours in range(3):
            call_platforms(inside.settings, now + timedelta(hours=2 * hours))
            assert call_platforms(inside.settings, now + timedelta(hours=2 * hours)) == 0
    assert len({one.headers["Tieout-Event"] for one in platform.requests}) == 1
    event = db.session.scalars(select(CallbackEvent)).one()
    assert (event.attempts, event.outcome, event.said) == (3, "delivered", "")


@pytest.mark.outside
def test_a_platform_that_refuses_all_is_left_alone_after_some(inside, company, records):
    for number in range(2, 9):
        records.inspection(str(number))
    with recording(lambda request: 500) as platform:
        set_up(inside, company, platform.url)
        change(state="drift")
        call_platforms(inside.settings, utcnow())
    assert len(platform.requests) == IN_A_ROW


@pytest.mark.outside
def test_one_that_does_not_answer_is_waited_for_and_given_up_in_the_end(inside, company):
    set_up(inside, company)
    call_platforms(inside.settings, utcnow())
    row, event = db.session.scalars(select(Callback)).one(), db.session.scalars(select(CallbackEvent)).one()
    assert row.failures == 1 and row.not_before > utcnow() and event.said.startswith("No answer")
    row.not_before = None
    event.made_at, event.next_try_at = event.made_at - GIVES_UP, None
    db.session.commit()
    call_platforms(inside.settings, utcnow())
    assert db.session.scalars(select(CallbackEvent.outcome)).one() == "given-up"


@pytest.mark.outside
def test_nothing_is_sent_into_our_own_network_outside_the_stand_ins(inside, company):
    with recording(lambda request: 200) as platform:
        set_up(inside, company, platform.url)
        call_platforms(replace(inside.settings, intuit_environment="production"), utcnow())
    assert platform.requests == []
    said = select(CallbackEvent.said).where(CallbackEvent.kind == "ping")
    assert "own network" in db.session.scalars(said).one()


def test_whoever_ended_it_is_called_no_more(inside, company):
    set_up(inside, company)
    end_callback(company, "owner@office.example")
    db.session.commit()
    assert call_platforms(inside.settings, utcnow()) == 0
