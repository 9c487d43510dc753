"""Taking events by which a platform tells of payments. What was told is read with the inspections, as if the platform's resource had told it.

Changes rows in the current transaction; the caller commits.
"""

from datetime import timedelta
from typing import Literal

from bookkeeping.inspection_source.received import PaymentEvent
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company, make_poll_due
from bookkeeping.storage.company.received import ReceivedEvent, ReceivedPayment, was_taken

READ_WITHIN = timedelta(minutes=1)
"""Events come in bursts, and each reading is one of the whole window: one is made for all that come within this time."""

Outcome = Literal["taken", "repeated", "late"]


def take_event(company: Company, event: PaymentEvent) -> Outcome:
    """Keep what the event tells, and have it read soon.

    repeated  an event of this id was taken already, whatever it said
    late      a later one has told of this payment already, so that this one changes nothing
    """
    # One event of a company at a time: two with one id, or of one payment, come together.
    db.session.get_one(Company, company.id, with_for_update={"key_share": True}, populate_existing=True)
    if was_taken(company.id, event.id):
        return "repeated"
    row = db.session.get(ReceivedPayment, (company.id, event.payment_key))
    left = row.inspection_key if row is not None and row.inspection_key != event.inspection_key else ""
    is_late = row is not None and (row.occurred_at, row.event_id) >= (event.occurred_at, event.id)
    db.session.add(
        ReceivedEvent(
            company_id=company.id, event_id=event.id, inspection_key=event.inspection_key, left_key=left
        )
    )
    if is_late:
        return "late"
    if row is None:
        row = ReceivedPayment(company_id=company.id, payment_key=event.payment_key)
        db.session.add(row)
    row.inspection_key, row.told = event.inspection_key, event.told
    row.event_id, row.occurred_at = event.id, event.occurred_at
    make_poll_due(company.id, within=READ_WITHIN)
    return "taken"
