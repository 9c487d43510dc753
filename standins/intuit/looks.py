"""How the pages put things: amounts, days and moments as people write them, and in a word how a document stands."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask import Blueprint

bp = Blueprint("looks", __name__)


@bp.app_template_filter("dollars")
def dollars(value: Any) -> str:
    """Return `$1,234.50`; nothing for nothing."""
    if value is None or value == "":
        return ""
    amount = Decimal(str(value))
    return f"−${-amount:,.2f}" if amount < 0 else f"${amount:,.2f}"


@bp.app_template_filter("day")
def day(text: str) -> str:
    """`2026-03-02` → `Mar 2, 2026`."""
    when = date.fromisoformat(text[:10])
    return f"{when:%b} {when.day}, {when.year}"


@bp.app_template_filter("moment")
def moment(text: str) -> str:
    """`2026-03-02T09:05:00-07:00` → `Mar 2, 2026, 9:05 AM`, in the company's time."""
    when = datetime.fromisoformat(text)
    return f"{day(text)}, {when:%I:%M %p}".replace(", 0", ", ")


def standing(entity: str, shown: dict[str, Any], today: str) -> str:
    """Return how a document stands in a word or two, as QuickBooks' lists say it."""
    if str(shown.get("PrivateNote") or "").startswith("Voided") and not shown.get("TotalAmt"):
        return "Voided"
    if any(link["TxnType"] == "Deposit" for link in shown.get("LinkedTxn") or ()):
        return "Deposited"
    if entity == "Invoice":
        if not shown["Balance"]:
            return "Paid"
        late = (shown.get("DueDate") or shown["TxnDate"]) < today
        return "Overdue" if late else "Partly paid" if shown["Balance"] < shown["TotalAmt"] else "Open"
    if entity == "Payment":
        return "Not all applied" if shown["UnappliedAmt"] else "Applied"
    if entity == "CreditMemo":
        return "Open" if shown["Balance"] else "Used"
    return ""
