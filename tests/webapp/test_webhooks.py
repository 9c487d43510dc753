"""QuickBooks' webhooks: signed or refused, both payloads, no facts taken; what we changed ourselves is no news."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bookkeeping.quickbooks_gateway.webhooks import ChangedObject, changed_objects, is_signed
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.records.documents import Document
from bookkeeping.storage.work.runs import Run
from tests.webapp.house import House
from tests.webapp.records import REALM, Records

TOKEN = "a verifier token of ours"
PATH = "/quickbooks/webhook"


def cloud_event(realm: str = REALM, entity: str = "invoice", qbo_id: str = "145") -> dict:
    return {
        "specversion": "1.0",
        "id": "88cd52aa",
        "source": "intuit.dsnBgbseACLLRZNxo2dfc4evmEJdxde58xeeYcZliOU=",
        "type": f"qbo.{entity}.updated.v1",
        "datacontenttype": "application/json",
        "time": "2026-03-02T17:00:00Z",
        "intuitentityid": qbo_id,
        "intuitaccountid": realm,
        "data": {},
    }


def legacy(realm: str = REALM, entity: str = "Invoice", qbo_id: str = "145") -> dict:
    changed = {"name": entity, "id": qbo_id, "operation": "Update", "lastUpdated": "2026-03-02T17:00:00.000Z"}
    return {"eventNotifications": [{"realmId": realm, "dataChangeEvent": {"entities": [changed]}}]}


def sign(body: bytes, token: str = TOKEN) -> str:
    return base64.b64encode(hmac.new(token.encode(), body, hashlib.sha256).digest()).decode()


@pytest.fixture
def house(sqlite_url: str) -> House:
    return House(sqlite_url, quickbooks_verifier_token=TOKEN)


@pytest.fixture
def connected(house: House, company: int, records: Records) -> int:
    records.connect(proven_at=utcnow(), realm_digest=house.app.extensions["vault"].digests(REALM)[0])
    return company


def send(house: House, payload: object, signature: str | None = None) -> int:
    body = json.dumps(payload).encode()
    headers = {"intuit-signature": sign(body) if signature is None else signature}
    return (
        house.app.test_client()
        .post(PATH, data=body, headers=headers, content_type="application/json")
        .status_code
    )


def wanted(house: House) -> bool:
    with house.app.app_context():
        return db.session.scalars(select(Connection.changes_wanted_at)).one() is not None


@pytest.mark.parametrize(
    "payload", [[cloud_event()], legacy(), [cloud_event("9999999999999999"), cloud_event()]]
)
def test_a_change_of_somebody_else_is_wanted_and_reads_nothing_at_once(house, connected, payload):
    assert send(house, payload) == 200
    assert wanted(house)
    with house.app.app_context():
        assert db.session.scalars(select(Run)).all() == []


@pytest.mark.parametrize("signature", ["", "nonsense!", base64.b64encode(b"x" * 32).decode(), sign(b"{}")])
def test_a_wrong_signature_is_refused_and_changes_nothing(house, connected, signature):
    assert send(house, [cloud_event()], signature) == 401
    assert not wanted(house)


def test_without_a_verifier_token_there_is_nothing_here(sqlite_url, company, records):
    assert send(House(sqlite_url), [cloud_event()]) == 404


@pytest.mark.parametrize(
    "payload",
    [
        [],
        {},
        [1, None, "x"],
        [cloud_event("")],
        [cloud_event("12 OR 1")],
        {"eventNotifications": 7},
        [cloud_event(entity="timeactivity")],
        [cloud_event("9999999999999999")],
    ],
)
def test_what_names_nobody_of_ours_or_nothing_that_we_look_at_is_no_news(house, connected, payload):
    assert send(house, payload) == 200
    assert not wanted(house)


def test_what_we_wrote_a_moment_ago_is_no_news_and_what_a_person_changed_later_is(house, connected, records):
    records.document("1042", qbo_id="145")
    send(house, [cloud_event()])
    assert not wanted(house)
    with house.writing():
        db.session.execute(update(Document).values(written_at=utcnow() - timedelta(minutes=10)))
        db.session.commit()
    send(house, [cloud_event()])
    assert wanted(house)


def test_a_realm_that_is_nobodys_yet_wants_nothing(house, company, records):
    records.connect(realm_digest=house.app.extensions["vault"].digests(REALM)[0])
    send(house, [cloud_event()])
    assert not wanted(house)


def test_no_json_is_said(house, connected):
    body = b"<xml/>"
    answer = house.app.test_client().post(PATH, data=body, headers={"intuit-signature": sign(body)})
    assert answer.status_code == 400


def test_the_header_is_checked_over_the_very_bytes():
    assert is_signed(TOKEN, b"abc", sign(b"abc")) and not is_signed(TOKEN, b"abd", sign(b"abc"))


def test_both_payloads_name_the_same():
    [one], [other] = (
        changed_objects(json.dumps([cloud_event()]).encode()),
        changed_objects(json.dumps(legacy()).encode()),
    )
    assert one == other == ChangedObject(REALM, "invoice", "145", one.at)
