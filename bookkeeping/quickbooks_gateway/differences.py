"""Whether a document or name in QuickBooks still says what we wrote, field by field. What to do about it is not decided here.

Only fields that we write are compared. What QuickBooks adds or moves by itself (SyncToken, Balance, links, subtotals) is left out.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

BUNDLE = "GroupLineDetail"
"""A bundle on a sale: a line whose own amount is zero, with the lines sold inside of it."""

_FIELDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Name", ("DisplayName",)),
    ("Name", ("Name",)),
    ("First name", ("GivenName",)),
    ("Last name", ("FamilyName",)),
    ("E-mail", ("PrimaryEmailAddr", "Address")),
    ("Phone", ("PrimaryPhone", "FreeFormNumber")),
    ("Mobile", ("Mobile", "FreeFormNumber")),
    ("Customer", ("CustomerRef", "value")),
    ("Number", ("DocNumber",)),
    ("Date", ("TxnDate",)),
    ("Due date", ("DueDate",)),
    ("Payment method", ("PaymentMethodRef", "value")),
    ("Reference", ("PaymentRefNum",)),
    ("Deposit to", ("DepositToAccountRef", "value")),
    ("E-mail", ("BillEmail", "Address")),
    ("Class", ("ClassRef", "value")),
    ("Location", ("DepartmentRef", "value")),
    ("Message to the customer", ("CustomerMemo", "value")),
    ("Memo", ("PrivateNote",)),
)


def every_line(lines: Iterable[Mapping[str, Any]] | None) -> Iterator[Mapping[str, Any]]:
    """Yield each line, and after a bundle the lines inside of it."""
    for line in lines or ():
        yield line
        if line.get("DetailType") == BUNDLE or line.get(BUNDLE):
            yield from every_line((line.get(BUNDLE) or {}).get("Line"))


def differs(wrote: Mapping[str, Any], entity: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return (field label, ours, theirs) for every field of the body we wrote that QuickBooks shows otherwise; empty if none.

    A field that our body does not carry is not ours, so it is not compared. `wrote` may be read back from a frozen body.
    """
    found = []
    for label, path in _FIELDS:
        if path[0] in wrote:
            found.append((label, _text(_at(wrote, path)), _text(_at(entity, path))))
    if "Line" in wrote:
        found += _lines("Lines", wrote, entity, _sales_line)
        if any(_class(line) for line in wrote["Line"]):
            found += _lines("Classes", wrote, entity, _class)
        found += _lines("Applied to", wrote, entity, _applied_line)
    ours, theirs = _total(wrote), _cents(entity.get("TotalAmt"))
    if ours is not None:
        found.append(("Total", f"{ours:.2f}", f"{theirs:.2f}"))
    return [(label, ours, theirs) for label, ours, theirs in found if ours != theirs]


def _lines(
    label: str,
    wrote: Mapping[str, Any],
    entity: Mapping[str, Any],
    describe: Callable[[Mapping[str, Any]], str | None],
) -> list[tuple[str, str, str]]:
    ours, theirs = (
        [text for line in every_line(side.get("Line")) if (text := describe(line)) is not None]
        for side in (wrote, entity)
    )
    return [(label, "\n".join(ours), "\n".join(theirs))]


def _sales_line(line: Mapping[str, Any]) -> str | None:
    if line.get("DetailType") == "DiscountLineDetail":
        return f"Discount: {_cents(line.get('Amount')):.2f}"
    if line.get("DetailType") != "SalesItemLineDetail":
        return None
    item = _at(line, ("SalesItemLineDetail", "ItemRef", "value"))
    return f"Item {_text(item)}, {_text(line.get('Description'))}: {_cents(line.get('Amount')):.2f}"


def _class(line: Mapping[str, Any]) -> str | None:
    found = _at(line, ("SalesItemLineDetail", "ClassRef", "value"))
    return f"Class {_text(found)}" if found else None


def _applied_line(line: Mapping[str, Any]) -> str | None:
    links = sorted(f"{link.get('TxnType')} {link.get('TxnId')}" for link in line.get("LinkedTxn") or [])
    return f"{', '.join(links)}: {_cents(line.get('Amount')):.2f}" if links else None


def _total(wrote: Mapping[str, Any]) -> Decimal | None:
    if "TotalAmt" in wrote:
        return _cents(wrote["TotalAmt"])
    if "Line" in wrote:
        return sum((_cents(line.get("Amount")) for line in wrote["Line"]), Decimal("0.00"))
    return None


def _at(content: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    found: Any = content
    for name in path:
        found = (found or {}).get(name)
    return found


def _text(value: Any) -> str:
    """Text as QuickBooks keeps it: single line ends, no white space around."""
    return str(value if value is not None else "").replace("\r\n", "\n").replace("\r", "\n").strip()


def _cents(value: Any) -> Decimal:
    return Decimal(str(value or 0)).quantize(Decimal("0.01"))
