"""What becomes of a client when the QuickBooks Customer that stands for it is made inactive, or active again, or turns out to be in another currency.

The local index says who takes documents of ours; a link to one that does not becomes a question, and what needs that Customer waits for it.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.names import NamedThing, unbillable
from bookkeeping.storage.records.documents import CustomerLink
from bookkeeping.storage.records.due import make_due, waiting_for
from bookkeeping.storage.records.inspections import InspectionRow

BECAUSE = {
    "customer-inactive": "The Customer of this client was made inactive in QuickBooks.",
    "customer-currency": "The Customer of this client is in another currency than US dollars.",
}


def follow_customers(company_id: int, qbo_ids: Sequence[str] | None = None) -> None:
    """Bring the links to these Customers (all by default) in step with the index, in the current transaction.

    A link whose Customer is inactive asks which Customer it shall be; it settles by itself when that one is active again.
    """
    db.session.flush()
    for start in range(0, len(qbo_ids), 500) if qbo_ids is not None else (0,):
        _follow(company_id, None if qbo_ids is None else qbo_ids[start : start + 500])


def _follow(company_id: int, qbo_ids: Sequence[str] | None) -> None:
    same = (
        (NamedThing.company_id == CustomerLink.company_id)
        & (NamedThing.kind == "Customer")
        & (NamedThing.qbo_id == CustomerLink.qbo_id)
    )
    rows = (
        select(CustomerLink, NamedThing).join(NamedThing, same).where(CustomerLink.company_id == company_id)
    )
    if qbo_ids is not None:
        rows = rows.where(CustomerLink.qbo_id.in_(qbo_ids))
    for link, thing in db.session.execute(rows).all():
        link.sync_token = thing.sync_token
        why_not = unbillable(thing)
        if why_not and link.state == "linked":
            link.state, link.because, link.updated_at = "ask", BECAUSE[why_not], utcnow()
            link.candidates = [_candidate(thing)] if why_not == "customer-inactive" else []
        elif not why_not and link.state == "ask" and link.because == BECAUSE["customer-inactive"]:
            link.state, link.because, link.candidates = "linked", "Active in QuickBooks again.", []
            link.updated_at = utcnow()
            make_due(company_id, "cause-gone", waiting_for(f"customer:{link.client_key}"))
            # A correction of the client's details held nothing up while it could not be sent.
            make_due(company_id, "look-again", InspectionRow.client_key == link.client_key)
        elif not why_not and link.state == "linked":
            make_due(company_id, "cause-gone", waiting_for(f"customer:{link.client_key}"))


def _candidate(thing: NamedThing) -> dict[str, Any]:
    return {
        "kind": thing.kind,
        "qbo_id": thing.qbo_id,
        "display_name": thing.name,
        "email": thing.email,
        "phone": thing.phone,
        "address": thing.address,
        "active": thing.active,
        "given_name": thing.more.get("given_name", ""),
        "family_name": thing.more.get("family_name", ""),
        "evidence": ["the Customer so far", "inactive in QuickBooks"],
    }
