"""The queue is a doorbell: rung fifty times, killed, emptied or abused, it delays work and never doubles or loses it."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis
from rq import Queue

from bookkeeping.queueing import QUEUE, Bell
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from launch.lifelines import signal_processes
from tests.functional.office import inspection
from tests.harness.in_process import Desk, Shop
from tests.harness.processes import Process, wait_until
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
def desk(shop: Shop) -> Iterator[Desk]:
    """A company of its own; it is paused after the test, so that it keeps nobody busy in the next."""
    opened = shop.open()
    yield opened
    with shop.app.app_context():
        db.session.get_one(Company, opened.id).paused_at = utcnow()
        db.session.commit()


class Crew:
    """The processes of that installation, two workers and a tick, for all tests here: starting one costs more than most of them."""

    def __init__(self, installation: Tieout):
        self._installation = installation
        self.workers: list[Process] = []
        self.tick: Process | None = None

    def be_all_there(self) -> None:
        """Start what does not run."""
        self.workers = [one for one in self.workers if one.exit_code is None]
        self.workers += [self._installation.start("worker") for _ in range(2 - len(self.workers))]
        self.tick = self.tick or self._installation.tick()
        for one in self.workers:
            one.wait_until(lambda worker=one: "Listening on" in worker.output(), "a worker to listen")

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Nobody hears a ring until the block ends."""
        members = [pid for worker in self.workers for pid in worker.members()]
        signal_processes(members, signal.SIGSTOP)
        try:
            yield
        finally:
            signal_processes(members, signal.SIGCONT)

    def busy(self) -> Process:
        """Return the worker that has a job under way."""
        return wait_until(
            lambda: next((one for one in self.workers if len(one.members()) > 1), None), "a job", SECONDS
        )


@pytest.fixture(scope="module")
def staff(shop: Shop, module_folder: Path) -> Iterator[Crew]:
    """The processes: none runs yet."""
    made = Tieout(module_folder, **_named(shop))
    yield Crew(made)
    made.stop()


@pytest.fixture
def crew(staff: Crew) -> Crew:
    """The processes, all at work."""
    staff.be_all_there()
    return staff


def _named(shop: Shop) -> dict[str, str]:
    given = dict(shop.environment)
    return {"database_url": given.pop("DATABASE_URL"), "redis_url": given.pop("REDIS_URL"), **given}


def _wait_until_exact(desk: Desk, count: int) -> None:
    """Wait until the workers are done, then compare the books."""
    wait_until(lambda: len(desk.books()["Payment"]) >= count and not desk.unsettled(), "the books", SECONDS)
    desk.assert_exact(invoices_ever=count)


def test_rings_that_are_lost_are_rung_again(shop: Shop, desk: Desk, staff: Crew):
    """All is lost between the ring and the worker; the sweep finds what is due in the database."""
    desk.book(inspection(1), inspection(2))
    assert not staff.workers, "the first test here, before anybody listens"
    assert Bell(shop.environment["REDIS_URL"]).ring(desk.id)
    shop.redis.flushall()
    staff.be_all_there()
    _wait_until_exact(desk, 2)


def test_fifty_rings_for_one_company_book_everything_once(shop: Shop, desk: Desk, crew: Crew):
    desk.book(*(inspection(number) for number in range(1, 5)))
    bell = Bell(shop.environment["REDIS_URL"])
    with crew.standing_still():
        for _ in range(25):
            assert bell.ring(desk.id) and bell.ring_again(desk.id)
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(lambda _: bell.ring_again(desk.id), range(25)))
    _wait_until_exact(desk, 4)
    wait_until(lambda: bell.depth() == 0, "all rings to be heard", SECONDS)
    desk.assert_exact(invoices_ever=4)


@pytest.mark.parametrize("loss", ["killed", "emptied"])
def test_a_queue_lost_in_the_middle_of_a_run_costs_no_document(
    shop: Shop, desk: Desk, crew: Crew, outside: tuple[StandIn, StandIn, Valkey], loss: str
):
    valkey = outside[2]
    desk.book(*(inspection(number) for number in range(1, 4)))
    desk.break_calls({"kind": "slow", "seconds": 1, "operation": "batch", "times": 0})
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


def test_a_job_that_is_not_ours_is_refused(shop: Shop, desk: Desk, crew: Crew, tmp_path: Path):
    """Somebody who can write into the queue can still run nothing but a look at a company."""
    desk.book(inspection(1))
    made, connection = tmp_path / "made-by-a-job", Redis.from_url(shop.environment["REDIS_URL"])
    foreign = Queue(QUEUE, connection=connection, serializer="json")
    jobs = [
        foreign.enqueue_call("os.mkdir", args=(str(made),), timeout=30, result_ttl=60, failure_ttl=60),
        foreign.enqueue_call("worker.clock.tick.tick_forever", timeout=30, result_ttl=60, failure_ttl=60),
    ]
    wait_until(lambda: all(job.get_status(refresh=True) == "failed" for job in jobs), "refusals", SECONDS)
    assert not made.exists()
    assert Bell(shop.environment["REDIS_URL"]).ring(desk.id)
    _wait_until_exact(desk, 1)


def test_a_worker_killed_at_work_is_replaced_by_the_next_ring(shop: Shop, desk: Desk, crew: Crew):
    """The dead one's job still stands in the queue's books as started; that must not keep the company waiting."""
    desk.book(*(inspection(number) for number in range(1, 4)))
    desk.break_calls({"kind": "slow", "seconds": 2, "operation": "batch"})
    wait_until(lambda: desk.broken()[0]["fired"], "a call in flight", SECONDS)
    crew.busy().kill()
    _wait_until_exact(desk, 3)
