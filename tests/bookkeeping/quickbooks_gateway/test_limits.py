"""The limits hold for all who share them: in one process, and between processes through a real Valkey."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
import redis

from bookkeeping.errors import ThrottledError
from bookkeeping.quickbooks_gateway.limits import LocalLimiter, RedisLimiter
from tests.bookkeeping.quickbooks_gateway.conftest import Clock, config_for
from tests.harness.processes import free_port

REALM, OTHER = "111", "222"


def local(clock, *, max_wait=20.0, **limits):
    return LocalLimiter(config_for("http://x", **limits), clock=clock, sleep=clock.sleep, max_wait=max_wait)


def shared(valkey, *, max_wait=20.0, **limits):
    return RedisLimiter(valkey.client(), config_for("http://x", **limits), max_wait=max_wait)


def calls(limiter, count, realm=REALM, *, batch=False):
    """Make that many calls one after another; return how many were let through before the first refusal."""
    for number in range(count):
        try:
            with limiter.acquire(realm, batch=batch):
                pass
        except ThrottledError:
            return number
    return count


def test_calls_are_spread_over_seconds_and_minutes():
    clock = Clock()
    limiter = local(clock, max_wait=60, requests_per_second=8, requests_per_minute=100)
    times = []
    for _ in range(120):
        with limiter.acquire(REALM, batch=False):
            times.append(clock())
        clock.sleep(0.001)
    for window, limit in ((timedelta(seconds=1), 8), (timedelta(seconds=60), 100)):
        for start in times:
            assert sum(start <= each < start + window for each in times) <= limit
    assert times[99] - times[0] < timedelta(seconds=15)


def test_batches_have_a_limit_of_their_own_and_do_not_hold_up_reads():
    limiter = local(Clock(), batches_per_minute=3, requests_per_second=100)
    assert calls(limiter, 10, batch=True) == 3
    assert calls(limiter, 10) == 10


def test_only_so_many_are_in_flight_and_a_place_comes_back():
    limiter = local(Clock(), concurrency=2)
    with ExitStack() as held:
        held.enter_context(limiter.acquire(REALM, batch=False))
        held.enter_context(limiter.acquire(REALM, batch=False))
        assert calls(limiter, 1) == 0
        assert calls(limiter, 1, OTHER) == 1
    assert calls(limiter, 1) == 1


def test_a_place_comes_back_after_an_error():
    limiter = local(Clock(), concurrency=1)
    with pytest.raises(RuntimeError), limiter.acquire(REALM, batch=False):
        raise RuntimeError
    assert calls(limiter, 1) == 1


def test_a_pause_stops_everything_for_that_realm_alone_and_is_never_shortened():
    clock = Clock()
    limiter = local(clock)
    limiter.pause(REALM, 60)
    limiter.pause(REALM, 5)
    with pytest.raises(ThrottledError) as caught, limiter.acquire(REALM, batch=False):
        pass
    assert caught.value.not_before == limiter.paused_until(REALM) == clock() + timedelta(seconds=60)
    assert calls(limiter, 1, OTHER) == 1
    clock.sleep(61)
    assert limiter.paused_until(REALM) is None
    assert calls(limiter, 1) == 1


def test_a_short_pause_is_waited_out():
    clock = Clock()
    limiter = local(clock)
    limiter.pause(REALM, 10)
    before = clock()
    assert calls(limiter, 1) == 1
    assert clock() - before >= timedelta(seconds=10)


def test_valkey_counts_seconds_minutes_and_batches(valkey):
    assert calls(shared(valkey, max_wait=0, requests_per_second=5), 20) == 5
    assert calls(shared(valkey, max_wait=0, requests_per_minute=7, requests_per_second=99), 20, OTHER) == 7
    limiter = shared(valkey, max_wait=0, batches_per_minute=2, requests_per_second=99)
    assert calls(limiter, 20, "333", batch=True) == 2
    assert calls(limiter, 5, "333") == 5


def test_a_full_minute_says_when_to_come_back(valkey):
    limiter = shared(valkey, requests_per_minute=1)
    assert calls(limiter, 1) == 1
    with pytest.raises(ThrottledError) as caught, limiter.acquire(REALM, batch=False):
        pass
    assert timedelta(seconds=50) < caught.value.not_before - datetime.now(UTC) <= timedelta(seconds=60)


def test_all_who_share_valkey_share_the_places_in_flight(valkey):
    one, other = (shared(valkey, max_wait=0.3, concurrency=2, requests_per_second=99) for _ in range(2))
    with one.acquire(REALM, batch=False), other.acquire(REALM, batch=False):
        assert calls(one, 1) == calls(other, 1) == 0
        assert calls(other, 1, OTHER) == 1
    assert calls(one, 1) == calls(other, 1) == 1


def test_the_place_of_a_dead_worker_comes_back_by_itself(valkey):
    # A place is held for at most the timeouts and 25 seconds: these make it expire at once.
    limiter = shared(valkey, concurrency=1, timeout=(-25, 0.2))
    abandoned = limiter.acquire(REALM, batch=False)
    abandoned.__enter__()
    assert calls(limiter, 1) == 1


def test_a_pause_reaches_every_worker(valkey):
    one, other = shared(valkey), shared(valkey)
    assert other.paused_until(REALM) is None
    one.pause(REALM, 60)
    one.pause(REALM, 5)
    until = other.paused_until(REALM)
    assert timedelta(seconds=50) < until - datetime.now(UTC) <= timedelta(seconds=60)
    with pytest.raises(ThrottledError), other.acquire(REALM, batch=True):
        pass
    assert calls(other, 1, OTHER) == 1


HAMMER = """
import sys, time
import redis
from bookkeeping.errors import ThrottledError
from bookkeeping.quickbooks_gateway.limits import RedisLimiter
from tests.bookkeeping.quickbooks_gateway.conftest import config_for
client = redis.Redis.from_url(sys.argv[1])
config = config_for("http://x", requests_per_second=20, requests_per_minute=60, concurrency=3)
limiter = RedisLimiter(client, config, max_wait=0.3)
refusals, deadline = 0, time.monotonic() + 30
while time.monotonic() < deadline and (client.llen("most") < 60 or refusals < 5):
    try:
        with limiter.acquire("111", batch=False):
            client.rpush("most", client.incr("held"))
            client.decr("held")
    except ThrottledError:
        refusals += 1
        time.sleep(0.02)
