"""Where a company whose platform has no interface drops its inspections as files: checked, looked at, taken, and taken back.

A file is never taken by dropping it. What is taken is read like a feed, with the next sync.
"""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from bookkeeping.inspection_source.dropped.cells import Problem
from bookkeeping.inspection_source.dropped.columns import TABLES, template
from bookkeeping.inspection_source.dropped.sheets import LARGEST_FILE, FileRefusedError
from bookkeeping.sources.dropping import (
    Look,
    NotTakenError,
    drop_file,
    leave_file,
    look_at,
    take_back,
    take_file,
)
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.dropped import (
    WAITING,
    DroppedFile,
    dropped_files,
    dropped_rows,
    newest_taken,
)
from webapp.access.confirming import recently_confirmed
from webapp.access.limits import by_person, limiter
from webapp.access.matrix import Right
from webapp.access.roles import current_company, open_to
from webapp.dropping.words import Told, in_order, told
from webapp.frame.bell import commit_and_ring
from webapp.frame.spreadsheets import Table, file_answer, text_columns

bp = Blueprint("dropping", __name__, url_prefix="/settings/files")
FILES = "files"
MOST_AT_ONCE = 4
SHOWN = 25
HISTORY = 20
PROBLEM_COLUMNS = ("File", "Line", "Column", "Inspection", "What to do")
Answer = Response | str | tuple[str, int]


@bp.get("")
@open_to(Right.READ)
def page() -> Answer:
    """Show what waits to be taken, the place to drop more, and what was taken before."""
    return _show()


def _show(error: str = "") -> Answer:
    company = current_company()
    files = dropped_files(company.id, HISTORY)
    waiting = next((one for one in files if one.state == WAITING), None)
    look = look_at(company, waiting) if waiting else None
    newest = newest_taken(company.id)
    return render_template(
        "dropping/page.html",
        company=company,
        by_files=company.source_kind == FILES,
        waiting=waiting,
        look=look,
        rows=_rows(company, look) if look else {},
        problems=_problems(look) if look else [],
        shown=SHOWN,
        largest=LARGEST_FILE // 1_000_000,
        files=[one for one in files if one.state != WAITING],
        newest_id=newest.id if newest else None,
        tables=tuple(TABLES),
        error=error,
    ), (422 if error else 200)


def _rows(company: Company, look: Look) -> dict[str, list[Told]]:
    """Return the first rows of what is new, changed and missing."""
    found, zone = look.difference, company.time_zone
    before = dropped_rows(company.id, [one.key for one in found.changed[:SHOWN]], None)
    return {
        "new": [told(one, zone) for one in found.new[:SHOWN]],
        "changed": [told(one, zone, before[one.key].inspection()) for one in found.changed[:SHOWN]],
        "missing": [told(one, zone) for one in found.missing[:SHOWN]],
    }


def _problems(look: Look) -> list[Problem]:
    aside = [one for problems in look.difference.bad.values() for one in problems]
    return in_order([*look.checked.blocking, *aside])


@bp.post("")
@open_to(Right.FILES)
@limiter.limit("60 per hour", key_func=by_person)
def drop() -> Answer:
    """Check the files that were dropped at once, and show what they would change."""
    company = _company_of_files()
    given = [(one.filename or "file", one.read()) for one in request.files.getlist("file") if one.filename]
    if not given:
        return _show("Choose a file first.")
    if len(given) > MOST_AT_ONCE:
        return _show(f"Drop at most {MOST_AT_ONCE} files at once.")
    try:
        drop_file(company, current_user.email, [(_name(name), content) for name, content in given])
    except FileRefusedError as error:
        db.session.rollback()
        return _show(str(error))
    db.session.commit()
    return redirect(url_for(".page"), 303)


def _name(typed: str) -> str:
    """Return a file's own name, as somebody else's browser says it."""
    name = " ".join(typed.replace("\\", "/").rpartition("/")[2].split())
    return "".join(letter for letter in name if letter.isprintable())[:80] or "file"


@bp.post("/<int(max=2147483647):file_id>/take")
@open_to(Right.FILES)
def take(file_id: int) -> Response:
    """Take the file as it was looked at."""
    company, row = _company_of_files(), _named(file_id)
    seen = request.form.get("turn", "")
    turn = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else -1
    out = request.form.get("missing") == "deleted"
    try:
        counts = take_file(company, row, current_user.email, turn=turn, take_out=out)
    except NotTakenError as error:
        return _refused(error)
    commit_and_ring(company.id)
    flash(
        f"{row.name} was taken: {counted(counts)}. They are read with the next sync, which begins now.",
        "success",
    )
    return redirect(url_for(".page"), 303)


@bp.post("/<int(max=2147483647):file_id>/leave")
@open_to(Right.FILES)
def leave(file_id: int) -> Response:
    """Put the file aside; nothing of it is taken."""
    _company_of_files()
    row = _named(file_id)
    try:
        leave_file(row, current_user.email)
    except NotTakenError as error:
        return _refused(error)
    db.session.commit()
    flash(f"{row.name} was put aside. Nothing was changed.", "success")
    return redirect(url_for(".page"), 303)


@bp.post("/<int(max=2147483647):file_id>/take-back")
@open_to(Right.FILES)
@recently_confirmed("Take a file back.")
def back(file_id: int) -> Response:
    """Let everything be again as it was before this file."""
    company, row = _company_of_files(), _named(file_id)
    try:
        count = take_back(company, row, current_user.email)
    except NotTakenError as error:
        return _refused(error)
    commit_and_ring(company.id)
    said = "1 inspection is" if count == 1 else f"{count:,} inspections are"
    flash(f"{row.name} was taken back: {said} again as before it.", "success")
    return redirect(url_for(".page"), 303)


@bp.get("/template/<kind>.<any(csv,xlsx):ending>")
@open_to(Right.READ)
def template_file(kind: str, ending: str) -> Response:
    """Answer with a template: the headings, and a row or two that show how."""
    if kind not in TABLES:
        abort(404)
    head, *rows = template(kind)
    return file_answer(
        Table(f"{kind}-template", text_columns(head), rows, current_company().time_zone), ending
    )


@bp.get("/<int(max=2147483647):file_id>/problems.<any(csv,xlsx):ending>")
@open_to(Right.READ)
def problems_file(file_id: int, ending: str) -> Response:
    """Answer with every problem of the file that waits, to mend it by."""
    company, row = current_company(), _named(file_id)
    found = _problems(look_at(company, row)) if row.state == WAITING else []
    lines = [(one.table, one.line, one.column, one.key, one.says) for one in found]
    return file_answer(Table("problems", text_columns(PROBLEM_COLUMNS), lines, company.time_zone), ending)


def counted(counts: dict[str, int]) -> str:
    """`{"new": 2, "aside": 1}` → `2 new, 1 set aside`."""
    words = {"new": "new", "changed": "changed", "gone": "deleted", "aside": "set aside"}
    parts = [f"{counts[name]:,} {word}" for name, word in words.items() if counts.get(name)]
    return ", ".join(parts) or "nothing new"


def _refused(error: NotTakenError) -> Response:
    db.session.rollback()
    flash(str(error), "warning")
    return redirect(url_for(".page"), 303)


def _named(file_id: int) -> DroppedFile:
    row = db.session.get(DroppedFile, file_id)
    return row if row is not None and row.company_id == current_company().id else abort(404)


def _company_of_files() -> Company:
    """Return the company; 404 where its inspections come from elsewhere."""
    company = current_company()
    return company if company.source_kind == FILES else abort(404)


bp.add_app_template_filter(counted, "counted")
