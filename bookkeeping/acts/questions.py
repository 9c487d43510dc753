"""What a person's choice does to rows: retry what waits, settle drift, say which Customer a client is,
or whether a Payment or RefundReceipt in QuickBooks is the money received or given back.

Each function changes rows and writes the audit entry in the current transaction; the caller commits and then rings the bell.
Nothing here talks to QuickBooks: the next run plans again from the changed rows.
"""

from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import selectinload

from bookkeeping.logbook.customers import client_names
from bookkeeping.logbook.pages import STUCK_STATES, InspectionFilter, matching
from bookkeeping.rules.money import dollars
from bookkeeping.rules.references import refund_key
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.names import NamedThing, unbillable
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.records.documents import CustomerLink, Document, Drift, choice_to_keep
from bookkeeping.storage.records.due import held_up_by, make_due, waiting_for
from bookkeeping.storage.records.inspections import BadRecord, InspectionRow
from bookkeeping.storage.records.others_payments import OthersPayment
from bookkeeping.storage.records.others_refunds import OthersRefund
from bookkeeping.storage.records.refunds import refunds_of
from bookkeeping.storage.work.runs import queue_run

Choice = Literal["restore", "keep"]
Answer = Literal["use", "book"]
ACTS = {"use": "used the Payment in QuickBooks", "book": "booked the payment beside the one in QuickBooks"}
REFUND_ACTS = {
    "use": "used the RefundReceipt in QuickBooks",
    "book": "booked the refund beside the one in QuickBooks",
}


def retry_one(company_id: int, key: str, who: str, address: str = "") -> bool:
    """Make one inspection due now, whatever its state; False when the company knows none of that id.

    One that could not be read is looked for on the platform again, in case its record was corrected.
    """
    if (
        not make_due(company_id, "asked", InspectionRow.key == key)
        and db.session.get(BadRecord, (company_id, key)) is None
    ):
        return False
    record_act(company_id, who, "retried", subject=key, address=address)
    queue_run(company_id, "sync", "by a person", who)
    return True


def retry_stuck(company_id: int, who: str, address: str = "", *, code: str | None = None) -> int:
    """Make all that waits or needs a person due now, or only what one cause holds up; return how many inspections that is."""
    stuck: list[ColumnElement[bool]] = [InspectionRow.state.in_(STUCK_STATES)]
    if code is not None:
        stuck.append(InspectionRow.reason == code)
    retried = make_due(company_id, "asked", *stuck)
    if retried:
        after = {"inspections": retried}
        record_act(
            company_id, who, "retried all", subject=code or "every cause", after=after, address=address
        )
        queue_run(company_id, "sync", "by a person", who)
    return retried


def retry_chosen(company_id: int, wanted: InspectionFilter, who: str, address: str = "") -> int:
    """Make the inspections that the filter lets through due now, whatever their state; return how many there are."""
    retried = make_due(company_id, "asked", *matching(company_id, wanted))
    if retried:
        subject = "chosen inspections" if wanted.keys is not None else "all of a list"
        after = {"inspections": retried}
        record_act(company_id, who, "retried", subject=subject, after=after, address=address)
        queue_run(company_id, "sync", "by a person", who)
    return retried


def settle_drifts(
    company_id: int, drift_ids: Sequence[int], choice: Choice, who: str, address: str = ""
) -> list[Drift]:
    """Settle these open drifts the same way; return those that were still open.

    `keep` leaves the document to the bookkeeper until `manage_again`. `restore` makes it ours again and forgets what we last wrote, so that
    the next plan writes it; one that was deleted in QuickBooks is noted as deleted, so that the next generation is made. What
    we know it to say in QuickBooks is then theirs, so that only a further change is drift again, and what is no money stays.

    Source: bookkeeping decision 8 ("Nobody fights the bookkeeper").
    """
    rows = select(Drift).where(
        Drift.company_id == company_id, Drift.id.in_(drift_ids), Drift.settled_at.is_(None)
    )
    drifts = list(
        db.session.scalars(rows.options(selectinload(Drift.document)).order_by(Drift.id).with_for_update())
    )
    for drift in drifts:
        before = {"hands_off": drift.document.hands_off, "status": drift.document.status}
        drift.settled_at, drift.settled_by, drift.choice = utcnow(), who, choice
        if choice == "keep":
            drift.document.hands_off = "kept"
        else:
            _restore(drift)
        _record(drift, before, who, address)
    if drifts:
        make_due(
            company_id, "asked", InspectionRow.key.in_({drift.document.inspection_key for drift in drifts})
        )
        queue_run(company_id, "sync", "by a person", who)
    return drifts


