"""Reading the SalesReceipts of a migration: many at once, and one by one where only a read by Id proves something."""

from collections.abc import Sequence
from typing import Any

from worker.holding.progress import tell
from worker.holding.work import Work

IDS_PER_READ = 50

Raw = dict[str, Any]


def read_all(work: Work, receipt_ids: Sequence[str], *, phase: str = "") -> dict[str, Raw]:
    """Return the receipts that QuickBooks has, by id. What a query leaves out is asked for by Id: absence alone proves nothing."""
    found: dict[str, Raw] = {}
    wanted = list(dict.fromkeys(receipt_ids))
    for start in range(0, len(wanted), IDS_PER_READ):
        chunk = wanted[start : start + IDS_PER_READ]
        work.before_call()
        rows = work.gateway.read_many("SalesReceipt", chunk)
        for receipt_id in chunk:
            row = rows.get(receipt_id) or read_one(work, receipt_id)
            if row is not None:
                found[receipt_id] = row
        if phase:
            tell(work, phase, done=start + len(chunk), total=len(wanted))
        work.commit()
    return found


def read_one(work: Work, receipt_id: str) -> Raw | None:
    """Return one receipt by Id, or None when QuickBooks says that it does not exist."""
    work.before_call()
    return work.gateway.read("SalesReceipt", receipt_id)
