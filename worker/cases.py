"""One due inspection on its way through a slice: what it should have, what it has, the plan, and why it was parked."""

from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import select

from bookkeeping.errors import BookkeepingError, RuleError
from bookkeeping.rules.cutoff import on_new_side
from bookkeeping.rules.documents import NOTHING, DesiredDocuments, desired_documents
from bookkeeping.rules.eligibility import Eligibility, Side, eligibility
from bookkeeping.rules.inspection import BookSettings, Inspection
from bookkeeping.rules.planning import CreateInvoice, CreatePayment, Plan, UpdateInvoice, UpdatePayment, plan
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.company.names import inactive_customers
from bookkeeping.storage.records.choices import in_force, kept_settings
from bookkeeping.storage.records.documents import CustomerLink, Document, LegacyReceipt, documents_of
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.records.migrations import frozen_sides
from worker.holding.work import Work


@dataclass
class Case:
    """One inspection in a slice. `parked` is the error that ended its way; nothing more is written for it."""

    row_id: int
    key: str
    wanted_gen: int
    inspection: Inspection
    eligibility: Eligibility
    desired: DesiredDocuments
    documents: list[Document]
    deletes_approved: bool = False
    customer_id: str | None = None
    plan: Plan | None = None
    parked: BookkeepingError | None = None
    waits_for: str = ""
    warnings: list[str] = field(default_factory=list)
    wrote: bool = False
    left_alone: bool = False  # Before the cutoff, or its receipt stands: nothing is written or deleted.

    @property
    def subject(self) -> str:
        """Client and address, as the sync log names the inspection."""
        name = self.inspection.client.name if self.inspection.client else ""
        return " · ".join(
            part for part in (name, self.inspection.address.line1 or self.inspection.address.full) if part
        )

    @property
    def live(self) -> list[Document]:
        """Its documents that QuickBooks has."""
        return [document for document in self.documents if document.status == "live"]

    @property
    def invoice(self) -> Document | None:
        """Its living Invoice, if any."""
        return next((document for document in self.live if document.kind == "Invoice"), None)

    @property
    def writes_planned(self) -> bool:
        """True while something is to be written for it."""
        return self.parked is None and self.plan is not None and not self.plan.empty

    def document(self, qbo_id: str, kind: str) -> Document:
        """Return its living document of that id."""
        return next(one for one in self.live if one.qbo_id == qbo_id and one.kind == kind)

    def park(self, error: BookkeepingError, waits_for: str = "") -> None:
        """End its way in this slice with the cause; the first cause stays."""
        if self.parked is None:
            self.parked, self.waits_for = error, waits_for

    def park_code(self, code: str, detail: str = "", waits_for: str = "") -> None:
        """Park it under a catalogue code of ours."""
        self.park(RuleError(detail, code=code), waits_for)

    def make_plan(self) -> None:
        """Plan from the documents known now and the Customer known now."""
        if self.parked is not None:
            return
        if self.left_alone:
            self.plan = Plan()
            return
        last = {}
        for document in self.documents:
            place = (document.kind, document.source_key)
            last[place] = max(last.get(place, 0), document.generation)
        try:
            self.plan = plan(self.desired, [one.known() for one in self.live], self.customer_id, last)
        except RuleError as error:
            self.park(error)


def build_cases(
    work: Work, rows: list[InspectionRow], *, migrating: bool = False, settings: BookSettings | None = None
) -> list[Case]:
    """Return a planned case for each row. Customers are taken from stored links only; new ones are resolved later.

    `migrating`: the rows are those whose receipt is being replaced now, so it is not in the way. `settings`: instead of the company's.
    """
    company, connection = work.company, work.connection
    settings, kept = settings or company.book_settings(), kept_settings(company)
    keys = [row.key for row in rows]
    receipts = _with_receipt(company.id, keys)
    documents = documents_of(company.id, keys)
    sides = frozen_sides(company, keys)
    cases = [
        _case(
            row,
            in_force(row, documents[row.key], settings, kept),
            row.key in receipts,
            documents[row.key],
            sides.get(row.key),
            migrating,
        )
        for row in rows
    ]
    links = _links(company.id, {case.desired.customer.client_key for case in cases if case.desired.customer})
    inactive = inactive_customers(company.id, [link.qbo_id for link in links.values() if link.qbo_id])
    for case in cases:
        link = links.get(case.desired.customer.client_key) if case.desired.customer else None
        # A link that asks and has a Customer asks because that one is inactive: until then it stays that one.
        case.customer_id = (link.qbo_id or None) if link is not None else None
        case.make_plan()
        _hold_what_must_fail(case, company, connection)
        if case.customer_id in inactive:
            _hold_for_customer(case)
    return cases


