"""Money given back: when each refund was first seen, and the RefundReceipt that it is in the books once its payment was deposited.

A payment that lies in a Deposit is history (decision 19). Which part of it was given back, and what becomes of the Invoice, is
`deposited`; the way from the RefundReceipts that stand to these is `plan_refunds`. Of a payment that no Deposit holds a refund is taken
off its Payment (decision 4), unless a RefundReceipt of somebody else stands for it: then all is `as_if_kept`.
"""

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from bookkeeping.rules.actions import (
    CreateRefundReceipt,
    DeleteRefundReceipt,
    Known,
    RefundAction,
    UpdateRefundReceipt,
)
from bookkeeping.rules.documents import DesiredRefund, fingerprint_of, line_name
from bookkeeping.rules.inspection import Inspection, PaymentReceived
from bookkeeping.rules.local_time import local_day
from bookkeeping.rules.money import ZERO
from bookkeeping.rules.planning import Hinders, Plan, Waiting
from bookkeeping.rules.references import refund_key
from bookkeeping.rules.text import DESCRIPTION_LIMIT, cut


@dataclass(frozen=True)
class RefundSeen:
    """One step in which a payment was refunded, kept for good.

    `number` counts within the inspection and is never used twice; `amount` is what is left of the step, zero once it was taken back;
    `seen_at` is the inspection's `updated_at` with which it was first seen, since the platform names no moment of a refund.
    """

    payment_key: str
    number: int
    amount: Decimal
    seen_at: datetime


def follow_refunds(inspection: Inspection, seen: Iterable[RefundSeen]) -> tuple[RefundSeen, ...]:
    """Return every step after the platform told this inspection: a new one where more was refunded, less where refunds were taken back.

    What was taken back is the latest step of just that amount, else the latest ones. Steps of payments that the platform no longer
    has stay as they are.
    """
    steps = {step.number: step for step in seen}
    for payment in sorted(inspection.payments, key=lambda one: (one.received_at, one.key)):
        own = [step for step in steps.values() if step.payment_key == payment.key]
        more = payment.refunded_amount - sum((step.amount for step in own), ZERO)
        if more > 0:
            number = max(steps, default=0) + 1
            steps[number] = RefundSeen(payment.key, number, more, inspection.updated_at)
        elif more < 0:
            steps |= {step.number: step for step in _taken_back(own, -more)}
    return tuple(steps[number] for number in sorted(steps))


def _taken_back(steps: Sequence[RefundSeen], less: Decimal) -> list[RefundSeen]:
    """Return the steps that change when this much less is refunded."""
    latest_first = sorted(steps, key=lambda step: -step.number)
    just_that = [step for step in latest_first if step.amount == less]
    changed = []
    for step in just_that[:1] or latest_first:
        part = min(step.amount, less)
        if part:
            changed.append(replace(step, amount=step.amount - part))
            less -= part
    return changed


@dataclass(frozen=True)
class Part:
    """What of a refund a negative line accounts for; `line` is the line's place on the inspection, None where there is no line for it."""

    line: int | None
    amount: Decimal


def pair_with_lines(
    refunds: Mapping[int, Decimal], lines: Mapping[int, Decimal]
) -> dict[int, tuple[Part, ...]]:
    """Return for each refund the parts that it is made of. `refunds` are amounts by number; `lines` what negative lines take off, by place.

    A line of just a refund's amount is that refund's; what is left over is taken in the order of both.
    """
    left = dict(lines)
    found: dict[int, tuple[Part, ...]] = dict.fromkeys(sorted(refunds), ())
    for number in found:
        place = next((place for place in sorted(left) if left[place] == refunds[number]), None)
        if place is not None:
            found[number] = (Part(place, left.pop(place)),)
    for number in found:
        if found[number]:
            continue
        rest = refunds[number]
        parts: list[Part] = []
        for place in sorted(left):
            amount = min(rest, left[place])
            if amount:
                parts.append(Part(place, amount))
                rest, left[place] = rest - amount, left[place] - amount
        found[number] = (*parts, *((Part(None, rest),) if rest else ()))
    return found


@dataclass(frozen=True)
class TakenOff:
    """A refund that is booked by taking it off its Payment, since no Deposit holds that.

    `source_key` is our key of it, `txn_date` the day it was first seen. `done`: the Payment in the books leaves it out already.
    """

    source_key: str
    payment_key: str
    txn_date: date
    amount: Decimal
    done: bool = False


def taken_off(
    inspection: Inspection,
    seen: Iterable[RefundSeen],
    booked: Mapping[str, Decimal | None],
    used: Container[str],
    time_zone: str,
) -> tuple[TakenOff, ...]:
    """Return the refunds that are taken off Payments, in the order they were seen.

    `booked` is what the Payment is in the books now, by payment (None: not made yet); those that are not in it are history, or in a
    person's hands. `used` are the refunds, by our keys, for which a RefundReceipt of somebody else stands.
    """
    steps, found = follow_refunds(inspection, seen), []
    for payment in inspection.payments:
        if payment.key not in booked or payment.voided_at:
            continue
        there = booked[payment.key]
        left_out = payment.amount - there if there is not None else ZERO
        for step in steps:
            key = refund_key(inspection.key, step.number)
            if step.payment_key != payment.key or not step.amount or key in used:
                continue
            day, done = local_day(step.seen_at, time_zone), step.amount <= left_out
            left_out -= step.amount if done else ZERO
            found.append(TakenOff(key, payment.key, day, step.amount, done))
    return tuple(found)


