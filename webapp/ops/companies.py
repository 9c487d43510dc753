"""Ops' companies: the list, each one's page with its few buttons, and the trace of every inspection.

Nothing here connects, disconnects, migrates or changes how the books are kept, and no page of it reads a token.
"""

from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.wrappers import Response

from bookkeeping.acts import syncing
from bookkeeping.acts.questions import retry_one
from bookkeeping.logbook import companies as ops_overview
from bookkeeping.logbook import company as ops_company
from bookkeeping.logbook import pages as logbook
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company, company_or_none, make_poll_due
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.records.numbers import statements_of
from bookkeeping.storage.work.runs import latest_run, queue_run
from webapp.access.confirming import recently_confirmed
from webapp.access.limits import client_address
from webapp.access.matrix import Right
from webapp.access.roles import open_to
from webapp.frame.bell import commit_and_ring
from webapp.frame.filters import neighbours, position_asked
from webapp.frame.spreadsheets import file_answer, file_asked
from webapp.frame.standing import asks_platform, next_sync
from webapp.frame.words import day, local_time, plural
from webapp.inspections.trace import trace_of
from webapp.ops.export import companies_table
from webapp.sync_log.progress import is_open, progress_of

bp = Blueprint("ops_companies", __name__)

PER_PAGE = 100
HIDDEN_FIELDS = frozenset({"blocked"})


