"""SalesReceipts of the earlier integration: understood for the migration, and laid out so that one can be entered again by hand."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from bookkeeping.quickbooks_gateway.answers import readable
from bookkeeping.quickbooks_gateway.differences import BUNDLE, every_line
from bookkeeping.quickbooks_gateway.reading import money, seen
from bookkeeping.rules.migration import Part, Receipt

_NOT_CONTENT = {
    "SyncToken",
    "MetaData",
    "LinkedTxn",
    "domain",
    "sparse",
    "PrintStatus",
    "EmailStatus",
    "DeliveryInfo",
    "time",
}
"""What QuickBooks moves by itself, or what printing, mailing and depositing a receipt moves."""

COPY_COLUMNS = (
    "receipt_id",
    "inspection_id",
    "number",
    "date",
    "customer",
    "customer_id",
    "email",
    "billing_address",
    "payment_method",
    "reference",
    "deposit_to",
    "message",
    "memo",
    "line",
    "line_kind",
    "item",
    "description",
    "quantity",
    "rate",
    "amount",
    "tax_code",
    "sales_tax",
    "total",
)


@readable
def receipt_of(entity: Mapping[str, Any]) -> Receipt:
    """Return a SalesReceipt as QuickBooks shows it in the migration's words."""
    shown = seen("SalesReceipt", entity)
    deposit_id = next((qbo_id for kind, qbo_id in shown.links if kind == "Deposit"), "")
    return Receipt(
        receipt_id=shown.qbo_id,
        content_hash=content_hash(entity),
        doc_number=shown.doc_number,
        txn_date=shown.txn_date or date.min,
        total=shown.total,
        tax=money((entity.get("TxnTaxDetail") or {}).get("TotalTax")),
        customer_id=shown.customer_id,
        customer_name=shown.customer_name,
        account_id=shown.deposit_account_id,
        account_name=(entity.get("DepositToAccountRef") or {}).get("name") or "",
        sync_token=shown.sync_token,
        edits=int(shown.sync_token or 0),  # A Deposit moves no token: any movement is an edit.
        deposit_id=deposit_id,
        voided=shown.voided,
        tags=_tags(entity),
        parts=tuple(_parts(entity)),
    )


def content_hash(entity: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a person can change on it. Names of what it refers to are left out: they change elsewhere."""
    content = {name: value for name, value in entity.items() if name not in _NOT_CONTENT}
    return hashlib.sha256(json.dumps(_canonical(content), sort_keys=True).encode()).hexdigest()


def copy_of(entity: Mapping[str, Any]) -> str:
    """Return the whole receipt as JSON text, every number as QuickBooks wrote it."""
    return json.dumps(entity, sort_keys=True, default=lambda value: float(value))


def copy_lines(inspection_key: str, entity: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Yield one row for each line of a kept copy, with everything that the form in QuickBooks asks for. Keys: COPY_COLUMNS.

    A bundle is a row of its own, of kind Group, before the rows of the lines inside of it.
    """
    head = {
        "receipt_id": str(entity.get("Id", "")),
        "inspection_id": inspection_key,
        "number": entity.get("DocNumber", ""),
        "date": entity.get("TxnDate", ""),
        "customer": _name(entity, "CustomerRef"),
        "customer_id": _value(entity, "CustomerRef"),
        "email": (entity.get("BillEmail") or {}).get("Address", ""),
        "billing_address": _address(entity.get("BillAddr") or {}),
        "payment_method": _name(entity, "PaymentMethodRef") or _value(entity, "PaymentMethodRef"),
        "reference": entity.get("PaymentRefNum", ""),
        "deposit_to": _name(entity, "DepositToAccountRef") or _value(entity, "DepositToAccountRef"),
        "message": (entity.get("CustomerMemo") or {}).get("value", ""),
        "memo": entity.get("PrivateNote", ""),
        "sales_tax": f"{money((entity.get('TxnTaxDetail') or {}).get('TotalTax')):.2f}",
        "total": f"{money(entity.get('TotalAmt')):.2f}",
    }
    for line in every_line(entity.get("Line")):
        kind = line.get("DetailType", "")
        if kind == "SubTotalLineDetail":
            continue
        detail = line.get(kind) or {}
        item = "GroupItemRef" if kind == BUNDLE else "ItemRef"
        yield head | {
            "line": str(line.get("LineNum", "")),
            "line_kind": kind.removesuffix("LineDetail"),
            "item": _name(detail, item) or _value(detail, item),
            "description": line.get("Description", ""),
            "quantity": _number(detail.get("Quantity" if kind == BUNDLE else "Qty")),
            "rate": _number(detail.get("UnitPrice")),
            "amount": f"{money(line.get('Amount')):.2f}" if "Amount" in line else "",
            "tax_code": _value(detail, "TaxCodeRef"),
        }


def _canonical(value: Any) -> Any:
    match value:
        case Mapping():
            is_reference = "value" in value and set(value) <= {"value", "name", "type"}
            return {
                name: _canonical(part)
                for name, part in value.items()
                if not (is_reference and name != "value")
            }
        case list() | tuple():
            return [_canonical(part) for part in value]
        case bool():
            return value
        case int() | float() | Decimal():
            return f"{Decimal(str(value)).normalize():f}"
    return value


def _parts(entity: Mapping[str, Any]) -> Iterator[Part]:
    """Yield what the receipt's lines and QuickBooks' own sales tax come to, each with what says where it is booked."""
    for line in every_line(entity.get("Line")):
        amount = money(line.get("Amount"))
        if line.get("DetailType") == "SalesItemLineDetail":
            detail = line.get("SalesItemLineDetail") or {}
            yield Part("item", _value(detail, "ItemRef"), _name(detail, "ItemRef"), amount)
        elif line.get("DetailType") == "DiscountLineDetail":
            detail = line.get("DiscountLineDetail") or {}
            account = _value(detail, "DiscountAccountRef"), _name(detail, "DiscountAccountRef")
            yield Part("discount", *account, -amount)
    tax = entity.get("TxnTaxDetail") or {}
    total = money(tax.get("TotalTax"))
    for line in tax.get("TaxLine") or ():
        detail, amount = line.get("TaxLineDetail") or {}, money(line.get("Amount"))
        rate = f"{_number(detail.get('TaxPercent')) or '?'} %"
        total -= amount
        yield Part("tax", _value(detail, "TaxRateRef"), _name(detail, "TaxRateRef") or rate, amount)
    if total:
        yield Part("tax", "", "", total)


def _tags(entity: Mapping[str, Any]) -> str:
    """Class and location: reports by them do not follow to the Invoice by themselves."""
    holders = [entity, *(line.get("SalesItemLineDetail") or {} for line in every_line(entity.get("Line")))]
    found = [
        _name(holder, ref) or _value(holder, ref)
        for holder in holders
        for ref in ("ClassRef", "DepartmentRef")
    ]
    return ", ".join(dict.fromkeys(tag for tag in found if tag))


def _name(entity: Mapping[str, Any], reference: str) -> str:
    return (entity.get(reference) or {}).get("name") or ""


def _value(entity: Mapping[str, Any], reference: str) -> str:
    return (entity.get(reference) or {}).get("value") or ""


def _number(value: Any) -> str:
    return "" if value is None else f"{Decimal(str(value)):f}"


def _address(place: Mapping[str, Any]) -> str:
    names = (
        "Line1",
        "Line2",
        "Line3",
        "Line4",
        "Line5",
        "City",
        "CountrySubDivisionCode",
        "PostalCode",
        "Country",
    )
    return ", ".join(str(place[name]) for name in names if place.get(name))
