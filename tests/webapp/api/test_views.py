"""What a platform is answered, with which key, and that the description says the same."""

import json
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import validate
from sqlalchemy import select

from bookkeeping.answering.opening import make_key, revoke_key
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.api_keys import SCOPES, ApiKey
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.received import ReceivedPayment
from bookkeeping.storage.records.inspections import STATES
from tests.webapp.house import House
from tests.webapp.records import NOON, Records, paid
from webapp.api import authority
from webapp.api.description import SCHEMAS, description
from webapp.api.views import bp

PATHS = ["/api/v1/company", "/api/v1/inspections", "/api/v1/inspections/1042"]


def new_key(house: House, company: int, *scopes: str) -> str:
    with house.writing():
        key = make_key(company, "Platform", scopes or ("read",), "owner@office.example")
        db.session.commit()
        return key


def ask(house: House, path: str, key: str, method: str = "GET", **options):
    client: FlaskClient = house.app.test_client()
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return client.open(path, method=method, headers=headers, **options)


def fits(schema: str | dict, value) -> None:
    """Hold an answer against the description, references and formats included."""
    shape = {"$ref": f"#/components/schemas/{schema}"} if isinstance(schema, str) else schema
    whole = {**shape, "components": {"schemas": SCHEMAS}}
    Draft202012Validator(whole, format_checker=FormatChecker()).validate(value)


@pytest.fixture
def key(house, company):
    return new_key(house, company)


def test_the_description_is_one_and_names_every_address(house):
    told = ask(house, "/api/v1/openapi.json", "").json
    validate(told)
    assert told == description(house.settings.public_url)
    described = {
        (method.upper(), path.replace("{key}", "<path:key>"))
        for path, methods in told["paths"].items()
        for method in methods
    }
    served = {
        (method, rule.rule)
        for rule in house.app.url_map.iter_rules()
        if rule.endpoint.startswith(f"{bp.name}.") and rule.endpoint != "api.openapi"
        for method in rule.methods & {"GET", "POST"}
    }
    assert described == served
    scopes = {view.scope for view in house.app.view_functions.values() if hasattr(view, "scope")}
    assert scopes == set(SCOPES)


def test_an_inspection_in_the_books_is_answered_whole(house, company, records: Records, key):
    records.connect()
    records.booked("1042", payments=(paid(), replace(paid(), key="p2")))
    answer = ask(house, "/api/v1/inspections/1042", key)
    told = answer.json["data"]
    fits("Inspection", told)
    assert (told["document_number"], told["state"], told["state_text"]) == ("SP-1042", "in-sync", "In sync")
    assert told["last_synced_at"] == "2026-03-02T19:00:00Z"
    assert (told["invoice"]["amount"], told["invoice"]["date"]) == ("425.00", "2026-03-02")
    assert {one["key"] for one in told["payments"]} == {"p1", "p2"}
    assert told["quickbooks_url"].endswith("/books/9341452/invoice/145")
    assert urlsplit(told["tieout_url"]).query == "page=/inspections/1042"
    assert answer.headers["Cache-Control"] == "no-store"


def test_every_state_is_answered_and_listed(house, company, records: Records, key):
    reason = {"not-in-books": "not-confirmed", "needs-you": "negative-total", "waiting": "closed-books"}
    waiting = [{"kind": "Invoice", "source_key": "1", "code": "closed-books"}]
    for state in STATES:
        records.inspection(state, state, reason=reason.get(state, ""), waiting_documents=waiting)
    for state in STATES:
        (told,) = ask(house, f"/api/v1/inspections?state={state}", key).json["data"]
        fits("Inspection", told)
        assert (told["key"], told["reason_text"] is None) == (state, state not in reason)


def test_a_list_goes_on_page_by_page_until_its_end(house, company, records: Records, key):
    for number in range(5):
        records.inspection(str(number), last_synced_at=NOON + timedelta(hours=number))
    found, after = [], ""
    while after is not None:
        told = ask(house, f"/api/v1/inspections?limit=2{f'&after={after}' if after else ''}", key).json
        found += [one["key"] for one in told["data"]]
        after = told["next"]
    assert found == list("01234")
    since = ask(house, "/api/v1/inspections?synced_since=2026-03-02T22:00:00Z", key).json
    assert [one["key"] for one in since["data"]] == ["3", "4"]


NO_VALUES = [
    *("state=fine", "limit=0x", "limit=201", "limit=-1", "after=abc", "after=99999999999999999999"),
    *(
        "synced_since=yesterday",
        "synced_since=2026-03-02T22:00:00",
        "synced_since=0001-01-01T00:00:00%2B23:59",
    ),
]


def test_what_is_no_value_is_said(house, key):
    for asked in NO_VALUES:
        answer = ask(house, f"/api/v1/inspections?{asked}", key)
        assert answer.status_code == 400, asked
        fits("Errors", answer.json)
        assert asked.partition("=")[0] in answer.json["errors"][0]["detail"]


