"""The migration's page in each of its states: choose, previewing, preview, scheduled, running, paused, report. And its acts.

Bookkeepers see every state; only owners act. Downloads are in `downloads`.
"""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from bookkeeping.acts import migration as migration_acts
from bookkeeping.errors import RuleError
from bookkeeping.rules.cutoff import next_midnight_mst, parse_cutoff
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.migration_basis import why_stale
from bookkeeping.storage.records.migrations import (
    OPEN_STATES,
    Migration,
    migration_or_none,
    newest_migration,
    receipt_counts,
    receipts_of,
    with_everything,
)
from bookkeeping.storage.work.runs import Run, latest_run, queue_run
from webapp.access.confirming import password_is_right, recently_confirmed
from webapp.access.limits import by_person, client_address, limiter
from webapp.access.matrix import Right
from webapp.access.roles import asked_by_scripts, current_company, open_to
from webapp.frame.bell import commit_and_ring
from webapp.frame.books_links import books_links
from webapp.frame.filters import number_asked
from webapp.frame.standing import standing_of
from webapp.frame.words import day, money, span
from webapp.migration.chart import chart_of, touched
from webapp.migration.files import PLACES
from webapp.migration.report import forecast_accounts, forecast_periods, report_lines
from webapp.sync_log.progress import is_open, progress_of

bp = Blueprint("migration", __name__)

SHOWN = 50


@bp.app_template_filter("as_money")
def as_money(text: str) -> str:
    """Say an amount that a JSON column holds as text."""
    return money(Decimal(text))


@bp.app_template_filter("as_day")
def as_day(text: str) -> str:
    """Say a day that a JSON column holds as text."""
    return day(date.fromisoformat(text))


@bp.app_template_filter("as_moment")
def as_moment(text: str) -> datetime:
    """Return a moment that a JSON column holds as text."""
    return datetime.fromisoformat(text)


_WRONG_PASSWORD = "That is not your password. Nothing was changed."  # noqa: S105


@bp.get("/settings/quickbooks/migration")
@open_to(Right.READ)
def page() -> str | tuple[str, int]:
    """Show the migration where it stands; `cutoff` in the address tries a cut on the chart."""
    return _show(newest_migration(current_company().id))


@bp.get("/settings/quickbooks/migration/<int(max=2147483647):migration_id>")
@open_to(Right.READ)
def one(migration_id: int) -> str | tuple[str, int]:
    """Show one migration by its number, an earlier one too."""
    return _show(_named(migration_id))


@bp.get("/settings/quickbooks/migration/<int(max=2147483647):migration_id>/progress")
@open_to(Right.READ)
@asked_by_scripts
def progress(migration_id: int) -> dict[str, object]:
    """Answer with how far it is, for the bar that moves."""
    return _progress(_named(migration_id))


@bp.post("/settings/quickbooks/migration/preview")
@open_to(Right.MIGRATE)
@limiter.limit("30 per minute", key_func=by_person)
def preview() -> Response | tuple[str, int]:
    """Queue a preview for the typed cutoff."""
    company, typed = current_company(), request.form.get("cutoff", "")
    try:
        migration_acts.ask_for_preview(company, typed, current_user.email, utcnow(), client_address())
    except RuleError as error:
        db.session.rollback()
        return _show(newest_migration(current_company().id), cutoff_error=error.detail, typed=typed), 422
    return _done("")


@bp.post("/settings/quickbooks/migration/confirm")
@open_to(Right.MIGRATE)
def confirm() -> Response | tuple[str, int]:
    """Schedule the previewed migration: password and typed words must be right and the preview still true."""
    right, form = password_is_right(), request.form
    company = current_company()
    migration = newest_migration(company.id) or abort(404)
    if not right:
        return _show(migration, confirm_error=_WRONG_PASSWORD), 422
    try:
        migration_acts.confirm(
            migration,
            company,
            sha256=form.get("manifest", ""),
            words=form.get("words", ""),
            runs_at=_next_night(),
            who=current_user.email,
            needs_approval=form.get("second_owner") == "yes",
            address=client_address(),
        )
    except RuleError as error:
        db.session.rollback()
        return _show(newest_migration(current_company().id), confirm_error=error.detail), 422
    return _done("The migration is scheduled. You can cancel it until it starts.")


