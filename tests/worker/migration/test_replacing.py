"""A few receipts through their night: replaced, proven, deleted, confirmed gone; or taken back, so that no income stands twice."""

from decimal import Decimal

import pytest
from sqlalchemy import select

from bookkeeping.storage.base import db
from bookkeeping.storage.company.names import NamedThing
from bookkeeping.storage.records.documents import CustomerLink, LegacyReceipt
from bookkeeping.storage.records.migrations import Migration, MigrationReceipt
from tests.harness.in_process import Desk
from tests.worker.migration.conftest import CUTOFF, asked, scheduled
from worker.migration import replacing
from worker.migration.customers import Billed, find_customers
from worker.migration.night import migrate_tonight
from worker.migration.preview import preview
from worker.migration.proof import booked, read_back, why_wrong
from worker.reading.company import set_up
from worker.reconciling.reconcile import build_cases

AFTER, LATER = "2019-03-04T10:00:00-07:00", "2019-06-03T10:00:00-06:00"


@pytest.fixture
def planned(legacy: Desk, enter):
    """Two receipts after the cutoff, previewed and confirmed; return them by inspection."""
    entered = enter(AFTER, LATER)
    _confirmed(legacy)
    return entered


def _confirmed(legacy: Desk) -> None:
    migration_id = asked(legacy)
    legacy.do(preview, "preview", migration=migration_id)
    with legacy.shop.app.app_context():
        scheduled(db.session.get_one(Migration, migration_id))
        db.session.commit()


def _night(desk: Desk) -> None:
    with desk.holding("nightly") as work:
        while not migrate_tonight(work):
            pass


def _rows(desk: Desk) -> list[MigrationReceipt]:
    mine = select(MigrationReceipt).where(MigrationReceipt.company_id == desk.id)
    return list(db.session.scalars(mine.order_by(MigrationReceipt.position)))


def _amounts(desk: Desk, kind: str) -> list[Decimal]:
    return [Decimal(str(one["TotalAmt"])) for one in desk.books()[kind]]


def test_each_receipt_is_replaced_to_the_cent_and_gone(legacy: Desk, planned):
    _night(legacy)
    assert legacy.books()["SalesReceipt"] == []
    assert _amounts(legacy, "Invoice") == _amounts(legacy, "Payment") == [Decimal("425.00")] * 2
    assert [one["Balance"] for one in legacy.books()["Invoice"]] == [0, 0]
    assert sorted(one["DocNumber"] for one in legacy.books()["Invoice"]) == sorted(
        f"SP-{key}" for key in planned
    )
    with legacy.shop.app.app_context():
        for row in _rows(legacy):
            assert (row.state, row.code) == ("done", "")
            assert row.archived_at <= row.invoiced_at <= row.compared_at <= row.deleted_at <= row.gone_at
            assert row.booked["invoice"]["total"] == "425.00" and row.invoice_id and len(row.payment_ids) == 1
            assert row.archive and planned[row.inspection_key]["Id"] in row.archive
        receipts = db.session.scalars(select(LegacyReceipt).where(LegacyReceipt.company_id == legacy.id))
        assert all(one.replaced_at for one in receipts)


def test_the_customer_of_the_receipt_is_billed_and_none_is_made(legacy: Desk, planned):
    _night(legacy)
    books = legacy.books()
    assert len(books["Customer"]) == 2
    assert {one["CustomerRef"]["value"] for one in books["Invoice"]} == {
        one["CustomerRef"]["value"] for one in planned.values()
    }
    with legacy.shop.app.app_context():
        links = db.session.scalars(select(CustomerLink).where(CustomerLink.company_id == legacy.id)).all()
        assert {(link.state, link.ours) for link in links} == {("linked", False)}
        assert all("which the migration replaces" in link.because for link in links)


