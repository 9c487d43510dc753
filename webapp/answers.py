"""Whether inspections belong in the books, as the rules answer now with all that our records know beside them."""

from collections.abc import Iterable

from bookkeeping.logbook import pages as logbook
from bookkeeping.rules.eligibility import Eligibility, eligibility
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.records.migrations import frozen_sides


def answers(company: Company, rows: Iterable[InspectionRow]) -> dict[str, Eligibility]:
    """Return the rules' answer for each of the company's inspections, by the platform's id."""
    by_key = {row.key: row for row in rows}
    settings, keys = company.book_settings(), list(by_key)
    receipts, sides = logbook.with_receipts(company.id, keys), frozen_sides(company, keys)
    return {
        key: eligibility(row.inspection(), settings, has_receipt=key in receipts, side=sides.get(key))
        for key, row in by_key.items()
    }
