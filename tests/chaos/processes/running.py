"""Telling many stories, each in a forked process of its own; what failed with the command that tells it again, and the figures added up."""

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.processes.installation import World
from tests.chaos.processes.stories import Story, story_of
from tests.chaos.processes.telling import live
from tests.simulation.running import in_a_process

SECONDS_FOR_ONE = 420


@dataclass
class Figures:
    """What was told, added up."""

    told: int = 0
    failed: list[int] = field(default_factory=list)
    seconds: float = 0.0
    slowest: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, seed: int, result: Mapping[str, Any]) -> None:
        """Take in one story's result."""
        self.told += 1
        if result.get("wrong"):
            self.failed.append(seed)
        self.slowest = max(self.slowest, result.get("rest", 0.0))
        for table in ("happened", "replaced", "answers", "logged"):
            names = {f"{table}: {name}": count for name, count in result.get(table, {}).items()}
            self.counts.update(names)
        self.counts["connections cut"] += result.get("cuts", 0)

    def said(self) -> str:
        """Return it in a few lines."""
        disturbed = sum(count for name, count in self.counts.items() if name.startswith("happened: disturb"))
        replaced = sum(count for name, count in self.counts.items() if name.startswith("replaced: "))
        lines = "\n".join(f"  {count:5} {name}" for name, count in sorted(self.counts.items()))
        return (
            f"{self.told} stories told, {len(self.failed)} failed {self.failed or ''}\n{lines}\n"
            f"{disturbed} disturbances, {self.counts['connections cut']} connections cut, {replaced} processes replaced, "
            f"{self.seconds:,.0f} s; the longest way to rest took {self.slowest:.0f} s"
        )


def run_seeds(
    seeds: Sequence[int], database: str, rounds: int, lacking: Mapping[str, str], *, keep: bool = False
) -> Figures:
    """Tell the stories of these seeds, of so many rounds each, on this kind of database; print what goes wrong. `keep`: keep the logs."""
    figures, began = Figures(), time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="tieout-chaos-"))
    folder.chmod(0o711)  # PostgreSQL, as another user, has its tables in it.
    world = World(folder, database)
    try:
        for seed in seeds:
            story = story_of(seed, lacking, rounds)
            result = in_a_process(
                lambda told=story: live(world, folder / f"{told.seed}", told), SECONDS_FOR_ONE
            )
            figures.add(seed, result)
            report(story, database, rounds, result)
    except KeyboardInterrupt:
        print("Broken off.")
    finally:
        world.stop()
    figures.seconds = time.monotonic() - began
    if keep or figures.failed:
        print(f"The logs are in {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return figures


def report(story: Story, database: str, rounds: int, result: Mapping[str, Any]) -> None:
    """Say in a line what came of a story, and of one that went wrong what, and how to tell it again."""
    names = ", ".join(step.name for step in story.steps if step.kind == "disturbance")
    rest = f"{result.get('seconds', 0):.0f} s, of these {result.get('rest', 0):.0f} to come to rest"
    print(
        f"seed {story.seed} on {database}: {'WENT WRONG' if result['wrong'] else 'exact'}, {rest}: {names}",
        flush=True,
    )
    if result["wrong"]:
        print(result["wrong"])
        print(
            f"Again: python -m tests.chaos --seeds {story.seed} --database {database} --rounds {rounds}",
            flush=True,
        )
