"""Ops change a company itself: what is asked, shown and told before and after, and that nothing happens without all of it."""

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from bookkeeping.faults import fault
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.company.credentials import credentials_of, keep_credentials
from bookkeeping.storage.company.vault import vault
from bookkeeping.storage.people.audit import AuditEntry
from bookkeeping.storage.people.notices import Notice
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.runs import Run
from tests.bookkeeping.inspection_source.factories import Answer, serve
from tests.webapp.house import Browser, House
from tests.webapp.test_confirming import ten_minutes_pass
from webapp.access.matrix import Right

US = {"name": "Blue Ridge", "country": "US", "us_based": True, "time_zone": "America/Denver"}
EAST = "America/New_York"


@pytest.fixture
def ops(house: House) -> Browser:
    return house.browser(house.make_person("ops"))


@pytest.fixture
def place(company: int) -> str:
    return f"/ops/companies/{company}"


def facts(house: House, company: int) -> tuple[str, str, str, str]:
    with house.app.app_context():
        row = db.session.get_one(Company, company)
        return row.name, row.time_zone, row.feed_url, vault().open(row.feed_key, row.id, "feed_key")


def told(house: House) -> list[str]:
    with house.app.app_context():
        subjects = db.session.scalars(select(Notice.subject).where(Notice.kind == "access"))
        return [one.partition(": ")[2] for one in subjects]


def acts(house: House) -> list[tuple[str, str]]:
    with house.app.app_context():
        rows = select(AuditEntry.act, AuditEntry.subject).order_by(AuditEntry.id)
        rows = rows.where(AuditEntry.act != "looked at the company (ops)")
        return [tuple(row) for row in db.session.execute(rows)]


def test_every_change_wants_the_person_and_the_right(house, ops, company, place):
    views = {
        endpoint: view
        for endpoint, view in house.app.view_functions.items()
        if Right.OPS_CHANGE in getattr(view, "rights", ())
    }
    assert len(views) == 8 and all(view.recently_confirmed for view in views.values())
    before = facts(house, company)
    ten_minutes_pass(house)
    for path, values in {
        "/change/name": {"name": "Other"},
        "/change/time-zone": {"zone": EAST},
        "/change/platform": {"feed_url": "https://x.example"},
        "/change/source": {"kind": "files"},
        "/change/source/take": {"sealed": "x"},
        "/remove": {"typed": before[0]},
    }.items():
        answer = ops.post(place + path, values, page="/ops/companies")
        assert (answer.status_code, "Is it you?" in answer.text) == (403, True), path
    assert facts(house, company) == before


def test_a_company_is_renamed(house, ops, company, place):
    house.make_person("owner", company)
    assert ops.post(place + "/change/name", {"name": " Front Range "}).status_code == 303
    assert facts(house, company)[0] == "Front Range"
    assert acts(house)[-1] == ("changed the company", "name") and told(house) == []
    assert "already" in ops.read(ops.post(place + "/change/name", {"name": "Front Range"}).location)


def test_a_name_that_is_none_is_said_at_its_field(house, ops, company, place):
    for typed in ("", "   ", "x" * 201, "\x00"):
        answer = ops.post(place + "/change/name", {"name": typed})
        assert answer.status_code == 422 and 'aria-invalid="true"' in answer.text, typed
    assert facts(house, company)[0] == "Blue Ridge Home Inspections"


def test_a_zone_is_shown_first_and_changed_when_it_was_seen(house, ops, company, place, records):
    house.make_person("owner", company)
    records.connect()
    with house.writing():
        db.session.get_one(Company, company).start_date = datetime(2026, 1, 1).date()
        db.session.commit()
    records.booked("1", starts_at=datetime(2026, 3, 3, 6, 30, tzinfo=UTC))
    page = ops.read(f"{place}/change/time-zone?zone={EAST}")
    assert "Invoice SP-1" in page and "Mar 3, 2026" in page and "1 document, " in page
    assert facts(house, company)[1] == "America/Denver"
    mark = re.search(r'name="fingerprint" value="([^"]+)"', page).group(1)
    stale = ops.post(f"{place}/change/time-zone", {"zone": EAST, "fingerprint": "of before"})
    assert "Something changed since" in ops.read(stale.location)
    assert facts(house, company)[1] == "America/Denver"
    ops.post(f"{place}/change/time-zone", {"zone": EAST, "fingerprint": mark})
    assert facts(house, company)[1] == EAST
    assert acts(house)[-1] == ("changed the company", "time_zone")
    assert told(house) == ["The company's time zone was changed"]
    with house.app.app_context():
        assert db.session.scalars(select(InspectionRow.due)).one()
        assert db.session.scalars(select(Run.reason)).all() == ["time zone changed"]


def test_what_is_no_other_zone_is_said_at_its_field(house, ops, company, place):
    for typed in ("", "Mars/North", "America/Denver", "../etc", "\x00", "x" * 300):
        for answer in (
            ops.get(f"{place}/change/time-zone", query_string={"zone": typed}),
            ops.post(f"{place}/change/time-zone", {"zone": typed}),
        ):
            assert answer.status_code == 422 and 'aria-invalid="true"' in answer.text, typed
    assert facts(house, company)[1] == "America/Denver"


