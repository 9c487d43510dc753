"""Pulls numbers back from QuickBooks: its own reports, open invoices, money received, unapplied and undeposited. Stored, not judged."""

import logging
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from bookkeeping.errors import PermanentError
from bookkeeping.quickbooks_gateway.gateway import quote
from bookkeeping.quickbooks_gateway.reading import (
    Seen,
    SeenInvoice,
    SeenPayment,
    SeenReceipt,
    money,
    seen,
)
from bookkeeping.quickbooks_gateway.reports import Basis, aged_receivables, profit_and_loss
from bookkeeping.rules.tieout import in_other_currencies, nightly_period
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.names import named_things
from bookkeeping.storage.records.numbers import inspections_behind, keep_numbers, pulled_numbers
from worker.holding.progress import tell
from worker.holding.work import Work
from worker.reading.quiet import nothing_moved

logger = logging.getLogger(__name__)

Document = TypeVar("Document", bound=Seen)

MONTHS = 12
BASES: tuple[Basis, ...] = ("Accrual", "Cash")


def pull_numbers(work: Work) -> bool:
    """Read everything the numbers page shows, each kept as soon as it is there; always finishes.

    Raises:
        NotConnectedError, TemporaryError: QuickBooks could not be read; what was pulled before stays.
        PermanentError: one of them could not be read, after all the others were.
    """
    today = work.now().astimezone(ZoneInfo(work.company.time_zone)).date()
    first, last = months_back(today)
    connection = work.existing_connection
    connection.numbers_read_at, connection.numbers_through = utcnow(), None
    connection.numbers_days = f"{first} {last}"
    answered: list[datetime | None] = []
    pulls: tuple[tuple[str, Callable[[], None]], ...] = (
        ("Profit and Loss", lambda: answered.append(_pull_profit(work, first, last))),
        ("Aged Receivables", lambda: _pull_aging(work, today)),
        ("open invoices", lambda: _pull_open(work, today)),
        ("payments", lambda: _pull_payments(work, first)),
    )
    first_problem: PermanentError | None = None
    for what, pull in pulls:
        tell(work, f"Reading {what}")
        work.commit()
        try:
            pull()
        except PermanentError as error:  # What this one answered says nothing of the others.
            db.session.rollback()
            first_problem = first_problem or error
            logger.warning(
                "Numbers not read", extra={"company_id": work.company_id, "what": what, "code": error.code}
            )
        work.commit()
    tell(work, "Numbers pulled" if first_problem is None else "Numbers pulled, but for some")
    work.commit()
    if first_problem is not None:
        raise first_problem
    work.existing_connection.numbers_through = answered[0]
    work.commit()
    return True


def pull_numbers_at_night(work: Work) -> bool:
    """Read the numbers, unless nothing can have moved since they and the statement were made: then both stand as they are.

    Only what is owed grows older by itself: how old it is is read once a day.
    """
    today = work.now().astimezone(ZoneInfo(work.company.time_zone)).date()
    first, last = months_back(today)
    connection = work.existing_connection
    if work.run.problems or not nothing_moved(connection, f"{first} {last}", nightly_period(today)):
        return pull_numbers(work)
    connection.quiet_at = utcnow()
    work.run.parameters = {**work.run.parameters, "quiet": True}
    tell(work, "Nothing has changed: numbers and statement stand as they are")
    aging = pulled_numbers(work.company_id).get(("aged-receivables", ""))
    work.commit()
    if aging is not None and aging.content["customers"] and aging.period != today.isoformat():
        _pull_aging(work, today)
        work.commit()
    return True


