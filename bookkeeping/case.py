"""One answer to "what should this inspection have, and what would we do about it", for the worker and for pages alike.

A Case is one inspection: the rules' answer, the documents it should have, those that stand, the plan between the two with the writes
in it that must wait, and what keeps all of it from being carried out. Reads rows and asks the rules; writes nothing and never talks
to QuickBooks. Carrying a plan out is `worker.reconciling`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bookkeeping.errors import BookkeepingError, RuleError
from bookkeeping.rules.customers import Ask, Create, NameIndex, Use, match_customer
from bookkeeping.rules.cutoff import Side, side_of
from bookkeeping.rules.deposited import after_deposit, waiting_documents
from bookkeeping.rules.documents import (
    NOTHING,
    DesiredCustomer,
    DesiredDocuments,
    DesiredRefund,
    customer_fingerprint,
    desired_documents,
)
from bookkeeping.rules.eligibility import Eligibility, eligibility
from bookkeeping.rules.hindering import Hindrances, beside_others, beside_taken_off, question, questions
from bookkeeping.rules.inspection import BookSettings, Inspection
from bookkeeping.rules.listed import into_todays_account
from bookkeeping.rules.planning import AnyAction, Plan, Waiting, listed_twice, not_booked_twice, plan
from bookkeeping.rules.refunds import RefundSeen, TakenOff, plan_refunds, with_refunds
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import connection_of
from bookkeeping.storage.company.names import unbillable_customers
from bookkeeping.storage.records.choices import in_force, kept_settings
from bookkeeping.storage.records.documents import (
    FROZEN_BY_DEPOSITS,
    CustomerLink,
    Document,
    customer_links,
    documents_of,
    payments_elsewhere,
    with_receipts,
)
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.records.list_waits import inactive_in_use
from bookkeeping.storage.records.migrations import frozen_sides
from bookkeeping.storage.records.others_payments import OthersPayment, others_payments_of, used_payments
from bookkeeping.storage.records.others_refunds import OthersRefund, beside_documents
from bookkeeping.storage.records.refunds import books_of, refunds_of, to_take_off


@dataclass
class Case:
    """One inspection. `parked` is the error that keeps its plan from being carried out; nothing more is written for it.

    `told` is what the platform alone asks for, `desired` what follows from it beside money that was deposited (decision 19): it is worked
    out with each plan, so whoever wants other documents changes `told`.

    `others` are Payments on its Invoice that are not ours, `others_refunds` RefundReceipts to its Customer. `hindrances` keep single documents of it from being written; `whole`: all of its documents or none (a receipt being replaced).
    """

    row_id: int
    key: str
    wanted_gen: int
    inspection: Inspection
    eligibility: Eligibility
    settings: BookSettings
    told: DesiredDocuments
    documents: list[Document]
    desired: DesiredDocuments = NOTHING
    refunds_seen: Sequence[RefundSeen] = ()
    refunds: tuple[DesiredRefund, ...] = ()
    given_back: tuple[DesiredRefund, ...] = ()  # Those and the ones for which somebody else's stands.
    taken_off: tuple[TakenOff, ...] = ()  # Refunds of payments that no Deposit holds.
    invoice_stays: bool = False  # As it was paid, whatever the fees come to now.
    owner: str = ""  # The Customer that deposited money of it keeps its documents with.
    deletes_approved: bool = False
    link: CustomerLink | None = None
    customer_id: str | None = None
    plan: Plan | None = None
    parked: BookkeepingError | None = None
    waits_for: str = ""
    warnings: list[str] = field(default_factory=list)
    wrote: bool = False
    left_alone: bool = False  # Before the cutoff, or its receipt stands: nothing is written or deleted.
    hindrances: Hindrances = field(default_factory=Hindrances)
    whole: bool = False
    replaces: Mapping[str, Any] | None = (
        None  # The SalesReceipt, as archived, that its Invoice takes the place of.
    )
    others: list[OthersPayment] = field(default_factory=list)
    others_refunds: list[OthersRefund] = field(default_factory=list)
    elsewhere: list[Document] = field(default_factory=list)  # Of its payments, made for other inspections.
    used: Mapping[str, str] = field(default_factory=dict)  # Its payments that theirs is used for elsewhere.
    shared: Mapping[str, str] = field(default_factory=dict)  # Its payments that another one books now.

    @property
    def to_book(self) -> DesiredDocuments:
        """What it should have of ours: without the payments for which a person took a Payment of somebody else."""
        taken = {one.stands_for for one in self.others} - {""}
        if not taken:
            return self.desired
        payments = tuple(one for one in self.desired.payments if one.source_key not in taken)
        return replace(self.desired, payments=payments)

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
    def waits(self) -> tuple[Waiting, ...]:
        """The writes of its plan that must not be made now, each with its cause."""
        return self.plan.waits if self.plan is not None else ()

    @property
    def last_generations(self) -> dict[tuple[str, str], int]:
        """The highest generation there ever was of each document, by (kind, source key)."""
        last: dict[tuple[str, str], int] = {}
        for document in (*self.documents, *self.elsewhere):
            place = (document.kind, document.source_key)
            last[place] = max(last.get(place, 0), document.generation)
        return last

    @property
    def actions(self) -> tuple[AnyAction, ...]:
        """What its plan would do, in order; nothing while it has none."""
        return self.plan.actions if self.plan is not None else ()

    @property
    def planned(self) -> Plan:
        """Its plan; an empty one while it has none."""
        return self.plan if self.plan is not None else Plan()

    @property
    def billed(self) -> DesiredCustomer:
        """Whom its documents bill.

        Raises:
            RuleError: `no-client`, for an inspection that should have no documents.
        """
        if self.desired.customer is None:
            raise RuleError(code="no-client")
        return self.desired.customer

    @property
    def writes_planned(self) -> bool:
        """True while something is to be written for it."""
        return self.parked is None and self.plan is not None and not self.plan.empty

    @property
    def client_corrected(self) -> bool:
        """True while the Customer that we made for its client says something else of name, email or phones than the platform."""
        link, desired = self.link, self.desired.customer
        if self.parked is not None or self.left_alone or link is None or desired is None or not link.qbo_id:
            return False
        return link.ours and link.state == "linked" and link.fingerprint != customer_fingerprint(desired)

    def document(self, qbo_id: str, kind: str) -> Document:
        """Return its living document of that id."""
        return next(one for one in self.live if one.qbo_id == qbo_id and one.kind == kind)

    def park(self, error: BookkeepingError, waits_for: str = "") -> None:
        """End its way in this slice with the cause; the first cause stays."""
        if self.parked is None:
            self.parked, self.waits_for = error, waits_for or error.waits_for

    def park_code(self, code: str, detail: str = "", waits_for: str = "") -> None:
        """Park it under a catalogue code of ours."""
        self.park(RuleError(detail, code=code), waits_for)

    def refuse(self, action: AnyAction, error: BookkeepingError) -> None:
        """Let the document that this write is about wait with the cause, and what depends on it; the rest is planned anew."""
        self.hindrances.refuse(action, error)
        self.make_plan()

    def make_plan(self) -> None:
        """Plan from the documents known now and the Customer known now, around what must wait."""
        if self.parked is not None:
            return
        if self.left_alone:
            self.plan = Plan()
            return
        try:
            self.hindrances.standing = {(one.kind, one.qbo_id): one.standing() for one in self.live}
            self.plan = self._planned()
        except RuleError as error:
            self.park(error)
            return
        if self.whole and self.waits:
            because = self.waits[0].because
            self.park_code(because.code, because.detail, because.waits_for)

    @property
    def billed_to(self) -> str | None:
        """The QuickBooks id of the Customer that its documents name, None while that is still to be made."""
        return self.owner or self.customer_id

    def _planned(self) -> Plan:
        """Return the plan around what is history, with the refunds beside it."""
        seen, in_books = self.refunds_seen, self.eligibility.in_books
        others = [one.others() for one in self.others_refunds]
        used = set() if in_books else {one.stands_for for one in others}
        books = books_of(self.key, self.documents, seen, self.customer_id, used)
        booked = {} if self.whole else to_take_off(self.inspection, self.documents, books.history)
        facts = (self.inspection, self.settings, self.told, seen, booked, others)
        written = books.invoice.negative if books.invoice else ()
        beside = beside_taken_off(*facts, written=written, in_books=in_books)
        self.taken_off, self.hindrances.taking_off = beside.taken_off, beside.waits
        settled = after_deposit(beside.inspection, self.settings, beside.told, books, seen, in_books=in_books)
        self.given_back = settled.refunds
        settled = beside_others(settled, others, [one.source_key for one in self.live], beside.waits)
        self.desired, self.refunds = settled.desired, settled.refunds
        self.invoice_stays = settled.invoice_stays
        self.owner = next((one.customer_id for one in books.history.values()), "")
        stays = {("Payment", key) for key in books.history}
        if settled.invoice_stays and self.invoice is not None:
            stays.add(("Invoice", self.invoice.source_key))
        # A receipt being replaced stood beside what others entered; the Payment takes the place of its money, so nothing is asked.
        paid = [] if self.whole else [one.others() for one in self.others]
        asked = questions(self.desired.payments, paid, [one.source_key for one in self.live])
        self.hindrances.questions = {key: question(other) for key, other in asked.items()}
        there = {one.source_key: one.inspection_key for one in self.elsewhere if one.status == "live"}
        self.hindrances.questions |= not_booked_twice({**self.shared, **self.used, **there})
        known = [one.known(history=(one.kind, one.source_key) in stays) for one in self.live]
        paying = [one for one in known if one.kind != "RefundReceipt"]
        found = plan(self.to_book, paying, self.billed_to, self.last_generations, self.hindrances)
        refunds = plan_refunds(
            settled.refunds, [one for one in known if one not in paying], self.last_generations
        )
        waits = waiting_documents(settled, beside.told, known, refunds)
        return with_refunds(found, refunds, waits, self.hindrances)


def build_cases(
    company: Company,
    rows: Sequence[InspectionRow],
    *,
    migrating: bool = False,
    settings: BookSettings | None = None,
) -> list[Case]:
    """Return a planned case for each row. Customers are taken from stored links only; new ones are resolved by the worker.

    `migrating`: the rows are those whose receipt is being replaced now, so it is not in the way. `settings`: instead of the company's.
    """
    settings, kept = settings or company.book_settings(), kept_settings(company)
    around = _Around.of(company, rows, migrating)
    connection = connection_of(company.id)
    inactive = inactive_in_use(company.id, connection)
    cases = [_case(row, around, in_force(row, around.documents[row.key], settings, kept)) for row in rows]
    for case in cases:
        standing = {one.source_key for one in case.live if one.kind == "Payment"}
        case.told = into_todays_account(case.told, settings.deposit_account_id, standing, inactive)
    links = customer_links(
        company.id, {case.told.customer.client_key for case in cases if case.told.customer}
    )
    held = unbillable_customers(company.id, [link.qbo_id for link in links.values() if link.qbo_id])
    closed_through = connection.closed_through if connection is not None else None
    for case in cases:
        case.link = links.get(case.told.customer.client_key) if case.told.customer else None
        # A link that asks and has a Customer asks because that one is inactive, or was taken back: until then it stays that one.
        case.customer_id = (case.link.qbo_id or None) if case.link is not None else None
        case.hindrances.closed_through = closed_through
        case.hindrances.customer = case.link.to_settle(held) if case.link is not None else None
        case.hindrances.inactive = inactive
    _note_others(company.id, cases)
    booked = [case for case in cases if case.eligibility.in_books and not case.left_alone]
    shared = listed_twice((case.key, case.told.payments) for case in booked)
    for case in cases:
        case.shared = shared.get(case.key, {})
        case.make_plan()
    return cases


def answers(company: Company, rows: Iterable[InspectionRow]) -> dict[str, Eligibility]:
    """Return the rules' answer for each of the company's inspections, by the platform's id; the same as its Case gives."""
    rows, settings = list(rows), company.book_settings()
    around = _Around.of(company, rows, migrating=False)
    return {row.key: around.eligibility(row.inspection(), settings) for row in rows}


