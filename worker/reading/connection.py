"""When QuickBooks as a whole lets us do nothing: what then holds the company back, what lifts it, and who is told.

blocked   the subscription has lapsed or a permission is missing (`facts["blocked"]`): we are let in, but no write is taken
reconnect we are not let in any more; an owner has to consent again

Nothing is lost by either: what is due stays due or is released, what was sent stays in the journal.
"""

from zoneinfo import ZoneInfo

from bookkeeping.errors import NotConnectedError
from bookkeeping.faults import fault
from bookkeeping.storage.base import utcnow
from bookkeeping.storage.people.notices import notify_once
from bookkeeping.storage.work.tokens import ConnectionTokens
from worker.holding.blocks import block, blocked_by, hold_all, note_looked
from worker.holding.work import Work
from worker.reading.company import read_facts, revoke_leftover


def still_blocked(work: Work) -> str:
    """Return what blocks the company, after a fresh look if anybody but the clock asked for this run: once a run.

    Raises:
        NotConnectedError, TemporaryError: the fresh look was not possible.
    """
    code = blocked_by(work)
    if not code or work.run.reason == "scheduled" or work.run.parameters.get("looked_again"):
        return code
    note_looked(work)
    read_facts(work)
    return blocked_by(work)


def stop_working(work: Work, error: NotConnectedError) -> None:
    """Note, and commit, that QuickBooks as a whole refuses us: no further call that must fail is made."""
    connection = work.connection
    if connection is None or not connection.usable:
        _give_back(work)
        return
    if fault(error.code).blocks_writes:
        block(work, error.code)
        hold_all(work, error.code)
    elif connection.connected_at < (
        work.run.started_at or utcnow()
    ):  # A consent given meanwhile is not touched.
        version = connection.version
        work.commit()
        ConnectionTokens(work.company_id).mark_reconnect_needed(version, error.code, error.detail)
        work.forget_gateway()
        _give_back(work)


def _give_back(work: Work) -> None:
    """Revoke what is left of a consent that did not open the realm that came with it."""
    work.commit()
    revoke_leftover(work, ConnectionTokens(work.company_id).take_leftover())


def renew_sign_in(work: Work) -> bool:
    """Find out whether Intuit still lets us in, without reading anything: renewing the sign-in is not metered.

    Raises:
        NotConnectedError: it does not; noted, and an owner told.
    """
    work.gateway.renew_sign_in()
    return True


def warn_of_expiry(work: Work) -> bool:
    """Tell the owner, 30 days ahead, by when QuickBooks must be reconnected."""
    connection = work.connection
    by = connection.reconnect_by if connection is not None and connection.reconnect_soon else None
    if by is not None:
        day = by.astimezone(ZoneInfo(work.company.time_zone)).date()
        more = f"Reconnect by {day:%B} {day.day}, {day.year}."
        notify_once(work.company_id, "reconnect-soon", day.isoformat(), more=more)
    work.commit()
    return True
