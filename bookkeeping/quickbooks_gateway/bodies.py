"""What we send: neutral documents as QuickBooks JSON, and `frozen`, which writes them down for good.

A frozen body is kept in the journal and sent byte for byte, however often. Nothing is sent here.
"""

import json
from collections.abc import Container, Iterable, Mapping
from decimal import Decimal
from typing import Any

from bookkeeping.errors import RuleError
from bookkeeping.rules.documents import (
    DesiredCustomer,
    DesiredInvoice,
    DesiredLine,
    DesiredPayment,
    DesiredRefund,
)

BATCH_SIZE = 30
_B_ID_LENGTH = 10
_DOCUMENTS = ("Invoice", "Payment", "SalesReceipt", "RefundReceipt", "CreditMemo")

Body = dict[str, Any]
Sync = tuple[str, str]  # (QuickBooks id, SyncToken) of the object to change.
Link = tuple[str, str, Decimal]  # (entity name, QuickBooks id, US dollars) of what a Payment pays.


def customer_details(desired: DesiredCustomer) -> dict[str, str]:
    """Return what a Customer says beside its name, by the names that `customer_body` knows it under; "" for nothing."""
    return {name: getattr(desired, name) or "" for name in _DETAILS}


def customer_body(
    desired: DesiredCustomer, display_name: str, *, sync: Sync | None = None, without: Container[str] = ()
) -> Body:
    """Return the Customer, new or (with `sync`) as a sparse update; `display_name` is free in QuickBooks.

    An email address or phone number that we do not have is never taken away from QuickBooks. `without` these details
    (`customer_details`), which then stay as they are there.
    """
    said = {name: value for name, value in customer_details(desired).items() if name not in without}
    body: Body = {"DisplayName": display_name}
    for name, value in said.items():
        field, inner = _DETAILS[name]
        body[field] = ({inner: value} if value else None) if inner else value
    return _sparse(body, sync)


_DETAILS = {
    "given_name": ("GivenName", ""),
    "family_name": ("FamilyName", ""),
    "email": ("PrimaryEmailAddr", "Address"),
    "phone": ("PrimaryPhone", "FreeFormNumber"),
    "mobile": ("Mobile", "FreeFormNumber"),
}
"""Where QuickBooks keeps a Customer's details: the field, and the one within it where there is one."""


def item_body(name: str, income_account_id: str) -> Body:
    """Return a new service Item that books to this income account."""
    return {"Name": name, "Type": "Service", "IncomeAccountRef": {"value": income_account_id}}


def payment_method_body(name: str) -> Body:
    """Return a new PaymentMethod."""
    return {"Name": name}


def invoice_body(
    desired: DesiredInvoice, customer_id: str, item_ids: Mapping[str, str], *, sync: Sync | None = None
) -> Body:
    """Return the Invoice, new or (with `sync`) as a sparse update that carries every line.

    `item_ids` gives the Item's id for each item name on the lines. An Invoice without lines gets one that says so, because
    QuickBooks takes none without.

    Raises:
        RuleError: a line's item has no id.
    """
    lines = [_line(line, item_ids) for line in desired.lines]
    if not lines:
        lines = [{"Amount": Decimal("0.00"), "DetailType": "DescriptionOnly", "Description": "No fees"}]
    body = {
        "CustomerRef": {"value": customer_id},
        "DocNumber": desired.doc_number,
        "TxnDate": desired.txn_date.isoformat(),
        "DueDate": desired.due_date.isoformat(),
        "PrivateNote": desired.private_note,
        "CustomerMemo": {"value": desired.customer_memo} if desired.customer_memo or sync else None,
        "BillEmail": {"Address": desired.email} if desired.email else None,
        "ClassRef": {"value": desired.class_id} if desired.class_id else None,
        "DepartmentRef": {"value": desired.location_id} if desired.location_id else None,
        "Line": lines,
    }
    return _sparse(body, sync)


def payment_body(
    desired: DesiredPayment,
    customer_id: str,
    invoice_id: str,
    method_ids: Mapping[str, str],
    sync: Sync | None = None,
    elsewhere: Iterable[Link] = (),
) -> Body:
    """Return the Payment, new or (with `sync`) as a sparse update. `applied` goes to the Invoice, the rest stays where it is
    `elsewhere`, as far as it reaches, or unapplied.

    Without a deposit account QuickBooks puts it into Undeposited Funds.
    """
    method_id = method_ids[desired.method] if desired.method else None
    applied = [("Invoice", invoice_id, desired.applied), *_carried_over(elsewhere, desired)]
    body = {
        "CustomerRef": {"value": customer_id},
        "TotalAmt": desired.amount,
        "TxnDate": desired.txn_date.isoformat(),
        "PaymentMethodRef": {"value": method_id} if method_id else None,
        "PaymentRefNum": desired.reference,
        "DepositToAccountRef": {"value": desired.deposit_account_id} if desired.deposit_account_id else None,
        "PrivateNote": desired.private_note,
        "Line": [
            {"Amount": amount, "LinkedTxn": [{"TxnId": qbo_id, "TxnType": kind}]}
            for kind, qbo_id, amount in applied
            if amount
        ],
    }
    return _sparse(body, sync)