def reload_documents(company_id: int, cases: Sequence[Case]) -> None:
    """Read the cases' documents again after a round, and those of others beside them."""
    documents = documents_of(company_id, [case.key for case in cases])
    for case in cases:
        case.documents = documents[case.key]
    _note_others(company_id, cases)


def _note_others(company_id: int, cases: Sequence[Case]) -> None:
    """Say to each case which Payments on its Invoice, and which RefundReceipts to its Customer, are somebody else's or another inspection's."""
    payments = others_payments_of(company_id, [case.key for case in cases])
    listed = {case.key: [one.source_key for one in case.told.payments] for case in cases}
    elsewhere = payments_elsewhere(company_id, listed, [one for case in cases for one in case.live])
    used = used_payments(company_id, listed)
    for case in cases:
        case.others, case.elsewhere = payments[case.key], elsewhere[case.key]
        case.used = {paid: key for paid, key in used.items() if key != case.key}
    given_back = [case for case in cases if case.refunds_seen or case.inspection.gave_back]
    clients = [case.customer_id for case in given_back]
    refunds = beside_documents(company_id, [case.documents for case in given_back], clients)
    for case, beside in zip(given_back, refunds, strict=True):
        case.others_refunds = beside


def whom_to_bill(
    desired: DesiredCustomer, address_line: str, link: CustomerLink | None, index: NameIndex
) -> Use | Ask | Create:
    """Return which Customer a client is who has none on record yet: as a person chose, else by the match ladder over the name index.

    Source: bookkeeping decision 2 ("Customer").
    """
    if link is not None and link.create_new:
        return Create(index.free_name(desired.display_name), "A person chose to create a new Customer.")
    return match_customer(desired, address_line, index)


