"""Explain this number: one inspection's fees, Invoice lines, payments and deposits, with ids, dates and who changed what."""

from functools import partial

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from bookkeeping.rules.local_time import local_day
from bookkeeping.rules.tieout_causes import CAUSES
from webapp.access.matrix import Right
from webapp.access.roles import current_company, open_to
from webapp.frame.books_links import books_links
from webapp.inspections import money as explaining
from webapp.inspections.history import happenings
from webapp.inspections.trace import trace_of
from webapp.numbers import statements

bp = Blueprint("explain", __name__)


@bp.get("/inspections/<path:key>/explain")
@open_to(Right.READ)
def page(key: str) -> ResponseReturnValue:
    """Follow one inspection's money from the platform to the bank."""
    company = current_company()
    trace = trace_of(company, key) or abort(404)
    kept, differences = explaining.stated(trace)
    cut = partial(local_day, zone=company.time_zone)
    return render_template(
        "numbers/explain.html",
        company=company,
        trace=trace,
        lines=explaining.line_pairs(trace),
        payments=explaining.payment_pairs(trace, cut),
        refunds=explaining.refund_receipts(trace),
        happenings=happenings(trace),
        kept=kept,
        differences=differences,
        view=statements,
        causes=CAUSES,
        books_link=books_links(company),
    )
