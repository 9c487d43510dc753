"""Invoices, sales receipts, credit memos and refund receipts: their lines, discounts, tax, totals, numbers and dates.

`finished` takes a body of checked values and returns what is stored. What a change means for payments is in `money`.
"""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from standins.intuit import bundles, currency, errors, ledger, names, presets, schema, shapes
from standins.intuit.realm import Realm, Record

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
DEFAULT_ITEM = "1"
ONLINE_PAYMENT = (
    "AllowIPNPayment",
    "AllowOnlinePayment",
    "AllowOnlineCreditCardPayment",
    "AllowOnlineACHPayment",
)


def finished(
    realm: Realm,
    entity: str,
    body: dict,
    before: Record | None,
    *,
    new_lines: bool = True,
    duplicates_allowed: bool = False,
) -> dict:
    """Return the body to store for a sale. `before` is the record as it is, None on create.

    Without `new_lines` the lines are those of the record and are not checked again.

    Raises:
        QuickBooksFault: whatever QuickBooks refuses about the sale itself.
    """
    if entity not in ("SalesReceipt", "RefundReceipt") and "CustomerRef" not in body:
        raise errors.missing("CustomerRef")
    if not body.get("Line"):
        raise errors.missing("Line")
    body.setdefault("TxnDate", realm.today().isoformat())
    if new_lines:
        body["Line"] = _lines(realm, body["Line"], before.body["Line"] if before else [])
    else:
        body["Line"] = [dict(line) for line in body["Line"] if line["DetailType"] != "SubTotalLineDetail"]
    _total(realm, body)
    _number(realm, entity, body, before, duplicates_allowed)
    currency.settle_document(realm, body)
    body.setdefault("PrintStatus", "NeedToPrint")
    body.setdefault("EmailStatus", "NotSet")
    body.setdefault("ApplyTaxAfterDiscount", False)
    body.setdefault("CustomField", [dict(each) for each in presets.CUSTOM_FIELDS])
    if body["EmailStatus"] == "NeedToSend" and "BillEmail" not in body:
        raise errors.QuickBooksFault(
            6420, "Email Required", "Email Required : BillEmail is needed to send this."
        )
    customer = realm.find("Customer", body["CustomerRef"]["value"]) if "CustomerRef" in body else None
    for name in ("BillAddr", "ShipAddr"):
        if customer and name not in body and name in customer.body:
            body[name] = customer.body[name]
    if entity == "Invoice":
        body.setdefault("Deposit", ZERO)
        for name in ONLINE_PAYMENT:
            body.setdefault(name, False)
        _due(realm, body, customer)
    elif entity in ("SalesReceipt", "RefundReceipt"):
        _account(realm, entity, body)
    return body


def _lines(realm: Realm, given: Any, standing: list[dict]) -> list[dict]:
    """Return the lines in place of those that stand: a line keeps its Id, and of what it held only what is sent again.

    An Id that no line has here is not taken: such a line is a new one, and gets an Id after all that stand.
    """
    if not isinstance(given, list):
        raise errors.invalid(2250, "Lines", "Line", given)
    if len(given) > 10_000:
        raise errors.business("A transaction can have 10000 lines at most.")
    lines = [_line(realm, raw) for raw in given if not _is_subtotal(raw)]
    known = {line["Id"] for line in bundles.every_line(standing) if "Id" in line}
    for line in bundles.every_line(lines):
        if line.get("Id") not in known:
            line.pop("Id", None)
    fresh = map(str, itertools.count(max(map(int, known), default=0) + 1))
    for place, line in enumerate(each for each in lines if each["DetailType"] != "DiscountLineDetail"):
        line |= {"Id": line.get("Id") or next(fresh), "LineNum": place + 1}
    for line in lines:
        if line["DetailType"] == bundles.KIND:
            for place, inner in enumerate(line[bundles.KIND]["Line"]):
                inner |= {"Id": inner.get("Id") or next(fresh), "LineNum": place + 1}
    if not any(line["DetailType"] != "DiscountLineDetail" for line in lines):
        raise errors.missing("Line")
    return lines


def _is_subtotal(raw: Any) -> bool:
    return isinstance(raw, dict) and raw.get("DetailType") == "SubTotalLineDetail"


def _line(realm: Realm, raw: Any) -> dict:
    """Return one line to store, with the Id that it came with, if it can have one."""
    line = _kind_of_line(realm, shapes.cleaned(realm, schema.LINE, raw))
    numbered = raw.get("Id") and line["DetailType"] != "DiscountLineDetail"
    return ({"Id": str(raw["Id"])} if numbered else {}) | line


