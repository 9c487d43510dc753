"""Running `flask …`, and a line of `Procfile`, as their users do, without paying for the same imports each time.

A server with our modules imported, and nothing else done but what `warmed` does with them, forks a process a command
(multiprocessing's forkserver). That process gets exactly the given environment, standard streams of its own, and runs the command's own
entry point to its end. `run_forked` waits for that; `ForkedProcess` goes on beside the test. What starts with a Python of its own is
`processes.Process`.
"""

import atexit
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

from launch.lifelines import end_with_parent
from tests.harness import ROOT
from tests.harness.processes import Process
from worker.commands.register import COMMANDS

_IMPORTED_ONCE = [
    "tests.harness.cheap_passwords",
    "alembic.autogenerate.api",
    "bookkeeping.storage.tables",
    "flask_limiter._cli",
    "flask_limiter.commands",
    "flask_migrate.cli",
    "flask_sqlalchemy.cli",
    "gunicorn.app.wsgiapp",
    "gunicorn.workers.gthread",
    "rq.cli",
    "rq.worker",
    "standins.intuit.app",
    "standins.intuit.serving",
    "standins.platform.app",
    "tzdata",
    "valkey",
    "zxcvbn",
    "webapp",
    "webapp.serving.server_lines",
    "webapp.serving.whole_requests",
    "worker.jobs",
    *(where.partition(":")[0] for where in COMMANDS.values()),
    "tests.harness.warmed",
]
_context: ForkServerContext | None = None


def run_forked(
    words: list[str], environment: dict[str, str], given: str, seconds: float
) -> tuple[int, str, str]:
    """Run `flask WORDS…` and return (exit code, what it printed, what it complained of). `given` is its standard input.

    Raises:
        TimeoutError: it took longer; it was killed.
    """
    with tempfile.TemporaryDirectory() as folder:
        streams = [str(Path(folder) / name) for name in ("in", "out", "err")]
        Path(streams[0]).write_text(given)
        process = _forks().Process(target=_become, args=(["flask", *words], environment, streams))
        process.start()
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise TimeoutError(f"flask {' '.join(words)} took longer than {seconds} s")
        return process.exitcode, *(Path(stream).read_text() for stream in streams[1:])


class ForkedProcess(Process):
    """A command of `console_scripts`, such as gunicorn, in a session of its own, with its output in a file. It dies with the test run.

    `python -m MODULE …` is one too.
    """

    def __init__(self, command: list[str], log: Path, *, environment: dict[str, str]):
        """Start it; the environment is all that it sees."""
        self.log = log
        log.touch()
        streams = [os.devnull, str(log), str(log)]
        self._forked: Any = _forks().Process(target=_lead_a_session, args=(command, environment, streams))
        self._forked.start()
        # Else the end of the test run would wait for what nobody stopped.
        atexit.register(self._forked.kill)

    @property
    def pid(self) -> int:
        return int(self._forked.pid)

    @property
    def exit_code(self) -> int | None:
        return self._forked.exitcode

    def send(self, number: int) -> None:
        if self.exit_code is None:
            os.kill(self.pid, number)

    def wait(self, seconds: float = 30.0) -> int:
        self._forked.join(seconds)
        if self.exit_code is None:
            raise subprocess.TimeoutExpired(self._forked.name, seconds)
        return self.exit_code


def _forks() -> ForkServerContext:
    global _context
    if _context is None:
        _context = multiprocessing.get_context("forkserver")
        _context.set_forkserver_preload(_IMPORTED_ONCE)
    return _context


def _forget_the_server() -> None:
    """A process that forks itself (`tests.chaos` does, for each story) is no parent of the server that it knows: its child starts one of its own."""
    forkserver._forkserver._forkserver_pid = None  # type: ignore[attr-defined]


os.register_at_fork(after_in_child=_forget_the_server)


def _lead_a_session(command: list[str], environment: dict[str, str], streams: list[str]) -> None:
    os.setsid()
    end_with_parent(signal.SIGKILL)
    _become(command, environment, streams)


def _become(command: list[str], environment: dict[str, str], streams: list[str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    for number, (name, how) in enumerate(zip(streams, ("r", "a", "a"), strict=True)):
        with open(name, how) as file:
            os.dup2(file.fileno(), number)
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(number, how, 1) for number, how in enumerate("rww"))
    try:
        sys.exit(_entry(command)())
    finally:
        _close_databases()


def _entry(command: list[str]) -> Callable[[], Any]:
    """Return what the command calls once Python is up, with `sys.argv` as it would be."""
    if command[:2] == ["python", "-m"]:
        sys.argv = command[2:]
        return partial(runpy.run_module, command[2], run_name="__main__", alter_sys=True)
    sys.argv = command
    from tests.harness.warmed import CONSOLE_SCRIPTS  # The fork server has it.

    [entry] = CONSOLE_SCRIPTS.select(name=command[0])
    return entry.load()


def _close_databases() -> None:
    """A process that ends by itself closes its connections; one that was forked here ends without a word."""
    wsgi = sys.modules.get("wsgi")
    if wsgi is not None:
        with wsgi.app.app_context():
            for engine in wsgi.app.extensions["sqlalchemy"].engines.values():
                engine.dispose()
