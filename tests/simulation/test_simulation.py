"""A few short stories in every run of the tests, always the same ones; thousands of long ones are `make simulate`'s.

Each run is a process of its own: it takes over clock, chance and network for good.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness import ROOT
from tests.harness.processes import base_environment
from tests.simulation.shrinking import shrunk
from tests.simulation.stories import FLAVOURS, LIKELY, kept_stories, steps_from, story_of

SEEDS, DAYS = "171-172", 8


def simulate(*words: str) -> subprocess.CompletedProcess[str]:
    """Tell stories; return the finished process."""
    command = [sys.executable, "-m", "tests.simulation", "--no-shrinking", *words]
    return subprocess.run(
        command, cwd=ROOT, env=base_environment(), capture_output=True, text=True, timeout=600
    )


@pytest.mark.timeout(900)
def test_after_any_story_the_books_are_exact_or_say_why_not():
    done = simulate("--kept", "--seeds", SEEDS, "--days", str(DAYS))
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    assert "0 failed" in done.stdout


@pytest.mark.timeout(300)
def test_a_mistake_of_ours_is_noticed_and_how_to_tell_it_again_is_said():
    done = simulate("--seeds", "3", "--planted", "double")
    assert done.returncode == 1
    assert "two at once" in done.stdout and "--seeds 3" in done.stdout, done.stdout[-4000:]


@pytest.mark.timeout(600)
def test_what_dies_on_its_way_is_done_whole_by_the_next():
    done = simulate("--crashes", "settings,erase", "--every", "75", "--pairs", "0")
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    assert "0 scenarios went wrong" in done.stdout


@pytest.mark.timeout(300)
def test_a_mistake_that_only_a_pair_of_deaths_shows_is_found_among_all_pairs():
    done = simulate("--crashes", "planted", "--pairs", "all")
    assert done.returncode == 1
    assert "killed at (2, 2)" in done.stdout and "two at once" in done.stdout, done.stdout[-4000:]
    assert "killed at (1,)" not in done.stdout and "killed at (2,)" not in done.stdout


def test_a_seed_tells_the_same_story_each_time():
    assert story_of(11) == story_of(11) != story_of(12)
    assert {story_of(seed).flavour for seed in range(30)} == set(FLAVOURS)


def test_the_stories_that_went_wrong_once_can_still_be_told():
    from tests.simulation.telling import NAMED

    for story in kept_stories():
        assert steps_from(" | ".join(map(str, story.steps))) == story.steps
        assert all(step.table == "work" or step.name in NAMED[step.table] for step in story.steps)


def test_everything_that_can_happen_is_told_and_nothing_else():
    from tests.simulation.telling import NAMED

    assert {table: set(names) for table, names in LIKELY.items()} == {
        table: set(names) for table, names in NAMED.items() if table != "planted"
    }


def test_a_story_is_shortened_to_the_steps_that_matter():
    def fails_without(left_out: set[int]) -> bool:
        return not {3, 17} & left_out

    assert shrunk(40, fails_without) == [3, 17]


def test_what_is_left_out_changes_nothing_in_the_other_steps():
    story = story_of(5)
    assert story.without({0, 2}).steps == (story.steps[1], *story.steps[3:])


def test_the_reliability_page_names_the_seeds_of_every_run():
    page = Path(ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    assert f"seeds {SEEDS}" in page and f"{DAYS} days" in page