def as_if_kept(
    inspection: Inspection,
    refunds: Sequence[RefundSeen],
    written: Iterable[tuple[str, Decimal]] | None = None,
) -> Inspection:
    """Return the inspection as if these refunds had not been given: they stand in the books by themselves, and what they were for with them.

    `written` are the negative lines of the Invoice as it was written with the Payments whole: what is not among them pairs as after a
    deposit. None where Payments are lowered already, or not made: then a negative service or fee of just a refund's amount is that
    refund's, and others are only where all that was refunded comes to all that is negative: else some are there for another reason.
    """
    negative = {
        place: (cut(line_name(line), DESCRIPTION_LIMIT), line.amount)
        for place, line in enumerate(inspection.lines)
        if line.kind in ("service", "fee") and line.amount < 0
    }
    standing = [one for one in inspection.payments if not one.voided_at]
    refunded = sum((one.refunded_amount for one in standing), ZERO)
    lines = not_on_invoice(negative, written or ())
    sure = written is not None or refunded == sum(lines.values(), ZERO)
    left = dict(lines)
    for parts in pair_with_lines({step.number: step.amount for step in refunds}, lines).values():
        for part in parts:
            if part.line is not None and (sure or (len(parts) == 1 and part.amount == lines[part.line])):
                left[part.line] -= part.amount
    kept = tuple(
        replace(line, amount=-left[place]) if place in left else line
        for place, line in enumerate(inspection.lines)
        if left.get(place) != ZERO
    )
    return replace(inspection, lines=kept, payments=tuple(_kept(one, refunds) for one in inspection.payments))


def _kept(payment: PaymentReceived, refunds: Iterable[RefundSeen]) -> PaymentReceived:
    """Return the payment without these refunds of it."""
    kept = sum((step.amount for step in refunds if step.payment_key == payment.key), ZERO)
    return replace(payment, refunded_amount=payment.refunded_amount - min(kept, payment.refunded_amount))


def not_on_invoice(
    negative: Mapping[int, tuple[str, Decimal]], written: Iterable[tuple[str, Decimal]]
) -> dict[int, Decimal]:
    """Return what the negative lines take off, by place, that are not on the Invoice as it was last written.

    Both are (description, amount); a line that stands there twice is on it twice.
    """
    there = Counter(written)
    found = {}
    for place, line in sorted(negative.items()):
        if there[line]:
            there[line] -= 1
        else:
            found[place] = -line[1]
    return found


def plan_refunds(
    desired: Sequence[DesiredRefund],
    known: Sequence[Known],
    last_generation: Mapping[tuple[str, str], int],
) -> tuple[RefundAction, ...]:
    """Return the way from the RefundReceipts that stand to those that should, deletions first. What a person has in hand is not written.

    Source: bookkeeping decisions 8 and 19.
    """
    standing = {one.source_key: one for one in known}
    wanted = {one.source_key for one in desired}
    found: list[RefundAction] = [
        DeleteRefundReceipt(one) for key, one in standing.items() if key not in wanted and not one.hands_off
    ]
    for one in desired:
        current = standing.get(one.source_key)
        if current is None:
            generation = last_generation.get(("RefundReceipt", one.source_key), 0) + 1
            found.append(CreateRefundReceipt(one, generation))
        elif not current.hands_off and not _says(one, current):
            found.append(UpdateRefundReceipt(one, current))
    return tuple(found)


def with_refunds(
    found: Plan, refunds: Sequence[RefundAction], waits: Sequence[Waiting], hinders: Hinders
) -> Plan:
    """Return the plan with the refunds beside it; `waits` are those, and other documents, that a person has to look at first."""
    said = {one.action.place for one in found.waits}
    waits = [one for one in waits if one.action.place not in said]
    held = {one.action.place for one in waits}
    beside = [one for one in refunds if one.place not in held]
    hindered = [Waiting(one, because) for one in beside if (because := hinders(one)) is not None]
    held = {one.action.place for one in hindered}
    go = tuple(one for one in beside if one.place not in held)
    return replace(found, refunds=go, waits=(*found.waits, *waits, *hindered))


def _says(one: DesiredRefund, current: Known) -> bool:
    """Whether the RefundReceipt that stands says this; a Customer that was merged since counts as the one it was written for."""
    written = replace(one, customer_id=current.written_for(one.customer_id))
    return refund_fingerprint(written) == current.fingerprint


def refund_fingerprint(refund: DesiredRefund) -> str:
    """Return the SHA-256 of everything the RefundReceipt says in QuickBooks; equal means nothing to write."""
    return fingerprint_of(refund)


def negative_lines(body: Mapping[str, Any]) -> tuple[tuple[str, Decimal], ...]:
    """Return (description, amount) of the lines below zero in an Invoice's body, as we wrote it or as QuickBooks shows it."""
    lines = (
        (str(line.get("Description") or ""), _cents(line.get("Amount"))) for line in body.get("Line") or ()
    )
    return tuple((text, amount) for text, amount in lines if amount < 0)


def _cents(value: Any) -> Decimal:
    return Decimal(str(value or 0)).quantize(Decimal("0.01"))
