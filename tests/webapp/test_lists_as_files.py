"""Every list and statement as CSV and as Excel: both there, with the same rows and sums, headings in words, and the company's days."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from bookkeeping.storage.people.notices import Notice
from bookkeeping.storage.records.numbers import PulledNumbers
from tests.webapp.failing import failing
from tests.webapp.furnished import furnish
from tests.webapp.house import Browser, House
from tests.webapp.migration.planned import Plan
from tests.webapp.records import NOON, Records, paid
from tests.webapp.sheets import csv_rows, xlsx_rows
from tests.webapp.test_this_month import explained_by, statement
from webapp.inspections import export as inspections_export
from webapp.numbers import export as numbers_export
from webapp.ops import export as ops_export
from webapp.questions import export as questions_export
from webapp.sync_log import export as log_export

MIGRATION = "/settings/quickbooks/migration/{migration}"
LISTS = {
    "inspections": "/inspections?as={}",
    "inspections of a filter": "/inspections?state=needs-you&as={}",
    "operations": "/sync-log?as={}",
    "runs": "/sync-log/runs?as={}",
    "a run": "/sync-log/runs/{run}?as={}",
    "changed": "/drift?as={}",
    "left": "/drift?list=left&as={}",
    "clients": "/customers/review?as={}",
    "payments": "/numbers/payments?as={}",
    "open invoices": "/numbers?list=open&as={}",
    "owed": "/numbers?list=owed&as={}",
    "months": "/numbers?list=months&as={}",
    "statement": "/numbers/tie-out/{statement}/statement.{}",
    "audit log": "/settings/audit-log/download?as={}",
    "notices": "/settings/notifications?as={}",
    "preview": MIGRATION + "/preview.{}",
    "sums": MIGRATION + "/sums.{}",
    "report": MIGRATION + "/report.{}",
    "archive": MIGRATION + "/archive.{}",
    "failures": "/ops/failures.{}",
    "companies": "/ops/companies?as={}",
}
COLUMNS = {
    "inspections": inspections_export.COLUMNS,
    "operations": log_export.OPERATION_COLUMNS,
    "runs": log_export.RUN_COLUMNS,
    "changed": questions_export.DRIFT_COLUMNS,
    "left": questions_export.LEFT_COLUMNS,
    "clients": questions_export.CLIENT_COLUMNS,
    "payments": numbers_export.PAYMENT_COLUMNS,
    "open invoices": numbers_export.INVOICE_COLUMNS,
    "months": numbers_export.MONTH_COLUMNS,
    "failures": ops_export.FAILURE_COLUMNS,
    "companies": ops_export.COMPANY_COLUMNS,
}
EVIL = "=cmd|' /C calc'!A0"
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?")


def pulled(company_id: int) -> list[PulledNumbers]:
    """Return what was read of the numbers, a row each."""
    document = {"id": "145", "doc_number": "SP-1042", "date": "2026-03-02", "customer": EVIL}
    invoice = {**document, "kind": "Invoice", "total": "575.00", "balance": "150.00", "due": "2026-03-09"}
    payment = {**document, "kind": "Payment", "total": "425.00", "unapplied": "0.00"}
    payment |= {"undeposited": True, "method": "Check"}
    by_age = {"customer_id": "71", "customer": EVIL, "by_age": ["150.00"], "total": "150.00"}
    month = {"month": "2026-03", "section": "Income", "amount": "575.00"}
    contents = {
        ("open-invoices", "", "2026-03-20"): {"invoices": [invoice], "total": "150.00"},
        ("payments", "", "2026-01-01"): {"payments": [payment]},
        ("aged-receivables", "", "2026-03-20"): {
            "ages": ["Current"],
            "customers": [by_age],
            "total": "150.00",
        },
        ("profit-and-loss", "Accrual", "2026-03-01 2026-03-31"): {"totals": [month], "accounts": []},
    }
    return [
        PulledNumbers(
            company_id=company_id, kind=kind, basis=basis, period=period, content=content, pulled_at=NOON
        )
        for (kind, basis, period), content in contents.items()
    ]


@pytest.fixture
def addresses(house: House) -> dict[str, str]:
    """The lists of a company with something in each of them; its clients and people have names that are formulas."""
    company_id = furnish(house, "Blue Ridge Home Inspections")
    records = Records(house, company_id)
    records.keep(*pulled(company_id))
    records.keep(
        Notice(
            company_id=company_id,
            kind="needs-you-digest",
            occasion="n",
            subject=EVIL,
            text="x",
            created_at=NOON,
        )
    )
    records.inspection("9001", "needs-you", reason="qbo-6200", client_name=EVIL, inspector="+1")
    run = records.run()
    records.operation("9001", run_id=run, subject=EVIL)
    content = explained_by("missing")
    content["explained"][0]["sentence"] = EVIL
    kept = statement(records, date(2026, 3, 1), date(2026, 3, 31), booked=2, content=content)
    other = house.make_company("Front Range", time_zone="America/Denver")
    migration = Plan(house, other).migrate("done")
    house.make_person("owner", company_id, "owner@blue.example")
    house.make_person("owner", other, "owner@front.example")
    house.make_person("ops", email="ops@tieout.example")
    known = {"run": run, "statement": kept, "migration": migration}
    return {
        name: re.sub(r"\{(\w+)\}", lambda found: str(known[found[1]]), address)
        for name, address in LISTS.items()
    }


def reader(house: House, name: str) -> Browser:
    """Return the browser of somebody who may have this list."""
    if name in ("failures", "companies"):
        return house.browser("ops@tieout.example")
    here = "front" if name in ("preview", "sums", "report", "archive") else "blue"
    return house.browser(f"owner@{here}.example")


def test_every_list_is_the_same_as_csv_and_as_excel(house, addresses):
    for name, address in addresses.items():
        browser = reader(house, name)
        answers = {ending: browser.get(address.format(ending)) for ending in ("csv", "xlsx")}
        for ending, answer in answers.items():
            assert answer.status_code == 200, (name, ending, answer.text)
            assert f".{ending}" in answer.headers["Content-Disposition"], name
            assert int(answer.headers["Content-Length"]) == len(answer.data)
        texts, cells = csv_rows(answers["csv"].data), xlsx_rows(answers["xlsx"].data)
        assert len(texts) == len(cells) and (len(texts) > 1 or name == "archive"), name
        assert [[plain(one) for one in row] for row in texts] == [
            [in_excel(row.get(place, ("text", ""))) for place in range(len(texts[0]))] for row in cells
        ], name
        assert not [one for one in texts[0] if "_" in one or one[:1] != one[:1].upper()], (name, texts[0])
        for heading, column in zip(texts[0], COLUMNS.get(name, ()), strict=name in COLUMNS):
            assert heading.partition(" (")[0] == column.heading, name
        assert "formula" not in {kind for row in cells for kind, _ in row.values()}, name
        assert not [one for row in texts for one in row if re.match(r"[=+@]|-\D", one)], name


def plain(text: str) -> str:
    """Return a CSV's cell without the apostrophe that keeps it from being a formula; amounts and days as numbers of a spreadsheet."""
    if _DAY.fullmatch(text):
        there = datetime.fromisoformat(text) - datetime(1899, 12, 30)
        return f"{there / timedelta(days=1):.4f}"
    return f"{Decimal(text):.4f}" if _NUMBER.fullmatch(text) else text.removeprefix("'")


