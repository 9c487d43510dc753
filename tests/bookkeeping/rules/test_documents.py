from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given

from bookkeeping.errors import RuleError
from bookkeeping.rules.documents import (
    customer_fingerprint,
    desired_documents,
    invoice_fingerprint,
    payment_fingerprint,
)
from bookkeeping.rules.inspection import Address, Client
from bookkeeping.rules.names import clean_name
from bookkeeping.rules.references import mark, marked
from tests.bookkeeping.rules.factories import (
    BUYER,
    NOON,
    SETTINGS,
    inspection,
    inspections,
    line,
    payment,
    settings_values,
)


def documents(settings=SETTINGS, **fields):
    return desired_documents(inspection(**fields), settings)


def flags(**fields):
    return [flag.code for flag in documents(**fields).flags]


def refusal(**fields):
    with pytest.raises(RuleError) as caught:
        documents(**fields)
    return caught.value.code


def test_an_inspection_becomes_an_invoice():
    invoice = documents().invoice
    assert (invoice.doc_number, invoice.source_key, invoice.total) == ("SP-1042", "1042", Decimal("425.00"))
    assert invoice.private_note == "12 Oak St, Denver, CO 80203\nInspector: Bo Lind\nTieout inspection 1042"
    assert invoice.customer_memo == "Inspection of 12 Oak St, Denver, CO 80203"
    assert invoice.email == "ada@example.com"


def test_lines_go_to_their_items():
    invoice = documents(
        lines=(
            line("400", name="Full Home Inspection"),
            line("25", kind="fee", name="Technology: fee"),
            line("-50", kind="discount", name="Veteran"),
            line("33.75", kind="tax", name="NM gross receipts"),
        )
    ).invoice
    assert [(each.item, each.description, each.amount) for each in invoice.lines] == [
        ("Full Home Inspection", "Full Home Inspection", Decimal("400")),
        ("Technology- fee", "Technology: fee", Decimal("25")),
        ("Discount", "Veteran", Decimal("-50")),
        ("Sales tax collected", "NM gross receipts", Decimal("33.75")),
    ]
    assert invoice.total == Decimal("408.75")


def test_a_line_without_a_name_goes_by_its_kind():
    kinds = {"service": "100", "fee": "25", "discount": "-5", "tax": "3"}
    invoice = documents(
        lines=tuple(line(amount, kind, " ", key=kind) for kind, amount in kinds.items())
    ).invoice
    assert [each.description for each in invoice.lines] == ["Inspection", "Fee", "Discount", "Sales tax"]
    assert [each.item for each in invoice.lines] == ["Inspection", "Fee", "Discount", "Sales tax collected"]


def test_a_mapped_name_wins_over_the_one_item_for_the_rest():
    settings = replace(SETTINGS, one_item="Services", item_names=(("Radon", "Radon testing"),))
    invoice = documents(settings, lines=(line("1", name="Radon"), line("2", name="Sewer Scope"))).invoice
    assert [each.item for each in invoice.lines] == ["Radon testing", "Services"]


def test_an_inspection_at_no_charge_has_its_invoice_with_a_line():
    invoice = documents(lines=()).invoice
    assert invoice.total == Decimal("0.00")
    assert [(each.item, each.amount) for each in invoice.lines] == [("Inspection", Decimal("0.00"))]


def test_a_total_below_zero_waits_for_a_person():
    assert refusal(lines=(line("100"), line("-100.01", kind="fee"))) == "negative-total"
    assert documents(lines=(line("100"), line("-100", kind="discount"))).invoice.total == 0


@pytest.mark.parametrize(
    ("setting", "day"),
    [("inspection", date(2026, 3, 2)), ("confirmed", date(2026, 2, 23)), ("created", date(2026, 2, 21))],
)
def test_the_invoice_is_dated_by_the_setting(setting, day):
    invoice = documents(replace(SETTINGS, invoice_date=setting, due_days=14)).invoice
    assert (invoice.txn_date, invoice.due_date) == (day, day + timedelta(days=14))


def test_days_are_cut_in_the_companys_zone():
    evening = NOON.replace(year=2026, month=1, day=1, hour=6)  # December 31, 11 PM in Denver.
    found = documents(starts_at=evening, payments=(payment("425.00", received_at=evening),))
    assert found.invoice.txn_date == found.payments[0].txn_date == date(2025, 12, 31)


