"""Everything that is known of one inspection, put together for its page: the platform's facts, the books', and why.

Reads rows and asks the rules; decides nothing and writes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from werkzeug.utils import cached_property

from bookkeeping.acts.questions import Answer
from bookkeeping.case import Case, build_cases
from bookkeeping.errors import RuleError
from bookkeeping.logbook import pages as logbook
from bookkeeping.rules.actions import Create, Update
from bookkeeping.rules.documents import (
    NOTHING,
    DesiredDocuments,
    DesiredInvoice,
    DesiredPayment,
    DesiredRefund,
)
from bookkeeping.rules.eligibility import Eligibility
from bookkeeping.rules.hindering import Others, may_be_same, questions
from bookkeeping.rules.inspection import Inspection, PaymentReceived
from bookkeeping.rules.planning import AnyAction, CreatePayment, Kind, Plan
from bookkeeping.rules.references import refund_key
from bookkeeping.rules.refunds import TakenOff
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.documents import CustomerLink, Document, Drift
from bookkeeping.storage.records.inspections import BadRecord, InspectionRow
from bookkeeping.storage.records.others_payments import OthersPayment
from bookkeeping.storage.records.others_refunds import OthersRefund
from bookkeeping.storage.work.journal import Operation
from webapp.frame.words import day, money, plainly
from webapp.questions.left import Left, left_as_theirs


@dataclass(frozen=True)
class Difference:
    """One thing in which QuickBooks is not yet as it should be: what it is, how it is there, how it should be."""

    what: str
    now: str
    should: str


@dataclass(frozen=True)
class GivenByOthers:
    """A RefundReceipt of somebody else to the inspection's Customer, beside a refund that it is, or may be. `answers` are the buttons:
    `use` theirs, `book` ours too."""

    theirs: OthersRefund
    refund: str
    name: str
    amount: Decimal
    answers: tuple[Answer, ...]


@dataclass
class Trace:
    """One inspection of a company. Without `row` its only trace is a bad record.

    `problem` is the rule that the inspection cannot be booked by, as (catalogue code, detail).
    """

    company: Company
    key: str
    row: InspectionRow | None
    bad: BadRecord | None
    inspection: Inspection | None = None
    eligibility: Eligibility | None = None
    desired: DesiredDocuments = NOTHING
    problem: tuple[str, str] | None = None
    documents: list[Document] = field(default_factory=list)
    link: CustomerLink | None = None
    drifts: list[Drift] = field(default_factory=list)
    plan: Plan = field(default_factory=Plan)
    left_alone: bool = False
    refunds: tuple[DesiredRefund, ...] = ()
    owner: str = (
        ""  # The QuickBooks id of the Customer that money deposited keeps its documents with, if any.
    )
    invoice_stays: bool = False
    operations: list[Operation] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    others: list[OthersPayment] = field(default_factory=list)
    asked: dict[str, Others] = field(default_factory=dict)  # By the key of the payment received.
    given_by_others: list["GivenByOthers"] = field(default_factory=list)
    left: dict[int, Left] = field(default_factory=dict)  # What is left as in QuickBooks, by document.

    @cached_property
    def theirs(self) -> dict[int, Left]:
        """What a person changed in QuickBooks and stands so there now, by document: left so, not answered yet, or ours not restored yet."""
        asked = {
            one.document_id: Left(one, self.row, "", None, "")
            for one in self.drifts
            if one.theirs or one.kind == "deleted"
        }
        restored = {
            one.id: Left(Drift(document=one, kind="edited", theirs=one.as_read), self.row, "", None, "")
            for one in self.live
            if one.restoring
        }
        return restored | asked | self.left

    @property
    def live(self) -> list[Document]:
        """The documents that stand in QuickBooks, the Invoice first."""
        standing = [document for document in self.documents if document.status == "live"]
        return sorted(standing, key=lambda document: (document.kind != "Invoice", document.id))

    @property
    def invoice(self) -> Document | None:
        """The Invoice that stands in QuickBooks."""
        return next((document for document in self.live if document.kind == "Invoice"), None)

    @property
    def balance(self) -> Decimal | None:
        """What QuickBooks last said is still open of the Invoice, US dollars; our own sum until it has said so."""
        if self.invoice is None or self.invoice.balance is not None:
            return self.invoice.balance if self.invoice is not None else None
        paid = sum((one.applied for one in self.live if one.kind == "Payment"), Decimal("0.00"))
        return self.total_of(self.invoice) - paid

    def total_of(self, document: Document) -> Decimal:
        """Return what a document of it comes to in QuickBooks, US dollars: what we wrote, but for one that a person changed there."""
        theirs = self.theirs.get(document.id)
        return theirs.total if theirs is not None else document.total

    @property
    def paid(self) -> Decimal:
        """What its Payments come to in QuickBooks, US dollars."""
        payments = (self.total_of(one) for one in self.live if one.kind == "Payment")
        return sum(payments, Decimal("0.00"))

    def day_of(self, document: Document) -> date:
        """Return its day in QuickBooks, in the same way."""
        theirs = self.theirs.get(document.id)
        return theirs.txn_date if theirs is not None else document.txn_date

    def body_of(self, document: Document) -> dict[str, Any]:
        """Return what QuickBooks has of it, in the same way."""
        theirs = self.theirs.get(document.id)
        return theirs.body if theirs is not None else document.body

    @property
    def calls(self) -> int:
        """How many HTTP calls to QuickBooks its documents took part in, repeated ones counted each time."""
        attempts = {one.call_id: one.call.attempts for one in self.operations if one.call is not None}
        return sum(attempts.values())

    @property
    def others_took(self) -> Decimal:
        """How much of the Invoice something else pays or lowers than our Payments, as QuickBooks last said; US dollars."""
        if self.invoice is None or self.invoice.balance is None:
            return Decimal("0.00")
        ours = sum((one.applied for one in self.live if one.kind == "Payment"), Decimal("0.00"))
        return max(self.total_of(self.invoice) - self.invoice.balance - ours, Decimal("0.00"))

    def received(self, payment_key: str) -> PaymentReceived | None:
        """Return the payment received with this platform id, if the inspection still has it."""
        payments = self.inspection.payments if self.inspection is not None else ()
        return next((one for one in payments if one.key == payment_key), None)

    @property
    def waiting(self) -> dict[str, list[dict[str, Any]]]:
        """The documents that wait, by the catalogue code of what they wait for."""
        found: dict[str, list[dict[str, Any]]] = {}
        for one in self.row.waiting_documents if self.row is not None else ():
            found.setdefault(one["code"], []).append(one)
        return found

    @property
    def hold_up(self) -> tuple[str, str] | None:
        """The (catalogue code, detail) of what keeps it out of the books or out of date, or None."""
        if self.row is not None and self.row.state in ("waiting", "needs-you"):
            return self.row.reason or "unexpected", self.row.detail
        if self.problem is not None:
            return self.problem
        return ("bad-record", self.bad.reason) if self.bad is not None else None


def trace_of(company: Company, key: str) -> Trace | None:
    """Return what is known of the inspection with this platform id, or None when the company has none."""
    row = logbook.inspection_or_none(company.id, key)
    bad = logbook.bad_record_or_none(company.id, key)
    if row is None and bad is None:
        return None
    trace = Trace(company, key, row, bad)
    trace.operations = logbook.operations_of(company.id, key)
    if row is None:
        return trace
    [case] = build_cases(company, [row])
    trace.inspection, trace.eligibility, trace.desired = case.inspection, case.eligibility, case.desired
    trace.documents, trace.plan, trace.left_alone = case.documents, case.plan or Plan(), case.left_alone
    trace.refunds, trace.owner, trace.invoice_stays = case.refunds, case.owner, case.invoice_stays
    trace.drifts = logbook.open_drifts(company.id, key)
    if any(one.hands_off == "kept" for one in trace.live):
        trace.left = {one.drift.document_id: one for one in left_as_theirs(company, [key])}
    trace.link = logbook.customer_link_or_none(company.id, row.client_key)
    trace.differences = _differences(trace)
    trace.others = case.others
    booked = [one.source_key for one in case.live]
    trace.asked = questions(case.desired.payments, [one.others() for one in case.others], booked)
    trace.given_by_others = _given_by_others(case, booked)
    if isinstance(case.parked, RuleError):
        trace.problem = (case.parked.code, case.parked.detail)
    return trace


def _given_by_others(case: Case, booked: list[str]) -> list[GivenByOthers]:
    """Return the RefundReceipts of others that are, or may be, a refund of this inspection, with what can be answered about each."""
    found = []
    done = {*booked, *(one.source_key for one in case.taken_off if one.done)}
    refunds: list[DesiredRefund | TakenOff] = [*case.given_back, *case.taken_off]
    others = [one.others() for one in case.others_refunds]
    asked = questions(refunds, others, done)
    for refund in refunds:
        key, name = refund.source_key, _refund_name(refund)
        for one in case.others_refunds:
            answers: tuple[Answer, ...] = ()
            if one.stands_for:
                continue
            if key in asked and asked[key].qbo_id == one.qbo_id:
                answers = ("use", "book")
            elif key in one.not_same_as or (key in done and may_be_same(refund, one.others())):
                answers = ("use",)
            if answers:
                found.append(GivenByOthers(one, key, name, refund.amount, answers))
    mine = {refund_key(case.key, step.number): step.amount for step in case.refunds_seen}
    named = {refund.source_key: _refund_name(refund) for refund in case.given_back}
    for one in case.others_refunds:
        if one.stands_for in mine:
            name = named.get(one.stands_for, "the refund")
            found.append(GivenByOthers(one, one.stands_for, name, mine[one.stands_for], ("book",)))
    return found


def _refund_name(refund: DesiredRefund | TakenOff) -> str:
    return f"RefundReceipt {refund.doc_number}" if isinstance(refund, DesiredRefund) else "the refund"


def _differences(trace: Trace) -> list[Difference]:
    documents = {(document.kind, document.qbo_id): document for document in trace.live}
    return [_difference(trace, action, documents) for action in _actions(trace.plan)]


def _actions(owed: Plan) -> list[AnyAction]:
    """Return one action a document: a Payment taken away and made again is one difference, not two."""
    made = {action.desired.source_key for action in owed.after if isinstance(action, CreatePayment)}
    first = [action for action in owed.first if action.known.source_key not in made]
    return [*([owed.invoice] if owed.invoice else []), *first, *owed.after, *owed.refunds]


def _difference(
    trace: Trace, action: AnyAction, documents: Mapping[tuple[Kind, str], Document]
) -> Difference:
    if isinstance(action, Create):
        return Difference(_name(action.desired), "not there", _desired_says(action.desired))
    document = documents[(action.known.kind, action.known.qbo_id)]
    now = _says(trace.total_of(document), trace.day_of(document))
    if not isinstance(action, Update):
        return Difference(_known_name(document), now, "not there")
    should = _desired_says(action.desired)
    if should == now:
        now, should = "as last written", "other lines or details"
    return Difference(_name(action.desired), now, should)


def _name(desired: DesiredInvoice | DesiredPayment | DesiredRefund) -> str:
    if isinstance(desired, DesiredInvoice):
        return f"Invoice {desired.doc_number}"
    if isinstance(desired, DesiredRefund):
        return f"RefundReceipt {desired.doc_number}"
    return plainly(f"Payment {desired.reference}".rstrip())


def _known_name(document: Document) -> str:
    return plainly(
        f"{document.kind} {document.doc_number or document.body.get('PaymentRefNum') or ''}".rstrip()
    )


def _desired_says(desired: DesiredInvoice | DesiredPayment | DesiredRefund) -> str:
    amount = desired.total if isinstance(desired, DesiredInvoice) else desired.amount
    return _says(amount, desired.txn_date)


def _says(amount: Decimal, txn_date: date) -> str:
    return f"{money(amount)} on {day(txn_date)}"
