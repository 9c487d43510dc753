"""Ops' failures: causes with what they hold up, the failing inspections behind them, what is stuck, and all of it as a file.

What ops do about them is in `acts.py`.
"""

from datetime import timedelta

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from bookkeeping.acts import ops as ops_acts
from bookkeeping.faults import fault
from bookkeeping.logbook import companies as ops_overview
from bookkeeping.logbook import failures
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.journal import Call, Operation
from webapp.access.matrix import Right
from webapp.access.roles import open_to
from webapp.frame.filters import neighbours, position_asked
from webapp.frame.spreadsheets import file_answer
from webapp.ops.export import failures_table
from webapp.ops.filter import FailureFilterForm
from webapp.ops.looks import shows_inspections_of
from webapp.ops.words import MUTE_SPANS

bp = Blueprint("ops_failures", __name__)

SHOWN_COMPANIES = 8


@bp.get("/ops/failures")
@open_to(Right.OPS_READ)
def page() -> ResponseReturnValue:
    """Show what fails by cause, most money first; narrowed, also the inspections themselves."""
    form = FailureFilterForm.read()
    wanted = form.wanted
    position, problem = position_asked(*failures.FAILURE_ORDER)
    groups = failures.failure_groups(wanted)
    whole = [] if _about_inspections(form) else _whole_companies(form)
    listed = failures.failures_page(wanted, position) if form.given or position else None
    rows = listed.rows if listed else []
    shows_inspections_of(row.company_id for row in rows)
    return render_template(
        "ops/failures.html",
        form=form,
        problem=problem,
        wanted=wanted,
        groups=groups,
        whole=whole,
        choices=_choices(form),
        notes=ops_acts.notes_for([group.code for group in [*groups, *whole]]),
        trend=ops_overview.trend(utcnow()),
        listed=listed,
        names=failures.company_names({row.company_id for row in rows}),
        roots=failures.root_codes(rows),
        operations=newest_operations(rows),
        neighbours=neighbours(listed, ".page", **form.given) if listed else {},
        views=ops_acts.saved_views(),
        retries=ops_acts.latest_retries(3),
        mute_spans=MUTE_SPANS,
        shown=SHOWN_COMPANIES,
    ), (400 if form.errors else 200)


@bp.get("/ops/failures.<any(csv,xlsx):ending>")
@open_to(Right.OPS_READ)
def export(ending: str) -> Response:
    """Answer with the failing inspections of the filter as a file."""
    wanted = FailureFilterForm.read().wanted
    groups = failures.failure_groups(wanted)
    shows_inspections_of(share.company_id for group in groups for share in group.companies)
    return file_answer(failures_table(wanted), ending)


@bp.get("/ops/failures/stuck")
@open_to(Right.OPS_READ)
def stuck() -> ResponseReturnValue:
    """Show what is stuck: found by the software, not by luck."""
    calls, runs = ops_overview.stuck_calls(), ops_overview.stuck_runs()
    rising = failures.failures_page(failures.FailureFilter(rising=True), None, size=20)
    old = failures.FailureFilter(handling="temporary", held_for=timedelta(days=1))
    waiting = failures.failures_page(old, None, size=20)
    companies = {one.company_id for one in calls} | {one.company_id for one in runs}
    companies |= {row.company_id for row in [*rising.rows, *waiting.rows]}
    shows_inspections_of(companies)
    return render_template(
        "ops/stuck.html",
        calls=calls,
        runs=runs,
        rising=rising.rows,
        waiting=waiting.rows,
        names=failures.company_names(companies),
    )


def newest_operations(rows: list[InspectionRow]) -> dict[int, Operation]:
    """Return the newest operation of each of these inspections with its call and the times that was sent, by the inspection's row id."""
    newest = (
        select(func.max(Operation.id))
        .where(
            Operation.company_id == InspectionRow.company_id, Operation.inspection_key == InspectionRow.key
        )
        .correlate(InspectionRow)
        .scalar_subquery()
    )
    shown = select(newest, InspectionRow.id).where(InspectionRow.id.in_([row.id for row in rows]))
    ids: dict[int, int] = dict(db.session.execute(shown).all())
    chosen = select(Operation).where(Operation.id.in_([one for one in ids if one]))
    with_calls = selectinload(Operation.call).selectinload(Call.attempt_log)
    return {ids[one.id]: one for one in db.session.scalars(chosen.options(with_calls))}


def _about_inspections(form: FailureFilterForm) -> bool:
    """Whether the filter asks for something that only single inspections have."""
    return bool(form.text.data or form.key.data or form.only.data == "rising")


def _whole_companies(form: FailureFilterForm) -> list[failures.CauseGroup]:
    """Return what holds whole companies up, and unreadable records, as far as the filter lets them through."""
    wanted, since = form.wanted, utcnow()
    lines = ops_overview.company_lines()
    groups = [
        *ops_overview.company_problems(lines, muted=wanted.muted),
        *ops_overview.bad_record_group(muted=wanted.muted),
        *ops_overview.untied_group(muted=wanted.muted),
    ]
    for group in groups:
        group.companies = [
            share
            for share in group.companies
            if (wanted.company_id in (None, share.company_id))
            and (wanted.held_for is None or (share.oldest and share.oldest <= since - wanted.held_for))
        ]
    return [
        group
        for group in groups
        if group.companies
        and (not wanted.code or group.code == wanted.code)
        and (not wanted.handling or fault(group.code).handling == wanted.handling)
    ]


def _choices(form: FailureFilterForm) -> dict[str, list[tuple[str, str]]]:
    """Return the causes and companies to choose from: those that fail now, and the chosen ones."""
    groups = failures.failure_groups(failures.FailureFilter(muted=form.wanted.muted))
    causes = {group.code: fault(group.code).title for group in groups}
    companies = {share.company_id: share.name for group in groups for share in group.companies}
    if form.cause.data:
        causes.setdefault(form.cause.data, fault(form.cause.data).title)
    if form.company.data and form.company_name:
        companies.setdefault(form.company.data, form.company_name)
    return {
        "cause": sorted(causes.items(), key=lambda one: one[1]),
        "company": sorted(((str(key), name) for key, name in companies.items()), key=lambda one: one[1]),
    }
