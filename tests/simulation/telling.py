"""Letting a story happen: each step's happening, and the work of workers between them, calm or with mishaps."""

import random

from tests.simulation.feeds import FEED
from tests.simulation.happenings import BOOKS, FAULTS, PLATFORM, Happening
from tests.simulation.life import Life
from tests.simulation.network import Trouble
from tests.simulation.people import OFFICE
from tests.simulation.planted import PLANTED
from tests.simulation.scenarios import schedule_migration
from tests.simulation.stories import Story

NAMED: dict[str, dict[str, Happening]] = {
    "platform": PLATFORM,
    "books": BOOKS,
    "office": OFFICE,
    "fault": FAULTS,
    "feed": FEED,
    "planted": PLANTED,
}


def tell(life: Life, story: Story) -> None:
    """Let every step happen."""
    calm = story.flavour == "people"
    if story.flavour == "migration":
        schedule_migration(life)
    for step in story.steps:
        chance = random.Random(step.number)
        if step.table == "work":
            _work(life, step.name, chance, calm=calm)
        elif life.keys or step.name == "book":
            NAMED[step.table][step.name](life, chance)
            life.faults[f"{step.table}: {step.name}"] += 1


def _work(life: Life, name: str, chance: random.Random, *, calm: bool) -> None:
    """A sync now, a day and then one, on to after midnight MST and the night's run, or a day on which nothing of ours runs."""
    if name == "sync":
        life.pass_time(chance.randint(200, 1500))
    elif name in ("day", "nobody"):
        life.pass_time(chance.randint(20, 28) * 3600)
    else:
        now = life.moment.now()
        midnight = now.replace(hour=7, minute=0, second=5, microsecond=0)
        life.pass_time((midnight - now).total_seconds() % 86400 + chance.randint(0, 1200))
    if name == "nobody":
        return
    if calm:
        life.work(chance)
        return
    trouble = Trouble(1, 2, 3, 2) if chance.random() < 0.4 else Trouble()
    workers = chance.choice((1, 1, 2, 2, 3, 5, 8))
    life.work(
        chance,
        workers=workers,
        deaths=chance.choice((0, 0, 20, 60)),
        stills=chance.choice((0, 10, 40)),
        trouble=trouble,
    )
