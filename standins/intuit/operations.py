"""Create, read, update, delete and void: the one way by which API, batch, pages and seeding change the books.

Each works on one object and is whole or not done; the rules of single entities are in `names`, `sales` and `money`.
"""

from __future__ import annotations

import copy
from typing import Any

from standins.intuit import attachments, errors, ledger, money, moved, names, sales, shapes, views
from standins.intuit.realm import Realm, Record
from standins.intuit.schema import BY_LOWER_NAME, ENTITIES, EVERY, NAME_LISTS, SALES, TRANSACTIONS, VOIDABLE

_COUNTRY = {"united states": "USA", "us": "USA", "usa": "USA"}


def entity_named(name: str) -> str:
    """Return the entity of a path or batch item in its proper case. Raises a 2000 fault for none."""
    try:
        return BY_LOWER_NAME[name.lower()]
    except KeyError:
        raise errors.unknown_entity(name) from None


def read(realm: Realm, entity: str, record_id: str) -> Record:
    """Return a live record. Raises 610 for one that is gone or never was."""
    record = realm.find(entity, record_id)
    if record is None:
        raise errors.deleted() if realm.was_deleted(entity, record_id) else errors.not_found()
    return record


def write(
    realm: Realm, entity: str, operation: str, given: Any, options: frozenset[str] = frozenset()
) -> dict:
    """Carry out one write and return the object as QuickBooks answers it.

    `operation` is create, update, delete or void; `options` holds `void` (an update that voids) and
    `allowduplicatedocnum`.

    Raises:
        QuickBooksFault: refused; nothing has changed.
    """
    if not isinstance(given, dict):
        raise errors.invalid(2010, "Object", "body", type(given).__name__)
    if realm.meta["subscription"] != "subscribed":
        raise errors.lapsed()
    if realm.meta["permission"] == "denied":
        raise errors.permission_denied()
    with realm.change(), realm.savepoint():
        if operation == "update" and "void" in options:
            operation = "void"
        if entity in SALES and operation in ("create", "update"):
            sales.check_tracking(realm, given)
        if operation == "create":
            record = _create(realm, entity, given, options)
        elif operation == "update":
            record = _update(realm, entity, given, options)
        elif operation == "delete":
            record = _delete(realm, entity, given)
        elif operation == "void":
            record = _void(realm, entity, given)
        else:
            raise errors.unsupported_operation(f"Operation {operation} is not supported.")
        moved.stamp(realm, realm.changes())
        if record.deleted:
            return {"domain": "QBO", "status": "Deleted", "Id": record.id}
        answer = views.shown(realm, record)
        if operation == "create" and entity == "Invoice" and auto_applies(realm):
            money.apply_credits(realm, record)
            if realm.world.settings["auto_apply"] == "at-once":
                return views.shown(realm, record)
        return answer


def auto_applies(realm: Realm) -> bool:
    """Whether the company lets QuickBooks apply a customer's credits to its next invoice by itself."""
    return bool(realm.preference("SalesFormsPrefs", "AutoApplyCredit"))


def _current(realm: Realm, entity: str, given: dict) -> Record:
    """Return the record a change is about, once its SyncToken is found to be the current one."""
    if not given.get("Id"):
        raise errors.missing("Id")
    if not str(given["Id"]).isdigit():
        raise errors.invalid(2030, "ID", "Id", given["Id"])
    record = read(realm, entity, str(given["Id"]))
    if given.get("SyncToken") in (None, ""):
        raise errors.missing("SyncToken")
    if str(given["SyncToken"]) != str(record.token):
        raise errors.stale()
    return record


def check_period(realm: Realm, *dates: str | None) -> None:
    """Refuse a date on or before the closing date."""
    closed = realm.preference("AccountingInfoPrefs", "BookCloseDate")
    if closed and any(date and date <= closed for date in dates):
        raise errors.period_closed(realm.meta["closing_password"])


def _finished(
    realm: Realm, entity: str, body: dict, before: Record | None, new_lines: bool, options: frozenset[str]
) -> dict:
    if entity in SALES:
        allowed = "allowduplicatedocnum" in options
        body = sales.finished(realm, entity, body, before, new_lines=new_lines, duplicates_allowed=allowed)
    elif entity == "Payment":
        body = money.finished_payment(realm, body, before, new_lines=new_lines)
    elif entity == "Deposit":
        body = money.finished_deposit(realm, body, before, new_lines=new_lines)
    elif entity == "Attachable":
        body = attachments.finished(realm, body)
    elif entity not in ("CompanyInfo", "Preferences"):
        body = names.finished(realm, entity, body, before)
    for name, kind in ENTITIES[entity].items():
        if kind == "address" and name in body and "Id" not in body[name]:
            body[name] = {"Id": str(realm.meta["next_id"])} | body[name]
            realm.meta["next_id"] += 1
    return body


