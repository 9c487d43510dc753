"""What people change in QuickBooks becomes drift, with a choice, and nothing is overwritten before somebody has chosen."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, text

from tests.functional.bookkeeper import Bookkeeper
from tests.functional.office import Office, csrf_token, inspection


@pytest.fixture
def office(tieout, platform, intuit) -> Office:
    """A connected company on SQLite."""
    tieout.web()
    return Office(tieout, platform, intuit).open().connect()


@pytest.fixture
def bookkeeper(office) -> Bookkeeper:
    """Somebody at work in its QuickBooks."""
    return Bookkeeper(office)


def night(office: Office) -> dict:
    """Do the nightly run, which looks for changes; fails when it met a problem."""
    [result] = office.tieout.flask_json("nightly", "--company", office.id)["companies"]
    return result


def sql(office: Office, statement: str, **values):
    """Run a statement on the office's database; return its rows, if any."""
    engine = create_engine(office.tieout.environment["DATABASE_URL"])
    with engine.begin() as connection:
        done = connection.execute(text(statement), values)
        rows = done.mappings().all() if done.returns_rows else []
    engine.dispose()
    return rows


def drifts(office: Office) -> list[dict]:
    """Return the open drifts: kind of document and of change."""
    return [
        dict(row)
        for row in sql(
            office,
            "SELECT drifts.id, documents.kind AS document, drifts.kind FROM drifts JOIN documents "
            "ON documents.id = drifts.document_id WHERE settled_at IS NULL ORDER BY documents.kind, drifts.id",
        )
    ]


def settle(office: Office, choice: str, *drift_ids: int) -> None:
    """Tick drifts on the page, choose, and let the worker do what follows."""
    press(office, "/drift/settle", choice=choice, drift=[str(one) for one in drift_ids])


def press(office: Office, path: str, **values) -> None:
    """Press a button on the page of what was changed in QuickBooks, and let the worker do what follows."""
    token = csrf_token(office.get("/drift").text)
    answer = office.http.post(
        office.tieout.url + path,
        {"csrf_token": token, **values},
        headers={"Referer": office.tieout.url + "/"},
        timeout=30,
    )
    assert answer.ok, answer.text[:2000]
    office.tieout.flask_json("reconcile", office.id)


def state(office: Office, key: str) -> str:
    """Return the state of an inspection with its reason."""
    [row] = sql(office, "SELECT state, reason FROM inspections WHERE key = :key", key=key)
    return f"{row['state']} {row['reason']}".strip()


def test_our_own_writes_and_moved_tokens_are_no_drift(office):
    keys = office.book(inspection(1), inspection(2))
    office.sync()
    line = [{"kind": "service", "name": "Full Home Inspection", "amount": "625.00"}]
    office.change(keys[0], line_items=line)
    office.sync()
    night(office)
    assert drifts(office) == []
    assert state(office, keys[0]) == "in-sync"
    office.forget_calls()
    office.change(keys[1], line_items=line)
    office.sync()
    assert [call["operation"] for call in office.calls()] == [
        "batch"
    ]  # The tokens are known again: nothing is read.


def test_an_edited_invoice_is_left_alone_until_somebody_restores_it(office, bookkeeper):
    [key, other] = office.book(inspection(1), inspection(2))
    office.sync()
    invoice = next(one for one in office.books()["Invoice"] if one["DocNumber"] == f"SP-{key}")
    bookkeeper.edit("Invoice", invoice["Id"], TxnDate="2026-01-02")
    night(office)
    [drift] = drifts(office)
    assert (drift["document"], drift["kind"]) == ("Invoice", "edited")
    assert state(office, key) == "drift drift"
    page = office.get("/drift").text
    assert f"SP-{key}" in page and "Jan 2, 2026" in page

    office.change(key, line_items=[{"kind": "service", "name": "Full Home Inspection", "amount": "700.00"}])
    office.change(other, line_items=[{"kind": "service", "name": "Radon", "amount": "580.00"}])
    office.sync()
    assert bookkeeper.document("Invoice", invoice["Id"])["TotalAmt"] == 575.0
    assert sorted(one["TotalAmt"] for one in office.books()["Invoice"]) == [575.0, 580.0]
    assert state(office, key) == "drift drift"

    settle(office, "restore", drift["id"])
    restored = bookkeeper.document("Invoice", invoice["Id"])
    assert (restored["TotalAmt"], restored["Balance"]) == (700.0, 125.0)
    assert state(office, key) == "in-sync"
    night(office)
    assert drifts(office) == []