def test_a_receipt_changed_since_the_preview_stays_as_it_is(legacy: Desk, planned):
    first, second = planned
    theirs = {"Id": planned[first]["Id"], "SyncToken": "0", "sparse": True, "TxnDate": "2019-03-09"}
    legacy.write([("update", "SalesReceipt", theirs)])
    _night(legacy)
    with legacy.shop.app.app_context():
        states = {row.inspection_key: (row.state, row.code) for row in _rows(legacy)}
    assert states == {first: ("left", "changed-since-preview"), second: ("done", "")}
    assert [one["TxnDate"] for one in legacy.books()["SalesReceipt"]] == ["2019-03-09"]
    assert [one["DocNumber"] for one in legacy.books()["Invoice"]] == [f"SP-{second}"]


def _on_another_item(invoice: dict) -> list[dict]:
    """The Invoice's lines, of which the first is on another Item: the same money on another income account."""
    first, *others = invoice["Line"]
    detail = {**first["SalesItemLineDetail"], "ItemRef": {"value": "1"}}
    return [{**first, "SalesItemLineDetail": detail}, *others]


def test_the_proof_compares_every_field_of_money(legacy: Desk, planned):
    with legacy.holding("nightly") as work:
        migration = db.session.scalars(select(Migration).where(Migration.company_id == legacy.id)).one()
        migration.state, work.company.cutoff = "running", migration.cutoff
        work.commit()
        [row, _] = _rows(legacy)
        inspection = replacing.rows_by_key(legacy.id, [row.inspection_key])[row.inspection_key]
        before = build_cases(work.company, [inspection], migrating=True)[0]
        assert why_wrong(before, {}) == "There is no Invoice."
        [task] = replacing._begin(work, migration, [row])
        assert row.state == "working" and row.archive
        replacing.ensure_names(work, [task.case])
        replacing.change_and_create(work, [task.case])
        case = task.case
        rows = read_back(work, [case], by_id=True)
        assert why_wrong(case, rows) == "" == why_wrong(case, read_back(work, [case], by_id=False))
        assert booked(case, rows)["payments"][0][1:] == ["2019-03-04", "425.00", "425.00"]
        [invoice] = [place for place in rows if place[0] == "Invoice"]
        [paid] = [place for place in rows if place[0] == "Payment"]
        for place, field, value, said in (
            (invoice, "Line", [], "The lines of Invoice"),
            (invoice, "Line", _on_another_item(rows[invoice]), "The lines of Invoice"),
            (invoice, "TxnTaxDetail", {"TotalTax": 4.11}, "QuickBooks added sales tax of $4.11"),
            (invoice, "TotalAmt", 424, "The total of Invoice"),
            (invoice, "Balance", 1, "The open balance of Invoice"),
            (invoice, "CustomerRef", {"value": "99"}, "The Customer of Invoice"),
            (invoice, "TxnDate", "2019-03-05", "The date of Invoice"),
            (invoice, "DocNumber", "7", "The number of Invoice"),
            (paid, "TotalAmt", 424, "The amount of Payment"),
            (paid, "Line", [], "The amount on the Invoice of Payment"),
            (paid, "CustomerRef", {"value": "99"}, "The Customer of Payment"),
            (paid, "TxnDate", "2019-03-05", "The date of Payment"),
        ):
            assert why_wrong(case, {**rows, place: {**rows[place], field: value}}).startswith(said), field
        assert "is not there" in why_wrong(case, {invoice: rows[invoice]})
        assert "is not there" in why_wrong(case, {paid: rows[paid]})
        row.state = "taking-back"
        replacing.take_back(work, [row])
        assert (row.state, row.invoice_id, row.payment_ids, row.taken_back_at is not None) == (
            "left",
            "",
            [],
            True,
        )
    assert legacy.books()["Invoice"] == legacy.books()["Payment"] == []
    assert len(legacy.books()["SalesReceipt"]) == 2


def test_a_receipt_that_cannot_be_deleted_stays_and_what_was_made_for_it_goes(legacy: Desk, planned):
    refused = {"kind": "item", "operation": "batch", "entity": "SalesReceipt", "index": 0, "code": "6480"}
    legacy.break_calls({**refused, "nth": 2})  # The first goes alone.
    _night(legacy)
    legacy.mend_calls()
    with legacy.shop.app.app_context():
        done, left = _rows(legacy)
        assert (done.state, left.state, left.code) == ("done", "left", "qbo-6480")
        assert left.taken_back_at is not None and left.invoice_id == ""
    assert _amounts(legacy, "Invoice") == _amounts(legacy, "Payment") == [Decimal("425.00")]
    assert [one["Id"] for one in legacy.books()["SalesReceipt"]] == [left.receipt_id]