def _create(realm: Realm, entity: str, given: dict, options: frozenset[str]) -> Record:
    if entity in ("CompanyInfo", "Preferences", "TaxCode"):
        raise errors.unsupported_operation(f"{entity} can't be created.")
    body = shapes.cleaned(realm, ENTITIES[entity] | EVERY, given)
    check_period(realm, body.get("TxnDate", realm.today().isoformat()) if entity in TRANSACTIONS else None)
    record = realm.add(entity, _finished(realm, entity, body, None, True, options))
    if entity == "Payment":
        money.touch_linked(realm, {}, record.body)
    return record


def _merged(realm: Realm, entity: str, given: dict, record: Record) -> dict:
    fields = ENTITIES[entity] | EVERY
    if not given.get("sparse") or str(given["sparse"]).lower() == "false":
        body = shapes.cleaned(realm, fields, given)
        for name in ("Level", "LinkedTxn"):
            if name in record.body:
                body.setdefault(name, record.body[name])
        if entity == "CompanyInfo":
            kept = {name: value for name, value in record.body.items() if fields.get(name) == "ro"}
            return kept | body
        return body
    body = copy.deepcopy(record.body)
    for name, value in shapes.cleaned(realm, fields, given, cleared=True).items():
        if value is not shapes.CLEARED:
            body[name] = value
        elif not (entity in NAME_LISTS and name == "DisplayName"):
            body.pop(name, None)
    return body


def _update(realm: Realm, entity: str, given: dict, options: frozenset[str]) -> Record:
    record = _current(realm, entity, given)
    if entity == "TaxCode":
        raise errors.unsupported_operation("TaxCode can't be updated.")
    if entity == "Preferences":
        return _update_preferences(realm, record, given)
    money.check_not_deposited(realm, record)
    body = _merged(realm, entity, given, record)
    if entity in TRANSACTIONS:
        check_period(realm, record.body["TxnDate"], body.get("TxnDate", realm.today().isoformat()))
    if entity == "CompanyInfo" and "CompanyAddr" in body:
        country = body["CompanyAddr"].get("Country", "")
        body["CompanyAddr"]["Country"] = _COUNTRY.get(country.lower(), country)
    new_lines = "Line" in given or not given.get("sparse")
    before = record.body
    body = _finished(realm, entity, body, record, new_lines, options)
    if entity in ("Invoice", "CreditMemo") and (applied := ledger.applications(realm, record)):
        if before["CustomerRef"]["value"] != body["CustomerRef"]["value"]:
            raise errors.business("You can't change the customer of a transaction that is linked to others.")
        excess = sum((amount for _, amount in applied), ledger.ZERO) - body["TotalAmt"]
        if excess > 0:
            money.release(realm, record, excess)
    realm.replace(record, body)
    if entity == "Payment":
        money.touch_linked(realm, before, body)
    return record


def _update_preferences(realm: Realm, record: Record, given: dict) -> Record:
    body = copy.deepcopy(record.body)
    for section, values in shapes.cleaned(realm, ENTITIES["Preferences"] | EVERY, given).items():
        if not isinstance(values, dict):
            raise errors.unknown_property(section)
        for name, value in values.items():
            if value in (None, ""):
                body.setdefault(section, {}).pop(name, None)
            else:
                body.setdefault(section, {})[name] = (
                    shapes.day(name, value) if name == "BookCloseDate" else value
                )
    realm.replace(record, body)
    return record


def _delete(realm: Realm, entity: str, given: dict) -> Record:
    if entity not in (*TRANSACTIONS, "Attachable"):
        raise errors.unsupported_operation(f"{entity} can't be deleted; make it inactive.")
    for name in given:
        if name not in ENTITIES[entity] and name not in EVERY:
            raise errors.unknown_property(name)
    for line in given.get("Line") or ():
        if isinstance(line, dict) and "LineEx" in line:
            raise errors.unknown_property("LineEx")
    record = _current(realm, entity, given)
    if entity == "Attachable":
        realm.remove(record)
        return record
    money.check_not_deposited(realm, record)
    check_period(realm, record.body["TxnDate"])
    if entity in ("Invoice", "CreditMemo") and (applied := ledger.applications(realm, record)):
        if realm.world.settings["invoice_delete_with_payments"] == "refuse":
            raise errors.business("You must unlink the linked transactions before you delete this one.")
        money.release(realm, record, sum((amount for _, amount in applied), ledger.ZERO))
    before = record.body
    attachments.unlink(realm, record)
    realm.remove(record)
    if entity == "Payment":
        money.touch_linked(realm, before, {})
    return record


def _void(realm: Realm, entity: str, given: dict) -> Record:
    if entity not in VOIDABLE:
        raise errors.unsupported_operation(f"{entity} can't be voided.")
    record = _current(realm, entity, given)
    money.check_not_deposited(realm, record)
    check_period(realm, record.body["TxnDate"])
    if entity == "Invoice" and ledger.applications(realm, record):
        raise errors.business(
            "You can't void an invoice that has payments applied. Remove the payments first."
        )
    before = record.body
    if entity == "Payment":
        realm.replace(record, money.voided_payment(before))
        money.touch_linked(realm, before, record.body)
    else:
        realm.replace(record, sales.voided(before))
    return record
