"""How hard one realm may be asked: in flight, per second, per minute, batches per minute, and the pause after a 429.

`RedisLimiter` shares these between all workers through one Lua script; `LocalLimiter` is its twin within one process, for unit tests
and, at a crawl, for the time Redis cannot be reached. Neither ever means "unlimited".
"""

import itertools
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

import redis

from bookkeeping.errors import ThrottledError
from bookkeeping.quickbooks_gateway.config import IntuitConfig, utc_now

LONGEST_WAIT_SECONDS = 20.0  # Shorter than any lease: a longer wait goes back to the queue instead.
_POLL_SECONDS = 0.05  # How often a full house is looked at again.

Permit = AbstractContextManager[None]


class Limiter(Protocol):
    """Shared limits of all realms."""

    def acquire(self, realm_id: str, *, batch: bool) -> Permit:
        """Return a context manager that holds one place in flight. Blocks for a bounded time.

        Raises:
            ThrottledError: it would take longer; `not_before` says until when.
        """

    def pause(self, realm_id: str, seconds: float) -> None:
        """Let nobody through to this realm for so long; never shortens a pause."""

    def paused_until(self, realm_id: str) -> datetime | None:
        """Return the end of the pause, aware UTC, or None."""


# KEYS: in flight, calls, batches, paused. ARGV: permit, batch (1 or 0), concurrency, per second, per minute, batches per minute,
# milliseconds after which a silent holder's place is free. Returns 0 when granted, else the milliseconds to wait.
_ACQUIRE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local paused = redis.call('PTTL', KEYS[4])
if paused > 0 then return paused end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - 60000)
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - 60000)
local function full(key, limit, window)
  local first = redis.call('ZREVRANGE', key, limit - 1, limit - 1, 'WITHSCORES')
  if #first == 0 then return 0 end
  return math.max(0, tonumber(first[2]) + window - now)