def test_whom_to_bill_is_linked_named_on_the_receipts_or_asked(legacy: Desk, planned):
    with legacy.holding("nightly") as work:
        work.company.cutoff = CUTOFF
        work.commit()
        [row, _] = _rows(legacy)
        inspection = replacing.rows_by_key(legacy.id, [row.inspection_key])[row.inspection_key]
        desired = build_cases(work.company, [inspection], migrating=True)[0].desired.customer
        ids = [one["CustomerRef"]["value"] for one in planned.values()]
        key = desired.client_key
        named = find_customers(work, [Billed(desired, "", ids[0])])[key]
        assert (named.customer_id, named.ask) == (ids[0], False)
        unknown = find_customers(work, [Billed(desired, "", "4711")])[key]
        assert unknown.customer_id != "4711"
        db.session.rollback()
        several = find_customers(work, [Billed(desired, "", one) for one in ids])[key]
        assert several.ask and "different Customers" in several.because
        assert db.session.get_one(CustomerLink, (legacy.id, key)).state == "ask"
        assert find_customers(work, [Billed(desired, "", ids[0])])[key].ask, "It was asked already."


def test_a_receipt_for_a_customer_in_another_currency_waits_for_a_person(planned, legacy: Desk):
    with legacy.holding("nightly") as work:
        work.company.cutoff = CUTOFF
        work.commit()
        [row, _] = _rows(legacy)
        inspection = replacing.rows_by_key(legacy.id, [row.inspection_key])[row.inspection_key]
        desired = build_cases(work.company, [inspection], migrating=True)[0].desired.customer
        first, other = (one["CustomerRef"]["value"] for one in planned.values())
        named = db.session.get_one(NamedThing, (legacy.id, "Customer", first))
        named.more = {**named.more, "currency": "CAD"}
        found = find_customers(work, [Billed(desired, "", one) for one in (first, other)])[desired.client_key]
        assert (found.ask, found.customer_id) == (True, "")
        assert "another currency than US dollars" in found.because
        assert db.session.get_one(CustomerLink, (legacy.id, desired.client_key)).candidates == []
        db.session.rollback()


@pytest.mark.parametrize("kept", [True, False], ids=["classes kept", "classes switched off since"])
def test_what_was_put_on_a_receipts_line_goes_along_to_its_invoice_and_stays(legacy: Desk, enter, kept):
    preferences = f"/_standin/realms/{legacy.realm_id}/preferences"
    legacy.intuit.post(preferences, {"AccountingInfoPrefs": {"ClassTrackingPerTxnLine": True}})
    [north] = legacy.write([("create", "Class", {"Name": "North"})])
    [key] = enter(AFTER, put={"ServiceDate": "2019-03-02", "ClassRef": {"value": north["Id"]}})
    legacy.intuit.post(preferences, {"AccountingInfoPrefs": {"ClassTrackingPerTxnLine": kept}})
    legacy.do(set_up)
    _confirmed(legacy)
    _night(legacy)
    for amount, sync in (("425.00", False), ("450.00", True)):
        if sync:
            legacy.change(
                key, line_items=[{"kind": "service", "name": "Full Home Inspection", "amount": amount}]
            )
            legacy.sync()
        [invoice] = legacy.books()["Invoice"]
        sold = next(line for line in invoice["Line"] if "Id" in line)["SalesItemLineDetail"]
        assert f"{invoice['TotalAmt']:.2f}" == amount
        assert sold["ServiceDate"] == "2019-03-02"
        assert (sold.get("ClassRef") or {}).get("value") == (north["Id"] if kept else None)
    with legacy.shop.app.app_context():
        assert [(row.state, row.code) for row in _rows(legacy)] == [("done", "")]
