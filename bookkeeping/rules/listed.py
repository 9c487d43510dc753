"""Entries of QuickBooks' lists that documents name: which ones a document or a body names, and the words for one that was made inactive.

Which entries are inactive is known to `storage.company.names`; Customers have rules of their own (`customers`).
"""

from collections.abc import Container, Iterator, Mapping
from dataclasses import replace
from typing import Any

from bookkeeping.errors import PermanentError
from bookkeeping.rules.documents import DesiredDocuments
from bookkeeping.rules.names import without_deleted

Entry = tuple[str, str]
"""(QuickBooks' name of the list, id of the entry)."""

WORDS = {
    "Class": "Class",
    "Department": "Location",
    "Account": "account",
    "Item": "Item",
    "Customer": "Customer",
}
CHOSEN_BY_ID = ("Class", "Department", "Account")
"""The lists of which the settings hold ids. Items are looked up by name, too; a payment method is left out (decision 21)."""

_FIELDS = {
    "ClassRef": "Class",
    "DepartmentRef": "Department",
    "DepositToAccountRef": "Account",
    "ItemRef": "Item",
    "CustomerRef": "Customer",
}


def chosen_in(desired: Any) -> list[Entry]:
    """Return the entries that a desired Invoice or Payment names by an id from the settings, without doubles."""
    found = [
        *(("Class", line.class_id) for line in getattr(desired, "lines", ())),
        ("Class", getattr(desired, "class_id", "")),
        ("Department", getattr(desired, "location_id", "")),
        ("Account", getattr(desired, "deposit_account_id", "")),
    ]
    return [entry for entry in dict.fromkeys(found) if entry[1]]


def named_in(body: Any) -> list[Entry]:
    """Return the entries that a body for QuickBooks names, what all documents share before what is each one's own, without doubles."""
    order = list(_FIELDS.values())
    return sorted(dict.fromkeys(_references(body)), key=lambda entry: order.index(entry[0]))


def made_inactive(entry: Entry, name: str, reference: str | None = None) -> PermanentError:
    """Return the cause by its name (`inactive-reference`), with `waits_for` saying what it waits for; a Customer's is `customer-inactive`."""
    kind, qbo_id = entry
    detail = f'The {WORDS[kind]} "{without_deleted(name)}" was made inactive.'
    if kind == "Customer":
        return PermanentError(detail, code="customer-inactive", reference=reference)
    error = PermanentError(detail, code="inactive-reference", reference=reference)
    error.waits_for = f"list:{kind}:{qbo_id}"
    return error


def into_todays_account(
    desired: DesiredDocuments, account_id: str, standing: Container[str], inactive: Container[Entry]
) -> DesiredDocuments:
    """Return the documents with today's account for Payments that are to go into one that was made inactive.

    Payments that stand in QuickBooks (`standing`, by source key) stay where they are. Source: bookkeeping decision 9.
    """
    payments = tuple(
        replace(payment, deposit_account_id=account_id)
        if ("Account", payment.deposit_account_id) in inactive and payment.source_key not in standing
        else payment
        for payment in desired.payments
    )
    return replace(desired, payments=payments)


def waited_for(waits_for: str) -> Entry | None:
    """Return the entry that `waits_for` names; None when it names none."""
    word, _, rest = waits_for.partition(":")
    kind, _, qbo_id = rest.partition(":")
    return (kind, qbo_id) if word == "list" and qbo_id else None


def _references(part: Any) -> Iterator[Entry]:
    if isinstance(part, Mapping):
        for field, value in part.items():
            if field in _FIELDS and isinstance(value, Mapping) and value.get("value"):
                yield _FIELDS[field], str(value["value"])
            else:
                yield from _references(value)
    elif isinstance(part, (list, tuple)):
        for one in part:
            yield from _references(one)
