"""The migration from preview to report: SalesReceipts become Invoices and Payments, once; the books are what counts."""

import hashlib
import json
from collections.abc import Iterator
from decimal import Decimal

import pytest

from tests.functional.legacy import (
    CUTOFF,
    PAGE,
    LegacyOffice,
    World,
    legacy_world,
    money_of,
    old_inspection,
)
from tests.functional.office import PASSWORD


@pytest.fixture(scope="module")
def world(tmp_path_factory, migrated_sqlite) -> Iterator[World]:
    with legacy_world(tmp_path_factory.mktemp("migration"), migrated_sqlite) as started:
        yield started


FIVE = (
    old_inspection(1, "2018-06-01T09:00:00", "300.00"),
    old_inspection(2, "2018-12-31T23:59:59", "310.00"),
    old_inspection(3, "2019-01-01T00:00:00", "425.00"),
    # Received in the next month, so that cash-basis income moves.
    old_inspection(4, "2019-02-28T13:00:00", "500.10", payments=[
        {"amount": "500.10", "method": "card", "received_at": "2019-03-02T09:00:00", "reference": "ch_4"}]),
    old_inspection(5, "2019-07-01T09:00:00", "99.95"),
)  # fmt: skip


def test_receipts_after_the_cutoff_are_replaced_once_and_nothing_else_is_touched(world):
    office = world.office(*FIVE)
    # A receipt of the company's own, which no record of ours names, and an inspection without a receipt on either side.
    [own] = office.write([("create", "SalesReceipt", {"TxnDate": "2019-05-05", "Line": [
        {"Amount": 50, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"ItemRef": {"value": "1"}}}]})])  # fmt: skip
    office.book(
        old_inspection(8, "2018-03-01T09:00:00", "80.00"), old_inspection(9, "2019-03-05T09:00:00", "90.00")
    )
    office.sync()
    untouched = {row["Id"]: row for row in office.books()["SalesReceipt"]}
    page = office.preview()
    assert "REPLACE 3 RECEIPTS" in page and "2 months differ" in page
    manifest = office.download("manifest.json")
    assert hashlib.sha256(manifest.encode()).hexdigest() in page
    forecast = json.loads(manifest)["forecast"]
    before = {basis: office.profit(basis) for basis in ("accrual", "cash")}

    result = office.migrate()
    assert result["problems"] == [] and result["replaced"] == 3
    books = office.books()
    kept = [office.receipts[key] for key in list(office.receipts)[:2]] + [own["Id"]]
    assert books["SalesReceipt"] == [untouched[receipt_id] for receipt_id in kept]
    assert money_of(books["Invoice"]) == [Decimal(text) for text in ("90.00", "99.95", "425.00", "500.10")]
    assert money_of(books["Payment"]) == money_of(books["Invoice"])
    assert all(Decimal(str(invoice["Balance"])) == 0 for invoice in books["Invoice"])
    # The Customers are those of the receipts; only the inspection that had none brought a new one.
    assert len(books["Customer"]) == 6
    _assert_income_is_as_forecast(office, forecast, before)
    _assert_report_and_copies(office)
    _assert_nothing_more_moves(office, books)

    # The cutoff is fixed: later is refused with the reason, earlier is possible.
    later = office.submit(f"{PAGE}/preview", {"cutoff": "2019-02-01T00:00"}, page=PAGE)
    assert later.status_code == 422 and "cannot become SalesReceipts again" in later.text
    assert "REPLACE 1 RECEIPTS" in office.preview("2018-12-01T00:00")
    assert office.migrate("2018-12-01T00:00")["replaced"] == 1
    assert money_of(office.books()["SalesReceipt"]) == [Decimal("50"), Decimal("300")]


def _assert_income_is_as_forecast(office: LegacyOffice, forecast: dict, before: dict) -> None:
    for basis in ("accrual", "cash"):
        expected = {month["name"]: Decimal(month["after"]) for month in forecast[basis]["months"]}
        expected["2019-05"] = expected.get("2019-05", Decimal(0)) + 50
        assert office.profit(basis) == {month: amount for month, amount in expected.items() if amount}
        moved = {month["name"]: Decimal(month["difference"]) for month in forecast[basis]["months"]}
        assert {month: amount for month, amount in moved.items() if amount} == (
            {"2019-03": Decimal("90.00")}
            if basis == "accrual"
            else {"2019-02": Decimal("-500.10"), "2019-03": Decimal("590.10")}
        )
        assert before[basis]["2018-06"] == office.profit(basis)["2018-06"]


