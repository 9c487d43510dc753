"""The migration's pages to look at: choose, in the way, what moves, confirm, tonight, report; and the list of its receipts.

Each has its address; one that has nothing to show now leads to where the migration stands. What people press is in `pages`.
"""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import wraps

from flask import Blueprint, abort, current_app, redirect, render_template, request
from flask_login import current_user
from werkzeug.wrappers import Response

from bookkeeping.acts import migration as migration_acts
from bookkeeping.errors import RuleError
from bookkeeping.faults import CATALOGUE
from bookkeeping.rules.cutoff import parse_cutoff
from bookkeeping.rules.forecast import BASES, Basis
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import connection_of
from bookkeeping.storage.people.memberships import members_of
from bookkeeping.storage.records.migration_basis import why_stale
from bookkeeping.storage.records.migrations import (
    Migration,
    ended_migrations,
    migration_or_none,
    newest_migration,
    receipt_counts,
    receipts_of,
    receipts_of_cause,
    with_everything,
)
from bookkeeping.storage.work.runs import Run, latest_run
from webapp.access.matrix import Right
from webapp.access.roles import asked_by_scripts, current_company, open_to
from webapp.frame.books_links import books_links
from webapp.frame.filters import number_asked
from webapp.frame.standing import next_nightly
from webapp.frame.words import day, money, span
from webapp.migration.chart import Chart, chart_of, short, touched
from webapp.migration.files import PLACES
from webapp.migration.remedies import HELD, remedies_of
from webapp.migration.report import forecast_accounts, forecast_periods, report_lines
from webapp.migration.stepper import OPEN_TO, address_of, stands_at, state_of, steps_of
from webapp.sync_log.progress import is_open, progress_of

bp = Blueprint("migration_steps", __name__)
ADDRESS = "/settings/quickbooks/migration"

SHOWN = 50
PREVIEWED = {state: pages - {"choose"} if state == "preview" else set() for state, pages in OPEN_TO.items()}
"""The pages on which it matters whether the preview is still true."""


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


bp.add_app_template_filter(short, "short")


def _page(
    name: str, path: str
) -> Callable[[Callable[[Migration | None], str]], Callable[[], str | Response]]:
    """Route one of the five pages: the view gets the newest migration, and is asked only while its state has this page."""

    def mark(view: Callable[[Migration | None], str]) -> Callable[[], str | Response]:
        @wraps(view)
        def shown() -> str | Response:
            migration = newest_migration(current_company().id)
            if name not in OPEN_TO[state_of(migration)]:
                return redirect(address_of(stands_at(migration)), 303)
            return view(migration)

        shown.__dict__.pop("__wrapped__")
        return bp.get(f"{ADDRESS}/{path}", endpoint=name)(open_to(Right.READ)(shown))

    return mark


@_page("choose", "choose")
def choose(migration: Migration | None) -> str:
    """The chart and the field; `cutoff` in the address tries a cut."""
    typed = request.args.get("cutoff", "")[:40]
    return show_choose(migration, typed=typed)


@bp.get(f"{ADDRESS}/choose/cut")
@open_to(Right.READ)
@asked_by_scripts
def cut() -> str:
    """Answer with the drawing and the sentence for one cut, for the page that is open."""
    company = current_company()
    facts = _cut_facts(company, request.args.get("cutoff", "")[:40], None)
    return render_template("migration/cut.html", zone=company.time_zone, **facts)


@_page("in_the_way", "in-the-way")
def in_the_way(migration: Migration | None) -> str:
    """What keeps receipts from being replaced, by what there is to do; while the preview is made, how far it is."""
    migration = migration or abort(404)
    facts: dict[str, object] = {"remedies": remedies_of(migration)}
    if migration.state == "previewing":
        run = db.session.get(Run, migration.run_id) if migration.run_id else None
        facts["job"] = progress_of(run) if is_open(run) else None
    return _render("in_the_way", migration, **facts)


@_page("what_moves", "what-moves")
def what_moves(migration: Migration | None) -> str:
    """Which months, years and accounts differ afterwards: the company's own basis first."""
    migration = with_everything(migration or abort(404))
    return _render(
        "what_moves",
        migration,
        periods=forecast_periods(migration),
        accounts=forecast_accounts(migration),
        **_basis_facts(current_company()),
    )


@_page("confirm", "confirm")
def confirm(migration: Migration | None) -> str:
    """The four figures, the warning, the form."""
    return show_confirm(migration or abort(404))


@_page("tonight", "tonight")
def tonight(migration: Migration | None) -> str:
    """What happens tonight, how far it is, or why it is paused."""
    migration = migration or abort(404)
    facts: dict[str, object] = {"remedies": remedies_of(migration), "countdown": _countdown(migration)}
    if migration.state == "scheduled":
        facts["night_run"] = _night_run(migration.company_id)
    else:
        facts["job"] = progress_facts(migration)
    return _render("tonight", migration, **facts)


@_page("report", "report")
def report(migration: Migration | None) -> str:
    """What became of each receipt and month."""
    return show_report(migration or abort(404))