def reload_documents(work: Work, cases: list[Case]) -> None:
    """Read the cases' documents again after a round."""
    documents = documents_of(work.company_id, [case.key for case in cases])
    for case in cases:
        case.documents = documents[case.key]


def _case(
    row: InspectionRow,
    settings: BookSettings,
    has_receipt: bool,
    documents: list[Document],
    side: Side | None,
    migrating: bool,
) -> Case:
    inspection = row.inspection()
    if migrating or (side is None and any(document.status == "live" for document in documents)):
        side = "new"  # It was booked after the cutoff, wherever a reschedule has moved it since.
    answer = eligibility(inspection, settings, has_receipt=has_receipt, migrating=migrating, side=side)
    case = Case(
        row_id=row.id,
        key=row.key,
        wanted_gen=row.wanted_gen,
        inspection=inspection,
        eligibility=answer,
        desired=NOTHING,
        documents=documents,
        deletes_approved=row.deletes_approved,
        left_alone=not migrating and (has_receipt or _before_cutoff(inspection, settings, side)),
    )
    if answer.in_books:
        try:
            case.desired = desired_documents(inspection, settings)
        except RuleError as error:
            case.park(error)
    return case


def _before_cutoff(inspection: Inspection, settings: BookSettings, side: Side | None) -> bool:
    if settings.cutoff is None:
        return False
    return side == "old" if side is not None else not on_new_side(inspection.starts_at, settings.cutoff)


def _with_receipt(company_id: int, keys: list[str]) -> set[str]:
    standing = select(LegacyReceipt.inspection_key).where(
        LegacyReceipt.company_id == company_id,
        LegacyReceipt.replaced_at.is_(None),
        LegacyReceipt.inspection_key.in_(keys),
    )
    return set(db.session.scalars(standing))


def _links(company_id: int, client_keys: set[str]) -> dict[str, CustomerLink]:
    chosen = select(CustomerLink).where(
        CustomerLink.company_id == company_id, CustomerLink.client_key.in_(sorted(client_keys))
    )
    return {link.client_key: link for link in db.session.scalars(chosen)}


def _hold_for_customer(case: Case) -> None:
    """Park a case that would write a document for an inactive Customer; taking documents away needs no Customer."""
    if not case.writes_planned:
        return
    actions = (*case.plan.first, case.plan.invoice, *case.plan.after)
    if any(isinstance(one, (CreateInvoice, CreatePayment, UpdateInvoice, UpdatePayment)) for one in actions):
        client = case.desired.customer.client_key
        case.park_code("customer-inactive", waits_for=f"customer:{client}")


def _hold_what_must_fail(case: Case, company: Company, connection: Connection | None) -> None:
    """Park a case whose writes QuickBooks must refuse (decision 9): closed books and deposited Payments."""
    if not case.writes_planned:
        return
    closed_on = ((connection.facts if connection else None) or {}).get("close_date")
    closes = date.fromisoformat(closed_on) if closed_on else None
    actions = [*case.plan.first, *([case.plan.invoice] if case.plan.invoice else []), *case.plan.after]
    for action in actions:
        document = None
        if not isinstance(action, (CreateInvoice, CreatePayment)):
            document = case.document(action.known.qbo_id, action.known.kind)
        if document is not None and document.deposit_id:
            case.park_code(
                "deposited", f"Payment {document.qbo_id} is part of Deposit {document.deposit_id}."
            )
        days = [document.txn_date] if document is not None else []
        if isinstance(action, (CreateInvoice, CreatePayment, UpdateInvoice, UpdatePayment)):
            days.append(action.desired.txn_date)
        if closes is not None and any(day <= closes for day in days):
            case.park_code(
                "closed-books", f"The books are closed through {closes:%B} {closes.day}, {closes.year}."
            )
