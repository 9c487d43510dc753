"""Whose balance a change has moved: Customers and Accounts get a new LastUpdatedTime then, and keep their SyncToken, as recorded.

So change data capture brings more of them than anybody edited.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from standins.intuit import ledger
from standins.intuit.realm import Realm, Record, linked_txns
from standins.intuit.schema import TRANSACTIONS

_ON_INVOICES = {"Invoice": 1, "CreditMemo": -1}


def stamp(realm: Realm, changes: list[tuple[Record, dict | None]]) -> None:
    """Stamp the Customers and Accounts of these changes, each (record as it is, its body before or None when it is new)."""
    moved: Counter = Counter()
    for record, before in changes:
        if record.entity not in TRANSACTIONS:
            continue
        for body, sign in ((before, -1), (record.body, 1)):
            if body:
                for key, amount in _effects(realm, Record(record.entity, record.id, body)):
                    moved[key] += sign * amount
    for (entity, record_id), amount in moved.items():
        found = realm.find(entity, record_id)
        if amount and found is not None:
            realm.stamp(found)


def _effects(realm: Realm, record: Record) -> Iterator[tuple[tuple[str, str], Decimal]]:
    """Yield what one transaction adds to the balance of each Customer and Account."""
    for account, amount in ledger.postings(realm, record):
        yield ("Account", account), amount
    customer = record.ref("CustomerRef")
    if record.entity in _ON_INVOICES and customer:
        yield ("Customer", customer), _ON_INVOICES[record.entity] * record.body["TotalAmt"]
    elif record.entity == "Payment" and customer:
        yield ("Customer", customer), -ledger.unapplied(record.body)
        for line, kind, txn_id in linked_txns(record.body):
            if (paid := realm.find(kind, txn_id)) and (owner := paid.ref("CustomerRef")):
                yield ("Customer", owner), -_ON_INVOICES[kind] * line["Amount"]
