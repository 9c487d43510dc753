"""The sync log: what holds things up and how to go on, every run, and every operation with its outcome."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from bookkeeping.acts.questions import retry_stuck
from bookkeeping.faults import fault
from bookkeeping.logbook import pages as logbook
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.paging import SEARCH_ROWS
from bookkeeping.storage.work.journal import OUTCOMES
from webapp.access.limits import client_address
from webapp.access.matrix import Right
from webapp.access.roles import current_company, open_to
from webapp.frame.bell import commit_and_ring
from webapp.frame.books_links import books_links
from webapp.frame.filters import ListFilter, choice, neighbours, position_asked
from webapp.frame.spreadsheets import file_answer, file_asked
from webapp.frame.words import plural
from webapp.sync_log.export import operations_table, runs_table
from webapp.sync_log.progress import is_open, progress_of
from webapp.sync_log.words import FILTERS

bp = Blueprint("sync_log", __name__)

_WRITTEN = ("Invoice", "Payment", "RefundReceipt", "Customer", "Item", "SalesReceipt")
KINDS = {kind: kind for kind in _WRITTEN} | {"PaymentMethod": "Payment method"}
SORTS = {
    "when-up": "Oldest",
    "amount": "Highest amount",
    "amount-up": "Lowest amount",
    "client-up": "Client, A to Z",
    "client": "Client, Z to A",
}
LATEST_RUNS = 6
for word in FILTERS:
    bp.add_app_template_filter(word)


class OperationFilterForm(ListFilter):
    outcome = choice("Outcome", OUTCOMES)
    kind = choice("Kind", KINDS)
    sort = choice("Order", SORTS, none="Newest")


@bp.get("/sync-log")
@open_to(Right.READ)
def page() -> ResponseReturnValue:
    """Show what needs somebody, the latest runs and a page of operations; filters and place are in the address."""
    company = current_company()
    form = OperationFilterForm.read()
    position, problem = position_asked(*logbook.OPERATION_ORDER)
    wanted = logbook.OperationFilter(**form.wanted(company.time_zone))
    if file_asked() and not form.errors:
        return file_answer(operations_table(company, wanted), file_asked())
    operations = logbook.operations_page(company.id, wanted, position)
    narrowed = bool(form.given or position)
    return render_template(
        "sync_log/page.html",
        company=company,
        connection=db.session.get(Connection, company.id),
        form=form,
        problem=problem,
        narrowed=narrowed,
        further=position is not None,
        operations=operations,
        neighbours=neighbours(operations, ".page", **form.given),
        runs=[] if narrowed else logbook.runs_page(company.id, None, size=LATEST_RUNS).rows,
        causes=[] if narrowed else logbook.causes(company.id),
        bad_records=[] if narrowed else logbook.bad_records(company.id),
        bad_record_limit=logbook.BAD_RECORD_LIMIT,
        search_rows=SEARCH_ROWS,
        questions=0 if narrowed else logbook.question_count(company.id),
        drifts=0 if narrowed else logbook.attention_counts(company.id)["drift"],
        books_link=books_links(company),
    ), (400 if form.errors else 200)


@bp.get("/sync-log/runs")
@open_to(Right.READ)
def runs() -> ResponseReturnValue:
    """Show a page of runs, newest first; those that found nothing to do only when asked for."""
    company = current_company()
    position, problem = position_asked(*logbook.RUN_ORDER)
    everything = {"all": "yes"} if request.args.get("all") == "yes" else {}
    if file_asked():
        return file_answer(runs_table(company, idle=bool(everything)), file_asked())
    found = logbook.runs_page(company.id, position, idle=bool(everything))
    return render_template(
        "sync_log/runs.html",
        company=company,
        problem=problem,
        everything=bool(everything),
        runs=found,
        neighbours=neighbours(found, ".runs", **everything),
    )


@bp.get("/sync-log/runs/<int(max=9223372036854775807):run_id>")
@open_to(Right.READ)
def run(run_id: int) -> ResponseReturnValue:
    """Show one run with its problems and a page of its operations."""
    company = current_company()
    found = logbook.run_or_none(company.id, run_id) or abort(404)
    form = OperationFilterForm.read()
    position, problem = position_asked(*logbook.OPERATION_ORDER)
    wanted = logbook.OperationFilter(**form.wanted(company.time_zone), run_id=run_id)
    if file_asked() and not form.errors:
        return file_answer(operations_table(company, wanted), file_asked())
    operations = logbook.operations_page(company.id, wanted, position)
    return render_template(
        "sync_log/run.html",
        company=company,
        run=found,
        job=progress_of(found) if is_open(found) else None,
        refresh_seconds=5 if is_open(found) else None,
        form=form,
        problem=problem,
        operations=operations,
        neighbours=neighbours(operations, ".run", run_id=run_id, **form.given),
        books_link=books_links(company),
    ), (400 if form.errors else 200)


@bp.post("/sync-log/retry-all")
@open_to(Right.SETTLE)
def retry_all() -> ResponseReturnValue:
    """Make everything that one cause holds up due now; without a cause, everything that is held up."""
    company = current_company()
    code = request.form.get("cause") or None
    retried = retry_stuck(company.id, current_user.email, client_address(), code=code)
    commit_and_ring(*([company.id] if retried else []))
    if retried:
        flash(
            f"{plural(retried, 'inspection is', 'inspections are')} tried again. {what_happens(company)}",
            "success",
        )
    else:
        held = f"by “{fault(code).title}”" if code else "up"
        flash(f"Nothing is held {held} any more.", "info")
    return redirect(url_for(".page"), 303)


def what_happens(company: Company, soon: str = "The result shows here in a moment.") -> str:
    """Say when something that was just made due will go out; `soon` where nothing is in its way."""
    connection = db.session.get(Connection, company.id)
    if connection is None or not connection.usable:
        return "It goes as soon as QuickBooks is connected."
    if company.paused_at is not None:
        return "Syncing is paused, so it goes when you press Resume."
    if company.halted:
        return f"{fault('platform-not-us').title}, so nothing is sent."
    return soon
