"""Two machines with web app, workers and tick each, on one database, one Valkey and one Intuit: one is cut off, or drained, in the midst of a wave.

Each machine reaches database and Valkey through lines of its own, which are cut together; Intuit stays in its reach, which is the harder case. Run by `make chaos`, on PostgreSQL: too long for every run
of the tests.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bookkeeping.storage.base import db
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.journal import Call
from bookkeeping.storage.work.leases import LeaseRow
from bookkeeping.storage.work.runs import Run, is_unfinished
from tests.chaos.processes.proxy import Proxies, Proxy
from tests.functional.office import inspection
from tests.harness.in_process import Desk, Shop, outside_world
from tests.harness.processes import LOOPBACK, Process, wait_until
from tests.harness.servers import Postgres
from tests.harness.tieout import Tieout

ROLES = ("web", "worker", "worker", "tick")
INSPECTIONS = 150
A_CALL, AN_ITEM = 50, 40
"""Milliseconds that Intuit takes: a batch of thirty is under way for more than a second."""
PATIENCE = 120.0
A_MINUTE = 60.0
"""Seconds that whoever drains a machine waits before it is killed (docs/deploy.md)."""


class Machine:
    """The processes of one machine, and the lines from it to everything else."""

    def __init__(self, folder: Path, shop: Shop, proxies: Proxies):
        folder.mkdir()
        environment = dict(shop.environment)
        self.lines: list[Proxy] = []
        for name in ("DATABASE_URL", "REDIS_URL"):
            environment[name] = self._through(proxies, environment[name])
        settings = {
            name: value for name, value in environment.items() if name not in ("DATABASE_URL", "REDIS_URL")
        }
        self.tieout = Tieout(folder, environment["DATABASE_URL"], environment["REDIS_URL"], **settings)

    def start(self) -> None:
        """Start web app, workers and tick; returns when they are at work."""
        self.processes = {f"{role} {number}": self.tieout.start(role) for number, role in enumerate(ROLES)}
        for worker in self.workers():
            worker.wait_until(
                lambda worker=worker: "Listening on" in worker.output(), "the worker to listen", 90
            )

    def workers(self) -> list[Process]:
        """Return its workers."""
        return [one for name, one in self.processes.items() if name.startswith("worker")]

    def cut_off(self) -> None:
        """Let nothing through to it or from it, and end what is open, as when its cable is pulled."""
        for line in self.lines:
            line.way.away = True
            line.cut()

    def mend(self) -> None:
        """Put the cable back."""
        for line in self.lines:
            line.mend()

    def works_on(self, pid: int) -> bool:
        """Whether this process is one of its."""
        return any(pid in one.members() for one in self.processes.values())

    def _through(self, proxies: Proxies, address: str) -> str:
        port = int(address.rpartition(f"{LOOPBACK}:")[2].partition("/")[0])
        known = [line for line in self.lines if line.target == port]
        line = known[0] if known else proxies.add(port)
        self.lines += [] if known else [line]
        return address.replace(f":{port}", f":{line.port}")


class Pair:
    """Two machines, and a desk past all lines."""

    def __init__(self, folder: Path, postgres: Postgres, database: str, world):
        platform, intuit, valkey = world
        self.proxies = Proxies()
        url = postgres.url(database)
        self.shop = Shop(url, valkey.url, platform, intuit, LEASE_SECONDS="4", POLL_SECONDS="2")
        self.machines = [Machine(folder / name, self.shop, self.proxies) for name in ("a", "b")]
        self.intuit = intuit

    def stop(self) -> None:
        """End everything."""
        for machine in self.machines:
            machine.mend()
            machine.tieout.stop()
        self.proxies.stop()

    def in_the_midst(self, desk: Desk) -> tuple[Machine, Machine]:
        """Wait until several calls of a wave are under way; return (the machine that sent them, the other one)."""
        pid = wait_until(lambda: self._sender(desk), "a wave to be under way", PATIENCE)
        [mine] = [machine for machine in self.machines if machine.works_on(pid)]
        [other] = [machine for machine in self.machines if machine is not mine]
        return mine, other

    def _sender(self, desk: Desk) -> int:
        with self.shop.app.app_context():
            flying = select(func.count()).where(
                Call.company_id == desk.id, Call.state == "written", Call.attempts > 0
            )
            lease = db.session.get(LeaseRow, f"company:{desk.id}")
            many = (db.session.scalar(flying) or 0) > 1
            return int(lease.owner.split(":")[1]) if many and lease is not None and lease.owner else 0

    def at_rest(self, desk: Desk) -> bool:
        """Whether all is booked, no call is open and no run goes on."""
        with self.shop.app.app_context():
            mine = InspectionRow.company_id == desk.id
            settled = db.session.scalar(select(func.count()).where(mine, InspectionRow.state == "in-sync"))
            calls = select(func.count()).where(
                Call.company_id == desk.id, Call.state.in_(("written", "unknown"))
            )
            runs = select(func.count()).where(Run.company_id == desk.id, is_unfinished())
            return settled == INSPECTIONS and not db.session.scalar(calls) and not db.session.scalar(runs)


@pytest.fixture
def pair(tmp_path: Path, postgres: Postgres, migrated_postgres: str) -> Iterator[Pair]:
    """Two machines at work, with an Intuit that takes its time."""
    with outside_world(tmp_path) as world:
        found = Pair(tmp_path, postgres, postgres.new_database(template=migrated_postgres), world)
        try:
            for machine in found.machines:
                machine.start()
            found.intuit.post("/_standin/settings", {"latency_ms": A_CALL, "item_latency_ms": AN_ITEM})
            yield found
        finally:
            found.stop()


def _ends_exact(pair: Pair, desk: Desk) -> None:
    wait_until(lambda: pair.at_rest(desk), "everything to be booked", PATIENCE)
    pair.intuit.post("/_standin/settings", {"latency_ms": 0, "item_latency_ms": 0})
    desk.assert_exact(invoices_ever=INSPECTIONS)


def _booked(pair: Pair) -> Desk:
    desk = pair.shop.open()
    desk.book(*[inspection(number) for number in range(INSPECTIONS)])
    return desk


@pytest.mark.timeout(600)
def test_a_machine_cut_off_in_the_midst_of_a_wave_books_nothing_twice_and_the_other_goes_on(pair: Pair):
    desk = _booked(pair)
    mine, _other = pair.in_the_midst(desk)
    mine.cut_off()
    _ends_exact(pair, desk)
    mine.mend()
    desk.change(next(iter(desk.mirrored())), property_address="9 Elm St")  # It is back: both may do this.
    wait_until(lambda: pair.at_rest(desk), "the change to be seen", PATIENCE)
    _ends_exact(pair, desk)


@pytest.mark.timeout(600)
def test_a_machine_that_is_drained_puts_down_what_it_holds_within_a_minute(pair: Pair):
    desk = _booked(pair)
    mine, _other = pair.in_the_midst(desk)
    for process in mine.processes.values():
        process.send(signal.SIGTERM)
    for name, process in mine.processes.items():
        wait_until(
            lambda process=process: process.exit_code is not None, f"{name} to end by itself", A_MINUTE
        )
    with pair.shop.app.app_context():
        lease = db.session.get(LeaseRow, f"company:{desk.id}")
        holder = int(lease.owner.split(":")[1])
        assert not _lives(holder) or not mine.works_on(holder)
    _ends_exact(pair, desk)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
