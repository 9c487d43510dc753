"""Breaking a scenario off at every step: each from the same beginning, in a forked process; the next worker dies too where pairs are asked for."""

import random
import shutil
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.simulation.judging import judge
from tests.simulation.life import Life
from tests.simulation.running import in_a_process
from tests.simulation.scenarios import SCENARIOS, Work
from tests.simulation.stage import Stage
from tests.simulation.workers import Worker

KEPT = ("tieout.db", "platform.sqlite")


def crash(stage: Stage, fresh: Callable[[], Path], name: str, every: int, pairs: int) -> dict[str, Any]:
    """Return how many steps the scenario has, how many deaths were tried (at every such step), and what was `wrong` after which."""
    folder = fresh()
    life = stage.new_life(7)
    work = SCENARIOS[name](life)
    stage.let_go()
    for kept in KEPT:
        shutil.copy(folder / kept, folder / f"{kept}-before")

    def once(*deaths: int) -> dict[str, Any]:
        for kept in KEPT:
            for path in folder.glob(f"{kept}*"):
                if not path.name.endswith("-before"):
                    path.unlink()
            shutil.copy(folder / f"{kept}-before", folder / kept)
        return in_a_process(lambda: _die(stage, life, work, deaths), 300)

    whole = once()
    count, wrong = whole.get("steps", 0), [f"not killed: {whole['wrong']}"] if whole["wrong"] else []
    tried: list[tuple[int, ...]] = [(point,) for point in range(1 + every // 2, count + 1, every)]
    chance = random.Random(name)
    tried += [(chance.randint(1, count), chance.randint(1, count)) for _ in range(pairs if count else 0)]
    for deaths in tried:
        told = once(*deaths)
        if told["wrong"]:
            wrong.append(f"killed at {deaths}: {told['wrong']}")
    return {"wrong": "\n\n".join(wrong), "steps": count, "tried": len(tried)}


def _die(stage: Stage, life: Life, work: Work, deaths: Sequence[int]) -> dict[str, Any]:
    workers, steps = life.workers, 0
    wrong = ""
    try:
        for number, point in enumerate([*deaths, 0]):
            one = Worker(f"worker {number}", work, dies_at=point)
            workers.run([one], random.Random(0))
            steps = one.steps
            life.pass_time(200)  # Past the lease of the dead.
        judge(life)
        wrong = "\n".join(workers.complaints)
    except Exception:  # noqa: BLE001 - whatever breaks after a death is what is looked for.
        wrong = traceback.format_exc(limit=-40)
    return {"wrong": wrong, "steps": steps}
