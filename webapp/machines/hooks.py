"""Calls from the inspection platform: something changed, look now. What changed is read from the feed, never from the call."""

from math import ceil

from flask import Blueprint, abort
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company, make_poll_due
from bookkeeping.storage.people.sessions import token_digest
from webapp.access.extensions import csrf
from webapp.access.limits import limiter
from webapp.access.roles import public
from webapp.frame.bell import commit_and_ring

bp = Blueprint("hooks", __name__)


@bp.post("/hooks/inspections/<secret>")
@public
@limiter.limit("120 per minute")
def inspections(secret: str) -> ResponseReturnValue:
    """Make the company's poll due and ring. The secret address is the proof; the body may be anything.

    While the platform wants no questions the answer says for how many seconds that holds, and the poll is due only then.
    """
    company = db.session.scalar(select(Company).where(Company.hook_digest == token_digest(secret)))
    if company is None:
        abort(404)
    company_id, until = company.id, company.feed_waits_until
    make_poll_due(company_id)
    commit_and_ring(company_id)
    if until is None:
        return "", 204
    return "", 204, {"Retry-After": str(max(ceil((until - utcnow()).total_seconds()), 1))}


csrf.exempt(inspections)
