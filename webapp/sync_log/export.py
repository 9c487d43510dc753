"""The sync log as files: its operations, and its runs."""

from collections.abc import Callable, Iterator
from typing import Any

from bookkeeping.faults import CATALOGUE, fault
from bookkeeping.logbook import pages as logbook
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.paging import every_row
from bookkeeping.storage.work.journal import OUTCOMES, Operation
from webapp.frame.spreadsheets import Column, Table
from webapp.sync_log.words import operation_title, run_counts, run_title

A_TIME = 2_000
"""In an order without an index each time costs a look at all of them."""
OPERATION_COLUMNS = (
    Column("When", "moment"),
    Column("What"),
    Column("Outcome"),
    Column("Kind"),
    Column("Number"),
    Column("Inspection"),
    Column("Client and address"),
    Column("Amount", "money"),
    Column("Cause"),
    Column("Message"),
    Column("Reference number"),
    Column("QuickBooks id"),
)
RUN_COLUMNS = (
    Column("Started", "moment"),
    Column("Finished", "moment"),
    Column("Run"),
    Column("Asked for by"),
    Column("State"),
    Column("What came of it"),
    Column("QuickBooks calls", "number"),
    Column("Problems"),
)
_RUN_STATES = {"queued": "Queued", "running": "Running", "done": "Done", "failed": "Problems"}


def operations_table(company: Company, wanted: logbook.OperationFilter) -> Table:
    """Return the operations of the filter in its order."""
    pages = every_row(lambda position: logbook.operations_page(company.id, wanted, position, A_TIME))
    return Table("sync-log", OPERATION_COLUMNS, _lines(pages, _operation), company.time_zone)


def runs_table(company: Company, *, idle: bool) -> Table:
    """Return the runs, newest first; `idle`: those that found nothing to do, too."""
    pages = every_row(lambda position: logbook.runs_page(company.id, position, A_TIME, idle=idle))
    return Table("runs", RUN_COLUMNS, _lines(pages, _run), company.time_zone)


def _lines(pages: Iterator[list[Any]], line: Callable[[Any], tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    return (line(one) for rows in pages for one in rows)


def _operation(one: Operation) -> tuple[Any, ...]:
    return (
        one.settled_at or one.created_at,
        operation_title(one),
        OUTCOMES.get(one.outcome, one.outcome),
        one.kind,
        one.doc_number,
        one.inspection_key,
        one.subject,
        one.amount,
        fault(one.code).title if one.code in CATALOGUE else one.code,
        one.detail,
        one.reference or (one.call.reference if one.call else ""),
        one.qbo_id,
    )


def _run(one: Any) -> tuple[Any, ...]:
    problems = "; ".join(fault(problem["code"]).title for problem in one.problems)
    state = _RUN_STATES.get(one.state, one.state)
    begun = (one.started_at or one.queued_at, one.finished_at)
    return (*begun, run_title(one), one.asked_by, state, run_counts(one), one.calls, problems)
