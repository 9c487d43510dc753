"""What a dropped file changes of an inspection, in words for its page."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from bookkeeping.inspection_source.dropped.cells import Problem
from bookkeeping.rules.inspection import Inspection
from bookkeeping.rules.local_time import zone_named
from webapp.frame.words import day, money


@dataclass(frozen=True)
class Told:
    """One inspection as a row of the preview; `says` are short sentences of what is other than before, none for a new one."""

    key: str
    client: str
    starts: str
    total: Decimal
    says: tuple[str, ...] = ()


def told(after: Inspection, zone: str, before: Inspection | None = None) -> Told:
    """Return the row for an inspection as it would be after the file."""
    says = tuple(_changes(before, after, zone)) if before else ()
    client = after.client.name or after.client.email if after.client else ""
    return Told(after.key, client, _day(after, zone), after.total, says)


def _changes(before: Inspection, after: Inspection, zone: str) -> list[str]:
    """Say each thing that is other than before; something, where only details are."""
    pairs: Sequence[tuple[str, str, str]] = (
        ("Day", _when(before, zone), _when(after, zone)),
        ("Client", before.client.name if before.client else "", after.client.name if after.client else ""),
        ("Address", before.address.full, after.address.full),
        ("Inspector", before.inspector_name, after.inspector_name),
        ("Fees", money(before.total), money(after.total)),
    )
    says = [f"{name}: {old or 'none'} → {new or 'none'}" for name, old, new in pairs if old != new]
    for name, old_at, new_at in (
        ("Cancelled", before.canceled_at, after.canceled_at),
        ("Confirmed", before.confirmed_at, after.confirmed_at),
        ("Deleted", before.deleted_at, after.deleted_at),
    ):
        if (old_at is None) != (new_at is None):
            says.append(name if new_at else f"No longer {name.lower()}")
    details = "Details" if before.content_hash() != after.content_hash() else "Can be read again"
    return [*says, *_payments(before, after)] or [details]


def _payments(before: Inspection, after: Inspection) -> list[str]:
    known = {one.key: one for one in before.payments}
    says = []
    for one in after.payments:
        old = known.get(one.key)
        if old is None:
            says.append(f"Payment of {money(one.amount)}")
        elif old != one:
            gone = " voided" if one.voided_at and not old.voided_at else " changed"
            says.append(f"Payment of {money(one.amount)}{gone}")
    return says


def _day(one: Inspection, zone: str) -> str:
    return day(one.starts_at.astimezone(zone_named(zone)).date())


def _when(one: Inspection, zone: str) -> str:
    there = one.starts_at.astimezone(zone_named(zone))
    return f"{day(there.date())}, {there:%I:%M %p}".replace(", 0", ", ")


def in_order(problems: list[Problem]) -> list[Problem]:
    """Return the problems as they stand in the file."""
    return sorted(problems, key=lambda one: (one.table, one.line))
