"""Owners make and revoke keys and say who is called; what is shown once is kept nowhere, and everybody else only reads."""

import re
from html import unescape

import pytest
from sqlalchemy import select

from bookkeeping.answering.opening import address_problem
from bookkeeping.storage.base import db
from bookkeeping.storage.company.api_keys import ApiKey
from bookkeeping.storage.company.callbacks import Callback, CallbackEvent, CallbackMark
from bookkeeping.storage.company.vault import vault
from bookkeeping.storage.people.audit import AuditEntry
from bookkeeping.storage.people.notices import Notice
from bookkeeping.storage.people.sessions import token_digest
from webapp.api.settings_page import bp

PAGE = "/settings/api"


def acts(house) -> list[str]:
    with house.app.app_context():
        return list(db.session.scalars(select(AuditEntry.act).order_by(AuditEntry.id)))


def test_a_key_is_shown_once_and_kept_as_its_digest(house, company, owner):
    made = owner.post(PAGE + "/keys", {"name": "Platform", "scopes": "read"}, page=PAGE)
    key = re.search(r'id="new-key">([^<]+)<', made.text).group(1)
    assert key.startswith("tieout_") and len(key) > 40
    assert key not in owner.read(PAGE) and key[:11] in owner.read(PAGE)
    with house.app.app_context():
        row = db.session.scalars(select(ApiKey)).one()
        assert (row.digest, row.scopes, row.name) == (token_digest(key), "read", "Platform")
        told = " ".join(db.session.scalars(select(Notice.text)))
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.act == "made an API key")).one()
        assert "Platform" in told and key not in told + str([entry.before, entry.after, entry.subject])
    assert owner.client.get("/api/v1/company", headers={"Authorization": f"Bearer {key}"}).status_code == 200
    owner.post(f"{PAGE}/keys/{row.id}/revoke", page=PAGE)
    assert owner.client.get("/api/v1/company", headers={"Authorization": f"Bearer {key}"}).status_code == 401
    assert "revoked" in owner.read(PAGE) and acts(house)[-1] == "revoked an API key"


def test_what_is_missing_is_said_and_makes_no_key(house, owner):
    for values, said in (
        ({"scopes": "read"}, "Say what it is for"),
        ({"name": "x"}, "Choose what the key is good for"),
    ):
        answer = owner.post(PAGE + "/keys", values, page=PAGE)
        assert answer.status_code == 422 and said in answer.text
    with house.app.app_context():
        assert db.session.scalars(select(ApiKey)).all() == []


def test_the_same_form_sent_twice_makes_one_key(house, owner):
    """As when the page that shows the key is loaded once more. A revoked key's name is free again."""
    values = {"name": "Platform", "scopes": "read"}
    made = owner.post(PAGE + "/keys", values, page=PAGE)
    again = owner.post(PAGE + "/keys", values, page=PAGE)
    assert made.status_code == 200 and again.status_code == 422
    assert "There is a key “Platform” already. Revoke it first" in unescape(again.text)
    with house.app.app_context():
        key = db.session.scalars(select(ApiKey)).one()
    owner.post(f"{PAGE}/keys/{key.id}/revoke", page=PAGE)
    assert owner.post(PAGE + "/keys", values, page=PAGE).status_code == 200


def test_a_key_of_another_company_cannot_be_revoked(house, owner):
    other = house.make_company("Front Range")
    theirs = house.browser(house.make_person("owner", other))
    theirs.post(PAGE + "/keys", {"name": "Platform", "scopes": "read"}, page=PAGE)
    assert owner.post(f"{PAGE}/keys/1/revoke", page=PAGE).status_code == 404
    with house.app.app_context():
        assert db.session.scalars(select(ApiKey)).one().revoked_at is None


def test_a_callback_is_set_with_a_ping_and_ended_with_all_that_was_noted(house, company, owner):
    made = owner.post(PAGE + "/callback", {"url": "http://127.0.0.1:9/tieout"}, page=PAGE)
    secret = re.search(r'id="new-secret">([^<]+)<', made.text).group(1)
    assert secret not in owner.read(PAGE)
    with house.app.app_context():
        row = db.session.scalars(select(Callback)).one()
        assert vault().open(row.secret, company, "secret") == secret
        assert db.session.scalars(select(CallbackEvent.kind)).all() == ["ping"]
        db.session.add(CallbackMark(company_id=company, inspection_key="1", mark="m"))
        db.session.commit()
    assert "Ping" in owner.read(PAGE)
    owner.post(PAGE + "/callback/end", page=PAGE)
    with house.app.app_context():
        for table in (Callback, CallbackEvent, CallbackMark):
            assert db.session.scalars(select(table)).all() == []
    assert acts(house)[-2:] == ["set the callback address", "ended the callback"]


@pytest.mark.parametrize(
    ("url", "inside", "outside"),
    [
        ("https://platform.example.com/tieout", True, True),
        ("https://platform.example.com:8443/tieout?x=1", True, True),
        ("https://93.184.216.34/x", True, True),
        ("http://platform.example.com/", True, False),
        ("http://127.0.0.1:9/", True, False),
        ("https://localhost/", True, False),
        ("https://10.0.0.1/", True, False),
        ("https://[::1]/", True, False),
        ("https://169.254.169.254/latest", True, False),
        ("https://user:word@platform.example.com/", False, False),
        ("ftp://platform.example.com/", False, False),
        ("https://", False, False),
        ("https://[", False, False),
        ("https://x.example:99999/", False, False),
        ("javascript:alert(1)", False, False),
        ("", False, False),
    ],
)
def test_which_addresses_are_called(url, inside, outside):
    """`inside`: with the stand-ins, on one machine."""
    assert (address_problem(url, public_only=False) == "") is inside
    assert (address_problem(url, public_only=True) == "") is outside


def test_no_address_is_said_at_its_field(owner):
    answer = owner.post(PAGE + "/callback", {"url": "nowhere"}, page=PAGE)
    assert answer.status_code == 422 and "That is no address." in answer.text


def test_every_change_wants_the_person_and_others_only_read(house, company, owner, bookkeeper):
    owner.post(PAGE + "/callback", {"url": "http://127.0.0.1:9/tieout"}, page=PAGE)
    assert 'method="post" action="/settings/api' not in bookkeeper.read(PAGE)
    changing = {
        endpoint: view
        for endpoint, view in house.app.view_functions.items()
        if endpoint.startswith(f"{bp.name}.") and not endpoint.endswith(".page")
    }
    assert len(changing) == 4
    assert all(view.recently_confirmed and view.open_to == ("owner",) for view in changing.values())
