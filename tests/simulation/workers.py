"""Workers side by side in one process, one step at a time in an order that the seed says; each may die or stand still at a chosen step.

A step ends before and after every HTTP call and every commit; it may die at each. Others go on only where it holds no lock of the database, so
that whoever is not let go on keeps nobody waiting. One that has died does nothing more: no call, no transaction, no commit.
"""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from tests.simulation.moment import Moment

COMMITTED = "committed"


class Died(BaseException):
    """The worker was killed; no `except Exception` of the product sees it, as none sees a SIGKILL."""


@dataclass(eq=False)
class Worker:
    """One that is at work. It dies at step `dies_at`, stands still for `stands` seconds at step `stands_at`; 0 is never.

    `watch` is told of each step once it is made, and may look at what its death would leave there.
    """

    name: str
    work: Callable[[], None]
    dies_at: int = 0
    stands_at: int = 0
    stands: float = 0.0
    watch: Callable[[], None] | None = None
    steps: int = 0
    dead: bool = False
    ended: bool = False
    holds: bool = False
    wakes: float = 0.0
    error: BaseException | None = None
    turn: threading.Event = field(default_factory=threading.Event)


class Workers:
    """Lets workers go on in turns. `points` counts all steps ever made."""

    def __init__(self, moment: Moment):
        self._moment, self._local, self._back = moment, threading.local(), threading.Event()
        self.begin()
        event.listen(Engine, "begin", lambda _connection: self._holds(True))
        event.listen(Engine, "commit", lambda _connection: self._holds(False))
        event.listen(Engine, "rollback", lambda _connection: self._holds(False))
        event.listen(Session, "before_commit", lambda _session: self.point("commit begins"))
        event.listen(Session, "after_commit", lambda _session: self.point(COMMITTED))

    def begin(self) -> None:
        """Start counting over."""
        self.points = self.deaths = self.pauses = 0
        self.complaints: list[str] = []

    def run(self, workers: list[Worker], chance: random.Random) -> None:
        """Let them all work to their end, their death included. Raises what one of them broke with."""
        threads = [threading.Thread(target=self._live, args=(one,), daemon=True) for one in workers]
        for thread in threads:
            thread.start()
        while alive := [one for one in workers if not one.ended]:
            awake = [one for one in alive if one.wakes <= self._moment.passed]
            if not awake:
                self._moment.forward(min(one.wakes for one in alive) - self._moment.passed + 0.5)
                continue
            one = chance.choice(awake)
            self._back.clear()
            one.turn.set()
            if not self._back.wait(120):
                raise RuntimeError(f"{one.name} does not come back")
        for thread in threads:
            thread.join()
        for one in workers:
            if one.error is not None:
                raise one.error

    def point(self, what: str) -> None:
        """The worker of this thread has made a step; others may go on before its next one."""
        one = getattr(self._local, "worker", None)
        if one is None:
            return
        self._if_dead(what)
        one.steps += 1
        self.points += 1
        if one.watch is not None:
            self._local.worker = None  # Whoever looks makes no steps.
            one.watch()
            self._local.worker = one
        if one.steps == one.dies_at:
            one.dead = True
            self.deaths += 1
            if what == COMMITTED:  # A session cannot be left in the middle of that; whatever comes next dies.
                return
            raise Died(f"{one.name} at {what}")
        if one.steps == one.stands_at:
            one.wakes = self._moment.passed + one.stands
            self.pauses += 1
        if not one.holds:
            self._hand_back(one)

    def call(self, what: str) -> None:
        """As `point`, before an HTTP call: no transaction may be open while it is under way."""
        one = getattr(self._local, "worker", None)
        if one is not None and one.holds and not one.dead:
            self.complaints.append(f"a transaction is open during {what}")
        self.point(what)

    def _holds(self, holds: bool) -> None:
        one = getattr(self._local, "worker", None)
        if one is not None:
            one.holds = holds
            if holds:
                self._if_dead("begin")

    def sleep(self, seconds: float) -> None:
        """Sleep as a worker: others go on meanwhile. As anybody else: time passes."""
        one = getattr(self._local, "worker", None)
        if one is None:
            self._moment.forward(seconds)
            return
        self._if_dead("sleep")
        one.wakes = self._moment.passed + seconds
        self._hand_back(one)

    def _if_dead(self, what: str) -> None:
        one = getattr(self._local, "worker", None)
        if one is not None and one.dead:
            raise Died(f"{one.name} after its death at {what}")

    def _hand_back(self, one: Worker) -> None:
        one.turn.clear()
        self._back.set()
        one.turn.wait()

    def _live(self, one: Worker) -> None:
        self._local.worker = one
        one.turn.wait()
        try:
            one.work()
        except Died:
            pass
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised again by `run`.
            one.error = None if one.dead else error
        one.ended = True
        self._back.set()
