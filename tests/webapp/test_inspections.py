"""Inspections: the list, its filters and pages; one inspection's page, its trace, preview and retry."""

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest
from sqlalchemy import select

from bookkeeping.faults import CATALOGUE
from bookkeeping.logbook import pages as logbook
from bookkeeping.rules.inspection import Client, FeeLine
from bookkeeping.storage.base import db
from bookkeeping.storage.paging import Position
from bookkeeping.storage.records.documents import CustomerLink, LegacyReceipt
from bookkeeping.storage.records.inspections import STATES, InspectionRow
from bookkeeping.storage.work.runs import Run
from tests.webapp.house import House
from tests.webapp.records import NOON, Records, inspection_row, paid, post_with_token


@pytest.fixture
def company(house: House) -> int:
    return house.make_company(start_date=NOON.date() - timedelta(days=60))


def listed(page: str) -> list[str]:
    """The platform's ids of the inspections on a page of the list, in order."""
    return re.findall(r'records__name" href="/inspections/([^"]+)"', page)


def words(page: str) -> str:
    """A page's text as a person reads it."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


# ---- The list


def test_list_shows_state_reason_client_start_total_and_numbers(records, owner):
    records.connect()
    records.booked("1042", payments=(paid("200.00"),))
    records.inspection("1043", "not-in-books", reason="not-confirmed", confirmed_at=None)
    records.inspection("1044", "needs-you", reason="closed-books")
    page = owner.read("/inspections")
    assert listed(page) == ["1044", "1043", "1042"]
    said = words(page)
    for part in (
        "Ann O'Neil 12 Oak St, Denver, CO 80203 · 1042 Mar 2, 2026, 12:00 PM MST $425.00 SP-1042 1 payment",
        "Not in the books It is not confirmed yet.",
        "Needs you The books are closed for that date",
    ):
        assert part in said
    assert 'href="http://127.0.0.1:9/books/9341452/invoice/145"' in page


def test_every_state_has_its_word(records, owner):
    for state in STATES:
        records.inspection(state, state, reason="temporary")
    said = words(owner.read("/inspections").split("<tbody>")[1])
    assert all(word in said for word in STATES.values())


def test_empty_list_says_what_happens_next(records, owner):
    assert "No inspections yet." in owner.read("/inspections")
    assert "No inspection fits these filters." in owner.read("/inspections?text=nobody")


def test_filters_narrow_the_inspections(records, owner):
    records.inspection("1", starts_at=NOON)
    # Half past eleven in the evening of March 4th in Denver, March 5th in UTC.
    records.inspection(
        "2", "needs-you", reason="closed-books", starts_at=NOON + timedelta(days=2, hours=11.5)
    )
    records.inspection("3", client=Client("c2", "Bo", "100%"), starts_at=NOON + timedelta(days=9))
    records.document("3", doc_number="SP-0003")
    for query, found in {
        "state=needs-you": ["2"],
        "reason=closed-books": ["2"],
        "since=2026-03-04&until=2026-03-04": ["2"],
        "until=2026-03-03": ["1"],
        "text=neil": ["2", "1"],
        "text=100%25": ["3"],
        "text=sp-0003": ["3"],
        "text=%25": ["3"],
        "text=OAK": ["3", "2", "1"],
        "text=_": [],
        "state=in-sync&text=bo": ["3"],
    }.items():
        assert listed(owner.read(f"/inspections?{query}")) == found, query


def test_wrong_filter_is_named_and_the_others_are_kept(records, owner):
    records.inspection("1", "needs-you")
    records.inspection("2")
    for query, message in {
        "state=zzz": "There is no such choice.",
        "reason=zzz": None,  # It has no field of its own; all are shown.
        "since=31.12.2025": "“31.12.2025” is no day.",
        "until=2026-02-30": "“2026-02-30” is no day.",
    }.items():
        answer = owner.get(f"/inspections?{query}&text=oak")
        assert answer.status_code == 400, query
        assert message is None or message in unescape(answer.text)
        assert 'value="oak"' in answer.text
        assert len(listed(answer.text)) == 2
    assert "The address of that page is damaged" in owner.read("/inspections?at=older~2026~1")


def test_ten_thousand_inspections_show_once_each_over_all_pages(database_url):
    house = House(database_url)
    company, other = house.make_company(), house.make_company("Other")
    rows = [
        inspection_row(
            (company, other)[n % 10 == 0], f"k{n}", "in-sync", NOON + timedelta(hours=n % 700), {}, {}
        )
        for n in range(10_000)
    ]
    Records(house, company).keep(*rows)
    with house.app.app_context():
        order = select(InspectionRow.id).where(InspectionRow.company_id == company)
        expected = list(
            db.session.scalars(order.order_by(InspectionRow.starts_at.desc(), InspectionRow.id.desc()))
        )
        seen, position, pages = [], None, 0
        while pages == 0 or position is not None:
            page = logbook.inspections_page(company, logbook.InspectionFilter(), position)
            seen += [row.id for row in page.rows]
            position = Position.parse(str(page.older), logbook.INSPECTION_ORDER) if page.older else None
            pages += 1
        assert len(expected) == 9_000 and pages == 180
        assert seen == expected
        back = logbook.inspections_page(company, logbook.InspectionFilter(), page.newer)
        assert [row.id for row in back.rows] == expected[-100:-50]


def test_pages_lead_there_and_back_again(house, company, records, owner):
    rows = (
        inspection_row(company, f"k{n:03}", "in-sync", NOON - timedelta(hours=n // 4), {}, {})
        for n in range(130)
    )
    records.keep(*rows)
    first = owner.read("/inspections?state=in-sync")
    second = owner.read(unescape(re.search(r'rel="next" href="([^"]+)"', first).group(1)))
    third = owner.read(unescape(re.search(r'rel="next" href="([^"]+)"', second).group(1)))
    assert sorted(listed(first) + listed(second) + listed(third)) == [f"k{n:03}" for n in range(130)]
    assert 'rel="next"' not in third and 'rel="prev"' not in first
    assert listed(owner.read(unescape(re.search(r'rel="prev" href="([^"]+)"', third).group(1)))) == listed(
        second
    )
    assert listed(owner.read(unescape(re.search(r'rel="prev" href="([^"]+)"', second).group(1)))) == listed(
        first
    )


# ---- One inspection


def test_inspection_in_sync_shows_both_sides(records, owner):
    records.connect()
    records.booked("1042", payments=(paid("200.00"),))
    page = owner.read("/inspections/1042")
    said = words(page)
    assert "Both sides say the same." in said and "difference" not in said
    for part in (
        "ann@example.com",
        "Bo Lind",
        "Full Home Inspection $425.00",
        "Invoice SP-1042",
        "Open balance $225.00",
        "QuickBooks id 145",
        "Applied to the Invoice $200.00",
        "It was confirmed on February 23, 2026, 12:00 PM (Denver).",
        "on or after the sync start date January 1, 2026",
    ):
        assert part in said, part
    for kind, qbo_id in (("invoice", "145"), ("payment", "150"), ("customer", "71")):
        assert f"/books/9341452/{kind}/{qbo_id}" in page


def test_differences_say_what_is_there_and_what_should_be(records, owner):
    records.inspection("1042", payments=(paid("100.00"),))
    records.document("1042", total=Decimal("400.00"))
    records.document("1042", "Payment", source_key="gone", total=Decimal("50.00"))
    said = words(owner.read("/inspections/1042"))
    assert "3 differences" in said
    assert "Invoice SP-1042 $400.00 on Mar 2, 2026 → $425.00 on Mar 2, 2026" in said
    assert "Payment 1881 $50.00 on Mar 2, 2026 → not there" in said
    assert "Payment 1881 not there → $100.00 on Mar 2, 2026" in said


def test_page_names_the_cause_when_there_is_no_invoice(house, company, records, owner):
    records.inspection("1", "needs-you", reason="qbo-6240", detail="Duplicate Name Exists Error")
    records.inspection("2", "not-in-books", reason="not-confirmed", confirmed_at=None)
    records.inspection("3", "needs-you", reason="no-client", client=None)
    records.inspection("4", "not-in-books", canceled_at=NOON, cancel_reason="Buyer walked away")
    records.inspection("5", "waiting", reason="temporary", next_try_at=NOON + timedelta(days=900))
    records.inspection("6", "not-in-books", reason="has-receipt")
    records.keep(
        LegacyReceipt(company_id=company, inspection_key="6", receipt_id="9", amount=Decimal("425.00"))
    )
    for key, parts in {
        "1": (CATALOGUE["qbo-6240"].title, CATALOGUE["qbo-6240"].remedy, "Duplicate Name Exists Error"),
        "2": ("Not in the books: it is not confirmed yet.",),
        "3": (CATALOGUE["no-client"].title, CATALOGUE["no-client"].remedy),
        "4": ("it was cancelled on March 2, 2026, 12:00 PM (Denver): Buyer walked away.",),
        "5": (CATALOGUE["temporary"].title, "We try again by ourselves in"),
        "6": ("A SalesReceipt of the earlier integration stands for it",),
    }.items():
        said = words(owner.read(f"/inspections/{key}"))
        assert all(part in said for part in parts), (key, said)


def test_record_that_could_not_be_read_has_its_page(house, records, owner):
    records.bad_record(
        "ins-77", reason="starts_at is missing", raw={"id": "ins-77", "name": "</pre><script>"}
    )
    page = owner.read("/inspections/ins-77")
    said = words(page)
    assert "starts_at is missing" in said and CATALOGUE["bad-record"].title in said
    assert "<script>" not in page.replace('<script src="/static', "")
    assert "&lt;/pre&gt;" in page or "\\u003c/pre" in page
    assert owner.get("/inspections/ins-77/preview").status_code == 200
    owner.post("/inspections/ins-77/retry", page="/inspections/ins-77")
    with house.app.app_context():
        assert db.session.scalars(select(Run)).one().kind == "sync"


def test_history_lists_its_operations_and_counts_its_calls(records, owner):
    records.inspection("1042")
    first, second = records.call(attempts=2), records.call(request_id="req-2")
    records.operation(call_id=first)
    records.operation(call_id=first, kind="Payment", doc_number="1881")
    records.operation("1042", "updated", action="update", call_id=second)
    records.operation("1043")
    page = owner.read("/inspections/1042")
    assert len(re.findall("log__title", page)) == 3
    assert "3 QuickBooks calls carried its documents" in page


def test_drift_can_be_settled_from_the_inspection(records, owner):
    records.inspection("1042", "drift", reason="drift")
    drift = records.drift(records.document("1042"))
    page = owner.read("/inspections/1042")
    assert f'action="/drift/{drift}/restore"' in page and f'action="/drift/{drift}/keep"' in page


def test_names_are_text_and_never_markup(records, owner):
    evil = '<script>alert(1)</script>"><img src=x>'
    line = FeeLine("l1", "service", evil, Decimal("425.00"))
    records.inspection(
        "1",
        "needs-you",
        reason=evil[:40],
        detail=evil,
        client=Client("c1", evil, evil, evil, evil),
        lines=(line,),
        cancel_reason=evil,
    )
    records.document("1", doc_number=evil[:21], body={"PaymentRefNum": evil})
    for path in ("/inspections", "/inspections/1", "/inspections/1/preview", f"/inspections?text={evil}"):
        page = owner.read(path)
        assert "<script>alert" not in page and "<img src=x" not in page, path
        assert "&lt;script&gt;" in page, path


# ---- Preview


def test_preview_shows_the_documents_and_sends_nothing(house, records, owner):
    lines = (
        FeeLine("l1", "service", "Full Home Inspection", Decimal("425.00")),
        FeeLine("l2", "discount", "Returning client", Decimal("-25.00")),
    )
    records.inspection("1042", "syncing", lines=lines, payments=(paid("450.00"),))
    said = words(owner.read("/inspections/1042/preview"))
    for part in (
        "Display name Ann O'Neil",
        "Invoice SP-1042 Would be created Invoice no. SP-1042 Invoice date Mar 2, 2026",
        "Full Home Inspection Full Home Inspection 1 $425.00 $425.00",
        "Discount Returning client 1 −$25.00 −$25.00",
        "Total $400.00",
        "New Items, made first: Full Home Inspection, Discount.",
        "Payment date Mar 2, 2026 Amount received $450.00 Applied to SP-1042 $400.00 Left as credit $50.00",
        "Deposit to Undeposited Funds",
        CATALOGUE["overpaid"].title,
    ):
        assert part in said, part
    with house.app.app_context():
        assert db.session.scalars(select(Run)).all() == []


def test_preview_says_why_there_is_nothing_to_show(records, owner):
    records.inspection("1", confirmed_at=None)
    records.inspection("2", lines=(FeeLine("l1", "discount", "All of it", Decimal("-9.00")),))
    assert "Not in the books: it is not confirmed yet." in words(owner.read("/inspections/1/preview"))
    assert CATALOGUE["negative-total"].title in words(owner.read("/inspections/2/preview"))


def test_preview_changes_a_customer_of_ours_by_itself_and_nobody_elses(house, records, owner):
    records.booked("1042")
    for ours, changed in ((True, 1), (False, 0)):
        with house.writing():
            link = db.session.scalars(select(CustomerLink)).one()
            link.ours, link.fingerprint = ours, "other details"
            db.session.commit()
        said = words(owner.read("/inspections/1042/preview"))
        assert said.count("Would be changed") == changed
        assert said.count("In QuickBooks, as shown") == 2 - changed


# ---- Retry, and whose it is


def test_retry_makes_this_one_due(house, records, owner):
    records.inspection("1", "needs-you", reason="closed-books", failures=4)
    records.inspection("2", "needs-you", reason="closed-books")
    answer = owner.post("/inspections/1/retry", page="/inspections/1")
    assert answer.location == "/inspections/1"
    assert "Inspection 1 is tried again." in owner.read("/inspections/1")
    with house.app.app_context():
        rows = {row.key: row for row in db.session.scalars(select(InspectionRow))}
        assert (rows["1"].due, rows["1"].failures, rows["1"].state) == (True, 0, "syncing")
        assert (rows["2"].due, rows["2"].state) == (False, "needs-you")
        assert db.session.scalars(select(Run)).one().reason == "by a person"


def test_what_is_not_there_is_not_found(owner):
    for path in (
        "/inspections/none",
        "/inspections/none/preview",
        "/inspections/%00",
        "/inspections/" + "9" * 500,
    ):
        assert owner.get(path).status_code == 404, path
    assert owner.post("/inspections/none/retry", page="/inspections").status_code == 404


def test_another_companys_inspection_is_not_there(house, records, owner):
    records.inspection("1042", "needs-you", reason="closed-books")
    records.document("1042")
    stranger = house.browser(house.make_person("owner", house.make_company("Other")))
    page = stranger.read("/inspections?text=1042")
    assert "1042" not in page.replace('value="1042"', "").replace("text=1042", "")
    assert stranger.get("/inspections/1042").status_code == 404
    assert stranger.get("/inspections/1042/preview").status_code == 404
    assert stranger.post("/inspections/1042/retry", page="/inspections").status_code == 404
    ops = house.browser(house.make_person("ops"))
    assert ops.get("/inspections/1042").status_code == 403
    assert post_with_token(house, ops, "/inspections/1042/retry").status_code == 403
    with house.app.app_context():
        assert db.session.scalars(select(InspectionRow)).one().due is False


def test_two_companies_may_have_an_inspection_of_the_same_id(house, company, records, owner):
    records.inspection("1042")
    other = house.make_company("Other")
    Records(house, other).inspection("1042", client=Client("c7", "Zoe", "Quist"))
    assert "Zoe" not in owner.read("/inspections/1042")
    assert "Zoe" in house.browser(house.make_person("owner", other)).read("/inspections/1042")
