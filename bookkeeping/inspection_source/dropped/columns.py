"""The columns of a dropped table: what each is called, by us and by others, and which table it makes. Their values are read in `lines`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bookkeeping.inspection_source.dropped.sheets import Table


@dataclass(frozen=True)
class Column:
    """One column. `name` is its heading in the template, `others` are headings that mean the same; `hint` says what belongs in it."""

    field: str
    name: str
    hint: str
    others: tuple[str, ...] = ()
    required: bool = False


INSPECTIONS = (
    Column("key", "Inspection", "Its number in your system; never used for another", ("Inspection id", "Inspection no", "Inspection number", "Id", "Job", "Job id", "Job no", "Job number"), True),
    Column("number", "Number", "A short number for people, shown on the Invoice; may be left out", ("Order number", "Order no", "Report number", "Report no")),
    Column("date", "Date", "Day of the inspection: 2026-03-02 or 3/2/2026", ("Inspection date", "Scheduled date", "Date and time", "Datetime", "Start", "Starts at"), True),
    Column("time", "Time", "9:00 AM or 09:00; noon where it is left out", ("Start time", "Inspection time")),
    Column("client", "Client", "First and last name", ("Client name", "Buyer", "Buyer name", "Customer", "Customer name")),
    Column("first_name", "First name", "Instead of Client", ("Client first name", "Buyer first name")),
    Column("last_name", "Last name", "Instead of Client", ("Client last name", "Buyer last name", "Surname")),
    Column("email", "Email", "By it one client is told from another of the same name", ("Client email", "Buyer email", "Email address")),
    Column("phone", "Phone", "", ("Client phone", "Mobile", "Mobile phone")),
    Column("street", "Street", "Of the inspected property", ("Street address", "Address", "Property address", "Address 1")),
    Column("city", "City", "", ("Property city",)),
    Column("state", "State", "Two letters", ("Property state",)),
    Column("zip", "ZIP", "", ("Zip code", "Postal code", "Property zip")),
    Column("inspector", "Inspector", "Name", ("Inspector name",)),
    Column("service", "Service", "What the fee is for; a row for each fee", ("Service name", "Item", "Description", "Fee name"), True),
    Column("fee", "Fee", "In dollars: 425.00; below zero for a discount", ("Price", "Fee amount", "Service fee", "Amount"), True),
    Column("kind", "Kind", "service, fee, discount or tax; service where it is left out", ("Fee kind", "Type")),
    Column("confirmed", "Confirmed", "no while it is not; nothing is booked then", ()),
    Column("canceled", "Cancelled", "yes when it is", ("Canceled",)),
)  # fmt: skip
PAYMENTS = (
    Column("key", "Inspection", "The number of the inspection that was paid for", ("Inspection id", "Inspection no", "Inspection number", "Job", "Job id", "Job no", "Job number"), True),
    Column("payment", "Payment", "Its number in your system; by it, it is booked once", ("Payment id", "Payment no", "Payment number", "Transaction", "Transaction id"), True),
    Column("date", "Paid on", "Day it was received: 2026-03-02 or 3/2/2026", ("Date", "Payment date", "Received", "Received at", "Paid at", "Date paid"), True),
    Column("amount", "Amount", "In dollars, above zero: 425.00", ("Payment amount", "Paid"), True),
    Column("method", "Method", "card, ach, check, cash or other", ("Payment method", "Paid by", "Type")),
    Column("reference", "Reference", "Such as the number of a check", ("Check number", "Check no", "Ref")),
    Column("refunded", "Refunded", "How much of it was given back", ("Refunded amount", "Refund")),
    Column("voided", "Voided", "yes when it was entered by mistake, or came back from the bank", ("Void",)),
)  # fmt: skip
TABLES = {"inspections": INSPECTIONS, "payments": PAYMENTS}

EXAMPLES = {
    "inspections": (
        ("1001", "", "2026-03-02", "9:00 AM", "Ada Reyes", "", "", "ada@example.com", "303-555-0147", "12 Oak St", "Denver", "CO", "80203", "Bo Lind", "Home inspection", "425.00", "", "yes", ""),
        ("1001", "", "2026-03-02", "", "", "", "", "", "", "", "", "", "", "", "Radon test", "150.00", "", "", ""),
    ),
    "payments": (("1001", "P-1", "2026-03-02", "575.00", "card", "", "", ""),),
}  # fmt: skip


@dataclass(frozen=True)
class Headed:
    """A table whose headings were found. `places` says in which column each field stands, `missing` which required ones do not."""

    table: Table
    kind: str
    line: int
    places: dict[str, int]
    names: dict[str, str]
    unread: tuple[str, ...]
    doubled: tuple[str, ...]

    @property
    def missing(self) -> list[str]:
        """The required columns that the table does not have."""
        return [one.name for one in TABLES[self.kind] if one.required and one.field not in self.places]


def headed(table: Table) -> Headed:
    """Return the table as inspections or as payments, whichever its headings fit better. The first row that says anything has them."""
    line = next(number for number, row in enumerate(table.rows, 1) if any(row))
    return min(
        (_as(kind, table, line) for kind in TABLES), key=lambda one: (len(one.missing), len(one.unread))
    )


def _as(kind: str, table: Table, line: int) -> Headed:
    known = {_plain(name): one for one in TABLES[kind] for name in (one.name, *one.others)}
    # Our own headings first: "Type" may be another column's name for one that is there under its own.
    places: dict[str, int] = {}
    names: dict[str, str] = {}
    unread: list[str] = []
    doubled: list[str] = []
    headings = table.rows[line - 1]
    own = {_plain(one.name) for one in TABLES[kind]}
    order = sorted(range(len(headings)), key=lambda place: _plain(headings[place]) not in own)
    for place in order:
        column = known.get(_plain(headings[place]))
        if column is None or column.field in places:
            if headings[place]:
                (unread if column is None else doubled).append(headings[place])
            continue
        places[column.field], names[column.field] = place, headings[place]
    return Headed(table, kind, line, places, names, tuple(unread), tuple(doubled))


def template(kind: str) -> Sequence[Sequence[str]]:
    """Return the rows of a template: the headings, and rows that show how."""
    return ([one.name for one in TABLES[kind]], *EXAMPLES[kind])


def _plain(heading: str) -> str:
    words = re.sub(r"[^a-z0-9]+", " ", heading.lower().replace("#", " no ")).split()
    return " ".join(words)