def test_only_a_key_in_force_is_answered_and_always_in_json(house, company, records, key):
    records.inspection("1042")
    revoked = new_key(house, company)
    with house.writing():
        row = db.session.scalars(select(ApiKey).order_by(ApiKey.id.desc())).first()
        revoke_key(row, "owner@office.example")
        db.session.commit()
    for path in PATHS:
        assert ask(house, path, key).status_code == 200
        for wrong in ("", "tieout_nonsense", revoked, "x" * 5000, "\u00e9"):
            answer = ask(house, path, wrong)
            assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="Tieout"')
            fits("Errors", answer.json)
    owner = house.browser(house.make_person("owner", company))
    assert owner.get(PATHS[0]).status_code == 401, "A login is no key."
    with house.writing():
        db.session.get_one(Company, company).erasing_since = utcnow()
        db.session.commit()
    assert ask(house, PATHS[0], key).status_code == 401


def test_a_key_answers_of_its_own_company_alone(house, company, records, key):
    records.inspection("1042")
    other = new_key(house, house.make_company("Front Range"))
    answer = ask(house, "/api/v1/inspections/1042", other)
    assert answer.status_code == 404 and answer.json["errors"][0]["title"] == "Not here"
    assert ask(house, "/api/v1/inspections", other).json == {"data": [], "next": None}
    fits("Company", ask(house, "/api/v1/company", other).json["data"])


@pytest.mark.parametrize(("scope", "may"), [("read", {"read"}), ("sync", {"sync"})])
def test_a_key_is_good_for_its_scopes_alone(house, company, scope, may):
    key = new_key(house, company, scope)
    read, sync = ask(house, PATHS[0], key), ask(house, "/api/v1/sync", key, "POST", json={})
    assert (read.status_code, sync.status_code) == (
        200 if "read" in may else 403,
        202 if "sync" in may else 403,
    )
    with house.app.app_context():
        due = db.session.get_one(Company, company).next_poll_at
    assert (due is not None) is ("sync" in may)


def test_when_a_key_was_used_is_noted_a_minute_apart(house, company, key):
    def used():
        with house.app.app_context():
            return db.session.scalars(select(ApiKey.last_used_at)).one()

    assert used() is None
    ask(house, PATHS[0], key)
    first = used()
    ask(house, PATHS[0], key)
    assert used() == first is not None
    with house.writing():
        db.session.scalars(select(ApiKey)).one().last_used_at = first - authority.NOTED_EVERY
        db.session.commit()
    ask(house, PATHS[0], key)
    assert used() >= first


def test_guessing_keys_has_to_wait_while_a_right_one_is_answered_often(house, key):
    answers = [ask(house, PATHS[0], f"tieout_{number}").status_code for number in range(61)]
    assert answers == [401] * 60 + [429]
    waits = ask(house, PATHS[0], "tieout_more")
    assert waits.status_code == 429 and int(waits.headers["Retry-After"]) > 0
    fits("Errors", waits.json)


TOLD = {
    "id": "evt_1",
    "type": "payment.received",
    "occurred_at": "2026-03-02T19:00:00Z",
    "inspection": "1042",
    "payment": {
        "id": "ch_9",
        "amount": "425.00",
        "method": "card",
        "received_at": "2026-03-02T19:00:00Z",
        "reference": None,
    },
}


def test_an_event_about_a_payment_is_taken_once_and_by_its_own_scope_alone(house):
    company = house.make_company(source_kind="pages")
    key, other = new_key(house, company, "payments"), new_key(house, company, "read", "sync")
    fits("PaymentEvent", TOLD)
    path, sent = "/api/v1/payment-events", {"method": "POST", "json": TOLD}
    assert (ask(house, path, "", **sent).status_code, ask(house, path, other, **sent).status_code) == (
        401,
        403,
    )
    answers = [ask(house, path, key, **sent) for _ in range(2)]
    assert [(one.status_code, one.json["data"]["outcome"]) for one in answers] == [
        (202, "taken"),
        (202, "repeated"),
    ]
    spec = description("https://x.example")["paths"][path]["post"]["responses"]["202"]
    fits(spec["content"]["application/json"]["schema"], answers[0].json)
    with house.writing():
        [row] = db.session.scalars(select(ReceivedPayment))
        assert (row.company_id, row.inspection_key, row.told["attributes"]["amount"]) == (
            company,
            "1042",
            "425.00",
        )
    assert ask(house, path, other).status_code == 405


def test_an_event_that_is_not_understood_or_not_of_this_company_is_refused_with_a_sentence(house, company):
    pages = new_key(house, house.make_company(source_kind="pages"), "payments")
    path = "/api/v1/payment-events"
    as_json = {"content_type": "application/json"}
    deep = [
        json.dumps(TOLD).replace('"425.00"', "[" * depth + "]" * depth) for depth in (120, 700, 900, 9000)
    ]
    wrong = [{"json": {**TOLD, "type": "lost"}}, {"json": []}, {"data": b"{"}, {"data": b""}]
    for sent in [*wrong, *({"data": text, **as_json} for text in ["[" * 90_000, *deep])]:
        answer = ask(house, path, pages, "POST", **sent)
        fits("Errors", answer.json)
        assert answer.status_code == 400 and answer.json["errors"][0]["detail"].endswith("."), sent
    assert ask(house, path, new_key(house, company, "payments"), "POST", json=TOLD).status_code == 409
    with house.writing():
        assert db.session.scalars(select(ReceivedPayment)).all() == []
