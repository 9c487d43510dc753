"""One company for ops, the trace of its inspections, and everything that ops may not do or see."""

import re
from datetime import UTC, date, datetime

import pytest

from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.people.audit import AuditEntry
from bookkeeping.storage.work.journal import ApiUsage
from bookkeeping.storage.work.runs import Run
from tests.webapp.failing import connected_company, failing, refused_operation
from tests.webapp.house import Browser, House
from tests.webapp.records import NOON, inspection_row
from tests.webapp.test_roles import addresses


@pytest.fixture
def ops(house: House) -> Browser:
    """Somebody of ops, logged in."""
    return house.browser(house.make_person("ops"))


@pytest.fixture
def blue(house: House) -> int:
    """A connected company with a failure."""
    company_id = connected_company(house, "Blue Ridge")
    failing(house, company_id, "1042")
    refused_operation(house, company_id, "1042")
    return company_id


def test_the_page_answers_how_the_company_stands(house, ops, blue):
    with house.writing():
        company = db.session.get(Company, blue)
        company.books = {"one_item": "Inspection"}
        company.start_date, company.cutoff = date(2026, 3, 2), datetime(2026, 3, 1, 7, tzinfo=UTC)
        day = datetime.now(UTC).date().isoformat()
        db.session.add(ApiUsage(company_id=blue, day=day, kind="query", metered=True, count=17))
        db.session.add(
            Run(
                company_id=blue,
                kind="nightly",
                reason="nightly",
                state="done",
                counts={"created": 5},
                calls=2,
            )
        )
        db.session.commit()
    page = ops.read(f"/ops/companies/{blue}")
    for said in (
        "Blue Ridge",
        "Nightly sync",
        "5 created",
        "One item",
        "<dd>Mar 2, 2026</dd>",
        "<dd>Mar 1, 2026, 12:00 AM MST</dd>",
        "Inspection",
        "17",
        "query",
        "1 failure with causes",
    ):
        assert said in page, said
    assert "Sync now" in page and "Poll now" in page and "Pause" in page
    assert "Disconnect" not in page and "Enable" not in page


def test_the_buttons_do_what_they_say_and_are_on_record(house, ops, blue):
    for act, said in (
        ("sync", "Syncing now"),
        ("poll", "Reading the platform"),
        ("pause", "Paused"),
        ("resume", "goes on"),
    ):
        assert ops.post(f"/ops/companies/{blue}/{act}", page=f"/ops/companies/{blue}").status_code == 303
        assert said in ops.read(f"/ops/companies/{blue}")
    with house.app.app_context():
        runs = [(run.kind, run.asked_by) for run in db.session.query(Run)]
        acts = {entry.act for entry in db.session.query(AuditEntry).filter_by(company_id=blue)}
    assert ("sync", "ops@office.example") in runs and ("poll", "ops@office.example") in runs
    assert {"asked for a sync (ops)", "asked for a poll (ops)", "paused syncing", "resumed syncing"} <= acts


def test_settled_inspections_are_counted_up_to_a_thousand(house, ops, blue):
    def settle(numbers: range) -> None:
        with house.writing():
            for number in numbers:
                db.session.add(inspection_row(blue, f"s{number}", "in-sync", NOON, {}, {}))
            db.session.commit()

    def counted() -> list[str]:
        return re.findall(r"</span> <b>([^<]+)</b></li>", ops.read(f"/ops/companies/{blue}"))

    settle(range(1000))
    assert counted() == ["1,000", "1"]
    settle(range(1000, 1001))
    assert counted() == ["1,000+", "1"]


def test_ops_approve_held_deletes(house, ops, blue):
    failing(house, blue, "gone", "mass-delete-brake", state="waiting")
    assert "Approve deletes" in ops.read(f"/ops/companies/{blue}")
    ops.post(f"/ops/companies/{blue}/approve-deletes", page=f"/ops/companies/{blue}")
    page = ops.read(f"/ops/companies/{blue}")
    assert "Approved. The documents of 1 inspection" in page and "Approve deletes" not in page


def test_the_trace_shows_rule_inputs_clock_and_cost(house, ops, blue):
    page = ops.read(f"/ops/companies/{blue}/inspections/1042")
    for said in (
        "Which rule",
        "Time zone",
        "America/Denver",
        "UTC =",
        "Content hash",
        "2 QuickBooks calls",
        "SP-1042",
    ):
        assert said in page, said