def manage_again(company_id: int, drift_id: int, who: str, address: str = "") -> Drift | None:
    """Take back that a document is left to the bookkeeper by this choice; None when it is not (any more).

    Where QuickBooks differs from what we wrote, that is drift again, and the new one is returned: nothing is written before somebody has
    answered it. Where both say the same, the document is ours at once, and the old choice is returned.

    Source: bookkeeping decision 8 ("Nobody fights the bookkeeper").
    """
    rows = select(Drift).where(Drift.company_id == company_id, Drift.id == drift_id, Drift.choice == "keep")
    kept = db.session.scalars(rows.options(selectinload(Drift.document)).with_for_update()).one_or_none()
    document = kept.document if kept is not None else None
    if kept is None or document is None or (document.status, document.hands_off) != ("live", "kept"):
        return None
    if choice_to_keep(document) is not kept:
        return None
    before, found = {"hands_off": document.hands_off}, kept
    if kept.fields:
        facts = {"kind": kept.kind, "fields": kept.fields, "theirs": kept.theirs}
        found = Drift(
            company_id=company_id, document=document, theirs_changed_at=kept.theirs_changed_at, **facts
        )
        db.session.add(found)
    else:
        document.token_stale, document.as_read = True, kept.theirs
    document.hands_off = "drift" if kept.fields else ""
    after, subject = {"hands_off": document.hands_off}, called(document)
    record_act(company_id, who, "managed again", subject=subject, before=before, after=after, address=address)
    make_due(company_id, "asked", InspectionRow.key == document.inspection_key)
    queue_run(company_id, "sync", "by a person", who)
    return found


def use_customer(company_id: int, client_key: str, qbo_id: str, who: str, address: str = "") -> bool:
    """Take the Customer with this QuickBooks id as the client's: one of the candidates, or any other that is active and in US dollars.

    Returns False when nobody asks (any more), or when there is no such Customer.
    """
    link = _asking(company_id, client_key)
    if link is None:
        return False
    chosen = next((each["display_name"] for each in link.candidates if each["qbo_id"] == qbo_id), None)
    if chosen is None:
        listed = db.session.get(NamedThing, (company_id, "Customer", qbo_id))
        chosen = listed.name if listed is not None and not unbillable(listed) else None
    if chosen is None:
        return False
    link.ours = link.ours and link.qbo_id == qbo_id
    link.qbo_id, link.display_name, link.create_new = qbo_id, chosen, False
    _settle_link(link, f"{who} chose this Customer.", who, address)
    return True


def create_customer(company_id: int, client_key: str, who: str, address: str = "") -> bool:
    """Say that the client is none of the candidates: a new Customer is made. False when nobody asks (any more)."""
    link = _asking(company_id, client_key)
    if link is None:
        return False
    link.qbo_id, link.create_new = "", True
    _settle_link(link, f"{who} chose to create a new Customer.", who, address)
    return True


def not_this_customer(company_id: int, client_key: str, who: str, address: str = "") -> bool:
    """Undo which Customer the client is: it is asked again. False when that is not decided (any more).

    What stands in QuickBooks stays with the Customer so far until another one is chosen; nothing new is written for that one.
    """
    rows = select(CustomerLink).where(
        CustomerLink.company_id == company_id, CustomerLink.client_key == client_key
    )
    link = db.session.scalars(rows.where(CustomerLink.state == "linked").with_for_update()).one_or_none()
    if link is None:
        return False
    before = {"qbo_id": link.qbo_id, "create_new": link.create_new}
    so_far = f"the Customer {link.display_name}" if link.qbo_id else "a new Customer"
    link.state, link.because = "ask", f"{who} said that it is not {so_far}."
    link.create_new, link.settled_by, link.updated_at = False, "", utcnow()
    link.display_name = client_names(company_id, [client_key])[client_key] or link.display_name
    subject = f"client {link.client_key}"
    record_act(company_id, who, "took the Customer back", subject=subject, before=before, address=address)
    return True


def _restore(drift: Drift) -> None:
    document = drift.document
    document.hands_off = ""
    if drift.kind == "deleted":
        document.status, document.deleted_at = "deleted", utcnow()
    else:
        document.fingerprint, document.token_stale, document.as_read = "", True, drift.theirs
        # Whether it has to move to another Customer depends on whom it is with now, not on whom we wrote it for.
        document.customer_id = (drift.theirs.get("CustomerRef") or {}).get("value") or document.customer_id


def _record(drift: Drift, before: dict[str, str], who: str, address: str) -> None:
    document = drift.document
    act = "restored ours" if drift.choice == "restore" else "kept theirs"
    after = {"hands_off": document.hands_off, "status": document.status}
    record_act(
        drift.company_id, who, act, subject=called(document), before=before, after=after, address=address
    )


def called(document: Document) -> str:
    """`Invoice SP-1042`, `Payment of $425.00 on inspection 1042`: a document as people know it, never by the platform's number of money."""
    if document.kind == "Invoice" and document.doc_number:
        return f"Invoice {document.doc_number}"
    return f"{document.kind} of {dollars(document.total)} on inspection {document.inspection_key}"


def _asking(company_id: int, client_key: str) -> CustomerLink | None:
    """Return the client's link while a choice is open, locked so that two people do not both choose."""
    rows = select(CustomerLink).where(
        CustomerLink.company_id == company_id, CustomerLink.client_key == client_key
    )
    return db.session.scalars(rows.where(CustomerLink.state == "ask").with_for_update()).one_or_none()


