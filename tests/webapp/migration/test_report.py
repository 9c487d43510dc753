"""The report's sums and files: before, forecast and now, and what the downloads say of each receipt."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import render_template

from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.migrations import Migration, MigrationReceipt
from webapp.frame.spreadsheets import Table
from webapp.migration.files import (
    PLACES,
    STEP_COLUMNS,
    copies_json,
    preview_table,
    report_table,
    sums_table,
)
from webapp.migration.report import forecast_accounts, forecast_periods, report_lines

CUTOFF = datetime(2019, 1, 1, 7, tzinfo=UTC)
NOON = datetime(2019, 3, 4, 19, tzinfo=UTC)
PERIOD = {
    "name": "2019-03",
    "before": "425.00",
    "after": "425.00",
    "difference": "0.00",
    "causes": [["SalesReceipt 1001", "1042", "0.00"]],
}
YEAR = {**PERIOD, "name": "2019"}
SUMS = {"months": [PERIOD], "years": [YEAR]}
RECEIPT = {"number": "1001", "date": "2019-03-04", "total": "425.00", "sales_tax": "0.00"}
INVOICE = {"number": "SP-1042", "date": "2019-03-04", "total": "425.00"}
PAID = {"payment_id": "p1", "date": "2019-04-01", "amount": "425.00", "applied": "425.00"}
FACTS = {
    "place": "change",
    "recorded_amount": "425.00",
    "receipt": RECEIPT,
    "invoice": INVOICE,
    "payments": [PAID],
    "blockers": [],
    "notes": [["stays-open", "$25.00 of the Invoice will be open."]],
}


def _migration(**values) -> Migration:
    base = {"company_id": 1, "cutoff": CUTOFF, "sha256": "abc", "others": []}
    return Migration(**{**base, "forecast": {"accrual": SUMS, "cash": SUMS}, **values})


def _row(state: str = "done", **values) -> MigrationReceipt:
    base = {
        "receipt_id": "900",
        "inspection_key": "1042",
        "client_name": "=Ann",
        "starts_at": NOON,
        "facts": FACTS,
        "code": "",
        "detail": "",
        "booked": {},
        "invoice_id": "",
        "payment_ids": [],
    }
    return MigrationReceipt(state=state, **{**base, **values})


def _table(table: Table) -> list[dict[str, Any]]:
    """Return the table's rows under their headings, values as they are."""
    return [dict(zip(table.headings, row, strict=True)) for row in table.values()]


@pytest.fixture
def lines(house):
    """Return (a function of) the report's lines."""

    def ask(migration, *rows):
        with house.app.app_context():
            return report_lines(migration, list(rows))

    return ask


def test_the_stored_forecast_reads_as_amounts():
    [month] = forecast_periods(_migration())["cash"]["months"]
    assert (month.name, month.before, month.after, month.difference) == ("2019-03", 425, 425, 0)
    assert month.causes == (("SalesReceipt 1001", "1042", Decimal("0.00")),)


def test_what_was_replaced_counts_as_read_back_and_what_was_left_as_its_receipt(lines):
    booked = {
        "invoice": {**INVOICE, "total": "400.00"},
        "payments": [["p1", "2019-04-01", "400.00", "400.00"]],
    }
    found = lines(_migration(), _row(booked=booked), _row("left", receipt_id="901"))
    [accrual] = found["accrual"]["months"]
    assert (accrual.name, accrual.before, accrual.forecast, accrual.now) == ("2019-03", 425, 425, 825)
    march, april = found["cash"]["months"]
    assert (march.now, april.now, april.forecast) == (425, 400, 0)
    assert (april.name, april.difference) == ("2019-04", 400)
    assert [line.name for line in found["cash"]["years"]] == ["2019"]


def test_a_receipt_that_somebody_deleted_meanwhile_stands_for_nothing(lines):
    [month] = lines(_migration(), _row("left", code="receipt-missing"))["accrual"]["months"]
    assert (month.before, month.forecast, month.now) == (425, 425, 0)
    assert month.causes == (("SalesReceipt 1001", "1042", Decimal("-425.00")),)


def test_documents_stand_for_what_was_not_read_back(lines, records):
    records.document("1042", total=Decimal("425.00"), txn_date=date(2019, 3, 4))
    records.document("1042", "Payment", qbo_id="150", total=Decimal("300.00"), txn_date=date(2019, 5, 1))
    other = {"what": "new", "inspection_id": "77", "invoice": {**INVOICE, "number": "SP-77"}, "payments": []}
    found = lines(_migration(company_id=records.company_id, others=[other]), _row())
    assert [(line.name, line.now) for line in found["cash"]["months"] if line.now] == [("2019-05", 300)]
    [accrual] = found["accrual"]["months"]
    assert accrual.now == 425
    assert ("Invoice SP-77", "77", Decimal("-425.00")) in accrual.causes


