"""The simulated clock, and chance that comes out the same each time. Must be set up before anything of the product is imported."""

import os
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import time_machine


class Moment:
    """What time it is. `sleep` moves it, since nobody else does while somebody sleeps; `moved` are told by how much."""

    def __init__(self) -> None:
        self._traveller = time_machine.travel(datetime(2026, 1, 1, tzinfo=UTC), tick=False).start()
        self.moved: list[Callable[[float], None]] = []
        self.passed = 0.0

    def begin(self, start: datetime) -> None:
        """Start over at this instant."""
        self._traveller.move_to(start, tick=False)
        self.moved, self.passed = [], 0.0

    def now(self) -> datetime:
        """Return the simulated instant."""
        return datetime.now(UTC)

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self._traveller.shift(timedelta(seconds=seconds))
        self.passed += seconds
        for tell in self.moved:
            tell(seconds)

    def jump(self, seconds: float) -> None:
        """Set this machine's clock, also backwards; no time passes for anybody else."""
        self._traveller.shift(timedelta(seconds=seconds))


def take_over_time(moment: Moment, sleep: Callable[[float], None]) -> None:
    """Let every sleep go to this function, and let how long something took be told by this clock, whoever imported `time` and looks them up.

    A slow machine would else end a worker's slice sooner, and a seed tell another story there.
    """
    time.sleep = sleep
    time.monotonic = lambda: moment.passed


def take_over_chance(seed: int) -> None:
    """Let `random`, `secrets`, `uuid` and `os.urandom` give the same for the same seed."""
    source = random.Random(seed)
    os.urandom = source.randbytes
    random._urandom = source.randbytes
    random.seed(seed)
