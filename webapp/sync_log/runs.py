"""How far a run is, for the bars that move."""

from flask import Blueprint, abort
from flask.typing import ResponseReturnValue
from flask_login import current_user

from bookkeeping.storage.base import db
from bookkeeping.storage.work.runs import Run
from webapp.access.matrix import Right
from webapp.access.roles import asked_by_scripts, open_to
from webapp.sync_log.progress import progress_of

bp = Blueprint("runs", __name__)


@bp.get("/runs/<int(max=9223372036854775807):run_id>/progress")
@open_to(Right.READ, Right.OPS_READ)
@asked_by_scripts
def progress(run_id: int) -> ResponseReturnValue:
    """Answer with the run's progress; a run of another company is not there. Ops see all companies' runs."""
    run = db.session.get(Run, run_id)
    if run is None or (not current_user.may(Right.OPS_READ) and run.company_id != current_user.company_id):
        abort(404)
    return progress_of(run).as_json()
