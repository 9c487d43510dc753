"""The counters of all processes as Prometheus reads them, each from the first scrape on: one that appears with its first burst hides it
from `increase()`. Where they are counted is `bookkeeping.metrics`'; gauges are `metrics`'.
"""

from collections.abc import Iterator
from itertools import product

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from redis import Redis
from redis.exceptions import RedisError

from bookkeeping import metrics
from bookkeeping.faults import CATALOGUE
from webapp.access.evidence import EVENTS

CALLS = ("batch", "write", "read", "query", "cdc", "report")
STATUSES = ("200", "400", "401", "403", "429", "500", "502", "503", "504", "none")
RUNS = (
    *(
        "poll",
        "reconcile",
        "sync",
        "preview",
        "check",
        "first",
        "nightly",
        "numbers",
        "tieout",
        "changes",
        "sign-in",
    ),
    *("lists", "practice"),
)
KNOWN: dict[str, tuple[tuple[str, ...], ...]] = {
    "tieout_operations": (
        *((outcome, "") for outcome in ("created", "updated", "deleted")),
        *product(("refused", "waiting"), sorted(CATALOGUE)),
    ),
    "tieout_runs": tuple(product(RUNS, ("done", "failed"))),
    "tieout_quickbooks_calls": tuple(product(CALLS, STATUSES)),
    "tieout_throttles": ((),),
    "tieout_security_events": tuple((event,) for event in (*EVENTS, "audit-log-changed")),
    "tieout_token_refreshes": (("renewed",), ("refused",), ("lost",)),
}
"""By counter the values of its labels that are there from the start, at 0. Others come when they are first counted."""


def counters(redis: Redis) -> Iterator[Metric]:
    """Yield every counter and the histogram of calls; nothing while Valkey is out of reach."""
    try:
        found = metrics.counted(redis)
    except RedisError:
        return
    split = {tuple(name.split("|")): value for name, value in found.items()}
    for name, (help_text, labels) in metrics.COUNTERS.items():
        family = CounterMetricFamily(name, help_text, labels=labels)
        values = dict.fromkeys(KNOWN[name], 0) | {
            parts[1:]: value
            for parts, value in split.items()
            if parts[0] == name and len(parts) == len(labels) + 1
        }
        for label_values, value in values.items():
            family.add_metric(label_values, value)
        yield family
    yield _latency(split)


def _latency(split: dict[tuple[str, ...], int]) -> Metric:
    family = HistogramMetricFamily(metrics.LATENCY, "Seconds that calls to QuickBooks took", labels=("kind",))
    bounds = [*(str(bound) for bound in metrics.BUCKETS), "+Inf"]
    for kind in sorted({*CALLS, *(parts[1] for parts in split if parts[0] == metrics.LATENCY)}):
        running, buckets = 0, []
        for bound in bounds:
            running += split.get((metrics.LATENCY, kind, bound), 0)
            buckets.append((bound, running))
        family.add_metric([kind], buckets, split.get((f"{metrics.LATENCY}_sum", kind), 0) / 1000)
    return family
