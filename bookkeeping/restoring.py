"""Whether *Restore ours* of a drifted document could go through now, asked of its Case. What restoring does to rows is `acts.questions`."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from bookkeeping.case import Case, build_cases
from bookkeeping.errors import RuleError
from bookkeeping.rules.actions import DeleteRefundReceipt
from bookkeeping.rules.hindering import Standing
from bookkeeping.rules.planning import Hindrance, plan
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.documents import Drift
from bookkeeping.storage.records.inspections import InspectionRow


def hindered_restores(
    company: Company, rows: Sequence[InspectionRow], drifts: Iterable[Drift], *, together: bool = False
) -> dict[int, Hindrance]:
    """Return, by drift, why *Restore ours* could not go through as things are: the plan is asked as if the person had chosen already.

    `together`: chosen for all of these drifts of the inspection at once, else for this one alone.
    """
    cases = {case.key: case for case in build_cases(company, rows)}
    of_case: dict[str, list[Drift]] = {}
    for drift in drifts:
        of_case.setdefault(drift.document.inspection_key, []).append(drift)
    found: dict[int, Hindrance] = {}
    for key, mine in of_case.items():
        case = cases.get(key)
        if case is None or case.left_alone:
            continue
        for drift in mine:
            because = _hinders_restoring(case, drift, mine if together else [drift])
            if because is not None:
                found[drift.id] = because
    return found


def _hinders_restoring(case: Case, drift: Drift, chosen: list[Drift]) -> Hindrance | None:
    document, place = drift.document, (drift.document.kind, drift.document.source_key)
    if case.parked is not None:
        return Hindrance(case.parked.code, case.parked.detail)
    if document.deposit_id:
        return Hindrance("deposited", f"It is part of Deposit {document.deposit_id}.")
    others = [one for one in case.live if one.id not in {each.document.id for each in chosen}]
    restored = [
        replace(one.document.known(), hands_off=False, fingerprint="")
        for one in chosen
        if one.kind != "deleted" and one.document.kind != "RefundReceipt"
    ]
    hinders = replace(
        case.hindrances, standing={**case.hindrances.standing, **dict(_as_theirs(one) for one in chosen)}
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


def _as_theirs(drift: Drift) -> tuple[tuple[str, str], Standing]:
    """Return how the document stands in QuickBooks now, which is theirs: QuickBooks refuses to move it out of closed books, too."""
    document = drift.document
    dated = date.fromisoformat(drift.theirs.get("TxnDate") or document.txn_date.isoformat())
    standing = replace(document.standing(), txn_date=min(dated, document.txn_date))
    return (document.kind, document.qbo_id), standing