def months_back(today: date, months: int = MONTHS) -> tuple[date, date]:
    """Return the first and last day of that many calendar months that end with the current one."""
    number = today.year * 12 + today.month - months
    after = today.year * 12 + today.month
    first = date(number // 12, number % 12 + 1, 1)
    return first, date(after // 12, after % 12 + 1, 1) - timedelta(days=1)


def _pull_profit(work: Work, first: date, last: date) -> datetime | None:
    """Return QuickBooks' clock at the first answer."""
    answered: list[datetime | None] = []
    for basis in BASES:
        work.before_call()
        made = profit_and_loss(work.gateway, first, last, basis)
        answered.append(made.answered_at)
        content = {
            "accounts": [
                {
                    "section": one.section,
                    "account_id": one.account_id,
                    "account": one.account,
                    "month": f"{one.month:%Y-%m}",
                    "amount": str(one.amount),
                }
                for one in made.accounts
            ],
            "totals": [
                {"section": section, "month": f"{month:%Y-%m}", "amount": str(amount)}
                for (section, month), amount in made.totals.items()
            ],
        }
        keep_numbers(work.company_id, "profit-and-loss", content, basis=basis, period=f"{first} {last}")
    return answered[0]


def _pull_aging(work: Work, today: date) -> None:
    work.before_call()
    made = aged_receivables(work.gateway, today)
    customers = [
        {
            "customer_id": one.customer_id,
            "customer": one.customer,
            "by_age": [str(amount) for amount in one.by_age],
            "total": str(one.total),
        }
        for one in made.customers
    ]
    content = {"ages": list(made.ages), "customers": customers, "total": str(made.total)}
    keep_numbers(work.company_id, "aged-receivables", content, period=today.isoformat())


def _pull_open(work: Work, today: date) -> None:
    work.before_call()
    every = [seen("Invoice", row) for row in work.gateway.query_all("Invoice", "Balance > '0'")]
    found, left_out = _in_dollars(every)
    behind = inspections_behind(work.company_id, "Invoice", [one.qbo_id for one in found])
    rows = [_document(one, behind) | _open(one) for one in found if isinstance(one, SeenInvoice)]
    rows.sort(key=lambda row: (row["due"] or row["date"], row["id"]))
    content = {
        "invoices": rows,
        "total": str(sum((Decimal(row["balance"]) for row in rows), Decimal("0.00"))),
        "left_out": left_out,
    }
    keep_numbers(work.company_id, "open-invoices", content, period=today.isoformat())


def _open(one: SeenInvoice) -> dict[str, Any]:
    due = one.due_date or one.txn_date
    return {"balance": str(one.balance), "due": due.isoformat() if due else ""}


def _pull_payments(work: Work, first: date) -> None:
    """Money received since then, with how it came, what of it is unapplied, and what no bank deposit holds yet."""
    where = f"TxnDate >= {quote(first.isoformat())}"
    every: list[SeenPayment | SeenReceipt] = []
    work.before_call()
    every += [seen("Payment", row) for row in work.gateway.query_all("Payment", where)]
    work.before_call()
    every += [seen("SalesReceipt", row) for row in work.gateway.query_all("SalesReceipt", where)]
    received, left_out = _in_dollars(every)
    work.before_call()
    accounts = list(work.gateway.query_all("Account", "AccountType = 'Other Current Asset'"))
    undeposited = next((row for row in accounts if row.get("AccountSubType") == "UndepositedFunds"), None)
    holding = str(undeposited["Id"]) if undeposited else ""
    behind = {
        kind: inspections_behind(
            work.company_id, kind, [one.qbo_id for one in received if one.entity_name == kind]
        )
        for kind in ("Payment", "SalesReceipt")
    }
    methods = {thing.qbo_id: thing.name for thing in named_things(work.company_id, "PaymentMethod")}
    rows = []
    for one in received:
        if not one.total:
            continue  # A voided one, or credits applied without money.
        rows.append(
            _document(one, behind[one.entity_name])
            | {
                "method": methods.get(one.method_id, "") or ("Other" if one.method_id else ""),
                "unapplied": str(getattr(one, "unapplied", Decimal("0.00"))),
                "undeposited": bool(holding) and one.deposit_account_id == holding and not one.deposited,
            }
        )
    rows.sort(key=lambda row: (row["date"], int(row["id"])), reverse=True)
    period = first.isoformat()
    keep_numbers(work.company_id, "payments", {"payments": rows, "left_out": left_out}, period=period)
    balance = money(undeposited.get("CurrentBalance")) if undeposited else Decimal("0.00")
    content = {"account": undeposited["Name"] if undeposited else "", "balance": str(balance)}
    keep_numbers(work.company_id, "undeposited", content, period=period)


def _in_dollars(found: list[Document]) -> tuple[list[Document], str]:
    """Return those that are in US dollars, and a sentence that says how many are not, "" when all are: no sum can count both."""
    others = Counter(one.currency for one in found if not one.in_dollars)
    said = f"Left out: {in_other_currencies(others)}." if others else ""
    return [one for one in found if one.in_dollars], said


def _document(one: Seen, behind: dict[str, str]) -> dict[str, Any]:
    return {
        "kind": one.entity_name,
        "id": one.qbo_id,
        "doc_number": one.doc_number,
        "date": one.txn_date.isoformat() if one.txn_date else "",
        "customer": one.customer_name,
        "total": str(one.total),
        "inspection": behind.get(one.qbo_id, ""),
    }
