"""The queue is a doorbell: rung fifty times, killed, emptied or abused, it delays work and never doubles or loses it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from redis import Redis
from rq import Queue

from bookkeeping.queueing import QUEUE, Bell
from tests.functional.office import inspection
from tests.harness.in_process import Desk, Shop
from tests.harness.processes import wait_until
from tests.harness.servers import Valkey
from tests.harness.standins import StandIn
from tests.harness.tieout import Tieout

SECONDS = 120


@pytest.fixture(scope="module")
def shop(outside: tuple[StandIn, StandIn, Valkey], sqlite_path: Path) -> Shop:
    """An installation that polls, and so sweeps, every two seconds."""
    platform, intuit, valkey = outside
    return Shop(f"sqlite:///{sqlite_path}", valkey.url, platform, intuit, POLL_SECONDS="2", LEASE_SECONDS="5")


@pytest.fixture
def installation(shop: Shop, tmp_path: Path) -> Iterator[Tieout]:
    """The processes of that installation: none runs yet."""
    made = Tieout(tmp_path, **_named(shop))
    yield made
    made.stop()


def _named(shop: Shop) -> dict[str, str]:
    given = dict(shop.environment)
    return {"database_url": given.pop("DATABASE_URL"), "redis_url": given.pop("REDIS_URL"), **given}


def _wait_until_exact(desk: Desk, count: int) -> None:
    """Wait until the workers are done, then compare the books."""
    wait_until(lambda: len(desk.books()["Payment"]) >= count and not desk.unsettled(), "the books", SECONDS)
    desk.assert_exact(invoices_ever=count)


def test_fifty_rings_for_one_company_book_everything_once(shop: Shop, installation: Tieout):
    desk = shop.open()
    desk.book(*(inspection(number) for number in range(1, 5)))
    bell = Bell(shop.environment["REDIS_URL"])
    for _ in range(25):
        assert bell.ring(desk.id) and bell.ring_again(desk.id)
    installation.worker()
    installation.worker()
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(lambda _: bell.ring_again(desk.id), range(25)))
    _wait_until_exact(desk, 4)
    wait_until(lambda: bell.depth() == 0, "all rings to be heard", SECONDS)
    desk.assert_exact(invoices_ever=4)


def test_rings_that_are_lost_are_rung_again(shop: Shop, installation: Tieout):
    """All is lost between the ring and the worker; the sweep finds what is due in the database."""
    desk = shop.open()
    desk.book(inspection(1), inspection(2))
    assert Bell(shop.environment["REDIS_URL"]).ring(desk.id)
    shop.redis.flushall()
    installation.worker()
    installation.tick()
    _wait_until_exact(desk, 2)


@pytest.mark.parametrize("loss", ["killed", "emptied"])
def test_a_queue_lost_in_the_middle_of_a_run_costs_no_document(
    shop: Shop, installation: Tieout, outside: tuple[StandIn, StandIn, Valkey], loss: str
):
    valkey = outside[2]
    desk = shop.open()
    desk.book(*(inspection(number) for number in range(1, 4)))
    desk.break_calls({"kind": "slow", "seconds": 1, "operation": "batch", "times": 0})
    installation.worker()
    installation.tick()
    wait_until(lambda: desk.broken()[0]["fired"], "a call in flight", SECONDS)
    if loss == "killed":
        valkey.process.kill()
        wait_until(lambda: desk.broken()[0]["fired"] > 1, "a call without the queue", SECONDS)
        valkey.start()
    else:
        shop.redis.flushall()
    _wait_until_exact(desk, 3)
    desk.mend_calls()
    desk.book(inspection(4))
    _wait_until_exact(desk, 4)


def test_a_job_that_is_not_ours_is_refused(shop: Shop, installation: Tieout, tmp_path: Path):
    """Somebody who can write into the queue can still run nothing but a look at a company."""
    desk = shop.open()
    desk.book(inspection(1))
    made, connection = tmp_path / "made-by-a-job", Redis.from_url(shop.environment["REDIS_URL"])
    foreign = Queue(QUEUE, connection=connection, serializer="json")
    jobs = [
        foreign.enqueue_call("os.mkdir", args=(str(made),), timeout=30, result_ttl=60, failure_ttl=60),
        foreign.enqueue_call("worker.clock.tick.tick_forever", timeout=30, result_ttl=60, failure_ttl=60),
    ]
    installation.worker()
    wait_until(lambda: all(job.get_status(refresh=True) == "failed" for job in jobs), "refusals", SECONDS)
    assert not made.exists()
    assert Bell(shop.environment["REDIS_URL"]).ring(desk.id)
    _wait_until_exact(desk, 1)


def test_a_worker_killed_at_work_is_replaced_by_the_next_ring(shop: Shop, installation: Tieout):
    """The dead one's job still stands in the queue's books as started; that must not keep the company waiting."""
    desk = shop.open()
    desk.book(*(inspection(number) for number in range(1, 4)))
    desk.break_calls({"kind": "slow", "seconds": 2, "operation": "batch"})
    first = installation.worker()
    installation.tick()
    wait_until(lambda: desk.broken()[0]["fired"], "a call in flight", SECONDS)
    first.kill()
    installation.worker()
    _wait_until_exact(desk, 3)