def test_keep_theirs_holds_until_somebody_has_it_managed_again(office, bookkeeper):
    [key] = office.book(inspection(1))
    office.sync()
    [payment] = office.books()["Payment"]
    bookkeeper.edit("Payment", payment["Id"], TxnDate="2026-01-02", PaymentRefNum="4711")
    night(office)
    [drift] = drifts(office)
    assert (drift["document"], drift["kind"]) == ("Payment", "edited")
    settle(office, "keep", drift["id"])
    paid = office.platform.get(f"/_standin/inspections/{key}")["payments"][0]
    path = f"/_standin/inspections/{key}/payments/{paid['id']}"
    office.platform.request("PATCH", path, json={"reference": "ch_new"})
    office.sync()
    bookkeeper.edit("Payment", payment["Id"], PaymentRefNum="4712")
    night(office)
    assert bookkeeper.document("Payment", payment["Id"])["PaymentRefNum"] == "4712"
    assert drifts(office) == []
    assert state(office, key) == "in-sync kept-theirs"

    press(office, f"/drift/{drift['id']}/manage-again")
    assert [(one["document"], one["kind"]) for one in drifts(office)] == [("Payment", "edited")]
    assert state(office, key) == "drift drift"
    assert bookkeeper.document("Payment", payment["Id"])["PaymentRefNum"] == "4712", "nothing is overwritten"


def test_deleted_documents_are_made_again_as_a_new_generation(office, bookkeeper):
    [key] = office.book(inspection(1))
    office.sync()
    books = office.books()
    [invoice], [payment] = books["Invoice"], books["Payment"]
    bookkeeper.delete("Invoice", invoice["Id"])  # QuickBooks leaves its Payment unapplied.
    night(office)
    found = drifts(office)
    assert [(one["document"], one["kind"]) for one in found] == [
        ("Invoice", "deleted"),
        ("Payment", "edited"),
    ]
    office.sync()
    assert office.books()["Invoice"] == []
    settle(office, "restore", *[one["id"] for one in found])
    books = office.books()
    [made], [kept] = books["Invoice"], books["Payment"]
    assert made["Id"] != invoice["Id"] and made["DocNumber"] == f"SP-{key}"
    assert kept["Id"] == payment["Id"]
    assert (made["Balance"], kept["UnappliedAmt"]) == (0, 0)
    generations = sql(
        office, "SELECT generation, status FROM documents WHERE kind = 'Invoice' ORDER BY generation"
    )
    assert [(row["generation"], row["status"]) for row in generations] == [(1, "deleted"), (2, "live")]
    bookkeeper.delete("Payment", payment["Id"])
    night(office)
    [drift] = drifts(office)
    assert (drift["document"], drift["kind"]) == ("Payment", "deleted")
    settle(office, "restore", drift["id"])
    assert [one["Balance"] for one in office.books()["Invoice"]] == [0]
    assert state(office, key) == "in-sync"


def test_a_deleted_payment_that_was_kept_stays_away(office, bookkeeper):
    [key] = office.book(inspection(1))
    office.sync()
    [payment] = office.books()["Payment"]
    bookkeeper.delete("Payment", payment["Id"])
    night(office)
    settle(office, "keep", drifts(office)[0]["id"])
    office.change(key, line_items=[{"kind": "service", "name": "Radon", "amount": "100.00"}])
    office.sync()
    books = office.books()
    assert books["Payment"] == []
    assert [one["TotalAmt"] for one in books["Invoice"]] == [100.0]  # What was kept does not pin the Invoice.


def test_a_voided_invoice_is_said_to_be_voided_and_can_be_restored(office, bookkeeper):
    [key] = office.book(inspection(1, payments=[]))
    office.sync()
    [invoice] = office.books()["Invoice"]
    bookkeeper.void("Invoice", invoice["Id"])
    night(office)
    [drift] = drifts(office)
    assert (drift["document"], drift["kind"]) == ("Invoice", "voided")
    assert "was voided" in office.get("/drift").text
    settle(office, "restore", drift["id"])
    restored = bookkeeper.document("Invoice", invoice["Id"])
    assert restored["TotalAmt"] == 575.0
    assert not restored["PrivateNote"].lower().startswith("voided")
    assert state(office, key) == "in-sync"


