"""The practice run: what a sync would send, worked out by the worker and sent nowhere; and the button that starts syncing."""

from datetime import date
from decimal import Decimal
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response
from wtforms import DateField
from wtforms.validators import Optional

from bookkeeping.acts import syncing
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.work.runs import Run, latest_run, queue_run
from webapp.access.limits import client_address
from webapp.access.matrix import Right
from webapp.access.roles import current_company, open_to
from webapp.frame.bell import commit_and_ring
from webapp.frame.books_links import books_links
from webapp.frame.standing import standing_of
from webapp.quickbooks_settings.pages import sensible_day
from webapp.sync_log.progress import is_open, progress_of

bp = Blueprint("practice", __name__, url_prefix="/settings/quickbooks/practice")

SHOWN_ITEMS = 60


class PracticeForm(FlaskForm):
    practice_from = DateField("Inspections from", validators=[Optional(), sensible_day])


@bp.get("")
@open_to(Right.READ)
def page() -> str:
    """Show the newest practice run."""
    return _show()


def _show(form: PracticeForm | None = None) -> str:
    company = current_company()
    standing = standing_of(company)
    run = latest_run(company.id, "practice")
    done = run if run is not None and not is_open(run) else None
    return render_template(
        "books/practice.html",
        company=company,
        standing=standing,
        form=form or PracticeForm(MultiDict(), practice_from=_start(company)),
        job=progress_of(run) if is_open(run) else None,
        run=done,
        result=_in_dollars(done.result) if done and "months" in done.result else None,
        started_from=date.fromisoformat(done.parameters["from"])
        if done and done.parameters.get("from")
        else None,
        to_start=_to_start(company, done) if standing.connected else "",
        shown_items=SHOWN_ITEMS,
        books_link=books_links(company),
    )


@bp.post("")
@open_to(Right.BOOKS)
def start() -> Response | tuple[str, int]:
    """Have a practice run made."""
    company, form = current_company(), PracticeForm()
    if not form.validate_on_submit():
        return _show(form), 422
    if not standing_of(company).connected:
        flash(
            "QuickBooks is not connected, so a practice run has nothing to compare with. Connect it first.",
            "warning",
        )
        return redirect(url_for(".page"), 303)
    day = form.practice_from.data
    earlier = (
        {"from": day.isoformat()}
        if day and day != company.start_date and syncing.may_bring_in(company)
        else {}
    )
    queue_run(company.id, "practice", "by a person", current_user.email, **earlier)
    record_act(
        company.id, current_user.email, "asked for a practice run", after=earlier, address=client_address()
    )
    return _done("Working out what a sync would send. Nothing is sent.")


@bp.post("/start")
@open_to(Right.BOOKS)
def start_syncing() -> Response:
    """Start what the newest practice run was about: a held first sync, or earlier inspections."""
    company = current_company()
    run = latest_run(company.id, "practice")
    todo = _to_start(company, run) if standing_of(company).connected else ""
    if run is None or not todo:
        flash("There is nothing to start: syncing is on already, or QuickBooks is not connected.", "info")
        return redirect(url_for(".page"), 303)
    day = _earlier_day(company, run)
    if day is not None:
        syncing.change_dates(company, day, company.invoice_date, current_user.email)
    if company.paused_at:
        syncing.resume(company, current_user.email)
    commit_and_ring(company.id)
    flash("Syncing has started.", "success")
    return redirect(url_for("quickbooks.page"), 303)


def _done(sentence: str) -> Response:
    commit_and_ring(current_company().id)
    flash(sentence, "success")
    return redirect(url_for(".page"), 303)


def _start(company: Company) -> date | None:
    typed = request.args.get("from", "")
    try:
        return date.fromisoformat(typed) if typed else company.start_date
    except ValueError:
        return company.start_date


def _to_start(company: Company, run: Run | None) -> str:
    """Return what *Start syncing* would do, as a sentence; "" when there is nothing to start."""
    if run is None or is_open(run) or run.state != "done":
        return ""
    earlier = _earlier_day(company, run)
    parts = (
        [f"Inspections from {earlier:%B} {earlier.day}, {earlier.year} on come into the books."]
        if earlier
        else []
    )
    if company.paused_at:
        parts.append("Syncing begins, and goes on by itself.")
    return " ".join(parts)


def _earlier_day(company: Company, run: Run) -> date | None:
    day = run.parameters.get("from")
    if not day or not syncing.may_bring_in(company):
        return None
    chosen = date.fromisoformat(day)
    return chosen if company.start_date is None or chosen < company.start_date else None


def _in_dollars(result: dict[str, Any]) -> dict[str, Any]:
    """Return the result with its amounts as Decimal again."""
    return result | {
        "invoiced": Decimal(result["invoiced"]),
        "received": Decimal(result["received"]),
        "months": [[month, n, Decimal(a), m, Decimal(b)] for month, n, a, m, b in result["months"]],
        "left_out": [[reason, n, Decimal(total)] for reason, n, total in result["left_out"]],
        "doubles": [one | {"total": Decimal(one["total"])} for one in result["doubles"]],
    }