def refund_body(
    desired: DesiredRefund,
    item_ids: Mapping[str, str],
    method_ids: Mapping[str, str],
    *,
    sync: Sync | None = None,
) -> Body:
    """Return the RefundReceipt, new or (with `sync`) as a sparse update that carries every line. Its account is where the money is taken from.

    Raises:
        RuleError: a line's item has no id.
    """
    method_id = method_ids[desired.method] if desired.method else None
    body = {
        "CustomerRef": {"value": desired.customer_id},
        "DocNumber": desired.doc_number,
        "TxnDate": desired.txn_date.isoformat(),
        "DepositToAccountRef": {"value": desired.account_id},
        "PaymentMethodRef": {"value": method_id} if method_id else None,
        "PaymentRefNum": desired.reference,
        "PrivateNote": desired.private_note,
        "ClassRef": {"value": desired.class_id} if desired.class_id else None,
        "DepartmentRef": {"value": desired.location_id} if desired.location_id else None,
        "Line": [_line(line, item_ids) for line in desired.lines],
    }
    return _sparse(body, sync)


def _carried_over(elsewhere: Iterable[Link], desired: DesiredPayment) -> Iterable[Link]:
    """Yield what the Payment pays besides, as far as its amount reaches: lines that are left out are taken off."""
    left = desired.amount - desired.applied
    for kind, qbo_id, amount in elsewhere:
        part = amount if kind == "CreditMemo" else min(amount, left)
        left -= -part if kind == "CreditMemo" else part
        yield kind, qbo_id, part


def delete_body(qbo_id: str, sync_token: str) -> Body:
    """Return the body of a deletion: never an object that was read, which QuickBooks may refuse."""
    return {"Id": qbo_id, "SyncToken": sync_token}


def in_dollars(entity: str, action: str, body: Body) -> Body:
    """Return the body as a company with several currencies wants it: each document and each new Customer says US dollars.

    QuickBooks would take a document that says nothing in its Customer's currency, whichever that is. Source: bookkeeping decision 22.
    """
    new_customer = entity == "Customer" and action == "create"
    written = entity in _DOCUMENTS and action in ("create", "update")
    return body | {"CurrencyRef": {"value": "USD"}} if new_customer or written else body


def batch_body(items: Iterable[tuple[str, str, str, Body]]) -> str:
    """Return the frozen batch of (b_id, operation, entity name, body). At most 30 items; b_ids are unique, at most 10 long."""
    entries = [{"bId": b_id, "operation": operation, entity: body} for b_id, operation, entity, body in items]
    names = [entry["bId"] for entry in entries]
    if not 1 <= len(entries) <= BATCH_SIZE:
        raise ValueError(f"A batch holds 1 to {BATCH_SIZE} items, not {len(entries)}.")
    if len(set(names)) != len(names) or any(not 1 <= len(name) <= _B_ID_LENGTH for name in names):
        raise ValueError(f"Every b_id must be unique and have 1 to {_B_ID_LENGTH} characters: {names}")
    return frozen({"BatchItemRequest": entries})


def frozen(content: Any) -> str:
    """Return `content` as JSON text that is the same for equal content: ASCII, keys in order, Decimal as a number with cents.

    Raises:
        ValueError: an amount is not whole cents.
        TypeError: a float or another type that has no exact JSON form here.
    """
    match content:
        case Decimal():
            return _number(content)
        case dict():
            parts = (f"{json.dumps(name)}:{frozen(content[name])}" for name in sorted(content))
            return "{" + ",".join(parts) + "}"
        case list() | tuple():
            return "[" + ",".join(frozen(part) for part in content) + "]"
        case str() | bool() | int() | None:
            return json.dumps(content)
    raise TypeError(f"{type(content).__name__} cannot be frozen; use Decimal for amounts and text for dates.")


def _number(amount: Decimal) -> str:
    cents = amount.quantize(Decimal("0.01"))
    if cents != amount:
        raise ValueError(f"{amount} is not whole cents.")
    return f"{cents:f}"


def _line(line: DesiredLine, item_ids: Mapping[str, str]) -> Body:
    if line.item not in item_ids:
        raise RuleError(f"No Item in QuickBooks is known for {line.item!r}.")
    return _without_empty(
        {
            "Amount": line.amount,
            "DetailType": "SalesItemLineDetail",
            "Description": line.description,
            "SalesItemLineDetail": {
                "ItemRef": {"value": item_ids[line.item]},
                "Qty": 1,
                "UnitPrice": line.amount,
                "TaxCodeRef": {"value": "NON"},
                **({"ClassRef": {"value": line.class_id}} if line.class_id else {}),
            },
        }
    )


def _sparse(body: Body, sync: Sync | None) -> Body:
    """The body of a creation without empty values; or of a sparse update, where an empty text empties the field."""
    if sync is None:
        return _without_empty(body)
    qbo_id, sync_token = sync
    kept = {name: value for name, value in body.items() if value is not None}
    return {"Id": qbo_id, "SyncToken": sync_token, "sparse": True, **kept}


def _without_empty(body: Body) -> Body:
    return {name: value for name, value in body.items() if value is not None and value != ""}
