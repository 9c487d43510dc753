"""Items and PaymentMethods that the planned documents name: found in the local index, else made, in one round."""

from bookkeeping.case import Case
from bookkeeping.errors import BookkeepingError, DuplicateNameError, PermanentError, RuleError
from bookkeeping.quickbooks_gateway.bodies import item_body, payment_method_body
from bookkeeping.quickbooks_gateway.gateway import quote
from bookkeeping.rules.actions import (
    CreateInvoice,
    CreatePayment,
    CreateRefundReceipt,
    UpdateInvoice,
    UpdatePayment,
    UpdateRefundReceipt,
)
from bookkeeping.rules.names import name_key
from bookkeeping.storage.base import db
from bookkeeping.storage.company.items import NOT_SOLD, item_ids, item_names
from bookkeeping.storage.company.names import active_ids, named_things
from worker.holding.work import Work
from worker.journal.writing import Write, carry_out
from worker.reading.company import keep_listed

Sale = CreateInvoice | UpdateInvoice | CreateRefundReceipt | UpdateRefundReceipt
"""The writes that carry lines with Items."""

WithMethod = CreatePayment | UpdatePayment | CreateRefundReceipt | UpdateRefundReceipt
"""Those that name a PaymentMethod."""

Needed = dict[tuple[str, str], tuple[str, Case]]
"""What the documents name, by (kind, name key): the name as written, and the first case that needs it."""


def ensure_names(work: Work, cases: list[Case]) -> None:
    """Make every Item and PaymentMethod that the cases' plans need; the documents wait whose Item cannot be made."""
    _wait_without_item(work, cases)
    _wait_where_several(work, cases)
    needed = _needed(cases)
    missing = {place: first for place, first in needed.items() if place not in _known(work)}
    income, items = income_account(work), item_names(work.company_id)
    work.commit()
    if not missing:
        return
    writes = []
    for (kind, _), (name, first) in missing.items():
        made = items.name_to_make(name) if kind == "Item" else name
        writes.append(_write(kind, name, made, income, first))
    if any(write.kind == "Item" for write in writes) and not income:
        error = RuleError("Choose the income account for your services.", code="no-income-account")
        for case, action in _sales(cases):
            if _item_names(action):
                case.refuse(action, error)
        return
    carry_out(work, writes)
    taken = [write for write in writes if isinstance(write.error, DuplicateNameError)]
    for write in taken:
        _look_again(work, write)
    _make_beside(work, [write for write in taken if write.error is not None], income, needed)
    known = _known(work)
    work.commit()
    refused = {(write.kind, name_key(write.source_key)): write.error for write in writes if write.error}
    for case, action in _sales(cases):
        for name in _item_names(action):
            place = ("Item", name_key(name))
            if place not in known:
                _let_wait(case, action, refused.get(place) or RuleError(code="no-item"))
                break


def income_account(work: Work) -> str:
    """Return the id of the account that new Items book to: the one chosen, else the one found; "" when there is none that is active."""
    chosen = (work.company.books or {}).get("income_account_id")
    if not chosen:
        return str(work.existing_connection.facts.get("income_account_id") or "")
    active = {account.qbo_id for account in named_things(work.company_id, "Account") if account.active}
    return chosen if chosen in active else ""


def _wait_without_item(work: Work, cases: list[Case]) -> None:
    """Let the documents wait that need an Item which the bookkeeper chose and somebody made inactive since."""
    items = item_names(work.company_id)
    active = set(items.ids.values())
    for case, action in _sales(cases):
        for line in action.desired.lines:
            if line.item_id and items.id_of(line.item, line.item_id) not in active:
                detail = f"The Item {line.item} is not active in QuickBooks any more."
                case.refuse(action, RuleError(detail, code="no-item"))
                break


def _let_wait(case: Case, action: Sale, error: BookkeepingError) -> None:
    """Let the document wait for an Item that was refused; on passing trouble the whole inspection is tried again."""
    if isinstance(error, RuleError | PermanentError):
        case.refuse(action, error)
    else:
        case.park(error)


def _wait_where_several(work: Work, cases: list[Case]) -> None:
    """Let the documents wait whose line could mean several Items, each in a category of its own: a person chooses in the settings."""
    items = item_names(work.company_id)
    for case, action in _sales(cases):
        for name in _item_names(action):
            if several := items.several(name):
                detail = f"{name}: {', '.join(several)}"
                case.refuse(action, RuleError(detail, code="several-items"))
                break


def _make_beside(work: Work, writes: list[Write], income: str, needed: Needed) -> None:
    """Make the Items of which the name turned out to be a Category's or a bundle's, under a name beside it."""
    items = item_names(work.company_id)
    work.commit()
    again = []
    for write in writes:
        name, first = needed[write.kind, name_key(write.source_key)]
        made = items.name_to_make(name) if write.kind == "Item" else name
        if made != write.note["name"]:
            again.append((write, _write(write.kind, name, made, income, first)))
    carry_out(work, [beside for _, beside in again])
    for write, beside in again:
        write.error = beside.error


def _known(work: Work) -> set[tuple[str, str]]:
    methods = {("PaymentMethod", key) for key in active_ids(work.company_id, "PaymentMethod")}
    return methods | {("Item", key) for key in item_ids(work.company_id)}


def _sales(cases: list[Case]) -> list[tuple[Case, Sale]]:
    """Return the writes that carry lines with Items, of the cases that are still on their way."""
    return [
        (case, action)
        for case in cases
        if case.writes_planned
        for action in case.actions
        if isinstance(action, Sale)
    ]


def _item_names(action: Sale) -> list[str]:
    return [line.item for line in action.desired.lines if not line.item_id]


def _needed(cases: list[Case]) -> Needed:
    needed: Needed = {}
    for case in cases:
        if not case.writes_planned:
            continue
        for action in case.actions:
            for name in _item_names(action) if isinstance(action, Sale) else ():
                needed.setdefault(("Item", name_key(name)), (name, case))
            if isinstance(action, WithMethod) and (method := action.desired.method):
                needed.setdefault(("PaymentMethod", name_key(method)), (method, case))
    return needed


def _write(kind: str, name: str, made: str, income_account_id: str, case: Case) -> Write:
    """Return the write of what the documents call `name`, made as `made`."""
    body = item_body(made, income_account_id) if kind == "Item" else payment_method_body(made)
    return Write(
        kind=kind,
        action="create",
        source_key=name[:110],
        body=body,
        inspection_key=case.key,
        doc_number=made[:40],
        note={"name": made},
    )


def _look_again(work: Work, write: Write) -> None:
    """The name is taken: read by whom; an active one is used, an inactive one leaves the case waiting for a person."""
    name = write.note["name"]
    work.before_call()
    rows = list(work.gateway.query_all(write.kind, f"Name IN ({quote(name)}, {quote(name + ' (deleted)')})"))
    for row in rows:
        keep_listed(work.company_id, write.kind, row)
    if any(row.get("Active", True) and row.get("Type") not in NOT_SOLD for row in rows):
        write.error = None
    db.session.flush()
    work.commit()
