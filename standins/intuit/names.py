"""The lists: customers, vendors, employees, items, accounts and the small ones. Names, parents, activating, deactivating.

`finished` takes a body of checked values and returns what is stored, or raises a fault. No transaction is touched here.
"""

from __future__ import annotations

import re
from decimal import Decimal

from standins.intuit import bundles, currency, errors, ledger, shapes
from standins.intuit.realm import Realm, Record
from standins.intuit.schema import NAME_LISTS

NOT_SOLD = ("Category", "Group")
WITH_CURRENCY = ("Customer", "Vendor", "Account")
SUFFIX = re.compile(r" \(deleted(-\d+)?\)$")
CLASSIFICATION = {
    "bank": "Asset", "accounts receivable": "Asset", "other current asset": "Asset", "fixed asset": "Asset",
    "other asset": "Asset", "accounts payable": "Liability", "credit card": "Liability",
    "other current liability": "Liability", "long term liability": "Liability", "equity": "Equity",
    "income": "Revenue", "other income": "Revenue", "expense": "Expense", "other expense": "Expense",
    "cost of goods sold": "Expense",
}  # fmt: skip
TYPE_OF_SUB_TYPE = {
    "ServiceFeeIncome": "Income", "SalesOfProductIncome": "Income", "DiscountsRefundsGiven": "Income",
    "OtherPrimaryIncome": "Income", "Checking": "Bank", "Savings": "Bank", "UndepositedFunds": "Other Current Asset",
    "AccountsReceivable": "Accounts Receivable", "SalesTaxPayable": "Other Current Liability",
}  # fmt: skip
_TAKEN = {
    "Customer": "Another customer, vendor or employee is already using this name. Please use a different name.",
    "Item": "Another product or service is already using this name. Please use a different name.",
}


def finished(realm: Realm, entity: str, body: dict, before: Record | None) -> dict:
    """Return the body to store for a list entry. `before` is the record as it is, None on create.

    Raises:
        QuickBooksFault: a missing or taken name, a wrong parent or account, a balance in the way of deactivating.
    """
    was_active = before is None or before.body["Active"]
    body.setdefault("Active", True)
    name_field = "DisplayName" if entity in NAME_LISTS else "Name"
    if entity in NAME_LISTS:
        _name_person(body, before)
    elif not body.get("Name"):
        raise errors.missing("Name")
    _check_characters(entity, name_field, body[name_field])
    if body["Active"] and not was_active:
        body[name_field] = SUFFIX.sub("", body[name_field])
    if was_active and not body["Active"]:
        _check_deactivation(realm, entity, before)
    _check_parent(realm, entity, body, before)
    _RULES.get(entity, lambda realm, body: None)(realm, body)
    if entity in WITH_CURRENCY:
        currency.settle_name(realm, body, before)
    if not body["Active"] and was_active:
        body[name_field] = _deleted_name(realm, entity, name_field, body, before)
    elif taken := _others(realm, entity, body, before, body[name_field]):
        kind = "Customer" if entity in NAME_LISTS else entity
        default = f"Another {taken[0].entity} is already using this name. Please use a different name."
        raise errors.duplicate_name(_TAKEN.get(kind, default))
    return body


def _name_person(body: dict, before: Record | None) -> None:
    parts = [
        body[name] for name in ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix") if body.get(name)
    ]
    if not body.get("DisplayName"):
        if before is not None:
            body["DisplayName"] = before.body["DisplayName"]
        elif not parts:
            raise errors.QuickBooksFault(
                6080,
                "Name Required",
                "Name Required : At least one of DisplayName, Title, GivenName, MiddleName, FamilyName or Suffix is needed.",
            )
        else:
            body["DisplayName"] = " ".join(parts)
    body.setdefault("PrintOnCheckName", SUFFIX.sub("", body["DisplayName"])[:110])


def _check_characters(entity: str, field: str, name: str) -> None:
    forbidden = ":\t\n" + ('"' if entity == "Account" else "")
    if any(letter in name for letter in forbidden):
        raise errors.invalid(2040, "String", field, repr(name))


def _others(realm: Realm, entity: str, body: dict, before: Record | None, name: str) -> list[Record]:
    if entity in NAME_LISTS:
        found = realm.under("name", name.casefold())
    else:
        where = "" if entity == "Item" else body.get("ParentRef", {}).get("value", "")
        found = realm.under("list", entity, where, name.casefold())
    return [record for record in found if record is not before]


