"""When a company is read from its platform again: soon while things happen there, ever more seldom while nothing does. Pure.

What asks for a reading at once (a wake-up of the platform, a person, a command) does not ask here.
"""

from datetime import datetime, timedelta

SLOWEST = 6
"""Times POLL_SECONDS: from 5 minutes to half an hour."""

SHARE_OF_QUIET = 12
"""A twelfth of the time for which nothing has happened: after an hour of quiet 5 minutes, after two 10, after six half an hour."""

SPREAD = 0.1


def next_reading(now: datetime, changed_at: datetime | None, seconds: int, chance: float) -> datetime:
    """Return when to read next, having read at `now` a platform whose newest change is of `changed_at`, None when it has none.

    `seconds` is the shortest time between two readings; `chance` in [0, 1) spreads companies that were read together, by up to a tenth.
    """
    shortest = timedelta(seconds=seconds)
    quiet = now - changed_at if changed_at is not None else timedelta(0)
    apart = min(max(quiet / SHARE_OF_QUIET, shortest), shortest * SLOWEST)
    return now + max(apart * (1 - SPREAD * chance), shortest)