def _settle_link(link: CustomerLink, because: str, who: str, address: str) -> None:
    link.state, link.because, link.settled_by, link.updated_at = "linked", because, who, utcnow()
    after = {"qbo_id": link.qbo_id, "create_new": link.create_new}
    subject, before = f"client {link.client_key}", {"state": "ask"}
    record_act(
        link.company_id,
        who,
        "chose the Customer",
        subject=subject,
        before=before,
        after=after,
        address=address,
    )
    make_due(link.company_id, "asked", waiting_for(f"customer:{link.client_key}"))
    make_due(link.company_id, "look-again", InspectionRow.client_key == link.client_key)
    queue_run(link.company_id, "sync", "by a person", who)


def answer_same_money(
    company_id: int, key: str, payment_key: str, qbo_id: str, answer: Answer, who: str, address: str = ""
) -> bool:
    """Say that Payment `qbo_id` on the inspection's Invoice is the payment received (`use`), or is not (`book`).

    `use`: ours is not made, and goes if it was; nothing ever writes theirs. Returns False when there is no such Payment or payment
    (any more), or when theirs stands for another payment received.

    Source: bookkeeping decision 18 ("Money that is already there").
    """
    row, received = _theirs(company_id, key, qbo_id), _received(company_id, key)
    if row is None or payment_key not in received or row.stands_for not in ("", payment_key):
        return False
    before = _answered(row, payment_key, answer, who)
    after = {"payment": payment_key, "theirs": qbo_id, "amount": f"{row.total:.2f}"}
    record_act(company_id, who, ACTS[answer], subject=key, before=before, after=after, address=address)
    make_due(company_id, "asked", InspectionRow.key == key)
    queue_run(company_id, "sync", "by a person", who)
    return True


def answer_same_refund(
    company_id: int, key: str, refund: str, qbo_id: str, answer: Answer, who: str, address: str = ""
) -> bool:
    """Say that RefundReceipt `qbo_id` is the inspection's refund of that key of ours (`use`), or is not (`book`).

    `use`: ours is not made, and goes if it was; nothing ever writes theirs. Another inspection of the Customer that asks about the same one is
    looked at again. Returns False when there is no such RefundReceipt or refund (any more), or when it stands for another refund.

    Source: bookkeeping decisions 18 and 19.
    """
    rows = select(OthersRefund).where(OthersRefund.company_id == company_id, OthersRefund.qbo_id == qbo_id)
    row = db.session.scalars(rows.with_for_update()).one_or_none()
    known = row is not None and refund in _given_back(company_id, key, row.customer_id)
    if row is None or not known or row.stands_for not in ("", refund):
        return False
    before = _answered(row, refund, answer, who)
    row.inspection_key = key if row.stands_for else ""
    after = {"refund": refund, "theirs": qbo_id, "amount": f"{row.total:.2f}"}
    record_act(company_id, who, REFUND_ACTS[answer], subject=key, before=before, after=after, address=address)
    make_due(company_id, "asked", InspectionRow.key == key)
    make_due(company_id, "look-again", held_up_by("same-money"), InspectionRow.key != key)
    queue_run(company_id, "sync", "by a person", who)
    return True


def _answered(row: OthersPayment | OthersRefund, ours: str, answer: Answer, who: str) -> dict[str, Any]:
    """Keep the answer on the row; return what it said before."""
    before = {"stands_for": row.stands_for, "not_same_as": list(row.not_same_as)}
    row.not_same_as = [one for one in row.not_same_as if one != ours]
    row.stands_for = ours if answer == "use" else ""
    if answer == "book":
        row.not_same_as = [*row.not_same_as, ours]
    row.answered_by, row.answered_at = who, utcnow()
    return before


def _given_back(company_id: int, key: str, customer_id: str) -> set[str]:
    """Return our keys of the inspection's refunds; none when neither a Payment nor the Invoice of it stands with this Customer."""
    paid = select(Document.id).where(
        Document.company_id == company_id,
        Document.inspection_key == key,
        Document.kind.in_(("Payment", "Invoice")),
        Document.status == "live",
        Document.customer_id == customer_id,
    )
    if db.session.scalars(paid.limit(1)).first() is None:
        return set()
    return {refund_key(key, step.number) for step in refunds_of(company_id, [key]).get(key, ())}


def _theirs(company_id: int, key: str, qbo_id: str) -> OthersPayment | None:
    rows = select(OthersPayment).where(
        OthersPayment.company_id == company_id,
        OthersPayment.inspection_key == key,
        OthersPayment.qbo_id == qbo_id,
    )
    return db.session.scalars(rows.with_for_update()).first()


def _received(company_id: int, key: str) -> set[str]:
    rows = select(InspectionRow).where(InspectionRow.company_id == company_id, InspectionRow.key == key)
    row = db.session.scalars(rows).one_or_none()
    return {payment.key for payment in row.inspection().payments} if row is not None else set()
