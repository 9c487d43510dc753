"""The search over everything of a company: inspections by any word of them, and pages by their name. Ctrl-K opens it on every page."""

from typing import NamedTuple

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from bookkeeping.storage.folding import words_of
from bookkeeping.storage.records.inspections import inspections_found
from webapp.access.limits import by_person, limiter
from webapp.access.matrix import Right
from webapp.access.roles import current_company, open_to
from webapp.frame.navigation import COMPANY_PLACES

bp = Blueprint("search", __name__)

LONGEST = 100
SHOWN = 8


class PageFound(NamedTuple):
    """A page of ours by its name, and words by which it is looked for besides."""

    label: str
    path: str
    also: str = ""


PAGES = (
    *(PageFound(f"{place.label} {place.rest}".strip(), place.path) for place in COMPANY_PLACES),
    PageFound("Tie-out", "/numbers/tie-out", "statement difference agrees explained"),
    PageFound("Payments", "/numbers/payments", "received unapplied undeposited"),
    PageFound("Runs", "/sync-log/runs", "nightly"),
    PageFound("Which Customer is it?", "/customers/review", "clients match questions"),
    PageFound(
        "QuickBooks settings",
        "/settings/quickbooks",
        "connection pause resume dates start date earlier disconnect",
    ),
    PageFound(
        "Bookkeeping", "/settings/quickbooks/bookkeeping", "items income accounts classes due days deposit"
    ),
    PageFound("Items", "/settings/quickbooks/items", "services mapping"),
    PageFound("Practice run", "/settings/quickbooks/practice", "preview what would be sent"),
    PageFound("Migration", "/settings/quickbooks/migration", "salesreceipts cutoff"),
    PageFound("People", "/settings/people", "invite bookkeeper role"),
    PageFound("Notifications", "/settings/notifications", "mail notices"),
    PageFound("Audit log", "/settings/audit-log", "who did what"),
    PageFound("Your account", "/account", "password second factor sessions"),
)


@bp.get("/search")
@open_to(Right.READ)
@limiter.limit("120 per minute", key_func=by_person)
def page() -> ResponseReturnValue:
    """Show what fits the typed words."""
    typed = request.args.get("q", "").strip()[:LONGEST]
    company = current_company()
    return render_template(
        "search.html",
        typed=typed,
        company=company,
        inspections=inspections_found(company.id, typed, SHOWN + 1),
        pages=pages_found(typed),
        shown=SHOWN,
    )


def pages_found(typed: str) -> list[PageFound]:
    """Return the pages whose name or words have each typed word at the beginning of one; none for no words."""
    words = words_of(typed)
    return [
        page
        for page in PAGES
        if words
        and all(any(one.startswith(word) for one in words_of(f"{page.label} {page.also}")) for word in words)
    ]
