"""Numbers pulled back, and the pages of the tie-out statement: what QuickBooks' own reports say is what people see."""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests

from tests.functional.office import Office, inspection
from tests.webapp.sheets import csv_table

LONG = "9" * 10_240
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def office(tieout, platform, intuit) -> Office:
    """A connected company after a night: one inspection paid in full, one in part by check, one not at all."""
    tieout.web()
    made = Office(tieout, platform, intuit).open().connect()
    half = [
        {"amount": "200.00", "method": "check", "received_at": inspection()["datetime"], "reference": "1044"}
    ]
    evil = {"first_name": "=HYPERLINK(1)", "last_name": "Client", "email": "evil@client.example"}
    made.keys = made.book(inspection(1), inspection(2, payments=half), inspection(3, payments=[], buyer=evil))
    made.sync()
    tieout.flask_json("nightly", "--company", made.id)
    return made


def report(office: Office, name: str, **params: str) -> dict[str, Any]:
    """Ask QuickBooks for a report, past Tieout."""
    token = office.intuit.post(f"/_standin/realms/{office.realm_id}/token")["access_token"]
    url = f"{office.intuit.base_url}/v3/company/{office.realm_id}/reports/{name}"
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    answer = requests.get(url, params=params, headers=headers, timeout=30)
    assert answer.ok, answer.text
    return answer.json()


def group(made: dict[str, Any], name: str) -> list[Decimal]:
    """Return the amounts of one of a report's sums, month by month, the total last."""
    [cells] = [row["Summary"]["ColData"] for row in made["Rows"]["Row"] if row.get("group") == name]
    return [Decimal(cell["value"] or "0") for cell in cells[1:]]


def card(page: str, name: str) -> str:
    """Return the HTML of one card of a page."""
    found = re.search(rf'<section class="card[^>]*id="{name}".*?</section>', page, re.DOTALL)
    assert found, page[:3000]
    return found.group(0)


def test_the_pages_show_what_quickbooks_reports_say(office):
    page = office.get("/numbers").text
    now = datetime.now(ZoneInfo(office.time_zone))  # Reports go by the company's day.
    start = now + timedelta(days=1)
    year = {
        "start_date": f"{start - timedelta(days=100):%Y-%m}-01",
        "end_date": f"{start + timedelta(days=60):%Y-%m-%d}",
    }
    profit = {
        basis: report(office, "ProfitAndLoss", accounting_method=basis, summarize_column_by="Month", **year)
        for basis in ("Accrual", "Cash")
    }
    shown = card(page, "profit-and-loss")
    for basis, expected in (("Accrual", "1725.00"), ("Cash", "775.00")):
        assert group(profit[basis], "Income")[-1] == Decimal(expected)
    if start.month == now.month:  # Tomorrow's invoices lie in the months that are shown.
        assert "$1,725.00" in shown and "$775.00" in shown
    aging = report(office, "AgedReceivables", report_date=f"{now:%Y-%m-%d}")
    owed = group(aging, "GrandTotal")[-1] if aging["Rows"] else Decimal("0.00")
    assert f"${owed:,.2f}" in card(page, "aged-receivables") or owed == 0
    opened = card(page, "open-invoices")
    assert "$950.00" in opened
    for key, there in zip(office.keys, (False, True, True), strict=True):
        assert (f"/inspections/{key}/explain" in opened) is there
    methods = card(page, "payments")
    assert "Credit Card" in methods and "$575.00" in methods and "Check" in methods and "$200.00" in methods
    assert "$775.00" in card(page, "undeposited")
    assert re.search(r"<strong>[1-9]\d* counted reads</strong>", card(page, "costs"))
    assert page.count("<svg") >= 2 and " style=" not in page and not re.search(r"<script(?! src)", page)


