"""Finds or makes the Customer of each due inspection: stored link, match ladder over the local index, else a new Customer.

A root cause shows once: the inspection that tried to make a Customer carries the refusal, the others of that client wait for it.
"""

from dataclasses import asdict

from bookkeeping.case import Case, whom_to_bill
from bookkeeping.errors import DuplicateNameError, PermanentError, RuleError
from bookkeeping.faults import fault
from bookkeeping.quickbooks_gateway.bodies import Body, customer_body, customer_details
from bookkeeping.quickbooks_gateway.gateway import quote
from bookkeeping.rules.customers import (
    PEOPLE,
    Ask,
    Candidate,
    Create,
    NameEntry,
    NameIndex,
    NamesWanted,
    Use,
    kept_name,
)
from bookkeeping.rules.documents import DesiredCustomer, customer_fingerprint
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.names import names_like
from bookkeeping.storage.records.documents import CustomerLink
from worker.holding.progress import tell
from worker.holding.work import Work
from worker.journal.writing import Write, carry_out
from worker.reading.company import keep_listed
from worker.reconciling.leaving_out import send_without_refused
from worker.reconciling.rereading import fresh_token

ROUNDS = 4
"""Clients of one name are made one after the other, since the second must see the first; the rest waits for the next slice."""


def resolve_customers(work: Work, cases: list[Case]) -> None:
    """Give every case that needs one its `customer_id` and plan it again; park what must wait. Corrected clients reach their Customer."""
    _update_ours(work, [case for case in cases if case.client_corrected])
    open_cases = [case for case in cases if case.writes_planned and case.desired.customer is not None]
    missing = [case for case in open_cases if case.billed_to is None]
    if not missing:
        return
    wanted = NamesWanted.of(case.billed.display_name for case in missing)
    index = NameIndex(names_like(work.company_id, wanted))
    work.commit()
    for _ in range(ROUNDS):
        missing = _one_round(work, missing, index)
        if not missing:
            return
    for case in missing:
        case.park(RuleError("Another client of the same name is being settled.", code="waiting-for-customer"))


def _one_round(work: Work, missing: list[Case], index: NameIndex) -> list[Case]:
    """Decide for each client once; make the new Customers; return the cases that need another look."""
    by_client: dict[str, list[Case]] = {}
    for case in missing:
        by_client.setdefault(case.billed.client_key, []).append(case)
    writes: dict[str, Write] = {}
    names_in_making: set[str] = set()
    again: list[Case] = []
    for client_key, cases in by_client.items():
        desired = cases[0].billed
        name = desired.display_name.casefold()
        if name in names_in_making:
            again += cases
            continue
        link = db.session.get(CustomerLink, (work.company_id, client_key))
        match whom_to_bill(desired, cases[0].inspection.address.line1, link, index):
            case Use(qbo_id, because):
                _link(work, client_key, desired, qbo_id, because, index)
                _give(cases, qbo_id)
            case Ask(candidates, because):
                ask_person(work, client_key, desired, candidates, because)
                for one in cases:
                    one.park_code("customer-to-confirm", because, f"customer:{client_key}")
            case Create(display_name, because):
                names_in_making.add(name)
                writes[client_key] = _create(desired, display_name, because, cases[0])
    work.commit()
    if writes:
        tell(work, f"Creating customers: {len(writes)}")
        carry_out(work, list(writes.values()))
        send_without_refused(work, list(writes.values()))
    for client_key, write in writes.items():
        cases = by_client[client_key]
        if write.error is None:
            _give(cases, write.qbo_id)
            index.add(_entry(cases[0].billed, write))
        elif isinstance(write.error, DuplicateNameError):
            _look_again(work, write, index)
            again += cases
        else:
            cases[0].park(write.error)
            for one in cases[1:]:
                one.park_code(
                    "waiting-for-customer", f"{fault(write.error.code).title}.", f"customer:{client_key}"
                )
    return again


def _give(cases: list[Case], customer_id: str) -> None:
    for case in cases:
        case.customer_id = customer_id
        case.make_plan()


def _create(desired: DesiredCustomer, display_name: str, because: str, case: Case) -> Write:
    return Write(
        kind="Customer",
        action="create",
        source_key=desired.client_key,
        body=customer_body(desired, display_name),
        inspection_key=case.key,
        doc_number=display_name[:40],
        subject=case.subject,
        note={
            "display_name": display_name,
            "fingerprint": customer_fingerprint(desired),
            "because": because,
            "details": customer_details(desired),
            "name": {
                "email": desired.email,
                "phone": ",".join(part for part in (desired.phone, desired.mobile) if part),
                "given_name": desired.given_name,
                "family_name": desired.family_name,
            },
        },
    )


def _entry(desired: DesiredCustomer, write: Write) -> NameEntry:
    return NameEntry("Customer", write.qbo_id, write.note["display_name"], active=True, **write.note["name"])


