"""What happens, from a seed: rounds of changes on the platform, a person's click now and then, and a disturbance in the midst of the work.

Pure. Each step has chance of its own. A deck of disturbances is dealt out, so that a few stories meet each kind.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from tests.chaos.processes.machine import CLOCK, DISK

ROUNDS = 7
DATABASES = ("sqlite", "postgresql")
CLICKS = ("sync now", "check", "look", "nothing")
DISTURBANCES = (
    "worker killed",
    "job killed",
    "worker killed, its job lives on",
    "worker ended",
    "worker stands still past its lease",
    "tick killed",
    "tick stands still past its lease",
    "web killed",
    "deploy",
    "valkey killed",
    "valkey emptied",
    "database cut",
    "database away",
    DISK,
    CLOCK,
    "line cut",
    "line slow",
    "line away",
    "answers lost",
    "answers halved",
)
CHANGES = {
    "book": 30, "decide": 12, "reschedule": 6, "change fees": 10, "change client": 4, "correct client": 4, "pay": 8,
    "change payment": 8,
}  # fmt: skip
"""How likely each change on the platform is, by its name in `tests.simulation.happenings`."""


@dataclass(frozen=True)
class Step:
    """One thing that happens: a change, a click or a disturbance, with the seed of its own chance."""

    kind: str
    name: str
    number: int


@dataclass(frozen=True)
class Story:
    """All that happens, in order, and what was left out because the machine does not allow it."""

    seed: int
    steps: tuple[Step, ...]
    left_out: tuple[str, ...] = ()


def story_of(seed: int, lacking: Mapping[str, str], rounds: int = ROUNDS) -> Story:
    """Return the story of this seed, always the same one on the same kind of machine; of fewer rounds the beginning of it."""
    chance = random.Random(seed)
    deck = chance.sample(DISTURBANCES, len(DISTURBANCES))
    steps = [Step("change", "book", chance.randrange(10**6)) for _ in range(3)]
    left_out = []
    for number in range(rounds):
        for _ in range(chance.choice((1, 2, 2, 3))):
            name = chance.choices(list(CHANGES), list(CHANGES.values()))[0]
            steps.append(Step("change", name, chance.randrange(10**6)))
        steps.append(Step("click", chance.choice(CLICKS), chance.randrange(10**6)))
        disturbance = Step("disturbance", deck[number % len(deck)], chance.randrange(10**6))
        if disturbance.name in lacking:
            left_out.append(disturbance.name)
        else:
            steps.append(disturbance)
    return Story(seed, tuple(steps), tuple(left_out))