@dataclass(frozen=True)
class _Around:
    """What our records know beside the inspections themselves: receipts that stand, documents, and frozen sides."""

    receipts: set[str]
    documents: dict[str, list[Document]]
    refunds: dict[str, list[RefundSeen]]
    sides: dict[str, Side]
    migrating: bool

    @classmethod
    def of(cls, company: Company, rows: Sequence[InspectionRow], migrating: bool) -> "_Around":
        keys = [row.key for row in rows]
        sides: dict[str, Side] = dict.fromkeys(keys, "new") if migrating else frozen_sides(company, keys)
        documents, refunds = documents_of(company.id, keys), refunds_of(company.id, keys)
        return cls(with_receipts(company.id, keys), documents, refunds, sides, migrating)

    def booked(self, key: str) -> bool:
        """Whether documents of ours stand for it."""
        return any(document.status == "live" for document in self.documents[key])

    def eligibility(self, inspection: Inspection, settings: BookSettings) -> Eligibility:
        key = inspection.key
        return eligibility(
            inspection,
            settings,
            has_receipt=key in self.receipts,
            migrating=self.migrating,
            side=self.sides.get(key),
            booked=self.booked(key),
        )

    def left_alone(self, inspection: Inspection, settings: BookSettings) -> bool:
        """Whether nothing is written, changed or deleted for it (decisions 11 and 12)."""
        key = inspection.key
        if self.migrating:
            return False
        if key in self.receipts or settings.cutoff is None:
            return key in self.receipts
        frozen, booked = self.sides.get(key), self.booked(key)
        return side_of(inspection.starts_at, settings.cutoff, frozen=frozen, booked=booked) == "old"


def _case(row: InspectionRow, around: _Around, settings: BookSettings) -> Case:
    inspection = row.inspection()
    documents = around.documents[row.key]
    case = Case(
        row_id=row.id,
        key=row.key,
        wanted_gen=row.wanted_gen,
        inspection=inspection,
        eligibility=around.eligibility(inspection, settings),
        settings=settings,
        told=NOTHING,
        documents=documents,
        refunds_seen=around.refunds.get(row.key, ()),
        deletes_approved=row.deletes_approved,
        left_alone=around.left_alone(inspection, settings),
        whole=around.migrating,
    )
    in_books = case.eligibility.in_books
    # One that is not in the books any more keeps what deposited money pays for, as it would be if it still were. That a Payment is
    # deposited may come out only when QuickBooks refuses to delete it.
    if in_books or any(one.status == "live" and one.kind in FROZEN_BY_DEPOSITS for one in documents):
        try:
            case.told = desired_documents(inspection, settings)
        except RuleError as error:
            if in_books:
                case.park(error)
    case.desired = case.told if in_books else NOTHING
    return case
