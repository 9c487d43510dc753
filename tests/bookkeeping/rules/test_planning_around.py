"""Plans around what waits, and around money that is already on the Invoice. The model of QuickBooks is that of `test_planning`."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from bookkeeping.rules.documents import NOTHING
from tests.bookkeeping.rules.factories import line, payment
from tests.bookkeeping.rules.test_planning import Books, assert_reached, documents, hinders, histories, names


@given(histories, st.sets(st.sampled_from(["Invoice", "p1", "p2", "p3"])))
@settings(max_examples=3 * settings.default.max_examples)
def test_what_waits_is_never_written_and_its_release_reaches_what_is_desired(history, waiting):
    books = Books()
    for desired, customer_id, _ in history[:-1]:
        books.run(desired, customer_id)
    before = dict(books.known)
    desired, customer_id, _ = history[-1]
    planned = books.run(desired, customer_id or "new", *waiting)
    waits = {one.action.place for one in planned.waits}
    assert waits.isdisjoint(action.place for action in planned.actions)
    for place in waits:
        assert books.known.get(place) == before.get(place)
    assert all(one.depends or hinders(*waiting)(one.action) for one in planned.waits)
    again = books.plan(desired, customer_id or "new", *waiting)
    assert again.empty and {one.action.place for one in again.waits} == waits
    books.run(desired, customer_id or "new")
    assert_reached(books, desired, customer_id or "new")
    assert not books.plan(desired, customer_id or "new").waits


def waiting_names(planned):
    return [(type(one.action).__name__, one.depends) for one in planned.waits]


def test_a_payment_that_waits_to_be_made_holds_up_nothing_else():
    planned = Books().run(documents(payments=(payment("100"), payment("325", "p2"))), "71", "p1")
    assert names(planned.actions) == ["CreateInvoice", "CreatePayment"]
    assert waiting_names(planned) == [("CreatePayment", False)]


def test_without_its_invoice_a_payment_waits_with_the_invoices_cause():
    planned = Books().run(documents(payments=(payment("100"),)), "71", "Invoice")
    assert planned.empty and waiting_names(planned) == [("CreateInvoice", False), ("CreatePayment", True)]


def test_an_invoice_does_not_shrink_below_a_payment_that_waits():
    books = Books()
    books.run(documents(payments=(payment("400"),)), "71")
    smaller = documents(lines=(line("300"),), payments=(payment("300"), payment("20", "p2")))
    planned = books.run(smaller, "71", "p1")
    assert waiting_names(planned) == [("UpdatePayment", False), ("UpdateInvoice", True)]
    assert [(one.source_key, one.applied) for one in books.payments] == [("p1", 400), ("p2", 0)]


def test_a_cancelled_inspection_keeps_everything_while_one_payment_cannot_go():
    books = Books()
    books.run(documents(payments=(payment("100"), payment("50", "p2"))), "71")
    planned = books.plan(NOTHING, "71", "p1")
    assert planned.empty and planned.deletes == 0
    assert waiting_names(planned) == [
        ("DeletePayment", False),
        ("DeletePayment", True),
        ("DeleteInvoice", True),
    ]


@given(histories, st.integers(0, 500).map(Decimal), st.sampled_from([None, "p1", "p2"]))
@settings(max_examples=3 * settings.default.max_examples)
def test_whatever_else_is_on_the_invoice_ours_take_only_what_is_open(history, others, moved):
    books = Books()
    for desired, customer_id, _ in history[:-1]:
        books.run(desired, customer_id or "71")
    desired, _, _ = history[-1]
    if desired.invoice is None or books.invoice is None:
        return
    customer_id = books.invoice.customer_id
    others = min(others, books.invoice.amount - books.applied)
    with_balance(books, books.invoice.amount - books.applied - others)
    for place, known in list(books.known.items()):
        if place == ("Payment", moved):
            books.known[place] = replace(known, elsewhere=known.amount - known.applied)
    elsewhere = {one.source_key for one in books.payments if one.elsewhere}
    books.run(desired, customer_id)
    left = desired.invoice.total - others
    assert books.applied <= max(left, Decimal(0))
    if books.applied < left:
        for payment in desired.payments:
            standing = books.known["Payment", payment.source_key]
            assert standing.applied == payment.applied or elsewhere


def with_balance(books, balance):
    covered = books.invoice.amount - Decimal(balance)
    books.known["Invoice", books.invoice.source_key] = replace(books.invoice, covered=covered)


def test_a_payment_is_booked_whole_and_applied_with_what_is_open():
    books = Books()
    books.run(documents(), "71")
    with_balance(books, "25")
    books.run(documents(payments=(payment("425"),)), "71")
    assert [(one.amount, one.applied) for one in books.payments] == [(425, 25)]
    with_balance(books, "0")
    assert books.plan(documents(payments=(payment("425"),)), "71").empty
    with_balance(books, "400")  # What was there is gone.
    books.run(documents(payments=(payment("425"),)), "71")
    assert [(one.amount, one.applied) for one in books.payments] == [(425, 425)]


def test_what_a_payment_pays_elsewhere_stays_there_while_its_amount_reaches():
    books = Books()
    books.run(documents(lines=(line("425"),), payments=(payment("500"),)), "71")
    place = ("Payment", "p1")
    books.known[place] = replace(books.known[place], elsewhere=Decimal(75))
    books.run(documents(lines=(line("500"),), payments=(payment("500"),)), "71")
    assert books.known[place].applied == 425
    books.known[place] = replace(books.known[place], elsewhere=Decimal(75))
    books.run(documents(lines=(line("500"),), payments=(payment("430"),)), "71")
    assert (books.known[place].amount, books.known[place].applied) == (430, 425)


def test_an_invoice_that_others_pay_does_not_move_and_ours_stay_on_it():
    desired = documents(payments=(payment("100"),))
    books = Books()
    books.run(desired, "71")
    with_balance(books, Decimal("225"))
    assert waiting_names(books.plan(desired, "72")) == [("UpdateInvoice", False)], "Only the document waits."
    assert books.plan(desired, "72").empty and books.plan(desired, "71").empty
    assert names(books.plan(desired, None).actions)[:1] == [
        "DeletePayment"
    ]  # It may be the same Customer after all.
    with_balance(books, Decimal("325"))
    assert names(books.plan(desired, "72").actions) == ["DeletePayment", "UpdateInvoice", "CreatePayment"]


def test_what_is_received_while_an_invoice_cannot_move_goes_to_the_customer_that_it_has():
    books = Books()
    books.run(documents(payments=(payment("100"),)), "71")
    with_balance(books, Decimal("225"))  # $100.00 of it is somebody else's.
    more = documents(payments=(payment("100"), payment("50", "p2"), payment("300", "p3")))
    planned = books.run(more, "72")
    assert waiting_names(planned) == [("UpdateInvoice", False)]
    assert [(one.source_key, one.customer_id, one.applied) for one in books.payments] == [
        ("p1", "71", 100),
        ("p2", "71", 50),
        ("p3", "71", 175),
    ]
