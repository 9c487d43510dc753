"""What people do with a migration: what each act refuses, what it leaves behind, and what can no longer be undone."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from bookkeeping.acts.migration import (
    accept_receipt,
    approve,
    ask_for_preview,
    cancel,
    confirm,
    go_on,
    try_again,
    words_to_type,
)
from bookkeeping.errors import RuleError
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.people.audit import AuditEntry
from bookkeeping.storage.records.documents import LegacyReceipt
from bookkeeping.storage.records.migration_basis import GOOD_FOR, basis_of, why_stale
from bookkeeping.storage.records.migrations import FrozenSide, Migration, MigrationReceipt, ReceiptSeen
from bookkeeping.storage.work.runs import Run

CUTOFF = datetime(2019, 1, 1, 7, tzinfo=UTC)
BEFORE, AFTER = CUTOFF - timedelta(days=30), CUTOFF + timedelta(days=30)
TONIGHT = datetime(2026, 3, 3, 7, tzinfo=UTC)


@pytest.fixture
def row(house, company, records):
    """A connected company with a receipt on either side of the cutoff, in an app context."""
    records.connect()
    for key, starts_at in (("1", BEFORE), ("2", AFTER)):
        records.inspection(key, starts_at=starts_at)
        receipt = LegacyReceipt(
            company_id=company, inspection_key=key, receipt_id=f"90{key}", amount=Decimal("425.00")
        )
        records.keep(receipt)
    with house.app.app_context():
        found = db.session.get_one(Company, company)
        found.legacy, found.time_zone = True, "America/Denver"
        db.session.commit()
        yield found


@pytest.fixture
def shown(row):
    """A preview that may be confirmed."""
    migration = Migration(company_id=row.id, cutoff=CUTOFF, typed_cutoff="2019-01-01T00:00", asked_by="ann")
    migration.state, migration.sha256, migration.previewed_at = "preview", "abc", utcnow()
    migration.numbers = {"change": {"count": 1, "total": "575.00"}}
    migration.basis = basis_of(row, CUTOFF)
    db.session.add(migration)
    db.session.flush()
    facts = {"receipt": {"content": "edited"}}
    for position, (state, code) in enumerate((("planned", ""), ("blocked", "receipt-changed"))):
        migration_row = MigrationReceipt(migration_id=migration.id, company_id=row.id, position=position)
        migration_row.receipt_id, migration_row.inspection_key = f"90{position}", str(position)
        migration_row.recorded = migration_row.total = Decimal("425.00")
        migration_row.facts, migration_row.state, migration_row.code = facts, state, code
        db.session.add(migration_row)
    db.session.commit()
    return migration


def _confirm(migration, row, **values):
    asked = {"sha256": "abc", "words": "REPLACE 1  RECEIPTS", "runs_at": TONIGHT, "who": "ann"}
    confirm(migration, row, **{**asked, **values})
    db.session.commit()


def _code(act, *args, **values) -> str:
    with pytest.raises(RuleError) as refused:
        act(*args, **values)
    assert str(refused.value).endswith((".", "!")), "It is said in a sentence."
    db.session.rollback()
    return refused.value.code


def _acts() -> list[str]:
    db.session.commit()
    return [one.act for one in db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))]


def test_asking_queues_a_preview_in_place_of_an_earlier_one(row, shown):
    migration = ask_for_preview(row, " 2019-01-01T00:00 ", "ann", utcnow())
    db.session.commit()
    assert (migration.cutoff, migration.typed_cutoff, migration.state) == (
        CUTOFF,
        "2019-01-01T00:00",
        "previewing",
    )
    [run] = db.session.scalars(select(Run))
    assert (run.kind, run.parameters, migration.run_id) == ("preview", {"migration": migration.id}, run.id)
    assert (shown.state, db.session.scalars(select(MigrationReceipt)).all()) == ("cancelled", [])
    assert _acts() == ["asked for a migration preview"]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"legacy": False}, "receipt-missing"),
        ({"cutoff": CUTOFF - timedelta(days=1)}, "cutoff-later"),
    ],
)
def test_a_preview_that_could_not_be_used_is_not_made(values, code, row):
    for name, value in values.items():
        setattr(row, name, value)
    db.session.commit()
    assert _code(ask_for_preview, row, "2019-01-01T00:00", "ann", utcnow()) == code
    assert db.session.scalars(select(Run)).all() == []


def test_confirming_freezes_both_sides_and_schedules_the_night(row, shown):
    assert words_to_type(shown) == "REPLACE 1 RECEIPTS"
    _confirm(shown, row)
    assert (shown.state, shown.confirmed_by, shown.runs_at, shown.needs_approval) == (
        "scheduled",
        "ann",
        TONIGHT,
        False,
    )
    sides = {one.inspection_key: one.side for one in db.session.scalars(select(FrozenSide))}
    assert sides == {"1": "old", "2": "new"}
    assert row.cutoff is None, "It holds only once the night has begun."
    assert _acts() == ["confirmed the migration"]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"sha256": "abd"}, "preview-stale"),
        ({"words": "replace 1 receipts"}, "words-differ"),
        ({"words": "REPLACE 2 RECEIPTS"}, "words-differ"),
    ],
)
def test_what_was_not_read_is_not_confirmed(values, code, row, shown):
    assert _code(_confirm, shown, row, **values) == code
    assert (shown.state, db.session.scalars(select(FrozenSide)).all()) == ("preview", [])


def test_a_preview_is_stale_after_a_day_and_as_soon_as_anything_changed(row, shown, records):
    assert why_stale(shown, row) == ""
    assert "more than a day old" in why_stale(shown, row, utcnow() + GOOD_FOR + timedelta(minutes=1))
    db.session.commit()
    records.inspection("3", starts_at=AFTER)
    assert why_stale(shown, row) == "", "An inspection without a receipt is no part of it."
    row.due_days = 14
    assert "have changed since this preview" in why_stale(shown, row)
    assert _code(_confirm, shown, row) == "preview-stale"


@pytest.mark.parametrize(
    "change",
    [
        lambda row: setattr(db.session.scalars(select(LegacyReceipt)).first(), "amount", Decimal("1.00")),
        lambda row: setattr(db.session.scalars(select(LegacyReceipt)).first(), "replaced_at", CUTOFF),
        lambda row: db.session.add(
            ReceiptSeen(company_id=row.id, receipt_id="901", content_hash="e", accepted_by="ann")
        ),
        lambda row: setattr(row, "time_zone", "America/New_York"),
    ],
)
def test_the_basis_covers_receipts_acceptances_and_settings(change, row):
    before = basis_of(row, CUTOFF)
    assert basis_of(row, CUTOFF) == before != basis_of(row, AFTER)
    change(row)
    db.session.flush()
    assert basis_of(row, CUTOFF) != before


def test_another_owner_than_the_one_who_confirmed_approves(row, shown):
    _confirm(shown, row, needs_approval=True)
    assert _code(approve, shown, "ann") == "approval-missing"
    approve(shown, "bo")
    assert (shown.approved_by, shown.approved_at is not None) == ("bo", True)
    assert _acts() == ["confirmed the migration", "approved the migration"]


def test_a_cancelled_migration_leaves_no_trace_and_one_that_began_is_not_cancelled(row, shown):
    _confirm(shown, row)
    shown.state = "running"
    db.session.commit()
    assert cancel(shown, "ann") is False
    shown.state = "scheduled"
    db.session.commit()
    assert cancel(shown, "ann") is True
    assert (shown.state, shown.cancelled_by) == ("cancelled", "ann")
    assert db.session.scalars(select(FrozenSide)).all() == []


def test_an_edited_receipt_may_be_accepted_as_it_is(row, shown):
    accept_receipt(shown, "901", "ann")
    seen = db.session.get_one(ReceiptSeen, (row.id, "901"))
    assert (seen.content_hash, seen.accepted_by) == ("edited", "ann")
    assert _code(accept_receipt, shown, "900", "ann") == "preview-stale"


def test_a_paused_migration_goes_on_and_what_failed_counts_no_longer(row, shown):
    assert _code(go_on, shown, "ann") == "migration-open"
    shown.state, shown.code = "paused", "still-there"
    db.session.scalars(select(MigrationReceipt)).first().attempts = 3
    db.session.commit()
    go_on(shown, "ann")
    db.session.commit()
    assert (shown.state, shown.code) == ("running", "")
    assert {one.attempts for one in db.session.scalars(select(MigrationReceipt))} == {0}
    assert [one.kind for one in db.session.scalars(select(Run))] == ["reconcile"]


def test_what_was_left_or_blocked_is_tried_another_night_and_can_be_called_off(row, shown):
    assert _code(try_again, shown, TONIGHT, "ann") == "migration-open"
    shown.state, shown.started_at = "done", utcnow()
    shown.finished_at = ended = utcnow()
    db.session.commit()
    assert try_again(shown, TONIGHT, "ann") == 1
    db.session.commit()
    receipts = select(MigrationReceipt).where(MigrationReceipt.again).order_by(MigrationReceipt.id)
    assert [(one.state, one.receipt_id) for one in db.session.scalars(receipts)] == [("planned", "901")]
    assert (shown.state, shown.runs_at) == ("scheduled", TONIGHT)
    assert cancel(shown, "ann") is True
    assert (shown.state, shown.finished_at) == ("done", ended)
    assert {one.state for one in db.session.scalars(select(MigrationReceipt))} == {"left"}