def in_excel(found: tuple[str, str]) -> str:
    """Return what the same cell of an XLSX holds."""
    kind, text = found
    return f"{Decimal(text):.4f}" if kind == "number" or _NUMBER.fullmatch(text) else text


def test_days_are_the_companys_and_the_heading_says_so(house, company, owner, records):
    records.booked("1042", payments=(paid(),))
    [head, row] = csv_rows(owner.get("/inspections?as=csv").data)
    zone = next(one for one in head if one.startswith("Start"))
    told = dict(zip(head, row, strict=True))
    assert re.fullmatch(r"Start \([A-Z][\w ]+ time\)", zone), zone
    assert _DAY.fullmatch(told[zone]) and told["Total"] == told["Invoice total"] == "425.00"
    assert (told["Invoice"], told["Invoice date"], told["Payments"]) == ("SP-1042", "2026-03-02", "1")


def test_open_invoices_are_named_by_their_numbers(house, addresses):
    [head, row] = csv_rows(reader(house, "open invoices").get(addresses["open invoices"].format("csv")).data)
    told = dict(zip(head, row, strict=True))
    assert (told["Invoice"], told["QuickBooks id"], told["Open"]) == ("SP-1042", "145", "150.00")


def test_a_filter_that_is_wrong_shows_its_page_and_gives_no_file(owner):
    answer = owner.get("/inspections?since=nonsense&as=csv")
    assert answer.status_code == 400 and "no day" in answer.text


def test_a_list_of_many_pages_is_one_file(house, company, owner):
    for number in range(120):
        failing(house, company, f"m{number:03}")
    rows = csv_rows(owner.get("/inspections?as=csv").data)
    assert len(rows) == 121 and len({row[0] for row in rows}) == 121
