"""Money given back after its deposit, over HTTP: the deposit stays, the refund is a RefundReceipt of its own day, and the books tie out.

Each test ends with `settled`: nothing is left to do, the same again does nothing, and the statement leaves no cent unexplained.
"""

from datetime import date, timedelta

from tests.worker.reconciling.money_back import OURS, Client, as_written, flags, said, settled, today
from tests.worker.reconciling.test_waiting import close_books, paid, row, totals


def test_part_given_back_is_a_refund_receipt_and_invoice_payment_and_deposit_stay(desk):
    client = Client(desk)
    client.refund("75.00", line="Radon not done")
    desk.sync()
    [refund] = client.refunds
    bank = client.before["Deposit"][0]["DepositToAccountRef"]["value"]
    assert (refund["TotalAmt"], refund["TxnDate"]) == (75.0, today(desk))
    assert refund["DepositToAccountRef"]["value"] == bank
    assert said(refund) == [("Radon not done", 75.0)]
    assert refund["CustomerRef"]["value"] == client.invoice()["CustomerRef"]["value"]
    assert refund["DocNumber"] == f"SP-{client.key}-R1" and len(refund["DocNumber"]) <= 21
    assert refund["PrivateNote"].endswith(f"Tieout refund {client.key}-R1")
    assert refund["PaymentMethodRef"]["name"] == "Credit Card" and refund["PaymentRefNum"] == "ch_1"
    client.assert_history_stands()
    assert client.invoice() == client.before["Invoice"][0]
    made = settled(desk)
    [explained] = [one for one in made["explained"] if one["cause"] == "refunded"]
    assert refund["DocNumber"] in explained["sentence"]
    checking = next(one for one in desk.books()["Account"] if one["Id"] == bank)
    assert checking["CurrentBalance"] == 500.0


def test_several_refunds_are_several_receipts(desk):
    client = Client(desk)
    client.refund("75.00", line="Late")
    desk.sync()
    first = client.refunds
    client.refund("175.00", line="No radon")
    desk.sync()
    assert [(one["DocNumber"][-3:], said(one)) for one in client.refunds] == [
        ("-R1", [("Late", 75.0)]),
        ("-R2", [("No radon", 100.0)]),
    ]
    assert client.refunds[:1] == first
    client.assert_history_stands()
    settled(desk)


def test_all_of_it_given_back_leaves_no_income_and_the_invoice_paid(desk):
    client = Client(desk)
    client.refund("575.00", line="Report withdrawn")
    desk.sync()
    assert totals(desk, "RefundReceipt") == [575]
    assert (client.invoice()["TotalAmt"], client.invoice()["Balance"]) == (575.0, 0)
    client.assert_history_stands()
    settled(desk)


def test_a_refund_without_its_line_is_on_the_discount_item_and_the_line_takes_it_over(desk):
    client = Client(desk)
    client.refund("75.00", line=None)
    desk.sync()
    assert said(client.refunds[0]) == [("Discount", 75.0)]
    assert client.invoice()["TotalAmt"] == 575.0
    assert flags(desk, client.key) == ["refund-without-line"]
    settled(desk)
    client.fees(extra=[{"kind": "fee", "name": "Goodwill", "amount": "-75.00"}])
    desk.sync()
    assert [said(one) for one in client.refunds] == [[("Goodwill", 75.0)]]
    assert client.invoice()["TotalAmt"] == 575.0 and flags(desk, client.key) == []
    client.assert_history_stands()
    settled(desk)


def test_a_line_without_refund_waits_for_the_refund(desk):
    client = Client(desk)
    client.fees(extra=[{"kind": "fee", "name": "Refund", "amount": "-75.00"}])
    desk.sync()
    client.assert_history_stands()
    assert client.invoice() == client.before["Invoice"][0] and client.refunds == []
    waits = row(desk, client.key)
    assert (waits["state"], waits["reason"]) == ("needs-you", "deposited")
    assert waits["waits"] == [(f"Invoice SP-{client.key}", "update", "deposited")]
    settled(desk, "needs-you")
    client.refund("75.00", line=None)
    desk.sync()
    assert [said(one) for one in client.refunds] == [[("Refund", 75.0)]]
    assert client.invoice() == client.before["Invoice"][0]
    settled(desk)


def test_a_refund_taken_back_deletes_its_receipt_and_the_next_has_a_new_number(desk):
    client = Client(desk)
    client.refund("75.00")
    desk.sync()
    client.refund("0.00", line=None)
    client.fees(without="Refund")
    desk.sync()
    assert client.refunds == []
    client.assert_history_stands()
    settled(desk)
    client.refund("75.00")
    desk.sync()
    assert [one["DocNumber"][-3:] for one in client.refunds] == ["-R2"]
    settled(desk)


