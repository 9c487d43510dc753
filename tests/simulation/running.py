"""Telling many stories: each in a forked process of its own, on a fresh database; failures shrunk; figures added up."""

import contextlib
import gc
import json
import os
import resource
import signal
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis import Redis

from tests.harness.servers import Valkey
from tests.simulation.databases import PostgresDatabase, SqliteFile, database_of
from tests.simulation.shrinking import shrunk
from tests.simulation.stage import Stage, environment
from tests.simulation.stories import DAYS, Step, Story, kept_stories, story_of

SECONDS_FOR_ONE, SECONDS_FOR_ALL_DEATHS = 300, 4 * 3600
really_sleep, really_passed = time.sleep, time.monotonic


@dataclass
class Figures:
    """What was told, added up."""

    told: int = 0
    failed: list[int] = field(default_factory=list)
    days: float = 0.0
    points: int = 0
    deaths: int = 0
    pauses: int = 0
    seconds: float = 0.0
    processor: float = 0.0
    happened: Counter[str] = field(default_factory=Counter)

    def add(self, result: dict[str, Any]) -> None:
        """Take in one story's result."""
        self.told += 1
        self.days += result["days"]
        self.points += result["points"]
        self.deaths += result["deaths"]
        self.pauses += result["pauses"]
        self.happened.update(result["happened"])

    def said(self) -> str:
        """Return it in a few lines."""
        speed = self.days / self.processor if self.processor else 0
        tables = Counter[str]()
        for name, count in self.happened.items():
            tables[name.partition(":")[0]] += count
        return (
            f"{self.told} stories told, {len(self.failed)} failed {self.failed or ''}\n"
            f"{self.days:,.0f} simulated days in {self.seconds:,.0f} s, {self.processor:,.0f} s of a processor: "
            f"{speed:.1f} days a second of a processor\n"
            f"{self.points:,} steps of workers, {self.deaths:,} deaths, {self.pauses:,} standstills past or within the lease\n"
            f"happened: {dict(tables)}\n{json.dumps(dict(sorted(self.happened.items())))}"
        )


