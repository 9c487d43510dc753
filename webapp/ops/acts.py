"""What ops do about failures: retry and follow it, mute for a while, say who is on it, keep a view. Each changes rows by a POST."""

from datetime import timedelta

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from bookkeeping.acts import ops as ops_acts
from bookkeeping.faults import fault
from bookkeeping.logbook.failures import FailureFilter, company_names
from bookkeeping.rules.text import name_typed
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import company_or_none
from bookkeeping.storage.people.people import OPS_ROLES, User
from bookkeeping.storage.work.ops import Mute, Retry, SavedView
from webapp.access.limits import client_address
from webapp.access.matrix import Right
from webapp.access.roles import open_to
from webapp.access.security import same_site_path, start_writing
from webapp.frame.bell import commit_and_ring
from webapp.frame.words import day, plural
from webapp.ops.filter import FailureFilterForm
from webapp.ops.words import MUTE_SPANS, filter_words

bp = Blueprint("ops_acts", __name__)

RUNG_AT_ONCE = 20
"""For how many companies a retry rings by itself; the sweep rings for the others, so that one press does not fill the queue."""


class MuteForm(FlaskForm):
    code = StringField("Cause", validators=[InputRequired(), Length(max=40)])
    company = IntegerField("Company", validators=[Optional(), NumberRange(1, 2**31 - 1)])
    key = StringField("Inspection", validators=[Length(max=64)])
    span = SelectField("For how long", choices=[SelectChoice(*span) for span in MUTE_SPANS.items()])
    reason = StringField(
        "Why", validators=[InputRequired("Say why, for whoever finds it muted."), Length(max=1000)]
    )


class NoteForm(FlaskForm):
    code = StringField("Cause", validators=[InputRequired(), Length(max=40)])
    company = IntegerField("Company", validators=[Optional(), NumberRange(1, 2**31 - 1)])
    assignee = StringField("Who is on it", validators=[Length(max=254)])
    note = TextAreaField("Note", validators=[Length(max=2000)])


class ViewForm(FlaskForm):
    name = StringField(
        "Name of this view",
        filters=[name_typed],
        validators=[DataRequired("Give the view a name."), Length(max=80)],
    )
    address = StringField(
        validators=[InputRequired("Filter something first, then keep it."), Length(max=1000)]
    )


@bp.post("/ops/failures/retry")
@open_to(Right.OPS_ACT)
def retry() -> Response:
    """Make every failure of the posted filter due now."""
    form = FailureFilterForm.read(request.form)
    if form.errors:
        abort(400)
    return start_retry(form.wanted, filter_words(form.wanted, _title(form.wanted.code), form.company_name))


def start_retry(wanted: FailureFilter, subject: str) -> Response:
    """Retry, ring, and lead to where it is followed."""
    begun, companies = ops_acts.retry_failures(wanted, subject, current_user.email, client_address())
    if not begun.total:
        db.session.rollback()
        flash("Nothing of that fails any more.", "info")
        return redirect(_back(), 303)
    commit_and_ring(*companies[:RUNG_AT_ONCE])
    return redirect(url_for(".retried", retry_id=begun.id), 303)


@bp.get("/ops/failures/retries/<int:retry_id>")
@open_to(Right.OPS_READ)
def retried(retry_id: int) -> ResponseReturnValue:
    """Show how far a retry is, and at its end what came of it."""
    row, progress = _retry(retry_id)
    return render_template("ops/retry.html", retry=row, progress=progress, job=_as_job(row, progress))


@bp.post("/ops/failures/mutes")
@open_to(Right.OPS_ACT)
def mute() -> Response:
    """Mute a cause, or it in one company, or one inspection, for a while and with a reason."""
    form = MuteForm()
    if not form.validate_on_submit() or _unknown(form.company.data):
        flash(_first_error(form), "warning")
        return redirect(_back(), 303)
    until = utcnow() + timedelta(days=int(form.span.data.removesuffix("d")))
    place = {"company_id": form.company.data, "key": form.key.data or ""}
    ops_acts.mute(
        form.code.data, until, form.reason.data, current_user.email, address=client_address(), **place
    )
    db.session.commit()
    flash(
        f"Muted until {day(until.date())}: {_title(form.code.data)}. It is listed under Muted, where it can be undone.",
        "success",
    )
    return redirect(_back(), 303)


