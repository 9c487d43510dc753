"""Home: one sentence first, then how the inspections stand, what happened today and what happens next."""

from flask import Blueprint, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from bookkeeping.storage.work.runs import latest_run
from webapp.access.matrix import Right
from webapp.access.roles import open_to
from webapp.first_steps.ground import steps_left
from webapp.frame.standing import local_today, next_nightly, next_sync, standing_of, today
from webapp.numbers.this_month import this_month
from webapp.sync_log.progress import is_open, progress_of

bp = Blueprint("home", __name__)


@bp.get("/")
@open_to(Right.READ, Right.OPS_READ)
def page() -> ResponseReturnValue:
    """Show how the company stands; ops have their own first page."""
    if current_user.may(Right.OPS_READ):
        return redirect("/ops")
    company = current_user.company
    run, standing = latest_run(company.id, "first"), standing_of(company)
    return render_template(
        "home.html",
        standing=standing,
        steps=steps_left(company, standing.facts) if current_user.is_owner else (),
        today=today(company),
        this_month=this_month(company, local_today(company)),
        job=progress_of(run) if is_open(run) else None,
        next_sync=next_sync(company),
        next_nightly=next_nightly(),
    )
