"""Running `flask …` as its users do, in a process of its own, without paying for the same imports each time.

A server with our modules imported, and nothing else done, forks a process a command (multiprocessing's forkserver). That process
gets exactly the given environment, standard streams of its own, and runs Flask's own entry point to its end.
"""

import multiprocessing
import os
import sys
import tempfile
from multiprocessing.context import ForkServerContext
from pathlib import Path

import flask.cli

from tests.harness import ROOT
from worker.commands.register import COMMANDS

_IMPORTED_ONCE = [
    "alembic.autogenerate.api",
    "webapp",
    *(where.partition(":")[0] for where in COMMANDS.values()),
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
        streams = [Path(folder) / name for name in ("in", "out", "err")]
        streams[0].write_text(given)
        process = _forks().Process(target=_become_flask, args=(words, environment, list(map(str, streams))))
        process.start()
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise TimeoutError(f"flask {' '.join(words)} took longer than {seconds} s")
        return process.exitcode, streams[1].read_text(), streams[2].read_text()


def _forks() -> ForkServerContext:
    global _context
    if _context is None:
        _context = multiprocessing.get_context("forkserver")
        _context.set_forkserver_preload(_IMPORTED_ONCE)
    return _context


def _become_flask(words: list[str], environment: dict[str, str], streams: list[str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    for number, (name, how) in enumerate(zip(streams, ("r", "w", "w"), strict=True)):
        with open(name, how) as file:
            os.dup2(file.fileno(), number)
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(number, how, 1) for number, how in enumerate("rww"))
    sys.argv = ["flask", *words]
    try:
        flask.cli.main()
    finally:
        _close_databases()


def _close_databases() -> None:
    """A process that ends by itself closes its connections; one that was forked here ends without a word."""
    wsgi = sys.modules.get("wsgi")
    if wsgi is not None:
        with wsgi.app.app_context():
            for engine in wsgi.app.extensions["sqlalchemy"].engines.values():
                engine.dispose()
