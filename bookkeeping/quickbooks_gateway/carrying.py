"""What others put on our documents, carried over into what we write, so that it stays (decision 20).

QuickBooks replaces the lines of a document as a whole, and a line is what is sent of it and nothing else: an update that knew only ours
would wipe out a bookkeeper's work. Three sides are put together: what we want now, what we wrote last, and the document as it was read
after somebody else had moved it. Nothing is read or sent here; whether a change is drift instead is `differences`.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from bookkeeping.quickbooks_gateway.differences import at, carries_money, cents, every_line, links, text
from bookkeeping.quickbooks_gateway.reading import money, plain
from bookkeeping.rules.text import PRIVATE_NOTE_LIMIT

Body = dict[str, Any]
Line = Mapping[str, Any]

_SUBTOTAL = "SubTotalLineDetail"
_NO_MONEY: tuple[tuple[str, ...], ...] = (
    ("DocNumber",),
    ("PrivateNote",),
    ("CustomerMemo", "value"),
    ("BillEmail", "Address"),
    ("ClassRef", "value"),
    ("DepartmentRef", "value"),
    ("PaymentMethodRef", "value"),
    ("PaymentRefNum",),
    ("DepositToAccountRef", "value"),
)
"""Fields that we write and that a person may change: their value stays, and is no drift. Amounts, dates and the Customer are not here."""

_NOTE = ("PrivateNote",)
_VOIDED = re.compile(r"voided\b[\s:.-]*", re.IGNORECASE)
_SOLD = "SalesItemLineDetail"
_ACCOUNT = "DepositToAccountRef"
_NO_MONEY_ON_LINES = ("TaxCodeRef", "ClassRef", "Qty", "UnitPrice")
_OF_QUICKBOOKS = frozenset(
    {"LineNum", "LineEx", "ItemAccountRef", "DiscountRate", "DiscountAmt", "TaxInclusiveAmt"}
)
"""What of a line is not sent back: QuickBooks sets it by itself, or it would change the amount that we send."""


def carried_over(ours: Body, before: Mapping[str, Any], read: Mapping[str, Any] | None) -> tuple[Body, Body]:
    """Return the update to send, and ours alone of it, its lines by their Ids in both.

    `ours` is the whole update as the inspection wants it, `before` what we wrote last (see `as_taken`), `read` the document as somebody
    else left it, None where it is as we left it. A field that a person changed and that is no money is not sent. A line of ours keeps
    what a person added to it; lines that are not ours stay where they stand, unless they carry money: those come here only when a
    person chose to restore ours.
    """
    kept = {path[0] for path in _NO_MONEY if read is not None and _of_a_person(path, ours, before, read)}
    send = {name: value for name, value in ours.items() if name not in kept}
    if "PrivateNote" in kept and read is not None and _voided(read):
        send["PrivateNote"] = _before_voiding(read)
    if not _has_sales_lines(ours):
        return send, ours
    last = before.get("Line") or []
    now = last if read is None else read.get("Line") or []
    send["Line"], own = _lines(ours["Line"], last, now)
    return send, {**ours, "Line": own}


def carried_from(ours: Body, receipt: Mapping[str, Any]) -> Body:
    """Return the new Invoice with what was put on the lines of the SalesReceipt that it takes the place of.

    The service date and the description go along, and the Class where ours has none by choice; what all lines of the receipt share,
    also to a line that is on none of them. The sums are ours.
    """
    sold = [line for line in every_line(receipt.get("Line")) if line.get(_SOLD)]
    pairs = _pairs(ours["Line"], sold, (*_ALIKE, lambda line: money(line.get("Amount"))))
    shared = _shared([_put_on(line) for line in sold])
    lines = [
        _from_receipt(line, _put_on(sold[pairs[n]]), sold[pairs[n]].get("Description"))
        if n in pairs
        else _from_receipt(line, shared, None)
        for n, line in enumerate(ours["Line"])
    ]
    return {**ours, "Line": lines}


def as_taken(
    ours: Body, sent: Mapping[str, Any], entity: Mapping[str, Any], before: Mapping[str, Any]
) -> Body:
    """Return what to know as written: ours alone with the Ids of its lines, in the words of QuickBooks' answer.

    What QuickBooks made of ours in taking it (a tax, a text it cut, an account it chose) must not look like a person's doing later.
    `before` is what was known as written until now, {} for a new document.
    """
    if "TotalAmt" not in entity:
        return ours
    taken = {name: entity.get(name) if sent.get(name) == value else value for name, value in ours.items()}
    for name in ("Id", "SyncToken", "sparse"):
        taken.pop(name, None)
    chosen = before.get(_ACCOUNT) or entity.get(_ACCOUNT)
    if _ACCOUNT not in taken and chosen:
        taken[_ACCOUNT] = chosen
    taken["TotalAmt"] = entity["TotalAmt"]
    if _has_sales_lines(ours):
        taken["Line"] = _lines_as_taken(ours["Line"], sent["Line"], entity.get("Line") or [])
    elif "Line" in ours:
        taken["Line"] = _links_as_taken(ours["Line"], entity)
    return cast(Body, plain(taken))


def _links_as_taken(ours: Sequence[Line], entity: Mapping[str, Any]) -> list[Line]:
    """Return what a Payment pays as we put it, with no more than QuickBooks applied.

    More, applied by QuickBooks itself in the same moment, is not ours: it may take that away again by itself.
    """
    applied = links(entity)
    return [
        {**line, "Amount": min(cents(line.get("Amount")), applied.get(link, Decimal(0)))}
        for line in ours
        for link in links({"Line": [line]})
    ]


def with_line_ids(before: Mapping[str, Any], read: Mapping[str, Any]) -> Body:
    """Return what we wrote last with the Ids that its lines have in the document as read; what has one keeps it."""
    if not _has_sales_lines(before):
        return dict(before)
    lines: list[Line] = read.get("Line") or []
    pairs = _pairs(before["Line"], lines)
    found = [
        {**line, **({"Id": lines[pairs[n]]["Id"]} if n in pairs and lines[pairs[n]].get("Id") else {})}
        for n, line in enumerate(before["Line"])
    ]
    return {**before, "Line": found}


def ids_known(before: Mapping[str, Any]) -> bool:
    """Whether each line that we wrote last is known by its Id, so that an update needs no look at the document."""
    return not _has_sales_lines(before) or all(line.get("Id") for line in before["Line"])


def others_put_on(before: Body, entity: Mapping[str, Any]) -> bool:
    """Whether the document has anything of others that an update would carry over."""
    send, own = carried_over(before, before, entity)
    return bool(plain(send) != plain(own))


def _has_sales_lines(body: Mapping[str, Any]) -> bool:
    """A Payment's lines say what it is applied to: those are ours as a whole."""
    return any(line.get("DetailType") for line in body.get("Line") or ())


