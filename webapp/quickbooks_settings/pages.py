"""QuickBooks settings of a company: state, sync, dates, earlier inspections, held deletes. Connecting is in `connecting.py`."""

from datetime import date
from decimal import Decimal

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response
from wtforms import DateField, SelectField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from bookkeeping.acts import syncing
from bookkeeping.logbook.beforehand import invoices_before
from bookkeeping.logbook.held_deletes import held_deletes
from bookkeeping.storage.base import utcnow
from bookkeeping.storage.company.companies import Company, make_poll_due
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.records.choices import living_documents
from bookkeeping.storage.work.runs import Run, latest_run, queue_run
from bookkeeping.undoing import ways_back
from webapp.access.confirming import ask_first, recently_confirmed
from webapp.access.limits import client_address
from webapp.access.matrix import Right
from webapp.access.roles import keeps, kept_input, open_to
from webapp.frame.bell import commit_and_ring
from webapp.frame.standing import asks_platform, next_nightly, next_sync, standing_of
from webapp.frame.undo import offer_undo
from webapp.frame.words import day, money, plural
from webapp.quickbooks_settings.sign_in import remember_authorize_origin
from webapp.sync_log.progress import is_open, progress_of, result_sentence

bp = Blueprint("quickbooks", __name__)
_FIRST_YEAR = 2000
_SHOWN_RUNS = ("first", "sync", "check")


def sensible_day(form: FlaskForm, field: DateField) -> None:
    """Refuse a day that cannot be meant."""
    if field.data and not _FIRST_YEAR <= field.data.year <= utcnow().year + 1:
        raise ValidationError(f"Enter a day from {_FIRST_YEAR} to the end of next year.")


class DatesForm(FlaskForm):
    """Both dates; `start_date` is checked for sense, what follows from it is the rules' business."""

    start_date = DateField(
        "Sync start date", validators=[InputRequired("Enter a date such as 2026-03-01."), sensible_day]
    )
    invoice_date = SelectField(
        "Invoice date",
        choices=[
            SelectChoice("inspection", "Day of the inspection"),
            SelectChoice("confirmed", "Day it was confirmed"),
            SelectChoice("created", "Day it was created"),
        ],
    )
    existing = SelectField(
        "Invoices that are in QuickBooks already",
        choices=[
            SelectChoice("all", "Get the new invoice date"),
            SelectChoice("new", "Keep the date they have"),
        ],
        default="all",
    )


class EarlierForm(FlaskForm):
    earlier_from = DateField(
        "From", validators=[InputRequired("Enter a date such as 2026-03-01."), sensible_day]
    )


@bp.get("/settings/quickbooks")
@open_to(Right.READ)
def page() -> str:
    """Show how the connection stands and everything that can be set."""
    return show_page()


def show_page(
    dates: DatesForm | None = None, earlier: EarlierForm | None = None, disconnect_error: str = ""
) -> str:
    """Return the page; forms that were refused come with what was typed and what is wrong with it."""
    standing = standing_of(current_user.company)
    company, connection = standing.company, standing.connection
    if not standing.connected:
        remember_authorize_origin()
    run = latest_run(company.id, *_SHOWN_RUNS) if standing.connected else None
    offered = standing.connected and syncing.may_bring_in(company)
    asked = _day_asked(company) if offered and earlier is None else None
    return render_template(
        "quickbooks.html",
        standing=standing,
        next_sync=next_sync(company),
        next_nightly=next_nightly(),
        job=progress_of(run) if is_open(run) else None,
        result=_shown_result(run),
        run_id=run.id if run else None,
        reconnect_by=connection.reconnect_by if connection else None,
        reconnect_soon=connection is not None and connection.reconnect_soon,
        held=held_deletes(company.id) if company.brake_at else 0,
        months=syncing.earlier_inspections(company) if offered else [],
        asked=asked,
        comes_in=syncing.earlier_from(company, asked) if asked else None,
        dates=dates or _dates_form(),
        invoices=living_documents(company, "Invoice")[0],
        earlier=earlier or EarlierForm(MultiDict(), earlier_from=asked),
        disconnect_error=disconnect_error,
    )


@bp.post("/settings/quickbooks/sync")
@open_to(Right.SYNC)
def sync_now() -> Response:
    """Poll and reconcile now."""
    make_poll_due(current_user.company.id)
    return _queued("sync", *asks_platform(current_user.company, "Syncing now."))


@bp.post("/settings/quickbooks/check")
@open_to(Right.SYNC)
def check_now() -> Response:
    """Look in QuickBooks for changes that people made there."""
    return _queued("check", "Looking in QuickBooks for changes.")


@bp.post("/settings/quickbooks/pause")
@open_to(Right.SYNC)
def pause() -> Response:
    """Stop sending until somebody resumes."""
    syncing.pause(current_user.company, current_user.email)
    return _done("Paused. Nothing is sent to QuickBooks until someone presses Resume.", ring=False)


@bp.post("/settings/quickbooks/resume")
@open_to(Right.SYNC)
def resume() -> Response:
    """Go on."""
    syncing.resume(current_user.company, current_user.email)
    return _done("Syncing goes on.")