def test_an_inspection_that_was_never_sent_has_its_trace_too(house, ops, blue):
    failing(house, blue, "early", "before-start", state="not-in-books")
    page = ops.read(f"/ops/companies/{blue}/inspections/early")
    assert "Not sent." in page and "It has cost no QuickBooks call." in page and "steps__step--failed" in page


def test_an_inspection_is_found_by_its_document_number(house, ops, blue):
    found = ops.get(f"/ops/companies/{blue}/inspections?key=SP-1042")
    assert found.location == f"/ops/companies/{blue}/inspections/1042"
    assert ops.get(f"/ops/companies/{blue}/inspections?key=nothing").location == f"/ops/companies/{blue}"
    assert "has no inspection “nothing”" in ops.read(f"/ops/companies/{blue}")
    ops.get(f"/ops/companies/{blue}/inspections?key=+")
    assert "Type the id or the document number of an inspection." in ops.read(f"/ops/companies/{blue}")


def test_what_is_not_there_is_not_found(house, ops, blue):
    front = connected_company(house, "Front Range")
    for path in (
        "/ops/companies/999",
        f"/ops/companies/{front}/inspections/1042",
        "/ops/failures/retries/999",
    ):
        assert ops.get(path).status_code == 404, path
    assert ops.post("/ops/companies/999/pause").status_code == 404


def test_ops_can_do_nothing_that_is_an_owners(house, ops, blue):
    """Connecting, disconnecting, migrating, settings, customers, drift: every POST that is not ops' own is refused."""
    refused = 0
    for _endpoint, method, address in addresses(house.app):
        everybodys = (
            "/login",
            "/login/second-step",
            "/logout",
            "/forgotten-password",
            "/reset-password",
            "/quickbooks/webhook",
            "/api/v1/sync",  # With a key of a company, and with no login, as the next.
            "/api/v1/payment-events",
        )
        theirs = address.startswith(("/ops/", "/account/", "/invitation")) or address in everybodys
        if method != "POST" or theirs or "/hooks/" in address:
            continue
        answer = ops.post(address)
        assert answer.status_code in (403, 404), (address, answer.status_code)
        refused += 1
    assert refused > 15
    with house.app.app_context():
        assert db.session.get(Connection, blue).state == "connected"


def test_ops_pages_offer_no_way_to_connect_migrate_or_change_settings(house):
    own = [
        address
        for _, method, address in addresses(house.app)
        if method == "POST" and address.startswith("/ops/")
    ]
    assert len(own) >= 12
    forbidden = re.compile(r"connect|migrat|settings|dates|mapping|token|password")
    assert not [address for address in own if forbidden.search(address)]


@pytest.mark.parametrize("role", ["owner", "bookkeeper"])
def test_ops_pages_are_ops_alone(house, blue, role):
    person = house.browser(house.make_person(role, blue))
    walked = 0
    for _endpoint, method, address in addresses(house.app):
        if not address.startswith("/ops"):
            continue
        answer = person.post(address) if method == "POST" else person.get(address)
        assert answer.status_code == 403, (method, address, answer.status_code)
        walked += 1
    assert walked >= 20


def test_no_page_of_ops_shows_a_token_or_key(house, ops):
    vault = house.app.extensions["vault"]
    secret = "canary-of-a-token"
    company_id = house.make_company("Blue Ridge")
    with house.writing():
        company = db.session.get(Company, company_id)
        company.feed_key = vault.seal(f"{secret}-feed", company_id, "feed_key")
        sealed = vault.seal(f'{{"access_token": "{secret}"}}', company_id, "tokens")
        realm = vault.seal("9341452canary", company_id, "realm")
        db.session.add(
            Connection(company_id=company_id, state="connected", realm=realm, realm_digest="d", tokens=sealed)
        )
        db.session.commit()
        kept = (company.feed_key, sealed, realm)
    failing(house, company_id, "7")
    refused_operation(house, company_id, "7")
    looked = 0
    for _endpoint, method, address in addresses(house.app):
        if method == "GET" and address.startswith("/ops"):
            page = ops.get(address.replace("/7", f"/{company_id}", 1)).text
            looked += 1
            for canary in (secret, "9341452canary", *kept):
                assert canary not in page, address
    assert looked >= 9
