"""Breaking a scenario off at every step: each from the same beginning, in a forked process; the next worker dies too where pairs are asked for."""

import random
import shutil
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.simulation import erasing
from tests.simulation.databases import PostgresDatabase, SqliteFile
from tests.simulation.judging import judge
from tests.simulation.life import Life
from tests.simulation.lying import state_of
from tests.simulation.running import in_a_process
from tests.simulation.scenarios import SCENARIOS, Scenario, Scene
from tests.simulation.stage import Stage
from tests.simulation.workers import Worker

BROKEN_OFF: dict[str, Scenario] = {**SCENARIOS, "erase": erasing.company, "erase-person": erasing.person}
NOT_ON_POSTGRESQL = ("backup",)
"""Copying PostgreSQL is pg_dump's business."""

FILES = ("platform.sqlite", "archive")
TELLS_AFTER = 50


class Place:
    """Everything that a scenario changes outside this process: the database, the platform's file, and the archive."""

    def __init__(self, folder: Path, database: SqliteFile | PostgresDatabase):
        self._folder, self._database = folder, database
        self._before = folder / "before"

    def keep(self) -> None:
        """Keep it all as it lies there."""
        self._database.keep("before")
        shutil.rmtree(self._before, ignore_errors=True)
        self._before.mkdir()
        for name in FILES:
            _copy(self._folder / name, self._before / name)

    def put_back(self) -> None:
        """Let all be as it was kept."""
        self._database.put_back("before")
        for name in FILES:
            for path in self._folder.glob(f"{name}*"):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            _copy(self._before / name, self._folder / name)


def crash(stage: Stage, place: Place, name: str, every: int, pairs: int | None) -> dict[str, Any]:
    """Return how many steps the scenario has, how many deaths were tried (at every such step), and what was `wrong` after which.

    `pairs`: so many by chance; None: every pair, where of the first deaths that leave the same behind only one is followed.
    """
    life = stage.new_life(7)
    made = BROKEN_OFF[name](life)
    scene = made if isinstance(made, Scene) else Scene(made, judge)
    stage.let_go()
    place.keep()

    def once(*deaths: int) -> dict[str, Any]:
        place.put_back()
        return in_a_process(lambda: _die(life, scene, deaths), 300)

    whole = once()
    count, wrong = whole.get("steps", 0), [f"not killed: {whole['wrong']}"] if whole["wrong"] else []
    tried: list[tuple[int, ...]] = [(point,) for point in range(1 + every // 2, count + 1, every)]
    chance = random.Random(name)
    tried += [
        (chance.randint(1, count), chance.randint(1, count)) for _ in range((pairs or 0) if count else 0)
    ]
    left: set[str] = set()
    for number, deaths in enumerate(tried, 1):  # Grows while it is gone through, where every pair is tried.
        told = once(*deaths)
        if told["wrong"]:
            wrong.append(f"killed at {deaths}: {told['wrong']}")
        if pairs is None and len(deaths) == 1 and told.get("left") not in left:
            left.add(told.get("left", ""))
            tried += [(*deaths, second) for second in range(1, told.get("steps", 0) + 1)]
        if number % TELLS_AFTER == 0:
            print(f"{name}: {number} of {len(tried)} deaths tried, {len(wrong)} went wrong", flush=True)
    return {"wrong": "\n\n".join(wrong), "steps": count, "tried": len(tried), "left": len(left)}


def _die(life: Life, scene: Scene, deaths: Sequence[int]) -> dict[str, Any]:
    workers, steps, left = life.workers, 0, ""
    wrong = ""
    try:
        for number, point in enumerate([*deaths, 0]):
            one = Worker(f"worker {number}", scene.work, dies_at=point)
            workers.run([one], random.Random(0))
            steps, left = one.steps, left or state_of(life)
            life.pass_time(200)  # Past the lease of the dead.
        scene.judge(life)
        wrong = "\n".join(workers.complaints)
    except Exception:  # noqa: BLE001 - whatever breaks after a death is what is looked for.
        wrong = traceback.format_exc(limit=-40)
    return {"wrong": wrong, "steps": steps, "left": left}


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    elif source.exists():
        shutil.copy(source, target)
