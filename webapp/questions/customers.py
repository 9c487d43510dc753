"""Clients of whom a person must say which Customer in QuickBooks they are."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from bookkeeping.acts.questions import create_customer, not_this_customer, use_customer
from bookkeeping.logbook import pages as logbook
from bookkeeping.logbook.customers import FOUND_AT_MOST, chosen_lately, client_names, customers_found
from webapp.access.limits import client_address
from webapp.access.matrix import Right
from webapp.access.roles import current_company, open_to
from webapp.frame.bell import commit_and_ring
from webapp.frame.books_links import books_links
from webapp.frame.spreadsheets import file_answer, file_asked
from webapp.questions.export import clients_table
from webapp.sync_log.pages import what_happens

bp = Blueprint("customers", __name__)

SHOWN = 50
IN_A_FILE = 10_000


@bp.get("/customers/review")
@open_to(Right.READ)
def review() -> ResponseReturnValue:
    """Show each client beside the Customers that may be the same, with what speaks for them; as a file on request."""
    company = current_company()
    if file_asked():
        asked = logbook.customers_to_review(company.id, limit=IN_A_FILE)
        return file_answer(clients_table(company, asked), file_asked())
    links = logbook.customers_to_review(company.id, limit=SHOWN)
    lately = chosen_lately(company.id)
    return render_template(
        "customers/review.html",
        company=company,
        links=links,
        waiting=logbook.waiting_for_clients(company.id, [link.client_key for link in links]),
        full=len(links) == SHOWN,
        looked_for=_looked_for(),
        found=customers_found(company.id, _looked_for()[1]),
        found_at_most=FOUND_AT_MOST,
        lately=lately,
        clients=client_names(company.id, [link.client_key for link in lately]),
        books_link=books_links(company),
    )


@bp.post("/customers/review/<path:client_key>/use")
@open_to(Right.SETTLE)
def use(client_key: str) -> ResponseReturnValue:
    """Take one of the candidates, or a Customer that was found by words."""
    company = current_company()
    chosen = request.form.get("candidate", "")
    return _settled(
        client_key, use_customer(company.id, client_key, chosen, current_user.email, client_address())
    )


@bp.post("/customers/review/<path:client_key>/create")
@open_to(Right.SETTLE)
def create(client_key: str) -> ResponseReturnValue:
    """Have a new Customer made: the client is none of the candidates."""
    company = current_company()
    return _settled(client_key, create_customer(company.id, client_key, current_user.email, client_address()))


@bp.post("/customers/review/<path:client_key>/undo")
@open_to(Right.SETTLE)
def undo(client_key: str) -> ResponseReturnValue:
    """Take back which Customer the client is, and ask again."""
    company = current_company()
    link = logbook.customer_link_or_none(company.id, client_key) or abort(404)
    if not_this_customer(company.id, client_key, current_user.email, client_address()):
        flash(
            f"Say now which Customer {link.display_name or 'the client'} is. What is in QuickBooks stays until you do.",
            "success",
        )
    else:
        flash("That is open already: choose below.", "info")
    commit_and_ring()
    return redirect(url_for(".review"), 303)


def _looked_for() -> tuple[str, str]:
    """Return of which client words were typed, and the words."""
    return request.args.get("client", ""), request.args.get("q", "").strip()[:100]


def _settled(client_key: str, done: bool) -> ResponseReturnValue:
    company = current_company()
    link = logbook.customer_link_or_none(company.id, client_key) or abort(404)
    if not done and link.state == "ask":
        abort(400)  # Not one of the candidates that the page offered.
    commit_and_ring(*([company.id] if done else []))
    if done:
        if link.create_new:
            said = f"A new Customer is made for {link.display_name or 'the client'}."
        else:
            said = f"From now on the client is the Customer {link.display_name}."
        flash(f"{said} {what_happens(company)}", "success")
    else:
        flash(f"Somebody has chosen already: {link.because}", "info")
    return redirect(url_for(".review"), 303)
