"""Whether a document or name in QuickBooks still says what we wrote, field by field. What to do about it is not decided here.

Only fields that we write are compared; of those `drifted` takes what is money. What QuickBooks adds or moves by itself (SyncToken,
Balance, subtotals, a credit that it applies to another Invoice) is left out. Whether a Customer or Item stands elsewhere because people merged two
names is not decided here either; `places` and `renamed` say and follow it.
"""

from collections import Counter
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
    ("Email", ("PrimaryEmailAddr", "Address")),
    ("Phone", ("PrimaryPhone", "FreeFormNumber")),
    ("Mobile", ("Mobile", "FreeFormNumber")),
    ("Customer", ("CustomerRef", "value")),
    ("Number", ("DocNumber",)),
    ("Date", ("TxnDate",)),
    ("Due date", ("DueDate",)),
    ("Payment method", ("PaymentMethodRef", "value")),
    ("Reference", ("PaymentRefNum",)),
    ("Deposit to", ("DepositToAccountRef", "value")),
    ("Email", ("BillEmail", "Address")),
    ("Class", ("ClassRef", "value")),
    ("Location", ("DepartmentRef", "value")),
    ("Message to the customer", ("CustomerMemo", "value")),
    ("Memo", ("PrivateNote",)),
)

Named = tuple[str, str]
"""A kind (Customer or Item) and a QuickBooks id."""

_PLACES = {"CustomerRef": "Customer", "ItemRef": "Item"}

_SALES_LINE, _DISCOUNT_LINE = "SalesItemLineDetail", "DiscountLineDetail"
_MONEY = frozenset({"Customer", "Date", "Due date", "Lines", "Applied to", "Total"})


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
            found.append((label, text(at(wrote, path)), text(at(entity, path))))
    if "Line" in wrote:
        found += _lines("Lines", wrote, entity, _sales_line)
        if any(_class(line) for line in wrote["Line"]):
            found += _lines("Classes", wrote, entity, _class)
        found += _applied(wrote, entity)
    ours, theirs = _total(wrote), cents(entity.get("TotalAmt"))
    if ours is not None:
        found.append(("Total", f"{ours:.2f}", f"{theirs:.2f}"))
    return [(label, ours, theirs) for label, ours, theirs in found if ours != theirs]


