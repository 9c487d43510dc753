"""Numbers pulled back from QuickBooks: Profit and Loss, what is owed, payments. Shown as stored, with the time they were pulled."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from bookkeeping.faults import fault
from bookkeeping.storage.base import utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import stood_until
from bookkeeping.storage.records.numbers import (
    PulledNumbers,
    inspections_behind,
    metered_calls,
    pulled_numbers,
    statement_or_none,
)
from bookkeeping.storage.work.runs import Run, latest_run, queue_run
from webapp.access.matrix import Right
from webapp.access.roles import current_company, open_to
from webapp.frame.bell import commit_and_ring
from webapp.frame.books_links import books_links
from webapp.frame.spreadsheets import file_answer, file_asked
from webapp.frame.standing import local_today, standing_of
from webapp.frame.words import day
from webapp.numbers import export, figures
from webapp.sync_log.pages import what_happens
from webapp.sync_log.progress import is_open, progress_of

bp = Blueprint("numbers", __name__)

SHOWN = 100


@bp.app_template_filter("decimal")
def decimal(text: str) -> Decimal:
    """An amount as it is stored in JSON, as Decimal."""
    return Decimal(text)


@bp.app_template_filter("instant")
def instant(text: str) -> datetime:
    """An instant as it is stored in JSON, aware."""
    return datetime.fromisoformat(text)


@bp.app_template_filter("iso_day")
def iso_day(text: str) -> str:
    """A day as it is stored in JSON, in words; "" stays ""."""
    return day(date.fromisoformat(text)) if text else ""


@bp.app_template_filter("merged")
def merged(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Both dicts as one."""
    return {**first, **second}


@bp.get("/numbers")
@open_to(Right.READ)
def page() -> ResponseReturnValue:
    """Show everything that was pulled last; one list of it (`list=`) as a file on request."""
    company = current_company()
    pulled = pulled_numbers(company.id)
    run = latest_run(company.id, "numbers", "nightly")
    payments = _content(pulled, "payments").get("payments", [])
    undeposited = [one for one in payments if one["undeposited"]]
    unapplied = [one for one in payments if one["unapplied"] != "0.00"]
    profit = figures.profit_months(pulled)
    methods = figures.by_method(payments)
    aging = _content(pulled, "aged-receivables")
    opened = _content(pulled, "open-invoices")
    for one in opened.get("invoices", []):
        one["days_late"] = figures.days_late(one["due"], local_today(company))
    _name_inspections(company, opened.get("invoices", []))
    if file_asked():
        lists = {"months": export.months_table(profit), "owed": export.owed_table(aging)}
        wanted = lists.get(request.args.get("list", ""), export.open_invoices_table(opened))
        return file_answer(wanted, file_asked())
    _name_inspections(company, [*undeposited[:SHOWN], *unapplied[:SHOWN]])
    return render_template(
        "numbers/page.html",
        company=company,
        standing=standing_of(company),
        pulled=pulled,
        pulled_at=figures.pulled_at(pulled),
        stood_until=stood_until(company.id, figures.pulled_at(pulled)),
        job=progress_of(run) if is_open(run) else None,
        trouble=trouble_of(run),
        metered=metered_calls(company.id, f"{utcnow():%Y-%m}"),
        month=f"{utcnow():%Y-%m}",
        profit=profit,
        profit_chart=figures.profit_chart(profit),
        accounts=figures.accounts_of(pulled.get(("profit-and-loss", "Accrual"))),
        aging=aging,
        aging_chart=figures.aging_chart(aging) if aging else "",
        opened=opened,
        methods=methods,
        method_chart=figures.method_chart(methods),
        undeposited=undeposited,
        undeposited_account=_content(pulled, "undeposited"),
        unapplied=unapplied,
        payments_since=pulled["payments", ""].period if ("payments", "") in pulled else "",
        payments_left_out=_content(pulled, "payments").get("left_out", ""),
        statement=statement_or_none(company.id),
        books_link=books_links(company),
        figures=figures,
        shown=SHOWN,
    )


@bp.post("/numbers/refresh")
@open_to(Right.SYNC)
def refresh() -> ResponseReturnValue:
    """Ask for the numbers to be pulled again."""
    company = current_company()
    queue_run(company.id, "numbers", "by a person", current_user.email)
    commit_and_ring(company.id)
    flash(f"The numbers are being read again. {what_happens(company)}", "info")
    return redirect(url_for(".page"), 303)


@bp.get("/numbers/payments")
@open_to(Right.READ)
def payments() -> ResponseReturnValue:
    """List the payments behind a figure: of one method, one month, unapplied or undeposited ones; as a file on request."""
    company = current_company()
    found = _content(pulled_numbers(company.id), "payments").get("payments", [])
    asked = {name: request.args.get(name, "")[:60] for name in ("method", "month", "only")}
    rows = [one for one in found if _wanted(one, asked)]
    _name_inspections(company, rows)
    if file_asked():
        return file_answer(export.payments_table(rows), file_asked())
    return render_template(
        "numbers/payments.html",
        company=company,
        rows=rows,
        asked=asked,
        methods=sorted({one["method"] or figures.NO_METHOD for one in found}),
        months=sorted({one["date"][:7] for one in found}, reverse=True),
        total=figures.total_of(rows),
        books_link=books_links(company),
        shown=500,
    )


def trouble_of(run: Run | None) -> dict[str, Any] | None:
    """Return what kept the last attempt from being done, in the catalogue's words, or None."""
    if run is None or run.state != "failed":
        return None
    problems = [one for one in run.problems if run.kind != "nightly" or one["step"] in ("numbers", "tie-out")]
    return {"fault": fault(problems[0]["code"]), "at": run.finished_at} if problems else None


def _wanted(one: dict[str, Any], asked: dict[str, str]) -> bool:
    if asked["method"] and (one["method"] or figures.NO_METHOD) != asked["method"]:
        return False
    if asked["month"] and not one["date"].startswith(asked["month"]):
        return False
    if asked["only"] == "undeposited":
        return bool(one["undeposited"])
    return asked["only"] != "unapplied" or one["unapplied"] != "0.00"


def _content(pulled: dict[tuple[str, str], PulledNumbers], kind: str) -> dict[str, Any]:
    row = pulled.get((kind, ""))
    return row.content if row else {}


def _name_inspections(company: Company, rows: list[dict[str, Any]]) -> None:
    """Put the inspection behind each document into its row, as our records say now."""
    for kind in {one["kind"] for one in rows}:
        theirs = [one for one in rows if one["kind"] == kind]
        behind = inspections_behind(company.id, kind, [one["id"] for one in theirs])
        for one in theirs:
            one["inspection"] = behind.get(one["id"], "")
