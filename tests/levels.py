"""Which tests are unit tests, and what keeps them so: no socket, no process. A plugin that `tests/conftest.py` brings in.

A test is a unit test by where it lies (`UNIT_FOLDERS`), unless it asks for one of the fixtures that start something, or is marked
`outside` because it starts something itself. `make unit` runs these alone; every run holds them to it.
"""

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import Phase, settings

TESTS = Path(__file__).parent
UNIT_FOLDERS = ("bookkeeping", "checker", "webapp", "worker")
STARTING = {
    *("valkey", "postgres", "postgres_url", "migrated_sqlite", "database_url"),
    *("mail_server", "intuit", "platform", "browser", "scripted"),
}
"""The fixtures that start a server or a process. What is built on them starts it too."""

_FORBIDDEN = (
    "socket.",
    "subprocess.Popen",
    "os.fork",
    "os.posix_spawn",
    "os.exec",
    "os.system",
    "os.startfile",
)
_HARMLESS = {"socket.gethostname"}
_watched: "Watched | None" = None


class NotAUnitTestError(BaseException):
    """A unit test opened a socket or started a process. No `except Exception` of the code under test swallows it."""


class Watched:
    """A unit test that is running: what it did that it may not do. Threads that were there before it are not its own."""

    def __init__(self) -> None:
        self.others = {thread.ident for thread in threading.enumerate()} - {threading.get_ident()}
        self.did: list[str] = []

    def saw(self, event: str) -> None:
        """Note an event of Python's audit hooks, and stop it, where no unit test may cause it."""
        if event in _HARMLESS or not event.startswith(_FORBIDDEN) or threading.get_ident() in self.others:
            return
        self.did.append(event)
        raise NotAUnitTestError(event)


def choose_profile() -> str:
    """Make the profiles of hypothesis and load one: HYPOTHESIS_PROFILE's, else `ci` where CI is set, else `dev`.

    `mutants` has fewer examples and looks for no smallest one. None has a deadline: on a busy machine it says nothing about the code.
    """
    settings.register_profile("dev", settings.get_profile("default"), deadline=None, max_examples=20)
    settings.register_profile("ci", settings.get_profile("ci"), deadline=None, max_examples=100)
    settings.register_profile(
        "mutants", settings.get_profile("ci"), max_examples=40, phases=[Phase.explicit, Phase.generate]
    )
    chosen = os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev")
    settings.load_profile(chosen)
    return chosen


def is_unit(path: Path, fixtures: list[str], marks: set[str]) -> bool:
    """Return whether the test in this file, with these fixtures and those that they use, is a unit test."""
    where = path.relative_to(TESTS).parts[0] if path.is_relative_to(TESTS) else ""
    return where in UNIT_FOLDERS and not STARTING & set(fixtures) and "outside" not in marks


def pytest_configure(config: pytest.Config) -> None:
    """Name the two marks, load the profile, and begin to listen."""
    config.addinivalue_line(
        "markers", "unit: opens no socket and starts no process; set by where a test lies"
    )
    config.addinivalue_line("markers", "outside: opens a socket or starts a process without asking a fixture")
    choose_profile()
    sys.addaudithook(_listen)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark the unit tests."""
    if is_unit(item.path, getattr(item, "fixturenames", []), {mark.name for mark in item.iter_markers()}):
        item.add_marker("unit")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Watch a unit test from its first fixture to its last."""
    global _watched
    _watched = Watched() if item.get_closest_marker("unit") else None
    try:
        return (yield)
    finally:
        _watched = None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Fail what went outside and hid it, after the fixtures are gone."""
    answer = yield
    if _watched is not None and _watched.did:
        pytest.fail(
            f"A unit test did {', '.join(sorted(set(_watched.did)))}. Ask for a fixture of {sorted(STARTING)}, "
            "or mark it @pytest.mark.outside.",
            pytrace=False,
        )
    return answer


def _listen(event: str, _arguments: tuple) -> None:
    if _watched is not None:
        _watched.saw(event)
