"""QuickBooks' side: which documents are ours and what they say, from the stand-in's books and its history of every object."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.checker.facts import ZERO, InvoiceFacts, LineFacts, PaymentFacts

MARK = re.compile(r"\bTieout (inspection|payment|refund) (\S+)[ \t]*$", re.M)
OURS = {"Invoice": "inspection", "Payment": "payment", "RefundReceipt": "refund"}
ANY = "*"
NAMED = {"Customer": "DisplayName", "Item": "Name"}
Books = Mapping[str, Any]
Entry = Mapping[str, Any]


def mark_of(document: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return (inspection, payment or refund; its key) of the last mark in a PrivateNote, or None."""
    found = MARK.findall(str(document.get("PrivateNote") or "").replace("\r", ""))
    return found[-1] if found else None


def made_by_us(history: Iterable[Entry]) -> dict[tuple[str, str], tuple[str, str]]:
    """Return the marks with which an app made documents, by (entity, id): a person may have changed the memo since."""
    made = {}
    for entry in history:
        ours = entry["operation"] == "create" and entry["by"] == "app" and entry["entity"] in OURS
        if ours and (mark := mark_of(entry["body"])):
            made[entry["entity"], entry["id"]] = mark
    return made


@dataclass
class Ours:
    """Our documents that stand, by their keys; lists, since a key may be there twice."""

    invoices: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    payments: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    refunds: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    others: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


def sort_out(books: Books, history: Iterable[Entry] = ()) -> Ours:
    """Return which documents of the books are ours. Without a history the memo alone says it."""
    made, ours = made_by_us(history), Ours()
    shelves = {"inspection": ours.invoices, "payment": ours.payments, "refund": ours.refunds}
    for entity, kind in OURS.items():
        for document in books.get(entity, ()):
            mark = made.get((entity, document["Id"])) or mark_of(document)
            if mark and mark[0] == kind:
                shelves[kind].setdefault(mark[1], []).append(document)
            else:
                ours.others.append((entity, document))
    for entity in ("SalesReceipt", "CreditMemo", "Deposit"):
        ours.others += [(entity, document) for document in books.get(entity, ())]
    return ours


def invoice_facts(key: str, invoice: Mapping[str, Any]) -> InvoiceFacts:
    """Return what an Invoice says, without its Payments."""
    whole = _name(invoice.get("ClassRef"))
    lines = [line for line in invoice["Line"] if line["DetailType"] == "SalesItemLineDetail"]
    return InvoiceFacts(
        key=key,
        number=invoice.get("DocNumber", ""),
        day=invoice["TxnDate"],
        due=invoice["DueDate"],
        customer=_name(invoice["CustomerRef"]),
        email=(invoice.get("BillEmail") or {}).get("Address", ""),
        lines=tuple(_line(line, whole) for line in lines),
        total=cents(invoice["TotalAmt"]),
        balance=cents(invoice["Balance"]),
        location=_name(invoice.get("DepartmentRef")),
    )


def payment_facts(key: str, payment: Mapping[str, Any], invoice_id: str) -> PaymentFacts:
    """Return what a Payment says; `applied` is what pays this Invoice."""
    applied = sum(
        (amount for kind, one, amount in pays(payment) if (kind, one) == ("Invoice", invoice_id)), ZERO
    )
    return PaymentFacts(
        key=key,
        day=payment["TxnDate"],
        amount=cents(payment["TotalAmt"]),
        applied=applied,
        # What QuickBooks applied by itself to something else of the client is no money on this Invoice either (decision 18).
        unapplied=cents(payment["TotalAmt"]) - applied,
        method=_name(payment.get("PaymentMethodRef")),
        reference=payment.get("PaymentRefNum", ""),
        customer=_name(payment["CustomerRef"]),
        account=_name(payment.get("DepositToAccountRef")),
    )


