"""What people are asked as files: what was changed in QuickBooks, what is left as it is there, and clients without their Customer."""

from collections.abc import Iterable

from bookkeeping.logbook import pages as logbook
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.documents import CustomerLink
from webapp.frame.spreadsheets import Column, Table
from webapp.questions.drift_cards import DriftCard
from webapp.questions.left import Left

DRIFT_COLUMNS = (
    Column("Document"),
    Column("Inspection"),
    Column("Client"),
    Column("What happened"),
    Column("What changed"),
    Column("As we wrote it"),
    Column("As QuickBooks has it"),
    Column("Amount as we wrote it", "money"),
    Column("Found", "moment"),
)
LEFT_COLUMNS = (
    Column("Document"),
    Column("Inspection"),
    Column("Client"),
    Column("What differs"),
    Column("Amount in QuickBooks", "money"),
    Column("Chosen by"),
    Column("Chosen", "moment"),
)
CLIENT_COLUMNS = (
    Column("Client"),
    Column("Why it is asked"),
    Column("Customers that fit"),
    Column("Inspections that wait", "number"),
    Column("Amount that waits", "money"),
)


def drift_table(company: Company, cards: Iterable[DriftCard]) -> Table:
    """Return a row for each document that was changed and is not settled."""
    rows = (
        (
            one.name,
            one.drift.document.inspection_key,
            one.inspection.client_name if one.inspection else "",
            one.happened,
            "; ".join(label for label, _, _ in one.fields),
            "; ".join(ours for _, ours, _ in one.fields),
            "; ".join(theirs for _, _, theirs in one.fields),
            one.drift.document.total,
            one.drift.found_at,
        )
        for one in cards
    )
    return Table("changed-in-quickbooks", DRIFT_COLUMNS, rows, company.time_zone)


def left_table(company: Company, found: Iterable[Left]) -> Table:
    """Return a row for each document that is left as in QuickBooks."""
    rows = (
        (
            one.name,
            one.drift.document.inspection_key,
            one.inspection.client_name if one.inspection else "",
            one.sentence,
            one.total,
            one.drift.settled_by,
            one.drift.settled_at,
        )
        for one in found
    )
    return Table("left-as-in-quickbooks", LEFT_COLUMNS, rows, company.time_zone)


def clients_table(company: Company, links: list[CustomerLink]) -> Table:
    """Return a row for each client of whom somebody must say which Customer it is."""
    waiting = logbook.waiting_for_clients(company.id, [link.client_key for link in links])
    rows = (
        (
            link.display_name or link.client_key,
            link.because,
            "; ".join(one["display_name"] for one in link.candidates),
            len(waiting[link.client_key]),
            sum(row.total for row in waiting[link.client_key]),
        )
        for link in links
    )
    return Table("clients-to-settle", CLIENT_COLUMNS, rows, company.time_zone)