@bp.get("/ops/failures/mutes")
@open_to(Right.OPS_READ)
def mutes() -> ResponseReturnValue:
    """List what is muted now, and what was."""
    live, past = ops_acts.live_mutes(), ops_acts.past_mutes()
    names = company_names({one.company_id for one in [*live, *past] if one.company_id})
    return render_template("ops/mutes.html", live=live, past=past, names=names)


@bp.post("/ops/failures/mutes/<int:mute_id>/undo")
@open_to(Right.OPS_ACT)
def undo_mute(mute_id: int) -> Response:
    """End a mute before its time."""
    row = db.session.get(Mute, mute_id) or abort(404)
    if row.ended_at is None:
        ops_acts.end_mute(row, current_user.email, client_address())
        db.session.commit()
    flash("No longer muted.", "success")
    return redirect(url_for(".mutes"), 303)


@bp.post("/ops/failures/notes")
@open_to(Right.OPS_ACT)
def note() -> Response:
    """Say who is on a cause, and what is known."""
    form = NoteForm()
    if not form.validate_on_submit() or _unknown(form.company.data):
        flash(_first_error(form), "warning")
        return redirect(_back(), 303)
    assignee = (form.assignee.data or "").strip().lower()
    if assignee and not _is_ops(assignee):
        flash(f"“{assignee}” is no login of ops: write an email address of one of us.", "warning")
        return redirect(_back(), 303)
    ops_acts.write_note(form.code.data, form.company.data, assignee, form.note.data or "", current_user.email)
    db.session.commit()
    flash("Noted.", "success")
    return redirect(_back(), 303)


@bp.post("/ops/failures/views")
@open_to(Right.OPS_ACT)
def save_view() -> Response:
    """Keep the present filter under a name."""
    form = ViewForm()
    if form.validate_on_submit():
        ops_acts.save_view(form.name.data.strip(), form.address.data, current_user.email)
        db.session.commit()
        flash(f"Kept as “{form.name.data.strip()}”.", "success")
    else:
        flash(_first_error(form), "warning")
    return redirect(_back(), 303)


@bp.post("/ops/failures/views/<int:view_id>/remove")
@open_to(Right.OPS_ACT)
def remove_view(view_id: int) -> Response:
    """Forget a kept view."""
    row = db.session.get(SavedView, view_id) or abort(404)
    db.session.delete(row)
    db.session.commit()
    flash(f"“{row.name}” is removed.", "success")
    return redirect(_back(), 303)


def _retry(retry_id: int) -> tuple[Retry, ops_acts.RetryProgress]:
    row = db.session.get(Retry, retry_id) or abort(404)
    progress = ops_acts.retry_progress(row)
    if progress.finished and not progress.halted and row.finished_at is None:
        start_writing()
        row = db.session.get_one(Retry, retry_id, with_for_update=True, populate_existing=True)
        ops_acts.end_retry(row, progress)
        db.session.commit()
    return row, progress


def _as_job(row: Retry, progress: ops_acts.RetryProgress) -> dict[str, object]:
    """Return it in the shape of `webapp.sync_log.progress.Progress`, which `components/progress.html` reads."""
    done = progress.total - progress.going
    return {
        "run_id": row.id,
        "finished": progress.finished,
        "failed": False,
        "done": done,
        "total": progress.total,
        "numbers": f"{done:,} of {progress.total:,}",
        "left": "",
        "phase": progress.sentence,
        "counts": plural(row.companies, "company", "companies"),
    }


def _title(code: str) -> str:
    return fault(code).title if code else ""


def _unknown(company_id: int | None) -> bool:
    return company_id is not None and company_or_none(company_id) is None


def _is_ops(email: str) -> bool:
    rows = select(User.id).where(User.email == email, User.ops_role.in_(OPS_ROLES), User.removed_at.is_(None))
    return db.session.scalar(rows) is not None


def _first_error(form: FlaskForm) -> str:
    return next((said[0] for said in form.errors.values() if said), "There is no such company any more.")


def _back() -> str:
    """Where the button was pressed: a path of ours that the form names, else the failures."""
    target = same_site_path(request.form.get("back"))
    return target if target and target.startswith("/ops") else url_for("ops_failures.page")
