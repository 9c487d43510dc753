"""Inspections: the list with state and reason, and each one's page: platform beside QuickBooks, why, and history."""

from functools import partial
from typing import Literal, NamedTuple

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from bookkeeping.acts.questions import (
    ACTS,
    Answer,
    answer_same_money,
    answer_same_refund,
    retry_one,
)
from bookkeeping.case import answers
from bookkeeping.faults import CATALOGUE, fault
from bookkeeping.logbook import pages as logbook
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.records.documents import Document
from bookkeeping.storage.records.inspections import STATES, InspectionRow
from webapp.access.limits import client_address
from webapp.access.matrix import Right
from webapp.access.roles import current_company, open_to
from webapp.frame.bell import commit_and_ring
from webapp.frame.books_links import books_links
from webapp.frame.filters import ListFilter, choice, neighbours, position_asked
from webapp.frame.spreadsheets import file_answer, file_asked
from webapp.frame.standing import local_today
from webapp.frame.words import plural
from webapp.inspections.export import inspections_table
from webapp.inspections.history import happenings
from webapp.inspections.preview import FATES, Preview
from webapp.inspections.trace import trace_of
from webapp.inspections.views import address_of, kept_views, may_change
from webapp.questions.drift import drift_boxes
from webapp.questions.left import Left, by_inspection, left_as_theirs
from webapp.sync_log.pages import what_happens

bp = Blueprint("inspections", __name__)


SORTS = {
    "start": "Latest start",
    "start-up": "Earliest start",
    "amount": "Highest amount",
    "amount-up": "Lowest amount",
    "client-up": "Client, A to Z",
    "client": "Client, Z to A",
    "state-up": "State, A to Z",
    "state": "State, Z to A",
}


class InspectionFilterForm(ListFilter):
    state = choice("State", STATES)
    reason = choice("Cause", {code: known.title for code, known in CATALOGUE.items()})
    sort = choice("Order", SORTS, none="Latest start")


class Head(NamedTuple):
    """A heading that sorts: the order that it leads to, and how the list is sorted by it now ("" for not)."""

    leads_to: str
    now: Literal["", "ascending", "descending"]


def heads(sort: str) -> dict[str, Head]:
    """Return each column that sorts. Pressed again it turns round; names begin with A, amounts and days with the latest."""
    by, up = (sort or "start").removesuffix("-up"), sort.endswith("-up")
    found = {}
    for column in logbook.SORTS:
        first, then = (column, f"{column}-up") if column in ("start", "amount") else (f"{column}-up", column)
        now: Literal["ascending", "descending"] = "ascending" if up else "descending"
        turn = then if by == column and (sort or "start") == first else first
        found[column] = Head("" if turn == "start" else turn, now if by == column else "")
    return found


@bp.get("/inspections")
@open_to(Right.READ)
def page() -> ResponseReturnValue:
    """Show a page of inspections; filters and place are in the address. As a file on request: all of the filter."""
    company = current_company()
    form = InspectionFilterForm.read()
    wanted = logbook.InspectionFilter(**form.wanted(company.time_zone))
    position, problem = position_asked(
        *(logbook.INSPECTION_ORDER if not wanted.sort else (InspectionRow.id,))
    )
    if file_asked() and not form.errors:
        return file_answer(inspections_table(company, wanted, partial(why, company)), file_asked())
    found = logbook.inspections_page(company.id, wanted, position)
    documents = logbook.documents_by_inspection(company.id, [row.key for row in found.rows])
    left = _left_of(company, documents)
    return render_template(
        "inspections/page.html",
        company=company,
        connection=db.session.get(Connection, company.id),
        form=form,
        problem=problem,
        narrowed=bool(form.given or position),
        inspections=found,
        summed=logbook.inspection_sum(company.id, wanted),
        heads=heads(wanted.sort or ""),
        views=kept_views(),
        may_change=may_change,
        view_address=address_of(form.given),
        today=local_today(company).isoformat(),
        reasons=reasons(company, found.rows, left),
        left=left,
        documents=documents,
        neighbours=neighbours(found, ".page", **form.given),
        books_link=books_links(company),
    ), (400 if form.errors else 200)