def _kind_of_line(realm: Realm, line: dict) -> dict:
    kind = line.get("DetailType")
    if kind == "SalesItemLineDetail":
        return _item_line(realm, line)
    if kind == bundles.KIND:
        return bundles.line_of(realm, line, _line)
    if kind == "DiscountLineDetail":
        return _discount_line(realm, line)
    if kind == "DescriptionOnly":
        return {
            "Description": line.get("Description", ""),
            "DetailType": kind,
            "DescriptionLineDetail": line.get("DescriptionLineDetail") or {},
        }
    if kind is None:
        raise errors.missing("DetailType")
    raise errors.invalid(2170, "Enumeration", "DetailType", kind)


def _item_line(realm: Realm, line: dict) -> dict:
    if "Amount" not in line:
        raise errors.missing("Amount")
    if not isinstance(line.get("SalesItemLineDetail"), dict):
        raise errors.QuickBooksFault(
            6440, "Detail Required", "Detail Required : The line has no SalesItemLineDetail."
        )
    detail = shapes.cleaned(realm, schema.SALES_DETAIL, line["SalesItemLineDetail"])
    if "ItemRef" not in detail:
        detail["ItemRef"] = shapes.reference(realm, "ItemRef", "Item", {"value": DEFAULT_ITEM})
    item = realm.find("Item", detail["ItemRef"]["value"])
    if item.body["Type"] in names.NOT_SOLD:
        raise errors.bad_reference("Items", item.id)
    quantity, price = detail.get("Qty"), detail.get("UnitPrice")
    if quantity is not None and price is not None and (quantity or price):
        expected = (quantity * price).quantize(CENT, ROUND_HALF_UP)
        if expected != line["Amount"]:
            raise errors.wrong_amount(line["Amount"])
    code = (detail.get("TaxCodeRef") or {}).get("value")
    if code not in (None, "", "TAX", "NON"):
        raise errors.QuickBooksFault(
            6100,
            "Invalid Line Tax Code",
            "Invalid Line Tax Code : The tax code of a US sales line is TAX or NON.",
        )
    taxed = realm.preference("TaxPrefs", "UsingSalesTax") and item.body.get("Taxable")
    detail["TaxCodeRef"] = {"value": code or ("TAX" if taxed else "NON")}
    stored = ("Description", "Amount", "DetailType", "CustomField", "LinkedTxn")
    kept = {name: line[name] for name in stored if name in line}
    return kept | {"SalesItemLineDetail": detail}


def _discount_line(realm: Realm, line: dict) -> dict:
    if not realm.preference("SalesFormsPrefs", "AllowDiscount"):
        raise errors.QuickBooksFault(
            5030, "Feature Not Supported", "Feature Not Supported : Discounts are switched off."
        )
    detail = shapes.cleaned(realm, schema.DISCOUNT_DETAIL, line.get("DiscountLineDetail") or {})
    percent = detail.get("DiscountPercent")
    if detail.get("PercentBased"):
        if percent is None or not 0 <= percent <= 100:
            raise errors.QuickBooksFault(
                6090, "Invalid Discount", "Invalid Discount : DiscountPercent is missing or wrong."
            )
    elif line.get("Amount") is None:
        raise errors.QuickBooksFault(
            6090, "Invalid Discount", "Invalid Discount : The discount line has no Amount."
        )
    detail.setdefault("PercentBased", False)
    if "DiscountAccountRef" not in detail:
        account = ledger.account_of(realm, "DiscountsRefundsGiven")
        detail["DiscountAccountRef"] = {"value": account.id, "name": account.body["Name"]}
    return {
        "Amount": line.get("Amount", ZERO),
        "DetailType": "DiscountLineDetail",
        "DiscountLineDetail": detail,
    }


def _total(realm: Realm, body: dict) -> None:
    sold = bundles.every_line(body["Line"])
    items = [line for line in sold if line["DetailType"] == "SalesItemLineDetail"]
    discounts = [line for line in body["Line"] if line["DetailType"] == "DiscountLineDetail"]
    subtotal = sum((line["Amount"] for line in items), ZERO)
    for line in discounts:
        if line["DiscountLineDetail"]["PercentBased"]:
            percent = line["DiscountLineDetail"]["DiscountPercent"]
            line["Amount"] = (subtotal * percent / 100).quantize(CENT, ROUND_HALF_UP)
    position = len(body["Line"]) - len(discounts)
    others = [line for line in body["Line"] if line["DetailType"] != "DiscountLineDetail"]
    summary = {"Amount": subtotal, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}
    body["Line"] = [*others[:position], summary, *discounts]
    net = subtotal - sum((line["Amount"] for line in discounts), ZERO)
    body["TxnTaxDetail"] = _tax_detail(body, _tax(realm, body, items))
    body["TotalAmt"] = net + body["TxnTaxDetail"]["TotalTax"]
    if body["TotalAmt"] < 0:
        raise errors.business("Transaction amount must be 0 or greater.")


def _tax_detail(body: dict, total: Decimal) -> dict:
    """Return the tax with its lines, one a rate of an agency, where they were given and come to it."""
    lines = [
        {**line, "Amount": shapes.money("Amount", line.get("Amount"))}
        for line in (body.get("TxnTaxDetail") or {}).get("TaxLine") or ()
    ]
    agree = lines and sum((line["Amount"] for line in lines), ZERO) == total
    return {"TotalTax": total, **({"TaxLine": lines} if agree else {})}