def test_the_buyer_becomes_the_customer():
    customer = documents(
        client=Client("c1", "Ann", "O’Neil: Jr", "ann@example.com", "1 (303) 555-0101")
    ).customer
    assert (customer.display_name, customer.given_name, customer.family_name) == (
        "Ann O'Neil- Jr",
        "Ann",
        "O'Neil- Jr",
    )
    assert (customer.email, customer.phone) == ("ann@example.com", "1 (303) 555-0101")


def test_a_buyer_without_a_writable_name_goes_by_the_email():
    assert (
        documents(client=Client("c1", "王", "", "wang@example.com")).customer.display_name
        == "wang@example.com"
    )
    assert refusal(client=Client("c1", "🏠", " ", "nothing")) == "no-client-name"
    assert refusal(client=None) == "no-client"


def test_an_unusable_email_is_left_out_and_said():
    found = documents(client=replace(BUYER, email="ada at home"))
    assert (found.customer.email, found.invoice.email) == ("", "")
    assert [flag.code for flag in found.flags] == ["email-left-out"]
    assert flags(client=replace(BUYER, email="")) == []


def test_payments_are_applied_in_the_order_received_up_to_the_invoice():
    later, earlier = NOON + timedelta(hours=1), NOON - timedelta(days=1)
    found = documents(
        payments=(
            payment("300", "p1", received_at=later),
            payment("200", "p2", received_at=earlier, method="check"),
        )
    )
    assert [(each.source_key, each.amount, each.applied) for each in found.payments] == [
        ("p2", Decimal("200"), Decimal("200")),
        ("p1", Decimal("300"), Decimal("225")),
    ]
    assert [each.method for each in found.payments] == ["Check", "Credit Card"]
    assert [flag.code for flag in found.flags] == ["overpaid"]


def test_voided_and_wholly_refunded_payments_have_no_document():
    gone = (payment("425", "p1", voided_at=NOON), payment("425", "p2", refunded="425"))
    found = documents(payments=(*gone, payment("425", "p3")))
    assert [each.source_key for each in found.payments] == ["p3"]
    assert found.flags == ()


def test_a_partial_refund_with_its_line_is_booked_quietly():
    lines = (line("425"), line("-25", kind="fee", name="Refund", key="l2"))
    found = documents(lines=lines, payments=(payment("425", refunded="25"),))
    assert (found.invoice.total, found.payments[0].amount, found.payments[0].applied) == (400, 400, 400)
    assert found.flags == ()


def test_a_refund_and_its_line_that_do_not_meet_are_flagged():
    assert flags(payments=(payment("425", refunded="25"),)) == ["refund-without-line"]
    lines = (line("425"), line("-25", kind="fee", name="Refund", key="l2"))
    assert flags(lines=lines, payments=(payment("425"),)) == ["line-without-refund", "overpaid"]
    assert flags(lines=lines) == []


@pytest.mark.parametrize("kind", ["service", "fee"])
def test_a_negative_line_of_either_kind_meets_a_refund(kind):
    lines = (line("425"), line("-25", kind=kind, name="Refund", key="l2"))
    assert flags(lines=lines, payments=(payment("425", refunded="25"),)) == []


def test_a_payments_note_names_its_invoice_reference_and_refund():
    (plain,) = documents(payments=(payment("425"),)).payments
    assert plain.private_note == "Payment for SP-1042\nTieout payment p1"
    refunded = documents(
        lines=(line("425"), line("-25", kind="fee", key="l2")),
        payments=(payment("425", refunded="25", reference="ch_1"),),
    )
    assert refunded.payments[0].private_note.splitlines() == [
        "Payment for SP-1042",
        "Reference: ch_1",
        "Received $425.00, refunded $25.00",
        "Tieout payment p1",
    ]


def test_methods_can_be_mapped():
    settings = replace(SETTINGS, method_names=(("card", "Stripe"), ("ach", "")))
    methods = [
        desired_documents(inspection(payments=(payment("1", method=method),)), settings).payments[0].method
        for method in ("card", "ach", "other")
    ]
    assert methods == ["Stripe", "ACH", ""]


