"""The tie-out statement: the newest or any kept one, on screen, as a file and on paper; and making one now for any days."""

from datetime import date, timedelta

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import ValidationError
from wtforms.validators import InputRequired

from bookkeeping.sources.words import source_words
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import stood_until
from bookkeeping.storage.records.numbers import TieoutStatement, statement_or_none, statements_of
from bookkeeping.storage.work.runs import latest_run, queue_run
from webapp.access.matrix import Right
from webapp.access.roles import current_company, open_to
from webapp.frame.bell import commit_and_ring
from webapp.frame.books_links import books_links
from webapp.frame.filters import Day, number_asked
from webapp.frame.spreadsheets import file_answer
from webapp.frame.standing import local_today, standing_of
from webapp.frame.words import day
from webapp.numbers import statements
from webapp.numbers.pages import trouble_of
from webapp.sync_log.pages import what_happens
from webapp.sync_log.progress import is_open, progress_of

bp = Blueprint("tie_out", __name__)

LONGEST_DAYS = 3 * 366
KEPT_SHOWN = 15
_ID = "int(max=9223372036854775807)"


class RangeForm(FlaskForm):
    """The days of a statement, both included."""

    first = Day("From", validators=[InputRequired("Choose the first day.")])
    last = Day("To", validators=[InputRequired("Choose the last day.")])

    def validate_last(self, field: Day) -> None:
        if not field.data or not self.first.data:
            return
        if field.data < self.first.data:
            raise ValidationError("This day is before the first one. Swap the two.")
        if (field.data - self.first.data).days > LONGEST_DAYS:
            raise ValidationError(
                "A statement covers three years at most. Choose days that are closer together."
            )


@bp.get("/numbers/tie-out")
@open_to(Right.READ)
def page() -> ResponseReturnValue:
    """Show the newest statement."""
    company = current_company()
    return _shown(company, statement_or_none(company.id))


@bp.get(f"/numbers/tie-out/<{_ID}:statement_id>")
@open_to(Right.READ)
def past(statement_id: int) -> ResponseReturnValue:
    """Show a kept statement as it was made."""
    company = current_company()
    return _shown(company, statement_or_none(company.id, statement_id) or abort(404))


@bp.get(f"/numbers/tie-out/<{_ID}:statement_id>/statement.<any(csv,xlsx):ending>")
@open_to(Right.READ)
def as_file(statement_id: int, ending: str) -> ResponseReturnValue:
    """Answer with a kept statement as a file."""
    company = current_company()
    kept = statement_or_none(company.id, statement_id) or abort(404)
    name = f"tie-out-{kept.first_day}-{kept.last_day}"
    return file_answer(statements.table(name, kept.content, source_words(company.source_kind)), ending)


@bp.post("/numbers/tie-out")
@open_to(Right.STATEMENTS)
def make() -> ResponseReturnValue:
    """Ask for a statement of the chosen days; the result is kept and shown here."""
    company = current_company()
    form = RangeForm()
    good, first, last = form.validate_on_submit(), form.first.data, form.last.data
    if not good or first is None or last is None:
        return _shown(company, statement_or_none(company.id), form), 400
    days = {"first_day": first.isoformat(), "last_day": last.isoformat()}
    queue_run(company.id, "tieout", "by a person", current_user.email, **days)
    commit_and_ring(company.id)
    said = f"{day(first)} to {day(last)}"
    flash(f"The statement of {said} is being made. {what_happens(company)}", "info")
    return redirect(url_for(".page"), 303)


def _shown(company: Company, kept: TieoutStatement | None, form: RangeForm | None = None) -> str:
    today = local_today(company)
    run = latest_run(company.id, "tieout", "nightly")
    before = number_asked("before")
    past_ones = statements_of(company.id, before=before, limit=KEPT_SHOWN + 1)
    nights = [one.id for one in past_ones if not one.asked_by]
    newest_of_a_night = kept is not None and before is None and nights[:1] == [kept.id]
    if form is None:
        first = kept.first_day if kept else date(today.year, 1, 1)
        last = kept.last_day if kept else date(today.year, 12, 31)
        form = RangeForm(formdata=None, first=first, last=last)
    return render_template(
        "numbers/tie_out.html",
        company=company,
        standing=standing_of(company),
        kept=kept,
        stood_until=stood_until(company.id, kept.made_at) if kept and newest_of_a_night else None,
        form=form,
        ranges=handy_ranges(today),
        job=progress_of(run) if is_open(run) else None,
        trouble=trouble_of(run),
        past_ones=past_ones[:KEPT_SHOWN],
        older=past_ones[KEPT_SHOWN - 1].id if len(past_ones) > KEPT_SHOWN else None,
        view=statements,
        books_link=books_links(company),
        shown=60,
    )


def handy_ranges(today: date) -> list[tuple[str, date, date]]:
    """Return (name, first, last) of the ranges that people ask for most."""
    first = today.replace(day=1)
    next_first = (first + timedelta(days=32)).replace(day=1)
    last_month = first - timedelta(days=1)
    return [
        ("This month", first, next_first - timedelta(days=1)),
        ("Last month", last_month.replace(day=1), last_month),
        ("This year", date(today.year, 1, 1), date(today.year, 12, 31)),
        ("Last year", date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)),
    ]
