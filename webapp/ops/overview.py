"""The first page of ops: is everything all right? Each part stands alone, so what cannot be reached hides nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, current_app, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from bookkeeping.acts import ops as ops_acts
from bookkeeping.faults import UNTIED
from bookkeeping.logbook import companies as ops_overview
from bookkeeping.logbook.companies import CompanyLine
from bookkeeping.logbook.failures import CauseGroup, FailureFilter, failure_count
from bookkeeping.queue_health import QueueHealth, queue_health
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.people.mail_queue import unmailed
from webapp.access.matrix import Right
from webapp.access.roles import open_to
from webapp.frame.words import money, plural
from webapp.ops.chart import Hours, hours_of
from webapp.ops.words import FILTERS, trend_words

bp = Blueprint("ops", __name__)
for word in FILTERS:
    bp.add_app_template_filter(word)
bp.add_app_template_global(trend_words)


@dataclass(frozen=True)
class Stuck:
    """What the software itself found to be stuck: calls without an outcome, runs without an end, failures tried often."""

    calls: int
    runs: int
    rising: int


@bp.get("/ops")
@open_to(Right.OPS_READ)
def page() -> ResponseReturnValue:
    """Show whether everything is all right, and where not."""
    missing: list[str] = []
    queue = queue_health(current_app.extensions["bell"])
    lines = _part(ops_overview.company_lines, [], "the companies", missing)
    groups, companies, amount = _part(
        lambda: ops_overview.everything_that_fails(lines), ([], 0, 0), "what fails", missing
    )
    return render_template(
        "ops/overview.html",
        now=utcnow(),
        missing=missing,
        sentence=_sentence(lines, groups, companies, amount, queue, missing),
        queue=queue,
        throttled=_part(lambda: _throttled(lines, queue), [], "throttled companies", missing),
        lines=lines,
        nights=_nights(lines),
        states=ops_overview.state_counts(lines),
        oldest=ops_overview.oldest_unsynced(lines),
        groups=groups,
        trend=_part(lambda: ops_overview.trend(utcnow()), {}, "the trend", missing),
        night=_part(lambda: ops_overview.newest_night(lines), None, "the nightly run", missing),
        tick_at=_part(ops_overview.heartbeats, {}, "the tick", missing).get("tick"),
        metered=_part(ops_overview.metered_calls_this_month, 0, "metered calls", missing),
        stuck=_part(stuck, Stuck(0, 0, 0), "what is stuck", missing),
        hours=_part(lambda: hours_of(utcnow()), Hours([]), "the chart", missing),
        by_mail=bool(current_app.extensions["settings"].smtp_url),
        mail=_part(unmailed, (0, ""), "mails", missing),
        mutes=_part(lambda: len(ops_acts.live_mutes()), 0, "mutes", missing),
    )


@bp.get("/ops/operations.svg")
@open_to(Right.OPS_READ)
def chart() -> Response:
    """The chart of the last 24 hours as a picture; the page has the same as a table."""
    drawn = render_template("ops/chart.svg", hours=hours_of(utcnow()), narrow="narrow" in request.args)
    return Response(drawn, mimetype="image/svg+xml")


def stuck() -> Stuck:
    """Count what is stuck."""
    return Stuck(
        calls=ops_overview.stuck_call_count(),
        runs=ops_overview.stuck_run_count(),
        rising=failure_count(FailureFilter(rising=True)),
    )


def _part(ask: Callable[[], Any], otherwise: Any, what: str, missing: list[str]) -> Any:
    try:
        return ask()
    except SQLAlchemyError:
        db.session.rollback()
        missing.append(what)
        return otherwise


def _sentence(
    lines: list[CompanyLine],
    groups: list[CauseGroup],
    companies: int,
    amount: Decimal,
    queue: QueueHealth,
    missing: list[str],
) -> str:
    if missing:
        return f"We cannot see everything: the database does not answer for {', '.join(missing)}."
    if groups and all(group.code == UNTIED for group in groups):
        return f"{plural(companies, 'company does', 'companies do')} not tie out; nothing is held up."
    if groups:
        causes = plural(len(groups), "cause holds", "causes hold")
        return f"{causes} up {plural(companies, 'company', 'companies')} and {money(amount)}."
    if queue.problem:
        return "The queue cannot be reached. Nothing is lost; nothing moves until it is back."
    if not lines:
        return "No companies yet."
    behind = sum(1 for line in lines if line.state == "behind")
    if behind:
        return f"{plural(behind, 'company is', 'companies are')} behind; nothing has failed."
    few = {1: "The one company is fine.", 2: "Both companies are fine."}
    return few.get(len(lines), f"All {len(lines):,} companies are fine.")


def _nights(lines: list[CompanyLine]) -> list[CompanyLine]:
    """Return the connected companies, the one whose last nightly run is longest ago first."""
    connected = [line for line in lines if line.connection is not None]
    return sorted(
        connected, key=lambda line: line.company.last_nightly_at or datetime.min.replace(tzinfo=UTC)
    )


def _throttled(lines: list[CompanyLine], queue: QueueHealth) -> list[tuple[str, int, datetime]]:
    """Return (company's name, its id, until when) of companies that QuickBooks or an outage holds back."""
    now = utcnow()
    found = {
        line.company.id: (line.company.name, line.company.id, line.company.not_before)
        for line in lines
        if line.company.not_before and line.company.not_before > now
    }
    names = {line.company.id: line.company.name for line in lines}
    for company_id, seconds in queue.paused_companies.items():
        if company_id in names:
            found[company_id] = (names[company_id], company_id, now + timedelta(seconds=seconds))
    return sorted(found.values(), key=lambda one: one[2])
