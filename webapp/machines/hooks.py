"""Calls from the inspection platform: something changed, look now. What changed is read from the feed, never from the call."""

from flask import Blueprint, abort
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from bookkeeping.storage.base import db
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
    """Make the company's poll due and ring. The secret address is the proof; the body may be anything."""
    company_id = db.session.scalar(select(Company.id).where(Company.hook_digest == token_digest(secret)))
    if company_id is None:
        abort(404)
    make_poll_due(company_id)
    commit_and_ring(company_id)
    return "", 204


csrf.exempt(inspections)