@bp.get("/ops/companies")
@open_to(Right.OPS_READ)
def page() -> ResponseReturnValue:
    """Show all companies with how they stand, the most urgent first; by state and name."""
    lines = ops_overview.company_lines()
    state, text = request.args.get("state", ""), request.args.get("text", "").strip().casefold()
    order = list(ops_overview.STATES)
    chosen = [
        line
        for line in lines
        if (not state or line.state == state)
        and (not text or text in line.company.name.casefold() or text == str(line.company.id))
    ]
    chosen.sort(key=lambda line: (order.index(line.state), -line.amount, line.company.name))
    if file_asked():
        return file_answer(companies_table(chosen), file_asked())
    number = max(request.args.get("page", 1, type=int), 1)
    return render_template(
        "ops/companies.html",
        lines=chosen[(number - 1) * PER_PAGE : number * PER_PAGE],
        total=len(chosen),
        counts=ops_overview.state_counts(lines),
        state=state,
        text=request.args.get("text", ""),
        page=number,
        pages=max((len(chosen) - 1) // PER_PAGE + 1, 1),
    )


@bp.get("/ops/companies/<int:company_id>")
@open_to(Right.OPS_READ)
def detail(company_id: int) -> ResponseReturnValue:
    """Show one company: how it stands, its runs, its connection's history, its settings, and what it costs."""
    company = _company(company_id)
    position, problem = position_asked(*logbook.RUN_ORDER)
    runs = logbook.runs_page(company.id, position, idle=request.args.get("all") == "yes")
    line = next((one for one in ops_overview.company_lines() if one.company.id == company.id), None)
    run = latest_run(company.id, "first", "sync", "nightly", "poll")
    kept = {"all": "yes"} if request.args.get("all") == "yes" else {}
    return render_template(
        "ops/company.html",
        company=company,
        connection=db.session.get(Connection, company.id),
        line=line,
        facts=ops_company.company_facts(company),
        statement=next(iter(statements_of(company.id, limit=1)), None),
        usage=ops_company.usage_by_day(company.id),
        history=ops_company.history_page(company.id, None),
        settings=_settings_of(company),
        next_sync=next_sync(company),
        job=progress_of(run) if is_open(run) else None,
        runs=runs,
        problem=problem,
        everything=bool(kept),
        neighbours=neighbours(runs, ".detail", company_id=company.id, **kept),
    )


@bp.post("/ops/companies/<int:company_id>/sync")
@open_to(Right.OPS_ACT)
def sync_now(company_id: int) -> Response:
    """Poll and reconcile now."""
    return _run(company_id, "sync", "Syncing now.")


@bp.post("/ops/companies/<int:company_id>/poll")
@open_to(Right.OPS_ACT)
def poll_now(company_id: int) -> Response:
    """Read the platform's changes now, without sending anything."""
    return _run(company_id, "poll", "Reading the platform's changes now.")


@bp.post("/ops/companies/<int:company_id>/pause")
@open_to(Right.OPS_ACT)
def pause(company_id: int) -> Response:
    """Stop sending for this company."""
    syncing.pause(_company(company_id), current_user.email)
    return _done(
        company_id, "Paused. Nothing is sent to QuickBooks until someone presses Resume.", ring=False
    )


@bp.post("/ops/companies/<int:company_id>/resume")
@open_to(Right.OPS_ACT)
def resume(company_id: int) -> Response:
    """Go on."""
    syncing.resume(_company(company_id), current_user.email)
    return _done(company_id, "Syncing goes on.")


@bp.post("/ops/companies/<int:company_id>/approve-deletes")
@open_to(Right.OPS_ACT)
@recently_confirmed("Approve the deletes.")
def approve_deletes(company_id: int) -> Response:
    """Let the deletes go through that the brake holds."""
    count = syncing.approve_deletes(_company(company_id), current_user.email)
    return _done(
        company_id,
        f"Approved. The documents of {plural(count, 'inspection')} are taken out of QuickBooks now.",
    )


@bp.get("/ops/companies/<int:company_id>/inspections")
@open_to(Right.OPS_READ)
def find(company_id: int) -> Response:
    """Lead to an inspection by the platform's id or its document number."""
    company = _company(company_id)
    asked = request.args.get("key", "").strip()
    key = logbook.inspection_named(company.id, asked)
    if key is None and logbook.bad_record_or_none(company.id, asked) is None:
        missing = f"This company has no inspection “{asked[:60]}”."
        flash(missing if asked else "Type the id or the document number of an inspection.", "warning")
        return redirect(url_for(".detail", company_id=company.id), 303)
    return redirect(url_for(".inspection", company_id=company.id, key=key or asked), 303)


@bp.get("/ops/companies/<int:company_id>/inspections/<path:key>")
@open_to(Right.OPS_READ)
def inspection(company_id: int, key: str) -> ResponseReturnValue:
    """Show the trace of one inspection: the rules and their inputs, what was planned, sent and answered, and what it cost."""
    company = _company(company_id)
    trace = trace_of(company, key) or abort(404)
    now = utcnow()
    return render_template(
        "ops/inspection.html",
        company=company,
        trace=trace,
        now_there=now.astimezone(ZoneInfo(company.time_zone)),
        now=now.astimezone(UTC),
        settings=_settings_of(company),
    )


@bp.post("/ops/companies/<int:company_id>/inspections/<path:key>/retry")
@open_to(Right.OPS_ACT)
def retry(company_id: int, key: str) -> Response:
    """Make one inspection due now."""
    company = _company(company_id)
    if not retry_one(company.id, key, current_user.email, client_address()):
        abort(404)
    commit_and_ring(company.id)
    flash(f"Inspection {key} is tried again. The result shows here in a moment.", "success")
    return redirect(url_for(".inspection", company_id=company.id, key=key), 303)


def _company(company_id: int) -> Company:
    return company_or_none(company_id) or abort(404)


def _run(company_id: int, kind: str, sentence: str) -> Response:
    company = _company(company_id)
    make_poll_due(company.id)
    queue_run(company.id, kind, "by ops", current_user.email)
    record_act(company.id, current_user.email, f"asked for a {kind} (ops)", address=client_address())
    return _done(company.id, *asks_platform(company, sentence))


def _done(company_id: int, sentence: str, tone: str = "success", *, ring: bool = True) -> Response:
    commit_and_ring(*([company_id] if ring else []))
    flash(sentence, tone)
    return redirect(url_for(".detail", company_id=company_id), 303)


def _settings_of(company: Company) -> list[tuple[str, Any]]:
    """Return how the company keeps its books, for reading."""
    books = {
        name: value for name, value in (company.books or {}).items() if value and name not in HIDDEN_FIELDS
    }
    return [
        ("Time zone", company.time_zone),
        ("Sync start date", day(company.start_date) if company.start_date else None),
        ("Cutoff", local_time(company.cutoff, company.time_zone) if company.cutoff else None),
        ("Invoice date", company.invoice_date),
        ("Due days", company.due_days),
        ("Integrated before August 2019", "yes" if company.legacy else "no"),
        *[(name.replace("_", " ").capitalize(), value) for name, value in sorted(books.items())],
    ]