@bp.post("/settings/quickbooks/migration/cancel")
@open_to(Right.MIGRATE)
def cancel() -> Response:
    """Cancel what is scheduled, unless it has started."""
    migration = newest_migration(current_company().id, *OPEN_STATES)
    if migration is not None and migration_acts.cancel(migration, current_user.email, client_address()):
        return _done("The migration is cancelled. Nothing was changed in QuickBooks.")
    flash("There is nothing to cancel: the migration is over or has started.", "warning")
    return redirect(url_for(".page"), 303)


@bp.post("/settings/quickbooks/migration/approve")
@open_to(Right.MIGRATE)
@recently_confirmed
def approve() -> Response:
    """Give the second owner's approval."""
    migration = newest_migration(current_company().id, "scheduled") or abort(404)
    return _act(lambda: migration_acts.approve(migration, current_user.email, client_address()), "Approved.")


@bp.post("/settings/quickbooks/migration/accept")
@open_to(Right.MIGRATE)
@recently_confirmed
def accept() -> Response:
    """Let a receipt that a person edited be replaced, and make the preview again."""
    migration = newest_migration(current_company().id, "preview") or abort(404)

    def act() -> None:
        receipt_id = request.form.get("receipt", "")[:40]
        migration_acts.accept_receipt(migration, receipt_id, current_user.email, client_address())
        typed = migration.typed_cutoff
        migration_acts.ask_for_preview(
            current_company(), typed, current_user.email, utcnow(), client_address()
        )

    return _act(act, "It will be replaced as it is. The preview is made again.")


@bp.post("/settings/quickbooks/migration/go-on")
@open_to(Right.MIGRATE)
@recently_confirmed
def go_on() -> Response:
    """Let a paused migration go on."""
    migration = newest_migration(current_company().id, "paused") or abort(404)
    return _act(
        lambda: migration_acts.go_on(migration, current_user.email, client_address()),
        "The migration goes on.",
    )


@bp.post("/settings/quickbooks/migration/try-again")
@open_to(Right.MIGRATE)
def try_again() -> Response | tuple[str, int]:
    """Schedule what was left for the next night, with the password again."""
    right, company = password_is_right(), current_company()
    migration = newest_migration(company.id, "done") or abort(404)
    if not right:
        return _show(migration, again_error=_WRONG_PASSWORD), 422
    return _act(
        lambda: migration_acts.try_again(migration, _next_night(), current_user.email, client_address()),
        "They are tried again tonight, as they stand then.",
    )


@bp.post("/settings/quickbooks/migration/run-now")
@open_to(Right.MIGRATE)
@recently_confirmed
def run_now() -> Response:
    """With the stand-ins only: do tonight's run now, so that a demonstration need not wait for midnight."""
    if not current_app.extensions["settings"].with_standins:
        abort(404)
    migration = newest_migration(current_company().id, "scheduled") or abort(404)
    at = (migration.runs_at or abort(404)).isoformat()
    queue_run(migration.company_id, "nightly", "by a person", current_user.email, at=at)
    return _done("Tonight's run starts now.")


def _show(
    migration: Migration | None,
    *,
    cutoff_error: str = "",
    confirm_error: str = "",
    again_error: str = "",
    typed: str = "",
) -> str:
    company, standing = current_company(), standing_of(current_company())
    state = migration.state if migration is not None else "choose"
    tried, tried_error = _tried(company, typed)
    facts = {
        "company": company,
        "standing": standing,
        "zone": company.time_zone,
        "migration": migration,
        "state": state,
        "is_owner": current_user.is_owner,
        "typed": typed
        or request.args.get("cutoff", "")[:40]
        or (migration.typed_cutoff if migration else ""),
        "cutoff_error": cutoff_error or tried_error,
        "confirm_error": confirm_error,
        "again_error": again_error,
        "with_standins": current_app.extensions["settings"].with_standins,
        "PLACES": PLACES,
        "books_link": books_links(company),
        "next_night": _next_night(),
        "countdown": _countdown(migration),
        "may_choose": state not in OPEN_STATES and state != "previewing",
    }
    if facts["may_choose"]:
        shown = tried or (
            migration.cutoff if migration is not None and state == "preview" else company.cutoff
        )
        facts |= {
            "chart": chart_of(company, shown),
            "touched": touched(shown, company.time_zone) if shown else "",
        }
    if migration is not None:
        facts |= _facts_of(migration, company)
    return render_template("migration/page.html", **facts)


