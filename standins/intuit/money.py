"""Payments and deposits, and what they and the sales they touch do to one another.

What a Payment is applied to or taken off gets a new SyncToken, as in QuickBooks; what a Deposit sweeps up or lets go keeps its own,
and its LastUpdatedTime too (recorded on real companies).
"""

from __future__ import annotations

import copy
from collections import Counter
from decimal import Decimal
from typing import Any

from standins.intuit import currency, errors, ledger, sales, schema, shapes
from standins.intuit.realm import Realm, Record, linked_txns

ZERO = Decimal("0.00")


def check_not_deposited(realm: Realm, record: Record) -> None:
    """Refuse to touch what sits in a Deposit."""
    if record.entity in schema.SWEPT and ledger.deposit_of(realm, record):
        raise errors.deposited()


def _links(realm: Realm, name: str, value: Any, allowed: tuple[str, ...]) -> Record:
    if not isinstance(value, list) or not value:
        raise errors.missing(name)
    if len(value) > 1:
        raise errors.QuickBooksFault(
            2600, "Conflicting Elements", "Conflicting Elements : A line has one LinkedTxn."
        )
    link = shapes.cleaned(realm, schema.LINK, value[0])
    kind = {each.lower(): each for each in allowed}.get(str(link.get("TxnType")).lower())
    if kind is None:
        raise errors.invalid(2170, "Enumeration", "TxnType", link.get("TxnType"))
    target = realm.find(kind, link.get("TxnId"))
    if target is None:
        if realm.was_deleted(kind, link.get("TxnId")):
            raise errors.deleted()
        raise errors.bad_reference("LinkedTxn", link.get("TxnId"))
    return target


def finished_payment(realm: Realm, body: dict, before: Record | None, *, new_lines: bool) -> dict:
    """Return the body to store for a Payment. Raises QuickBooksFault on what QuickBooks refuses."""
    if "TotalAmt" not in body:
        raise errors.business("You must set a transaction amount.")
    if body["TotalAmt"] < 0:
        raise errors.business("Transaction amount must be 0 or greater.")
    if "CustomerRef" not in body:
        raise errors.missing("CustomerRef")
    body.setdefault("TxnDate", realm.today().isoformat())
    body.setdefault("ProcessPayment", False)
    currency.settle_document(realm, body)
    if "DepositToAccountRef" not in body:
        account = ledger.account_of(realm, "UndepositedFunds")
        body["DepositToAccountRef"] = {"value": account.id, "name": account.body["Name"]}
    sales.check_money_account(realm, body["DepositToAccountRef"]["value"])
    moved = before is not None and before.ref("CustomerRef") != body["CustomerRef"]["value"]
    if new_lines or moved:
        body["Line"] = _payment_lines(realm, body, before)
    if ledger.unapplied(body) < 0:
        raise errors.business("The amount applied is more than the amount of the payment.")
    return body


def _payment_lines(realm: Realm, body: dict, before: Record | None) -> list[dict]:
    if not isinstance(body.get("Line", []), list):
        raise errors.invalid(2250, "Lines", "Line", body["Line"])
    taken: Counter = Counter()
    lines = []
    for raw in body.get("Line", []):
        line = shapes.cleaned(realm, schema.PAYMENT_LINE, raw)
        if "Amount" not in line:
            raise errors.missing("Amount")
        if line["Amount"] < 0:
            raise errors.invalid(2290, "Amount", "Amount", line["Amount"])
        target = _links(realm, "LinkedTxn", line.get("LinkedTxn"), ("Invoice", "CreditMemo"))
        if _family(realm, target.ref("CustomerRef")) != _family(realm, body["CustomerRef"]["value"]):
            if realm.world.settings["foreign_invoice"] == "unapplied":
                continue
            raise errors.business("The linked transaction belongs to another customer.")
        room = ledger.open_balance(realm, target, without=before) - taken[target]
        if line["Amount"] > room:
            if realm.world.settings["line_over_balance"] == "refuse":
                raise errors.business(
                    f"The amount applied to {target.entity} {target.id} is more than its open balance."
                )
            line["Amount"] = room
        taken[target] += line["Amount"]
        if line["Amount"]:
            lines.append(
                {"Amount": line["Amount"], "LinkedTxn": [{"TxnId": target.id, "TxnType": target.entity}]}
            )
    return lines


def _family(realm: Realm, customer_id: str) -> str:
    parent = realm.find("Customer", customer_id).ref("ParentRef")
    return _family(realm, parent) if parent else customer_id


def finished_deposit(realm: Realm, body: dict, before: Record | None, *, new_lines: bool) -> dict:
    """Return the body to store for a Deposit. Raises QuickBooksFault on what QuickBooks refuses."""
    if "DepositToAccountRef" not in body:
        raise errors.missing("DepositToAccountRef")
    sales.check_money_account(realm, body["DepositToAccountRef"]["value"])
    body.setdefault("TxnDate", realm.today().isoformat())
    currency.settle_document(realm, body)
    if not body.get("Line"):
        raise errors.missing("Line")
    if new_lines:
        body["Line"] = [
            _deposit_line(realm, raw, before, count + 1) for count, raw in enumerate(body["Line"])
        ]
        swept = Counter((kind, txn_id) for _, kind, txn_id in linked_txns(body))
        if any(count > 1 for count in swept.values()):
            raise errors.business("A transaction can be in a deposit once.")
    body["TotalAmt"] = sum((line["Amount"] for line in body["Line"]), ZERO)
    if body["TotalAmt"] < 0:
        raise errors.business("Transaction amount must be 0 or greater.")
    return body