@contextlib.contextmanager
def surroundings(kind: str = "sqlite") -> Iterator["Teller"]:
    """A Valkey, a database of this kind, and a folder in memory where there is one, until the block ends."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="tieout-sim-", dir=memory if memory.is_dir() else None) as name:
        folder = Path(name)
        (folder / "valkey").mkdir()
        valkey, database = Valkey(folder / "valkey"), database_of(kind, folder)
        try:
            yield Teller(folder, valkey.url, database)
        finally:
            time.sleep, time.monotonic = really_sleep, really_passed
            valkey.stop()
            database.stop()


class Teller:
    """Tells stories in forked processes of this one, which has told one itself: what is done once for all is done then."""

    def __init__(self, folder: Path, redis_url: str, database: SqliteFile | PostgresDatabase):
        self._folder, self._database = folder, database
        os.environ.update(environment(database.url, redis_url, folder))
        self._stage = Stage(folder, Redis.from_url(redis_url))
        self._stage.make_tables()
        database.keep("empty")
        warmed = self._told(story_of(0).without(set(range(12, 1000))))
        if warmed["wrong"]:
            raise RuntimeError(warmed["wrong"])
        gc.collect()
        gc.freeze()

    def tell(self, story: Story) -> dict[str, Any]:
        """Tell one story in a process of its own; return its result, with `wrong` where it failed."""
        return in_a_process(lambda: self._told(story))

    def crash(self, name: str, every: int, pairs: int | None) -> dict[str, Any]:
        """Break a scenario off at every such step, and so many pairs of steps (None: every one); return what came of it."""
        from tests.simulation.crashing import crash
        from tests.simulation.places import Place

        def work() -> dict[str, Any]:
            self._fresh()
            return crash(self._stage, Place(self._folder, self._database), name, every, pairs)

        return in_a_process(work, SECONDS_FOR_ALL_DEATHS)

    def _told(self, story: Story) -> dict[str, Any]:
        self._fresh()
        return self._stage.live(story)

    def _fresh(self) -> None:
        """Put an empty database in place."""
        for path in self._folder.glob("platform.sqlite*"):
            path.unlink()
        self._database.put_back("empty")


def in_a_process(work: Callable[[], dict[str, Any]], seconds: int = SECONDS_FOR_ONE) -> dict[str, Any]:
    """Return what the work returns, done in a forked process of its own; {"wrong": …} when it breaks or takes too long."""
    listen, say = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(listen)
        try:
            result = work()
        except BaseException:  # noqa: BLE001 - said by the parent, whatever it is.
            result = {"wrong": traceback.format_exc(limit=-40)}
        with os.fdopen(say, "w") as out:
            json.dump(result, out)
        os._exit(0)
    os.close(say)
    signal.signal(signal.SIGALRM, lambda *_: os.kill(pid, signal.SIGKILL))
    signal.alarm(seconds)
    with os.fdopen(listen) as heard:
        text = heard.read()
    os.waitpid(pid, 0)
    signal.alarm(0)
    return json.loads(text) if text else {"wrong": f"no end within {seconds} s"}


def run_seeds(
    seeds: Sequence[int],
    steps: Iterable[int] = (),
    *,
    planted: str = "",
    days: int = DAYS,
    shrink: bool = True,
    going_on: bool = False,
    kept: bool = False,
    database: str = "sqlite",
) -> Figures:
    """Tell the stories of these seeds, of so many days each; print what goes wrong. `planted`: tell three bookings and this mistake of ours instead.

    `kept`: before them, those that went wrong once.
    """
    wanted, figures, began = list(steps), Figures(), really_passed()
    # Ctrl-C ends it with the figures so far.
    with surroundings(database) as teller, contextlib.suppress(KeyboardInterrupt):
        for story in [
            *(kept_stories() if kept else ()),
            *(_asked(seed, days, wanted, planted) for seed in seeds),
        ]:
            result = teller.tell(story)
            figures.add({"days": 0, "points": 0, "deaths": 0, "pauses": 0, "happened": {}} | result)
            if result.get("wrong"):
                figures.failed.append(story.seed)
                _report(teller, story, result["wrong"], shrink=shrink and not wanted)
                if not going_on:
                    break
            if figures.told % 10 == 0:
                print(f"{figures.told} stories told", flush=True)
    figures.seconds = really_passed() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    figures.processor = used.ru_utime + used.ru_stime
    return figures


def _asked(seed: int, days: int, wanted: Sequence[int], planted: str) -> Story:
    story = story_of(seed, days)
    if wanted:
        story = story.without(set(range(len(story.steps))) - set(wanted))
    if planted:
        calm = (Step("work", "day", 1), Step("work", "day", 2), Step("planted", planted, seed))
        story = Story(seed, "people", (*story.steps[:3], *calm))
    return story


def run_crashes(names: str, every: int, pairs: int | None, database: str = "sqlite") -> list[str]:
    """Break the scenarios of these names off at every such step, and so many pairs of steps each (None: every one); print and return those that went wrong."""
    wrong, began = [], really_passed()
    with surroundings(database) as teller:
        from tests.simulation.crashing import BROKEN_OFF, NOT_ON_POSTGRESQL

        left_out = NOT_ON_POSTGRESQL if database == "postgresql" else ()
        chosen = [name for name in BROKEN_OFF if name not in left_out] if names == "all" else names.split(",")
        for name in chosen:
            told = {"steps": 0, "tried": 0} | teller.crash(name, every, pairs)
            print(
                f"{name}: {told['steps']} steps, {told['tried']} deaths tried{_all_pairs(told)}", flush=True
            )
            if told["wrong"]:
                wrong.append(name)
                print(told["wrong"], flush=True)
    print(f"{len(wrong)} scenarios went wrong {wrong or ''}, {really_passed() - began:,.0f} s")
    return wrong


def _all_pairs(told: dict[str, Any]) -> str:
    if "pairs" not in told:
        return ""
    return (
        f", and all {told['pairs']:,} pairs of steps: {told['firsts']} first deaths that leave something different, "
        f"{told['followed']:,} second ones after which something lies there that was not followed before"
    )


def _report(teller: Teller, story: Story, wrong: str, *, shrink: bool) -> None:
    print(f"\nSeed {story.seed} ({story.flavour}) went wrong:\n{wrong}", flush=True)
    if not shrink:
        print(f"Again: python -m tests.simulation --seeds {story.seed}", flush=True)
        return
    kept = shrunk(len(story.steps), lambda left_out: bool(teller.tell(story.without(left_out)).get("wrong")))
    short = story.without(set(range(len(story.steps))) - set(kept))
    print("Short: " + " | ".join(map(str, short.steps)), flush=True)
    print(teller.tell(short).get("wrong"), flush=True)
    numbers = ",".join(map(str, kept))
    print(f"Again: python -m tests.simulation --seeds {story.seed} --steps {numbers}", flush=True)
