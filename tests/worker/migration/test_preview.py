"""The preview of a migration: each receipt judged, the sums before and after, the manifest; and nothing written to QuickBooks."""

import json
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from bookkeeping.errors import TemporaryError
from bookkeeping.rules.migration import sha256_of
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.documents import Document
from bookkeeping.storage.records.migrations import Migration, MigrationReceipt
from tests.functional.legacy import old_inspection
from tests.harness.in_process import Desk
from tests.worker.migration.conftest import asked
from worker.migration.judging import judge_all, rows_by_key, settings_with, sides_for
from worker.migration.preview import as_json, preview, recorded_receipts
from worker.migration.receipts import read_all
from worker.reading.poll import poll

BEFORE, AFTER, LATER = "2018-11-05T10:00:00-07:00", "2019-03-04T10:00:00-07:00", "2019-06-03T10:00:00-06:00"


def _previewed(desk: Desk) -> Migration:
    migration_id = asked(desk)
    desk.forget_calls()
    assert desk.do(preview, "preview", migration=migration_id) is True
    assert not [call for call in desk.calls() if call["method"] == "POST" and call["operation"] == "batch"]
    return db.session.get_one(Migration, migration_id)


def _receipts(migration_id: int) -> dict[str, MigrationReceipt]:
    rows = select(MigrationReceipt).where(MigrationReceipt.migration_id == migration_id)
    return {row.inspection_key: row for row in db.session.scalars(rows)}


def credit_of(desk: Desk, customer_id: str) -> None:
    """Let a Payment of ours be on record of which $30.00 pays nothing."""
    row = {"kind": "Payment", "source_key": "p9", "qbo_id": "990", "sync_token": "0", "fingerprint": "f"}
    sums = {"total": Decimal("100.00"), "applied": Decimal("70.00"), "txn_date": date(2019, 5, 1)}
    db.session.add(Document(company_id=desk.id, inspection_key="x", customer_id=customer_id, **row, **sums))
    db.session.commit()


def test_every_receipt_has_its_place_and_the_sums_say_what_changes(legacy: Desk, enter):
    before, after, later = enter(BEFORE, AFTER, LATER)
    legacy.book(old_inspection(9, "2019-05-01T10:00:00-06:00"))
    legacy.do(poll)
    receipts = {one["Id"]: one for one in legacy.books()["SalesReceipt"]}
    with legacy.shop.app.app_context():
        credit_of(legacy, max(receipts.values(), key=lambda one: int(one["Id"]))["CustomerRef"]["value"])
        migration = _previewed(legacy)
        assert migration.state == "preview" and migration.previewed_at is not None
        places = {key: row.state for key, row in _receipts(migration.id).items()}
        assert places == {before: "stay", after: "planned", later: "planned"}
        numbers = migration.numbers
        assert (numbers["change"], numbers["stay"]) == (
            {"count": 2, "total": "850.00"},
            {"count": 1, "total": "425.00"},
        )
        assert (numbers["new"]["count"], numbers["invoices"], numbers["payments"]) == (1, 2, 2)
        assert (numbers["open"], numbers["credit"]) == ("0.00", "30.00")
        assert migration.sha256 == sha256_of(migration.manifest)
        manifest = json.loads(migration.manifest)
        assert [one["inspection_id"] for one in manifest["receipts"]] == [before, after, later]
        assert [one["side"] for one in migration.boundary] == ["old", "new", "new", "new"]
        [year] = [one for one in migration.forecast["accrual"]["years"] if one["name"] == "2019"]
        assert (year["before"], year["after"], year["difference"]) == ("850.00", "1275.00", "425.00")