def _deleted_name(realm: Realm, entity: str, field: str, body: dict, before: Record | None) -> str:
    base = SUFFIX.sub("", body[field])
    name, count = f"{base} (deleted)", 0
    while _others(realm, entity, body, before, name):
        count += 1
        name = f"{base} (deleted-{count})"
    return name


def _check_deactivation(realm: Realm, entity: str, before: Record) -> None:
    if entity == "Customer" and ledger.customer_balance(realm, before.id, True):
        raise errors.business("You can't make a customer inactive while it has a non-zero balance.")
    for child in realm.under("parent", entity, before.id):
        if child.body["Active"]:
            raise errors.QuickBooksFault(
                800, "Can Not Delete", f"Can Not Delete : {entity} {before.id} has active sub-entries."
            )


def _check_parent(realm: Realm, entity: str, body: dict, before: Record | None) -> None:
    if "ParentRef" not in body:
        return
    if entity != "Customer":
        body["ParentRef"] = shapes.reference(realm, "ParentRef", entity, body["ParentRef"])
    level, parent = 1, realm.find(entity, body["ParentRef"]["value"])
    while parent is not None:
        if parent is before:
            raise errors.QuickBooksFault(
                900, "Parent Is Child", "Parent Is Child : An entry can't be its own parent."
            )
        above = parent.ref("ParentRef")
        level, parent = level + 1, realm.find(entity, above) if above else None
    if level > 5:
        raise errors.QuickBooksFault(700, "Invalid Parent", "Invalid Parent : There can be 5 levels at most.")
    body["Level"] = level - 1


def _customer(realm: Realm, body: dict) -> None:
    if "ParentRef" not in body:
        body["Job"] = False
    body.setdefault("Job", False)
    body.setdefault("BillWithParent", False)
    body.setdefault("Taxable", bool(realm.preference("TaxPrefs", "UsingSalesTax")))
    body.setdefault("PreferredDeliveryMethod", "Print")


def _item(realm: Realm, body: dict) -> None:
    kind = body.get("Type")
    if not kind:
        raise errors.missing("Type")
    body.setdefault("UnitPrice", Decimal(0))
    body.setdefault("Taxable", False)
    for part in bundles.contents(body):
        shapes.reference(realm, "ItemRef", "Item", part.get("ItemRef"))
    if kind in NOT_SOLD:
        return
    needed = ["IncomeAccountRef"]
    if kind == "Inventory":
        needed += ["AssetAccountRef", "ExpenseAccountRef", "QtyOnHand", "TrackQtyOnHand", "InvStartDate"]
    for name in needed:
        if name not in body:
            raise errors.missing(name)
    account = realm.find("Account", body["IncomeAccountRef"]["value"])
    if account.body["Classification"] != "Revenue":
        raise errors.QuickBooksFault(
            6430,
            "Invalid Account Type",
            "Invalid Account Type : The income account of a product or service must be an income account.",
        )


def _account(realm: Realm, body: dict) -> None:
    kind, sub_type = body.get("AccountType"), body.get("AccountSubType")
    if not kind and not sub_type:
        raise errors.QuickBooksFault(
            6010,
            "Account Type Required",
            "Account Type Required : AccountType or AccountSubType must be given.",
        )
    kind = kind or TYPE_OF_SUB_TYPE.get(sub_type, "")
    if kind.lower() not in CLASSIFICATION:
        raise errors.invalid(2170, "Enumeration", "AccountType", kind)
    body["AccountType"] = kind
    body.setdefault("AccountSubType", kind.replace(" ", ""))
    body["Classification"] = CLASSIFICATION[kind.lower()]
    body.setdefault("SubAccount", "ParentRef" in body)


def _payment_method(realm: Realm, body: dict) -> None:
    body.setdefault("Type", "NON_CREDIT_CARD")


def _term(realm: Realm, body: dict) -> None:
    body["Type"] = "DATE_DRIVEN" if "DayOfMonthDue" in body else "STANDARD"
    body.setdefault("DueDays", Decimal(0))


_RULES = {
    "Customer": _customer,
    "Vendor": lambda realm, body: body.setdefault("Vendor1099", False),
    "Employee": lambda realm, body: body.setdefault("BillableTime", False),
    "Item": _item,
    "Account": _account,
    "PaymentMethod": _payment_method,
    "Term": _term,
}
