"""Profit and Loss, accrual and cash, by month or in total, and a Balance Sheet; summed from the ledger's postings.

On a cash basis an invoice counts when it is paid, at the later of its own date and the payment's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from standins.intuit import errors, ledger
from standins.intuit.realm import Realm, Record, linked_txns
from standins.intuit.views import cell

ZERO = Decimal("0.00")
CENT = Decimal("0.01")
_SECTIONS = [
    ("Income", "Income", ("Income",)),
    ("COGS", "Cost of Goods Sold", ("Cost of Goods Sold",)),
    ("Expenses", "Expenses", ("Expense",)),
    ("OtherIncome", "Other Income", ("Other Income",)),
    ("OtherExpenses", "Other Expenses", ("Other Expense",)),
]
_ONLY_WITH_ROWS = ("COGS", "OtherIncome", "OtherExpenses")


def _accrual(realm: Realm) -> Iterator[tuple[str, str, Decimal]]:
    """Yield (date, account id, credit) for everything that touches an account."""
    for entity in ("Invoice", "SalesReceipt", "CreditMemo", "RefundReceipt", "Payment", "Deposit"):
        for record in realm.all(entity):
            for account, debit in ledger.postings(realm, record):
                yield record.body["TxnDate"], account, -debit


def _shares(realm: Realm, record: Record, until: Decimal) -> dict[str, Decimal]:
    """Return what each account has received once `until` of a sale is paid, rounded so that all of it comes out even."""
    total = record.body["TotalAmt"]
    postings = ledger.income_postings(realm, record.body)
    shares = {account: (amount * until / total).quantize(CENT, ROUND_HALF_UP) for account, amount in postings}
    if shares:
        last = postings[-1][0]
        shares[last] += until - sum(shares.values(), ZERO)
    return shares


def _cash(realm: Realm) -> Iterator[tuple[str, str, Decimal]]:
    """Yield (date, account id, credit) of income as it is received."""
    for entity, sign in (("SalesReceipt", 1), ("RefundReceipt", -1)):
        for record in realm.all(entity):
            for account, amount in ledger.income_postings(realm, record.body):
                yield record.body["TxnDate"], account, sign * amount
    for entity, sign in (("Invoice", 1), ("CreditMemo", -1)):
        for record in realm.all(entity):
            paid = ZERO
            own = record.body["TxnDate"]
            for payment, amount in sorted(
                ledger.applications(realm, record), key=lambda pair: pair[0].body["TxnDate"]
            ):
                before, after = _shares(realm, record, paid), _shares(realm, record, paid + amount)
                paid += amount
                for account, share in after.items():
                    yield max(own, payment.body["TxnDate"]), account, sign * (share - before[account])
    unapplied = ledger.account_of(realm, "UnappliedCashPaymentIncome").id
    for payment in realm.all("Payment"):
        if left := ledger.unapplied(payment.body):
            yield payment.body["TxnDate"], unapplied, left
        for line, kind, txn_id in linked_txns(payment.body):
            invoice_date = realm.find(kind, txn_id).body["TxnDate"]
            if kind == "Invoice" and invoice_date > payment.body["TxnDate"]:
                yield payment.body["TxnDate"], unapplied, line["Amount"]
                yield invoice_date, unapplied, -line["Amount"]
    for deposit in realm.all("Deposit"):
        for account, debit in ledger.postings(realm, deposit):
            yield deposit.body["TxnDate"], account, -debit


def _columns(start: date, end: date, by: str) -> list[tuple[str, date, date]]:
    """Return (title, first day, last day) of each column before the total."""
    if by == "Total":
        return []
    columns, first = [], start
    while first <= end:
        last = min((first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1), end)
        whole = first.day == 1 and (last + timedelta(days=1)).day == 1
        days = f" {first.day}" if first == last else f" {first.day} - {last.day}"
        columns.append((f"{first:%b}{'' if whole else days} {first.year}", first, last))
        first = last + timedelta(days=1)
    return columns


def profit_and_loss(
    realm: Realm, start: date, end: date, basis: str, options: dict[str, str]
) -> tuple[list[dict], list[dict]]:
    """Return the columns and rows of a Profit and Loss; no rows when nothing happened."""
    by = options.get("summarize_column_by") or "Total"
    if by not in ("Total", "Month"):
        raise errors.invalid(2170, "Enumeration", "summarize_column_by", by)
    months = _columns(start, end, by)
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO] * (len(months) + 1))
    touched = False
    for day, account_id, credit in _accrual(realm) if basis == "Accrual" else _cash(realm):
        account = realm.find("Account", account_id)
        if not start.isoformat() <= day <= end.isoformat() or account.body["Classification"] not in (
            "Revenue",
            "Expense",
        ):
            continue
        touched = True
        amount = credit if account.body["Classification"] == "Revenue" else -credit
        sums[account_id][-1] += amount
        for index, (_, first, last) in enumerate(months):
            if first.isoformat() <= day <= last.isoformat():
                sums[account_id][index] += amount
    columns: list[dict[str, Any]] = [
        {"ColTitle": "", "ColType": "Account", "MetaData": [{"Name": "ColKey", "Value": "account"}]}
    ]
    for title, first, last in months:
        facts = [
            {"Name": "StartDate", "Value": first.isoformat()},
            {"Name": "EndDate", "Value": last.isoformat()},
            {"Name": "ColKey", "Value": title},
        ]
        columns.append({"ColTitle": title, "ColType": "Money", "MetaData": facts})
    columns.append(
        {"ColTitle": "Total", "ColType": "Money", "MetaData": [{"Name": "ColKey", "Value": "total"}]}
    )
    if not touched:  # As QuickBooks does: the sections' shells stay, and the money columns go.
        return columns[:1], _empty_rows()
    return columns, _profit_rows(realm, sums, len(months) + 1)


def _empty_rows() -> list[dict]:
    rows = []
    for group, label in (
        ("Income", "Income"),
        ("GrossProfit", ""),
        ("Expenses", "Expenses"),
        ("NetOperatingIncome", ""),
        ("NetIncome", ""),
    ):
        title = (
            f"Total {label}"
            if label
            else {"GrossProfit": "Gross Profit", "NetIncome": "Net Income"}.get(group, "Net Operating Income")
        )
        row: dict[str, Any] = {"Summary": {"ColData": [{"value": title}, {"value": ""}]}}
        if label:
            row = {"Header": {"ColData": [{"value": label}, {"value": ""}]}} | row
        rows.append(row | {"type": "Section", "group": group})
    return rows


def _profit_rows(realm: Realm, sums: dict[str, list[Decimal]], width: int) -> list[dict]:
    rows: list[dict] = []
    totals: dict[str, list[Decimal]] = {}
    for group, label, kinds in _SECTIONS:
        accounts = [realm.find("Account", each) for each in sums]
        accounts = sorted(
            (each for each in accounts if each.body["AccountType"] in kinds), key=lambda each: int(each.id)
        )
        totals[group] = [sum((sums[each.id][index] for each in accounts), ZERO) for index in range(width)]
        lines = [
            {"ColData": [{"value": each.body["Name"], "id": each.id}, *_cells(sums[each.id])], "type": "Data"}
            for each in accounts
            if any(sums[each.id])
        ]
        if lines or group not in _ONLY_WITH_ROWS:
            row = {"Header": {"ColData": [{"value": label}, *[{"value": ""}] * width]}}
            if lines:
                row["Rows"] = {"Row": lines}
            rows.append(
                row
                | {"Summary": _summary(f"Total {label}", totals[group]), "type": "Section", "group": group}
            )
        if group == "COGS":
            totals["GrossProfit"] = _less(totals["Income"], totals["COGS"])
            rows.append(_result("GrossProfit", "Gross Profit", totals["GrossProfit"]))
        elif group == "Expenses":
            totals["Net"] = _less(totals["GrossProfit"], totals["Expenses"])
            rows.append(_result("NetOperatingIncome", "Net Operating Income", totals["Net"]))
    other = _less(totals["OtherIncome"], totals["OtherExpenses"])
    if rows[-1]["group"] != "NetOperatingIncome":
        rows.append(_result("NetOtherIncome", "Net Other Income", other))
    net = [operating + beside for operating, beside in zip(totals["Net"], other, strict=True)]
    rows.append(_result("NetIncome", "Net Income", net))
    return rows


def _less(values: list[Decimal], others: list[Decimal]) -> list[Decimal]:
    return [value - other for value, other in zip(values, others, strict=True)]


def _result(group: str, label: str, values: list[Decimal]) -> dict:
    return {"Summary": _summary(label, values), "type": "Section", "group": group}


def _cells(values: list[Decimal]) -> list[dict]:
    return [{"value": cell(value)} for value in values]


def _summary(label: str, values: list[Decimal]) -> dict:
    return {"ColData": [{"value": label}, *[{"value": f"{value:.2f}"} for value in values]]}


def balance_sheet(
    realm: Realm, start: date, end: date, basis: str, options: dict[str, str]
) -> tuple[list[dict], list[dict]]:
    """Return the columns and rows of a Balance Sheet (accrual) as of the last day."""
    balances = ledger.account_balances(realm, end.isoformat())
    columns = [{"ColTitle": "", "ColType": "Account"}, {"ColTitle": "Total", "ColType": "Money"}]
    if not balances:
        return columns, []
    net = -sum(
        (amount for each, amount in balances.items()
         if realm.find("Account", each).body["Classification"] in ("Revenue", "Expense")), ZERO,
    )  # fmt: skip
    rows = []
    for group, label, classes in (
        ("TotalAssets", "ASSETS", ("Asset",)),
        ("TotalLiabilitiesAndEquity", "LIABILITIES AND EQUITY", ("Liability", "Equity")),
    ):
        accounts = [record for record in realm.all("Account") if record.body["Classification"] in classes]
        lines, total = [], ZERO
        for account in accounts:
            shown = ledger.shown_balance(account, balances)
            total += shown
            if shown:
                lines.append(
                    {
                        "ColData": [
                            {"value": account.body["Name"], "id": account.id},
                            {"value": cell(shown)},
                        ],
                        "type": "Data",
                    }
                )
        if group != "TotalAssets":
            total += net
            lines.append(
                {
                    "ColData": [{"value": "Net Income"}, {"value": f"{net:.2f}"}],
                    "type": "Data",
                    "group": "NetIncome",
                }
            )
        header = {"ColData": [{"value": label}, {"value": ""}]}
        summary = _summary(f"TOTAL {label}", [total])
        rows.append(
            {"Header": header, "Rows": {"Row": lines}, "Summary": summary, "type": "Section", "group": group}
        )
    return columns, rows
