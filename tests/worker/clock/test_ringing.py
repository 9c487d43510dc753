"""The bell on a real queue: one ring waits however often it is rung, and what died with a ring in its hands keeps nobody waiting."""

from collections.abc import Iterator

import pytest

from bookkeeping.queueing import NAMES, Bell
from tests.harness.in_process import Shop

COMPANY = 98_765


@pytest.fixture
def bell(shop: Shop) -> Iterator[Bell]:
    """The installation's bell, with nothing waiting."""
    ringing = Bell(shop.environment["REDIS_URL"])
    yield ringing
    for name in NAMES:
        ringing.redis.delete(f"rq:job:bell-{COMPANY}{name}")
        ringing.redis.lrem(ringing.queue.key, 0, f"bell-{COMPANY}{name}")
    ringing.redis.delete(ringing.queue.intermediate_queue_key)


def _waiting(bell: Bell) -> list[str]:
    return [name for name in bell.queue.get_job_ids() if name.startswith(f"bell-{COMPANY}")]


def _take(bell: Bell) -> None:
    """Take the ring as a worker does before it says that it began."""
    [name] = _waiting(bell)
    bell.redis.lrem(bell.queue.key, 1, name)
    bell.redis.rpush(bell.queue.intermediate_queue_key, name)


def test_one_ring_waits_however_often_it_is_rung(bell: Bell):
    assert all(bell.ring(COMPANY) for _ in range(5))
    assert _waiting(bell) == [f"bell-{COMPANY}"]


def test_beside_a_look_under_way_one_more_waits(bell: Bell):
    bell.ring(COMPANY)
    _take(bell)
    bell.queue.fetch_job(f"bell-{COMPANY}").set_status("started")
    assert all(bell.ring(COMPANY) for _ in range(5))
    assert _waiting(bell) == [f"bell-{COMPANY}-next"]


def test_workers_that_died_with_a_ring_in_their_hands_keep_nobody_waiting(bell: Bell):
    """The queue says for a minute or two that the ring waits still; where it is, nobody looks."""
    for _ in range(len(NAMES) - 1):
        bell.ring(COMPANY)
        _take(bell)
    assert bell.ring(COMPANY) and len(_waiting(bell)) == 1