def _of_a_person(
    path: tuple[str, ...], ours: Mapping[str, Any], before: Mapping[str, Any], read: Mapping[str, Any]
) -> bool:
    """Whether the document shows another value than we wrote last. An address of the client before is nobody's choice for the next."""
    theirs = text(at(read, path))
    if path[0] == "BillEmail" and text(at(ours, ("CustomerRef", "value"))) != text(
        at(before, ("CustomerRef", "value"))
    ):
        return False
    last = text(at(before, path))
    if path == _NOTE and _voided(
        read
    ):  # QuickBooks' own mark goes with the voiding; what stands behind it may be a person's.
        whole, theirs = len(theirs) < PRIVATE_NOTE_LIMIT, _before_voiding(read)
        return theirs not in ("", last) if whole else not last.startswith(theirs)
    return theirs != last


def _voided(read: Mapping[str, Any]) -> bool:
    return not cents(read.get("TotalAmt")) and _VOIDED.match(text(at(read, _NOTE))) is not None


def _before_voiding(read: Mapping[str, Any]) -> str:
    """Return the note of a voided document without the mark that QuickBooks wrote in front of it."""
    return _VOIDED.sub("", text(at(read, _NOTE)), count=1)


def _lines(ours: Sequence[Body], last: Sequence[Line], now: Sequence[Line]) -> tuple[list[Body], list[Body]]:
    """Return the lines to send, and ours alone. Both are in our order, but for lines to send that somebody else put in another."""
    standing = {line["Id"]: line for line in now if line.get("Id")}
    pairs = {n: last[m] for n, m in _pairs(ours, last).items() if last[m].get("Id") in standing}
    own = [{**line, **({"Id": pairs[n]["Id"]} if n in pairs else {})} for n, line in enumerate(ours)]
    filled = {
        line["Id"]: _filled(line, pairs[n], standing[line["Id"]]) for n, line in enumerate(own) if n in pairs
    }
    ids_of_ours = [line["Id"] for line in last if line.get("Id")]
    theirs = [line for line in now if now is not last and _of_others(line, set(ids_of_ours))]
    if [line["Id"] for line in now if line.get("Id") in ids_of_ours] == [
        one for one in ids_of_ours if one in standing
    ]:
        return _among_ours(
            [filled[line["Id"]] if n in pairs else line for n, line in enumerate(own)], now, theirs
        ), own
    send: list[Body] = []
    for line in now:
        if line.get("Id") in filled:
            send.append(filled[line["Id"]])
        elif line in theirs:
            send.append(_sendable(line))
    for n, line in enumerate(own):
        if n not in pairs:
            send.insert(_place_after(send, own[n - 1] if n else None), line)
    return send, own


