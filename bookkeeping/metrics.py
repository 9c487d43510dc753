"""Counters of all processes together, kept in Valkey: what a process did since Valkey was new. The web app shows them at /metrics.

Counting never fails what it counts: without Valkey a count is lost. Gauges are not kept; they are read when somebody asks.
"""

from collections import Counter
from collections.abc import Iterable

from redis import Redis
from redis.exceptions import RedisError

KEY = "tieout:counters"
BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds, in seconds, of the histogram of calls to QuickBooks."""

COUNTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "tieout_operations": ("Writes to QuickBooks that were settled", ("outcome", "code")),
    "tieout_runs": ("Runs that ended", ("kind", "state")),
    "tieout_quickbooks_calls": ("HTTP calls to QuickBooks", ("kind", "status")),
    "tieout_throttles": ("Calls that QuickBooks answered with 429", ()),
    "tieout_security_events": ("What was refused or guessed wrong (docs/security.md)", ("event",)),
    "tieout_token_refreshes": ("Access tokens renewed or refused", ("result",)),
}
LATENCY = "tieout_quickbooks_call_seconds"


def count(redis: Redis, name: str, *labels: str, by: int = 1) -> None:
    """Add to a counter of `COUNTERS`; `labels` are the values in its order."""
    if len(labels) != len(COUNTERS[name][1]):
        raise ValueError(f"{name} has the labels {COUNTERS[name][1]}")
    _add(redis, {"|".join((name, *labels)): by})


def count_operations(redis: Redis, settled: Iterable[tuple[str, str]]) -> None:
    """Count writes that were settled, each as (outcome, catalogue code or "")."""
    found = Counter(settled)
    _add(redis, {f"tieout_operations|{outcome}|{code}": by for (outcome, code), by in found.items()})


def count_call(redis: Redis, kind: str, status: int | None, seconds: float) -> None:
    """Count one HTTP call to QuickBooks with how long it took; `status` None when no answer came."""
    bucket = next((str(bound) for bound in BUCKETS if seconds <= bound), "+Inf")
    added = {
        f"tieout_quickbooks_calls|{kind}|{status or 'none'}": 1,
        f"{LATENCY}|{kind}|{bucket}": 1,
        f"{LATENCY}_sum|{kind}": max(1, round(seconds * 1000)),
    }
    if status == 429:
        added["tieout_throttles"] = 1
    _add(redis, added)


def counted(redis: Redis) -> dict[str, int]:
    """Return every counter by "name|label|label"; sums of the histogram are in milliseconds.

    Raises:
        RedisError: Valkey is out of reach.
    """
    return {_text(name): int(value) for name, value in redis.hgetall(KEY).items()}


def _add(redis: Redis, added: dict[str, int]) -> None:
    try:
        pipeline = redis.pipeline(transaction=False)
        for name, by in added.items():
            pipeline.hincrby(KEY, name, by)
        pipeline.execute()
    except RedisError:
        return


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
