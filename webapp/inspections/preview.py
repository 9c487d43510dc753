"""The documents of one inspection as they would be sent, or were: the very fields of the request, in QuickBooks' words.

The bodies come from the same functions that the worker sends from, so what is shown is what goes. Reads rows; sends nothing.
"""

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from bookkeeping.case import whom_to_bill
from bookkeeping.quickbooks_gateway.bodies import (
    customer_body,
    delete_body,
    frozen,
    in_dollars,
    invoice_body,
    payment_body,
    refund_body,
)
from bookkeeping.quickbooks_gateway.carrying import carried_over
from bookkeeping.quickbooks_gateway.details import tracked
from bookkeeping.rules.customers import Ask, Create, NameIndex, NamesWanted, Use, kept_name
from bookkeeping.rules.documents import (
    DesiredCustomer,
    DesiredInvoice,
    DesiredPayment,
    DesiredRefund,
    customer_fingerprint,
)
from bookkeeping.rules.names import name_key
from bookkeeping.rules.planning import CreatePayment, DeleteInvoice, DeletePayment, Plan, UpdatePayment
from bookkeeping.storage.company.connections import connection_of
from bookkeeping.storage.company.items import item_names
from bookkeeping.storage.company.names import active_ids, named_things, names_like
from bookkeeping.storage.records.documents import Document
from webapp.frame.words import day, money, plainly
from webapp.inspections.json_text import parsed, readable
from webapp.inspections.trace import Trace

TO_BE_MADE = "(made first)"
FATES = {
    "create": "Would be created",
    "update": "Would be changed",
    "delete": "Would be deleted",
    "stands": "In QuickBooks, as shown",
    "left": "Left as it is in QuickBooks",
    "ask": "Waits for a person",
}
WRITTEN = ("create", "update", "delete")


@dataclass(frozen=True)
class Line:
    """One line of an Invoice, as QuickBooks shows it; Qty is 1, so rate and amount are one."""

    item: str
    description: str
    amount: Decimal
    class_name: str