def test_income_that_moves_to_another_account_is_said_though_every_total_agrees(legacy: Desk, enter):
    enter(AFTER, LATER)
    chart = legacy.books()["Account"]
    own = next(one for one in chart if one["Id"] == "1")
    other = next(one for one in chart if one["AccountType"] == "Income" and one["Id"] != "1")
    with legacy.shop.app.app_context():
        stays = _previewed(legacy)
        assert [(one["name"], one["before"], one["difference"]) for one in stays.numbers["accounts"]] == [
            (own["Name"], "850.00", "0.00")
        ]
        company = db.session.get_one(Company, legacy.id)
        company.books = {**(company.books or {}), "income_account_id": other["Id"]}
        db.session.commit()
        moves = _previewed(legacy)
        assert {one["difference"] for one in moves.forecast["accrual"]["months"]} == {"0.00"}
        found = {
            one["key"]: (one["before"], one["after"], one["difference"]) for one in moves.numbers["accounts"]
        }
        assert found == {own["Id"]: ("850.00", "0.00", "-850.00"), other["Id"]: ("0.00", "850.00", "850.00")}
        assert json.loads(moves.manifest)["accounts"] == moves.numbers["accounts"]
        assert stays.sha256 != moves.sha256


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"canceled": True}, "receipt-not-needed"),
        ({"line_items": [{"kind": "service", "name": "Full", "amount": "430.00"}]}, "amounts-differ"),
    ],
)
def test_what_stands_in_the_way_blocks_its_receipt_alone(change, code, legacy: Desk, enter):
    changed, fine = enter(AFTER, LATER)
    legacy.change(changed, **change)
    legacy.do(poll)
    with legacy.shop.app.app_context():
        rows = _receipts(_previewed(legacy).id)
        assert (rows[changed].state, rows[changed].code, rows[fine].state) == ("blocked", code, "planned")


def test_a_receipt_that_a_person_edited_and_one_that_is_gone_are_blocked(legacy: Desk, enter):
    entered = enter(AFTER, LATER)
    (edited, one), (gone, other) = entered.items()
    legacy.write(
        [
            (
                "update",
                "SalesReceipt",
                {"Id": one["Id"], "SyncToken": "0", "sparse": True, "TxnDate": "2019-03-09"},
            ),
            ("delete", "SalesReceipt", {"Id": other["Id"], "SyncToken": "0"}),
        ]
    )
    with legacy.shop.app.app_context():
        rows = _receipts(_previewed(legacy).id)
        assert {key: row.code for key, row in rows.items()} == {
            edited: "receipt-changed",
            gone: "receipt-missing",
        }


def test_a_preview_that_could_not_be_read_says_why(legacy: Desk, enter):
    enter(AFTER)
    migration_id = asked(legacy)
    legacy.break_calls({"operation": "query", "kind": "503", "times": 9})
    with pytest.raises(TemporaryError):
        legacy.do(preview, "preview", migration=migration_id)
    legacy.mend_calls()
    with legacy.shop.app.app_context():
        migration = db.session.get_one(Migration, migration_id)
        assert migration.state == "failed" and migration.code
        assert _receipts(migration_id) == {}


def test_a_preview_that_was_called_off_is_not_made(legacy: Desk, enter):
    enter(AFTER)
    for parameters in ({"migration": asked(legacy, state="cancelled")}, {}):
        assert legacy.do(preview, "preview", **parameters) is True


def test_judging_goes_by_the_mirror_the_receipt_and_the_side(legacy: Desk, enter):
    before, after = enter(BEFORE, AFTER)
    with legacy.holding("preview", migration=asked(legacy)) as work:
        migration = db.session.get_one(Migration, work.run.parameters["migration"])
        recorded = recorded_receipts(legacy.id)
        raws = read_all(work, [one.receipt_id for one in recorded])
        assert [one.inspection_key for one in recorded] == [before, after]
        assert sides_for(work, migration, [before, after, "unknown"]) == {before: "old", after: "new"}
        assert set(rows_by_key(legacy.id, [before, "unknown"])) == {before}
        judged = {
            one.entry.recorded.inspection_key: one for one in judge_all(work, migration, recorded, raws)
        }
        assert [one.entry.place for one in judged.values()] == ["stay", "change"]
        entry = judged[after].entry
        assert (entry.customer.name, entry.replacement.total) == ("Ada Reyes 2", 425)
        assert judged[after].row.key == after
        assert settings_with(work.company.book_settings(), migration.cutoff).cutoff == migration.cutoff
        assert judge_all(work, migration, recorded, {})[1].entry.blockers[0].code == "receipt-missing"


def test_facts_are_kept_as_json_takes_them(legacy: Desk):
    facts = {"day": date(2019, 3, 4), "amounts": (Decimal("1"), None), "count": 2, "true": True}
    assert as_json(facts) == {"day": "2019-03-04", "amounts": ["1.00", None], "count": 2, "true": True}
