"""The gateway's throttle: requests a minute, a second and in flight, batches a minute, counted over sliding windows.

Real time is used, not the stand-in's clock. Refused requests do not count.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from typing import Any


class Limits:
    """Counts what each company and app have sent lately."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sent: dict[tuple, deque[float]] = {}
        self._in_flight: Counter = Counter()

    def _count(self, key: tuple, seconds: int, now: float) -> int:
        times = self._sent.setdefault(key, deque())
        while times and times[0] <= now - seconds:
            times.popleft()
        return len(times)

    def enter(self, realm_id: str, client_id: str, is_batch: bool, settings: dict[str, Any]) -> str | None:
        """Let one request in, or return the name of the limit that is reached. Every one let in must `leave`."""
        now = time.monotonic()
        app = (realm_id, client_id)
        windows = [
            (("minute", realm_id), 60, "requests_per_minute"),
            (("second", *app), 1, "requests_per_second"),
        ]
        if is_batch:
            windows.append((("batch", *app), 60, "batches_per_minute"))
            windows.append((("batch", realm_id), 60, "batches_per_minute_per_realm"))
        with self._lock:
            if settings["limits"]:
                if self._in_flight[app] >= settings["concurrency"]:
                    return "concurrency"
                for key, seconds, name in windows:
                    if self._count(key, seconds, now) >= settings[name]:
                        return name
            for key, seconds, _ in windows:
                self._count(key, seconds, now)
                self._sent[key].append(now)
            self._in_flight[app] += 1
        return None

    def leave(self, realm_id: str, client_id: str) -> None:
        """A request let in is answered."""
        with self._lock:
            self._in_flight[realm_id, client_id] -= 1

    def forget(self) -> None:
        """Empty all windows."""
        with self._lock:
            self._sent.clear()