def _facts_of(migration: Migration, company: Company) -> dict[str, object]:
    """Return what the page of a migration shows beside its row."""
    if migration.state in ("previewing", "failed"):
        run = db.session.get(Run, migration.run_id) if migration.run_id else None
        return {"job": progress_of(run) if is_open(run) else None}
    migration = with_everything(migration)
    counts = receipt_counts(migration.id)
    after = number_asked("after") or 0
    rows = receipts_of(migration.id, after=after, limit=SHOWN + 1)
    facts: dict[str, object] = {
        "counts": counts,
        "rows": rows[:SHOWN],
        "older": rows[SHOWN - 1].position if len(rows) > SHOWN else 0,
        "first_page": not after,
        "attention": receipts_of(migration.id, "blocked", "left", "taking-back"),
        "periods": forecast_periods(migration),
        "accounts": forecast_accounts(migration),
        "words": migration_acts.words_to_type(migration),
    }
    if migration.state == "preview":
        facts["stale"] = why_stale(migration, company)
    if migration.state in ("running", "paused"):
        facts["job"] = _progress(migration)
    if migration.started_at is not None:
        facts["lines"] = report_lines(migration, receipts_of(migration.id))
    if migration.state in ("scheduled", "done"):
        run = latest_run(company.id, "nightly")
        facts["night_run"] = progress_of(run) if is_open(run) else None
    return facts


def _progress(migration: Migration) -> dict[str, object]:
    """Return how far it is in the form that `components/progress.html` and app.js read."""
    counts = receipt_counts(migration.id)
    done = counts.get("done", 0) + counts.get("left", 0)
    total = sum(count for state, count in counts.items() if state not in ("stay", "blocked"))
    if migration.canary_at is None:
        phase = "Replacing the first receipt alone, and checking it"
    else:
        phase = "First receipt checked: correct. Replacing the others"
    left = f"{counts['left']:,} left as they were" if counts.get("left") else ""
    return {
        "finished": migration.state != "running",
        "failed": migration.state == "paused",
        "done": done,
        "total": total,
        "numbers": f"{done:,} of {total:,}",
        "left": "",
        "phase": phase,
        "counts": left,
    }


def _tried(company: Company, typed: str) -> tuple[datetime | None, str]:
    """Return the cut that the address tries on the chart; a bad one only says what is wrong."""
    text = request.args.get("cutoff", "")[:40] if not typed else ""
    if not text:
        return None, ""
    try:
        return parse_cutoff(text, company.time_zone, now=utcnow(), first_start=None), ""
    except RuleError as error:
        return None, error.detail


def _named(migration_id: int) -> Migration:
    return migration_or_none(current_company().id, migration_id) or abort(404)


def _countdown(migration: Migration | None) -> str:
    if migration is None or migration.runs_at is None or migration.runs_at <= utcnow():
        return "a moment"
    return span(migration.runs_at - utcnow())


def _next_night() -> datetime:
    settings = current_app.extensions["settings"]
    return next_midnight_mst(utcnow(), settings.sync_time_zone, settings.sync_hour)


def _act(act: Callable[[], object], sentence: str) -> Response:
    try:
        act()
    except RuleError as error:
        db.session.rollback()
        flash(error.detail, "warning")
        return redirect(url_for(".page"), 303)
    return _done(sentence)


def _done(sentence: str) -> Response:
    company_id = current_company().id
    commit_and_ring(company_id)
    if sentence:
        flash(sentence, "success")
    return redirect(url_for(".page"), 303)