@bp.post("/settings/quickbooks/dates")
@open_to(Right.BOOKS)
@keeps("start_date", "invoice_date")
def save_dates() -> Response | tuple[str, int]:
    """Save both dates and say what follows from it."""
    form, company = DatesForm(), current_user.company
    if not form.validate_on_submit():
        return show_page(dates=form), 422
    before, start_date, scope = company.start_date, form.start_date.data, form.existing.data
    leaving = _what_leaves(company, before, start_date)
    if leaving and not current_user.is_owner:
        form.start_date.errors = [f"{leaving} Only an owner can do that."]
        return show_page(dates=form), 422
    asked = ask_first(leaving) if leaving else None
    if asked is not None:
        return asked
    company = current_user.company
    dated_anew = form.invoice_date.data != company.invoice_date
    if not syncing.change_dates(company, start_date, form.invoice_date.data, current_user.email, scope):
        flash("Nothing was changed: these dates are in use already.", "info")
        return redirect(url_for(".page"), 303)
    said = [_what_follows(before, start_date) if before != start_date else ""]
    said.append(_what_is_dated_anew(scope) if dated_anew else "")
    return _done(" ".join(["Saved.", *filter(None, said)]))


@bp.post("/settings/quickbooks/earlier")
@open_to(Right.BOOKS)
def bring_in_earlier() -> Response | tuple[str, int]:
    """Move the start date back, so that earlier inspections come into the books."""
    form, company = EarlierForm(), current_user.company
    if not form.validate_on_submit():
        return show_page(earlier=form), 422
    if company.start_date and form.earlier_from.data >= company.start_date:
        form.earlier_from.errors = [
            f"Choose a day before {day(company.start_date)}: from then on all are in already."
        ]
        return show_page(earlier=form), 422
    if not syncing.may_bring_in(company):
        flash("Your SalesReceipts say what comes in: choose the cutoff of the migration instead.", "warning")
        return redirect(url_for(".page"), 303)
    before = company.start_date
    undo = ways_back.bring_in(company, form.earlier_from.data, current_user.email)
    offer_undo("Nothing is sent for ten seconds.", undo)
    return _done(f"Bringing in the earlier inspections. {_what_follows(before, form.earlier_from.data)}")


@bp.post("/settings/quickbooks/approve-deletes")
@open_to(Right.APPROVE_DELETES)
@recently_confirmed("Approve the deletes.")
def approve_deletes() -> Response:
    """Let the deletes go through that the brake holds."""
    count = syncing.approve_deletes(current_user.company, current_user.email)
    return _done(f"Approved. The documents of {plural(count, 'inspection')} are taken out of QuickBooks now.")


def _queued(kind: str, sentence: str, tone: str = "success") -> Response:
    if not standing_of(current_user.company).connected:
        flash("QuickBooks is not connected, so there is nothing to do yet.", "warning")
        return redirect(url_for(".page"), 303)
    queue_run(current_user.company.id, kind, "by a person", current_user.email)
    record_act(current_user.company.id, current_user.email, f"asked for a {kind}", address=client_address())
    return _done(sentence, tone)


def _done(sentence: str, tone: str = "success", *, ring: bool = True) -> Response:
    commit_and_ring(*([current_user.company.id] if ring else []))
    flash(sentence, tone)
    return redirect(url_for(".page"), 303)


def _dates_form() -> DatesForm:
    typed = kept_input(url_for("quickbooks.save_dates"))
    company = current_user.company
    return DatesForm(MultiDict(typed or {}), start_date=company.start_date, invoice_date=company.invoice_date)


def _shown_result(run: Run | None) -> tuple[str, str] | None:
    """Return the end of the first run while it is the newest one, and of any run that went wrong."""
    if run is None or is_open(run) or (run.kind != "first" and run.state != "failed"):
        return None
    return result_sentence(run)


def _day_asked(company: Company) -> date | None:
    """Return the day before the start date of which the address asks what would come in from it on; None for none."""
    try:
        asked = date.fromisoformat(request.args.get("earlier_from", ""))
    except ValueError:
        return None
    fits = _FIRST_YEAR <= asked.year <= utcnow().year + 1 and (
        company.start_date is None or asked < company.start_date
    )
    return asked if fits else None


def _what_leaves(company: Company, before: date | None, after: date) -> str:
    """Return what a later start date takes out of QuickBooks, as a sentence; "" for nothing."""
    count, total = invoices_before(company, after) if before and after > before else (0, Decimal())
    if not count:
        return ""
    go = "goes" if count == 1 else "go"
    return f"{plural(count, 'Invoice')} of inspections before {day(after)}, {money(total)}, {go} out of QuickBooks."


def _what_follows(before: date | None, after: date) -> str:
    if before is None or after < before:
        return f"Every confirmed inspection from {day(after)} on gets its documents now."
    return f"Documents of inspections before {day(after)} are taken out of QuickBooks, unless they are deposited or in a closed period."


def _what_is_dated_anew(scope: str) -> str:
    living, closed = living_documents(current_user.company, "Invoice")
    if scope == "new" or living == closed:
        return "The invoice date holds from now on."
    follow = plural(living - closed, "existing Invoice gets", "existing Invoices get")
    stay = f" {plural(closed, 'keeps', 'keep')} the old one, in a closed period." if closed else ""
    return f"{follow} the new date with the next sync.{stay}"
