"""The details of a body that are not money: which of them a refusal can be about, and the body without them.

Amounts, dates, Customers, Items, accounts and links are none: without those a document says something else. Whether and how often a
body is sent again is not decided here. Source: bookkeeping decision 21.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from bookkeeping.errors import PermanentError
from bookkeeping.rules.references import only_mark

Body = dict[str, Any]


@dataclass(frozen=True)
class Detail:
    """One detail. `label` is what people call it, `field` QuickBooks' property; a `text` may be refused for its letters or length."""

    label: str
    field: str
    text: bool = False
    lines: bool = False  # On each sales line as well.
    listed: str = ""  # The list that it is chosen from.


EMAIL = Detail("Email", "PrimaryEmailAddr", text=True)
BILL_EMAIL = Detail("Email", "BillEmail", text=True)
PHONE = Detail("Phone", "PrimaryPhone", text=True)
MOBILE = Detail("Mobile", "Mobile", text=True)
CLASS = Detail("Class", "ClassRef", lines=True, listed="Class")
LOCATION = Detail("Location", "DepartmentRef", listed="Department")
METHOD = Detail("Payment method", "PaymentMethodRef", listed="PaymentMethod")
REFERENCE = Detail("Reference", "PaymentRefNum", text=True)
MESSAGE = Detail("Message to the customer", "CustomerMemo", text=True)
MEMO = Detail("Memo", "PrivateNote", text=True)
"""Never left out whole: its last line is the mark by which we know the document again."""

DETAILS = (EMAIL, BILL_EMAIL, PHONE, MOBILE, CLASS, LOCATION, METHOD, REFERENCE, MESSAGE, MEMO)
_TEXTS = tuple(detail for detail in DETAILS if detail.text)
_CHOSEN = (CLASS, LOCATION, METHOD)

ABOUT: dict[str, tuple[Detail, ...]] = {
    "qbo-2210": (EMAIL, BILL_EMAIL),
    "qbo-2040": _TEXTS,
    "qbo-2050": _TEXTS,
    "qbo-610": _CHOSEN,
    "inactive-reference": _CHOSEN,
    "qbo-2500": _CHOSEN,
    "qbo-2030": _CHOSEN,
    "qbo-2010": (CLASS, LOCATION),
    "qbo-5030": (CLASS, LOCATION),
}
"""Which details a refusal can be about, by its code in the catalogue."""


def suspects(body: Body, error: PermanentError) -> list[tuple[Detail, ...]]:
    """Return what to leave out, one try after the other: what QuickBooks names, then each detail alone, at last all of them.

    Empty when the refusal is about none that the body has.
    """
    able = [detail for detail in ABOUT.get(error.code, ()) if without(body, [detail]) != body]
    field = error.element.partition(".")[0]
    named = [(detail,) for detail in able if detail.field == field]
    alone = [(detail,) for detail in able if (detail,) not in named]
    return [*named, *alone, *([tuple(able)] if len(able) > 1 else [])]


def without(body: Body, details: Any) -> Body:
    """Return the body without these details; of a memo our mark stays."""
    left: Body = dict(body)
    for detail in details:
        if detail is MEMO and MEMO.field in left:
            left[MEMO.field] = only_mark(left[MEMO.field])
        else:
            left.pop(detail.field, None)
        if detail.lines and "Line" in left:
            left["Line"] = [_line_without(line, detail.field) for line in left["Line"]]
    return left


def said(body: Body, detail: Detail) -> str:
    """Return what the body says of a detail, as people read it: an address, a number, an id."""
    lines = (line.get("SalesItemLineDetail") or {} for line in body.get("Line") or ())
    found = next((part[detail.field] for part in chain([body], lines) if part.get(detail.field)), "")
    if isinstance(found, dict):
        found = next((str(value) for value in found.values()), "")
    return str(found).partition("\n")[0][:120]


def tracked(body: Body, facts: Mapping[str, Any]) -> Body:
    """Return the body without Classes and Locations where the company's preferences say that it has none.

    Facts that were never read say nothing. What a document says by choice stays its fingerprint, so a preference that goes off or
    comes back on makes no document be written again.
    """
    off = [CLASS] if facts.get("class_on") == "" else []
    return without(body, [*off, *([LOCATION] if facts.get("uses_locations") is False else [])])


def _line_without(line: Body, field: str) -> Body:
    sold = line.get("SalesItemLineDetail")
    if not sold or field not in sold:
        return line
    return line | {"SalesItemLineDetail": {name: value for name, value in sold.items() if name != field}}
