"""Who of ops looked at a company's data: an entry in that company's audit log, where its owner reads it.

Noted is every page about one company (its id stands in the address) and every list that names inspections (the view says of whom). One entry
an hour for the same person, company and thing: a page that is loaded again is no second look.
"""

from collections.abc import Iterable
from datetime import timedelta

from flask import Flask, Response, g, request
from flask_login import current_user
from sqlalchemy import select

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.people.audit import AuditEntry, record_act
from webapp.access.limits import client_address
from webapp.access.security import start_writing

LOOKED = "looked at"
ONCE_IN = timedelta(hours=1)


def set_up_looks(app: Flask) -> None:
    """Hang it in behind every view."""
    app.after_request(_note)


def shows_inspections_of(company_ids: Iterable[int]) -> None:
    """Say whose inspections the present page lists."""
    g.shows_inspections_of = sorted(set(company_ids))


def _note(response: Response) -> Response:
    if request.method not in ("GET", "HEAD") or response.status_code >= 300 or g.get("_login_user") is None:
        return response
    if not current_user.is_authenticated or not current_user.user.is_ops:
        return response
    looks = [(one, "failures", "") for one in g.get("shows_inspections_of", ())]
    company_id, key = (request.view_args or {}).get("company_id"), (request.view_args or {}).get("key")
    if company_id is not None:
        whole = "the company's settings" if request.blueprint == "ops_changing" else "the company"
        looks.append((company_id, "an inspection" if key else whole, key or ""))
    if looks:
        who = current_user.email
        start_writing()
        for company, what, subject in looks:
            _write_once(company, who, f"{LOOKED} {what} (ops)", subject[:200])
        db.session.commit()
    return response


def _write_once(company_id: int, who: str, act: str, subject: str) -> None:
    same = (AuditEntry.company_id == company_id, AuditEntry.who == who, AuditEntry.act == act)
    newest = select(AuditEntry.at).where(*same, AuditEntry.subject == subject).order_by(AuditEntry.id.desc())
    last = db.session.scalar(newest.limit(1))
    if last is None or utcnow() - last >= ONCE_IN:
        record_act(company_id, who, act, subject=subject, address=client_address())