def _link(
    work: Work, client_key: str, desired: DesiredCustomer, qbo_id: str, because: str, index: NameIndex
) -> None:
    """Remember that this client is a Customer that was there before us: we never change its details."""
    link = _link_row(work, client_key)
    link.state, link.qbo_id, link.ours, link.because = "linked", qbo_id, False, because
    link.display_name = next(
        (entry.display_name for entry in index if entry.kind == "Customer" and entry.qbo_id == qbo_id), ""
    )
    link.fingerprint, link.candidates = customer_fingerprint(desired), []


def ask_person(
    work: Work, client_key: str, desired: DesiredCustomer, candidates: tuple[Candidate, ...], because: str
) -> None:
    """Put the question which Customer this client is on record, in the current transaction."""
    link = _link_row(work, client_key)
    link.state, link.because, link.display_name = "ask", because, desired.display_name
    link.candidates = [{**asdict(one.entry), "evidence": list(one.evidence)} for one in candidates]


def _link_row(work: Work, client_key: str) -> CustomerLink:
    link = db.session.get(CustomerLink, (work.company_id, client_key))
    if link is None:
        link = CustomerLink(company_id=work.company_id, client_key=client_key)
        db.session.add(link)
    link.updated_at = utcnow()
    return link


def _look_again(work: Work, write: Write, index: NameIndex) -> None:
    """The name is taken by somebody our index does not know: read who it is, in all three lists, inactive ones too.

    Taken it is, whoever has it: where nobody is found, too, the next try has a suffix.
    """
    name = write.note["display_name"]
    for kind in PEOPLE:
        work.before_call()
        where = f"DisplayName IN ({quote(name)}, {quote(name + ' (deleted)')})"
        rows = list(work.gateway.query_all(kind, where))
        for row in rows:
            keep_listed(work.company_id, kind, row)
        work.commit()
    known = {(entry.kind, entry.qbo_id) for entry in index}
    for entry in names_like(work.company_id, NamesWanted.of([name])):
        if (entry.kind, entry.qbo_id) not in known:
            index.add(entry)
    if index.free_name(name, but_for=write.qbo_id) == name:
        # Whoever has it is in none of the lists under this very name, as one who differs in an accent: ours goes beside it.
        index.add(NameEntry("Vendor", "", name))
    work.commit()


def _update_ours(work: Work, cases: list[Case]) -> None:
    """Keep the details of Customers that we made in step with the platform; others' are never touched."""
    if not cases:
        return
    # What the platform said last about a client counts, whichever inspection said it.
    newest = {
        case.billed.client_key: case for case in sorted(cases, key=lambda case: case.inspection.updated_at)
    }
    names = [case.billed.display_name for case in newest.values()]
    ids = [case.link.qbo_id for case in newest.values() if case.link is not None]
    index = NameIndex(names_like(work.company_id, NamesWanted.of(names, ids)))
    writes = [_update(case, index) for case in newest.values()]
    work.commit()
    _send_updates(work, writes, newest)
    taken = [write for write in writes if isinstance(write.error, DuplicateNameError)]
    for write in taken:
        _look_again(work, write, index)
    again = [_update(newest[write.source_key], index) for write in taken]
    _send_updates(work, again, newest)
    for write in [one for one in writes if one not in taken] + again:
        case = newest[write.source_key]
        if isinstance(write.error, PermanentError):
            case.warnings.append("customer-not-updated")
        elif write.error is not None:  # Nobody refused these details: they go again once the way is free.
            case.park(write.error)


def _update(case: Case, index: NameIndex) -> Write:
    """Return the update of a Customer that we made, under a name that is free to it."""
    link, desired = case.link, case.billed
    if link is None:
        raise AssertionError("only a client whose Customer we made is corrected")
    name = kept_name(link.display_name, desired, link.qbo_id, index)
    write = _create(desired, name, link.because, case)
    write.action, write.qbo_id = "update", link.qbo_id
    write.body = _update_body(case, name, link.sync_token)
    return write


def _update_body(case: Case, name: str, token: str) -> Body:
    """Return the sparse update of a Customer that we made: its name, and those details that the platform changed since we wrote them.

    Source: bookkeeping decision 20, as far as it is about Customers.
    """
    link, desired = case.link, case.billed
    if link is None:
        raise AssertionError("only a client whose Customer we made is corrected")
    same = {name for name, value in customer_details(desired).items() if link.as_written.get(name) == value}
    return customer_body(desired, name, sync=(link.qbo_id, token), without=same)


def _send_updates(work: Work, writes: list[Write], cases: dict[str, Case]) -> None:
    if not writes:
        return
    carry_out(work, writes)
    fresh_token(
        work,
        writes,
        lambda write, token: _update_body(cases[write.source_key], write.note["display_name"], token),
    )
    send_without_refused(work, writes)
