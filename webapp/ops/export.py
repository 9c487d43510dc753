"""What ops look at as files: failing inspections, and all companies. Moments are UTC, since they are of companies in several zones."""

from collections.abc import Iterable

from bookkeeping.faults import CATALOGUE, fault
from bookkeeping.logbook import failures
from bookkeeping.logbook.companies import CompanyLine
from bookkeeping.storage.base import utcnow
from bookkeeping.storage.records.inspections import STATES
from webapp.frame.spreadsheets import Column, Table

FAILURE_COLUMNS = (
    Column("Company number", "number"),
    Column("Company"),
    Column("Inspection"),
    Column("Client"),
    Column("Address"),
    Column("Amount", "money"),
    Column("State"),
    Column("Code"),
    Column("Cause"),
    Column("Message"),
    Column("Held up since", "moment"),
    Column("Attempts", "number"),
    Column("Next try", "moment"),
)
COMPANY_COLUMNS = (
    Column("Company number", "number"),
    Column("Company"),
    Column("State"),
    Column("Held up", "money"),
    *(Column(f"{word}, inspections", "number") for word in STATES.values()),
    Column("Problems"),
    Column("Last sync", "moment"),
    Column("Platform last read", "moment"),
)


def failures_table(wanted: failures.FailureFilter) -> Table:
    """Return the failing inspections of the filter with their root causes, newest first."""
    rows = (
        (
            *(row.company_id, company, row.key, row.client_name, row.address, row.total),
            *(STATES.get(row.state, row.state), code, fault(code).title if code in CATALOGUE else ""),
            *(row.detail, row.held_since or row.polled_at, row.failures, row.next_try_at),
        )
        for row, code, company in failures.every_failure(wanted)
    )
    return Table(f"failures-{utcnow():%Y-%m-%d}", FAILURE_COLUMNS, rows)


def companies_table(lines: Iterable[CompanyLine]) -> Table:
    """Return these companies with how they stand."""
    rows = (
        (
            *(line.company.id, line.company.name, line.state, line.amount),
            *(line.counts.get(state, 0) for state in STATES),
            "; ".join(fault(code).title for code, _, _ in line.problems),
            *(line.company.last_sync_at, line.company.last_poll_at),
        )
        for line in lines
    )
    return Table(f"companies-{utcnow():%Y-%m-%d}", COMPANY_COLUMNS, rows)