def _among_ours(send: list[Body], now: Sequence[Line], theirs: Sequence[Line]) -> list[Body]:
    """Put the lines of others where they stand: each after what it follows now and what we add there, the first ones first."""
    added = [id(line) for line in send if not line.get("Id")]
    place = next((n for n, line in enumerate(send) if id(line) not in added), len(send))
    for line in now:
        ids = [one.get("Id") for one in send]
        if line in theirs:
            send.insert(place, _sendable(line))
            place += 1
        elif line.get("Id") and line["Id"] in ids:
            place = ids.index(line["Id"]) + 1
            while place < len(send) and id(send[place]) in added:
                place += 1
    return send


def _of_others(line: Line, ids_of_ours: set[str]) -> bool:
    """Whether it is a line of somebody else's that may stay. QuickBooks gives some kinds of lines no Id; we write none of them."""
    return (
        line.get("DetailType") != _SUBTOTAL and line.get("Id") not in ids_of_ours and not carries_money(line)
    )


def _place_after(send: Sequence[Line], line: Line | None) -> int:
    """Return the place right after that line of ours; the first one when there is none before it."""
    ids = [one.get("Id") or id(one) for one in send]
    return 0 if line is None else ids.index(line.get("Id") or id(line)) + 1


def _filled(ours: Line, before: Line, now: Line) -> Body:
    """Return our line with what a person put on it."""
    if now.get("DetailType") != ours["DetailType"]:
        return dict(ours)
    line = {**_sendable(now), **ours}
    if text(now.get("Description")) != text(before.get("Description")):
        line["Description"] = now.get("Description") or ""
    kind = ours["DetailType"]
    wanted, was, shown = (side.get(kind) or {} for side in (ours, before, now))
    if not wanted:
        return line
    same_amount = money(ours.get("Amount")) == money(now.get("Amount"))
    detail = {**_sendable(shown), **wanted}
    for name in _NO_MONEY_ON_LINES:
        by_a_person = _value(shown.get(name)) != _value(was.get(name))
        if by_a_person and (same_amount or name.endswith("Ref")):
            detail[name] = shown.get(name)
        elif name not in wanted:
            detail.pop(name, None)
    line[kind] = {name: value for name, value in detail.items() if value is not None}
    return line


