"""The practice run: every document worked out as a sync would, counted, and not sent. Then possible doubles, looked for in QuickBooks.

It reads lists and documents and writes nothing but the run's own result.
"""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from sqlalchemy import select

from bookkeeping.case import Case, build_cases, whom_to_bill
from bookkeeping.quickbooks_gateway.gateway import quote
from bookkeeping.quickbooks_gateway.reading import Seen, seen
from bookkeeping.rules.customers import Ask, NameIndex, NamesWanted, Use
from bookkeeping.rules.hindering import describe
from bookkeeping.rules.inspection import BookSettings
from bookkeeping.rules.money import ZERO
from bookkeeping.rules.names import name_key
from bookkeeping.rules.planning import CreateInvoice, CreatePayment
from bookkeeping.rules.practice import NEAR, Tally, same_client
from bookkeeping.storage.base import db
from bookkeeping.storage.company.items import item_ids
from bookkeeping.storage.company.names import emails_of_customers, names_like
from bookkeeping.storage.records.documents import CustomerLink, Document, LegacyReceipt, open_credits
from bookkeeping.storage.records.inspections import InspectionRow
from worker.holding.progress import tell
from worker.holding.work import SLICE_INSPECTIONS, Work
from worker.reconciling.items import Sale

MOST_DOUBLES = 200


def practise(work: Work) -> bool:
    """Work out the next inspections; True when all are counted and the result is on the run.

    The run's parameter `from` (ISO date) takes the place of the start date, to see what earlier inspections would bring.
    """
    run = work.run
    standing = run.parameters.get("standing") or {"after": 0, "tally": {}}
    tally, after = Tally.from_json(standing["tally"]), standing["after"]
    settings = _settings(work)
    known = set(item_ids(work.company_id))
    work.commit()
    while True:
        rows = _next(work, after)
        if not rows:
            break
        cases = build_cases(work.company, rows, settings=settings)
        called = [case.desired.customer.display_name for case in cases if case.desired.customer is not None]
        index = NameIndex(names_like(work.company_id, NamesWanted.of(called)))
        for case in cases:
            _count(tally, case, index, known)
        after = rows[-1].id
        tell(
            work, f"Working out documents: {tally.inspections} inspections looked at", done=tally.inspections
        )
        work.lease.renew()
        if work.slice_over:
            run = work.run
            run.parameters = {**run.parameters, "standing": {"after": after, "tally": tally.as_json()}}
            work.commit()
            return False
    doubles = _doubles(work, tally, settings)
    run = work.run
    run.parameters = {name: value for name, value in run.parameters.items() if name != "standing"}
    credit = sum(open_credits(work.company_id, tally.billed).values(), ZERO)
    run.result = {**run.result, **tally.summary(), "doubles": doubles, "credit": f"{credit:.2f}"}
    tell(work, "Nothing was sent")
    work.commit()
    return True


def _settings(work: Work) -> BookSettings:
    day = work.run.parameters.get("from")
    return work.company.book_settings(start_date=date.fromisoformat(day) if day else None)


def _next(work: Work, after: int) -> list[InspectionRow]:
    rows = select(InspectionRow).where(InspectionRow.company_id == work.company_id, InspectionRow.id > after)
    return list(db.session.scalars(rows.order_by(InspectionRow.id).limit(SLICE_INSPECTIONS)))


def _count(tally: Tally, case: Case, index: NameIndex, known: set[str]) -> None:
    tally.inspections += 1
    amount = case.inspection.total
    if case.parked is not None:
        tally.leave_out(case.parked.code, amount)
        return
    if not case.eligibility.in_books:
        tally.leave_out(case.eligibility.reason, amount)
    for waiting in case.waits:
        if not waiting.depends:
            _, waits_for, _ = describe(waiting.action, case.hindrances.known(waiting.action))
            tally.leave_out(waiting.because.code, waits_for)
    plan = case.plan
    if plan is None:
        return
    for action in plan.actions:
        match action:
            case CreateInvoice():
                tally.invoice(action.desired.txn_date, action.desired.total)
            case CreatePayment():
                tally.payment(action.desired.txn_date, action.desired.amount)
            case _:
                tally.change(f"{action.kind} {action.verb}")
        if isinstance(action, Sale):
            for line in action.desired.lines:
                if not line.item_id and name_key(line.item) not in known:
                    tally.names[line.item] = tally.names.get(line.item, 0) + 1
    if isinstance(plan.invoice, CreateInvoice):
        _count_client(tally, case, index)