@dataclass
class Shown:
    """One document: `fate` is a key of FATES, `facts` are (label, value), `note` what is to be known beside.

    `request` is the JSON that would be sent, or was when the document stands as it is; empty when neither is known.
    """

    kind: str
    title: str
    fate: str
    facts: list[tuple[str, str]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    total: Decimal | None = None
    note: str = ""
    request: str = ""

    @property
    def would_be_sent(self) -> bool:
        """Whether the request is still to come."""
        return self.fate in WRITTEN


class Preview:
    """What would be sent for one inspection, put together from its trace: `documents` in the order of sending."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._lists = _Lists(trace.company.id)
        connection = connection_of(trace.company.id)
        self._facts = (connection.facts if connection is not None else None) or {}
        self._customer_id = trace.owner or (trace.link.qbo_id if trace.link else "") or TO_BE_MADE
        self.documents = [_gone(document) for document in _deleted(trace)]
        if trace.desired.customer is not None:
            self.documents.append(self._customer(trace.desired.customer))
        if trace.desired.invoice is not None:
            self.documents.append(self._invoice(trace.desired.invoice))
            self.documents += [self._payment(one, trace.desired.invoice) for one in trace.desired.payments]
        self.documents += [self._history(one) for one in trace.live if one.kind == "Payment" and one.frozen]
        self.documents += [self._refund(one) for one in trace.refunds]

    def _customer(self, desired: DesiredCustomer) -> Shown:
        trace = self._trace
        link = trace.link
        if link is not None and link.qbo_id:
            ours = link.ours and link.state == "linked" and not trace.left_alone
            changed = ours and link.fingerprint != customer_fingerprint(desired)
            name = link.display_name or desired.display_name
            if changed:
                name = kept_name(name, desired, link.qbo_id, self._names(desired, link.qbo_id))
            fate, because = "update" if changed else "ask" if link.state == "ask" else "stands", link.because
        else:
            fate, name, because = self._match(desired)
        shown = Shown("Customer", "Customer", fate, [("Display name", name)])
        if fate in WRITTEN:
            shown.facts += _said(
                ("First name", desired.given_name),
                ("Last name", desired.family_name),
                ("Email", desired.email),
                ("Phone", desired.phone),
                ("Mobile", desired.mobile),
            )
            sync = (link.qbo_id, link.sync_token) if link is not None and fate == "update" else None
            shown.request = self._request("Customer", fate, customer_body(desired, name, sync=sync))
        known_as = "" if self._customer_id == TO_BE_MADE else self._customer_id
        shown.facts += _said(("QuickBooks id", known_as), ("Chosen because", because))
        return shown

    def _names(self, desired: DesiredCustomer, *qbo_ids: str) -> NameIndex:
        return NameIndex(names_like(self._trace.company.id, NamesWanted.of([desired.display_name], qbo_ids)))

    def _match(self, desired: DesiredCustomer) -> tuple[str, str, str]:
        """Return (fate, name, why) of a client who has no Customer on record yet, by the rule that the worker goes by."""
        trace, index = self._trace, self._names(desired)
        address_line = trace.inspection.address.line1 if trace.inspection else ""
        match whom_to_bill(desired, address_line, trace.link, index):
            case Use(qbo_id, because):
                self._customer_id = qbo_id
                people = (one for one in index if (one.kind, one.qbo_id) == ("Customer", qbo_id))
                return "stands", next(people).display_name, because
            case Ask(_, because):
                return "ask", desired.display_name, because
            case Create(name, because):
                return "create", name, because

    def _invoice(self, desired: DesiredInvoice) -> Shown:
        standing, action = self._trace.invoice, self._trace.plan.invoice
        shown = Shown(
            "Invoice", f"Invoice {desired.doc_number}", _fate(standing, action), total=desired.total
        )
        shown.facts = _said(
            ("Invoice no.", desired.doc_number),
            ("Invoice date", day(desired.txn_date)),
            ("Due date", day(desired.due_date)),
            ("Email", desired.email),
            ("Class", self._lists.name("Class", desired.class_id)),
            ("Location", self._lists.name("Department", desired.location_id)),
            ("Message to the customer", desired.customer_memo),
            ("Memo", desired.private_note),
            ("QuickBooks id", standing.qbo_id if standing else ""),
        )
        shown.lines = [
            Line(line.item, line.description, line.amount, self._lists.name("Class", line.class_id))
            for line in desired.lines
        ]
        if trace_stays := self._trace.invoice_stays and standing is not None:
            shown.total, shown.lines = standing.total, []
            shown.note = "It stays as it was paid: money on it is in a bank deposit."
        if trace_stays or not shown.would_be_sent:
            shown.request = self._sent(standing)
            return shown
        ids = {line.item: self._lists.item_id(line.item, line.item_id) for line in desired.lines}
        body = tracked(invoice_body(desired, self._customer_id, ids, sync=_sync(standing)), self._facts)
        shown.request = self._request("Invoice", shown.fate, _carrying(standing, body))
        new = [name for name, item_id in ids.items() if item_id == TO_BE_MADE]
        shown.note = (
            f"{'New Items' if len(new) > 1 else 'New Item'}, made first: {', '.join(new)}." if new else ""
        )
        return shown

    def _payment(self, desired: DesiredPayment, invoice: DesiredInvoice) -> Shown:
        trace = self._trace
        action = _action(trace.plan, desired.source_key)
        standing = next((one for one in trace.live if _is(one, "Payment", desired.source_key)), None)
        if action is not None:
            desired = action.desired  # What others of a person's already pay is taken off.
        fate = _fate(None if isinstance(action, CreatePayment) else standing, action)
        shown = Shown("Payment", plainly(f"Payment {desired.reference}".rstrip()), fate)
        credit = desired.amount - desired.applied
        account_id = desired.deposit_account_id or _account_of(standing)
        shown.facts = _said(
            ("Payment date", day(desired.txn_date)),
            ("Amount received", money(desired.amount)),
            (f"Applied to {invoice.doc_number}", money(desired.applied)),
            ("Left as credit", money(credit) if credit else ""),
            ("Payment method", desired.method),
            ("Reference no.", desired.reference),
            ("Deposit to", self._lists.name("Account", account_id) or "Undeposited Funds"),
            ("Memo", desired.private_note),
            ("QuickBooks id", standing.qbo_id if standing else ""),
        )
        if not shown.would_be_sent:
            shown.request = self._sent(standing)
            return shown
        method_id = self._lists.method_id(desired.method) if desired.method else ""
        invoice_id = trace.invoice.qbo_id if trace.invoice else TO_BE_MADE
        sync = _sync(standing) if fate == "update" else None
        body = payment_body(desired, self._customer_id, invoice_id, {desired.method: method_id}, sync=sync)
        shown.request = self._request("Payment", fate, _carrying(standing if sync else None, body))
        shown.note = f"New payment method, made first: {desired.method}." if method_id == TO_BE_MADE else ""
        return shown

    def _request(self, kind: str, fate: str, body: dict[str, Any]) -> str:
        """Return the request as it will be sent."""
        if self._facts.get("several_currencies"):
            body = in_dollars(kind, fate, body)
        return readable(parsed(frozen(body)))

    def _history(self, standing: Document) -> Shown:
        """A Payment that a Deposit holds, or held: nothing is written on it any more."""
        name = f"Payment {standing.body.get('PaymentRefNum') or ''}".rstrip()
        shown = Shown("Payment", name, "stands", request=self._sent(standing))
        shown.facts = _said(
            ("Payment date", day(standing.txn_date)),
            ("Amount received", money(standing.total)),
            ("Bank deposit", standing.deposit_id),
            ("QuickBooks id", standing.qbo_id),
        )
        shown.note = "It is in a bank deposit, so it stays as it is. What is given back is a refund receipt."
        return shown

    def _refund(self, desired: DesiredRefund) -> Shown:
        trace = self._trace
        place = ("RefundReceipt", desired.source_key)
        action = next((one for one in trace.plan.refunds if one.place == place), None)
        standing = next((one for one in trace.live if _is(one, *place)), None)
        title = f"RefundReceipt {desired.doc_number}"
        shown = Shown("RefundReceipt", title, _fate(standing, action), total=desired.amount)
        shown.facts = _said(
            ("Refund receipt no.", desired.doc_number),
            ("Date", day(desired.txn_date)),
            ("Refund from", self._lists.name("Account", desired.account_id)),
            ("Payment method", desired.method),
            ("Reference no.", desired.reference),
            ("Class", self._lists.name("Class", desired.class_id)),
            ("Location", self._lists.name("Department", desired.location_id)),
            ("Memo", desired.private_note),
            ("QuickBooks id", standing.qbo_id if standing else ""),
        )
        shown.lines = [
            Line(line.item, line.description, line.amount, self._lists.name("Class", line.class_id))
            for line in desired.lines
        ]
        if not shown.would_be_sent:
            shown.request = self._sent(standing)
            return shown
        items = {line.item: self._lists.item_id(line.item, line.item_id) for line in desired.lines}
        methods = {desired.method: self._lists.method_id(desired.method) if desired.method else ""}
        body = refund_body(desired, items, methods, sync=_sync(standing))
        shown.request = self._request("RefundReceipt", shown.fate, body)
        return shown

    def _sent(self, standing: Document | None) -> str:
        """Return the request by which this document was last written."""
        if standing is None:
            return ""
        place = (standing.kind, standing.source_key, standing.generation)
        sent = (
            one.body
            for one in self._trace.operations
            if (one.kind, one.source_key, one.generation) == place and one.outcome in ("created", "updated")
        )
        return readable(parsed(next(sent, "") or json.dumps(standing.body)))


class _Lists:
    """The company's lists as last read: names by id, ids of what is active by name."""

    def __init__(self, company_id: int) -> None:
        things = named_things(company_id, "Item", "Account", "PaymentMethod", "Class", "Department")
        self._names = {(thing.kind, thing.qbo_id): thing.name for thing in things}
        self._items = item_names(company_id)
        self._methods = active_ids(company_id, "PaymentMethod")

    def name(self, kind: str, qbo_id: str) -> str:
        """Return what it is called, "" for no id."""
        return self._names.get((kind, qbo_id), f"Id {qbo_id}") if qbo_id else ""

    def item_id(self, name: str, chosen_id: str) -> str:
        """Return the id under which an Item is sent."""
        return self._items.id_of(name, chosen_id) or TO_BE_MADE

    def method_id(self, name: str) -> str:
        """Return the id under which a PaymentMethod is sent."""
        return self._methods.get(name_key(name), TO_BE_MADE)


def _deleted(trace: Trace) -> list[Document]:
    """Return the documents that the plan takes away for good."""
    plan = trace.plan
    made = {action.desired.source_key for action in plan.after if isinstance(action, CreatePayment)}
    payments = [one.known for one in plan.first if isinstance(one, DeletePayment)]
    gone = {("Payment", known.qbo_id) for known in payments if known.source_key not in made}
    if isinstance(plan.invoice, DeleteInvoice):
        gone.add(("Invoice", plan.invoice.known.qbo_id))
    gone |= {("RefundReceipt", one.known.qbo_id) for one in plan.refunds if one.verb == "delete"}
    return [document for document in trace.live if (document.kind, document.qbo_id) in gone]


def _gone(document: Document) -> Shown:
    title = f"{document.kind} {document.doc_number or document.body.get('PaymentRefNum') or ''}".rstrip()
    request = readable(parsed(frozen(delete_body(document.qbo_id, document.sync_token))))
    facts = [("Amount", money(document.total)), ("QuickBooks id", document.qbo_id)]
    return Shown(document.kind, title, "delete", facts, request=request)


def _action(plan: Plan, source_key: str) -> CreatePayment | UpdatePayment | None:
    actions = (one for one in (*plan.after, *plan.first) if isinstance(one, (CreatePayment, UpdatePayment)))
    return next((one for one in actions if one.desired.source_key == source_key), None)


def _fate(standing: Document | None, action: Any) -> str:
    if action is None:
        return "left" if standing is None or standing.hands_off else "stands"
    return "create" if standing is None else "update"


def _is(document: Document, kind: str, source_key: str) -> bool:
    return (document.kind, document.source_key) == (kind, source_key)


def _account_of(standing: Document | None) -> str:
    return ((standing.body if standing else {}).get("DepositToAccountRef") or {}).get("value") or ""


def _carrying(standing: Document | None, body: dict[str, Any]) -> dict[str, Any]:
    """Return the request with what others put on the document that it changes."""
    return body if standing is None else carried_over(body, standing.body, standing.as_read)[0]


def _sync(document: Document | None) -> tuple[str, str] | None:
    return (document.qbo_id, document.sync_token) if document is not None else None


def _said(*facts: tuple[str, str]) -> list[tuple[str, str]]:
    return [(label, value) for label, value in facts if value]