def test_a_refund_into_a_closed_month_waits_alone_with_its_cause_and_goes_when_the_books_open(desk):
    client = Client(desk)
    close_books(desk, (date.today() + timedelta(days=1)).isoformat())
    client.refund("75.00")
    desk.change(client.key, property_address="2 Elm St")
    desk.sync()
    assert client.refunds == []
    waits = row(desk, client.key)
    assert (f"RefundReceipt SP-{client.key}-R1", "create", "closed-books") in waits["waits"]
    client.assert_history_stands()
    settled(desk, "needs-you")
    close_books(desk, "")
    desk.sync()
    assert totals(desk, "RefundReceipt") == [75]
    settled(desk)


def test_cancelled_with_money_kept_and_given_back_in_a_second_step(desk):
    client = Client(desk)
    desk.change(client.key, canceled=True)
    desk.sync()
    assert client.invoice() == client.before["Invoice"][0] and client.refunds == []
    client.assert_history_stands()
    assert flags(desk, client.key) == ["cancelled-after-deposit"]
    made = settled(desk)
    assert {one["cause"] for one in made["explained"]} == {"after-deposit"}
    client.refund("475.00", line=None)
    desk.sync()
    assert totals(desk, "RefundReceipt") == [475]
    assert client.invoice() == client.before["Invoice"][0]
    client.assert_history_stands()
    settled(desk)


def test_cancelled_and_deleted_keep_what_was_deposited_and_nobody_owes_the_rest(desk):
    client = Client(desk, payments=[paid("200.00", 40, "ch_1")])
    desk.change(client.key, canceled=True)
    desk.sync()
    assert (client.invoice()["TotalAmt"], client.invoice()["Balance"]) == (200.0, 0)
    client.assert_history_stands()
    settled(desk)
    desk.change(client.key, canceled=False)
    desk.sync()
    assert (client.invoice()["TotalAmt"], client.invoice()["Balance"]) == (575.0, 375.0)
    settled(desk)


def test_before_the_deposit_the_payment_is_lowered_or_deleted_as_ever(desk):
    client = Client(desk, deposit=False)
    client.refund("75.00")
    desk.sync()
    assert (totals(desk, "Payment"), client.invoice()["TotalAmt"], client.refunds) == ([500], 500.0, [])
    settled(desk)
    desk.change(client.key, canceled=True)
    desk.sync()
    assert desk.books()["Invoice"] == desk.books()["Payment"] == []


def test_a_deposit_seen_after_the_refund_was_booked_the_old_way_changes_nothing(desk):
    client = Client(desk, deposit=False)
    client.refund("75.00")
    desk.sync()
    client.bookkeeper.deposit(*desk.books()["Payment"])
    desk.run("check")
    assert (totals(desk, "Payment"), client.invoice()["TotalAmt"], client.refunds) == ([500], 500.0, [])
    settled(desk)
    client.refund("100.00", line="Late")
    desk.sync()
    assert (totals(desk, "Payment"), client.invoice()["TotalAmt"]) == ([500], 500.0)
    assert [said(one) for one in client.refunds] == [[("Late", 25.0)]]
    settled(desk)


def test_a_deposit_that_we_did_not_know_of_is_found_by_the_refusal_in_the_same_run(desk):
    client = Client(desk, known=False)
    client.refund("75.00")
    desk.sync()
    client.assert_history_stands()
    assert [said(one) for one in client.refunds] == [[("Refund", 75.0)]]
    bank = client.before["Deposit"][0]["DepositToAccountRef"]["value"]
    assert client.refunds[0]["DepositToAccountRef"]["value"] == bank
    assert client.invoice() == client.before["Invoice"][0]
    settled(desk)


def test_cancelled_before_we_knew_of_the_deposit_keeps_all_that_was_paid_in_the_same_run(desk):
    two = [paid("300.00", 40, "ch_1"), paid("175.00", 40, "ch_2")]
    client = Client(desk, known=False, deposit=False, payments=two)
    client.bookkeeper.deposit(next(one for one in client.before["Payment"] if one["PaymentRefNum"] == "ch_1"))
    desk.change(client.key, canceled=True)
    desk.sync()
    assert totals(desk, "Payment") == [175, 300]
    assert (client.invoice()["TotalAmt"], client.invoice()["Balance"]) == (475.0, 0)
    assert flags(desk, client.key) == ["cancelled-after-deposit"]
    settled(desk)


def test_the_deposit_taken_apart_later_leaves_the_refund_where_it_is(desk):
    client = Client(desk)
    client.refund("75.00")
    desk.sync()
    before = desk.books()
    client.bookkeeper.delete("Deposit", client.deposit_id)
    desk.run("check")
    assert all(as_written(desk.books(), kind) == as_written(before, kind) for kind in OURS)
    settled(desk)


def test_given_back_by_card_and_paid_again_by_check_is_income_once(desk):
    client = Client(desk)
    client.refund("575.00", line=None)
    path = f"/_standin/inspections/{client.key}/payments"
    desk.platform.post(path, paid("575.00", 0, "1881") | {"method": "check"})
    desk.sync()
    assert (client.invoice()["TotalAmt"], client.invoice()["Balance"]) == (1150.0, 0)
    assert totals(desk, "RefundReceipt") == [575]
    settled(desk)