def _sendable(part: Line) -> Body:
    """Return it without what QuickBooks sets by itself, and without what is empty."""
    return {
        name: value
        for name, value in part.items()
        if name not in _OF_QUICKBOOKS and value not in (None, "", [], {})
    }


def _put_on(sold: Line) -> Body:
    return {name: sold[_SOLD][name] for name in ("ServiceDate", "ClassRef") if sold[_SOLD].get(name)}


def _shared(each: Sequence[Body]) -> Body:
    first = each[0] if each else {}
    return {name: value for name, value in first.items() if all(one.get(name) == value for one in each)}


def _from_receipt(ours: Body, put: Body, description: str | None) -> Body:
    if _SOLD not in ours:
        return ours
    said = {"Description": description} if description else {}
    return {**ours, **said, _SOLD: {**put, **ours[_SOLD]}}


def _lines_as_taken(ours: Sequence[Line], sent: Sequence[Line], stored: Sequence[Line]) -> list[Body]:
    went = {line["Id"]: line for line in sent if line.get("Id")}
    # A new document is sent line by line as ours, so that there the place tells which is which.
    sides = [went.get(line.get("Id"), line) for line in ours] if went or len(sent) != len(ours) else sent
    pairs = _pairs(sides, stored)
    return [
        _line_as_taken(line, sides[n], stored[pairs[n]] if n in pairs else line)
        for n, line in enumerate(ours)
    ]


def _line_as_taken(ours: Line, sent: Line, entity: Line) -> Body:
    """Return our line as QuickBooks has it, without what others put on it."""
    taken = {name: entity.get(name) if sent.get(name) == value else value for name, value in ours.items()}
    kind = ours["DetailType"]
    if kind in ours:
        wanted, shown, went = (side.get(kind) or {} for side in (ours, entity, sent))
        taken[kind] = {
            name: shown.get(name, value) if went.get(name) == value else value
            for name, value in wanted.items()
        }
    if entity.get("Id"):
        taken["Id"] = entity["Id"]
    return taken


def _pairs(
    ours: Sequence[Line], others: Sequence[Line], features: Iterable[Callable[[Line], Any]] = ()
) -> dict[int, int]:
    """Return which of the other lines is which of ours, by position: the same Id, or else what is most alike.

    A line that has nothing in common but its amount or its Item is another one.
    """
    found: dict[int, int] = {}
    for feature in features or _ALIKE:
        free: dict[Any, list[int]] = {}
        for m, line in enumerate(others):
            if m not in found.values() and line.get("DetailType") != _SUBTOTAL:
                free.setdefault(feature(line), []).append(m)
        for n, line in enumerate(ours):
            same = free.get(feature(line)) if n not in found and feature(line) is not None else None
            if same:
                found[n] = same.pop(0)
    return found


def _item(line: Line) -> str:
    return text(at(line, ("SalesItemLineDetail", "ItemRef", "value")))


def _said(line: Line) -> str:
    return text(line.get("Description")).casefold()


_ALIKE: Iterable[Callable[[Line], Any]] = (
    lambda line: line.get("Id"),
    lambda line: (line["DetailType"], _item(line), _said(line), money(line.get("Amount"))),
    lambda line: (line["DetailType"], _item(line), _said(line)) if _said(line) else None,
    lambda line: (line["DetailType"], _said(line)) if _said(line) else None,
    lambda line: (_item(line), money(line.get("Amount"))) if _item(line) else None,
)


def _value(of: Any) -> Any:
    """What a value on a line comes to, however it is written: a reference by its id, a number by its worth."""
    of = of.get("value") if isinstance(of, Mapping) else of
    try:
        return Decimal(str(of))
    except InvalidOperation:
        return of or ""
