"""The audit log of a company: who did what, when and from where, with what was before and after; and all of it as a file."""

import json
from typing import Any

from flask import Blueprint, render_template
from werkzeug.wrappers import Response

from bookkeeping.storage.paging import keyset_page
from bookkeeping.storage.people.audit import AuditEntry, acts_of, every_act
from webapp.access.confirming import recently_confirmed
from webapp.access.matrix import Right
from webapp.access.roles import current_company, open_to
from webapp.frame.filters import ListFilter, neighbours, position_asked
from webapp.frame.spreadsheets import Column, Table, file_answer, file_asked
from webapp.people.audit_words import act_of, said

bp = Blueprint("audit_log", __name__, url_prefix="/settings/audit-log")
bp.add_app_template_filter(act_of)

ORDER = (AuditEntry.id,)
COLUMNS = (
    Column("When", "moment"),
    Column("Who"),
    Column("From"),
    Column("What"),
    Column("Of what"),
    Column("Before"),
    Column("After"),
    Column("Instant of the digest (UTC)"),
    Column("Digest before it"),
    Column("Digest"),
)


@bp.get("")
@open_to(Right.READ)
def page() -> tuple[str, int]:
    """Show a page of acts, the newest first; filters and place are in the address."""
    company, form = current_company(), ListFilter.read()
    position, problem = position_asked(*ORDER)
    found = keyset_page(acts_of(company.id, **form.wanted(company.time_zone)), ORDER, position)
    return render_template(
        "audit_log.html",
        company=company,
        form=form,
        problem=problem,
        narrowed=bool(form.given or position),
        acts=said(found.rows, company.id, company.time_zone),
        neighbours=neighbours(found, ".page", **form.given),
    ), (400 if form.errors else 200)


@bp.get("/download")
@open_to(Right.READ)
@recently_confirmed("Download the audit log.")
def download() -> Response:
    """Answer with every act as a file, the oldest first, with the digests that chain them."""
    company = current_company()
    rows = (
        (
            entry.at,
            entry.who,
            entry.address,
            entry.act,
            entry.subject,
            _text(entry.before),
            _text(entry.after),
            entry.at.isoformat(),
            entry.previous,
            entry.digest,
        )
        for entry in every_act(company.id)
    )
    return file_answer(Table("audit-log", COLUMNS, rows, company.time_zone), file_asked() or "csv")


def _text(value: Any) -> str:
    return "" if value is None else json.dumps(value, sort_keys=True, ensure_ascii=False)