def drifted(wrote: Mapping[str, Any], entity: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return the differences that are drift: an amount, a date, the Customer or an Item of ours was changed (decision 20).

    Lines may stand in another order and say something else; lines of others that carry no money are none of ours.
    """
    sale = any(line.get("DetailType") for line in wrote.get("Line") or ())
    looked_at = _MONEY - ({"Applied to"} if sale else set())
    if _same_worth(wrote, entity):
        looked_at -= {"Lines"}
    return [one for one in differs(wrote, entity) if one[0] in looked_at]


def carries_money(line: Mapping[str, Any]) -> bool:
    """Whether the line, or one inside of it, has an amount, or takes a share of the others'."""
    return any(cents(one.get("Amount")) or _percent(one) for one in every_line([line]))


def _same_worth(wrote: Mapping[str, Any], entity: Mapping[str, Any]) -> bool:
    """Whether each line of ours is there with its Item and amount, and no other one carries money."""
    ours, theirs = (
        Counter(
            (at(line, (_SALES_LINE, "ItemRef", "value")), cents(line.get("Amount")), _percent(line))
            for line in every_line(side.get("Line"))
            if line.get("DetailType") in (_SALES_LINE, _DISCOUNT_LINE)
        )
        for side in (wrote, entity)
    )
    return not ours - theirs and not any(amount or percent for _, amount, percent in theirs - ours)


def _percent(line: Mapping[str, Any]) -> Decimal:
    return cents(at(line, (_DISCOUNT_LINE, "DiscountPercent")))


def _lines(
    label: str,
    wrote: Mapping[str, Any],
    entity: Mapping[str, Any],
    describe: Callable[[Mapping[str, Any]], str | None],
) -> list[tuple[str, str, str]]:
    ours, theirs = (
        [said for line in every_line(side.get("Line")) if (said := describe(line)) is not None]
        for side in (wrote, entity)
    )
    return [(label, "\n".join(ours), "\n".join(theirs))]


def _sales_line(line: Mapping[str, Any]) -> str | None:
    if line.get("DetailType") == _DISCOUNT_LINE:
        return f"Discount: {cents(line.get('Amount')):.2f}"
    if line.get("DetailType") != _SALES_LINE:
        return None
    item = at(line, ("SalesItemLineDetail", "ItemRef", "value"))
    return f"Item {text(item)}, {text(line.get('Description'))}: {cents(line.get('Amount')):.2f}"


def _class(line: Mapping[str, Any]) -> str | None:
    found = at(line, ("SalesItemLineDetail", "ClassRef", "value"))
    return f"Class {text(found)}" if found else None


def _applied(wrote: Mapping[str, Any], entity: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What a Payment pays has changed when less goes where we put it; what else it pays besides, QuickBooks may have moved by itself."""
    ours, theirs = links(wrote), links(entity)
    if all(theirs.get(link, Decimal(0)) >= amount for link, amount in ours.items()):
        return []
    return [("Applied to", _say_links(ours), _say_links(theirs))]


def links(body: Mapping[str, Any]) -> dict[str, Decimal]:
    """Return how much a Payment applies, by "Invoice 145"."""
    found: dict[str, Decimal] = {}
    for line in body.get("Line") or ():
        links = sorted(f"{link.get('TxnType')} {link.get('TxnId')}" for link in line.get("LinkedTxn") or [])
        if links:
            named = ", ".join(links)
            found[named] = found.get(named, Decimal(0)) + cents(line.get("Amount"))
    return found


def _say_links(applied: Mapping[str, Decimal]) -> str:
    return "\n".join(f"{named}: {amount:.2f}" for named, amount in applied.items())


def _total(wrote: Mapping[str, Any]) -> Decimal | None:
    if "TotalAmt" in wrote:
        return cents(wrote["TotalAmt"])
    if "Line" in wrote:
        return sum((cents(line.get("Amount")) for line in wrote["Line"]), Decimal("0.00"))
    return None


def at(content: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """Return what stands at this path, None where there is nothing."""
    found: Any = content
    for name in path:
        found = (found or {}).get(name)
    return found


def text(value: Any) -> str:
    """Text as QuickBooks keeps it: single line ends, no white space around."""
    return str(value if value is not None else "").replace("\r\n", "\n").replace("\r", "\n").strip()


def cents(value: Any) -> Decimal:
    """Return an amount of QuickBooks, however it is written, in dollars and cents."""
    return Decimal(str(value or 0)).quantize(Decimal("0.01"))


def named(body: Mapping[str, Any]) -> list[Named]:
    """Return what a document names: its Customer, then the Item of each sales line, in order."""
    return list(_named(body))


def places(wrote: Mapping[str, Any], entity: Mapping[str, Any]) -> list[tuple[Named, str]]:
    """Return each Customer and Item that the body we wrote names, with the id that QuickBooks shows in that very place.

    Lines are told by their order; where they are more or fewer than ours, only the Customer is compared.
    """
    ours, theirs = named(wrote), named(entity)
    if len(ours) != len(theirs):
        ours, theirs = ours[:1], theirs[:1]
    return [(mine, there) for mine, (_, there) in zip(ours, theirs, strict=True) if mine[1] and there]


def renamed(body: Any, replaced: Named, by: str) -> Any:
    """Return a copy of the body that names `by` wherever it named `replaced`."""
    if isinstance(body, list):
        return [renamed(part, replaced, by) for part in body]
    if not isinstance(body, dict):
        return body
    return {
        name: {"value": by}
        if _PLACES.get(name) == replaced[0] and (part or {}).get("value") == replaced[1]
        else renamed(part, replaced, by)
        for name, part in body.items()
    }


def _named(body: Mapping[str, Any]) -> Iterator[Named]:
    yield ("Customer", str((body.get("CustomerRef") or {}).get("value") or ""))
    for line in every_line(body.get("Line")):
        item = ((line.get("SalesItemLineDetail") or {}).get("ItemRef") or {}).get("value")
        if item:
            yield ("Item", str(item))
