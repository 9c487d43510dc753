"""How the books are kept: where income goes, how payments arrive, when Invoices are due, classes and locations. Items by name: `items.py`.

A change that existing documents could follow is never silent: the page asks whether it holds from now on, or for them too.
"""

from typing import Any, Literal

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from bookkeeping.acts.books import change_books
from bookkeeping.logbook.fee_names import MAPPED_KINDS, inspectors, invoices_with, names_seen
from bookkeeping.rules.text import one_line
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.records.choices import Scope, closed_through, living_documents
from bookkeeping.storage.work.runs import latest_run, queue_run
from webapp.access.confirming import recently_confirmed
from webapp.access.limits import client_address
from webapp.access.matrix import Right
from webapp.access.roles import current_company, open_to
from webapp.bookkeeping_settings.forms import (
    DEPOSIT_ACCOUNTS,
    LONGEST_INSPECTOR,
    Typed,
    lists_of,
    sent_fields,
)
from webapp.frame.bell import commit_and_ring
from webapp.frame.standing import standing_of
from webapp.quickbooks_settings.holding import hold_first_sync
from webapp.sync_log.progress import is_open, progress_of

bp = Blueprint("bookkeeping", __name__, url_prefix="/settings/quickbooks")

METHODS = {"card": "Credit Card", "ach": "ACH", "check": "Check", "cash": "Cash", "other": ""}
LONGEST_DUE = 365
Answer = Response | str | tuple[str, int]


@bp.get("/bookkeeping")
@open_to(Right.READ)
def page() -> str:
    """Show each step with what is in force."""
    return _show()


def _show(typed: Typed | None = None) -> str:
    company = current_company()
    connection = db.session.get(Connection, company.id)
    run = latest_run(company.id, "lists")
    facts = (connection.facts if connection else None) or {}
    lists = typed.lists if typed else lists_of(company)
    return render_template(
        "books/page.html",
        company=company,
        connection=connection,
        connected=connection is not None and connection.usable,
        facts=facts,
        books=company.books or {},
        lists=lists,
        deposit_accounts=lists.accounts_of(*DEPOSIT_ACCOUNTS),
        income_accounts=lists.accounts_of("Income", "Other Income"),
        methods=METHODS,
        inspectors=inspectors(company.id),
        errors=typed.errors if typed else {},
        sent=request.form if typed else {},
        job=progress_of(run) if is_open(run) else None,
    )


@bp.post("/bookkeeping/income")
@open_to(Right.BOOKS)
def save_income() -> Answer:
    """Save whether each name has an Item of its own or all have one, and the account that new Items book to."""
    company = current_company()
    typed = Typed(lists_of(company))
    changes: dict[str, Any] = {}
    changes["income_account_id"] = typed.listed(
        "income_account_id", typed.lists.accounts_of("Income", "Other Income")
    )
    changes["one_item"] = None
    if typed.text("income_mode") == "one":
        name, item_id = typed.item("one_item", typed.text("one_item"))
        if not name:
            typed.errors["one_item"] = "Name the Item that everything is booked to."
        changes["one_item"] = name
        changes["item_ids"] = item_ids(company, {name: item_id})
    elif typed.text("income_mode") != "each":
        typed.errors["income_mode"] = "Choose one of the two."
    if typed.errors:
        return _show(typed), 422
    moved = (company.books or {}).get("one_item") != changes["one_item"]
    return settle(
        company,
        typed,
        "Invoice",
        _follow_one_item(company) if moved else (0, 0),
        "bookkeeping.page",
        **changes,
    )


def _follow_one_item(company: Company) -> tuple[int, int]:
    """Return how many Invoices carry a name that is not mapped, in all and in a closed period."""
    mapped = (company.books or {}).get("item_names") or {}
    free = [one for one in names_seen(company.id) if one.name not in mapped and one.kind in MAPPED_KINDS]
    return followers(company, {spelling for one in free for spelling in one.written}, MAPPED_KINDS)


@bp.post("/bookkeeping/payments")
@open_to(Right.BOOKS)
def save_payments() -> Answer:
    """Save where payments go and what their methods are called."""
    company = current_company()
    typed, before = Typed(lists_of(company)), company.books or {}
    account = typed.listed("deposit_account_id", typed.lists.accounts_of(*DEPOSIT_ACCOUNTS))
    if not account and before.get("deposit_account_id"):
        # Payments that lie in an account only leave it when they are told where to.
        connection = db.session.get(Connection, company.id)
        account = ((connection.facts if connection else None) or {}).get("undeposited_id", "")
    names = {method: typed.method(f"method_{method}") for method in METHODS}
    if typed.errors:
        return _show(typed), 422
    names = {method: name for method, name in names.items() if name and name != METHODS[method]}
    changes: dict[str, Any] = {"deposit_account_id": account, "method_names": names}
    moved = any((before.get(key) or None) != (value or None) for key, value in changes.items())
    counts = living_documents(company, "Payment") if moved else (0, 0)
    return settle(company, typed, "Payment", counts, "bookkeeping.page", **changes)