@bp.get(f"{ADDRESS}/<int(max=2147483647):migration_id>/receipts")
@open_to(Right.READ)
def receipts(migration_id: int) -> str:
    """Every receipt with what takes its place, a page at a time; `cause` in the address keeps those that one cause holds."""
    migration = migration_or_none(current_company().id, migration_id)
    if migration is None or not migration.sha256:
        abort(404)
    after, cause = number_asked("after") or 0, request.args.get("cause", "")[:40]
    if cause in CATALOGUE:
        states = HELD.get(migration.state, ("blocked",))
        rows = receipts_of_cause(migration.id, states, cause, after=after, limit=SHOWN + 1)
    else:
        rows, cause = receipts_of(migration.id, after=after, limit=SHOWN + 1), ""
    return _render(
        "receipts",
        migration,
        rows=rows[:SHOWN],
        older=rows[SHOWN - 1].position if len(rows) > SHOWN else 0,
        first_page=not after,
        cause=cause,
    )


def show_choose(migration: Migration | None, *, error: str = "", typed: str = "") -> str:
    """Return the page to choose on, with what was typed and what is wrong with it."""
    company = current_company()
    facts = _cut_facts(company, typed, migration)
    facts["cutoff_error"] = error or facts["cutoff_error"]
    first = latest_run(company.id, "first")
    return _render(
        "choose",
        migration,
        first=progress_of(first) if is_open(first) else None,
        **facts,
    )


def show_confirm(
    migration: Migration, *, errors: dict[str, str] | None = None, words: str = "", second_owner: bool = False
) -> str:
    """Return the page to confirm on; `errors` by field, `""` for what belongs to none. What was typed is kept, but for the password."""
    return _render(
        "confirm",
        migration,
        errors=errors or {},
        typed_words=words,
        second_owner=second_owner,
        other_owners=sum(one.role == "owner" for one in members_of(migration.company_id)) > 1,
        words=migration_acts.words_to_type(migration),
        next_night=next_nightly(),
    )


def show_report(migration: Migration, *, again_error: str = "") -> str:
    """Return the report of a migration that is over."""
    migration = with_everything(migration)
    rows = receipts_of(migration.id)
    return _render(
        "report",
        migration,
        remedies=remedies_of(migration),
        lines=report_lines(migration, rows),
        night_run=_night_run(migration.company_id),
        again_error=again_error,
        **_basis_facts(current_company()),
    )


def show_past(migration: Migration) -> str:
    """Return the page of an earlier migration: its report, or that it was cancelled."""
    return show_report(migration) if migration.started_at is not None else _render("past", migration)


def is_past(migration: Migration) -> bool:
    """Return whether another migration than this one is the company's newest; one that was cancelled always is."""
    newest = newest_migration(migration.company_id)
    return newest is not None and newest.id != migration.id


def progress_facts(migration: Migration) -> dict[str, object]:
    """Return how far it is in the form that `components/progress.html` reads."""
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


def _render(here: str, migration: Migration | None, **facts: object) -> str:
    company = current_company()
    state = state_of(migration)
    known: dict[str, object] = {
        "company": company,
        "zone": company.time_zone,
        "migration": migration,
        "state": state,
        "here": here,
        "is_owner": current_user.is_owner,
        "with_standins": current_app.extensions["settings"].with_standins,
        "PLACES": PLACES,
        "books_link": books_links(company),
        "stale": why_stale(migration, company) if migration is not None and here in PREVIEWED[state] else "",
        "counts": receipt_counts(migration.id) if migration is not None else {},
        "address_of": address_of,
        "typed": migration.typed_cutoff if migration is not None else "",
        "earlier": ended_migrations(company.id, but=migration.id if migration is not None else 0),
    }
    if here in ("receipts", "past") or (migration is not None and is_past(migration)):
        known["steps"] = []
    else:
        known["steps"] = steps_of(here, migration)
    return render_template(f"migration/{here}.html", **(known | facts))


def _cut_facts(company: Company, typed: str, migration: Migration | None) -> dict[str, object]:
    """Return the drawing with the cut that was typed, else that of the preview, else the company's own; and what is wrong with it."""
    now, error, cutoff = utcnow(), "", company.cutoff
    if typed:
        try:
            cutoff = parse_cutoff(typed, company.time_zone, now=now, first_start=None)
        except RuleError as refused:
            cutoff, error = None, refused.detail
    elif migration is not None and migration.state in ("previewing", "preview", "failed"):
        cutoff, typed = migration.cutoff, migration.typed_cutoff
    chart: Chart = chart_of(company, cutoff, now)
    said = touched(cutoff, company.time_zone) if cutoff else ""
    shown = typed.removesuffix(":00") if typed.count(":") == 2 else typed  # The field takes minutes.
    return {"chart": chart, "touched": said, "cutoff_error": error, "typed": shown}


def _basis_facts(company: Company) -> dict[str, object]:
    """Return the order in which to show the bases, and whether the first one is known to be the company's own."""
    connection = connection_of(company.id)
    own = str((connection.facts or {}).get("report_basis", "")).lower() if connection is not None else ""
    order: tuple[Basis, ...] = ("cash", "accrual") if own == "cash" else BASES
    return {"bases": order, "own_basis": own}


def _night_run(company_id: int) -> object:
    run = latest_run(company_id, "nightly")
    return progress_of(run) if is_open(run) else None


def _countdown(migration: Migration) -> str:
    if migration.runs_at is None or migration.runs_at <= utcnow():
        return "a moment"
    return span(migration.runs_at - utcnow())
