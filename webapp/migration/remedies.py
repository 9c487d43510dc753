"""What stands in the way of receipts, grouped by what there is to do: one row a remedy, with a few of its receipts."""

import re
from dataclasses import dataclass
from decimal import Decimal

from bookkeeping.faults import Fault, fault
from bookkeeping.storage.records.migrations import (
    Migration,
    MigrationReceipt,
    receipts_held,
    receipts_of_cause,
)

SHOWN = 10
HELD = {
    "preview": ("blocked",),
    "scheduled": ("blocked",),
    "running": ("blocked", "left", "taking-back"),
    "paused": ("blocked", "left", "taking-back"),
    "done": ("blocked", "left"),
}
"""The states of receipts that do not change, by the migration's."""

_DEPOSIT = re.compile(r"\bDeposit \S+?(?=\.|$)")


@dataclass(frozen=True)
class Remedy:
    """One thing to do: what is so, how many receipts it holds and what they come to, and the first of them.

    `where` names what they lie in, where one act settles all that lie there.
    """

    code: str
    where: str
    count: int
    total: Decimal
    receipts: list[MigrationReceipt]

    @property
    def fault(self) -> Fault:
        """What the catalogue says of it."""
        return fault(self.code)


def remedies_of(migration: Migration) -> list[Remedy]:
    """Return what stands in the way, most dollars first."""
    states = HELD.get(migration.state, ())
    found: dict[tuple[str, str], list[tuple[str, int, Decimal]]] = {}
    for code, detail, count, total in receipts_held(migration.id, states) if states else ():
        place = _DEPOSIT.search(detail) if code == "receipt-deposited" else None
        found.setdefault((code, place.group() if place else ""), []).append((detail, count, total))
    remedies = [
        Remedy(
            code,
            where,
            sum(count for _, count, _ in group),
            sum((total for _, _, total in group), Decimal("0.00")),
            receipts_of_cause(migration.id, states, code, detail=group[0][0] if where else None, limit=SHOWN),
        )
        for (code, where), group in found.items()
    ]
    return sorted(remedies, key=lambda one: (-one.total, one.code, one.where))