def pays(payment: Mapping[str, Any]) -> list[tuple[str, str, Decimal]]:
    """Return (type, id, amount) of what a Payment is applied to."""
    return [
        (link["TxnType"], link["TxnId"], cents(line["Amount"]))
        for line in payment.get("Line") or ()
        for link in line.get("LinkedTxn") or ()
    ]


def paid_by_others(books: Books, invoice_id: str, ours: Iterable[Mapping[str, Any]]) -> Decimal:
    """Return how much of an Invoice is paid by Payments that are not these."""
    mine = {each["Id"] for each in ours}
    others = (each for each in books.get("Payment", ()) if each["Id"] not in mine)
    links = (link for each in others for link in pays(each))
    return sum((amount for kind, one, amount in links if (kind, one) == ("Invoice", invoice_id)), ZERO)


def known_as(history: Iterable[Entry]) -> dict[tuple[str, str], set[str]]:
    """Return the names that a Customer or Item had, by (entity, id), where a person renamed it.

    ANY where others were merged into it, and of a Customer that a person made: its name is not ours to correct.
    """
    names: dict[tuple[str, str], set[str]] = {}
    by_people: set[tuple[str, str]] = set()
    for entry in history:
        if entry.get("entity") not in NAMED or entry["operation"] == "delete":
            moved = _moved_to(entry) if entry["by"] == "person" else {}
            for merged, survivor in moved.items():
                # Whom others were merged into keeps its name, whatever the client's becomes (decision 22).
                names.setdefault(survivor, set()).update(names.get(merged, ()), {ANY})
                by_people.add(survivor)
            continue
        thing, name = (entry["entity"], entry["id"]), entry["body"][NAMED[entry["entity"]]]
        names.setdefault(thing, set()).add(name)
        if entry["entity"] == "Customer" and entry["operation"] == "create" and entry["by"] == "person":
            names[thing].add(ANY)  # One that was there before us keeps its name, too (decision 2).
            by_people.add(thing)
        if (
            entry["operation"] == "update"
            and entry["by"] == "person"
            and entry["before"][NAMED[thing[0]]] != name
        ):
            by_people.add(thing)
    return {thing: names[thing] for thing in by_people}


def _moved_to(entry: Entry) -> dict[tuple[str, str], tuple[str, str]]:
    """Return which Customer or Items a person's change of a document put in the place of which."""
    before, after = entry.get("before") or {}, entry.get("body") or {}
    pairs = [("Customer", before.get("CustomerRef"), after.get("CustomerRef"))]
    for old, new in zip(before.get("Line", ()), after.get("Line", ()), strict=False):
        details = (old.get("SalesItemLineDetail") or {}, new.get("SalesItemLineDetail") or {})
        pairs.append(("Item", details[0].get("ItemRef"), details[1].get("ItemRef")))
    return {
        (kind, old["value"]): (kind, new["value"])
        for kind, old, new in pairs
        if old and new and old["value"] != new["value"]
    }


def deposited(books: Books) -> set[str]:
    """Return the ids of the Payments that lie in a Deposit."""
    return {
        link["TxnId"]
        for deposit in books.get("Deposit", ())
        for line in deposit.get("Line") or ()
        for link in line.get("LinkedTxn") or ()
        if link["TxnType"] == "Payment"
    }


def cents(value: Any) -> Decimal:
    """Return an amount as Decimal to the cent."""
    return Decimal(str(value or 0)).quantize(Decimal("0.01"))


def _line(line: Mapping[str, Any], whole: str) -> LineFacts:
    detail = line["SalesItemLineDetail"]
    amount = cents(line["Amount"])
    if cents(detail.get("Qty", 1)) * cents(detail.get("UnitPrice", amount)) != amount:
        amount = Decimal("NaN")  # Quantity times rate is something else: equal to nothing.
    return LineFacts(
        _name(detail["ItemRef"]), line.get("Description", ""), amount, _name(detail.get("ClassRef")) or whole
    )


def _name(ref: Mapping[str, Any] | None) -> str:
    return str((ref or {}).get("name", ""))
