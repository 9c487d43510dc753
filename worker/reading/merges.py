"""Customers and Items that people merged in QuickBooks: followed to the survivor that our own documents name.

QuickBooks says of a merge only that the one is inactive and that every document which named it names the other now. So it is one when
all of ours do; a document that a person moved by hand, while others still name the first, stays what it is: drift (decision 22).
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Text, cast, or_, select, update

from bookkeeping.faults import ended_by
from bookkeeping.quickbooks_gateway.differences import Named, named, places, renamed
from bookkeeping.rules.names import without_deleted
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.merges import Merged
from bookkeeping.storage.company.names import NamedThing
from bookkeeping.storage.people.notices import write_once
from bookkeeping.storage.records.documents import CustomerLink, Document, Drift
from bookkeeping.storage.records.due import held_up_by, make_due
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.records.others_refunds import OthersRefund
from worker.holding.work import Work
from worker.reading.company import keep_listed

Shown = tuple[Document, Mapping[str, Any]]
"""A living document of ours and what QuickBooks has of it."""

ASKED = 50
"""How many of our other documents are asked whether they name the survivor, too, where that is not known."""


def follow_merges(
    work: Work, shown: Sequence[Shown], *, ask: bool, gone: Collection[int] = frozenset()
) -> bool:
    """Follow what was merged, in the current transaction; return whether anything was.

    `gone`: the documents that QuickBooks says were deleted, as no row of ours does yet; what is gone names nobody. With `ask` QuickBooks is read, and what was done so far committed, where our index or these rows do not tell; without it `shown` is
    all that changed and the index is fresh.
    """
    seen: dict[Named, set[str]] = defaultdict(set)
    for document, row in shown:
        for mine, there in places(document.body, row):
            seen[mine].add(there)
    settled = {document.id for document, _ in shown} | set(gone) | _known_as_deleted(work.company_id)
    followed = []
    for mine, targets in seen.items():
        into = min(targets)
        if targets == {into} != {mine[1]} and _is_merged(work, mine, into, settled, ask):
            followed.append(_follow(work.company_id, mine, into))
    if followed:
        _say(work.company_id, followed)
    return bool(followed)


def _is_merged(work: Work, mine: Named, into: str, settled: set[int], ask: bool) -> bool:
    if ask:
        _learn(work, mine, into)
    gone, survivor = (_thing(work.company_id, mine[0], qbo_id) for qbo_id in (mine[1], into))
    if gone is None or gone.active or survivor is None or not survivor.active:
        return False
    others = [
        one for one in _naming(work.company_id, mine) if one.id not in settled and one.hands_off != "kept"
    ]
    return not others or (ask and _all_name(work, others[:ASKED], mine, into))


def _learn(work: Work, mine: Named, into: str) -> None:
    """Read the two names where the index may be behind."""
    for qbo_id in (mine[1], into):
        thing = _thing(work.company_id, mine[0], qbo_id)
        if thing is None or (thing.active and qbo_id == mine[1]):
            work.before_call()
            row = work.gateway.read(mine[0], qbo_id)
            if row is not None:
                keep_listed(work.company_id, mine[0], row)
            work.commit()


def _all_name(work: Work, others: list[Document], mine: Named, into: str) -> bool:
    by_kind: dict[str, list[Document]] = defaultdict(list)
    for document in others:
        by_kind[document.kind].append(document)
    for kind, documents in by_kind.items():
        work.before_call()
        rows = work.gateway.read_many(kind, [document.qbo_id for document in documents])
        for document in documents:
            if document.qbo_id not in rows:
                continue  # Deleted in QuickBooks, so it names nobody.
            there = places(document.body, rows[document.qbo_id])
            if {to for one, to in there if one == mine} != {into}:
                return False
    return True


def _known_as_deleted(company_id: int) -> set[int]:
    """Return the documents that a person deleted in QuickBooks and that stand in our records until somebody has chosen."""
    rows = select(Drift.document_id).where(
        Drift.company_id == company_id, Drift.kind == "deleted", Drift.settled_at.is_(None)
    )
    return set(db.session.scalars(rows))


def _naming(company_id: int, mine: Named) -> list[Document]:
    """Return our living documents that name this Customer or Item as we last wrote them."""
    rows = select(Document).where(Document.company_id == company_id, Document.status == "live")
    quoted = cast(Document.body, Text).contains(f'"{mine[1]}"', autoescape=True)
    return [one for one in db.session.scalars(rows.where(quoted)) if mine in named(one.body)]


def _follow(company_id: int, mine: Named, into: str) -> str:
    """Let all our records name the survivor; return a sentence that says so."""
    kind, qbo_id = mine
    documents = _naming(company_id, mine)
    for document in documents:
        document.body = renamed(document.body, mine, into)
        document.as_read = renamed(document.as_read, mine, into)
        if kind == "Customer":
            document.fingerprint_for = document.fingerprint_for or qbo_id
            document.customer_id = into
    if kind == "Customer":
        theirs = update(OthersRefund).where(
            OthersRefund.company_id == company_id, OthersRefund.customer_id == qbo_id
        )
        db.session.execute(theirs.values(customer_id=into))
    db.session.merge(Merged(company_id=company_id, kind=kind, qbo_id=qbo_id, into_id=into, found_at=utcnow()))
    db.session.flush()
    gone, survivor = (_called(company_id, kind, one) for one in (qbo_id, into))
    if kind == "Customer":
        _follow_clients(company_id, qbo_id, into, f"{gone} was merged into {survivor} in QuickBooks.")
    else:
        make_due(company_id, "cause-gone", held_up_by(*ended_by("list")))
    numbers = sorted(document.doc_number for document in documents if document.doc_number)
    which = f" ({', '.join(numbers[:5])}{', …' if len(numbers) > 5 else ''})" if numbers else ""
    return (
        f"{kind} {gone} was merged into {survivor}. Our documents that named it{which} name {survivor} now."
    )


def _follow_clients(company_id: int, qbo_id: str, into: str, because: str) -> None:
    mine = (CustomerLink.company_id == company_id, CustomerLink.qbo_id == qbo_id)
    survivor = _thing(company_id, "Customer", into)
    clients = []
    for link in db.session.scalars(select(CustomerLink).where(*mine)):
        # Two clients may be one Customer now, so its name is nobody's of them to correct.
        link.qbo_id, link.ours, link.state, link.candidates = into, False, "linked", []
        link.display_name, link.because, link.updated_at = (
            _called(company_id, "Customer", into),
            because,
            utcnow(),
        )
        link.sync_token = survivor.sync_token if survivor is not None else "0"
        clients.append(link.client_key)
    held = or_(InspectionRow.state == "needs-you", InspectionRow.state == "waiting")
    make_due(company_id, "cause-gone", InspectionRow.client_key.in_(clients), held)


def _say(company_id: int, sentences: list[str]) -> None:
    text = "\n\n".join([*sentences, "We follow it. There is nothing to do."])
    occasion = f"{utcnow():%Y-%m-%d %H:%M:%S.%f}"
    write_once(company_id, "merged", occasion, "Names were merged in QuickBooks", text, "/drift")


def _thing(company_id: int, kind: str, qbo_id: str) -> NamedThing | None:
    return db.session.get(NamedThing, (company_id, kind, qbo_id))


def _called(company_id: int, kind: str, qbo_id: str) -> str:
    thing = _thing(company_id, kind, qbo_id)
    return without_deleted(thing.name) if thing is not None else f"no. {qbo_id}"
