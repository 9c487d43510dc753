"""What is done with several inspections of the list at once: those ticked, or all that the filter lets through."""

from dataclasses import replace
from functools import partial

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from bookkeeping.acts.questions import retry_chosen
from bookkeeping.logbook.pages import InspectionFilter, inspection_sum
from bookkeeping.storage.company.companies import Company
from webapp.access.limits import client_address
from webapp.access.matrix import Right
from webapp.access.roles import current_company, open_to
from webapp.frame.bell import commit_and_ring
from webapp.frame.spreadsheets import ENDINGS, file_answer
from webapp.frame.words import money, plural
from webapp.inspections.export import inspections_table
from webapp.inspections.pages import InspectionFilterForm, why
from webapp.inspections.views import address_of
from webapp.sync_log.pages import what_happens

bp = Blueprint("chosen", __name__, url_prefix="/chosen-inspections")
MOST_KEYS = 500
"""More than a page shows; what is beyond it is chosen as all that match."""


@bp.post("/retry")
@open_to(Right.SETTLE)
def retry() -> ResponseReturnValue:
    """Make the chosen ones due now."""
    company, form, wanted = _asked()
    if wanted is None:
        return _nothing(form)
    retried = retry_chosen(company.id, wanted, current_user.email, client_address())
    commit_and_ring(*([company.id] if retried else []))
    if retried:
        flash(
            f"{plural(retried, 'inspection is', 'inspections are')} tried again. {what_happens(company)}",
            "success",
        )
    else:
        flash("None of them is there any more.", "info")
    return _back(form)


@bp.post("/files")
@open_to(Right.READ)
def files() -> ResponseReturnValue:
    """Return the chosen ones as a file (`as`), or say how many there are and for how much."""
    company, form, wanted = _asked()
    if wanted is None:
        return _nothing(form)
    ending = request.form.get("as", "")
    if ending in ENDINGS:
        return file_answer(inspections_table(company, wanted, partial(why, company)), ending)
    count, total = inspection_sum(company.id, wanted)
    flash(f"Chosen: {plural(count, 'inspection')}, {money(total)}.", "info")
    return _back(form)


def _asked() -> tuple[Company, InspectionFilterForm, InspectionFilter | None]:
    """Return what the form chose of the list: the ticked ones, or all that match; None for nothing."""
    company, form = current_company(), InspectionFilterForm(request.form)
    if not form.validate():
        return company, form, None
    wanted = InspectionFilter(**form.wanted(company.time_zone))
    if request.form.get("all") == "yes":
        return company, form, wanted
    keys = request.form.getlist("key")
    return company, form, replace(wanted, keys=tuple(keys[:MOST_KEYS])) if keys else None


def _nothing(form: InspectionFilterForm) -> ResponseReturnValue:
    flash("Tick the inspections first, then choose what happens to them.", "warning")
    return _back(form)


def _back(form: InspectionFilterForm) -> ResponseReturnValue:
    given = {field.name: request.form.get(field.name, "") for field in form if not field.errors}
    address = address_of(given)
    return redirect(url_for("inspections.page") + (f"?{address}" if address else ""), 303)
