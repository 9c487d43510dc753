"""An inspection becomes an Invoice with its Payments, and everything that can happen to it afterwards. The books are what counts."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.functional.office import Office, inspection


@pytest.fixture
def office(tieout, platform, intuit) -> Office:
    """A connected company on SQLite."""
    tieout.web()
    return Office(tieout, platform, intuit).open().connect()


@pytest.fixture
def office_on_each_database(tieout_on_each_database, platform, intuit) -> Office:
    """A connected company, on SQLite and on PostgreSQL."""
    tieout_on_each_database.web()
    return Office(tieout_on_each_database, platform, intuit).open().connect()


def line_amounts(invoice: dict) -> list[Decimal]:
    return [Decimal(str(line["Amount"])) for line in invoice["Line"] if "Id" in line]


def test_thirty_new_paid_inspections_cost_three_batches_and_no_read(office_on_each_database):
    office = office_on_each_database
    office.book(inspection(900))
    office.sync()
    office.forget_calls()
    office.book(*[inspection(number) for number in range(30)])
    result = office.sync()
    assert result["outcomes"] == {"created": 90}
    operations = [call["operation"] for call in office.calls()]
    assert operations == ["batch"] * 3
    books = office.books()
    assert (len(books["Customer"]), len(books["Invoice"]), len(books["Payment"])) == (31, 31, 31)
    assert all(Decimal(str(one["Balance"])) == 0 for one in books["Invoice"])


def test_an_unchanged_company_costs_nothing(office):
    office.book(inspection(1), inspection(2))
    office.sync()
    office.forget_calls()
    office.sync()
    assert office.calls() == []


def test_lines_dates_and_links_are_exact(office):
    lines = [
        {"kind": "service", "name": "Full Home Inspection", "amount": "425.50"},
        {"kind": "fee", "name": "Technology Fee", "amount": "9.95"},
        {"kind": "discount", "name": "Military discount", "amount": "-25.00"},
        {"kind": "tax", "name": "City tax", "amount": "4.11"},
    ]
    late = (datetime.now(UTC) + timedelta(days=3)).replace(
        hour=3, minute=30
    )  # The evening before, in New York.
    payments = [
        {"amount": "200.00", "method": "check", "received_at": late.isoformat(), "reference": "1044"},
        {"amount": "214.56", "method": "card", "received_at": late.isoformat(), "reference": "ch_9"},
    ]
    [key] = office.book(inspection(7, datetime=late.isoformat(), line_items=lines, payments=payments))
    office.sync()
    books = office.books()
    [invoice] = books["Invoice"]
    local_day = (late - timedelta(hours=5)).date().isoformat()
    if late.month in range(4, 11):
        local_day = (late - timedelta(hours=4)).date().isoformat()
    assert invoice["DocNumber"] == f"SP-{key}"
    assert invoice["TxnDate"] == local_day
    assert line_amounts(invoice) == [Decimal(line["amount"]) for line in lines]
    assert Decimal(str(invoice["TotalAmt"])) == Decimal("414.56")
    assert Decimal(str(invoice["Balance"])) == 0
    assert {one["PaymentMethodRef"]["name"] for one in books["Payment"]} == {"Check", "Credit Card"}
    assert {one["PaymentRefNum"] for one in books["Payment"]} == {"1044", "ch_9"}
    assert all(one["Line"][0]["LinkedTxn"][0]["TxnId"] == invoice["Id"] for one in books["Payment"])
    assert all(one["TxnDate"] == local_day for one in books["Payment"])


def test_a_changed_fee_changes_the_paid_invoice(office):
    [key] = office.book(inspection(1))
    office.sync()
    office.change(key, line_items=[{"kind": "service", "name": "Full Home Inspection", "amount": "625.00"}])
    assert office.sync()["outcomes"] == {"updated": 1}
    [invoice] = office.books()["Invoice"]
    assert (invoice["TotalAmt"], invoice["Balance"]) == (625.0, 50.0)


def test_a_lower_fee_leaves_the_rest_of_the_payment_unapplied(office):
    [key] = office.book(inspection(1))
    office.sync()
    office.change(key, line_items=[{"kind": "service", "name": "Full Home Inspection", "amount": "400.00"}])
    office.sync()
    books = office.books()
    assert books["Invoice"][0]["TotalAmt"] == 400.0
    assert books["Invoice"][0]["Balance"] == 0
    assert (books["Payment"][0]["TotalAmt"], books["Payment"][0]["UnappliedAmt"]) == (575.0, 175.0)
    assert "Paid more than invoiced" in office.get(f"/inspections/{key}").text


def test_cancel_deletes_and_reinstate_makes_again(office):
    [key, other] = office.book(inspection(1), inspection(2))
    office.sync()
    office.change(key, canceled=True, cancel_reason="Buyer backed out")
    assert office.sync()["outcomes"] == {"deleted": 2}
    books = office.books()
    assert [one["DocNumber"] for one in books["Invoice"]] == [f"SP-{other}"]
    assert len(books["Payment"]) == 1
    assert "Buyer backed out" in office.get(f"/inspections/{key}").text
    office.change(key, canceled=False)
    assert office.sync()["outcomes"] == {"created": 2}
    books = office.books()
    assert sorted(one["DocNumber"] for one in books["Invoice"]) == sorted([f"SP-{key}", f"SP-{other}"])
    assert all(one["Balance"] == 0 for one in books["Invoice"])
    assert len(books["Customer"]) == 2


def test_deleted_inspections_lose_their_documents(office):
    [key] = office.book(inspection(1))
    office.sync()
    office.change(key, deleted=True)
    office.sync()
    books = office.books()
    assert books["Invoice"] == [] and books["Payment"] == []


def test_unconfirmed_and_old_inspections_have_no_documents(office):
    keys = office.book(inspection(1, confirmed=False), inspection(2, days=-40), inspection(3))
    office.sync()
    assert [one["DocNumber"] for one in office.books()["Invoice"]] == [f"SP-{keys[2]}"]
    assert "not confirmed" in office.get(f"/inspections/{keys[0]}").text.lower()
    assert "sync start date" in office.get(f"/inspections/{keys[1]}").text.lower()
    office.change(keys[0], confirmed=True)
    office.sync()
    assert len(office.books()["Invoice"]) == 2


def test_another_client_after_payment_moves_the_documents(office):
    [key] = office.book(inspection(1))
    office.sync()
    before = office.books()
    office.change(
        key, buyer={"new": True, "first_name": "Luis", "last_name": "Muñoz", "email": "luis@client.example"}
    )
    office.sync()
    books = office.books()
    [invoice], [payment] = books["Invoice"], books["Payment"]
    assert invoice["Id"] == before["Invoice"][0]["Id"]
    assert invoice["CustomerRef"]["name"] == payment["CustomerRef"]["name"] == "Luis Muñoz"
    assert payment["Id"] != before["Payment"][0]["Id"]
    assert invoice["Balance"] == 0
    assert len(books["Customer"]) == 2


def test_voided_and_refunded_payments(office):
    [key] = office.book(inspection(1))
    office.sync()
    paid = office.platform.get(f"/_standin/inspections/{key}")["payments"][0]
    path = f"/_standin/inspections/{key}/payments/{paid['id']}"
    office.platform.request("PATCH", path, json={"refunded_amount": "75.00"})
    office.sync()
    [payment] = office.books()["Payment"]
    assert payment["TotalAmt"] == 500.0
    assert office.books()["Invoice"][0]["Balance"] == 75.0
    office.platform.request("PATCH", path, json={"voided_at": datetime.now(UTC).isoformat()})
    office.sync()
    books = office.books()
    assert books["Payment"] == []
    assert books["Invoice"][0]["Balance"] == 575.0


def test_a_free_inspection_has_its_invoice(office):
    free = [{"kind": "service", "name": "Re-inspection", "amount": "0.00"}]
    office.book(inspection(1, line_items=free, payments=[]))
    office.sync()
    [invoice] = office.books()["Invoice"]
    assert invoice["TotalAmt"] == 0


def test_below_zero_waits_for_a_person_and_the_others_go_on(office):
    lines = [
        {"kind": "service", "name": "Radon", "amount": "100.00"},
        {"kind": "discount", "name": "Sorry", "amount": "-150.00"},
    ]
    keys = office.book(inspection(1, line_items=lines, payments=[]), inspection(2))
    office.sync()
    assert [one["DocNumber"] for one in office.books()["Invoice"]] == [f"SP-{keys[1]}"]
    status = office.tieout.flask_json("status", office.id)
    assert status["reasons"] == {"negative-total": 1}


def test_bad_records_are_kept_aside_and_shown(office):
    keys = office.book(inspection(1), inspection(2), inspection(3))
    office.change(keys[1], raw={"attributes": {"datetime": "soon"}})
    office.sync()
    assert len(office.books()["Invoice"]) == 2
    page = office.get("/sync-log").text
    assert keys[1] in page
    office.change(keys[1], raw=None)
    office.sync()
    assert len(office.books()["Invoice"]) == 3
    assert office.tieout.flask_json("status", office.id)["bad_records"] == 0


def test_two_clients_of_one_name_and_one_client_twice(office):
    same = {"first_name": "Pat", "last_name": "Lee"}
    keys = office.book(
        inspection(1, buyer={**same, "email": "pat.one@client.example"}),
        inspection(2, buyer={**same, "email": "pat.two@client.example"}),
        inspection(3, buyer={**same, "email": "pat.one@client.example"}),
    )
    office.sync()
    books = office.books()
    customers = {one["Id"]: one["DisplayName"] for one in books["Customer"]}
    assert sorted(customers.values()) == ["Pat Lee", "Pat Lee (2)"]
    of = {one["DocNumber"]: one["CustomerRef"]["value"] for one in books["Invoice"]}
    assert of[f"SP-{keys[0]}"] == of[f"SP-{keys[2]}"] != of[f"SP-{keys[1]}"]


def test_one_refused_invoice_stops_nobody_else(office):
    keys = office.book(inspection(1), inspection(2), inspection(3))
    office.intuit.post(
        "/_standin/faults",
        {"realm": office.realm_id, "kind": "item", "entity": "Invoice", "code": "6000", "index": 0},
    )
    office.sync()
    assert len(office.books()["Invoice"]) == 2
    status = office.tieout.flask_json("status", office.id)
    assert status["inspections"]["in-sync"] == 2
    assert status["inspections"]["needs-you"] == 1
    assert sum(key in office.get("/sync-log").text for key in keys) == 3


def test_many_deletes_at_once_wait_for_approval(office):
    keys = office.book(*[inspection(number) for number in range(15)])
    office.sync()
    for key in keys[:12]:
        office.change(key, canceled=True)
    office.sync()
    assert len(office.books()["Invoice"]) == 15
    page = office.get("/settings/quickbooks").text
    assert "Approve deletes" in page
    office.submit("/settings/quickbooks/approve-deletes", {}, page="/settings/quickbooks")
    office.tieout.flask_json("reconcile", office.id)
    books = office.books()
    assert (len(books["Invoice"]), len(books["Payment"])) == (3, 3)


@pytest.mark.parametrize("kind", ["401", "403"])
def test_a_dead_feed_key_is_said_and_deletes_nothing(office, kind):
    office.book(inspection(1))
    office.sync()
    office.platform.post("/_standin/faults", {"kind": kind, "times": None})
    done = office.tieout.run_flask("poll", office.id, "--json")
    assert done.code != 0 and "feed-refused" in done.out
    office.tieout.flask_json("reconcile", office.id)
    assert len(office.books()["Invoice"]) == 1
    assert "key" in office.get("/sync-log").text.lower()


def test_until_the_platform_asked_us_to_wait_nothing_is_sent_whoever_asks(office):
    office.book(inspection(1))
    office.sync()
    office.platform.post("/_standin/faults", {"kind": "429", "times": 1, "retry_after": 900})
    assert "feed-throttled" in office.tieout.run_flask("poll", office.id, "--json").out
    asked = len(office.platform.get("/_standin/calls"))
    again = office.tieout.run_flask("poll", office.id, "--json")
    assert again.code != 0 and "asked us to wait until" in again.out
    night = office.tieout.run_flask("nightly", "--company", office.id, "--json")
    assert "asked us to wait until" in night.out
    assert len(office.platform.get("/_standin/calls")) == asked


def test_a_platform_that_does_not_speak_our_feed_is_said_to_ops_and_deletes_nothing(office):
    office.book(inspection(1))
    office.sync()
    office.platform.post("/_standin/faults", {"kind": "404", "times": None})
    done = office.tieout.run_flask("poll", office.id, "--json")
    assert done.code != 0 and "feed-foreign" in done.out
    assert office.tieout.flask_json("status", office.id)["feed"] == "foreign"
    assert len(office.books()["Invoice"]) == 1
    assert "answers in another form than agreed" in office.get("/sync-log").text


def test_a_change_that_is_committed_late_arrives_whatever_its_stamp(office):
    """What was read last is the truth: the late row carries an older `updated_at` than the one we have."""
    [key] = office.book(inspection(1))
    office.sync()
    row = office.platform.get(f"/_standin/inspections/{key}")
    stamp = datetime.fromisoformat(row["updated_at"]) - timedelta(minutes=1)
    changed = [{"kind": "service", "name": "Full Home Inspection", "amount": "625.00"}]
    office.change(key, line_items=changed, updated_at=stamp.isoformat())
    office.sync()
    [invoice] = office.books()["Invoice"]
    assert float(invoice["TotalAmt"]) == 625.0
