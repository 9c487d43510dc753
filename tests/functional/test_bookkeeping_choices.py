"""What a bookkeeper chooses reaches QuickBooks as chosen; what stands there already stays as it is unless asked for; practice sends nothing."""

import html
import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import create_engine, text

from tests.functional.office import Office, inspection

BOOKKEEPING = "/settings/quickbooks/bookkeeping"
ITEMS = "/settings/quickbooks/items"
PRACTICE = "/settings/quickbooks/practice"
SETTINGS = "/settings/quickbooks"
RADON = [{"kind": "service", "name": "Radon", "amount": "150.00"}]


@pytest.fixture
def office(tieout, platform, intuit) -> Office:
    """A connected company on SQLite, its lists read."""
    tieout.web()
    office = Office(tieout, platform, intuit).open().connect()
    office.sync()
    return office


@pytest.fixture
def office_on_each_database(tieout_on_each_database, platform, intuit) -> Office:
    """A connected company, on SQLite and on PostgreSQL."""
    tieout_on_each_database.web()
    office = Office(tieout_on_each_database, platform, intuit).open().connect()
    office.sync()
    return office


def until(check: Callable[[], object], what: str, seconds: float = 60):
    """Return the first truthy answer of `check`; fails when none comes in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(0.3)
    raise AssertionError(f"Waited in vain for {what}")


def items_of(office: Office) -> dict[str, list[str]]:
    """Return the Item names on each Invoice by DocNumber."""
    books = office.books()
    names = {one["Id"]: one["FullyQualifiedName"] for one in books["Item"]}
    return {
        invoice["DocNumber"]: [
            names[line["SalesItemLineDetail"]["ItemRef"]["value"]]
            for line in invoice["Line"]
            if line["DetailType"] == "SalesItemLineDetail"
        ]
        for invoice in books["Invoice"]
    }


def requests_in(preview: str) -> list[dict]:
    """Return the requests that a preview shows, in its order."""
    return [json.loads(body) for body in re.findall(r'<pre class="raw"[^>]*>(.*?)</pre>', preview, re.DOTALL)]


def bodies_sent(office: Office, key: str) -> list[dict]:
    """Return what went to QuickBooks for an inspection, in order."""
    engine = create_engine(office.tieout.environment["DATABASE_URL"])
    with engine.connect() as connection:
        statement = "SELECT body FROM operations WHERE inspection_key = :key ORDER BY id"
        found = [json.loads(body) for body in connection.scalars(text(statement), {"key": key})]
    engine.dispose()
    return found


def map_item(office: Office, name: str, item: str, **more: str):
    """Save an Item for one name on the Items page."""
    values = {"name": name, "item": item, "discount_item": "Discount", "tax_item": "Sales tax collected"}
    return office.submit(ITEMS, values | more)


def test_a_mapping_from_now_on_leaves_what_stands_whatever_happens_later(office_on_each_database):
    office = office_on_each_database
    [old] = office.book(inspection(1, line_items=RADON))
    office.sync()
    asked = map_item(office, "Radon", "Environmental Testing")
    assert "1 existing Invoice is concerned" in asked.text
    assert items_of(office) == {f"SP-{old}": ["Radon"]}, "asking changes nothing"
    saved = map_item(office, "Radon", "Environmental Testing", scope="new")
    assert "It holds from now on." in saved.text
    # The old inspection is planned again for another reason, with a new amount on the same line.
    office.change(old, line_items=[{**RADON[0], "amount": "175.00"}], payments=[])
    [new] = office.book(inspection(2, line_items=RADON))
    office.sync()
    assert items_of(office) == {f"SP-{old}": ["Radon"], f"SP-{new}": ["Environmental Testing"]}
    amounts = {one["DocNumber"]: Decimal(str(one["TotalAmt"])) for one in office.books()["Invoice"]}
    assert amounts[f"SP-{old}"] == Decimal("175.00")
    # Made again after a cancellation it is new, and stays so.
    office.change(old, canceled=True)
    office.sync()
    office.change(old, canceled=False)
    office.sync()
    office.change(old, line_items=RADON)
    office.sync()
    assert items_of(office)[f"SP-{old}"] == ["Environmental Testing"]


def test_a_mapping_can_reach_existing_documents_but_not_closed_ones(office):
    early = (datetime.now(UTC) - timedelta(days=40)).date().isoformat()
    office.submit(
        "/settings/quickbooks/dates",
        {"start_date": early, "invoice_date": "inspection"},
        page="/settings/quickbooks",
    )
    [closed, opened] = office.book(
        inspection(1, days=-30, line_items=RADON), inspection(2, days=1, line_items=RADON)
    )
    office.sync()
    day = (datetime.now(UTC) - timedelta(days=10)).date().isoformat()
    office.intuit.post(
        f"/_standin/realms/{office.realm_id}/preferences", {"AccountingInfoPrefs": {"BookCloseDate": day}}
    )
    office.tieout.flask_json("nightly", "--company", office.id)
    asked = map_item(office, "Radon", "Environmental Testing")
    assert "1 existing Invoice is concerned" in asked.text
    assert "1 more lies in a closed period" in asked.text
    map_item(office, "Radon", "Environmental Testing", scope="all")
    office.sync()
    assert items_of(office) == {f"SP-{closed}": ["Radon"], f"SP-{opened}": ["Environmental Testing"]}
    # Nothing waits for anybody: the closed one keeps what it was made under.
    states = office.tieout.flask_json("status", office.id)
    assert "needs-you" not in str(states.get("inspections", states)).replace("'needs-you': 0", "")


def test_a_new_invoice_date_leaves_existing_invoices_or_takes_them_along(office):
    def dates() -> dict[str, str]:
        return {one["DocNumber"]: one["TxnDate"] for one in office.books()["Invoice"]}

    def choose(invoice_date: str, existing: str):
        start = datetime.now(UTC).date() - timedelta(days=2)
        values = {"start_date": start.isoformat(), "invoice_date": invoice_date, "existing": existing}
        return office.submit(f"{SETTINGS}/dates", values, page=SETTINGS).text

    [old] = office.book(inspection(1, days=40, line_items=RADON, payments=[]))
    office.sync()
    inspected = dates()[f"SP-{old}"]
    assert "The invoice date holds from now on." in choose("created", "new")
    office.change(old, line_items=[{**RADON[0], "amount": "175.00"}], payments=[])
    [new] = office.book(inspection(2, days=40, line_items=RADON, payments=[]))
    office.sync()
    after = dates()
    assert after[f"SP-{old}"] == inspected, "written again for its amount, dated as before"
    assert after[f"SP-{new}"] < inspected, "dated with the day it was created"
    first, last = ((datetime.now(UTC) + timedelta(days=days)).date().isoformat() for days in (-60, 90))
    statement = office.tieout.flask_json("tieout", office.id, "--from", first, "--to", last)
    assert statement["explained"] == statement["not_explained"] == [], (
        "the statement knows which date each was made under"
    )
    assert "2 existing Invoices get the new date with the next sync." in choose("inspection", "all")
    office.sync()
    assert dates() == {f"SP-{old}": inspected, f"SP-{new}": inspected}


def test_new_names_can_share_one_item_and_known_names_keep_theirs(office):
    [first] = office.book(inspection(1, line_items=RADON))
    office.sync()
    page = office.get(ITEMS).text
    assert re.search(r"Radon\s*<span class=\"badge", page), "a name nobody has looked at is marked"
    saved = office.submit(
        f"{ITEMS}/new-names", {"new_names": "one", "one_item": "Other services"}, page=ITEMS
    )
    assert "It holds from now on." in saved.text, "known names keep their Items, so nobody is asked"
    mold = [{"kind": "service", "name": "Mold", "amount": "99.00"}]
    [second] = office.book(inspection(2, line_items=mold + RADON))
    office.sync()
    assert items_of(office) == {f"SP-{first}": ["Radon"], f"SP-{second}": ["Other services", "Radon"]}


def test_one_item_income_account_deposit_account_method_and_due_days_reach_the_books(office):
    books = office.books()
    income = next(
        one for one in books["Account"] if one["AccountType"] == "Income" and "Service" not in one["Name"]
    )
    bank = next(one for one in books["Account"] if one["AccountType"] == "Bank")
    office.submit(
        f"{BOOKKEEPING}/income",
        {"income_mode": "one", "one_item": "Inspections", "income_account_id": income["Id"]},
        page=BOOKKEEPING,
    )
    office.submit(
        f"{BOOKKEEPING}/payments",
        {"deposit_account_id": bank["Id"], "method_card": "Square"},
        page=BOOKKEEPING,
    )
    office.submit(f"{BOOKKEEPING}/due", {"due_days": "14"}, page=BOOKKEEPING)
    [key] = office.book(inspection(1))
    office.sync()
    books = office.books()
    assert items_of(office) == {f"SP-{key}": ["Inspections", "Inspections"]}
    [item] = [one for one in books["Item"] if one["Name"] == "Inspections"]
    assert item["IncomeAccountRef"]["value"] == income["Id"]
    [payment], [invoice] = books["Payment"], books["Invoice"]
    assert payment["DepositToAccountRef"]["value"] == bank["Id"]
    assert payment["PaymentMethodRef"]["name"] == "Square"
    due = datetime.fromisoformat(invoice["DueDate"]) - datetime.fromisoformat(invoice["TxnDate"])
    assert due.days == 14
    # Back to Undeposited Funds, for the Payment that is there as well.
    asked = office.submit(
        f"{BOOKKEEPING}/payments", {"deposit_account_id": "", "method_card": "Square"}, page=BOOKKEEPING
    )
    assert "1 existing Payment is concerned" in asked.text
    office.submit(
        f"{BOOKKEEPING}/payments",
        {"deposit_account_id": "", "method_card": "Square", "scope": "all"},
        page=BOOKKEEPING,
    )
    office.sync()
    [payment] = office.books()["Payment"]
    undeposited = next(one for one in books["Account"] if one.get("AccountSubType") == "UndepositedFunds")
    assert payment["DepositToAccountRef"]["value"] == undeposited["Id"]


def test_lists_are_read_again_by_a_job_and_classes_go_by_inspector(office):
    worker = office.tieout.worker()
    batch = f"/_standin/realms/{office.realm_id}/batch"
    made = office.intuit.post(
        batch,
        {
            "BatchItemRequest": [
                {"operation": "create", "Class": {"Name": "Dana's work"}},
                {"operation": "create", "Department": {"Name": "Asheville"}},
            ]
        },
    )["BatchItemResponse"]
    class_id, place_id = made[0]["Class"]["Id"], made[1]["Department"]["Id"]
    office.intuit.post(
        f"/_standin/realms/{office.realm_id}/preferences",
        {"AccountingInfoPrefs": {"ClassTrackingPerTxnLine": True, "TrackDepartments": True}},
    )
    office.book(inspection(1, inspector_name="Dana Cole"))
    office.sync()
    office.submit(f"{BOOKKEEPING}/lists", {}, page=BOOKKEEPING)
    page = until(
        lambda: (shown := office.get(BOOKKEEPING).text) and "Asheville" in shown and shown, "the lists"
    )
    assert "Dana&#39;s work" in page and "Dana Cole" in page
    worker.stop()  # From here on nothing is sent before it was looked at.
    rows = [("inspector", ""), ("classes", ""), ("locations", place_id)]
    rows += [("inspector", "Dana Cole"), ("classes", class_id), ("locations", "")]
    rows += [("scope", "new"), ("csrf_token", re.search(r'name="csrf_token" value="([^"]+)"', page).group(1))]
    sent = office.http.post(
        office.tieout.url + f"{BOOKKEEPING}/classes",
        data=rows,
        headers={"Referer": office.tieout.url + BOOKKEEPING},
        timeout=30,
    )
    assert "It holds from now on." in sent.text
    [second, third] = office.book(
        inspection(2, inspector_name="Dana Cole"), inspection(3, inspector_name="Lee Park")
    )
    office.tieout.flask_json("poll", office.id)
    shown = _sync_as_foretold(office, second)
    assert shown.count("<td>Dana's work</td>") == 2 and "<dd>Asheville</dd>" in shown
    assert "<dd>Undeposited Funds</dd>" in shown
    invoices = {one["DocNumber"]: one for one in office.books()["Invoice"]}
    dana, lee = invoices[f"SP-{second}"], invoices[f"SP-{third}"]
    classes = [
        line["SalesItemLineDetail"].get("ClassRef", {}).get("value")
        for line in dana["Line"]
        if "SalesItemLineDetail" in line
    ]
    assert classes == [class_id, class_id]
    assert not any("ClassRef" in line.get("SalesItemLineDetail", {}) for line in lee["Line"])
    assert lee["DepartmentRef"]["value"] == dana["DepartmentRef"]["value"] == place_id
    assert sum("DepartmentRef" in one for one in invoices.values()) == 2, "the first Invoice keeps its look"


def _sync_as_foretold(office: Office, key: str) -> str:
    """Sync, and compare what was sent for an inspection with what its preview had shown; return that preview."""
    preview = f"/inspections/{key}/preview"
    shown = html.unescape(office.get(preview).text)
    foretold = requests_in(shown)
    office.sync()
    sent = bodies_sent(office, key)
    assert requests_in(html.unescape(office.get(preview).text)) == sent[1:], "the Customer stands as shown"
    _, invoice, payment = sent
    foretold[1]["CustomerRef"] = foretold[2]["CustomerRef"] = invoice["CustomerRef"]
    foretold[2]["Line"][0]["LinkedTxn"][0]["TxnId"] = payment["Line"][0]["LinkedTxn"][0]["TxnId"]
    assert foretold == sent, "exactly what was foretold, but for the ids that QuickBooks gave meanwhile"
    return shown


def test_practice_counts_what_a_sync_would_send_and_sends_nothing(office_on_each_database):
    office = office_on_each_database
    office.submit("/settings/quickbooks/pause", {}, page="/settings/quickbooks")
    office.tieout.worker()
    office.book(
        inspection(1, line_items=RADON, payments=[]),
        inspection(2),
        inspection(3, days=-60, line_items=RADON, payments=[]),
        inspection(4, confirmed=False),
    )
    # A bookkeeper has written the first one by hand already.
    batch = f"/_standin/realms/{office.realm_id}/batch"
    customer = {"operation": "create", "Customer": {"DisplayName": "O'Neil 1, Ann"}}
    customer_id = office.intuit.post(batch, {"BatchItemRequest": [customer]})["BatchItemResponse"][0][
        "Customer"
    ]["Id"]
    item = office.books()["Item"][0]["Id"]
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    by_hand = {
        "CustomerRef": {"value": customer_id},
        "TxnDate": tomorrow,
        "DocNumber": "H-77",
        "Line": [
            {
                "Amount": 150,
                "DetailType": "SalesItemLineDetail",
                "SalesItemLineDetail": {"ItemRef": {"value": item}},
            }
        ],
    }
    office.intuit.post(batch, {"BatchItemRequest": [{"operation": "create", "Invoice": by_hand}]})
    office.forget_calls()
    early = (datetime.now(UTC) - timedelta(days=70)).date().isoformat()
    office.submit(PRACTICE, {"practice_from": early})
    page = until(
        lambda: "What would be sent" in (shown := office.get(PRACTICE).text) and shown, "the practice run"
    )
    said = html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))
    assert "4 inspections looked at" in said
    assert re.search(r"Invoices 3 \$875\.00", said), said
    assert re.search(r"Payments 1 \$575\.00", said), said
    assert re.search(r"Not confirmed.*? 1 \$575\.00", said), said
    assert "Invoice H-77 · O'Neil 1, Ann" in said
    assert all(call["operation"] in ("query", "read") for call in office.calls()), office.calls()
    assert [one["DocNumber"] for one in office.books()["Invoice"]] == ["H-77"]
    # Starting brings the earlier ones in as well.
    office.submit(f"{PRACTICE}/start", {}, page=PRACTICE)
    until(lambda: len(office.books()["Invoice"]) == 4, "the documents")


def test_a_held_first_sync_sends_nothing_until_it_is_started(tieout, platform, intuit):
    tieout.web()
    tieout.worker()
    office = Office(tieout, platform, intuit).open()
    office.log_in()
    office.submit(f"{BOOKKEEPING}/hold", {"hold": "yes"}, page=BOOKKEEPING)
    office.book(inspection(1))
    office.consent()
    page = until(
        lambda: "What would be sent" in (shown := office.get(PRACTICE).text) and shown, "the practice run"
    )
    assert "Start syncing" in page
    assert "The first sync waits for you" in office.get("/settings/quickbooks").text
    assert office.sync()["outcomes"] == {}
    assert office.books()["Invoice"] == []
    office.submit(f"{PRACTICE}/start", {}, page=PRACTICE)
    until(lambda: len(office.books()["Invoice"]) == 1, "the first sync")
