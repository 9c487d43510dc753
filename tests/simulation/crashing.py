"""Breaking a scenario off at every step: each from the same beginning, in a forked process; the next worker dies too where pairs are asked for."""

import random
import traceback
from collections.abc import Sequence
from typing import Any

from tests.simulation import erasing
from tests.simulation.judging import judge
from tests.simulation.life import Life
from tests.simulation.pairs import PAST_THE_LEASE, Pairs
from tests.simulation.places import BEFORE, Place
from tests.simulation.planted import PLANTED_WORK
from tests.simulation.running import in_a_process
from tests.simulation.scenarios import SCENARIOS, Scenario, Scene
from tests.simulation.stage import Stage
from tests.simulation.workers import Worker

BROKEN_OFF: dict[str, Scenario] = {**SCENARIOS, "erase": erasing.company, "erase-person": erasing.person}
NOT_ON_POSTGRESQL = ("backup",)
"""Copying PostgreSQL is pg_dump's business."""

TELLS_AFTER = 50


def crash(stage: Stage, place: Place, name: str, every: int, pairs: int | None) -> dict[str, Any]:
    """Return how many steps the scenario has, how many deaths were tried (at every such step), and what was `wrong` after which.

    `pairs`: so many by chance; None: every one (`pairs`), of which `firsts` first deaths and `followed` second ones are told, too.
    """
    life = stage.new_life(7)
    made = (BROKEN_OFF | PLANTED_WORK)[name](life)
    scene = made if isinstance(made, Scene) else Scene(made, judge)
    stage.let_go()
    place.keep(BEFORE)

    def once(*deaths: int) -> dict[str, Any]:
        place.put_back(BEFORE)
        return in_a_process(lambda: _die(life, scene, deaths), 300)

    whole = once()
    count, wrong = whole.get("steps", 0), [f"not killed: {whole['wrong']}"] if whole["wrong"] else []
    tried: list[tuple[int, ...]] = [(point,) for point in range(1 + every // 2, count + 1, every)]
    chance = random.Random(name)
    tried += [
        (chance.randint(1, count), chance.randint(1, count)) for _ in range((pairs or 0) if count else 0)
    ]
    for number, deaths in enumerate(tried, 1):
        told = once(*deaths)
        if told["wrong"]:
            wrong.append(f"killed at {deaths}: {told['wrong']}")
        if number % TELLS_AFTER == 0:
            print(f"{name}: {number} of {len(tried)} deaths tried, {len(wrong)} went wrong", flush=True)
    found = {"steps": count, "tried": len(tried)}
    if pairs is None:
        every_pair = Pairs(stage, place, life, scene)
        every_pair.go_through(name)
        wrong += every_pair.wrong
        found |= {one: getattr(every_pair, one) for one in ("firsts", "pairs", "followed")}
    return found | {"wrong": "\n\n".join(wrong)}


def _die(life: Life, scene: Scene, deaths: Sequence[int]) -> dict[str, Any]:
    workers, steps, wrong = life.workers, 0, ""
    try:
        for number, point in enumerate([*deaths, 0]):
            one = Worker(f"worker {number}", scene.work, dies_at=point)
            workers.run([one], random.Random(0))
            steps = one.steps
            life.pass_time(PAST_THE_LEASE)
        scene.judge(life)
        wrong = "\n".join(workers.complaints)
    except Exception:  # noqa: BLE001 - whatever breaks after a death is what is looked for.
        wrong = traceback.format_exc(limit=-40)
    return {"wrong": wrong, "steps": steps}
