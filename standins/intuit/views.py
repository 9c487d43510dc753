"""Records as QuickBooks shows them: what is stored, plus everything that follows from it.

Reading only; `ledger` does the sums.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from standins.intuit import ledger
from standins.intuit.realm import Realm, Record, linked_txns
from standins.intuit.schema import ENTITIES


def moment(realm: Realm, epoch: int) -> str:
    """Return a time as QuickBooks writes it: company zone, whole seconds, offset."""
    return datetime.fromtimestamp(epoch, UTC).astimezone(realm.zone).isoformat(timespec="seconds")


def server_time(realm: Realm) -> str:
    """Return the `time` of an answer: milliseconds and offset."""
    return realm.now().isoformat(timespec="milliseconds")


def cell(value: Decimal) -> str:
    """Return an amount as a report cell; nothing is an empty one."""
    return f"{value:.2f}" if value else ""


def full_name(realm: Realm, record: Record) -> str:
    """Return a list entry's name with those of its parents before it, divided by colons."""
    name = record.body.get("DisplayName") or record.body["Name"]
    parent = record.ref("ParentRef")
    return f"{full_name(realm, realm.find(record.entity, parent))}:{name}" if parent else name


def _customer(realm: Realm, record: Record) -> dict[str, Any]:
    return {
        "Balance": ledger.customer_balance(realm, record.id),
        "BalanceWithJobs": ledger.customer_balance(realm, record.id, True),
        "IsProject": False,
    }


def _account(realm: Realm, record: Record) -> dict[str, Any]:
    if realm.account_balances[0] != realm.version:
        realm.account_balances = (realm.version, ledger.account_balances(realm))
    balance = ledger.shown_balance(record, realm.account_balances[1])
    return {"CurrentBalance": balance, "CurrentBalanceWithSubAccounts": balance}


def _invoice(realm: Realm, record: Record) -> dict[str, Any]:
    linked = [
        {"TxnId": payment.id, "TxnType": "Payment"} for payment, _ in ledger.applications(realm, record)
    ]
    # What it was made from or bills for comes first; a body holds these only, payments are known by themselves.
    return {
        "Balance": ledger.open_balance(realm, record),
        "LinkedTxn": record.body.get("LinkedTxn", []) + linked,
    }


def _credit_memo(realm: Realm, record: Record) -> dict[str, Any]:
    # A used one does not say what it was used for: no recorded one has a LinkedTxn.
    remaining = ledger.open_balance(realm, record)
    return {"RemainingCredit": remaining, "Balance": remaining}


def _deposited(realm: Realm, record: Record) -> list[dict]:
    deposit = ledger.deposit_of(realm, record)
    return [{"TxnId": deposit.id, "TxnType": "Deposit"}] if deposit else []


def _sales_receipt(realm: Realm, record: Record) -> dict[str, Any]:
    deposited = _deposited(realm, record)
    return {"Balance": Decimal(0)} | ({"LinkedTxn": deposited} if deposited else {})


def _payment(realm: Realm, record: Record) -> dict[str, Any]:
    lines = []
    for line, kind, txn_id in linked_txns(record.body):
        target = realm.find(kind, txn_id)
        facts = {
            "txnId": txn_id,
            "txnOpenBalance": str(ledger.open_balance(realm, target) + line["Amount"]),
            "txnReferenceNumber": target.body.get("DocNumber", ""),
        }
        extra = [
            {"name": "{http://schema.intuit.com/finance/v3}NameValue", "declaredType": "com.intuit.schema.finance.v3.NameValue",
             "scope": "javax.xml.bind.JAXBElement$GlobalScope", "value": {"Name": name, "Value": value}, "nil": False,
             "globalScope": True, "typeSubstituted": False}
            for name, value in facts.items()
        ]  # fmt: skip
        lines.append(line | {"LineEx": {"any": extra}})
    shown = {"UnappliedAmt": ledger.unapplied(record.body), "Line": lines}
    if deposited := _deposited(realm, record):
        shown["LinkedTxn"] = deposited
    return shown


_DERIVED = {
    "Customer": _customer,
    "Account": _account,
    "Invoice": _invoice,
    "CreditMemo": _credit_memo,
    "SalesReceipt": _sales_receipt,
    "RefundReceipt": _sales_receipt,
    "Payment": _payment,
    "Vendor": lambda realm, record: {"Balance": Decimal(0)},
}


def derived(realm: Realm, record: Record) -> dict[str, Any]:
    """Return only the properties that follow from other records."""
    rule = _DERIVED.get(record.entity)
    result = rule(realm, record) if rule else {}
    if "FullyQualifiedName" in ENTITIES[record.entity] and record.entity != "Employee":
        result["FullyQualifiedName"] = full_name(realm, record)
    return result


def shown(realm: Realm, record: Record) -> dict[str, Any]:
    """Return the whole object as QuickBooks answers it."""
    result = record.body | derived(realm, record)
    if customer := record.ref("CustomerRef"):
        name = realm.find("Customer", customer).body["DisplayName"]
        result["CustomerRef"] = {"value": customer, "name": name}
    times = {"CreateTime": moment(realm, record.created), "LastUpdatedTime": moment(realm, record.updated)}
    head = {
        "domain": "QBO",
        "sparse": False,
        "Id": record.id,
        "SyncToken": str(record.token),
        "MetaData": times,
    }
    return result | head


def tombstone(realm: Realm, record: Record) -> dict[str, Any]:
    """Return a deleted transaction as change data capture shows it."""
    when = {"LastUpdatedTime": moment(realm, record.updated)}
    return {"domain": "QBO", "status": "Deleted", "Id": record.id, "MetaData": when}
