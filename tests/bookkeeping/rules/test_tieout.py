"""The tie-out statement: every planted difference is named, and what is named accounts for all of it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookkeeping.rules.references import doc_number, mark, note
from bookkeeping.rules.tieout import MEASURES, BookDocument, Mirrored, OnRecord, Period, dollars_only
from bookkeeping.rules.tieout_causes import CAUSES, needs_a_look
from bookkeeping.rules.tieout_matching import tie_out
from tests.bookkeeping.rules.factories import NOON, SETTINGS, inspection, line, payment

PERIOD = Period(date(2026, 1, 1), date(2026, 12, 31))
DAY = date(2026, 3, 2)


def money(text):
    return Decimal(text)


def mirrored(key="1042", total="425.00", paid="425.00", state="in-sync", reason="", due=False, **fields):
    payments = (payment(paid, f"p{key}"),) if paid else ()
    one = inspection(key=key, lines=(line(total),), **{"payments": payments, **fields})
    return Mirrored(one, state, reason, due)


def invoice(key="1042", total="425.00", paid="425.00", qbo_id="", **fields):
    values = {
        "kind": "Invoice",
        "qbo_id": qbo_id or f"1{key}",
        "txn_date": DAY,
        "total": money(total),
        "doc_number": doc_number(key),
        "private_note": note(mark("inspection", key)),
        "balance": money(total) - money(paid or "0"),
    }
    return BookDocument(**{**values, **fields})


def paid(key="1042", amount="425.00", qbo_id="", applied=None, **fields):
    there = money(amount if applied is None else applied)
    values = {
        "kind": "Payment",
        "qbo_id": qbo_id or f"2{key}",
        "txn_date": DAY,
        "total": money(amount),
        "private_note": note(mark("payment", f"p{key}")),
        "unapplied": money(amount) - there,
        "applied": (("Invoice", f"1{key}", there),) if there else (),
    }
    return BookDocument(**{**values, **fields})


def records(*keys, live=True, hands_off=""):
    found = {}
    for key in keys or ("1042",):
        found["Invoice", f"1{key}"] = OnRecord(key, key, live, hands_off)
        found["Payment", f"2{key}"] = OnRecord(key, f"p{key}", live)
    return found


def statement(platform, books, known=None, settings=SETTINGS, period=PERIOD):
    return tie_out(period, platform, books, records() if known is None else known, settings)


def causes(made):
    return [(one.cause, one.inspection_key, one.kind, one.qbo_id) for one in made.differences]


def difference(made, measure):
    cell = made.as_json()["totals"][measure]["difference"]
    return cell["count"], cell["dollars"]


def accounted_for(made):
    return (made.unexplained, made.unexplained_count) == (0, 0)


def test_equal_sides_have_nothing_to_explain():
    made = statement([mirrored()], [invoice(), paid()])
    assert made.differences == [] and accounted_for(made)
    months = {month["month"]: month for month in made.as_json()["months"]}
    assert len(months) == 12
    assert months["2026-03"]["invoiced"]["platform"] == {"count": 1, "dollars": "425.00"}
    assert months["2026-03"]["received"]["quickbooks"] == {"count": 1, "dollars": "425.00"}
    assert {one: difference(made, one) for one in MEASURES} == dict.fromkeys(MEASURES, (0, "0.00"))


def test_missing_invoice_is_named():
    made = statement([mirrored(paid="")], [])
    assert causes(made) == [("missing", "1042", "", "")] and accounted_for(made)
    assert made.differences[0].doc_number == "SP-1042"
    assert difference(made, "invoiced") == difference(made, "open") == (-1, "-425.00")


def test_missing_payment_is_named_and_leaves_the_invoice_open():
    made = statement([mirrored()], [invoice(paid="0")])
    assert causes(made) == [("missing", "1042", "", "")] and accounted_for(made)
    assert difference(made, "received") == (-1, "-425.00")
    assert difference(made, "open") == (1, "425.00")


def test_doubled_invoice_is_named():
    copy = invoice(qbo_id="77", paid="0")
    made = statement([mirrored()], [invoice(), copy, paid()])
    assert causes(made) == [("doubled", "1042", "Invoice", "77")] and accounted_for(made)
    assert difference(made, "invoiced") == (1, "425.00")


def test_doubled_payment_is_named():
    twice = paid(qbo_id="77", applied="0")
    made = statement([mirrored()], [invoice(), paid(), twice])
    assert causes(made) == [("doubled", "1042", "Payment", "77")] and accounted_for(made)


def test_wrong_amount_is_named():
    made = statement([mirrored()], [invoice(total="400.00", paid="400.00"), paid(applied="400.00")])
    assert ("wrong-amount", "1042", "Invoice", "11042") in causes(made) and accounted_for(made)
    assert difference(made, "invoiced") == (0, "-25.00")


def test_wrong_month_is_named_and_the_year_still_agrees():
    made = statement([mirrored()], [invoice(txn_date=date(2026, 4, 1)), paid()])
    assert causes(made) == [("wrong-month", "1042", "Invoice", "11042")] and accounted_for(made)
    months = {month["month"]: month["invoiced"]["difference"] for month in made.as_json()["months"]}
    assert months["2026-03"] == {"count": -1, "dollars": "-425.00"}
    assert months["2026-04"] == {"count": 1, "dollars": "425.00"}
    assert difference(made, "invoiced") == (0, "0.00")


def test_document_dated_out_of_the_period_is_named():
    made = statement([mirrored()], [invoice(txn_date=date(2025, 12, 31)), paid()])
    assert causes(made) == [("wrong-month", "1042", "Invoice", "11042")] and accounted_for(made)
    assert difference(made, "invoiced") == (-1, "-425.00")


def test_foreign_document_is_named():
    other = invoice("9", qbo_id="77", doc_number="A-9", private_note="")
    made = statement([mirrored()], [invoice(), paid(), other])
    assert causes(made) == [("foreign", "", "Invoice", "77")] and accounted_for(made)
    assert not needs_a_look("foreign", made.differences[0].reason)


def test_foreign_document_that_carries_our_number_needs_a_look():
    made = statement([mirrored()], [invoice(), paid(), invoice("9", qbo_id="77")])
    assert causes(made) == [("foreign", "", "Invoice", "77")] and accounted_for(made)
    assert needs_a_look("foreign", made.differences[0].reason)


def test_unapplied_payment_is_named():
    made = statement([mirrored()], [invoice(paid="0"), paid(applied="0")])
    assert causes(made) == [("unapplied", "1042", "Payment", "21042")] and accounted_for(made)
    assert difference(made, "received") == (0, "0.00")
    assert difference(made, "open") == (1, "425.00")


def test_payment_applied_to_another_invoice_is_named():
    moved = paid(applied="0", unapplied=money("0"))
    moved = replace(moved, applied=(("Invoice", "17", money("425.00")),))
    books = [invoice(paid="0"), invoice("7"), moved]
    made = statement([mirrored(), mirrored("7", paid="")], books, records("1042", "7"))
    assert causes(made) == [("unapplied", "1042", "Payment", "21042")] and accounted_for(made)
    assert difference(made, "open") == (0, "0.00")


def test_credit_on_an_invoice_is_named():
    made = statement([mirrored(paid="")], [invoice(paid="100.00", links=(("CreditMemo", "5"),))])
    assert causes(made) == [("credited", "1042", "Invoice", "11042")] and accounted_for(made)


@pytest.mark.parametrize(
    "kind", ["Payment", "Estimate", "TimeActivity", "StatementCharge", "ReimburseCharge"]
)
def test_what_an_invoice_was_made_from_or_bills_for_takes_nothing_off_it(kind):
    made = statement([mirrored(paid="")], [invoice(paid="100.00", links=((kind, "5"),))])
    assert causes(made) == [("unexplained", "1042", "Invoice", "11042")] and not accounted_for(made)


@pytest.mark.parametrize("kind", ["Estimate", "TimeActivity"])
def test_a_credit_is_named_without_what_the_invoice_was_made_from(kind):
    links = ((kind, "4"), ("CreditMemo", "5"))
    (found,) = statement([mirrored(paid="")], [invoice(paid="100.00", links=links)]).differences
    assert found.cause == "credited" and "CreditMemo 5" in found.sentence and kind not in found.sentence


def test_balance_that_nothing_accounts_for_is_unexplained():
    made = statement([mirrored(paid="")], [invoice(paid="100.00")])
    assert made.unexplained == money("100.00")
    assert [one["document"]["id"] for one in made.as_json()["not_explained"]] == ["11042"]


def test_opposite_unexplained_differences_do_not_hide_each_other():
    books = [invoice(paid="100.00"), invoice("7", balance=money("525.00"))]
    made = statement([mirrored(paid=""), mirrored("7", paid="")], books, records("1042", "7"))
    assert difference(made, "open") == (0, "0.00")
    assert made.unexplained == money("200.00")


def test_partial_refund_is_equal_on_both_sides():
    one = mirrored(payments=(payment("425.00", "p1042", refunded="25.00"),), total="400.00")
    made = statement([one], [invoice(total="400.00", paid="400.00"), paid(amount="400.00")])
    assert made.differences == [] and accounted_for(made)
    assert made.as_json()["totals"]["refunded"]["quickbooks"] == {"count": 1, "dollars": "25.00"}


def test_refund_that_is_not_in_the_books_yet_is_named():
    one = mirrored(payments=(payment("425.00", "p1042", refunded="425.00"),), due=True)
    made = statement([one], [invoice(), paid()])
    assert causes(made) == [("changed-since", "1042", "Payment", "21042")] and accounted_for(made)
    assert difference(made, "received") == (1, "425.00")
    assert difference(made, "refunded") == (-1, "-425.00")


def test_voided_payment_that_still_stands_is_left_over():
    one = mirrored(payments=(payment("425.00", "p1042", voided_at=NOON),))
    made = statement([one], [invoice(), paid()])
    assert causes(made) == [("left-over", "1042", "Payment", "21042")] and accounted_for(made)


def test_cancelled_inspection_with_documents_is_left_over():
    made = statement([mirrored(canceled_at=NOON)], [invoice(), paid()])
    assert {cause for cause, *_ in causes(made)} == {"left-over"} and accounted_for(made)


@pytest.mark.parametrize(
    ("row", "cause", "reason"),
    [
        ({"state": "waiting", "reason": "qbo-3001"}, "waiting", "qbo-3001"),
        ({"state": "needs-you", "reason": "closed-books"}, "refused", "closed-books"),
        ({"state": "syncing", "due": True}, "waiting", ""),
        ({"starts_at": datetime(2025, 12, 30, tzinfo=UTC)}, "before-start", ""),
        ({}, "missing", ""),
    ],
)
def test_an_absent_invoice_has_the_cause_that_its_inspection_says(row, cause, reason):
    one = mirrored(paid="", **row)
    made = statement([one], [], period=Period(date(2025, 1, 1), date(2026, 12, 31)))
    assert [(each.cause, each.reason) for each in made.differences] == [(cause, reason)]
    assert accounted_for(made)


@pytest.mark.parametrize(
    ("row", "hands_off", "cause"),
    [
        ({"state": "drift"}, "drift", "drift"),
        ({}, "kept", "kept"),
        ({"state": "syncing", "due": True}, "", "changed-since"),
    ],
)
def test_a_changed_invoice_has_the_cause_that_its_inspection_says(row, hands_off, cause):
    made = statement(
        [mirrored(paid="", **row)], [invoice(total="1.00", paid="")], records(hands_off=hands_off)
    )
    assert [each.cause for each in made.differences] == [cause] and accounted_for(made)


def test_before_the_cutoff_a_receipt_stands_for_the_inspection():
    settings = replace(SETTINGS, cutoff=NOON + timedelta(days=1))
    receipt = BookDocument("SalesReceipt", "5", DAY, money("400.00"), doc_number="R5")
    known = {("SalesReceipt", "5"): OnRecord("1042")}
    made = statement([mirrored()], [receipt], known, settings)
    assert causes(made) == [("before-cutoff", "1042", "SalesReceipt", "5")] and accounted_for(made)
    assert difference(made, "invoiced") == (0, "-25.00")
    equal = statement([mirrored()], [replace(receipt, total=money("425.00"))], known, settings)
    assert equal.differences == [] and accounted_for(equal)


@pytest.mark.parametrize("cutoff", [None, NOON + timedelta(days=1)])
def test_a_receipt_that_somebody_deleted_is_missing_also_before_the_cutoff(cutoff):
    known = {("SalesReceipt", "5"): OnRecord("1042")}
    one = replace(mirrored(), has_receipt=True, receipt_gone=True)
    made = statement([one], [], known, replace(SETTINGS, cutoff=cutoff))
    assert {(each.cause, each.reason) for each in made.differences} == {("missing", "receipt-missing")}
    assert accounted_for(made) and needs_a_look("missing", "receipt-missing")
    assert (difference(made, "invoiced"), difference(made, "received")) == ((-1, "-425.00"),) * 2


@pytest.mark.parametrize("stands", ["425.00", "0.00"])
def test_fees_below_zero_leave_nothing_unexplained_beside_an_invoice_that_stands(stands):
    one = mirrored(total="-20.00", paid="", state="needs-you", reason="negative-total")
    made = statement([one], [invoice(total=stands, paid="")])
    assert [each.cause for each in made.differences] == ["refused"] and accounted_for(made)
    assert difference(made, "open") == (int(stands != "0.00"), stands)


def test_a_refund_receipt_explains_nothing_of_an_invoice_that_is_not_there():
    given_back = payment("425.00", "p1042", refunded="100.00")
    one = replace(
        mirrored(), inspection=inspection(key="1042", lines=(line("425.00"),), payments=(given_back,))
    )
    receipt = BookDocument("RefundReceipt", "31", DAY, money("100.00"))
    known = {**records(), ("RefundReceipt", "31"): OnRecord("1042", "p1042", deposited=True)}
    made = statement([one], [paid(applied="0.00"), receipt], known)
    assert "missing" in [each.cause for each in made.differences] and accounted_for(made)
    assert difference(made, "open") == (-1, "-100.00")


def test_a_refund_receipt_beside_a_sales_receipt_is_named():
    found = {("SalesReceipt", "5"): OnRecord("1042"), ("RefundReceipt", "31"): OnRecord("1042", "p1042")}
    books = [BookDocument(kind, qbo_id, DAY, money("425.00")) for kind, qbo_id in found]
    made = statement([mirrored()], books, found)
    assert ("doubled", "1042", "RefundReceipt", "31") in causes(made) and accounted_for(made)


def test_receipt_beside_its_replacement_is_doubled():
    receipt = BookDocument("SalesReceipt", "5", DAY, money("425.00"))
    known = {**records(), ("SalesReceipt", "5"): OnRecord("1042")}
    made = statement([mirrored()], [invoice(), paid(), receipt], known)
    assert causes(made) == [("doubled", "1042", "SalesReceipt", "5")] and accounted_for(made)


def test_every_cause_has_words():
    assert all(cause.title and cause.meaning for cause in CAUSES.values())


days = st.dates(date(2025, 11, 1), date(2027, 1, 31))
cents = st.integers(0, 900_00).map(lambda amount: Decimal(amount).scaleb(-2))


@st.composite
def books(draw):
    """Some inspections, and books of them in which anything may be wrong, with links and balances that hold together."""
    platform, documents, known = [], [], {}
    for number in range(draw(st.integers(1, 4))):
        key = str(number)
        amount, received, refunded = draw(cents), draw(cents), draw(st.sampled_from(["0.00", "5.00"]))
        payments = (payment(str(received + 5), f"p{key}", refunded=refunded),) if draw(st.booleans()) else ()
        platform.append(
            mirrored(
                key,
                str(amount),
                state=draw(st.sampled_from(["in-sync", "waiting", "needs-you", "drift"])),
                due=draw(st.booleans()),
                payments=payments,
                canceled_at=draw(st.none() | st.just(NOON)),
            )
        )
        for copy in range(draw(st.integers(0, 2))):
            total, there = draw(cents), draw(cents)
            invoice_id, payment_id = f"1{number}{copy}", f"2{number}{copy}"
            applied = min(total, there) if draw(st.booleans()) else money("0.00")
            documents.append(
                invoice(key, str(total), qbo_id=invoice_id, txn_date=draw(days), balance=total - applied)
            )
            applications = (("Invoice", invoice_id, applied),) if applied else ()
            if applied or draw(st.booleans()):
                documents.append(paid(key, str(there), qbo_id=payment_id, txn_date=draw(days), applied="0"))
                documents[-1] = replace(documents[-1], applied=applications)
            if draw(st.booleans()):
                known["Invoice", invoice_id] = OnRecord(key, key, draw(st.booleans()))
                known["Payment", payment_id] = OnRecord(key, f"p{key}")
    return platform, documents, known


@given(books())
def test_whatever_is_wrong_in_sound_books_is_accounted_for(made):
    platform, documents, known = made
    assert accounted_for(statement(platform, documents, known))


@pytest.mark.parametrize(
    ("left_out", "said"),
    [
        ({}, "no document of these days is in another currency."),
        ({"CAD": 1}, "left out is a document in another currency: 1 in CAD."),
        ({"EUR": 1, "CAD": 3}, "left out are documents in another currency: 3 in CAD and 1 in EUR."),
    ],
)
def test_a_statement_over_several_currencies_says_what_it_leaves_out(left_out, said):
    told = dollars_only(left_out)
    assert told.endswith(said) and "counts US dollars only" in told


@pytest.mark.parametrize(("currency", "counted"), [("", True), ("USD", True), ("CAD", False)])
def test_only_documents_in_us_dollars_can_be_counted(currency, counted):
    one = BookDocument("Invoice", "5", DAY, money("90.00"), currency=currency)
    assert one.in_dollars is counted
