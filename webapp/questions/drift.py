"""Changed in QuickBooks: what people changed there beside what we had written, and the choice between the two."""

from dataclasses import replace
from datetime import timedelta

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import select

from bookkeeping.acts.questions import Choice
from bookkeeping.acts.questions import manage_again as take_back
from bookkeeping.case import answers
from bookkeeping.logbook import pages as logbook
from bookkeeping.logbook.drift_names import fields_in_names
from bookkeeping.logbook.merged import merged_lately
from bookkeeping.restoring import hindered_restores
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.documents import Drift
from bookkeeping.storage.work.runs import Run, latest_run
from bookkeeping.storage.work.undos import is_held
from bookkeeping.undoing import ways_back
from webapp.access.limits import client_address
from webapp.access.matrix import Right
from webapp.access.roles import current_company, open_to
from webapp.frame.bell import commit_and_ring
from webapp.frame.books_links import books_links
from webapp.frame.spreadsheets import Table, file_answer, file_asked
from webapp.frame.undo import offer_undo
from webapp.frame.words import plural
from webapp.questions.drift_cards import DriftBox, DriftCard
from webapp.questions.export import drift_table, left_table
from webapp.questions.left import left_as_theirs
from webapp.sync_log.pages import what_happens
from webapp.sync_log.progress import is_open, progress_of

bp = Blueprint("drift", __name__)

SHOWN = 100
IN_A_FILE = 10_000
_OFFERED = {"restore": "Nothing is sent for ten seconds.", "keep": "Left as in QuickBooks."}
_CHOICES: dict[str, Choice] = {"restore": "restore", "keep": "keep"}


@bp.get("/drift")
@open_to(Right.READ)
def page() -> ResponseReturnValue:
    """Show what was changed and is not settled yet, a box for each inspection; as a file all of them, or (`list=left`) what is left as it is."""
    company = current_company()
    if file_asked():
        return file_answer(_table(company), file_asked())
    drifts = logbook.open_drifts(company.id, limit=SHOWN)
    run = latest_run(company.id, "sync")
    return render_template(
        "drift/page.html",
        company=company,
        boxes=drift_boxes(company, drifts),
        shown=len(drifts),
        total=logbook.attention_counts(company.id)["drift"],
        job=progress_of(run) if is_open(run) and _restores(company.id, run) else None,
        left=left_as_theirs(company, limit=SHOWN),
        left_total=logbook.left_count(company.id),
        merged=merged_lately(company.id),
        books_link=books_links(company),
    )


@bp.post("/drift/<int(max=9223372036854775807):drift_id>/restore")
@open_to(Right.SETTLE)
def restore(drift_id: int) -> ResponseReturnValue:
    """Write ours over what was changed."""
    return _settled([drift_id], "restore")


@bp.post("/drift/<int(max=9223372036854775807):drift_id>/keep")
@open_to(Right.SETTLE)
def keep(drift_id: int) -> ResponseReturnValue:
    """Leave the document to the bookkeeper until it is managed again."""
    return _settled([drift_id], "keep")


@bp.post("/drift/<int(max=9223372036854775807):drift_id>/manage-again")
@open_to(Right.SETTLE)
def manage_again(drift_id: int) -> ResponseReturnValue:
    """Take back that the document is left to the bookkeeper: what differs is asked about again."""
    company = current_company()
    if not logbook.has_drift(company.id, drift_id):
        abort(404)
    found = take_back(company.id, drift_id, current_user.email, client_address())
    commit_and_ring(*([company.id] if found is not None else []))
    if found is None:
        flash("That is not left as in QuickBooks any more.", "info")
    elif found.settled_at is None:
        flash(
            "We manage it again. It differs from what we wrote: choose below. Nothing is written before.",
            "success",
        )
    else:
        flash(f"We manage it again; QuickBooks has it as we wrote it. {what_happens(company)}", "success")
    return redirect(url_for(".page"), 303)


