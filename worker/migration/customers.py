"""Whom the replacements of the SalesReceipts bill: the Customer on the receipt, so that none is made anew and none is guessed.

Rungs: the stored link of the client; else the one active Customer that the client's receipts name; else the ladder of any new client.
"""

from dataclasses import dataclass

from sqlalchemy import select

from bookkeeping.rules.customers import Ask, Candidate, NameEntry, NameIndex, Use, match_customer
from bookkeeping.rules.documents import DesiredCustomer, customer_fingerprint
from bookkeeping.rules.migration import CustomerFound
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.names import listed_names, named_things
from bookkeeping.storage.records.documents import CustomerLink
from worker.holding.work import Work
from worker.reconciling.customers import ask_person


@dataclass(frozen=True)
class Billed:
    """One receipt's client as the platform names it, with the Customer that the receipt names (may be empty)."""

    desired: DesiredCustomer
    address_line: str
    customer_id: str


def find_customers(work: Work, billed: list[Billed]) -> dict[str, CustomerFound]:
    """Return for each client key whom to bill. Where a person must say, the question is put on record in this transaction."""
    index = NameIndex(listed_names(work.company_id))
    customers = {entry.qbo_id: entry for entry in index if entry.kind == "Customer"}
    links = {link.client_key: link for link in _links(work)}
    by_client: dict[str, list[Billed]] = {}
    for one in billed:
        by_client.setdefault(one.desired.client_key, []).append(one)
    found = {}
    for client_key, receipts in by_client.items():
        link = links.get(client_key)
        if link is not None and link.state == "linked" and link.qbo_id:
            found[client_key] = CustomerFound(link.qbo_id, link.display_name)
        elif link is not None and link.state == "ask":
            found[client_key] = CustomerFound(ask=True, because=link.because)
        elif link is not None and link.create_new:
            found[client_key] = CustomerFound()
        else:
            found[client_key] = _decide(work, client_key, receipts, customers, index)
    return found


def bill(work: Work, desired: DesiredCustomer, customer_id: str, receipt_id: str) -> None:
    """Link a client to the Customer of its receipt, in this transaction, unless it is linked. Its details are never changed by us."""
    link = db.session.get(CustomerLink, (work.company_id, desired.client_key))
    if link is not None and link.qbo_id and link.state == "linked":
        return
    if link is None:
        link = CustomerLink(company_id=work.company_id, client_key=desired.client_key)
        db.session.add(link)
    link.state, link.qbo_id, link.ours = "linked", customer_id, False
    link.because = f"The Customer on SalesReceipt {receipt_id}, which the migration replaces."
    link.display_name = next(
        (one.name for one in named_things(work.company_id, "Customer") if one.qbo_id == customer_id), ""
    )
    link.fingerprint, link.candidates, link.updated_at = customer_fingerprint(desired), [], utcnow()


def _decide(
    work: Work, client_key: str, receipts: list[Billed], customers: dict[str, NameEntry], index: NameIndex
) -> CustomerFound:
    named = {one.customer_id: customers[one.customer_id] for one in receipts if one.customer_id in customers}
    if not all(entry.in_dollars for entry in named.values()):
        because = "A SalesReceipt of this client is for a Customer in another currency than US dollars."
        return _ask(work, client_key, receipts[0].desired, Ask((), because))
    active = [entry for entry in named.values() if entry.active]
    if len(active) == 1:
        return CustomerFound(active[0].qbo_id, active[0].display_name)
    desired = receipts[0].desired
    if active:
        candidates = tuple(Candidate(entry, ("named on a SalesReceipt",)) for entry in active)
        return _ask(
            work,
            client_key,
            desired,
            Ask(candidates, "The SalesReceipts of this client name different Customers."),
        )
    match match_customer(desired, receipts[0].address_line, index):
        case Use(qbo_id):
            return CustomerFound(qbo_id, customers[qbo_id].display_name)
        case Ask() as question:
            return _ask(work, client_key, desired, question)
    return CustomerFound()


def _ask(work: Work, client_key: str, desired: DesiredCustomer, question: Ask) -> CustomerFound:
    ask_person(work, client_key, desired, question.candidates, question.because)
    return CustomerFound(ask=True, because=question.because)


def _links(work: Work) -> list[CustomerLink]:
    return list(db.session.scalars(select(CustomerLink).where(CustomerLink.company_id == work.company_id)))
