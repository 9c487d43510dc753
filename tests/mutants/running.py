"""Running the rules' tests against one mutant: in a fork of a process that has read the libraries, nothing written to disk."""

import importlib
import importlib.abc
import importlib.machinery
import os
import resource
import sys
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import ModuleType

import pytest

from tests.harness import ROOT
from tests.mutants.planting import Mutant

SECONDS = 60
"""Processor time of the tests against one mutant. One that never ends is noticed too."""

_READ_ONCE = ("hypothesis.strategies", "hypothesis.stateful")
"""What takes long to import and holds nothing of ours: the forks find it there."""
_OURS = ("bookkeeping", "webapp", "worker")


class _Planted(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives Python the mutant's tree when it looks for the module; every other module is as it lies on disk."""

    def __init__(self, mutant: Mutant):
        self.mutant = mutant
        self.name = mutant.path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")

    def find_spec(self, name: str, _path: object = None, _target: object = None):
        if name != self.name:
            return None
        return importlib.machinery.ModuleSpec(name, self, origin=str(ROOT / self.mutant.path))

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.mutant.tree, self.mutant.path, "exec"), module.__dict__)


def killed(mutants: list[Mutant], tests: Path, processes: int) -> Iterator[tuple[Mutant, bool]]:
    """Yield each mutant with whether the tests in a folder noticed it, as they end; so many run at a time."""
    for name in _READ_ONCE:
        importlib.import_module(name)
    waiting, running = list(reversed(mutants)), {}
    while waiting or running:
        while waiting and len(running) < processes:
            mutant = waiting.pop()
            running |= {_start(mutant, tests): mutant}
        for ended in wait(list(running)):
            yield running.pop(ended), _answer(ended)


def passes(tests: Path) -> bool:
    """Return whether the tests pass as they are: else every mutant would seem to be noticed."""
    return not _answer(_start(None, tests))


def _start(mutant: Mutant | None, tests: Path) -> Connection:
    context = get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    context.Process(target=_run, args=(mutant, tests, theirs), daemon=True).start()
    theirs.close()
    return ours


def _answer(ended: Connection) -> bool:
    try:
        return ended.recv()
    except EOFError:  # It was stopped by its limit.
        return True
    finally:
        ended.close()


def _run(mutant: Mutant | None, tests: Path, answer: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    with open(os.devnull, "w") as nothing:
        os.dup2(nothing.fileno(), 1)
        os.dup2(nothing.fileno(), 2)
    os.environ["HYPOTHESIS_PROFILE"] = "mutants"
    for name in [name for name in sys.modules if name.split(".")[0] in _OURS]:
        del sys.modules[name]
    if mutant is not None:
        sys.meta_path.insert(0, _Planted(mutant))
    words = ["-x", "-q", "--tb=no", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:xdist"]
    answer.send(pytest.main([*words, *map(str, _mirror_first(mutant, tests))]) != pytest.ExitCode.OK)


def _mirror_first(mutant: Mutant | None, tests: Path) -> list[Path]:
    """Return the test files, the one that mirrors the mutant's module before the others: it notices soonest."""
    mirror = f"test_{Path(mutant.path).stem.split('_')[0]}" if mutant else ""
    return sorted(tests.glob("test_*.py"), key=lambda file: (not file.stem.startswith(mirror), file))
