"""What a card on *Changed in QuickBooks* says: which document, what changed, and what each choice would do."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bookkeeping.faults import fault
from bookkeeping.rules.planning import Hindrance
from bookkeeping.storage.records.documents import Drift
from bookkeeping.storage.records.inspections import InspectionRow
from webapp.frame.words import day, money, of_ours

_AMOUNT_AT_END = re.compile(r"-?\d+\.\d\d$", re.MULTILINE)

_IN_HEADINGS = ("Total", "Date", "Due date")
"""Fields whose values read well in a heading; texts that somebody typed do not stand there."""

_IN_A_SENTENCE = {
    "Customer": "the Customer",
    "Date": "the date",
    "Due date": "the due date",
    "Lines": "its lines",
    "Applied to": "what it is applied to",
    "Total": "the total",
}
"""What fields are called where their values do not follow."""

_HEADINGS = {
    "voided": "was voided",
    "deleted": "was deleted",
    "deposited": "was put into a bank deposit",
}


@dataclass(frozen=True)
class DriftCard:
    """One open drift. `booked`: whether the inspection belongs in the books now, which decides what ours would be.

    `named` is what changed, as (label, ours, theirs), with names for QuickBooks' ids; `hindered` what is in the way of restoring ours.
    """

    drift: Drift
    inspection: InspectionRow | None
    invoice_number: str
    booked: bool
    named: list[tuple[str, str, str]]
    hindered: Hindrance | None = None

    @property
    def name(self) -> str:
        """`Invoice SP-1042`, or for a Payment `Payment of $425.00 on SP-1042, reference 1881`."""
        document = self.drift.document
        if document.kind == "Invoice":
            return f"Invoice {document.doc_number or self.invoice_number}"
        if document.kind == "RefundReceipt":
            return f"RefundReceipt {document.doc_number} of {money(document.total)}"
        name = f"{document.kind} of {money(document.total)}"
        if self.invoice_number:
            name += f" on {self.invoice_number}"
        reference = document.body.get("PaymentRefNum")
        return f"{name}, reference {reference}" if reference else name

    @property
    def fields(self) -> list[tuple[str, str, str]]:
        """What changed, as (label, ours, theirs)."""
        return [(label, said(label, ours), said(label, theirs)) for label, ours, theirs in self.named]

    @property
    def happened(self) -> str:
        """`was voided`; of an edit, which fields it changed: `was changed: Total from $425.00 to $400.00`."""
        if self.drift.kind != "edited" or not self.fields:
            return _HEADINGS.get(self.drift.kind, "was changed")
        told = next(
            (
                (label, ours, theirs)
                for label, ours, theirs in self.fields
                if ours and theirs and label in _IN_HEADINGS
            ),
            None,
        )
        labels = dict.fromkeys(label for label, _, _ in self.fields if told is None or label != told[0])
        others = ", ".join(_IN_A_SENTENCE.get(label, label) for label in labels)
        if told is None:
            return f"was changed: {others}"
        said = f"was changed: {told[0]} from {told[1]} to {told[2]}"
        return f"{said}; also {others}" if others else said

    @property
    def restore_means(self) -> str:
        """What *Restore ours* does."""
        document = self.drift.document
        if not self.booked:
            gone = (
                "nothing is made again" if self.drift.kind == "deleted" else f"the {document.kind} is deleted"
            )
            return f"The inspection is not in the books any more, so {gone}."
        if self.drift.kind == "deleted":
            again = f"The {document.kind} is made again as the inspection says, under a new QuickBooks id."
            return f"{again} Files attached to the deleted one stay in QuickBooks' list of attachments."
        if self.drift.kind == "deposited":
            return (
                "It stays as it is: nothing is ever taken out of a bank deposit, which agrees with the bank."
            )
        return f"The {document.kind} is written again as the inspection says. What is shown above is lost, the rest stays."

    @property
    def restore_waits(self) -> str:
        """Why *Restore ours* cannot go through as things are, and what it asks for; "" when nothing is in the way."""
        if self.hindered is None:
            return ""
        if self.hindered.code == "drift":
            return self.hindered.detail
        known = fault(self.hindered.code)
        title = known.title if known.title.endswith("?") else f"{known.title}."
        detail = of_ours(self.hindered.detail, known.code)
        said = " ".join(part for part in (title, detail, known.remedy) if part)
        return f"{said} Chosen now, it waits until then."

    @property
    def restore_page(self) -> str:
        """The page of ours where what is in the way is settled, "" for none or for this one."""
        link = fault(self.hindered.code).link if self.hindered is not None else None
        return "" if link in (None, "/drift") else link or ""

    @property
    def keep_means(self) -> str:
        """What *Keep theirs* does."""
        kind = self.drift.document.kind
        if self.drift.kind == "deleted":
            return f"The {kind} stays deleted. We do not make it again, whatever changes on the inspection, until you choose Manage it again."
        return f"The {kind} stays as it is in QuickBooks. Later changes on the inspection no longer reach it, until you choose Manage it again."


@dataclass(frozen=True)
class DriftBox:
    """What people changed of one inspection, to be settled by one choice: an edit of an Invoice often moves its Payments, too.

    `cards` are its documents with what is in the way of restoring each by itself, `together` the same with all of them restored at once.
    """

    cards: list[DriftCard]
    together: list[DriftCard]

    @property
    def happened(self) -> str:
        """`2 documents of inspection 1042 were changed`."""
        return f"{len(self.cards)} documents of inspection {self.cards[0].drift.document.inspection_key} were changed"

    @property
    def restore_means(self) -> list[str]:
        """What *Restore ours* does to them: in one sentence where it does the same to all."""
        if all(one.booked and one.drift.kind in ("edited", "voided") for one in self.cards):
            return [
                "All are written again as the inspection says. What is shown above is lost, the rest stays."
            ]
        return list(dict.fromkeys(one.restore_means for one in self.cards))

    @property
    def keep_means(self) -> list[str]:
        """What *Keep theirs* does to them."""
        if any(one.drift.kind == "deleted" for one in self.cards):
            return list(dict.fromkeys(one.keep_means for one in self.cards))
        later = "Later changes on the inspection no longer reach them, until you choose Manage it again."
        return [f"All stay as they are in QuickBooks. {later}"]

    @property
    def waits(self) -> list[tuple[str, str]]:
        """Why *Restore ours* of all cannot go through as things are, each with the page of ours where that is settled."""
        found = ((one.restore_waits, one.restore_page) for one in self.together if one.restore_waits)
        return list(dict.fromkeys(found))


def said(label: str, text: str) -> str:
    """Return a field's value as people write it: `2026-03-02` → `Mar 2, 2026`, `425.00` → `$425.00`, at each line's end too."""
    if label in ("Date", "Due date"):
        try:
            return day(date.fromisoformat(text))
        except ValueError:
            return text  # Empty, or not a day at all.
    if label in ("Total", "Lines", "Applied to"):
        return _AMOUNT_AT_END.sub(lambda found: money(Decimal(found.group())), text)
    return text
