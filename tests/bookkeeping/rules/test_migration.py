"""What replaces a SalesReceipt, what stands in the way, the manifest's fingerprint, and the income before and after."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookkeeping.faults import CATALOGUE
from bookkeeping.rules import forecast
from bookkeeping.rules.cutoff import side_of
from bookkeeping.rules.documents import Flag
from bookkeeping.rules.eligibility import eligibility
from bookkeeping.rules.inspection import BookSettings
from bookkeeping.rules.migration import (
    Around,
    CustomerFound,
    Part,
    Receipt,
    Recorded,
    judge,
    manifest_text,
    sha256_of,
)
from tests.bookkeeping.rules.factories import (
    inspection,
    inspections,
    line,
    moments,
    payment,
    positive_money,
    settings_values,
)

CUTOFF = datetime(2019, 3, 1, 7, tzinfo=UTC)
DENVER = BookSettings("America/Denver", None, cutoff=CUTOFF)
START = datetime(2019, 3, 4, 16, tzinfo=UTC)  # Monday, 9 AM in Denver.
AMOUNT = Decimal("425.00")
AROUND = Around(DENVER, customer=CustomerFound("71", "Ada Reyes"))


def booked(**fields):
    """An inspection of March 4, 2019, paid in full an hour later."""
    usual = {"starts_at": START, "payments": (payment("425.00", received_at=START + timedelta(hours=1)),)}
    return inspection(**{**usual, **fields})


def receipt(**fields):
    usual = {
        "receipt_id": "900",
        "content_hash": "as made",
        "doc_number": "1001",
        "txn_date": date(2019, 3, 4),
        "total": AMOUNT,
        "tax": Decimal("0.00"),
        "customer_id": "71",
        "customer_name": "Ada Reyes",
        "account_id": "4",
        "account_name": "Undeposited Funds",
        "sync_token": "0",
    }
    return Receipt(**{**usual, **fields})


RECORDED = Recorded("900", "1042", AMOUNT)


def entry(inspection=None, receipt_=None, around=AROUND, side="new", recorded=RECORDED):
    return judge(recorded, inspection or booked(), side, receipt_ or receipt(), around)


def codes(flags):
    return [flag.code for flag in flags]


def test_a_paid_receipt_becomes_its_invoice_and_payment():
    found = entry()
    assert found.place == "change" and found.blockers == () and found.notes == ()
    assert (found.replacement.doc_number, found.replacement.txn_date, found.replacement.total) == (
        "SP-1042",
        date(2019, 3, 4),
        AMOUNT,
    )
    assert found.replacement.payments == (("p1", date(2019, 3, 4), AMOUNT, AMOUNT),)
    assert found.replacement.open == 0


def test_before_the_cutoff_it_stays_whatever_is_the_matter():
    found = judge(RECORDED, booked(canceled_at=START), "old", None, AROUND)
    assert found.place == "stay" and found.blockers == ()


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (lambda: judge(RECORDED, booked(), "new", None, AROUND), "receipt-missing"),
        (lambda: judge(RECORDED, None, None, receipt(), AROUND), "receipt-without-inspection"),
        (lambda: entry(booked(canceled_at=START)), "receipt-not-needed"),
        (lambda: entry(booked(deleted_at=START)), "receipt-not-needed"),
        (lambda: entry(booked(confirmed_at=None)), "receipt-not-needed"),
        (lambda: entry(booked(client=None)), "no-client"),
        (lambda: entry(receipt_=receipt(deposit_id="55")), "receipt-deposited"),
        (lambda: entry(receipt_=receipt(edits=1)), "receipt-changed"),
        (lambda: entry(receipt_=receipt(voided=True, total=Decimal("0.00"))), "receipt-changed"),
        (lambda: entry(around=replace(AROUND, twins=1)), "receipt-twice"),
        (lambda: entry(around=replace(AROUND, has_documents=True)), "already-replaced"),
        (lambda: entry(receipt_=receipt(total=Decimal("425.01"))), "amounts-differ"),
        (lambda: entry(recorded=replace(RECORDED, amount=Decimal("424.99"))), "amounts-differ"),
        (lambda: entry(booked(lines=(line("430.00"),))), "amounts-differ"),
        (lambda: entry(around=replace(AROUND, close_date=date(2019, 3, 4))), "receipt-closed"),
        (lambda: entry(around=replace(AROUND, customer=CustomerFound(ask=True))), "customer-to-confirm"),
    ],
)
def test_each_blocker_is_found_and_said_in_the_catalogue(found, code):
    assert code in codes(found().blockers)
    assert found().place == "blocked"
    assert all(flag.code in CATALOGUE for flag in found().blockers)


def test_the_day_after_the_closing_date_is_open():
    assert entry(around=replace(AROUND, close_date=date(2019, 3, 3))).place == "change"


def test_a_payment_received_in_the_closed_period_blocks_too():
    early = booked(payments=(payment("425.00", received_at=datetime(2019, 2, 28, 18, tzinfo=UTC)),))
    assert codes(entry(early, around=replace(AROUND, close_date=date(2019, 2, 28))).blockers) == [
        "receipt-closed"
    ]


def test_an_edit_that_an_owner_accepted_is_no_blocker_and_a_further_edit_is_one():
    accepted = replace(AROUND, known_hash="as edited")
    assert entry(receipt_=receipt(edits=1, content_hash="as edited"), around=accepted).place == "change"
    assert entry(receipt_=receipt(edits=2, content_hash="edited more"), around=accepted).place == "blocked"


def test_the_two_tokens_of_a_deposit_made_and_undone_are_no_edit():
    seen_unedited = replace(AROUND, known_hash="as made")
    assert entry(receipt_=receipt(edits=2), around=seen_unedited).place == "change"


def test_what_moves_without_changing_amounts_is_noted():
    later = booked(payments=(payment("400.00", received_at=datetime(2019, 4, 2, 18, tzinfo=UTC)),))
    around = replace(AROUND, customer=CustomerFound("72", "Ada Reyes (2)"))
    found = entry(later, receipt(txn_date=date(2019, 3, 3), tags="Denver"), around)
    assert codes(found.notes) == [
        "date-moves",
        "stays-open",
        "payment-date-moves",
        "tags-move",
        "customer-moves",
    ]
    assert found.place == "change" and found.replacement.open == Decimal("25.00")


# ---- Sides


@pytest.mark.parametrize(("seconds", "side"), [(-1, "old"), (0, "new"), (1, "new")])
def test_the_boundary_second_is_new(seconds, side):
    assert side_of(CUTOFF + timedelta(seconds=seconds), CUTOFF) == side


@given(moments, moments, st.sampled_from(["old", "new"]), st.booleans())
def test_a_frozen_side_holds_whatever_the_reschedule(starts_at, cutoff, frozen, standing):
    assert side_of(starts_at, cutoff, frozen=frozen, booked=standing) == frozen
    settings = BookSettings("America/Denver", None, cutoff=cutoff)
    answer = eligibility(booked(starts_at=starts_at), settings, side=frozen, booked=standing)
    assert answer.in_books == (frozen == "new")


@given(moments, moments)
def test_what_was_booked_after_the_cutoff_stays_new_wherever_it_is_rescheduled(starts_at, cutoff):
    assert side_of(starts_at, cutoff, booked=True) == "new"
    settings = BookSettings("America/Denver", None, cutoff=cutoff)
    assert eligibility(booked(starts_at=starts_at), settings, booked=True).in_books


@given(moments, st.sampled_from(["America/Denver", "America/New_York", "Pacific/Honolulu"]))
def test_midnight_of_new_year_in_the_company_zone_parts_two_tax_years(moment, zone):
    year = moment.astimezone(ZoneInfo(zone)).year
    cutoff = datetime(year, 1, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    assert side_of(moment, cutoff) == "new"
    assert side_of(moment, cutoff.replace(year=cutoff.year + 1)) == "old"


# ---- Manifest


def test_the_manifest_is_the_same_for_the_same_facts_and_another_for_any_other():
    facts = {"cutoff": CUTOFF}
    text = manifest_text(facts, [entry()], [])
    assert sha256_of(text) == sha256_of(manifest_text(facts, [entry()], []))
    others = [
        manifest_text({"cutoff": CUTOFF + timedelta(seconds=1)}, [entry()], []),
        manifest_text(facts, [entry(receipt_=receipt(content_hash="other"))], []),
        manifest_text(facts, [entry(booked(payments=()))], []),
        manifest_text(facts, [entry(around=replace(AROUND, customer=CustomerFound("72")))], []),
        manifest_text(facts, [entry()], [{"inspection_id": "7"}]),
    ]
    assert len({sha256_of(each) for each in [text, *others]}) == 6
    assert json.loads(text)["receipts"][0]["payments"][0]["amount"] == "425.00"
    assert json.loads(others[-1])["without_receipt"] == [{"inspection_id": "7"}]


def test_the_manifest_names_every_fact_that_is_confirmed():
    later = booked(payments=(payment("400.00", received_at=START + timedelta(hours=1)),))
    found = entry(later, receipt(tax=Decimal("1.50"), edits=1))
    [written] = json.loads(manifest_text({}, [found], []))["receipts"]
    assert written == {
        "receipt_id": "900",
        "inspection_id": "1042",
        "recorded_amount": "425.00",
        "starts_at": "2019-03-04T16:00:00+00:00",
        "side": "new",
        "place": "blocked",
        "receipt": {
            "number": "1001",
            "date": "2019-03-04",
            "total": "425.00",
            "sales_tax": "1.50",
            "customer_id": "71",
            "deposit_to": "4",
            "content": "as made",
        },
        "invoice": {"number": "SP-1042", "date": "2019-03-04", "total": "425.00"},
        "payments": [{"payment_id": "p1", "date": "2019-03-04", "amount": "400.00", "applied": "400.00"}],
        "customer_id": "71",
        "blockers": [["receipt-changed", ""]],
        "notes": [["stays-open", "$25.00 of the Invoice will be open."]],
    }
    [missing] = json.loads(manifest_text({}, [judge(RECORDED, None, None, None, AROUND)], []))["receipts"]
    assert (missing["receipt"], missing["invoice"], missing["payments"]) == (None, None, [])


# ---- Forecast


def test_the_year_a_payment_was_received_in_decides_on_a_cash_basis():
    eve = datetime(2020, 1, 1, 6, 50, tzinfo=UTC)  # 11:50 PM of December 31 in Denver.
    late = booked(starts_at=eve, payments=(payment("425.00", received_at=eve + timedelta(hours=1)),))
    change = forecast.change_of(entry(late, receipt(txn_date=date(2019, 12, 31))))
    assert [one.difference for one in forecast.by_tax_year([change], "accrual")] == [0]
    years = {one.name: one.difference for one in forecast.by_tax_year([change], "cash")}
    assert years == {"2019": -AMOUNT, "2020": AMOUNT}
    [january] = [one for one in forecast.by_month([change], "cash") if one.name == "2020-01"]
    assert january.causes == (("SalesReceipt 1001", "1042", AMOUNT),)


def test_sales_tax_on_a_receipt_is_no_income():
    income = forecast.receipt_income(receipt(tax=Decimal("25.00")))
    assert income["accrual"] == ((date(2019, 3, 4), Decimal("400.00")),)


def test_blocked_and_early_receipts_change_nothing():
    for found in (entry(receipt_=receipt(deposit_id="55")), entry(side="old")):
        change = forecast.change_of(found)
        assert change.before == change.after


@given(inspections, settings_values, positive_money)
def test_differences_are_what_their_causes_add_up_to(one, settings, total):
    settings = replace(settings, cutoff=datetime(2010, 1, 1, tzinfo=UTC))
    found = judge(
        Recorded("900", one.key, total), one, "new", receipt(total=total), replace(AROUND, settings=settings)
    )
    changes = [forecast.change_of(found)]
    if found.replacement:
        changes.append(forecast.new_booking("other", found.replacement))
    for basis in forecast.BASES:
        months, years = forecast.by_month(changes, basis), forecast.by_tax_year(changes, basis)
        for period in [*months, *years]:
            assert sum((amount for _, _, amount in period.causes), Decimal(0)) == period.difference
        assert sum((one.before for one in months), Decimal(0)) == sum(
            (one.before for one in years), Decimal(0)
        )
        assert sum((one.after for one in months), Decimal(0)) == sum((one.after for one in years), Decimal(0))


@given(inspections, st.sampled_from(["old", "new"]), positive_money)
def test_every_entry_has_exactly_one_place_and_only_whole_ones_change(one, side, total):
    found = judge(Recorded("900", one.key, total), one, side, receipt(total=total), AROUND)
    assert (found.place == "stay") == (side == "old")
    if found.place == "change":
        assert found.replacement.total == total
        assert found.replacement.open >= 0
        assert one.confirmed_at and not one.canceled_at and not one.deleted_at
    assert all(isinstance(flag, Flag) and flag.code in CATALOGUE for flag in (*found.blockers, *found.notes))


def _place_of(part: Part) -> forecast.Place:
    return ("tax", part.ref, part.name) if part.kind == "tax" else ("income", part.ref or "new", part.name)


def test_income_and_tax_are_compared_account_by_account_with_the_receipts_that_move_them():
    parts = (
        Part("item", "1", "Services", Decimal("400.00")),
        Part("discount", "9", "Discounts", Decimal("-5.00")),
        Part("tax", "3", "8 %", Decimal("30.00")),
    )
    whole = entry(receipt_=receipt(parts=parts))
    found = {(one.kind, one.name): one for one in forecast.by_account([whole], _place_of)}
    assert found["tax", "8 %"].difference == Decimal("-30.00")
    assert found["income", "Services"].difference == Decimal("-400.00")
    assert found["income", "Discounts"].difference == Decimal("5.00")
    assert all(one.causes == (("SalesReceipt 1001", "1042", one.difference),) for one in found.values())
    after = sum((one.after for one in found.values()), Decimal(0))
    assert after == whole.replacement.total == sum(part.amount for part in whole.replacement.parts)


def test_what_stays_on_its_account_has_no_cause_and_what_does_not_change_is_not_counted():
    [line] = entry().replacement.parts
    same = entry(receipt_=receipt(parts=(line,)))
    [account] = forecast.by_account(
        [same, entry(side="old"), entry(receipt_=receipt(deposit_id="55"))], _place_of
    )
    assert (account.before, account.after, account.causes) == (line.amount, line.amount, ())
