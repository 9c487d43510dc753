"""What is set on the QuickBooks page and what follows from it; and what the page says in each state."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from bookkeeping.acts.connecting import store_connection
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.people.audit import AuditEntry, broken_entries
from bookkeeping.storage.people.people import LoginSession
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.runs import Run
from tests.webapp.house import House

PAGE = "/settings/quickbooks"
DATES = {"start_date": "2026-03-01", "invoice_date": "inspection"}


@pytest.fixture
def company(house: House) -> int:
    """A connected company in Denver, its first sync behind it."""
    company_id = house.make_company(
        time_zone="America/Denver", start_date=date(2026, 3, 1), last_sync_at=utcnow(), legacy=False
    )
    ends = utcnow() + timedelta(days=100)
    tokens = {
        "access_token": "a",
        "refresh_token": "r",
        "access_expires_at": utcnow(),
        "refresh_expires_at": ends,
    }
    with house.writing():
        row = store_connection(company_id, "4620816365000001", tokens, "owner@office.example")
        row.state, row.company_name, row.set_up_at = "connected", "Blue Ridge Books LLC", utcnow()
        db.session.commit()
    return company_id


def change(house: House, model, **values) -> None:
    with house.writing():
        db.session.execute(update(model).values(**values))
        db.session.commit()


def company_row(house: House) -> Company:
    with house.app.app_context():
        return db.session.scalars(select(Company)).one()


def runs(house: House) -> list[tuple[str, str, str]]:
    with house.app.app_context():
        return [
            (run.kind, run.reason, run.asked_by) for run in db.session.scalars(select(Run).order_by(Run.id))
        ]


def inspection_row(house: House, key: str) -> InspectionRow:
    with house.app.app_context():
        return db.session.scalars(select(InspectionRow).where(InspectionRow.key == key)).one()


def test_page_says_how_the_connection_stands(owner):
    page = owner.read(PAGE)
    for words in (
        "Blue Ridge Books LLC",
        "owner@office.example",
        "Reconnect by",
        "Nightly",
        "Mar 1, 2026",
        "In sync",
    ):
        assert words in page, words


def test_settings_row_says_connected_to_whom_and_by_whom(owner):
    page = owner.read("/settings")
    assert "Connected to <strong>Blue Ridge Books LLC</strong>" in page
    assert ">Enable<" not in page


@pytest.mark.parametrize(("path", "kind"), [(f"{PAGE}/sync", "sync"), (f"{PAGE}/check", "check")])
def test_runs_are_queued_once_on_request(house, company, owner, path, kind):
    for _ in range(2):
        assert owner.post(path, page=PAGE).location == PAGE
    assert runs(house) == [(kind, "by a person", f"owner{company}@office.example")]


def test_bookkeeper_may_sync_pause_and_change_dates_but_not_end_it(house, company):
    bookkeeper = house.browser(house.make_person("bookkeeper", company))
    assert ">Disconnect<" not in bookkeeper.read(PAGE)
    for path, values in ((f"{PAGE}/sync", {}), (f"{PAGE}/pause", {}), (f"{PAGE}/dates", DATES)):
        assert bookkeeper.post(path, values, page=PAGE).status_code == 303


def test_nothing_is_queued_for_a_company_that_is_not_connected(house, company, owner):
    change(house, Connection, state="disconnected", tokens=None)
    owner.post(f"{PAGE}/sync", page="/settings")
    assert "QuickBooks is not connected" in owner.read(PAGE)
    assert runs(house) == []


def test_pausing_and_resuming(house, company, owner):
    owner.post(f"{PAGE}/pause", page=PAGE)
    page = owner.read(PAGE)
    assert ">Paused<" in page.replace("</i>", ">") and "Resume" in page
    assert company_row(house).paused_by == f"owner{company}@office.example"
    assert runs(house) == []
    owner.post(f"{PAGE}/resume", page=PAGE)
    assert company_row(house).paused_at is None
    assert [run[0] for run in runs(house)] == ["sync"]


def test_changed_dates_make_every_inspection_due(house, company, owner):
    house.make_inspection(company, "1", next_try_at=utcnow() + timedelta(hours=1))
    owner.post(f"{PAGE}/dates", {"start_date": "2026-01-15", "invoice_date": "confirmed"}, page=PAGE)
    assert "Every confirmed inspection from Jan 15, 2026 on gets its documents now." in owner.read(PAGE)
    firm, row = company_row(house), inspection_row(house, "1")
    assert (firm.start_date, firm.invoice_date) == (date(2026, 1, 15), "confirmed")
    assert (row.due, row.next_try_at, row.wanted_gen) == (True, None, 2)
    assert [run[:2] for run in runs(house)] == [("sync", "settings changed")]


def test_same_dates_again_change_nothing(house, company, owner):
    house.make_inspection(company, "1")
    owner.post(f"{PAGE}/dates", DATES, page=PAGE)
    assert "Nothing was changed" in owner.read(PAGE)
    assert not inspection_row(house, "1").due and runs(house) == []


def test_later_start_says_that_documents_go(owner):
    owner.post(f"{PAGE}/dates", {**DATES, "start_date": "2026-05-01"}, page=PAGE)
    assert "Documents of inspections before May 1, 2026 are taken out of QuickBooks" in owner.read(PAGE)


@pytest.mark.parametrize(
    "typed", ["", "yesterday", "2026-02-30", "0001-01-01", "9999-12-31", "<script>", "x" * 10_000]
)
def test_impossible_start_dates_are_refused_and_what_was_typed_stays(house, owner, typed):
    answer = owner.post(f"{PAGE}/dates", {**DATES, "start_date": typed}, page=PAGE)
    assert answer.status_code == 422
    assert "is-invalid" in answer.text and "<script>" not in answer.text
    assert company_row(house).start_date == date(2026, 3, 1)


def test_unknown_invoice_date_is_refused(house, owner):
    answer = owner.post(f"{PAGE}/dates", {**DATES, "invoice_date": "tomorrow"}, page=PAGE)
    assert answer.status_code == 422
    assert company_row(house).invoice_date == "inspection"


def test_typed_dates_survive_an_ended_session(house, company, owner):
    token = owner.token(PAGE)
    change(house, LoginSession, ended_at=utcnow())
    headers = {"Referer": f"http://localhost{PAGE}"}
    values = {"csrf_token": token, "start_date": "2026-02-03", "invoice_date": "created"}
    owner.client.post(f"{PAGE}/dates", data=values, headers=headers)
    owner.log_in(f"owner{company}@office.example", next_path=PAGE)
    page = owner.read(PAGE)
    assert 'value="2026-02-03"' in page and 'selected value="created"' in page
    assert 'value="2026-03-01"' in owner.read(PAGE)  # Offered once.
    assert company_row(house).start_date == date(2026, 3, 1)


def test_earlier_inspections_are_shown_by_month_in_the_companys_zone(house, company, owner):
    for key, starts_at, total in (
        ("1", datetime(2026, 2, 1, 6, 0, tzinfo=UTC), "100.00"),  # January 31 in Denver.
        ("2", datetime(2026, 2, 10, 18, 0, tzinfo=UTC), "425.50"),
        ("3", datetime(2026, 2, 11, 18, 0, tzinfo=UTC), "0.25"),
    ):
        values = {"state": "not-in-books", "reason": "before-start", "total": Decimal(total)}
        house.make_inspection(company, key, starts_at=starts_at, **values)
    house.make_inspection(company, "4", starts_at=datetime(2026, 1, 5, tzinfo=UTC), reason="cancelled")
    page = " ".join(owner.read(PAGE).split())
    assert "3 inspections lie before your start date, $525.75 in all" in page
    assert "Bring in 2 inspections ($425.75)" in page and "Bring in 3 inspections ($525.75)" in page
    february, january = page.index("Feb 2026"), page.index("Jan 2026")
    assert february < page.index("$425.75") < january < page.index("$525.75", january)
    typed = page.partition('id="earlier_from"')[2].partition(">")[0]
    assert 'value=""' in typed or "value" not in typed, "no day is proposed, least of all the earliest"
    owner.post(f"{PAGE}/earlier", {"earlier_from": "2026-02-01"}, page=PAGE)
    assert company_row(house).start_date == date(2026, 2, 1)
    assert inspection_row(house, "2").due
    page = " ".join(
        owner.read(PAGE).split()
    )  # What was chosen is offered no more, and Home says what becomes of it.
    assert "1 inspection lies before your start date, $100.00 in all" in page
    assert "Bring in 1 inspection ($100.00)" in page and "Feb 2026</th>" not in page
    assert "2 earlier inspections are about to be brought in ($425.75)." in owner.read("/")


def test_a_typed_day_says_first_what_it_would_bring_in(house, company, owner):
    for key, day in (("1", 3), ("2", 10)):
        starts_at = datetime(2026, 2, day, 18, 0, tzinfo=UTC)
        values = {"total": Decimal("425.00"), "reason": "before-start", "starts_at": starts_at}
        house.make_inspection(company, key, **values)
    asked = " ".join(owner.read(f"{PAGE}?earlier_from=2026-02-05").split())
    assert "Bring in 1 inspection ($425.00)" in asked and "From Feb 5, 2026 on" in asked
    assert 'name="earlier_from" value="2026-02-05"' in asked
    assert "No inspection lies between" in owner.read(f"{PAGE}?earlier_from=2026-02-20")
    for nonsense in ("x", "9999-12-31", "2026-03-01", ""):
        assert "From Feb" not in owner.read(f"{PAGE}?earlier_from={nonsense}"), nonsense


def test_a_company_with_salesreceipts_brings_nothing_in_but_by_its_migration(house, company, owner):
    house.make_inspection(company, "1", starts_at=datetime(2026, 2, 1, 18, tzinfo=UTC), reason="before-start")
    change(house, Company, legacy=True)
    assert "Bring in" not in owner.read(PAGE)
    owner.post(f"{PAGE}/earlier", {"earlier_from": "2026-02-01"}, page=PAGE)
    assert company_row(house).start_date == date(2026, 3, 1)


def test_bringing_in_later_ones_makes_no_sense(house, company, owner):
    house.make_inspection(company, "1", starts_at=datetime(2026, 2, 1, tzinfo=UTC), reason="before-start")
    answer = owner.post(f"{PAGE}/earlier", {"earlier_from": "2026-03-01"}, page=PAGE)
    assert answer.status_code == 422
    assert "Choose a day before Mar 1, 2026" in answer.text


def test_held_deletes_wait_for_an_owner(house, company, owner):
    house.make_inspection(company, "1", state="waiting", reason="mass-delete-brake")
    house.make_inspection(company, "2", state="waiting", reason="temporary")
    change(house, Company, brake_at=utcnow(), brake_count=31)
    page = owner.read(PAGE)
    assert "31 documents would be deleted at once" in page and "Approve deletes" in page
    assert "31 deletes wait for your approval." in owner.read("/")
    bookkeeper = house.browser(house.make_person("bookkeeper", company))
    assert ">Approve deletes<" not in bookkeeper.read(PAGE)
    owner.post(f"{PAGE}/approve-deletes", page=PAGE)
    held, other = inspection_row(house, "1"), inspection_row(house, "2")
    assert (held.deletes_approved, held.due) == (True, True)
    assert (other.deletes_approved, other.due) == (False, False)
    assert company_row(house).brake_at is None
    assert [run[0] for run in runs(house)] == ["sync"]


def test_reconnect_needed_says_why_since_when_and_what_waits(house, company, owner):
    house.make_inspection(company, "1", state="waiting", reason="reconnect-needed")
    change(
        house,
        Connection,
        state="reconnect",
        code="qbo-3200",
        state_since=datetime(2026, 3, 2, 16, 15, tzinfo=UTC),
    )
    page = " ".join(owner.read("/settings").split())
    assert "no longer accepts our sign-in" in page and "Mar 2, 2026, 9:15 AM MST</time>" in page
    assert "1 change is waiting and will go through after you reconnect" in page
    assert ">Reconnect<" in page and "Disconnect" not in page
    bookkeeper = house.browser(house.make_person("bookkeeper", company)).read("/settings")
    assert "An owner can reconnect it." in bookkeeper and ">Reconnect<" not in bookkeeper


def test_grant_that_ends_soon_is_announced_thirty_days_before(house, owner):
    change(house, Connection, refresh_expires_at=utcnow() + timedelta(days=31))
    assert ">Reconnect<" not in owner.read(PAGE)
    change(house, Connection, refresh_expires_at=utcnow() + timedelta(days=29))
    page = owner.read(PAGE)
    assert ">Reconnect<" in page and ">Disconnect<" in page


def test_running_first_sync_is_shown_and_refreshes_without_javascript(house, company, owner):
    with house.writing():
        run = Run(
            company_id=company, kind="first", state="running", phase="Creating invoices", done=42, total=118, calls=6,
            started_at=utcnow() - timedelta(seconds=42),
        )  # fmt: skip
        db.session.add(run)
        db.session.commit()
        job = f'data-job="{run.id}"'
    page = owner.read(PAGE)
    for words in ("42 of 118", "Creating invoices", "QuickBooks calls: 6", 'value="42" max="118"', job):
        assert words in page, words
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page
    assert "about 1 min left" in page or "about 76 s left" in page
    change(house, Run, state="done", done=118)
    page = owner.read(PAGE)
    assert "Done." in page and "http-equiv" not in page and job not in page


def test_first_sync_that_failed_says_why(house, company, owner):
    with house.writing():
        db.session.add(Run(company_id=company, kind="first", state="failed", error_code="feed-refused"))
        db.session.commit()
    assert "The inspection platform refuses our key" in owner.read(PAGE)
    change(house, Company, last_sync_at=None)
    assert "Your first sync was not finished. We try again by ourselves." in owner.read("/")


def test_every_act_is_on_record_in_a_whole_chain(house, company, owner):
    for path, values in (
        ("pause", {}),
        ("resume", {}),
        ("dates", {**DATES, "invoice_date": "created"}),
        ("sync", {}),
    ):
        owner.post(f"{PAGE}/{path}", values, page=PAGE)
    with house.app.app_context():
        acts = db.session.scalars(select(AuditEntry.act).order_by(AuditEntry.id)).all()
        assert broken_entries(company) == []
    assert acts == ["logged in", "paused syncing", "resumed syncing", "changed dates", "asked for a sync"]


def test_home_says_in_one_sentence_what_is_so(house, company, owner):
    assert "<h1>No inspections yet.</h1>" in owner.read("/")
    house.make_inspection(company, "1", state="in-sync")
    assert "<h1>Everything is in the books.</h1>" in owner.read("/")
    house.make_inspection(company, "2", state="needs-you", reason="negative-total")
    assert "<h1>1 inspection needs you.</h1>" in owner.read("/")
    assert "MST" in owner.read("/")


def test_home_before_connecting_points_to_the_integrations(house, owner):
    with house.writing():
        db.session.delete(db.session.scalars(select(Connection)).one())
        db.session.commit()
    page = owner.read("/")
    assert "<h1>QuickBooks is not connected yet.</h1>" in page
    assert 'href="/settings#system-integrations"' in page


@pytest.mark.parametrize(
    ("fact", "says"),
    [
        ("automated_sales_tax", "Automated sales tax is on in QuickBooks"),
        ("auto_apply_credit", "QuickBooks applies credits by itself"),
    ],
)
@pytest.mark.parametrize("on", [True, False])
def test_what_quickbooks_does_by_itself_is_said_from_connecting_on(house, owner, fact, says, on):
    change(house, Connection, facts={fact: on})
    assert (says in owner.read("/settings/quickbooks")) is on