end
local wait = math.max(full(KEYS[2], tonumber(ARGV[4]), 1000), full(KEYS[2], tonumber(ARGV[5]), 60000))
if ARGV[2] == '1' then wait = math.max(wait, full(KEYS[3], tonumber(ARGV[6]), 60000)) end
if wait > 0 then return wait end
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return 1 end
redis.call('ZADD', KEYS[1], now + ARGV[7], ARGV[1])
redis.call('ZADD', KEYS[2], now, ARGV[1])
if ARGV[2] == '1' then redis.call('ZADD', KEYS[3], now, ARGV[1]) end
for _, key in ipairs({KEYS[1], KEYS[2], KEYS[3]}) do redis.call('PEXPIRE', key, 120000) end
return 0
"""


class RedisLimiter:
    """The shared limiter. `client` should have socket timeouts, so that an unreachable server is noticed.

    `named`: what stands for the realm in the server's keys, so that no realm id does; the realm itself without one.
    """

    def __init__(
        self,
        client: redis.Redis,
        config: IntuitConfig,
        *,
        clock: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], None] = time.sleep,
        max_wait: float = LONGEST_WAIT_SECONDS,
        named: str = "",
    ) -> None:
        self._redis, self._config, self._clock, self._sleep = client, config, clock, sleep
        self._named = named
        self.max_wait = max_wait  # May be changed while calls wait: each asks for it when it begins.
        self._script = client.register_script(_ACQUIRE)
        crawl = replace(config, concurrency=1, requests_per_second=1, requests_per_minute=60)
        self._crawl = LocalLimiter(crawl, clock=clock, sleep=sleep, max_wait=max_wait)

    @contextmanager
    def acquire(self, realm_id: str, *, batch: bool) -> Iterator[None]:
        """See `Limiter`. Without Redis: one call at a time, one a second, within this process."""
        permit = uuid.uuid4().hex
        try:
            _wait(lambda: self._ask(realm_id, permit, batch), self._clock, self._sleep, self.max_wait)
        except redis.RedisError:
            with self._crawl.acquire(realm_id, batch=batch):
                yield
            return
        try:
            yield
        finally:
            self._release(realm_id, permit)

    def pause(self, realm_id: str, seconds: float) -> None:
        """See `Limiter`."""
        self._crawl.pause(realm_id, seconds)
        key, milliseconds = self._keys(realm_id)[3], max(1, int(seconds * 1000))
        try:
            if not self._redis.set(key, "1", px=milliseconds, nx=True):
                self._redis.pexpire(key, milliseconds, gt=True)
        except redis.RedisError:
            return  # The crawl knows it, and so does the error the caller is about to raise.

    def paused_until(self, realm_id: str) -> datetime | None:
        """See `Limiter`."""
        try:
            left = self._redis.pttl(self._keys(realm_id)[3])
        except redis.RedisError:
            return self._crawl.paused_until(realm_id)
        return self._clock() + timedelta(milliseconds=left) if left > 0 else None

    def _ask(self, realm_id: str, permit: str, batch: bool) -> float:
        config = self._config
        held = int((sum(config.timeout) + 25) * 1000)
        limits = [
            config.concurrency,
            config.requests_per_second,
            config.requests_per_minute,
            config.batches_per_minute,
        ]
        milliseconds = int(self._script(keys=self._keys(realm_id), args=[permit, int(batch), *limits, held]))
        return milliseconds / 1000

    def _release(self, realm_id: str, permit: str) -> None:
        try:
            self._redis.zrem(self._keys(realm_id)[0], permit)
        except redis.RedisError:
            return  # The place frees itself when its time is up.

    def _keys(self, realm_id: str) -> list[str]:
        tag = self._named or realm_id
        return [f"qbo:{{{tag}}}:{name}" for name in ("in-flight", "calls", "batches", "paused")]


class LocalLimiter:
    """The same limits within one process. Threads may share it."""

    def __init__(
        self,
        config: IntuitConfig,
        *,
        clock: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], None] = time.sleep,
        max_wait: float = LONGEST_WAIT_SECONDS,
    ) -> None:
        self._config, self._clock, self._sleep, self._max_wait = config, clock, sleep, max_wait
        self._lock = threading.Lock()
        self._realms: dict[str, _Realm] = {}

    @contextmanager
    def acquire(self, realm_id: str, *, batch: bool) -> Iterator[None]:
        """See `Limiter`."""
        _wait(lambda: self._ask(realm_id, batch), self._clock, self._sleep, self._max_wait)
        try:
            yield
        finally:
            with self._lock:
                self._realm(realm_id).in_flight -= 1

    def pause(self, realm_id: str, seconds: float) -> None:
        """See `Limiter`."""
        with self._lock:
            realm = self._realm(realm_id)
            until = self._clock() + timedelta(seconds=seconds)
            realm.paused_until = max(realm.paused_until or until, until)

    def paused_until(self, realm_id: str) -> datetime | None:
        """See `Limiter`."""
        with self._lock:
            until = self._realm(realm_id).paused_until
            return until if until and until > self._clock() else None

    def _ask(self, realm_id: str, batch: bool) -> float:
        with self._lock:
            realm, now, config = self._realm(realm_id), self._clock(), self._config
            waits = [
                (realm.paused_until - now).total_seconds() if realm.paused_until else 0.0,
                _full(realm.calls, config.requests_per_second, 1, now),
                _full(realm.calls, config.requests_per_minute, 60, now),
                _full(realm.batches, config.batches_per_minute, 60, now) if batch else 0.0,
            ]
            if max(waits) > 0:
                return max(waits)
            if realm.in_flight >= config.concurrency:
                return _POLL_SECONDS
            realm.in_flight += 1
            realm.calls.append(now)
            if batch:
                realm.batches.append(now)
            return 0.0

    def _realm(self, realm_id: str) -> "_Realm":
        return self._realms.setdefault(realm_id, _Realm())


@dataclass
class _Realm:
    in_flight: int = 0
    paused_until: datetime | None = None
    calls: deque[datetime] = field(default_factory=lambda: deque(maxlen=1000))
    batches: deque[datetime] = field(default_factory=lambda: deque(maxlen=1000))


def _full(times: deque[datetime], limit: int, window: float, now: datetime) -> float:
    """Seconds until fewer than `limit` of `times` lie within the last `window` seconds."""
    last = list(itertools.islice(reversed(times), limit - 1, limit))
    return max(0.0, window - (now - last[0]).total_seconds()) if last else 0.0


def _wait(
    ask: Callable[[], float], clock: Callable[[], datetime], sleep: Callable[[float], None], longest: float
) -> None:
    """Ask until granted (0). Raises ThrottledError when that would take longer than `longest` seconds in all."""
    deadline = clock() + timedelta(seconds=longest)
    while (wait := ask()) > 0:
        if clock() + timedelta(seconds=wait) > deadline:
            raise ThrottledError(
                "Our own limit for this QuickBooks company is used up.",
                not_before=clock() + timedelta(seconds=wait),
            )
        sleep(max(wait, _POLL_SECONDS))