def test_drift_closes_itself_when_ours_is_put_back_by_hand(office, bookkeeper):
    [key] = office.book(inspection(1))
    office.sync()
    [payment] = office.books()["Payment"]
    bookkeeper.edit("Payment", payment["Id"], TxnDate="2026-01-02")
    night(office)
    assert len(drifts(office)) == 1
    bookkeeper.edit("Payment", payment["Id"], TxnDate=payment["TxnDate"])
    night(office)
    assert drifts(office) == []
    assert state(office, key) == "in-sync"


def test_a_deposited_payment_is_no_drift_and_stays_when_its_inspection_is_cancelled(office, bookkeeper):
    [key] = office.book(inspection(1))
    office.sync()
    [payment] = office.books()["Payment"]
    deposit = bookkeeper.deposit(payment)
    night(office)
    assert drifts(office) == []
    assert state(office, key) == "in-sync"
    office.change(key, canceled=True)
    office.forget_calls()
    office.sync()
    assert office.calls() == []  # No call is made that must fail.
    assert state(office, key) == "in-sync cancelled-after-deposit"
    assert "deposit" in office.get(f"/inspections/{key}").text.lower()
    bookkeeper.delete("Deposit", deposit)
    night(office)
    assert office.books()["Invoice"] == [] and office.books()["Payment"] == []


def test_an_item_made_inactive_after_our_last_look_is_no_deletion_of_the_invoice(office, bookkeeper):
    """QuickBooks gives 610 for both: only a read by Id that finds nothing means gone."""
    [key] = office.book(inspection(1))
    office.sync()
    [invoice] = office.books()["Invoice"]
    items = {line["SalesItemLineDetail"]["ItemRef"]["value"] for line in invoice["Line"] if "Id" in line}
    for item in items:
        bookkeeper.edit("Item", item, Active=False)
    changed = [{"kind": "service", "name": "Full Home Inspection", "amount": "625.00"}]
    office.change(key, line_items=changed)
    office.sync()
    assert drifts(office) == []
    assert state(office, key) == "needs-you inactive-reference"
    assert "made inactive" in office.get(f"/inspections/{key}").text
    assert [one["Id"] for one in office.books()["Invoice"]] == [invoice["Id"]]
    for item in items:
        bookkeeper.edit("Item", item, Active=True)
    night(office)
    assert state(office, key) == "in-sync"
    [same] = office.books()["Invoice"]
    assert (same["Id"], float(same["TotalAmt"])) == (invoice["Id"], 625.0)


def test_an_invoice_that_is_gone_when_it_is_changed_or_deleted_is_said_to_be_gone(office, bookkeeper):
    changed, cancelled = office.book(inspection(1), inspection(2))
    office.sync()
    payments = office.books()["Payment"]
    for payment in payments:
        bookkeeper.delete("Payment", payment["Id"])
    for invoice in office.books()["Invoice"]:
        bookkeeper.delete("Invoice", invoice["Id"])
    line = [{"kind": "service", "name": "Full Home Inspection", "amount": "625.00"}]
    office.change(changed, line_items=line)
    office.change(cancelled, canceled=True)
    office.sync()
    assert state(office, changed) == "drift drift"
    assert {(one["document"], one["kind"]) for one in drifts(office)} >= {("Invoice", "deleted")}
    assert state(office, cancelled) == "not-in-books cancelled"
    assert office.books()["Invoice"] == [] and office.books()["Payment"] == []


def test_an_inactive_customer_makes_new_inspections_wait_until_it_is_active_again(office, bookkeeper):
    buyer = {"first_name": "Pat", "last_name": "Lee", "email": "pat@client.example"}
    [first] = office.book(inspection(1, buyer=buyer))
    office.sync()
    [customer] = office.books()["Customer"]
    bookkeeper.edit("Customer", customer["Id"], Active=False)
    night(office)
    same = office.platform.get(f"/_standin/inspections/{first}")["buyer"]["id"]
    [key] = office.book(inspection(2, buyer={"id": same}))
    office.forget_calls()
    office.sync()
    assert office.calls() == []
    assert state(office, key) == "needs-you customer-inactive"
    assert "inactive" in office.get(f"/inspections/{key}").text
    assert "Pat Lee" in office.get("/customers/review").text
    bookkeeper.edit("Customer", customer["Id"], Active=True)
    night(office)
    assert state(office, key) == "in-sync"
    assert {one["CustomerRef"]["value"] for one in office.books()["Invoice"]} == {customer["Id"]}
    assert len(office.books()["Customer"]) == 1


