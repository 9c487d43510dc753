"""Whether *Restore ours* of a drifted document could go through now, asked of its Case. What restoring does to rows is `acts.questions`."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from bookkeeping.case import Case, build_cases
from bookkeeping.errors import RuleError
from bookkeeping.rules.actions import DeleteRefundReceipt
from bookkeeping.rules.planning import Hindrance, plan
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.documents import Drift
from bookkeeping.storage.records.inspections import InspectionRow


def hindered_restores(
    company: Company, rows: Sequence[InspectionRow], drifts: Iterable[Drift]
) -> dict[int, Hindrance]:
    """Return, by drift, why *Restore ours* could not go through as things are: the plan is asked as if the person had chosen already."""
    cases = {case.key: case for case in build_cases(company, rows)}
    found: dict[int, Hindrance] = {}
    for drift in drifts:
        case = cases.get(drift.document.inspection_key)
        because = _hinders_restoring(case, drift) if case is not None and not case.left_alone else None
        if because is not None:
            found[drift.id] = because
    return found


def _hinders_restoring(case: Case, drift: Drift) -> Hindrance | None:
    document, place = drift.document, (drift.document.kind, drift.document.source_key)
    if case.parked is not None:
        return Hindrance(case.parked.code, case.parked.detail)
    if document.deposit_id:
        return Hindrance("deposited", f"It is part of Deposit {document.deposit_id}.")
    others = [one for one in case.live if one.id != document.id]
    restored = [] if drift.kind == "deleted" else [replace(document.known(), hands_off=False, fingerprint="")]
    # What stands in QuickBooks now is theirs: QuickBooks refuses to move it out of closed books, too.
    dated = date.fromisoformat(drift.theirs.get("TxnDate") or document.txn_date.isoformat())
    standing = replace(document.standing(), txn_date=min(dated, document.txn_date))
    hinders = replace(
        case.hindrances, standing={**case.hindrances.standing, (document.kind, document.qbo_id): standing}
    )
    if document.kind == "RefundReceipt":
        return hinders(DeleteRefundReceipt(document.known()))
    around = (one for one in others if one.kind != "RefundReceipt")
    known = [*restored, *(one.known(history=one.frozen) for one in around)]
    try:
        way = plan(case.desired, known, case.billed_to, case.last_generations, hinders)
    except RuleError as error:
        return Hindrance(error.code, error.detail)
    waiting = next((one.because for one in way.waits if one.action.place == place), None)
    if waiting is None and any((one.kind, one.source_key) == place for one in way.held):
        return Hindrance(
            "drift", "Another document of this inspection was changed, too: settle that one as well."
        )
    return waiting