@bp.get("/inspections/<path:key>")
@open_to(Right.READ)
def detail(key: str) -> ResponseReturnValue:
    """Show one inspection by the platform's id, also when its record could not be read."""
    company = current_company()
    trace = trace_of(company, key) or abort(404)
    return render_template(
        "inspections/detail.html",
        company=company,
        trace=trace,
        boxes=drift_boxes(company, trace.drifts),
        happenings=happenings(trace),
        books_link=books_links(company),
    )


@bp.get("/inspections/<path:key>/preview")
@open_to(Right.READ)
def preview(key: str) -> ResponseReturnValue:
    """Show the documents that would be sent for the inspection now, or were, as QuickBooks shows them. Sends nothing."""
    company = current_company()
    trace = trace_of(company, key) or abort(404)
    shown = Preview(trace).documents
    return render_template("inspections/preview.html", trace=trace, shown=shown, fates=FATES)


@bp.post("/inspections/<path:key>/retry")
@open_to(Right.SETTLE)
def retry(key: str) -> ResponseReturnValue:
    """Make one inspection due now."""
    company = current_company()
    if not retry_one(company.id, key, current_user.email, client_address()):
        abort(404)
    commit_and_ring(company.id)
    flash(f"Inspection {key} is tried again. {what_happens(company)}", "success")
    return redirect(url_for(".detail", key=key), 303)


@bp.post("/inspections/<path:key>/same-money")
@open_to(Right.SETTLE)
def same_money(key: str) -> ResponseReturnValue:
    """Say whether a Payment or RefundReceipt that somebody entered is the money received or given back; the other answer undoes it."""
    company = current_company()
    payment, refund, theirs, said = (
        request.form.get(name, "") for name in ("payment", "refund", "theirs", "answer")
    )
    if said not in ACTS or not theirs:
        abort(400)
    answer: Answer = "use" if said == "use" else "book"
    kind, gone = ("RefundReceipt", "there") if refund else ("Payment", "on the Invoice")
    who = (current_user.email, client_address())
    answer_it = answer_same_refund if refund else answer_same_money
    if not answer_it(company.id, key, refund or payment, theirs, answer, *who):
        flash(f"That {kind} is not {gone} any more, so there is nothing to answer.", "info")
        return redirect(url_for(".detail", key=key), 303)
    commit_and_ring(company.id)
    done = {"use": f"The {kind} in QuickBooks is used; ours is not booked.", "book": "Ours is booked, too."}
    flash(f"{done[answer]} You can change that on this page.", "success")
    return redirect(url_for(".detail", key=key), 303)


def why(company: Company, rows: list[InspectionRow], documents: dict[str, list[Document]]) -> dict[str, str]:
    """Return why each of some rows stands as it does."""
    return reasons(company, rows, _left_of(company, documents))


def _left_of(company: Company, documents: dict[str, list[Document]]) -> dict[str, list[Left]]:
    kept = [key for key, rows in documents.items() if any(one.hands_off == "kept" for one in rows)]
    return by_inspection(left_as_theirs(company, kept, limit=len(kept) * 10)) if kept else {}


def reasons(company: Company, rows: list[InspectionRow], left: dict[str, list[Left]]) -> dict[str, str]:
    """Return one sentence an inspection that says why it stands as it does; none for those that are in sync with nothing `left` as it is."""
    left_out = answers(company, (row for row in rows if row.state == "not-in-books"))
    # The state beside it says already that it is not in the books.
    said = {
        key: because[:1].upper() + because[1:]
        for key, answer in left_out.items()
        for because in [answer.sentence.removeprefix("Not in the books: ")]
    }
    for row in rows:
        if row.state in ("waiting", "needs-you", "drift"):
            said[row.key] = fault(row.reason or row.state).title
        elif row.state == "in-sync" and row.key in left:
            first, *others = left[row.key]
            more = f", and {plural(len(others), 'more document')}" if others else ""
            said[row.key] = f"{first.sentence}{more}."
    return said