def _deposit_line(realm: Realm, raw: Any, before: Record | None, number: int) -> dict:
    line = shapes.cleaned(realm, schema.DEPOSIT_LINE, raw)
    if "Amount" not in line:
        raise errors.missing("Amount")
    result = {name: line[name] for name in ("Description", "Amount") if name in line}
    if not line.get("LinkedTxn"):
        detail = shapes.cleaned(realm, schema.DEPOSIT_DETAIL, line.get("DepositLineDetail") or {})
        if "AccountRef" not in detail:
            raise errors.missing("AccountRef")
        numbered = {"Id": str(number), "LineNum": number}
        return numbered | result | {"DetailType": "DepositLineDetail", "DepositLineDetail": detail}
    target = _links(realm, "LinkedTxn", line["LinkedTxn"], schema.SWEPT)
    if ledger.deposit_of(realm, target) not in (None, before):
        raise errors.business(f"{target.entity} {target.id} was already deposited.")
    if target.ref("DepositToAccountRef") != ledger.account_of(realm, "UndepositedFunds").id:
        raise errors.business(f"{target.entity} {target.id} is not in Undeposited Funds.")
    amount = -target.body["TotalAmt"] if target.entity == "RefundReceipt" else target.body["TotalAmt"]
    if line["Amount"] != amount:
        raise errors.business(f"The amount of {target.entity} {target.id} is {amount}.")
    if method := target.ref("PaymentMethodRef"):
        result["DepositLineDetail"] = {"PaymentMethodRef": {"value": method}}
    return result | {"LinkedTxn": [{"TxnId": target.id, "TxnType": target.entity, "TxnLineId": "0"}]}


def touch_linked(realm: Realm, before: dict, after: dict) -> None:
    """Give a new SyncToken to every transaction whose link from a Payment appeared, went or changed."""

    def amounts(body: dict) -> Counter:
        found: Counter = Counter()
        for line, kind, txn_id in linked_txns(body):
            found[kind, txn_id] += line["Amount"]
        return found

    old, new = amounts(before), amounts(after)
    for kind, txn_id in {**old, **new}:
        linked_both = ((kind, txn_id) in old) == ((kind, txn_id) in new)
        target = realm.find(kind, txn_id)
        if target is not None and not (linked_both and old[kind, txn_id] == new[kind, txn_id]):
            realm.bump(target)


def release(realm: Realm, record: Record, amount: Decimal) -> None:
    """Take an amount off the payments applied to an Invoice or CreditMemo, newest first; it stays as unapplied credit."""
    for payment, applied in reversed(ledger.applications(realm, record)):
        part = min(amount, applied)
        if not part:
            continue
        amount -= part
        before = payment.body
        body = copy.deepcopy(before)
        _reduce(body, record.entity, part, record.id)
        surplus = ledger.unapplied(body)
        if surplus < 0:
            _reduce(body, "Invoice", -surplus)
        elif surplus > 0 and not body["TotalAmt"]:
            _reduce(body, "CreditMemo", surplus)
        realm.replace(payment, body)
        touch_linked(realm, {"Line": [line for line, _, txn_id in linked_txns(before) if txn_id != record.id]},
                     {"Line": [line for line, _, txn_id in linked_txns(body) if txn_id != record.id]})  # fmt: skip


def _reduce(body: dict, kind: str, amount: Decimal, txn_id: str | None = None) -> None:
    kept = []
    for line in reversed(body["Line"]):
        link = line["LinkedTxn"][0]
        if link["TxnType"] == kind and txn_id in (None, link["TxnId"]):
            part = min(amount, line["Amount"])
            amount -= part
            line = line | {"Amount": line["Amount"] - part}
        if line["Amount"]:
            kept.append(line)
    body["Line"] = kept[::-1]


def apply_credits(realm: Realm, invoice: Record) -> None:
    """Apply the customer's unapplied payments and credit memos to a new invoice, as AutoApplyCredit does; each one moves its token."""
    for record in realm.under("customer", invoice.ref("CustomerRef")):
        room = ledger.open_balance(realm, invoice)
        if not room:
            return
        link = {"TxnId": invoice.id, "TxnType": "Invoice"}
        if record.entity == "Payment" and (left := ledger.unapplied(record.body)) > 0:
            line = {"Amount": min(room, left), "LinkedTxn": [link]}
            realm.replace(record, record.body | {"Line": [*record.body.get("Line", []), line]})
            realm.bump(invoice)
        elif record.entity == "CreditMemo" and (left := ledger.open_balance(realm, record)) > 0:
            amount = min(room, left)
            lines = [
                {"Amount": amount, "LinkedTxn": [link]},
                {"Amount": amount, "LinkedTxn": [{"TxnId": record.id, "TxnType": "CreditMemo"}]},
            ]
            body = {"CustomerRef": record.body["CustomerRef"], "TotalAmt": ZERO, "Line": lines}
            realm.add("Payment", finished_payment(realm, body, None, new_lines=True))
            realm.bump(record)
            realm.bump(invoice)


def voided_payment(body: dict) -> dict:
    """Return a Payment with nothing in it, marked Voided."""
    note = body.get("PrivateNote")
    return body | {
        "PrivateNote": f"Voided - {note}"[:4000] if note else "Voided",
        "TotalAmt": ZERO,
        "Line": [],
    }
