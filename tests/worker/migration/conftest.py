"""A company with SalesReceipts of the earlier integration in its books, in this process."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.documents import LegacyReceipt
from bookkeeping.storage.records.migrations import Migration
from tests.functional.legacy import old_inspection
from tests.harness.in_process import Desk, Shop
from worker.reading.company import set_up
from worker.reading.poll import poll

CUTOFF = datetime(2019, 1, 1, 7, tzinfo=UTC)  # Midnight in Denver.
Entered = dict[str, dict[str, Any]]


def receipt_body(key: str, customer_id: str, amount: str, day: str, **put: Any) -> dict[str, Any]:
    """A SalesReceipt as the earlier integration entered it, with more `put` on its line."""
    detail = {"ItemRef": {"value": "1"}, "Qty": 1, "UnitPrice": float(amount), **put}
    line = {"Amount": float(amount), "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    head = {"CustomerRef": {"value": customer_id}, "TxnDate": day, "DocNumber": f"R{key}"}
    return {**head, "Line": [line]}


def open_legacy(shop: Shop) -> Desk:
    """Return a connected company in Denver that was integrated before August 2019."""
    desk = Desk(None, shop.platform, shop.intuit, shop=shop, time_zone="America/Denver").open()
    with shop.app.app_context():
        row = db.session.get_one(Company, desk.id)
        row.legacy, row.start_date = True, None
        db.session.commit()
    return desk


def enter_receipts(desk: Desk, *starts: str, put: dict[str, Any] | None = None, **values: Any) -> Entered:
    """Book inspections and enter a SalesReceipt for each, on record and polled."""
    ones = [old_inspection(number, start, **values) for number, start in enumerate(starts, 1)]
    keys = desk.book(*ones)
    names = [f"{one['buyer']['first_name']} {one['buyer']['last_name']}" for one in ones]
    people = desk.write([("create", "Customer", {"DisplayName": name}) for name in names])
    bodies = [
        receipt_body(key, person["Id"], "425.00", start[:10], **(put or {}))
        for key, person, start in zip(keys, people, starts, strict=True)
    ]
    made = desk.write([("create", "SalesReceipt", body) for body in bodies])
    with desk.shop.app.app_context():
        for key, receipt in zip(keys, made, strict=True):
            row = LegacyReceipt(company_id=desk.id, inspection_key=key, receipt_id=receipt["Id"])
            row.amount = Decimal("425.00")
            db.session.add(row)
        db.session.commit()
    desk.do(poll)
    desk.do(set_up)
    return dict(zip(keys, made, strict=True))


@pytest.fixture
def legacy(shop: Shop) -> Desk:
    """A connected company in Denver that was integrated before August 2019."""
    return open_legacy(shop)


@pytest.fixture
def enter(legacy: Desk) -> Callable[..., Entered]:
    """Return (a function that) books inspections and enters a SalesReceipt for each, on record and polled."""
    return partial(enter_receipts, legacy)


def asked(desk: Desk, **values: Any) -> int:
    """Ask for a migration at CUTOFF and return its id; the preview is still to be made."""
    base = {"cutoff": CUTOFF, "typed_cutoff": "2019-01-01T00:00", "asked_by": "ann", "state": "previewing"}
    with desk.shop.app.app_context():
        migration = Migration(company_id=desk.id, **{**base, **values})
        db.session.add(migration)
        db.session.commit()
        return migration.id


def scheduled(migration: Migration) -> None:
    """Take the preview as confirmed for now, as `acts.migration.confirm` does."""
    migration.state, migration.confirmed_at, migration.runs_at = "scheduled", utcnow(), utcnow()
