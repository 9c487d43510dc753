"""How the queue stands, asked of a real one: rings that wait, workers that live, companies that are throttled; and of none at all."""

from datetime import UTC, datetime, timedelta

import pytest

from bookkeeping.queue_health import QueueHealth, WorkerLine, queue_health
from bookkeeping.queueing import Bell


@pytest.mark.outside
def test_an_unreachable_queue_is_a_problem_and_no_error():
    found = queue_health(Bell("redis://127.0.0.1:9/0"))
    assert (found.problem, found.depth, found.alive, found.paused_companies) == ("ConnectionError", 0, 0, {})


def test_rings_that_wait_and_companies_that_are_paused_are_told(valkey):
    bell = Bell(valkey.url)
    assert queue_health(bell) == QueueHealth()
    for company in (7, 8, 7):
        bell.ring(company)
    bell.redis.set("qbo:{company-7}:paused", "1", ex=30)
    bell.redis.set("qbo:{company-8}:calls", "1", ex=30)
    found = queue_health(bell)
    assert (found.problem, found.depth) == ("", 2)
    assert timedelta(0) <= datetime.now(UTC) - found.oldest < timedelta(minutes=1)
    assert list(found.paused_companies) == [7] and 0 < found.paused_companies[7] <= 30


def test_a_worker_is_alive_while_it_is_heard_of(valkey):
    bell = Bell(valkey.url)
    for name, seconds in (("fresh", 5), ("gone", 300)):
        heard = datetime.now(UTC) - timedelta(seconds=seconds)
        facts = {"last_heartbeat": heard.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "state": "idle", "queues": "bell"}
        bell.redis.hset(f"rq:worker:{name}", mapping={**facts, "birth": facts["last_heartbeat"]})
        bell.redis.sadd("rq:workers", f"rq:worker:{name}")
        bell.redis.sadd("rq:workers:bell", f"rq:worker:{name}")
    found = queue_health(bell)
    assert [(line.name, line.state, line.alive) for line in found.workers] == [
        ("fresh", "idle", True),
        ("gone", "idle", False),
    ]
    assert found.alive == 1
    assert QueueHealth(workers=[WorkerLine("w", "busy", None, False)]).alive == 0