def _tax(realm: Realm, body: dict, items: list[dict]) -> Decimal:
    if not realm.preference("TaxPrefs", "UsingSalesTax"):
        return ZERO
    every = realm.world.settings["automated_tax"] == "on-every-line"
    taxed = [line for line in items if every or line["SalesItemLineDetail"]["TaxCodeRef"]["value"] == "TAX"]
    if len(items) > 750 and taxed:
        raise errors.business("A taxable transaction can have 750 lines at most.")
    given = (body.get("TxnTaxDetail") or {}).get("TotalTax")
    if given not in (None, ""):
        return shapes.money("TotalTax", given)
    if not realm.preference("TaxPrefs", "PartnerTaxEnabled"):
        return ZERO
    rate = Decimal(str(realm.meta["tax_percent"])) / 100
    return (sum((line["Amount"] for line in taxed), ZERO) * rate).quantize(CENT, ROUND_HALF_UP)


def _number(realm: Realm, entity: str, body: dict, before: Record | None, duplicates_allowed: bool) -> None:
    custom = realm.preference("SalesFormsPrefs", "CustomTxnNumbers")
    number = body.get("DocNumber")
    if not number:
        if before is None and not custom:
            body["DocNumber"] = str(realm.meta["next_doc_number"])
            realm.meta["next_doc_number"] += 1
        return
    if custom and realm.meta["warn_duplicate_doc_numbers"] and not duplicates_allowed:
        for other in realm.under("doc", entity, number.casefold()):
            if other is not before:
                raise errors.duplicate_document(number, entity, other.id)


def _due(realm: Realm, body: dict, customer: Record) -> None:
    if "DueDate" in body:
        return
    usual = realm.preference("SalesFormsPrefs", "DefaultTerms")
    term_id = (body.get("SalesTermRef") or customer.body.get("SalesTermRef") or usual or {}).get("value")
    term = realm.find("Term", term_id) if term_id else None
    days = int(term.body.get("DueDays", 0)) if term else 0
    body["DueDate"] = (date.fromisoformat(body["TxnDate"]) + timedelta(days=days)).isoformat()


def _account(realm: Realm, entity: str, body: dict) -> None:
    if "DepositToAccountRef" not in body:
        if entity == "RefundReceipt":
            raise errors.missing("DepositToAccountRef")
        account = ledger.account_of(realm, "UndepositedFunds")
        body["DepositToAccountRef"] = {"value": account.id, "name": account.body["Name"]}
    check_money_account(realm, body["DepositToAccountRef"]["value"])


def check_money_account(realm: Realm, account_id: str) -> None:
    """Refuse an account that cannot hold received money."""
    account = realm.find("Account", account_id)
    if account.body["AccountType"] not in ("Bank", "Other Current Asset"):
        raise errors.QuickBooksFault(
            6430,
            "Invalid Account Type",
            "Invalid Account Type : Money can be put into a bank account or another current asset only.",
        )


def _emptied(line: dict) -> dict:
    line = dict(line)
    if "Amount" in line:
        line["Amount"] = ZERO
    if line["DetailType"] == "SalesItemLineDetail":
        zero = {name: Decimal(0) for name in ("Qty", "UnitPrice") if name in line["SalesItemLineDetail"]}
        line["SalesItemLineDetail"] = line["SalesItemLineDetail"] | zero
    return line


def voided(body: dict) -> dict:
    """Return a sale with every amount zero, marked Voided."""
    note = body.get("PrivateNote")
    lines = bundles.over_every_line(body["Line"], _emptied)
    marked = {"PrivateNote": f"Voided - {note}"[:4000] if note else "Voided", "TotalAmt": ZERO}
    return body | marked | {"Line": lines, "TxnTaxDetail": {"TotalTax": ZERO}}


def check_tracking(realm: Realm, given: dict) -> None:
    """Refuse a class or a location where the company's plan or preferences have none."""
    lines = [line for line in given.get("Line") or () if isinstance(line, dict)]
    details = [line.get("SalesItemLineDetail") or {} for line in lines]
    has_class = any(isinstance(each, dict) and each.get("ClassRef") for each in (given, *details))
    kinds = ("ClassTrackingPerTxn", "ClassTrackingPerTxnLine")
    if has_class and not any(realm.preference("AccountingInfoPrefs", kind) for kind in kinds):
        raise errors.QuickBooksFault(
            5030, "Feature Not Supported", "Feature Not Supported : Class tracking is switched off."
        )
    if given.get("DepartmentRef") and not realm.preference("AccountingInfoPrefs", "TrackDepartments"):
        raise errors.QuickBooksFault(
            5030, "Feature Not Supported", "Feature Not Supported : Location tracking is switched off."
        )