"""


def test_processes_that_hammer_together_stay_within_the_limits_and_use_them_up(valkey):
    workers = [subprocess.Popen([sys.executable, "-c", HAMMER, valkey.url]) for _ in range(6)]
    assert [worker.wait(60) for worker in workers] == [0] * 6
    seen = [int(each) for each in valkey.client().lrange("most", 0, -1)]
    assert max(seen) <= 3
    assert len(seen) == 60


def test_keys_of_one_realm_live_together_in_a_cluster_and_expire(valkey):
    assert calls(shared(valkey), 1, batch=True) == 1
    client = valkey.client()
    keys = [key.decode() for key in client.keys("*")]
    assert keys and all("{111}" in key for key in keys)
    assert all(client.ttl(key) > 0 for key in keys)


@pytest.mark.outside
@pytest.mark.parametrize("gone", ["never there", "killed"])
def test_without_valkey_calls_crawl_one_at_a_time_one_a_second(request, gone):
    if gone == "killed":
        valkey = request.getfixturevalue("valkey")
        client = redis.Redis.from_url(valkey.url, socket_timeout=1, retry=None)
    else:
        client = redis.Redis(port=free_port(), socket_connect_timeout=1, retry=None)
    clock = Clock()
    limiter = RedisLimiter(client, config_for("http://x"), clock=clock, sleep=clock.sleep)
    if gone == "killed":
        assert calls(limiter, 5) == 5
        valkey.process.kill()
    started = clock()
    assert calls(limiter, 5) == 5
    assert clock() - started >= timedelta(seconds=4)
    with (
        limiter.acquire(REALM, batch=False),
        pytest.raises(ThrottledError),
        limiter.acquire(REALM, batch=False),
    ):
        pass
    limiter.pause(REALM, 60)
    assert limiter.paused_until(REALM) == clock() + timedelta(seconds=60)
    assert calls(limiter, 1) == 0


def test_threads_of_one_process_share_the_local_limits():
    limiter = LocalLimiter(config_for("http://x", requests_per_minute=30, requests_per_second=30), max_wait=0)
    with ThreadPoolExecutor(8) as pool:
        through = list(pool.map(lambda _: calls(limiter, 10), range(8)))
    assert sum(through) <= 30
    assert sum(through) >= 8
