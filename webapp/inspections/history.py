"""What became of one inspection in the books, in order: our writes, what people did about it, and what was changed in QuickBooks.

Its History and *Explain this number* both tell this, so that neither leaves out what the other has.
"""

from dataclasses import dataclass
from datetime import datetime

from bookkeeping.acts.questions import called
from bookkeeping.logbook.drift_names import fields_in_names
from bookkeeping.storage.records.numbers import acts_about, drifts_of, runs_by_id
from bookkeeping.storage.work.journal import Operation
from webapp.inspections.trace import Trace
from webapp.people.audit_words import act_of
from webapp.questions.drift_cards import DriftCard
from webapp.sync_log.words import operation_title, run_title


@dataclass(frozen=True)
class Happening:
    """One thing that was done: when, by whom, what. `operation` is the write of ours that it is, `word` the state's word of a change found."""

    at: datetime
    who: str
    what: str
    operation: Operation | None = None
    word: str = ""


def happenings(trace: Trace) -> list[Happening]:
    """Return who did what to the documents, newest first: our writes with what set them off, people's acts, changes found."""
    company_id = trace.company.id
    runs = runs_by_id(company_id, sorted({one.run_id for one in trace.operations if one.run_id}))
    found = []
    for one in trace.operations:
        run = runs.get(one.run_id) if one.run_id is not None else None
        who = f"Tieout: {run_title(run)}" if run else "Tieout"
        qbo_id = f" ({one.kind} {one.qbo_id})" if one.qbo_id else ""
        found.append(Happening(one.settled_at or one.created_at, who, operation_title(one) + qbo_id, one))
    names = {
        name
        for one in trace.documents
        for name in (called(one), f"{one.kind} {one.doc_number or one.source_key}")
    }
    for act in acts_about(company_id, [trace.key, *sorted(names)]):
        found.append(Happening(act.at, act.who, act_of(act)))
    drifts = drifts_of(company_id, [one.id for one in trace.documents])
    named = fields_in_names(company_id, drifts)
    number = trace.invoice.doc_number if trace.invoice else ""
    for drift in drifts:
        card = DriftCard(drift, trace.row, number, booked=True, named=named[drift.id])
        found.append(
            Happening(
                drift.theirs_changed_at or drift.found_at,
                "Somebody in QuickBooks",
                f"{card.name} {card.happened}",
                word="drift",
            )
        )
    return sorted(found, key=lambda one: one.at, reverse=True)