def _assert_report_and_copies(office: LegacyOffice) -> None:
    report = office.migration()
    assert "Done. 3 SalesReceipts replaced" in report and "As forecast, to the cent" in report
    copies = office.table("archive.csv")
    assert {(one["SalesReceipt"], one["Customer"], one["Total"]) for one in copies} == {
        (f"R{key}", office.inspections[key]["buyer"]["first_name"] + " " + office.inspections[key]["buyer"]["last_name"],
         office.inspections[key]["line_items"][0]["amount"]) for key in list(office.receipts)[2:]}  # fmt: skip
    whole = json.loads(office.download("archive.json"))["copies"]
    assert [copy["receipt"]["Id"] for copy in whole] == [
        office.receipts[key] for key in list(office.receipts)[2:]
    ]
    steps = office.table("report.csv")
    moments = ("Copied", "Invoice made", "Payments made", "Compared", "Deleted", "Confirmed gone")
    assert all([row[name] for name in moments] == sorted(row[name] for name in moments) for row in steps)
    assert "not touched" in office.get(f"{PAGE}/1/statement").text


def _assert_nothing_more_moves(office: LegacyOffice, books: dict) -> None:
    """From now on the reconciler finds nothing to do, and a reschedule moves nothing across."""
    old, new = list(office.receipts)[1], list(office.receipts)[2]
    office.forget_calls()
    office.sync()
    assert office.calls() == []
    office.change(old, datetime="2019-06-01T09:00:00")
    office.change(new, datetime="2018-06-01T09:00:00")
    office.sync()
    after = office.books()
    assert after["SalesReceipt"] == books["SalesReceipt"]
    assert len(after["Invoice"]) == 4
    [moved] = [one for one in after["Invoice"] if one["DocNumber"] == f"SP-{new}"]
    assert moved["TxnDate"] == "2018-06-01"


def test_each_blocker_leaves_its_receipt_alone_and_says_why(world):
    blocked = [old_inspection(number, f"2019-02-{number:02d}T09:00:00") for number in range(1, 9)]
    same_buyer = {"first_name": "Bo", "last_name": "Twice", "email": "bo@client.example", "ref": "bo"}
    closed = old_inspection(20, "2019-01-01T09:00:00")
    office = world.office(closed, *blocked, old_inspection(30, "2019-03-01T09:00:00", "77.00"))
    keys = list(office.receipts)
    deposited, edited, _, differs, cancelled, unpaid, twice, doubled = keys[1:9]
    first, second = office.book_with_receipts(
        old_inspection(40, "2019-04-01T09:00:00", buyer=same_buyer),
        old_inspection(41, "2019-04-02T09:00:00", buyer={**same_buyer, "last_name": "Twice B"}),
    )
    _make_trouble(office, keys)

    page = office.preview()
    for words in (
        "The SalesReceipt is in a bank deposit",
        "A person changed the SalesReceipt",
        "The SalesReceipt is not in QuickBooks",
        "The amounts do not match",
        "The inspection has no place in the books any more",
        "The books are closed for a date of it",
        "More than one SalesReceipt for one inspection",
        "Which Customer is it?",
    ):
        assert words in page, words
    assert "$425.00 will be open" in page
    assert "REPLACE 3 RECEIPTS" in page  # The good one, the unpaid one, and the last of the eight.

    # An owner accepts the edit, and a receipt of which somebody deleted the deposit is no edit.
    [deposit] = office.books()["Deposit"]
    office.write([("delete", "Deposit", {"Id": deposit["Id"]})])
    office.submit(f"{PAGE}/accept", {"receipt": office.receipts[edited]}, page=PAGE)
    assert "REPLACE 5 RECEIPTS" in office.preview()
    result = office.migrate()
    assert (result["problems"], result["replaced"], result["left"]) == ([], 5, 0)
    books = office.books()
    standing = {one["Id"] for one in books["SalesReceipt"]}
    assert {key for key, receipt_id in office.receipts.items() if receipt_id in standing} == {
        keys[0], differs, cancelled, twice, first, second,
    }  # fmt: skip
    numbers = {one["DocNumber"]: Decimal(str(one["Balance"])) for one in books["Invoice"]}
    assert numbers == {
        f"SP-{deposited}": 0, f"SP-{edited}": 0, f"SP-{doubled}": 0, f"SP-{keys[9]}": 0, f"SP-{unpaid}": 425,
    }  # fmt: skip
    assert "could not be" in office.migration()

    # What was left can be tried again when its cause is settled.
    office.change(cancelled, canceled=False)
    again = office.submit(f"{PAGE}/try-again", {"password": PASSWORD}, page=PAGE)
    assert "Cancel migration" in again.text
    office.nightly()
    assert f"SP-{cancelled}" in {one["DocNumber"] for one in office.books()["Invoice"]}


