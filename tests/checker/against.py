"""Asks the stand-ins what is so, and fails the test where the books are not exact. Default options, unless said otherwise."""

from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tests.checker.compare import check_books
from tests.checker.facts import Options
from tests.checker.history import check_history

if TYPE_CHECKING:
    from tests.functional.office import Office


def assert_books_exact(
    office: "Office", where: str = "", *, since: date | None = None, invoices_ever: int | None = None
) -> None:
    """Fail unless the realm holds exactly what the platform's inspections should have, and did at every moment.

    `since` is the sync start date, today in the office's time zone by default. `invoices_ever`: how many Invoices may ever have been
    made, deleted ones included, so that a double which was taken away again is found too.
    """
    truth = office.platform.get(f"/_standin/companies/{office.platform_id}/inspections")
    start = since or datetime.now(ZoneInfo(office.time_zone)).date()
    books, history = office.books(), office.history()
    findings = check_books(truth, Options(office.time_zone, start), books, history) + check_history(history)
    assert not findings, f"{where}: " + "\n".join(map(str, findings))
    if invoices_ever is not None:
        made = len(books["Invoice"]) + len(books["deleted"].get("Invoice", []))
        assert made == invoices_ever, f"{where}: {made} Invoices were ever made, not {invoices_ever}"