@pytest.mark.outside
@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (Answer({"data": {"attributes": US}}), ""),
        (Answer({}, status=401), fault("feed-refused").title),
        (Answer({}, status=503), "answered 503"),
        (Answer({"data": {}}), "The company has no attributes"),
    ],
    ids=["works", "wrong key", "away", "nonsense"],
)
def test_another_platform_is_asked_before_it_is_taken(house, ops, company, place, answer, problem):
    house.make_person("owner", company)
    before = facts(house, company)
    with serve(lambda path: answer) as platform:
        values = {"feed_url": platform.url + "/", "feed_key": "another key"}
        done = ops.post(place + "/change/platform", values)
        assert platform.requests == [("/v2/company", "Bearer another key")]
        page = done.text if problem else ops.read(done.location)
        if problem:
            assert done.status_code == 422 and problem in page and "Nothing was changed." in page
            assert facts(house, company) == before and told(house) == []
        else:
            assert "Blue Ridge, US, America/Denver" in page
            assert facts(house, company)[2:] == (platform.url, "another key")
            assert ("changed the company", "feed_key, feed_url") in acts(house)
            assert told(house) == ["Inspections are read another way"]
    assert "another key" not in page


@pytest.mark.outside
def test_a_platform_of_numbered_pages_keeps_its_kind_and_what_else_it_was_given(house, ops, company, place):
    with house.writing():
        given = {"url": "https://old.example", "key": "old key", "days_back": 90}
        keep_credentials(db.session.get_one(Company, company), "pages", given)
        db.session.commit()
    assert 'value="https://old.example"' in ops.read(place + "/change")
    with serve(lambda path: Answer({"data": {"attributes": US}})) as platform:
        done = ops.post(place + "/change/platform", {"feed_url": platform.url, "feed_key": ""})
        assert "The platform answered" in ops.read(done.location)
        assert platform.requests == [("/v2/company", "Bearer old key")]
    with house.app.app_context():
        row = db.session.get_one(Company, company)
        assert (row.source_kind, row.feed_key) == ("pages", "")
        assert credentials_of(row) == {**given, "url": platform.url}


def test_another_source_is_shown_first_and_taken_when_it_was_seen(house, ops, company, place):
    house.make_person("owner", company)
    house.make_inspection(company, "7")
    shown = ops.post(place + "/change/source", {"kind": "files"}, page=place + "/change").text
    assert "Nothing is changed yet." in shown and "Nothing is booked yet" in shown
    hidden = dict(re.findall(r'name="(sealed|fingerprint)" value="([^"]+)"', shown))
    for wrong in ({**hidden, "fingerprint": "of before"}, {**hidden, "sealed": "a.b.c"}, {}):
        answer = ops.post(place + "/change/source/take", wrong, page=place + "/change")
        assert "othing was changed." in ops.read(answer.location)
    assert facts(house, company)[2] != ""
    done = ops.post(place + "/change/source/take", hidden, page=place + "/change")
    assert "files that people drop" in ops.read(done.location)
    with house.app.app_context():
        row = db.session.get_one(Company, company)
        assert (row.source_kind, row.feed_url, row.feed_key) == ("files", "", "")
        assert db.session.query(InspectionRow).count() == 0
    assert acts(house)[-1] == ("changed the source", "") and told(house) == [
        "Inspections are read another way"
    ]


def test_a_source_under_which_what_is_booked_would_be_lost_is_not_taken(house, ops, company, place, records):
    records.connect()
    records.booked("1")
    shown = ops.post(place + "/change/source", {"kind": "files"}, page=place + "/change").text
    assert "It shows nothing that is in QuickBooks (1 inspection)" in shown and 'name="sealed"' not in shown
    bad = ops.post(
        place + "/change/source", {"kind": "feed", "source_url": "https://x.example"}, page=place + "/change"
    )
    assert bad.status_code == 422 and "The key of the source is missing" in bad.text


def test_a_company_of_files_has_no_platform_to_change(house, ops):
    place = f"/ops/companies/{house.make_company(source_kind='files', feed_url='')}"
    assert 'id="platform"' not in ops.read(place + "/change")
    asked = {"feed_url": "https://x.example", "feed_key": "k"}
    assert ops.post(place + "/change/platform", asked, page=place + "/change").status_code == 404


def test_what_is_no_address_is_said_at_its_field(house, ops, company, place):
    for typed in ("", "example.com", "ftp://example.com", "https://", "javascript:alert(1)"):
        answer = ops.post(place + "/change/platform", {"feed_url": typed, "feed_key": "k"})
        assert answer.status_code == 422 and "Enter scheme and host" in answer.text, typed


def test_a_company_is_removed_only_with_its_name_typed(house, ops, company, place):
    owner = house.browser(house.make_person("owner", company))
    for typed in ("", "blue ridge home inspections", "Blue Ridge Home Inspections "):
        answer = ops.post(place + "/remove", {"typed": typed})
        assert answer.status_code == 422 and "Nothing was removed." in answer.text
    assert owner.get("/").status_code == 200
    done = ops.post(place + "/remove", {"typed": "Blue Ridge Home Inspections"})
    assert "is being removed" in ops.read(done.location)
    with house.app.app_context():
        row = db.session.get_one(Company, company)
        assert row.erasing_since and row.paused_at and row.erased_at is None
        assert db.session.get(Connection, company) is None
    assert owner.get("/").location.startswith("/login")
    assert ("began to erase a company", f"company {company}") in acts(house)
    assert "It is being removed." in ops.read(place)


def test_who_only_looks_is_offered_no_change(house, company, place):
    reader = house.browser(house.make_person("ops-read-only"))
    assert "/change" not in reader.read(place)
    assert reader.get(place + "/change").status_code == 403