def test_the_report_has_every_step_of_every_receipt_but_those_that_stay(house, company):
    made = {"invoice_id": "145", "payment_ids": ["150", "151"], "archived_at": NOON, "gone_at": NOON}
    failed = {"receipt_id": "901", "code": "receipt-deposited", "detail": "It is part of Deposit 7."}
    rows = [_row(**made), _row("left", **failed), _row("stay")]
    with house.app.app_context():
        table = report_table(_migration(), db.session.get_one(Company, company), rows)
    done, left = _table(table)
    assert len(done) == len(STEP_COLUMNS)
    assert (done["Outcome"], done["Invoice"], done["Payments' QuickBooks ids"]) == (
        "replaced",
        "SP-1042",
        "150 151",
    )
    copied, invoiced = (next(one for one in done if one.startswith(word)) for word in ("Copied", "Invoice m"))
    zone = ZoneInfo(table.zone)
    assert (done[copied], done[invoiced]) == (NOON.astimezone(zone).replace(tzinfo=None), None)
    assert done["Client"] == "=Ann"
    assert left["Outcome"] == PLACES["left"] and left["Cause"].endswith("It is part of Deposit 7.")
    assert left["Invoice"] is None


def test_the_preview_says_everything_that_is_confirmed(house, company):
    other = {
        "what": "new",
        "inspection_id": "77",
        "client": "Bo",
        "starts_at": NOON.isoformat(),
        "total": "300.00",
        "problem": "no-client",
    }
    migration = _migration(others=[other])
    with house.app.app_context():
        table = preview_table(migration, db.session.get_one(Company, company), [_row("planned")])
    receipt, without = _table(table)
    assert {one["Fingerprint of the preview"] for one in (receipt, without)} == {"abc"}
    assert (receipt["What happens"], receipt["Payments"]) == ("changes", "2019-04-01 425.00")
    assert receipt["To look at"].endswith("$25.00 of the Invoice will be open.")
    start = next(one for one in receipt if one.startswith("Start"))
    assert receipt[start] == without[start] == NOON.astimezone(ZoneInfo(table.zone)).replace(tzinfo=None)
    assert (without["Inspection"], without["What happens"], without["Invoice total"]) == (
        "77",
        "is booked newly",
        Decimal("300.00"),
    )
    assert without["Cause"]
    sums = [one for one in _table(sums_table(migration)) if one["Part"] == "Month, cash"]
    assert [list(one.values())[1:] for one in sums if one["Period or account"] == "March 2019"] == [
        [
            "March 2019",
            Decimal("425.00"),
            Decimal("425.00"),
            Decimal("0.00"),
            "SalesReceipt 1001 (inspection 1042) 0.00",
        ]
    ]


def test_the_copies_are_whole():
    row = _row(archive='{"Id": "900", "TotalAmt": 425.0}', archived_at=NOON)
    found = json.loads(copies_json(_migration(), [row]))
    assert (found["manifest_sha256"], found["cutoff"]) == ("abc", CUTOFF.isoformat())
    [copy] = found["copies"]
    assert copy["receipt"] == {"Id": "900", "TotalAmt": 425.0}
    assert (copy["receipt_id"], copy["outcome"], copy["copied_at"]) == ("900", "replaced", NOON.isoformat())


def test_accounts_are_said_in_money_and_a_preview_from_before_says_none(house, company):
    sums = {"before": "425.00", "after": "0.00", "difference": "-425.00"}
    moved = {
        "kind": "tax",
        "key": "3",
        "name": "8 %",
        **sums,
        "causes": [["SalesReceipt 1", "1042", "-425.00"]],
    }
    found = forecast_accounts(_migration(numbers={"accounts": [moved]}))
    assert [(one.name, one.difference) for one in found] == [("8 %", Decimal("-425.00"))]
    assert forecast_accounts(_migration(numbers={})) == []
    with house.app.app_context(), house.app.test_request_context():
        page = render_template("migration/accounts.html", accounts=found)
        assert "1 account differs" in page and "Sales tax, 8 %" in page and "425.00" in page
        whole = [replace(found[0], after=Decimal("425.00"))]
        assert "$0.00 on every account" in render_template("migration/accounts.html", accounts=whole)
        assert render_template("migration/accounts.html", accounts=[]).strip() == ""
