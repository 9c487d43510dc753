"""Everything that is measured, in Prometheus' words: counters of all processes from Valkey, gauges read from the database now.

`NAMES` are all metrics there are; the alert rules and the dashboard in docs/ops are checked against them.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy.exc import SQLAlchemyError

from bookkeeping import metrics
from bookkeeping.acts import ops as ops_acts
from bookkeeping.faults import fault
from bookkeeping.logbook import companies as ops_overview
from bookkeeping.logbook.failures import FailureFilter, failure_count
from bookkeeping.queue_health import QueueHealth, queue_health
from bookkeeping.queueing import Bell
from bookkeeping.storage.base import db, utcnow
from webapp.machines.counters import counters

GAUGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "tieout_up": ("Whether the part answers: 1 or 0", ("part",)),
    "tieout_companies": ("Companies by state", ("state",)),
    "tieout_failures": ("Inspections held up and not muted", ("code", "handling")),
    "tieout_failures_dollars": ("US dollars that they hold up", ("code",)),
    "tieout_failing_companies": ("Companies with something that fails and is not muted", ()),
    "tieout_rising_failures": ("Failures tried five times and more", ()),
    "tieout_stuck_calls": ("Calls to QuickBooks without an outcome for 15 minutes and more", ()),
    "tieout_stuck_runs": ("Runs that nobody has carried on for 20 minutes and more", ()),
    "tieout_lag_seconds": ("Age of the oldest change that could go to QuickBooks by itself", ()),
    "tieout_nightly_done": ("Companies through with the newest nightly run", ()),
    "tieout_nightly_total": ("Companies that take part in it", ()),
    "tieout_nightly_late": ("1 while the newest nightly run is late", ()),
    "tieout_nightly_slot_seconds": ("When the newest nightly slot was, Unix time", ()),
    "tieout_tick_age_seconds": ("Since when the tick was not seen", ()),
    "tieout_queue_depth": ("Rings that wait", ()),
    "tieout_queue_age_seconds": ("Age of the oldest ring that waits", ()),
    "tieout_workers": ("Workers that live", ()),
    "tieout_throttled_realms": ("QuickBooks companies that Intuit throttles now", ()),
    "tieout_metered_calls_month": ("Metered calls to QuickBooks this month (UTC)", ()),
    "tieout_metered_calls_quota": ("Metered calls that a month includes", ()),
    "tieout_mutes": ("Mutes that hold now", ()),
}
NAMES = frozenset(
    {
        *GAUGES,
        *(f"{name}_total" for name in metrics.COUNTERS),
        *(f"{metrics.LATENCY}_{part}" for part in ("bucket", "count", "sum")),
    }
)


class Tieout:
    """A collector for prometheus_client, which asks anew at every scrape. Needs an app context."""

    def __init__(self, bell: Bell) -> None:
        self._bell = bell

    def describe(self) -> Iterable[Metric]:
        """Tell nothing beforehand: registering must not ask the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every metric that can be had; what does not answer is missing and `tieout_up` says so."""
        queue = queue_health(self._bell)
        values: dict[str, list[tuple[tuple[str, ...], float]]] = {}
        database = _asked(lambda: _from_database(values))
        values["tieout_up"] = [(("database",), float(database)), (("queue",), float(not queue.problem))]
        if not queue.problem:
            _from_queue(queue, values)
        for name, (help_text, labels) in GAUGES.items():
            family = GaugeMetricFamily(name, help_text, labels=labels)
            for label_values, value in values.get(name, []):
                family.add_metric(label_values, value)
            yield family
        yield from counters(self._bell.redis)


def _asked(ask: Callable[[], Any]) -> bool:
    try:
        ask()
    except SQLAlchemyError:
        db.session.rollback()
        return False
    return True


def _from_database(values: dict[str, Any]) -> None:
    lines = ops_overview.company_lines()
    groups, companies, _amount = ops_overview.everything_that_fails(lines)
    by_code: dict[str, list[Any]] = {}
    for group in groups:
        by_code.setdefault(group.code, []).append(group)
    values["tieout_companies"] = [
        ((state,), count) for state, count in ops_overview.state_counts(lines).items()
    ]
    values["tieout_failures"] = [
        ((code, fault(code).handling), sum(one.count or len(one.companies) for one in same))
        for code, same in by_code.items()
    ]
    values["tieout_failures_dollars"] = [
        ((code,), float(sum(one.amount for one in same))) for code, same in by_code.items()
    ]
    night = ops_overview.newest_night(lines)
    plain = {
        "tieout_failing_companies": companies,
        "tieout_rising_failures": failure_count(FailureFilter(rising=True)),
        "tieout_stuck_calls": ops_overview.stuck_call_count(),
        "tieout_stuck_runs": ops_overview.stuck_run_count(),
        "tieout_lag_seconds": _age(ops_overview.oldest_unsynced(lines)),
        "tieout_metered_calls_month": ops_overview.metered_calls_this_month(),
        "tieout_metered_calls_quota": ops_overview.METERED_QUOTA,
        "tieout_mutes": len(ops_acts.live_mutes()),
    }
    if night is not None:
        plain |= {
            "tieout_nightly_done": night.done,
            "tieout_nightly_total": night.total,
            "tieout_nightly_late": int(night.late),
            "tieout_nightly_slot_seconds": night.slot.timestamp(),
        }
    seen = ops_overview.heartbeats().get("tick")
    if seen is not None:
        plain["tieout_tick_age_seconds"] = _age(seen)
    values |= {name: [((), float(value))] for name, value in plain.items()}


def _from_queue(queue: QueueHealth, values: dict[str, Any]) -> None:
    plain = {
        "tieout_queue_depth": queue.depth,
        "tieout_queue_age_seconds": _age(queue.oldest),
        "tieout_workers": queue.alive,
        "tieout_throttled_realms": len(queue.paused_companies),
    }
    values.update({name: [((), float(value))] for name, value in plain.items()})


def _age(at: datetime | None) -> float:
    return max((utcnow() - at).total_seconds(), 0.0) if at else 0.0
