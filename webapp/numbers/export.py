"""The pulled numbers as files: payments, open invoices, who owes how much, and Profit and Loss by month."""

from collections.abc import Iterable
from typing import Any

from webapp.frame.spreadsheets import Column, Table
from webapp.frame.words import month
from webapp.numbers import figures

PAYMENT_COLUMNS = (
    Column("Kind"),
    Column("QuickBooks id"),
    Column("Date", "day"),
    Column("Customer"),
    Column("Method"),
    Column("Received", "money"),
    Column("Unapplied", "money"),
    Column("Deposited"),
    Column("Inspection"),
)
INVOICE_COLUMNS = (
    Column("Invoice"),
    Column("QuickBooks id"),
    Column("Date", "day"),
    Column("Due", "day"),
    Column("Days late", "number"),
    Column("Customer"),
    Column("Inspection"),
    Column("Total", "money"),
    Column("Open", "money"),
)
MONTH_COLUMNS = (
    Column("Month"),
    Column("Income, accrual", "money"),
    Column("Income, cash", "money"),
    Column("Net income, accrual", "money"),
    Column("Net income, cash", "money"),
)


def payments_table(rows: Iterable[dict[str, Any]]) -> Table:
    """Return the payments as they were read."""
    lines = (
        (
            *(one["kind"], one["id"], one["date"], one["customer"], one["method"]),
            *(one["total"], one["unapplied"], "not yet" if one["undeposited"] else "yes", one["inspection"]),
        )
        for one in rows
    )
    return Table("payments", PAYMENT_COLUMNS, lines)


def open_invoices_table(opened: dict[str, Any]) -> Table:
    """Return the open invoices, the longest due first."""
    lines = (
        (
            *(one.get("doc_number", ""), one["id"], one["date"], one["due"] or one["date"], one["days_late"]),
            *(one["customer"], one["inspection"], one["total"], one["balance"]),
        )
        for one in opened.get("invoices", [])
    )
    return Table("open-invoices", INVOICE_COLUMNS, lines)


def owed_table(aging: dict[str, Any]) -> Table:
    """Return who owes how much, by age."""
    ages = figures.age_names(aging.get("ages", []))
    columns = [Column("Customer"), *(Column(age, "money") for age in ages), Column("Total", "money")]
    lines = ((one["customer"], *one["by_age"], one["total"]) for one in aging.get("customers", []))
    return Table("owed-to-you", columns, lines)


def months_table(months: Iterable[figures.ProfitMonth]) -> Table:
    """Return Profit and Loss by month, oldest first."""
    bases = ("Accrual", "Cash")
    lines = (
        (month(one.month), *(one.income[basis] for basis in bases), *(one.net[basis] for basis in bases))
        for one in months
    )
    return Table("profit-and-loss", MONTH_COLUMNS, lines)