def test_fingerprints_follow_content_and_links():
    found = documents(payments=(payment("425"),))
    same = documents(payments=(payment("425.00"),), client=replace(BUYER, key="c2"))
    assert invoice_fingerprint(found.invoice, "71") == invoice_fingerprint(same.invoice, "71")
    assert payment_fingerprint(found.payments[0], "71", "9") == payment_fingerprint(
        same.payments[0], "71", "9"
    )
    assert customer_fingerprint(found.customer) == customer_fingerprint(same.customer)
    assert invoice_fingerprint(found.invoice, "71") != invoice_fingerprint(found.invoice, "72")
    assert payment_fingerprint(found.payments[0], "71", "9") != payment_fingerprint(
        found.payments[0], "71", "10"
    )
    moved = documents(starts_at=NOON + timedelta(days=1))
    assert invoice_fingerprint(found.invoice, "71") != invoice_fingerprint(moved.invoice, "71")


def test_what_is_too_long_is_cut_exactly_where_quickbooks_would_refuse_it():
    long = "x" * 5000
    found = documents(
        replace(SETTINGS, method_names=(("card", long),)),
        client=Client("c1", long, long, "ada@example.com", "3" * 50, "7" * 50),
        address=Address(full=long, line1=long),
        lines=(line("425", name=long),),
        payments=(payment("425", reference=long),),
    )
    customer, invoice, received = found.customer, found.invoice, found.payments[0]
    lengths = {
        "DisplayName": len(customer.display_name),
        "GivenName": len(customer.given_name),
        "FamilyName": len(customer.family_name),
        "PrimaryPhone": len(customer.phone),
        "Mobile": len(customer.mobile),
        "Item": len(invoice.lines[0].item),
        "Description": len(invoice.lines[0].description),
        "PrivateNote": len(invoice.private_note),
        "CustomerMemo": len(invoice.customer_memo),
        "PaymentMethod": len(received.method),
        "PaymentRefNum": len(received.reference),
    }
    assert lengths == {
        "DisplayName": 500,
        "GivenName": 100,
        "FamilyName": 100,
        "PrimaryPhone": 21,
        "Mobile": 21,
        "Item": 100,
        "Description": 4000,
        "PrivateNote": 4000,
        "CustomerMemo": 1000,
        "PaymentMethod": 31,
        "PaymentRefNum": 21,
    }


@given(inspections, settings_values)
def test_documents_are_within_quickbooks_rules_and_exact_to_the_cent(one, settings):
    try:
        found = desired_documents(one, settings)
    except RuleError as error:
        nameless = not any(letter.isalnum() for letter in clean_name(one.client.name))
        assert {"no-client-name": nameless, "negative-total": one.total < 0}[error.code]
        return
    customer, invoice, received = found.customer, found.invoice, found.payments

    assert invoice.total == sum(each.amount for each in invoice.lines) == one.total
    assert sum(each.applied for each in received) == min(invoice.total, sum(each.amount for each in received))
    assert all(0 <= each.applied <= each.amount and each.amount > 0 for each in received)
    expected = {p.key: p.amount - p.refunded_amount for p in one.payments if not p.voided_at}
    assert {each.source_key: each.amount for each in received} == {k: v for k, v in expected.items() if v}

    limits = [
        (invoice.doc_number, 21),
        (invoice.private_note, 4000),
        (invoice.customer_memo, 1000),
        (customer.display_name, 500),
        (customer.given_name, 100),
        (customer.family_name, 100),
        (customer.email, 100),
        (customer.phone, 21),
        (customer.mobile, 21),
        *((each.item, 100) for each in invoice.lines),
        *((each.description, 4000) for each in invoice.lines),
        *((each.reference, 21) for each in received),
        *((each.private_note, 4000) for each in received),
        *((each.method, 31) for each in received),
    ]
    for text, limit in limits:
        text.encode("iso-8859-1")
        assert len(text) <= limit
    names = [customer.display_name, *(each.item for each in invoice.lines)]
    assert all(name and not set(name) & set(":\t\n") for name in names)
    assert invoice.lines
    assert mark(*marked(invoice.private_note)) == mark("inspection", one.key)
    assert all(marked(each.private_note) == ("payment", each.source_key) for each in received)


def test_an_address_given_in_parts_is_put_together_as_it_is_written():
    parts = Address(line1="12 Oak St", line2="Unit 4", city="Denver", state="CO", postal_code="80203")
    assert (
        documents(address=parts).invoice.customer_memo == "Inspection of 12 Oak St, Unit 4, Denver, CO 80203"
    )
