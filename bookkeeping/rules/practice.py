"""What a practice run adds up: documents and dollars by month, what is left out and why. And whether two documents look like doubles."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from bookkeeping.rules.money import ZERO

NEAR = timedelta(days=7)
"""How far apart two documents of the same client and amount may be dated and still look like one."""


@dataclass
class Tally:
    """Sums of a practice run, so far. Dollars are Decimal; months read "2026-03". `as_json` and `from_json` keep it between slices.

    `months` {month: [invoices, invoiced, payments, received]}, of documents that would be made. `changes` {"Invoice update": count}.
    `left_out` {reason: [inspections, dollars]}. `clients` {client key: use | create | ask}. `names` are Items that would be made.
    `billed` {QuickBooks id of a Customer that is there: Invoices that would be made for it}.
    """

    inspections: int = 0
    months: dict[str, list[Any]] = field(default_factory=dict)
    changes: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, list[Any]] = field(default_factory=dict)
    clients: dict[str, str] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    billed: dict[str, int] = field(default_factory=dict)
    first: str = ""
    last: str = ""

    def invoice(self, day: date, amount: Decimal) -> None:
        """Count an Invoice that would be made."""
        self._add(day, 0, amount)
        self.first = min(self.first or day.isoformat(), day.isoformat())
        self.last = max(self.last, day.isoformat())

    def payment(self, day: date, amount: Decimal) -> None:
        """Count a Payment that would be made."""
        self._add(day, 2, amount)

    def change(self, what: str) -> None:
        """Count a document that would be changed or deleted, as "Invoice update"."""
        self.changes[what] = self.changes.get(what, 0) + 1

    def leave_out(self, reason: str, amount: Decimal) -> None:
        """Count an inspection that would not be booked, under its reason."""
        count, total = self.left_out.get(reason, [0, ZERO])
        self.left_out[reason] = [count + 1, total + amount]

    def _add(self, day: date, at: int, amount: Decimal) -> None:
        month = self.months.setdefault(f"{day:%Y-%m}", [0, ZERO, 0, ZERO])
        month[at] += 1
        month[at + 1] += amount

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON takes it: amounts as text."""
        return {name: _plain(value) for name, value in vars(self).items()}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Tally":
        """Return what `as_json` wrote."""
        tally = cls(**{name: value for name, value in kept.items() if name in cls.__dataclass_fields__})
        tally.months = {
            month: [n, Decimal(invoiced), m, Decimal(received)]
            for month, (n, invoiced, m, received) in tally.months.items()
        }
        tally.left_out = {reason: [n, Decimal(total)] for reason, (n, total) in tally.left_out.items()}
        return tally

    def summary(self) -> dict[str, Any]:
        """Return the result for the screen: counts and dollars as text, months and reasons in order."""
        months = sorted(self.months.items())
        clients = list(self.clients.values())
        starts: tuple[Any, ...] = (0, ZERO, 0, ZERO)
        totals = [sum((row[at] for _, row in months), start) for at, start in enumerate(starts)]
        result: dict[str, Any] = _plain(
            {
                "inspections": self.inspections,
                "customers": {kind: clients.count(kind) for kind in ("create", "use", "ask")},
                "items": dict(sorted(self.names.items())),
                "invoices": totals[0],
                "invoiced": totals[1],
                "payments": totals[2],
                "received": totals[3],
                "changes": dict(sorted(self.changes.items())),
                "months": [[month, *row] for month, row in months],
                "left_out": sorted(
                    ([reason, *row] for reason, row in self.left_out.items()), key=lambda row: -row[1]
                ),
            }
        )
        return result


def same_client(
    ours: str, theirs: str, our_emails: Iterable[str] = (), their_emails: Iterable[str] = ()
) -> bool:
    """Return whether two names or email addresses are one client's; the order of a name's words and its commas do not matter."""
    words, others = _words(ours), _words(theirs)
    mails = {mail.strip().casefold() for mail in our_emails if mail.strip()}
    return bool(words and words == others) or bool(mails & {mail.strip().casefold() for mail in their_emails})


def _words(name: str) -> list[str]:
    spaced = "".join(letter if letter.isalnum() else " " for letter in name.casefold().replace("'", ""))
    return sorted(spaced.split())


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return f"{value:.2f}" if isinstance(value, Decimal) else value