def test_a_receipt_edited_by_hand_then_deposited_and_taken_out_counts_as_edited(world):
    office = world.office(*FIVE)
    untouched, edited = list(office.receipts)[2:4]  # The first two are before the cutoff.
    office.write([
        ("update", "SalesReceipt", {"Id": office.receipts[edited], "sparse": True, "PrivateNote": "by hand"}),
    ])  # fmt: skip
    bank = next(one["Id"] for one in office.books()["Account"] if one["AccountType"] == "Bank")
    totals = {one["Id"]: one["TotalAmt"] for one in office.books()["SalesReceipt"]}
    lines = [
        {"Amount": totals[held], "LinkedTxn": [{"TxnId": held, "TxnType": "SalesReceipt", "TxnLineId": "0"}]}
        for held in (office.receipts[untouched], office.receipts[edited])
    ]
    office.write([("create", "Deposit", {"DepositToAccountRef": {"value": bank}, "Line": lines})])
    assert "The SalesReceipt is in a bank deposit" in office.preview()
    [deposit] = office.books()["Deposit"]
    office.write([("delete", "Deposit", {"Id": deposit["Id"]})])

    page = office.preview()
    assert "A person changed the SalesReceipt" in page and "is in a bank deposit" not in page
    assert office.migrate()["left"] == 0
    standing = {one["Id"]: one.get("PrivateNote") for one in office.books()["SalesReceipt"]}
    assert standing[office.receipts[edited]] == "by hand" and office.receipts[untouched] not in standing


def test_only_an_owner_with_password_and_words_confirms_a_true_preview(world):
    office = world.office(*FIVE)
    office.add_person(f"b{office.platform_id}@office.example", "bookkeeper")
    office.sync()  # Which inspection is the first is known once they have been read.
    for typed, said in (
        ("yesterday", "is not a date and time"),
        ("2999-01-01T00:00", "is in the future"),
        ("2017-01-01T00:00", "Your first inspection is on"),
        ("2019-03-10T02:30", "did not exist"),
        ("2019-11-03T01:30", "happened twice"),
    ):
        refused = office.submit(f"{PAGE}/preview", {"cutoff": typed}, page=PAGE)
        assert refused.status_code == 422 and said in refused.text, typed
    office.preview()
    assert "That is not your password" in office.confirm(password="wrong").text
    assert "Type REPLACE 3 RECEIPTS" in office.confirm(words="replace 3 receipts").text
    office.change(list(office.receipts)[3], payments=[])
    office.tieout.flask_json("poll", office.id)
    assert "have changed since this preview was made" in office.confirm().text
    office.preview()

    office.log_in(f"b{office.platform_id}@office.example")
    seen = office.migration()
    assert "Only an owner can" in seen and "Confirm migration" not in seen
    for act in ("preview", "confirm", "cancel", "accept", "go-on", "try-again", "run-now", "approve"):
        token = office.get("/settings").text.split('name="csrf_token" value="')[1].split('"')[0]
        answer = office.http.post(office.tieout.url + f"{PAGE}/{act}", {"csrf_token": token}, timeout=30)
        assert answer.status_code == 403, act

    office.log_in()
    assert "Cancel migration" in office.confirm().text
    assert "confirmed and not over" in office.submit(f"{PAGE}/preview", {"cutoff": CUTOFF}, page=PAGE).text
    assert office.nightly("2019-01-01T07:00:00+00:00")["problems"] == []  # Its time has not come.
    assert "Cancel migration" in office.migration()
    assert "Nothing was changed" in office.submit(f"{PAGE}/cancel", {}, page=PAGE).text
    office.nightly()
    assert len(office.books()["SalesReceipt"]) == 5 and office.books()["Invoice"] == []

    # With a second owner's approval asked for, it waits for that owner.
    second = f"second{office.platform_id}@office.example"
    office.add_person(second, "owner")
    office.preview()
    assert "has to approve it first" in office.confirm(second_owner="yes").text
    office.nightly()
    assert office.books()["Invoice"] == []
    assert "Another owner than" in office.submit(f"{PAGE}/approve", {}, page=PAGE).text
    office.log_in(second)
    assert "Approved" in office.submit(f"{PAGE}/approve", {}, page=PAGE).text
    assert office.nightly()["replaced"] == 3

    stranger = world.office()
    stranger.log_in()
    assert stranger.get(f"{PAGE}/1").status_code == 404
    assert stranger.get(f"{PAGE}/1/archive.json").status_code == 404


