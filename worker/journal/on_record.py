"""What a call's operations find on record, read together: settling thirty writes asks the database a handful of times, not thirty times each.

What follows for other rows in the same way, whichever operation it comes from, is collected and done by `finish`. What to keep is
`settling`'s.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import and_, delete, select, update

from bookkeeping.storage.base import db
from bookkeeping.storage.company.names import NamedThing
from bookkeeping.storage.records.documents import DOCUMENT_KINDS, CustomerLink, Document
from bookkeeping.storage.records.due import make_due, waiting_for_any
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.records.others_payments import OthersPayment
from bookkeeping.storage.records.others_refunds import OthersRefund
from bookkeeping.storage.work.journal import Operation

FETCHED = {"synchronize_session": "fetch"}
"""The database says which rows changed. Left to itself the session looks through everything that it holds, for each statement: half of all time."""

_OTHERS: dict[str, type[OthersPayment] | type[OthersRefund]] = {
    "Payment": OthersPayment,
    "RefundReceipt": OthersRefund,
}


class OnRecord:
    """The rows that these operations of one company may touch, in the current transaction. Good for that transaction alone."""

    def __init__(
        self, company_id: int, operations: Sequence[Operation], things: Iterable[tuple[str, str]]
    ) -> None:
        """`things`: (kind, Id) of what QuickBooks says it has now of Customers, Items and the like."""
        self.company_id = company_id
        self._documents: dict[tuple[str, str, int], Document] = {}
        self._links: dict[str, CustomerLink] = {}
        self._things: dict[tuple[str, str], NamedThing] = {}
        self._ours: dict[str, list[str]] = {kind: [] for kind in _OTHERS}
        self._made: list[str] = []
        self._settled: list[str] = []
        self._read_documents([one for one in operations if one.kind in DOCUMENT_KINDS])
        self._read_people([one.source_key for one in operations if one.kind == "Customer"], list(things))

    def document(self, kind: str, source_key: str, generation: int) -> Document | None:
        """Return the document that this operation wrote before, or None."""
        return self._documents.get((kind, source_key, generation))

    def living(self, kind: str, qbo_id: str) -> list[Document]:
        """Return the documents that stand under this Id in QuickBooks."""
        ids = (Document.kind == kind, Document.qbo_id == qbo_id, Document.status == "live")
        known = [
            one
            for one in self._documents.values()
            if (one.kind, one.qbo_id, one.status) == (kind, qbo_id, "live")
        ]
        return known or list(
            db.session.scalars(select(Document).where(Document.company_id == self.company_id, *ids))
        )

    def invoices(self, inspection_key: str, ids: Iterable[str]) -> list[Document]:
        """Return the Invoices of the inspection that stand, and those under these Ids."""
        standing = [one for one in self._documents.values() if one.kind == "Invoice" and one.status == "live"]
        wanted = set(ids)
        found = [one for one in standing if one.inspection_key == inspection_key or one.qbo_id in wanted]
        missing = wanted - {one.qbo_id for one in found}
        others = (invoice for qbo_id in sorted(missing) for invoice in self.living("Invoice", qbo_id))
        return [*found, *others]

    def link(self, client_key: str) -> CustomerLink | None:
        """Return which Customer stands for the client so far."""
        return self._links.get(client_key)

    def thing(self, kind: str, qbo_id: str) -> NamedThing | None:
        """Return the entry of the local index."""
        return self._things.get((kind, qbo_id))

    def add(self, row: Document | CustomerLink | NamedThing) -> None:
        """Put a new row on record. Its key columns are set."""
        db.session.add(row)
        self._take(row)

    def is_ours(self, kind: str, qbo_id: str) -> None:
        """What was seen in QuickBooks before its own answer came looked like somebody else's: it asks nobody whether it is the same money."""
        if kind in self._ours:
            self._ours[kind].append(qbo_id)

    def made_under_todays_choices(self, inspection_key: str) -> None:
        """An Invoice made again keeps no earlier choices: those were its predecessor's (see `storage.records.choices`)."""
        self._made.append(inspection_key)

    def client_settled(self, client_key: str) -> None:
        """What waited for the client's Customer goes on."""
        self._settled.append(f"customer:{client_key}")

    def payment_gone(self, payment_key: str) -> None:
        """An inspection that lists the payment, too, has it now."""
        self._settled.append(f"payment:{payment_key}")

    def finish(self) -> None:
        """Do what was collected, in the current transaction."""
        for kind, ids in self._ours.items():
            table = _OTHERS[kind]
            if ids:
                noted = delete(table).where(table.company_id == self.company_id, table.qbo_id.in_(ids))
                db.session.execute(noted, execution_options=FETCHED)
        if self._made:
            rows = update(InspectionRow).where(
                InspectionRow.company_id == self.company_id,
                InspectionRow.key.in_(self._made),
                InspectionRow.book_version_id.is_not(None),
            )
            db.session.execute(rows.values(book_version_id=None), execution_options=FETCHED)
        if self._settled:
            make_due(self.company_id, "cause-gone", waiting_for_any(self._settled))

    def _read_documents(self, operations: Sequence[Operation]) -> None:
        if not operations:
            return
        by_inspection = Document.inspection_key.in_({one.inspection_key for one in operations})
        by_source = and_(
            Document.kind.in_({one.kind for one in operations}),
            Document.source_key.in_({one.source_key for one in operations}),
        )
        # Two questions, each with an index of its own: for "one or the other" SQLite reads all documents of the company.
        for which in (by_inspection, by_source):
            for row in db.session.scalars(
                select(Document).where(Document.company_id == self.company_id, which)
            ):
                self._take(row)

    def _read_people(self, clients: Sequence[str], things: Sequence[tuple[str, str]]) -> None:
        if clients:
            links = select(CustomerLink).where(
                CustomerLink.company_id == self.company_id, CustomerLink.client_key.in_(clients)
            )
            for link in db.session.scalars(links):
                self._take(link)
        if things:
            rows = select(NamedThing).where(
                NamedThing.company_id == self.company_id,
                NamedThing.kind.in_({kind for kind, _ in things}),
                NamedThing.qbo_id.in_({qbo_id for _, qbo_id in things}),
            )
            for thing in db.session.scalars(rows):
                self._take(thing)

    def _take(self, row: Document | CustomerLink | NamedThing) -> None:
        if isinstance(row, Document):
            self._documents[row.kind, row.source_key, row.generation] = row
        elif isinstance(row, CustomerLink):
            self._links[row.client_key] = row
        else:
            self._things[row.kind, row.qbo_id] = row