@bp.post("/drift/settle")
@open_to(Right.SETTLE)
def settle() -> ResponseReturnValue:
    """Settle all that are ticked the same way."""
    choice = _CHOICES.get(request.form.get("choice", "")) or abort(400)
    ticked = [
        int(text)
        for text in request.form.getlist("drift")
        if text.isascii() and text.isdigit() and len(text) < 19
    ]
    if not ticked:
        flash("Tick the documents first, then choose what happens to them.", "warning")
        return redirect(url_for(".page"), 303)
    return _settled(ticked, choice)


def _table(company: Company) -> Table:
    if request.args.get("list") == "left":
        return left_table(company, left_as_theirs(company, limit=IN_A_FILE))
    return drift_table(company, drift_cards(company, logbook.open_drifts(company.id, limit=IN_A_FILE)))


def drift_boxes(company: Company, drifts: list[Drift]) -> list[DriftBox]:
    """Return what is shown of these drifts, those of one inspection in one box, in the order in which the first of each was found."""
    of: dict[str, list[DriftCard]] = {}
    for card in drift_cards(company, drifts):
        of.setdefault(card.drift.document.inspection_key, []).append(card)
    several = [card for cards in of.values() if len(cards) > 1 for card in cards]
    rows = {card.inspection.key: card.inspection for card in several if card.inspection is not None}
    changed = [card.drift for card in several]
    hindered = hindered_restores(company, list(rows.values()), changed, together=True) if several else {}
    return [
        DriftBox(cards, [replace(card, hindered=hindered.get(card.drift.id)) for card in cards])
        for cards in of.values()
    ]


def drift_cards(company: Company, drifts: list[Drift]) -> list[DriftCard]:
    """Return what the cards show of these drifts."""
    keys = list({drift.document.inspection_key for drift in drifts})
    numbers = logbook.invoice_numbers(company.id, keys)
    rows = logbook.inspections_by_key(company.id, keys)
    booked = {key: answer.in_books for key, answer in answers(company, rows.values()).items()}
    named = fields_in_names(company.id, drifts)
    hindered = hindered_restores(company, list(rows.values()), drifts)
    cards = []
    for drift in drifts:
        key = drift.document.inspection_key
        cards.append(
            DriftCard(
                drift,
                rows.get(key),
                numbers.get(key, ""),
                booked.get(key, True),
                named[drift.id],
                hindered.get(drift.id),
            )
        )
    return cards


def _restores(company_id: int, run: Run) -> bool:
    """Whether the run writes something that was restored, or that can be taken back yet. For what is kept nothing is written."""
    since = run.queued_at - timedelta(minutes=1)  # A choice is noted before its run is queued.
    rows = select(Drift.id).where(Drift.company_id == company_id, Drift.choice == "restore")
    restored = db.session.scalar(rows.where(Drift.settled_at >= since).limit(1)) is not None
    return restored or is_held(company_id, utcnow())


def _settled(drift_ids: list[int], choice: Choice) -> ResponseReturnValue:
    company = current_company()
    settled, undo = ways_back.settle(company.id, drift_ids, choice, current_user.email, client_address())
    if not settled and len(drift_ids) == 1 and not logbook.has_drift(company.id, drift_ids[0]):
        abort(404)
    commit_and_ring(*([company.id] if settled else []))
    if not settled:
        flash("That was settled already.", "info")
    else:
        flash(_sentence(company, settled, choice), "success")
        offer_undo(_OFFERED[choice], undo)
    return redirect(url_for(".page"), 303)


def _sentence(company: Company, settled: list[Drift], choice: Choice) -> str:
    what = plural(len(settled), "document")
    if choice == "keep":
        them = "it" if len(settled) == 1 else "them"
        return f"{what} left as in QuickBooks. We do not touch {them} until you choose Manage it again."
    soon = what_happens(company, "It begins within half a minute; for ten seconds you can undo it.")
    return f"{what} will be written again as the inspection says. {soon}"
