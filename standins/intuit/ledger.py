"""The one ledger of a company: what is open, applied, deposited and owed, and what each transaction posts to which account.

Everything here is derived from the transactions themselves and only read. Amounts are Decimal dollars.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from standins.intuit import bundles
from standins.intuit.realm import Realm, Record, linked_txns
from standins.intuit.schema import NAME_LISTS, SWEPT, TRANSACTIONS

ZERO = Decimal("0.00")
DEBIT_NORMAL = ("Asset", "Expense")


def account_of(realm: Realm, sub_type: str) -> Record:
    """Return the company's first account of a sub-type; the chart of accounts always has the ones asked for."""
    return next(record for record in realm.all("Account") if record.body.get("AccountSubType") == sub_type)


def applications(realm: Realm, record: Record) -> list[tuple[Record, Decimal]]:
    """Return (Payment, amount) for every payment line linked to an Invoice or CreditMemo, oldest first."""
    result = []
    for payment in realm.under("paid", record.entity, record.id):
        amount = sum(
            (
                line["Amount"]
                for line, kind, txn_id in linked_txns(payment.body)
                if (kind, txn_id) == (record.entity, record.id)
            ),
            ZERO,
        )
        result.append((payment, amount))
    return result


def open_balance(realm: Realm, record: Record, without: Record | None = None) -> Decimal:
    """Return what is still open on an Invoice, or left of a CreditMemo, optionally as if one Payment were not there."""
    applied = sum((amount for payment, amount in applications(realm, record) if payment is not without), ZERO)
    return record.body["TotalAmt"] - applied


def unapplied(body: dict) -> Decimal:
    """Return the part of a Payment that pays no invoice; linked credits add to it."""
    sign = {"Invoice": -1, "CreditMemo": 1}
    return body["TotalAmt"] + sum((sign[kind] * line["Amount"] for line, kind, _ in linked_txns(body)), ZERO)


def deposit_of(realm: Realm, record: Record) -> Record | None:
    """Return the Deposit that something was swept into, or None."""
    found = realm.under("swept", record.entity, record.id)
    return found[0] if found else None


def customer_balance(realm: Realm, customer_id: str, with_jobs: bool = False) -> Decimal:
    """Return what a customer owes, less credits; with the sub-customers if asked."""
    total = ZERO
    for record in realm.under("customer", customer_id):
        if record.entity == "Invoice":
            total += open_balance(realm, record)
        elif record.entity == "CreditMemo":
            total -= open_balance(realm, record)
        elif record.entity == "Payment":
            total -= unapplied(record.body)
    if with_jobs:
        for child in realm.under("parent", "Customer", customer_id):
            total += customer_balance(realm, child.id, True)
    return total


def income_postings(realm: Realm, body: dict) -> list[tuple[str, Decimal]]:
    """Return (account id, credit) for the lines, discounts and tax of a sale; together they are its TotalAmt."""
    credits: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for line in bundles.every_line(body["Line"]):
        if line["DetailType"] == "SalesItemLineDetail":
            item = realm.find("Item", line["SalesItemLineDetail"]["ItemRef"]["value"])
            credits[item.ref("IncomeAccountRef")] += line["Amount"]
        elif line["DetailType"] == "DiscountLineDetail":
            own = line["DiscountLineDetail"].get("DiscountAccountRef")
            credits[own["value"] if own else account_of(realm, "DiscountsRefundsGiven").id] -= line["Amount"]
    tax = body["TxnTaxDetail"]["TotalTax"]
    if tax:
        credits[account_of(realm, "SalesTaxPayable").id] += tax
    return [(account, amount) for account, amount in credits.items() if amount]


def postings(realm: Realm, record: Record) -> list[tuple[str, Decimal]]:
    """Return (account id, debit) pairs of a transaction; a credit is negative and the sum is zero."""
    body = record.body
    total = body["TotalAmt"]
    if record.entity == "Payment":
        rows = [(body["DepositToAccountRef"]["value"], total), (_receivable(realm), -total)]
    elif record.entity == "Deposit":
        rows = [(body["DepositToAccountRef"]["value"], total)]
        for line in body["Line"]:
            direct = (
                line.get("DepositLineDetail", {}).get("AccountRef") if not line.get("LinkedTxn") else None
            )
            account = direct["value"] if direct else account_of(realm, "UndepositedFunds").id
            rows.append((account, -line["Amount"]))
    else:
        other = (
            _receivable(realm)
            if record.entity in ("Invoice", "CreditMemo")
            else body["DepositToAccountRef"]["value"]
        )
        sign = -1 if record.entity in ("CreditMemo", "RefundReceipt") else 1
        rows = [(other, sign * total)]
        rows += [(account, -sign * amount) for account, amount in income_postings(realm, body)]
    return [(account, amount) for account, amount in rows if amount]


def _receivable(realm: Realm) -> str:
    return account_of(realm, "AccountsReceivable").id


def account_balances(realm: Realm, until: str | None = None) -> dict[str, Decimal]:
    """Return the debit balance of every account with postings, up to a date (YYYY-MM-DD) if given."""
    balances: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for entity in TRANSACTIONS:
        for record in realm.all(entity):
            if until is None or record.body["TxnDate"] <= until:
                for account, amount in postings(realm, record):
                    balances[account] += amount
    return dict(balances)


def shown_balance(account: Record, balances: dict[str, Decimal]) -> Decimal:
    """Return an account's balance with the sign people expect."""
    amount = balances.get(account.id, ZERO)
    return amount if account.body["Classification"] in DEBIT_NORMAL else -amount


def integrity(realm: Realm) -> list[str]:
    """Return what is wrong with the books in words; nothing when they hold together."""
    wrong = []
    for entity in TRANSACTIONS:
        for record in realm.all(entity):
            label = f"{entity} {record.id}"
            if sum((amount for _, amount in postings(realm, record)), ZERO):
                wrong.append(f"{label} does not balance")
            if (customer := record.ref("CustomerRef")) and not realm.find("Customer", customer):
                wrong.append(f"{label} belongs to no customer")
            if (
                entity in ("Invoice", "CreditMemo")
                and not ZERO <= open_balance(realm, record) <= record.body["TotalAmt"]
            ):
                wrong.append(f"{label} has an open balance of {open_balance(realm, record)}")
            if entity == "Payment" and unapplied(record.body) < 0:
                wrong.append(f"{label} pays more than it holds")
            if entity in ("Payment", "Deposit"):
                for _, kind, txn_id in linked_txns(record.body):
                    if not realm.find(kind, txn_id):
                        wrong.append(f"{label} is linked to {kind} {txn_id}, which is gone")
            if entity in SWEPT and len(realm.under("swept", entity, record.id)) > 1:
                wrong.append(f"{label} is in more than one deposit")
    names: dict[str, str] = {}
    for entity in NAME_LISTS:
        for record in realm.all(entity):
            name = record.body["DisplayName"].casefold()
            if name in names:
                wrong.append(f"{entity} {record.id} and {names[name]} have the same name")
            names[name] = f"{entity} {record.id}"
    owed = sum((customer_balance(realm, customer.id) for customer in realm.all("Customer")), ZERO)
    receivable = account_balances(realm).get(_receivable(realm), ZERO)
    if owed != receivable:
        wrong.append(f"customers owe {owed}, Accounts Receivable says {receivable}")
    return wrong
