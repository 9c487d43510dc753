"""Every pair of steps: the worker dies at one, the next worker at another, and a third one does it whole.

Of the steps at which a death leaves the same behind (`lying`), one is followed: nobody who comes after could tell them apart. What that is at each
step, a worker says that lives and is watched; each that is followed then dies in earnest, and must leave what was seen.
"""

import random
import traceback
from collections.abc import Callable
from typing import Any

from tests.simulation.life import Life
from tests.simulation.lying import state_of
from tests.simulation.places import AFTER_THE_FIRST, BEFORE, Place
from tests.simulation.running import SECONDS_FOR_ALL_DEATHS, in_a_process
from tests.simulation.scenarios import Scene
from tests.simulation.stage import Stage
from tests.simulation.workers import Worker

PAST_THE_LEASE = 200


class Pairs:
    """All pairs of steps of one scene. `known` are words of which what follows is tried, `ended` those of ends that were judged and found right."""

    def __init__(self, stage: Stage, place: Place, life: Life, scene: Scene):
        self._stage, self._place, self._life, self._scene = stage, place, life, scene
        self._known: set[str] = set()
        self._ended: set[str] = set()
        self.pairs = self.followed = self.firsts = 0
        self.wrong: list[str] = []

    def go_through(self, name: str) -> None:
        """Try them all; add up what was `wrong`, how many `pairs` of steps there are, and how many of them were `followed`."""
        self._place.put_back(BEFORE)
        steps = in_a_process(self._watched)
        wrong = self._ended_well(steps, ())
        self.wrong += [wrong] if wrong else []
        firsts = _first_of_each(steps.get("words", []))
        self._known |= set(firsts)
        for number, (word, first) in enumerate(firsts.items(), 1):
            same = steps["words"].count(word)
            told = in_a_process(
                lambda word=word, first=first: self._after(first, word), SECONDS_FOR_ALL_DEATHS
            )
            self.wrong += [told["wrong"]] if told["wrong"] else []
            self._known |= set(told.get("known", ()))
            self._ended |= set(told.get("ended", ()))
            self.firsts += 1
            self.pairs += same * told.get("steps", 0)
            self.followed += told.get("followed", 0)
            print(
                f"{name}: {number} of {len(firsts)} first deaths, {self.followed} second ones followed for {self.pairs} pairs, "
                f"{len(self._ended)} ends judged, {len(self.wrong)} went wrong",
                flush=True,
            )

    def _watched(self) -> dict[str, Any]:
        """Let a worker do it whole, and return the word of what its death would leave at each step, and of the end."""
        words: list[str] = []
        return {"words": words} | self._ends(lambda: words.append(state_of(self._life)))

    def _ends(self, watch: Callable[[], None] | None = None) -> dict[str, Any]:
        """Let a worker do it whole; judge, unless an end like this one was found right."""
        life, end = self._life, ""
        try:
            life.workers.run([Worker("lives", self._scene.work, watch=watch)], random.Random(0))
            life.pass_time(PAST_THE_LEASE)
            end = state_of(life)
            if end not in self._ended:
                self._scene.judge(life)
            wrong = "\n".join(life.workers.complaints)
        except Exception:  # noqa: BLE001 - whatever breaks after a death is what is looked for.
            wrong = traceback.format_exc(limit=-40)
        return {"wrong": wrong, "end": end}

    def _after(self, first: int, word: str) -> dict[str, Any]:
        """Try every second death after the first one at this step."""
        self._place.put_back(BEFORE)
        wrong = [self._killed(first, word)]
        self._stage.let_go()
        self._place.keep(AFTER_THE_FIRST)
        watched = in_a_process(self._watched)
        wrong += [self._ended_well(watched, (first,))]
        seconds = {
            left: second
            for left, second in _first_of_each(watched.get("words", [])).items()
            if left not in self._known
        }
        for left, second in seconds.items():
            self._place.put_back(AFTER_THE_FIRST)
            told = in_a_process(lambda left=left, second=second: self._to_the_end(second, left))
            wrong += [self._ended_well(told, (first, second))]
        found = [one for one in wrong if one]
        return {
            "wrong": "\n\n".join(found),
            "steps": len(watched.get("words", [])),
            "followed": len(seconds),
            "known": list(seconds),
            "ended": list(self._ended),
        }

    def _ended_well(self, told: dict[str, Any], deaths: tuple[int, ...]) -> str:
        """Take an end for right, or return what is wrong after these deaths."""
        if told["wrong"]:
            return f"killed at {deaths}: {told['wrong']}"
        self._ended.add(told["end"])
        return ""

    def _killed(self, point: int, word: str) -> str:
        """Let a worker die at this step; return what is wrong where that leaves something else than was seen there."""
        self._life.workers.run([Worker("dies", self._scene.work, dies_at=point)], random.Random(0))
        left = state_of(self._life)
        self._life.pass_time(PAST_THE_LEASE)
        return "" if left == word else f"a death at {point} leaves something else than was seen there"

    def _to_the_end(self, point: int, word: str) -> dict[str, Any]:
        """Let a worker die at this step and the next one do it whole."""
        wrong = self._killed(point, word)
        ended = self._ends()
        return ended | {"wrong": "\n".join(one for one in (wrong, ended["wrong"]) if one)}


def _first_of_each(words: list[str]) -> dict[str, int]:
    """Return the first step of each word."""
    found: dict[str, int] = {}
    for step, word in enumerate(words, 1):
        found.setdefault(word, step)
    return found
