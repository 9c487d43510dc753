"""Which inspection or document explains each difference between the platform and QuickBooks.

Documents find their inspection by our records or by the mark and number that they carry; figures are always QuickBooks' own. Every
difference names what it is about; a difference that nothing here accounts for is left to the statement as unexplained.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from bookkeeping.rules.inspection import BookSettings, PaymentReceived
from bookkeeping.rules.local_time import local_day, say_day
from bookkeeping.rules.money import ZERO, dollars
from bookkeeping.rules.references import doc_number, mark, marked
from bookkeeping.rules.tieout import (
    UNEXPLAINED,
    BookDocument,
    Difference,
    Figure,
    Mirrored,
    OnRecord,
    Period,
    Records,
    Statement,
    Tally,
    book_figures,
    make_statement,
    open_amount,
    platform_figures,
)
from bookkeeping.rules.tieout_causes import CARRIES_OUR_NUMBER, cause_of
from bookkeeping.rules.tieout_refunds import GivenBack, explained, given_back

_NO_CREDIT = {"Payment", "Estimate", "TimeActivity", "StatementCharge", "ReimburseCharge"}
"""What an Invoice may be linked to that takes nothing off it besides its Payments: where it came from, and what it bills for (recorded)."""


def tie_out(
    period: Period,
    mirrored: Sequence[Mirrored],
    documents: Sequence[BookDocument],
    records: Records,
    settings: BookSettings,
) -> Statement:
    """Return the statement of these days.

    `mirrored` are the inspections with a date within the period or with a document in `documents`; `documents` all of QuickBooks'
    within the period, and besides them those that belong to `mirrored` or are applied to one another, whatever their date.
    `records` say whose document (kind, id) is.
    """
    matching = _Matching(period, mirrored, documents, records, settings)
    matching.run()
    platform = Tally(period).add_all(platform_figures(mirrored, settings))
    quickbooks = Tally(period).add_all([*book_figures(documents), *matching.figures])
    found = [one for one in matching.entries.values() if one.effect.cells]
    return make_statement(period, platform, quickbooks, sorted(found, key=_order))


def _order(one: Difference) -> tuple[Any, ...]:
    return (one.cause, min(one.effect.cells), one.inspection_key, one.kind, one.qbo_id)


class _Matching:
    """One matching: `entries` are the differences by whose they are, `figures` what only matching can tell of QuickBooks."""

    def __init__(
        self,
        period: Period,
        mirrored: Sequence[Mirrored],
        documents: Sequence[BookDocument],
        records: Records,
        settings: BookSettings,
    ) -> None:
        self.period, self.settings, self.records = period, settings, records
        self.inspections = {one.inspection.key: one for one in mirrored}
        self.documents = {(one.kind, one.qbo_id): one for one in documents}
        self.entries: dict[tuple[str, ...], Difference] = {}
        self.figures: list[Figure] = []
        self._numbers = {doc_number(one.inspection.known_as): key for key, one in self.inspections.items()}
        self._marks = {_marked_as("inspection", key): (key, "") for key in self.inspections}
        for one in mirrored:
            for payment in one.inspection.payments:
                self._marks[_marked_as("payment", payment.key)] = (one.inspection.key, payment.key)
        self._sales: dict[str, list[BookDocument]] = defaultdict(list)
        self._payments: dict[str, dict[str, list[BookDocument]]] = defaultdict(lambda: defaultdict(list))
        self._refunds: dict[str, dict[str, list[BookDocument]]] = defaultdict(lambda: defaultdict(list))
        self._applied: dict[tuple[str, str], list[BookDocument]] = defaultdict(list)
        self._deposited = {one.inspection_key for one in records.values() if one.live and one.deposited}

    def run(self) -> None:
        """Match everything."""
        strays = []
        for one in self.documents.values():
            for kind, qbo_id, _ in one.applied:
                self._applied[kind, qbo_id].append(one)
            record = self.records.get((one.kind, one.qbo_id))
            if record is None or record.inspection_key not in self.inspections:
                strays.append(one)
            elif one.kind == "Payment":
                self._payments[record.inspection_key][record.source_key].append(one)
            elif one.kind == "RefundReceipt":
                self._refunds[record.inspection_key][record.source_key].append(one)
            else:
                self._sales[record.inspection_key].append(one)
        for one in strays:
            self._stray(one)
        for key, mirrored in self.inspections.items():
            self._inspection(key, mirrored)

    # ---- Documents that no inspection asks for

    def _stray(self, one: BookDocument) -> None:
        key, payment_key = self._claims(one)
        twin = self._refunds_of(key) if one.kind == "RefundReceipt" else self._sales.get(key)
        twin = self._paid(key, payment_key) if one.kind == "Payment" else twin
        if key and twin:
            self._extra(
                one, "doubled", key, f"{one.said} is a second one beside {twin[0].name} ({twin[0].qbo_id})."
            )
        elif key or marked(one.private_note):
            sentence = f"{one.said} carries our number or mark, but Tieout has no record of making it."
            self._extra(one, "foreign", key, sentence, CARRIES_OUR_NUMBER)
        else:
            self._extra(one, "foreign", "", f"{one.said} was not made by Tieout.")

    def _claims(self, one: BookDocument) -> tuple[str, str]:
        """Return whose document it says it is, as (inspection, payment); empty where it says nothing we know."""
        said = marked(one.private_note)
        if said and said[0] == "refund":
            said = ("inspection", said[1].rpartition("-R")[0])
        if said and said in self._marks:
            return self._marks[said]
        return (self._numbers.get(one.doc_number, ""), "") if one.kind != "Payment" else ("", "")

    def _extra(self, one: BookDocument, cause: str, key: str, sentence: str, reason: str = "") -> None:
        entry = self._entry(one, key, cause, reason, sentence)
        for figure in book_figures([one]):
            entry.effect.add(figure.day, figure.measure, figure.count, figure.dollars)

    def _entry(
        self, one: BookDocument, key: str, cause: str, reason: str, sentence: str, place: tuple[str, ...] = ()
    ) -> Difference:
        place = place or (one.kind, one.qbo_id)
        if place not in self.entries:
            self.entries[place] = Difference(
                cause, sentence, Tally(self.period), key, one.kind, one.qbo_id, one.doc_number, reason
            )
        return self.entries[place]

    # ---- Inspections

    def _inspection(self, key: str, one: Mirrored) -> None:
        sales = sorted(self._sales.get(key, ()), key=self._standing_first)
        if not one.standing:
            for document in [*sales, *self._payments_of(key), *self._refunds_of(key)]:
                self._left_over(one, document)
            return
        if sales and sales[0].kind == "SalesReceipt":
            self._by_receipts(one, sales)
            return
        for double in sales[1:]:
            self._extra(double, "doubled", key, f"{double.said} is a second one beside {sales[0].name}.")
        invoice = sales[0] if sales else None
        given = given_back(one.inspection, invoice, self._refunds.get(key, {}))
        applied = self._to_apply(one, given)
        if invoice is not None:
            starts = local_day(one.inspection.starts_at, self.settings.time_zone)
            self.figures.append(Figure(starts, "booked", 1, invoice.total))
            self._sale(one, invoice, given)
        else:
            self._no_sale(one)
        for payment in one.inspection.payments:
            if not payment.voided_at:
                self._payment(one, payment, invoice, applied.get(payment.key, ZERO), given)
        known = {payment.key for payment in one.inspection.payments if not payment.voided_at}
        for document in [*self._payments_of(key), *self._refunds_of(key)]:
            if self._source(document) not in known:
                self._left_over(one, document)
        self._given_back(one, given)
        if invoice is not None:
            self._open(one, invoice, given)

    def _no_sale(self, one: Mirrored) -> None:
        inspection = one.inspection
        number, total = doc_number(inspection.known_as), inspection.total
        cause, reason = cause_of(one, self.settings, "missing")
        sentence = f"Inspection {inspection.key} of {dollars(total)} has no Invoice {number} in QuickBooks."
        effect = Tally(self.period)
        day, still_open = one.invoice_day(self.settings), open_amount(inspection)
        effect.add(local_day(inspection.starts_at, self.settings.time_zone), "booked", -1, -total)
        effect.add(day, "invoiced", -1, -total)
        effect.add(day, "open", -int(bool(still_open)), -still_open)
        self.entries["inspection", inspection.key] = Difference(
            cause, sentence, effect, inspection.key, doc_number=number, reason=reason
        )

    def _sale(self, one: Mirrored, invoice: BookDocument, given: GivenBack) -> None:
        inspection = one.inspection
        total, day = inspection.total + given.lines, one.invoice_day(self.settings)
        moved = self.period.month(day) != self.period.month(invoice.txn_date)
        off = invoice.total - total
        if not moved and not off:
            return
        fallback = "voided" if invoice.voided else "wrong-amount" if off else "wrong-month"
        said = [f"says {dollars(invoice.total)} instead of {dollars(total)}"] if off else []
        if moved:
            said.append(f"is dated {say_day(invoice.txn_date)} instead of {say_day(day)}")
        entry = self._about(one, invoice, fallback, f"{invoice.name} {' and '.join(said)}.")
        entry.effect.add(local_day(inspection.starts_at, self.settings.time_zone), "booked", 0, off)
        entry.effect.add(day, "invoiced", -1, -total)
        entry.effect.add(invoice.txn_date, "invoiced", 1, invoice.total)
        still_open = given.open(inspection)
        entry.effect.add(day, "open", -int(moved and bool(still_open)), -still_open)
        more = invoice.total - max(total, ZERO)  # Nobody is owed what fees below zero come to.
        entry.effect.add(invoice.txn_date, "open", int(moved and bool(still_open)), still_open + more)

    def _payment(
        self,
        one: Mirrored,
        payment: PaymentReceived,
        invoice: BookDocument | None,
        expected: Decimal,
        given: GivenBack,
    ) -> None:
        key, amount = one.inspection.key, given.paid(payment)
        day = local_day(payment.received_at, self.settings.time_zone)
        documents = sorted(self._paid(key, payment.key), key=self._standing_first)
        for double in documents[1:]:
            self._extra(double, "doubled", key, f"{double.said} is a second one beside {documents[0].name}.")
        booked = documents[0] if documents else None
        total = booked.total if booked else ZERO
        reflected = min(payment.refunded_amount, max(payment.amount - total, ZERO))
        self.figures.append(Figure(day, "refunded", int(bool(reflected)), reflected))
        if booked is None:
            if not amount:
                return
            entry = self._no_payment(one, payment, day, amount)
        else:
            moved = self.period.month(day) != self.period.month(booked.txn_date)
            off = total - amount
            short = invoice is not None and booked.applied_to("Invoice", invoice.qbo_id) != expected
            if not (moved or off or short):
                return
            said = [f"says {dollars(total)} instead of {dollars(amount)}"] if off else []
            said += [f"is dated {say_day(booked.txn_date)} instead of {say_day(day)}"] if moved else []
            if invoice is not None and short and not off:
                there = booked.applied_to("Invoice", invoice.qbo_id)
                said.append(f"has {dollars(there)} applied to {invoice.name} instead of {dollars(expected)}")
            fallback = (
                "voided"
                if booked.voided
                else "wrong-amount"
                if off
                else "wrong-month"
                if moved
                else "unapplied"
            )
            entry = self._about(one, booked, fallback, f"{booked.name} of {key} {' and '.join(said)}.")
            entry.effect.add(day, "received", -int(bool(amount)), -amount)
            entry.effect.add(booked.txn_date, "received", int(bool(total)), total)
        refunded = payment.refunded_amount - given.of(payment)
        entry.effect.add(day, "refunded", int(bool(reflected)) - int(refunded > 0), reflected - refunded)
        if invoice is not None:
            there = booked.applied_to("Invoice", invoice.qbo_id) if booked else ZERO
            entry.effect.add(invoice.txn_date, "open", 0, expected - there)

    def _given_back(self, one: Mirrored, given: GivenBack) -> None:
        for found in explained(one, given, self.records, self.settings):
            entry = self._entry(found.document, one.inspection.key, found.cause, "", found.sentence)
            entry.effect.add_all(found.figures)

    def _no_payment(self, one: Mirrored, payment: PaymentReceived, day: date, amount: Decimal) -> Difference:
        cause, reason = cause_of(one, self.settings, "missing")
        sentence = f"The payment of {dollars(amount)} on {say_day(day)} for {one.inspection.key} is not in QuickBooks."
        entry = Difference(cause, sentence, Tally(self.period), one.inspection.key, reason=reason)
        entry.effect.add(day, "received", -1, -amount)
        self.entries["payment", one.inspection.key, payment.key] = entry
        return entry

    def _open(self, one: Mirrored, invoice: BookDocument, given: GivenBack) -> None:
        """Account for what else lowers the Invoice's balance, and for the counts."""
        place, key = ("Invoice", invoice.qbo_id), one.inspection.key
        own = {payment.key for payment in one.inspection.payments if not payment.voided_at}
        left = invoice.total
        for document in self._applied.get(place, ()):
            there = document.applied_to(*place)
            left -= there
            first = self._paid(key, self._source(document))
            mine = self._source(document) in own and self._is_of(document, key)
            if mine and min(first, key=self._standing_first) is document:
                continue  # Accounted for as the inspection's own payment.
            sentence = f"{document.said} is applied to {invoice.name}."
            entry = self._entry(document, key, "applied-elsewhere", "", sentence)
            entry.effect.add(invoice.txn_date, "open", 0, -there)
        off = invoice.balance - left
        if off:
            credits = [f"{kind} {qbo_id}" for kind, qbo_id in invoice.links if kind not in _NO_CREDIT]
            sentence = f"{invoice.name} is open for {dollars(invoice.balance)}, but its Payments leave {dollars(left)}"
            sentence += f": {', '.join(credits)}." if credits else "."
            entry = self._about(one, invoice, "credited", sentence, ("credit", invoice.qbo_id))
            if not credits:
                entry.cause, entry.reason = UNEXPLAINED, ""
            entry.effect.add(invoice.txn_date, "open", 0, off)
        self._count_open(one, invoice, given)

    def _count_open(self, one: Mirrored, invoice: BookDocument, given: GivenBack) -> None:
        month = self.period.month(invoice.txn_date)
        off = int(bool(invoice.balance)) - int(bool(given.open(one.inspection)))
        if not off or month is None:
            return
        applied = self._applied.get(("Invoice", invoice.qbo_id), ())
        places = {("Invoice", invoice.qbo_id), ("credit", invoice.qbo_id)}
        places |= {(document.kind, document.qbo_id) for document in applied}
        for place, entry in self.entries.items():
            concerns = place in places or entry.inspection_key == one.inspection.key
            if concerns and (month, "open") in entry.effect.cells:
                entry.effect.add(invoice.txn_date, "open", off, ZERO)
                return

    def _by_receipts(self, one: Mirrored, sales: list[BookDocument]) -> None:
        """The earlier integration's SalesReceipts stand for the whole inspection: sale and money at once."""
        key, inspection = one.inspection.key, one.inspection
        total = sum((receipt.total for receipt in sales), ZERO)
        starts = local_day(inspection.starts_at, self.settings.time_zone)
        self.figures.append(Figure(starts, "booked", 1, total))
        cause, reason = cause_of(replace(one, has_receipt=True), self.settings, "has-receipt")
        names = ", ".join(f"{receipt.name} of {dollars(receipt.total)}" for receipt in sales)
        effect = Tally(self.period).add_all(each for receipt in sales for each in book_figures([receipt]))
        effect.add(starts, "booked", 1, total)
        for figure in platform_figures([one], self.settings):
            if figure.measure != "refunded":
                effect.add(figure.day, figure.measure, -figure.count, -figure.dollars)
        if not effect.empty:
            sentence = f"Inspection {key} of {dollars(inspection.total)} is booked by {names}."
            self._entry(sales[0], key, cause, reason, sentence).effect = effect
        for payment in inspection.payments:
            if payment.refunded_amount and not payment.voided_at:
                day = local_day(payment.received_at, self.settings.time_zone)
                self.figures.append(Figure(day, "refunded", 1, payment.refunded_amount))
        for document in [*self._payments_of(key), *self._refunds_of(key)]:
            self._extra(document, "doubled", key, f"{document.said} stands beside {names}.")

    def _left_over(self, one: Mirrored, document: BookDocument) -> None:
        record = self.records[document.kind, document.qbo_id]
        stays = not one.standing and one.inspection.key in self._deposited
        cause, reason = cause_of(one, self.settings, "after-deposit" if stays else "left-over", record)
        said = "the inspection no longer has it" if one.standing else "the inspection is not in the books"
        sentence = f"{document.said} of {one.inspection.key} is still in QuickBooks, but {said}."
        if stays:
            sentence = (
                f"{document.said} of {one.inspection.key} stays: {said}, but money of it was deposited."
            )
        self._extra(document, cause, one.inspection.key, sentence, reason)

    def _about(
        self, one: Mirrored, document: BookDocument, fallback: str, sentence: str, place: tuple[str, ...] = ()
    ) -> Difference:
        record = self.records.get((document.kind, document.qbo_id))
        cause, reason = cause_of(one, self.settings, fallback, record)
        return self._entry(document, one.inspection.key, cause, reason, sentence, place)

    def _to_apply(self, one: Mirrored, given: GivenBack) -> dict[str, Decimal]:
        """Return how much of each payment belongs on the Invoice, in the order received (decision 4), also where the rules balk."""
        still_open, shares = max(one.inspection.total + given.lines, ZERO), {}
        for payment in sorted(one.inspection.payments, key=lambda each: (each.received_at, each.key)):
            if (amount := given.paid(payment)) > 0:
                shares[payment.key] = min(amount, still_open)
                still_open -= shares[payment.key]
        return shares

    def _payments_of(self, key: str) -> list[BookDocument]:
        return [one for found in self._payments.get(key, {}).values() for one in found]

    def _refunds_of(self, key: str) -> list[BookDocument]:
        return [one for found in self._refunds.get(key, {}).values() for one in found]

    def _paid(self, key: str, payment_key: str) -> list[BookDocument]:
        return self._payments.get(key, {}).get(payment_key, [])

    def _source(self, document: BookDocument) -> str:
        record = self.records.get((document.kind, document.qbo_id))
        return record.source_key if record else ""

    def _is_of(self, document: BookDocument, key: str) -> bool:
        record: OnRecord | None = self.records.get((document.kind, document.qbo_id))
        return record is not None and record.inspection_key == key

    def _standing_first(self, document: BookDocument) -> tuple[bool, bool, int]:
        record = self.records.get((document.kind, document.qbo_id))
        return (not (record and record.live), document.kind != "Invoice", -int(document.qbo_id))


def _marked_as(kind: Literal["inspection", "payment"], key: str) -> tuple[str, str]:
    _, named, by = mark(kind, key).rsplit(" ", 2)
    return named, by