@bp.post("/bookkeeping/refunds")
@open_to(Right.BOOKS)
def save_refunds() -> Answer:
    """Save whether refunds after the deposit are booked, and from which account. What is booked already keeps its account."""
    company = current_company()
    typed = Typed(lists_of(company))
    account = typed.listed("refund_account_id", typed.lists.accounts_of(*DEPOSIT_ACCOUNTS))
    how = typed.text("refunds")
    if how not in ("book", "wait"):
        typed.errors["refunds"] = "Choose one of the two."
    if typed.errors:
        return _show(typed), 422
    changes: dict[str, Any] = {"refunds": "wait" if how == "wait" else None, "refund_account_id": account}
    return settle(company, typed, "RefundReceipt", (0, 0), "bookkeeping.page", **changes)


@bp.post("/bookkeeping/due")
@open_to(Right.BOOKS)
def save_due() -> Answer:
    """Save after how many days an Invoice is due."""
    company = current_company()
    typed = Typed(lists_of(company))
    days = typed.whole_number("due_days", 0, LONGEST_DUE)
    if typed.errors:
        return _show(typed), 422
    counts = living_documents(company, "Invoice") if days != company.due_days else (0, 0)
    return settle(company, typed, "Invoice", counts, "bookkeeping.page", due_days=days)


@bp.post("/bookkeeping/classes")
@open_to(Right.BOOKS)
def save_classes() -> Answer:
    """Save the class and the location for everybody, and those for single inspectors."""
    company = current_company()
    typed = Typed(lists_of(company))
    connection = db.session.get(Connection, company.id)
    facts = (connection.facts if connection else None) or {}
    names = [one_line(name) for name in request.form.getlist("inspector")]
    changes: dict[str, Any] = {}
    for key, things in (("classes", typed.lists.classes), ("locations", typed.lists.locations)):
        chosen = request.form.getlist(key)
        rows = zip(names, chosen, strict=False)
        pairs = {name: typed.listed(key, things, one) for name, one in rows if len(name) <= LONGEST_INSPECTOR}
        changes[key] = {name: one for name, one in pairs.items() if one}
    changes["class_on"] = facts.get("class_on") or None if changes["classes"] else None
    if typed.errors:
        return _show(typed), 422
    before = company.books or {}
    moved = any((before.get(key) or None) != (value or None) for key, value in changes.items())
    counts = living_documents(company, "Invoice") if moved else (0, 0)
    return settle(company, typed, "Invoice", counts, "bookkeeping.page", **changes)


@bp.post("/bookkeeping/lists")
@open_to(Right.SYNC)
def refresh_lists() -> Response:
    """Have the lists read again from QuickBooks."""
    company = current_company()
    if not standing_of(company).connected:
        flash("QuickBooks is not connected, so its lists cannot be read. Reconnect it first.", "warning")
        return redirect(url_for(".page"), 303)
    queue_run(company.id, "lists", "by a person", current_user.email)
    record_act(company.id, current_user.email, "asked for the lists", address=client_address())
    commit_and_ring(company.id)
    flash("Reading your lists in QuickBooks.", "success")
    return redirect(url_for(".page"), 303)


@bp.post("/bookkeeping/hold")
@open_to(Right.HOLD)
@recently_confirmed("Say whether the first sync waits for you.")
def save_hold() -> Response:
    """Say whether a first sync waits for somebody to look at the practice run."""
    company = current_company()
    hold = request.form.get("hold") == "yes"
    hold_first_sync(company, hold)
    db.session.commit()
    flash("The first sync waits for you." if hold else "A first sync starts by itself.", "success")
    return redirect(url_for(".page"), 303)


def settle(
    company: Company,
    typed: Typed,
    kind: str,
    counts: tuple[int, int],
    back: str,
    due_days: int | None = None,
    **changes: Any,
) -> Answer:
    """Save these choices; ask for the scope first when `counts` (living documents, those of them in a closed period) says so."""
    living, closed = counts
    scope: Scope | Literal[""] = "none" if not living else typed.scope() or ("" if living > closed else "new")
    if not scope:
        return render_template(
            "books/scope.html",
            action=request.path,
            fields=sent_fields(),
            kind=kind,
            count=living - closed,
            closed=closed,
            back=url_for(back),
        )
    if not change_books(company, scope, current_user.email, client_address(), due_days=due_days, **changes):
        flash("Nothing was changed: this is in force already.", "info")
        return redirect(url_for(back), 303)
    commit_and_ring(company.id)
    follow = f"{living - closed:,} existing {kind}{'s follow' if living - closed != 1 else ' follows'} with the next sync."
    flash(f"Saved. {follow if scope == 'all' and living > closed else 'It holds from now on.'}", "success")
    return redirect(url_for(back), 303)


def followers(company: Company, spellings: set[str], kinds: tuple[str, ...]) -> tuple[int, int]:
    """Return how many living Invoices have a line of these spellings, and how many of them lie in a closed period."""
    found = invoices_with(company.id, spellings, kinds)
    closed_on = closed_through(company)
    return len(found), sum(1 for day in found.values() if closed_on and day <= closed_on)


def item_ids(company: Company, chosen: dict[str, str]) -> dict[str, str]:
    """Return the known ids of Items by name, with these; a name without id is decided by its name alone."""
    merged = {**((company.books or {}).get("item_ids") or {}), **chosen}
    return {name: item_id for name, item_id in merged.items() if item_id}
