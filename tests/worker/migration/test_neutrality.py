"""A migration moves no dollar from one income account to another, nor from or to a line of sales tax, but where its preview said so.

Counted here from QuickBooks' own documents, month by month, before and after the night.
"""

from collections import Counter
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from bookkeeping.storage.base import db
from bookkeeping.storage.records.documents import LegacyReceipt
from bookkeeping.storage.records.migrations import Migration
from tests.functional.legacy import old_inspection
from tests.harness.in_process import Desk
from tests.worker.migration.conftest import asked, scheduled
from worker.migration.night import migrate_tonight
from worker.migration.preview import preview
from worker.reading.company import set_up
from worker.reading.poll import poll

MARCH, JUNE = "2019-03-04T10:00:00-07:00", "2019-06-03T10:00:00-06:00"
FEES = (("Full Home Inspection", "425.00"), ("Radon", "150.00"))
Where = tuple[str, str, str]
"""Month, `income` or `tax`, and the Id of the account or rate."""


def where_all_is(desk: Desk) -> Counter[Where]:
    """Return what stands on each income account and each line of sales tax in each month, from every sale in the books, in cents."""
    books, found = desk.books(), Counter[Where]()
    accounts = {one["Id"]: one["IncomeAccountRef"]["value"] for one in books["Item"]}
    for sale in books["SalesReceipt"] + books["Invoice"]:
        month, left = sale["TxnDate"][:7], _cents(sale["TotalAmt"])
        for line in sale["Line"]:
            if line["DetailType"] == "SalesItemLineDetail":
                account = accounts[line["SalesItemLineDetail"]["ItemRef"]["value"]]
                found[month, "income", account] += _cents(line["Amount"])
                left -= _cents(line["Amount"])
        for line in sale.get("TxnTaxDetail", {}).get("TaxLine", ()):
            found[month, "tax", line["TaxLineDetail"]["TaxRateRef"]["value"]] += _cents(line["Amount"])
            left -= _cents(line["Amount"])
        assert left == 0, sale
    return +found


def _cents(amount: Any) -> int:
    return int(Decimal(str(amount)).scaleb(2))


def enter(desk: Desk, start: str, number: int, items: dict[str, str], tax: str = "0.00") -> None:
    """Book an inspection with both fees, and enter its SalesReceipt on these Items; `tax` of the first fee is QuickBooks' own sales tax there."""
    fees = [{"kind": "service", "name": name, "amount": amount} for name, amount in FEES]
    total = sum(Decimal(amount) for _, amount in FEES)
    one = old_inspection(number, start, str(total), line_items=fees)
    [key] = desk.book(one)
    name = f"{one['buyer']['first_name']} {one['buyer']['last_name']}"
    [client] = desk.write([("create", "Customer", {"DisplayName": name})])
    first = Decimal(tax)
    lines = []
    for fee, amount in FEES:
        net, first = Decimal(amount) - first, Decimal(0)
        detail = {"ItemRef": {"value": items[fee]}, "Qty": 1, "UnitPrice": float(net)}
        detail |= {"TaxCodeRef": {"value": "TAX" if net != Decimal(amount) else "NON"}}
        lines.append(
            {"Amount": float(net), "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
        )
    body = {
        "CustomerRef": {"value": client["Id"]},
        "TxnDate": start[:10],
        "DocNumber": f"R{key}",
        "Line": lines,
    }
    if Decimal(tax):
        rate = {"TaxRateRef": {"value": "3"}, "PercentBased": True, "TaxPercent": 8}
        taxed = {"Amount": float(tax), "DetailType": "TaxLineDetail", "TaxLineDetail": rate}
        body["TxnTaxDetail"] = {"TotalTax": float(tax), "TaxLine": [taxed]}
    [receipt] = desk.write([("create", "SalesReceipt", body)])
    with desk.shop.app.app_context():
        row = LegacyReceipt(company_id=desk.id, inspection_key=key, receipt_id=receipt["Id"])
        row.amount = total
        db.session.add(row)
        db.session.commit()


def on_two_accounts(desk: Desk) -> dict[str, str]:
    """Make an Item for each fee, each on an income account of its own; return their Ids by name."""
    income = [one["Id"] for one in desk.books()["Account"] if one["AccountType"] == "Income"][:2]
    made = desk.write(
        [
            ("create", "Item", {"Name": name, "Type": "Service", "IncomeAccountRef": {"value": account}})
            for (name, _), account in zip(FEES, income, strict=True)
        ]
    )
    return {one["Name"]: one["Id"] for one in made}


def night(desk: Desk) -> list[dict[str, Any]]:
    """Preview, confirm and migrate; return what the preview said of accounts and lines of tax."""
    desk.do(poll)
    desk.do(set_up)
    migration_id = asked(desk)
    desk.do(preview, "preview", migration=migration_id)
    with desk.shop.app.app_context():
        migration = db.session.get_one(Migration, migration_id)
        said: list[dict[str, Any]] = migration.numbers["accounts"]
        scheduled(migration)
        db.session.commit()
    with desk.holding("nightly") as work:
        while not migrate_tonight(work):
            pass
    with desk.shop.app.app_context():
        state = select(Migration.state).where(Migration.id == migration_id)
        assert db.session.scalar(state) == "done"
    assert desk.books()["SalesReceipt"] == [] and len(desk.books()["Invoice"]) == 2
    return said


def test_every_income_account_holds_in_every_month_what_it_held_before(legacy: Desk):
    items = on_two_accounts(legacy)
    enter(legacy, MARCH, 1, items)
    enter(legacy, JUNE, 2, items)
    before = where_all_is(legacy)
    assert len(before) == 4, "two accounts in two months"
    said = night(legacy)
    assert where_all_is(legacy) == before
    assert [one["difference"] for one in said] == ["0.00", "0.00"]


def test_what_leaves_a_line_of_sales_tax_was_said_to_the_cent_and_no_other_account_moved(legacy: Desk):
    preferences = f"/_standin/realms/{legacy.realm_id}/preferences"
    legacy.intuit.post(preferences, {"TaxPrefs": {"UsingSalesTax": True}})
    items = on_two_accounts(legacy)
    enter(legacy, MARCH, 1, items, tax="31.48")
    enter(legacy, JUNE, 2, items)
    before = where_all_is(legacy)
    assert before["2019-03", "tax", "3"] == 3148
    said = night(legacy)
    moved = where_all_is(legacy)
    moved.subtract(before)
    told = {(one["kind"], one["key"]): _cents(one["difference"]) for one in said}
    assert {place: cents for place, cents in moved.items() if cents} == {
        ("2019-03", kind, key): cents for (kind, key), cents in told.items() if cents
    }
    assert told["tax", "3"] == -3148 and sorted(told.values()) == [-3148, 0, 3148]