def test_the_payments_behind_a_figure_are_listed_and_exported(office):
    ours = office.books()["Customer"]
    evil = next(one for one in ours if "HYPERLINK" in one["DisplayName"])
    loose = {"CustomerRef": {"value": evil["Id"]}, "TotalAmt": 12.34}
    items = {"BatchItemRequest": [{"bId": "1", "operation": "create", "Payment": loose}]}
    office.intuit.post(f"/_standin/realms/{office.realm_id}/batch", items)
    office.tieout.flask_json("nightly", "--company", office.id)
    assert "$12.34" in card(office.get("/numbers").text, "unapplied")
    listed = office.get("/numbers/payments?method=Check").text
    assert "$200.00" in listed and "$575.00" not in listed
    rows = csv_table(office.get("/numbers/payments?as=csv").content)
    assert {row["Received"] for row in rows} == {"575.00", "200.00", "12.34"}
    assert [row["Customer"][:3] for row in rows if row["Received"] == "12.34"] == ["'=H"]
    for asked in (f"method={LONG[:2000]}", f"month={SCRIPT}", "only=%00", "month=2026-13"):
        answer = office.get(f"/numbers/payments?{asked}")
        assert answer.ok and "alert(1)</script>" not in answer.text


def test_a_kept_statement_is_shown_and_exported_as_it_was(office, platform, intuit):
    page = office.get("/numbers/tie-out")
    assert "agree to the cent" in page.text and "Agrees" in page.text
    [statement_id] = set(re.findall(r"/numbers/tie-out/(\d+)/statement\.csv", page.text))
    before = office.get(f"/numbers/tie-out/{statement_id}/statement.csv")
    rows = csv_table(before.content)
    totals = {row["Measure"]: row for row in rows if row["Part"] == "Total"}
    assert totals["Invoiced"]["QuickBooks, dollars"] == totals["Invoiced"]["Platform, dollars"] == "1725.00"
    assert totals["Open"]["QuickBooks, dollars"] == "950.00"
    [invoice] = [one for one in office.books()["Invoice"] if one["DocNumber"] == f"SP-{office.keys[2]}"]
    path = f"{intuit.base_url}/books/{office.realm_id}/invoice/{invoice['Id']}/delete"
    assert requests.post(path, timeout=30).ok
    office.tieout.flask_json("tieout", office.id)
    newest = office.get("/numbers/tie-out").text
    assert "Missing in QuickBooks" in newest and f"/inspections/{office.keys[2]}/explain" in newest
    assert office.get(f"/numbers/tie-out/{statement_id}/statement.csv").content == before.content
    # The inspection's own page says what the statement says of it.
    explained = office.get(f"/inspections/{office.keys[2]}/explain").text
    assert "Missing in QuickBooks" in explained and "Full Home Inspection" in explained
    other = Office(office.tieout, platform, intuit, name="Another Company").open()
    other.log_in()
    for path in (
        f"/numbers/tie-out/{statement_id}",
        f"/numbers/tie-out/{statement_id}/statement.csv",
        f"/inspections/{office.keys[0]}/explain",
    ):
        assert other.get(path).status_code == 404


def test_impossible_days_are_refused_with_a_sentence(office):
    page = "/numbers/tie-out"
    for first, last in (
        ("", ""),
        ("2026-02-30", "2026-03-01"),
        ("2026-03-02", "2026-03-01"),
        ("1066-10-14", "2026-03-01"),
        ("2001-01-01", "2026-03-01"),
        (LONG, "2026-03-01"),
        (SCRIPT, SCRIPT),
        ("2026-03-01", "2026-03-01\x01"),
    ):
        answer = office.submit(page, {"first": first, "last": last}, page=page)
        assert answer.status_code == 400, (first[:40], last[:40])
        assert "invalid-feedback" in answer.text and SCRIPT not in answer.text
    asked = office.submit(page, {"first": "2026-03-01", "last": "2026-03-31"}, page=page)
    assert asked.status_code == 200 and "is being made" in asked.text
    assert office.http.post(office.tieout.url + page, {"first": "2026-03-01"}, timeout=30).status_code == 400
    assert office.get("/numbers/tie-out/99999999999999999999").status_code == 404
    assert requests.get(office.tieout.url + "/numbers", timeout=30, allow_redirects=False).status_code == 303