def _make_trouble(office: LegacyOffice, keys: list[str]) -> None:
    """Give each of these receipts or its inspection another reason why it cannot simply be replaced."""
    deposited, edited, missing, differs, cancelled, unpaid, twice = keys[1:8]
    bank = next(one["Id"] for one in office.books()["Account"] if one["AccountType"] == "Bank")
    office.write([
        ("create", "Deposit", {"DepositToAccountRef": {"value": bank}, "Line": [{"Amount": 425, "LinkedTxn": [
            {"TxnId": office.receipts[deposited], "TxnType": "SalesReceipt", "TxnLineId": "0"}]}]}),
        ("update", "SalesReceipt", {"Id": office.receipts[edited], "sparse": True, "PrivateNote": "by hand"}),
        ("delete", "SalesReceipt", {"Id": office.receipts[missing]}),
    ])  # fmt: skip
    fee = {"kind": "fee", "name": "Travel", "amount": "25.00"}
    office.platform.post(f"/_standin/inspections/{differs}/line_items", fee)
    office.change(cancelled, canceled=True)
    office.change(unpaid, payments=[])
    office.intuit.post(
        f"/_standin/realms/{office.realm_id}/preferences",
        {"AccountingInfoPrefs": {"BookCloseDate": "2019-01-31"}},
    )
    _record_another_receipt(office, twice)


def _record_another_receipt(office: LegacyOffice, key: str) -> None:
    """Enter a second SalesReceipt for an inspection, and put it on record too."""
    [first] = [one for one in office.books()["SalesReceipt"] if one["Id"] == office.receipts[key]]
    lines = [line for line in first["Line"] if "Id" in line]
    body = {
        "CustomerRef": {"value": first["CustomerRef"]["value"]},
        "TxnDate": first["TxnDate"],
        "Line": lines,
    }
    [made] = office.write([("create", "SalesReceipt", body)])
    file = office.tieout.folder / "twice.csv"
    file.write_text(f"inspection_id,receipt_id,amount\n{key},{made['Id']},425.00\n")
    office.tieout.flask_json("legacy", "import", office.id, file)


def test_payments_stay_in_the_account_that_their_receipt_lay_in(world):
    office = world.office(FIVE[2])
    [key] = office.receipts
    accounts = office.books()["Account"]
    bank = next(one["Id"] for one in accounts if one["AccountType"] == "Bank")
    undeposited = next(one["Id"] for one in accounts if one.get("AccountSubType") == "UndepositedFunds")
    page = "/settings/quickbooks/bookkeeping"
    office.sync()  # Reads the lists to choose from.
    assert "Saved." in office.submit(f"{page}/payments", {"deposit_account_id": bank}, page=page).text
    assert office.migrate()["replaced"] == 1
    path = f"/_standin/inspections/{key}"
    [received] = office.platform.get(path)["payments"]

    def payment() -> tuple[str, str]:
        office.sync()
        [one] = office.books()["Payment"]
        return one["PaymentRefNum"], one["DepositToAccountRef"]["value"]

    office.platform.request("PATCH", f"{path}/payments/{received['id']}", json={"reference": "corrected"})
    assert payment() == ("corrected", undeposited), "written again for its reference, where it was"
    # Another choice that goes to existing Payments does not carry the account along; a choice of the account does.
    too = {"deposit_account_id": bank, "method_card": "Square", "scope": "all"}
    assert "1 existing Payment follows" in office.submit(f"{page}/payments", too, page=page).text
    assert payment() == ("corrected", undeposited)
    for account in (undeposited, bank):
        office.submit(f"{page}/payments", too | {"deposit_account_id": account}, page=page)
    assert payment() == ("corrected", bank)