def test_a_month_away_everything_is_compared_by_id(office, bookkeeper):
    keys = office.book(*[inspection(number) for number in range(3)])
    office.sync()
    books = office.books()
    of = {one["DocNumber"]: one for one in books["Invoice"]}
    paid = {one["Line"][0]["LinkedTxn"][0]["TxnId"]: one for one in books["Payment"]}
    gone = paid[of[f"SP-{keys[0]}"]["Id"]]
    bookkeeper.delete("Payment", gone["Id"])
    bookkeeper.edit("Invoice", of[f"SP-{keys[1]}"]["Id"], TxnDate="2026-01-02")
    bookkeeper.deposit(paid[of[f"SP-{keys[2]}"]["Id"]])
    long_ago = datetime.now(UTC) - timedelta(days=40)
    office.intuit.post(f"/_standin/realms/{office.realm_id}/backdate", {"days": 35})
    sql(office, "UPDATE connections SET changes_since = :at", at=long_ago.replace(tzinfo=None))
    night(office)
    assert [(one["document"], one["kind"]) for one in drifts(office)] == [
        ("Invoice", "edited"),
        ("Payment", "deleted"),
    ]
    [row] = sql(office, "SELECT changes_since FROM connections")
    assert str(row["changes_since"]) > (datetime.now(UTC) - timedelta(hours=1)).isoformat(" ")
    office.change(keys[2], canceled=True)
    office.sync()
    assert state(office, keys[2]) == "in-sync cancelled-after-deposit"


def test_more_changes_than_fit_an_answer_hide_no_deletion(office, bookkeeper):
    office.book(inspection(1))
    office.sync()
    [payment] = office.books()["Payment"]
    many = [
        {"bId": str(number), "operation": "create", "Customer": {"DisplayName": f"Client {number:04}"}}
        for number in range(1050)
    ]
    office.intuit.post(f"/_standin/realms/{office.realm_id}/batch", {"BatchItemRequest": many})
    bookkeeper.delete("Payment", payment["Id"])
    night(office)
    assert [(one["document"], one["kind"]) for one in drifts(office)] == [("Payment", "deleted")]
    [row] = sql(office, "SELECT count(*) AS names FROM named_things WHERE kind = 'Customer'")
    assert row["names"] == 1051


def test_check_quickbooks_now_looks_at_once(office, bookkeeper):
    [key] = office.book(inspection(1))
    office.sync()
    [payment] = office.books()["Payment"]
    bookkeeper.edit("Payment", payment["Id"], TxnDate="2026-01-02")
    worker = office.tieout.worker()
    office.submit("/settings/quickbooks/check", {}, page="/settings/quickbooks")
    worker.wait_until(lambda: drifts(office) != [], "the change to be found")
    assert f"SP-{key}" in office.get("/drift").text


def test_new_items_never_move_silently_to_another_income_account(office, bookkeeper):
    office.book(inspection(1))
    office.sync()
    items = {one["Name"]: one for one in office.books()["Item"]}
    services = items["Full Home Inspection"]["IncomeAccountRef"]["value"]
    bookkeeper.edit("Account", services, Active=False)
    night(office)
    radon = [{"kind": "service", "name": "Radon Test", "amount": "150.00"}]
    [key] = office.book(inspection(2, line_items=radon, payments=[]))
    office.sync()
    assert state(office, key) == "needs-you no-income-account"
    assert "Radon Test" not in {one["Name"] for one in office.books()["Item"]}
    bookkeeper.edit("Account", services, Active=True)
    night(office)
    assert state(office, key) == "in-sync"
    made = next(one for one in office.books()["Item"] if one["Name"] == "Radon Test")
    assert made["IncomeAccountRef"]["value"] == services