def _count_client(tally: Tally, case: Case, index: NameIndex) -> None:
    customer = case.billed
    if case.customer_id is not None:
        tally.billed[case.customer_id] = tally.billed.get(case.customer_id, 0) + 1
    if customer.client_key in tally.clients:
        return
    if case.customer_id is not None:
        tally.clients[customer.client_key] = "use"
        return
    answer = whom_to_bill(customer, case.inspection.address.line1, case.link, index)
    kinds = {Use: "use", Ask: "ask"}
    tally.clients[customer.client_key] = kinds.get(type(answer), "create")


def _doubles(work: Work, tally: Tally, settings: BookSettings) -> list[dict[str, str]]:
    """Return documents in QuickBooks, not ours, that look like ones that would be made: same client, same amount, near day."""
    if not tally.first:
        return []
    tell(work, "Looking for doubles in QuickBooks")
    work.commit()
    first = (date.fromisoformat(tally.first) - NEAR).isoformat()
    last = (date.fromisoformat(tally.last) + NEAR).isoformat()
    where = f"TxnDate >= {quote(first)} AND TxnDate <= {quote(last)}"
    emails = {qbo_id: emails.split(",") for qbo_id, emails in emails_of_customers(work.company_id).items()}
    ours = _our_ids(work)
    work.commit()
    suspects: list[tuple[InspectionRow, Seen]] = []
    for kind in ("Invoice", "SalesReceipt"):
        work.before_call()
        for row in work.gateway.query_all(kind, where):
            one = seen(kind, row)
            if (kind, one.qbo_id) not in ours and one.total and len(suspects) < MOST_DOUBLES * 2:
                suspects += [(match, one) for match in _matches(work, one, emails)]
        work.commit()
    rows = {match.id: match for match, _ in suspects}
    cases = {case.row_id: case for case in build_cases(work.company, list(rows.values()), settings=settings)}
    wanted = [
        _double(match, one)
        for match, one in suspects
        if (plan := cases[match.id].plan) is not None and isinstance(plan.invoice, CreateInvoice)
    ]
    return wanted[:MOST_DOUBLES]


def _our_ids(work: Work) -> set[tuple[str, str]]:
    rows = select(Document.kind, Document.qbo_id).where(Document.company_id == work.company_id)
    receipts = select(LegacyReceipt.receipt_id).where(LegacyReceipt.company_id == work.company_id)
    ours = {(kind, qbo_id) for kind, qbo_id in db.session.execute(rows)}
    return ours | {("SalesReceipt", receipt_id) for receipt_id in db.session.scalars(receipts)}


def _matches(work: Work, one: Seen, emails: dict[str, list[str]]) -> list[InspectionRow]:
    if one.txn_date is None:
        return []
    noon = datetime.combine(one.txn_date, time(12), UTC)
    margin = NEAR + timedelta(hours=12)
    rows = select(InspectionRow).where(
        InspectionRow.company_id == work.company_id,
        InspectionRow.starts_at.between(noon - margin, noon + margin),
        InspectionRow.total == one.total,
    )
    found = []
    for row in db.session.scalars(rows.limit(50)):
        client = row.record.get("client") or {}
        link = db.session.get(CustomerLink, (work.company_id, row.client_key))
        linked = link is not None and link.qbo_id and link.qbo_id == one.customer_id
        our_emails = str(client.get("email") or "").split(",")
        if linked or same_client(
            row.client_name, one.customer_name, our_emails, emails.get(one.customer_id, ())
        ):
            found.append(row)
    return found


def _double(row: InspectionRow, one: Seen) -> dict[str, str]:
    return {
        "inspection": row.key,
        "client": row.client_name,
        "starts_at": row.starts_at.isoformat(),
        "total": f"{Decimal(one.total):.2f}",
        "kind": one.entity_name,
        "qbo_id": one.qbo_id,
        "number": one.doc_number,
        "customer": one.customer_name,
        "day": one.txn_date.isoformat() if one.txn_date else "",
    }
