"""Wanted against actual: what is wrong with the books as they stand, one finding for each difference."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from tests.checker.facts import ZERO, Finding, InvoiceFacts, Options, PaymentFacts, Wanted
from tests.checker.ledger import (
    ANY,
    Books,
    Entry,
    Ours,
    cents,
    deposited,
    invoice_facts,
    known_as,
    paid_by_others,
    payment_facts,
    pays,
    sort_out,
)
from tests.checker.wanted import wanted

SUFFIX = re.compile(r" \((?:\d+|client(?: \d+)?|deleted)\)$")
ITEM_SUFFIX = " (service)"


def check_books(
    truth: Iterable[Mapping[str, Any]], options: Options, books: Books, history: Iterable[Entry] = ()
) -> list[Finding]:
    """Return what is wrong with a company's books, nothing when they are exact.

    `truth` is the platform's list of the company's inspections, `books` everything alive in its realm, `history` what happened there:
    with it documents are known whose memo a person changed, others' are told from ours, and who deleted what is said.
    """
    truth, history = list(truth), list(history)
    want = wanted(truth, options)
    ours = sort_out(books, history)
    payment_of = {str(paid["id"]): str(one["id"]) for one in truth for paid in one["payments"]}
    gone, aliases = _deleted_by_us(history), known_as(history)
    found: list[Finding] = []
    for key, one in want.items():
        found += _check_one(key, one, ours, books, payment_of, gone, truth, aliases)
    found += _strangers(want, ours, payment_of, history)
    return found + _names_twice(books, truth)


def _check_one(
    key: str,
    want: Wanted,
    ours: Ours,
    books: Books,
    payment_of: Mapping[str, str],
    gone: set[tuple[str, str]],
    truth: list[Mapping[str, Any]],
    aliases: Mapping[tuple[str, str], set[str]],
) -> list[Finding]:
    invoices = ours.invoices.get(key, [])
    paid = {paid_key: ours.payments.get(paid_key, []) for paid_key, of in payment_of.items() if of == key}
    in_bank = deposited(books)
    if any(rows for name, rows in ours.refunds.items() if name.rsplit("-R", 1)[0] == key):
        # A Payment stays history while a RefundReceipt of ours gives back of it, also when its Deposit was undone.
        in_bank |= {each["Id"] for rows in paid.values() for each in rows}
    if any(each["Id"] in in_bank for rows in paid.values() for each in rows):
        [inspection] = [one for one in truth if str(one["id"]) == key]
        return _after_deposit(key, inspection, invoices, paid, ours, in_bank)
    found = []
    if want.invoice is None:
        found += [
            Finding("kept though deleted", key, f"Invoice {each['Id']}: {want.reason}") for each in invoices
        ]
        found += [
            Finding("kept though deleted", key, f"Payment {each['Id']}: {want.reason}")
            for rows in paid.values()
            for each in rows
        ]
        return found
    if not invoices:
        kind = "deleted though kept" if ("inspection", key) in gone else "missing"
        found.append(Finding(kind, key, f"Invoice {want.invoice.number}"))
    if len(invoices) > 1:
        found.append(Finding("doubled", key, f"{len(invoices)} Invoices"))
    for invoice in invoices[:1]:
        others = paid_by_others(books, invoice["Id"], [each for rows in paid.values() for each in rows])
        expected = replace(want.invoice, balance=max(want.invoice.balance - others, ZERO))
        found += _differences(expected, _as_named(expected, invoice_facts(key, invoice), invoice, aliases))
    invoice_id = invoices[0]["Id"] if invoices else ""
    return found + _payments(key, want.invoice, paid, invoice_id, gone, aliases)


def _payments(
    key: str,
    want: InvoiceFacts,
    paid: Mapping[str, list[dict[str, Any]]],
    invoice_id: str,
    gone: set[tuple[str, str]],
    aliases: Mapping[tuple[str, str], set[str]],
) -> list[Finding]:
    found, wanted_keys = [], {one.key: one for one in want.payments}
    for one in want.payments:
        rows = paid.get(one.key, [])
        if not rows:
            kind = "deleted though kept" if ("payment", one.key) in gone else "missing"
            found.append(Finding(kind, key, f"Payment {one.key} of {one.amount}"))
        if len(rows) > 1:
            found.append(Finding("doubled", key, f"{len(rows)} Payments for {one.key}"))
        for row in rows[:1]:
            facts = payment_facts(one.key, row, invoice_id)
            named = _customer(one.customer, facts.customer, row, aliases)
            found += _payment_differences(key, one, replace(facts, customer=named))
    for paid_key, rows in paid.items():
        if rows and paid_key not in wanted_keys:
            found.append(Finding("kept though deleted", key, f"Payment {paid_key}, voided or refunded whole"))
    return found


def _as_named(
    want: InvoiceFacts,
    actual: InvoiceFacts,
    invoice: Mapping[str, Any],
    aliases: Mapping[tuple[str, str], set[str]],
) -> InvoiceFacts:
    """Return the facts with the names that are wanted where people renamed or merged what bore them."""
    ids = [
        line["SalesItemLineDetail"]["ItemRef"]["value"]
        for line in invoice["Line"]
        if line["DetailType"] == "SalesItemLineDetail"
    ]
    lines = list(actual.lines)
    for number, (one, wanted_line) in enumerate(zip(lines, want.lines, strict=False)):
        known = {name.removesuffix(ITEM_SUFFIX) for name in aliases.get(("Item", ids[number]), ())}
        if wanted_line.item in known or ANY in known:
            lines[number] = replace(one, item=wanted_line.item)
    customer = _customer(want.customer, actual.customer, invoice, aliases)
    return replace(actual, customer=customer, lines=tuple(lines))


def _customer(
    wanted_name: str,
    name: str,
    document: Mapping[str, Any],
    aliases: Mapping[tuple[str, str], set[str]],
) -> str:
    known = aliases.get(("Customer", document["CustomerRef"]["value"]), set())
    as_wanted = ANY in known or wanted_name in {_bare(each, wanted_name) for each in known}
    return wanted_name if as_wanted else name


def _differences(want: InvoiceFacts, actual: InvoiceFacts) -> list[Finding]:
    """Compare all of an Invoice but its Payments."""
    pairs = {
        "wrong date": ((want.day, want.due), (actual.day, actual.due)),
        "wrong words": ((want.number, want.email), (actual.number, actual.email)),
        "wrong customer": (want.customer, _bare(actual.customer, want.customer)),
        "wrong class": (
            (want.location, [line.klass for line in want.lines]),
            (actual.location, [line.klass for line in actual.lines]),
        ),
        "wrong item": (
            [(line.item, line.description) for line in want.lines],
            [(line.item.removesuffix(ITEM_SUFFIX), line.description) for line in actual.lines],
        ),
        "wrong cents": (
            (want.total, [line.amount for line in want.lines]),
            (actual.total, [line.amount for line in actual.lines]),
        ),
        "unapplied": (want.balance, actual.balance),
    }
    return _unequal(want.key, f"Invoice {want.number}", pairs)


def _payment_differences(key: str, want: PaymentFacts, actual: PaymentFacts) -> list[Finding]:
    account = actual.account if want.account else ""  # None was chosen: QuickBooks takes its own.
    pairs = {
        "wrong cents": (want.amount, actual.amount),
        "wrong date": (want.day, actual.day),
        "wrong customer": (want.customer, _bare(actual.customer, want.customer)),
        "wrong words": (
            (want.method, want.reference, want.account),
            (actual.method, actual.reference, account),
        ),
        "unapplied": ((want.applied, want.unapplied), (actual.applied, actual.unapplied)),
    }
    return _unequal(key, f"Payment {want.key}", pairs)


def _unequal(key: str, name: str, pairs: Mapping[str, tuple[Any, Any]]) -> list[Finding]:
    return [
        Finding(kind, key, f"{name} should say {want}, says {actual}")
        for kind, (want, actual) in pairs.items()
        if want != actual
    ]


def _after_deposit(
    key: str,
    one: Mapping[str, Any],
    invoices: list[dict[str, Any]],
    paid: Mapping[str, list[dict[str, Any]]],
    ours: Ours,
    in_bank: set[str],
) -> list[Finding]:
    """Check decision 19: the Invoice and the deposited money stay, and what was refunded since is given back by RefundReceipts."""
    found = []
    if len(invoices) != 1:
        found.append(
            Finding("doubled" if invoices else "missing", key, f"{len(invoices)} Invoices on deposited money")
        )
    refunds = [each for name, rows in ours.refunds.items() for each in rows if name.rsplit("-R", 1)[0] == key]
    numbers = Counter(each.get("DocNumber") for each in refunds)
    found += [Finding("doubled", key, f"refund {number}") for number, count in numbers.items() if count > 1]
    to_give_back = ZERO
    for payment in one["payments"]:
        for row in paid.get(str(payment["id"]), [])[:1]:
            if row["Id"] in in_bank and not payment["voided_at"]:
                to_give_back += cents(row["TotalAmt"]) - (
                    Decimal(payment["amount"]) - Decimal(payment["refunded_amount"])
                )
    given_back = sum((cents(each["TotalAmt"]) for each in refunds), ZERO)
    if given_back != to_give_back:
        found.append(
            Finding("wrong cents", key, f"refunds after the deposit: {given_back}, should be {to_give_back}")
        )
    return found


def _strangers(
    want: Mapping[str, Wanted], ours: Ours, payment_of: Mapping[str, str], history: list[Entry]
) -> list[Finding]:
    """Find documents with our mark for nothing of this company, Payments that hang on nothing, and unmarked ones that no person made."""
    found = []
    for key, rows in ours.invoices.items():
        found += [
            Finding("across companies", key, f"Invoice {each['Id']}") for each in rows if key not in want
        ]
    applied = {
        one.key for each in want.values() if each.invoice for one in each.invoice.payments if one.applied
    }
    at_home = {key: {each["Id"] for each in ours.invoices.get(of, [])} for key, of in payment_of.items()}
    for key, rows in ours.payments.items():
        for each in rows:
            on = {one for kind, one, _ in pays(each) if kind == "Invoice"}
            if key not in payment_of:
                found.append(
                    Finding("orphaned", key, f"Payment {each['Id']}: the platform has no such payment")
                )
            elif not at_home[key] and want[payment_of[key]].invoice is not None:
                found.append(Finding("orphaned", payment_of[key], f"Payment {each['Id']} without an Invoice"))
            # What is the client's credit may have been applied by QuickBooks itself to another Invoice (decision 18).
            elif on and not on & at_home[key] and key in applied:
                found.append(
                    Finding("unapplied", payment_of[key], f"Payment {each['Id']} pays others: {sorted(on)}")
                )
    for key, rows in ours.refunds.items():
        inspection = key.rsplit("-R", 1)[0]
        if not ours.invoices.get(inspection):
            found += [
                Finding("orphaned", inspection, f"RefundReceipt {each['Id']} without its Invoice")
                for each in rows
            ]
    by_people = {
        (entry["entity"], entry["id"])
        for entry in history
        if entry["operation"] == "create" and entry["by"] == "person"
    }
    found += [
        Finding("foreign", f"{entity} {each['Id']}", each.get("DocNumber", ""))
        for entity, each in ours.others
        if (entity, each["Id"]) not in by_people and not _by_itself(entity, each)
    ]
    return found


def _by_itself(entity: str, document: Mapping[str, Any]) -> bool:
    """Whether QuickBooks made it by itself: a Payment of nothing, by which it applies a credit."""
    return entity == "Payment" and not cents(document["TotalAmt"])


def _names_twice(books: Books, truth: list[Mapping[str, Any]]) -> list[Finding]:
    """Each client has one Customer (told apart by email), each service one Item, whatever was made twice at the same time."""
    theirs = {one["buyer"]["email"] for one in truth if one["buyer"]}
    found = []
    mails = Counter(
        (each.get("PrimaryEmailAddr") or {}).get("Address", "")
        for each in books["Customer"]
        if each.get("Active", True)
    )
    found += [
        Finding("doubled", mail, "Customer") for mail, count in mails.items() if count > 1 and mail in theirs
    ]
    names = Counter(each["Name"].casefold() for each in books["Item"])
    return found + [Finding("doubled", name, "Item") for name, count in names.items() if count > 1]


def _deleted_by_us(history: Iterable[Entry]) -> set[tuple[str, str]]:
    """Return the marks of the documents that an app deleted."""
    made, gone = {}, set()
    for entry in history:
        if entry["operation"] == "read" or entry["by"] != "app":
            continue
        if entry["operation"] == "create":
            made[entry["entity"], entry["id"]] = entry["body"]
        elif entry["operation"] == "delete":
            found = sort_out(
                {entry["entity"]: [{"Id": entry["id"], **made.get((entry["entity"], entry["id"]), {})}]}
            )
            gone |= {("inspection", key) for key in found.invoices} | {
                ("payment", key) for key in found.payments
            }
    return gone


def _bare(name: str, wanted_name: str) -> str:
    """Return a Customer's name without a suffix that is not the client's own."""
    while name != wanted_name and SUFFIX.search(name):
        name = SUFFIX.sub("", name)
    return name
