"""What can happen to the processes, and to what they stand on. Each takes the installation and chance, and is over when it returns.

Lines and disks are mended again; what was killed stays dead until the supervisor looks.
"""

import random
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing

from launch.lifelines import signal_processes
from tests.chaos.processes.installation import LEASE_SECONDS, POLL_SECONDS, Installation
from tests.chaos.processes.machine import CLOCK, DISK
from tests.chaos.processes.proxy import Proxy
from tests.harness.processes import Process, wait_until

Disturbance = Callable[[Installation, random.Random], None]
BUSY_SECONDS = 15
"""How long SQLite waits for its turn (`bookkeeping.storage.base`)."""


def _one(it: Installation, chance: random.Random, role: str) -> Process | None:
    """Return a process of this role that runs, a worker with a job before one without."""
    running = it.of(role)
    busy = [process for process in running if len(process.members()) > 1]
    return chance.choice(busy or running) if running else None


def _jobs(process: Process) -> list[int]:
    return [pid for pid in process.members() if pid != process.pid]


def kill_worker(it: Installation, chance: random.Random) -> None:
    if process := _one(it, chance, "worker"):
        process.kill()


def kill_job(it: Installation, chance: random.Random) -> None:
    """The process of the job alone, which its worker notices; where none is under way soon, nothing."""
    until = time.monotonic() + POLL_SECONDS + 1
    while time.monotonic() < until:
        jobs = [pid for process in it.of("worker") for pid in _jobs(process)]
        if jobs:
            signal_processes(jobs, signal.SIGKILL)
            return
        time.sleep(0.05)


def orphan_job(it: Installation, chance: random.Random) -> None:
    if process := _one(it, chance, "worker"):
        process.send(signal.SIGKILL)
        process.wait(10)


def end_worker(it: Installation, chance: random.Random) -> None:
    """SIGTERM: it does what it began and ends."""
    if process := _one(it, chance, "worker"):
        process.send(signal.SIGTERM)


def _stand_still(it: Installation, chance: random.Random, role: str) -> None:
    if process := _one(it, chance, role):
        members = process.members()
        signal_processes(members, signal.SIGSTOP)
        time.sleep(LEASE_SECONDS + POLL_SECONDS + chance.random())
        signal_processes(members, signal.SIGCONT)


def stop_worker(it: Installation, chance: random.Random) -> None:
    _stand_still(it, chance, "worker")


def stop_tick(it: Installation, chance: random.Random) -> None:
    _stand_still(it, chance, "tick")


def kill_tick(it: Installation, chance: random.Random) -> None:
    if process := _one(it, chance, "tick"):
        process.kill()


def kill_web(it: Installation, chance: random.Random) -> None:
    """Gunicorn's own process with its children, or a child alone, which gunicorn replaces."""
    if process := _one(it, chance, "web"):
        if chance.random() < 0.5:
            process.kill()
        else:
            signal_processes(_jobs(process), signal.SIGKILL)


def deploy(it: Installation, chance: random.Random) -> None:
    """SIGTERM to all; the supervisor starts each anew when it has ended."""
    for _, process in it.roles:
        if process.exit_code is None:
            process.send(signal.SIGTERM)
    wait_until(lambda: all(process.exit_code is not None for _, process in it.roles), "all to end", 45)
    it.supervise()


def kill_valkey(it: Installation, chance: random.Random) -> None:
    it.valkey.process.kill()
    time.sleep(chance.uniform(0.2, 3))
    it.valkey.start()


def empty_valkey(it: Installation, chance: random.Random) -> None:
    it.shop.redis.flushall()


def cut_database(it: Installation, chance: random.Random) -> None:
    """Every connection ends, several times. SQLite has none: another holds its write lock instead."""
    if "database" not in it.ways:
        _hold_lock(it, chance.uniform(0.5, 4))
        return
    for _ in range(chance.randint(1, 5)):
        if chance.random() < 0.5:
            it.cut_database()
        else:
            it.ways["database"].cut()
        time.sleep(chance.uniform(0.05, 0.6))


def take_database_away(it: Installation, chance: random.Random) -> None:
    """Nobody gets through to it for a while; SQLite's write lock is held for longer than anybody waits."""
    if "database" not in it.ways:
        _hold_lock(it, BUSY_SECONDS + 2)
        return
    _for_a_while(it.ways["database"], chance, away=True)


def _hold_lock(it: Installation, seconds: float) -> None:
    path = it.shop.environment["DATABASE_URL"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        connection.execute("ROLLBACK")


def fill_disk(it: Installation, chance: random.Random) -> None:
    """The database, or its tables, and Valkey's file have no byte left."""
    it.disk.fill()
    time.sleep(chance.uniform(2, 4))
    it.disk.free()


def set_clock_back(it: Installation, chance: random.Random) -> None:
    """Back by seconds, a minute or an hour; it stays there, as when a wrong clock was set right."""
    it.clock.set(-chance.choice((7, 60, 3600)))


def _line(it: Installation, chance: random.Random) -> Proxy:
    return it.ways[chance.choice(sorted(it.ways))]


def _for_a_while(proxy: Proxy, chance: random.Random, **way: object) -> None:
    for name, value in way.items():
        setattr(proxy.way, name, value)
    if way.get("away"):
        proxy.cut()
    time.sleep(chance.uniform(1, 3.5))
    proxy.mend()


def cut_line(it: Installation, chance: random.Random) -> None:
    proxy = _line(it, chance)
    for _ in range(chance.randint(2, 8)):
        proxy.cut()
        time.sleep(chance.uniform(0.05, 0.5))


def slow_line(it: Installation, chance: random.Random) -> None:
    _for_a_while(_line(it, chance), chance, delay=chance.choice((0.2, 0.5, 1.2)))


def take_line_away(it: Installation, chance: random.Random) -> None:
    _for_a_while(_line(it, chance), chance, away=True)


def lose_answers(it: Installation, chance: random.Random) -> None:
    """What we ask arrives and is done; we never hear of it. QuickBooks most often, since it is dearest there."""
    proxy = it.ways["intuit"] if chance.random() < 0.7 else _line(it, chance)
    _for_a_while(proxy, chance, answers_lost=True)


def halve_answers(it: Installation, chance: random.Random) -> None:
    _for_a_while(it.ways["intuit"] if chance.random() < 0.7 else _line(it, chance), chance, half=True)


DISTURBANCES: dict[str, Disturbance] = {
    "worker killed": kill_worker,
    "job killed": kill_job,
    "worker killed, its job lives on": orphan_job,
    "worker ended": end_worker,
    "worker stands still past its lease": stop_worker,
    "tick killed": kill_tick,
    "tick stands still past its lease": stop_tick,
    "web killed": kill_web,
    "deploy": deploy,
    "valkey killed": kill_valkey,
    "valkey emptied": empty_valkey,
    "database cut": cut_database,
    "database away": take_database_away,
    DISK: fill_disk,
    CLOCK: set_clock_back,
    "line cut": cut_line,
    "line slow": slow_line,
    "line away": take_line_away,
    "answers lost": lose_answers,
    "answers halved": halve_answers,
}
