"""What was asked of the v3 API: a bounded log and counters for each company.

Core are writes (unmetered at Intuit), CorePlus the metered reads: by id, queries, change data capture and reports.
"""

from __future__ import annotations

import threading
from collections import Counter, deque

METERED = ("read", "query", "cdc", "report")
KEPT = 5000


class CallBook:
    """Log and counters by realm id, in memory only."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: dict[str, deque[dict]] = {}
        self._counters: dict[str, Counter] = {}
        self._metered: Counter = Counter()

    def add(self, realm_id: str, call: dict, month: str) -> None:
        """Write one call down; only successful ones are counted as Core or CorePlus."""
        with self._lock:
            self._calls.setdefault(realm_id, deque(maxlen=KEPT)).append(call)
            counters = self._counters.setdefault(realm_id, Counter())
            counters["calls"] += 1
            counters[f"status_{call['status']}"] += 1
            if call["status"] != 200 or call.get("fault"):
                return
            operation = call["operation"]
            counters[f"kind_{operation}"] += 1
            if operation in METERED:
                counters["coreplus"] += 1
                self._metered[month] += 1
            else:
                counters["core"] += 1

    def metered(self, month: str) -> int:
        """Return the metered reads of a month (YYYY-MM) over all companies."""
        with self._lock:
            return self._metered[month]

    def of(self, realm_id: str) -> dict:
        """Return the counters and the log of a company, oldest call first."""
        with self._lock:
            counters = dict(self._counters.get(realm_id, {}))
            return {"counters": counters, "calls": [dict(call) for call in self._calls.get(realm_id, ())]}

    def forget(self, realm_id: str) -> None:
        """Start the log and the counters of a company over."""
        with self._lock:
            self._calls.pop(realm_id, None)
            self._counters.pop(realm_id, None)
