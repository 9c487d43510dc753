"""The lines of dropped tables, checked: what they tell of each inspection and payment, and every problem with its place. Nothing is left out in silence.

What they change is decided in `differences`: here nothing is known of earlier files.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from bookkeeping.inspection_source.dropped.cells import CellError, Line, Problem
from bookkeeping.inspection_source.dropped.columns import Headed, headed
from bookkeeping.inspection_source.dropped.sheets import Table
from bookkeeping.inspection_source.records import KINDS
from bookkeeping.rules.inspection import Address, Client, FeeLine, LineKind, PaymentReceived

NOON = time(12)
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Told:
    """One inspection as its lines tell it; `starts_at` is in the company's zone. `first_line` is where it begins."""

    key: str
    number: str
    starts_at: datetime
    client: Client | None
    address: Address
    inspector_name: str
    confirmed: bool
    canceled: bool
    lines: tuple[FeeLine, ...]
    first_line: int


@dataclass(frozen=True)
class Paid:
    """A payment as its line tells it; `voided` says that it is, since a file does not say when."""

    payment: PaymentReceived
    voided: bool
    table: str
    line: int


@dataclass
class Checked:
    """What was read. `unread` are headings of no column of ours, by table. An inspection with a problem is in `bad` alone, by its number.

    `blocking` are problems with lines of which nobody can tell whose they are: with one of them a file is not taken.
    """

    inspections: dict[str, Told] = field(default_factory=dict)
    payments: dict[str, list[Paid]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unread: dict[str, tuple[str, ...]] = field(default_factory=dict)
    rows: int = 0

    @property
    def blocking(self) -> list[Problem]:
        return [one for one in self.problems if not one.key]

    @property
    def bad(self) -> dict[str, list[Problem]]:
        found: dict[str, list[Problem]] = {}
        for one in self.problems:
            if one.key:
                found.setdefault(one.key, []).append(one)
        return found


def check_tables(tables: Sequence[Table], zone: ZoneInfo) -> Checked:
    """Return what the tables tell. Days and times are those of the zone."""
    checked = Checked()
    payments: set[str] = set()
    for one in (headed(table) for table in tables):
        _check_headings(checked, one)
        if one.missing or one.doubled:
            continue
        for number, values in enumerate(one.table.rows[one.line :], one.line + 1):
            if not any(values):
                continue
            checked.rows += 1
            line = Line(one, number, values)
            try:
                line.key = line.number_of("key")
                if one.kind == "inspections":
                    _inspection(checked, line, zone)
                else:
                    _payment(checked, line, zone, payments)
            except CellError:
                pass  # Noted in the line's problems.
            checked.problems += line.problems
    for key in checked.bad:
        checked.inspections.pop(key, None)
        checked.payments.pop(key, None)
    return checked


def _check_headings(checked: Checked, one: Headed) -> None:
    name = one.table.name
    if one.unread:
        checked.unread[name] = one.unread
    for heading in one.doubled:
        says = f"{heading} is there twice, or means the same as another column. Take one of the two out."
        checked.problems.append(Problem(name, one.line, heading, says))
    if one.missing:
        says = f"There is no column {' and none '.join(one.missing)}. The first row must have the headings, as in the template."
        checked.problems.append(Problem(name, one.line, ", ".join(one.missing), says))


def _inspection(checked: Checked, line: Line, zone: ZoneInfo) -> None:
    """Read one row of the inspections: it begins one, or is one more fee of one that began before."""
    earlier = checked.inspections.get(line.key)
    fee = _fee(line, len(earlier.lines) + 1 if earlier else 1)
    if earlier is None:
        if not line.text("date") and line.key in checked.bad:
            return  # One more fee of an inspection whose first row cannot be read.
        checked.inspections[line.key] = _head(line, zone, fee)
        return
    if line.text("date"):
        again = _head(line, zone, fee)
        _refuse_other(line, earlier, again)
    checked.inspections[line.key] = replace(earlier, lines=(*earlier.lines, fee))


def _refuse_other(line: Line, earlier: Told, again: Told) -> None:
    """Note where a later row of an inspection says something else of it than its first. What it leaves out says nothing."""
    pairs = (
        ("date", earlier.starts_at.date(), again.starts_at.date()),
        ("time", earlier.starts_at.time(), again.starts_at.time()),
        ("email", earlier.client and earlier.client.email, again.client and again.client.email),
        ("street", earlier.address.line1, again.address.line1),
        ("inspector", earlier.inspector_name, again.inspector_name),
        ("canceled", earlier.canceled, again.canceled),
        ("confirmed", earlier.confirmed, again.confirmed),
        ("number", earlier.number, again.number),
    )
    for name, first, second in pairs:
        if line.text(name) and first != second:
            raise line.bad(
                name,
                f"is another than in line {earlier.first_line}, of the same inspection. Make them the same",
            )


def _head(line: Line, zone: ZoneInfo, fee: FeeLine) -> Told:
    day, clock = line.day("date")
    clock = line.clock("time") or clock or NOON
    street, city, state, code = (line.text(name) for name in ("street", "city", "state", "zip"))
    where = ", ".join(part for part in (street, city, f"{state} {code}".strip()) if part)
    return Told(
        key=line.key,
        number=line.text("number", 30),
        starts_at=datetime.combine(day, clock, zone),
        client=_client(line),
        address=Address(full=where, line1=street, city=city, state=state, postal_code=code),
        inspector_name=line.text("inspector"),
        confirmed=line.whether("confirmed", otherwise=True),
        canceled=line.whether("canceled", otherwise=False),
        lines=(fee,),
        first_line=line.number,
    )


def _client(line: Line) -> Client | None:
    """Return the client, known by the email address, else by name and telephone number; None where neither stands there."""
    first, last = line.text("first_name"), line.text("last_name")
    if not first and not last:
        first, _, last = line.text("client").rpartition(" ")
    email, phone = line.text("email"), line.text("phone", 60)
    if email and ("@" not in email or " " in email):
        raise line.bad("email", "must be an address such as ada@example.com")
    if not (first or last or email):
        return None
    known_by = email.lower() or f"{first} {last} {re.sub('[^0-9]', '', phone)}".lower()
    key = f"c-{hashlib.sha256(known_by.encode()).hexdigest()[:24]}"
    return Client(key=key, first_name=first, last_name=last, email=email, phone=phone)


def _fee(line: Line, position: int) -> FeeLine:
    kind: LineKind = line.one_of("kind", KINDS, otherwise="service")  # type: ignore[assignment]  # KINDS are its words.
    amount = line.money("fee")
    if kind == "discount" and amount > 0:
        raise line.bad("fee", "must be below zero, since it is a discount")
    name = line.needed("service")
    return FeeLine(key=f"{line.key}.{position}", kind=kind, name=name, amount=amount, position=position)


def _payment(checked: Checked, line: Line, zone: ZoneInfo, seen: set[str]) -> None:
    number = line.number_of("payment")
    key = payment_key(line.key, number)
    if key in seen:
        raise line.bad("payment", "is there twice for this inspection. Take one of the two out")
    seen.add(key)
    day, clock = line.day("date")
    amount, refunded = line.money("amount"), line.money("refunded", otherwise=Decimal("0.00"))
    if amount <= 0:
        raise line.bad("amount", "must be above zero. Enter what was given back under Refunded")
    if not 0 <= refunded <= amount:
        raise line.bad("refunded", f"must be from 0.00 to the amount, {amount}")
    payment = PaymentReceived(
        key=key,
        amount=amount,
        method=line.method("method"),  # type: ignore[arg-type]  # It gives the neutral words alone.
        received_at=datetime.combine(day, clock or NOON, zone),
        reference=line.text("reference") or None,
        refunded_amount=refunded,
    )
    paid = Paid(payment, line.whether("voided", otherwise=False), line.headed.table.name, line.number)
    checked.payments.setdefault(line.key, []).append(paid)


def payment_key(inspection: str, number: str) -> str:
    """Return our key of a payment: its number may be another inspection's as well."""
    if not _PLAIN.fullmatch(number):
        number = hashlib.sha256(number.encode()).hexdigest()[:30]
    return f"{inspection}.{number}"
