"""How long to wait before trying again after temporary errors. It never gives up."""

from datetime import timedelta

_LONGEST = timedelta(hours=1)
_SHORTEST = timedelta(minutes=1)


def retry_delay(failures: int, jitter: float) -> timedelta:
    """Return the wait after that many failures in a row: from 1 minute, doubling, to 1 hour.

    `jitter` in [0, 1) spreads the wait over the upper half of its range, so that many companies do not return at once.
    """
    doublings: int = 2 ** min(max(failures, 1), 10)
    longest = min(_LONGEST, _SHORTEST * doublings)
    return longest * (0.5 + jitter / 2)
