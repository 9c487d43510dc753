"""One running child of the supervisor: its leash, its log file and what of that log belongs on the console."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from launch.lifelines import session_members, signal_processes

GRACE_SECONDS = 10.0
LARGEST_LOG = 5_000_000
# Python's and Valkey's level names, plain or in JSON, and the first line of a traceback.
WORTH_SAYING = re.compile(
    r"\b(WARNING|ERROR|CRITICAL)\b|\"level(name)?\": ?\"(warning|error|critical)\"|^Traceback \(most"
)
# Valkey says this on most machines at every start; it matters for background saves only, which are off.
NOT_WORTH_SAYING = re.compile(r"Memory overcommit must be enabled")


class Log:
    """A file that children write to directly, so that it outlives the supervisor, and that the supervisor reads along."""

    def __init__(self, path: Path):
        self.path = path
        if path.exists() and path.stat().st_size > LARGEST_LOG:
            path.replace(path.with_suffix(".log.old"))
        path.touch(mode=0o600)
        self._read_to = path.stat().st_size
        self._partial = b""

    def open(self):
        """Open it for a child to append to."""
        return self.path.open("ab")

    def warnings(self) -> list[str]:
        """Return the lines written since the last call that a person at the console should see."""
        with self.path.open("rb") as file:
            file.seek(self._read_to)
            new = file.read()
        self._read_to += len(new)
        *lines, self._partial = (self._partial + new).split(b"\n")
        texts = [line.decode(errors="replace").rstrip() for line in lines]
        return [text for text in texts if WORTH_SAYING.search(text) and not NOT_WORTH_SAYING.search(text)]

    def tail(self, count: int = 12) -> str:
        """Return the last lines, for an error message."""
        return "\n".join(self.path.read_text(errors="replace").splitlines()[-count:])


class Child:
    """A command on its leash. Letting go of it (`release`), or dying, ends everything the command started."""

    def __init__(
        self, command: list[str], variables: dict[str, str], folder: Path, log: Log, lock: int, **streams
    ):
        """Start it. `lock` is the run lock, which the leash holds open until it has cleaned up.

        `streams` may give `stdin` and `stdout` as for Popen; without them input is empty and output goes to the log.
        """
        read_end, self._lifeline = os.pipe()
        leash = [
            sys.executable,
            "-m",
            "launch.leash",
            "--parent",
            str(read_end),
            "--grace",
            str(GRACE_SECONDS),
            "--",
        ]
        with log.open() as file:
            self._leash = subprocess.Popen(
                [*leash, *command],
                cwd=folder,
                env=variables,
                stdin=streams.get("stdin", subprocess.DEVNULL),
                stdout=streams.get("stdout", file),
                stderr=file,
                pass_fds=(read_end, lock),
                start_new_session=True,
            )
        os.close(read_end)
        self.started_at = time.monotonic()

    def exit_code(self) -> int | None:
        """Return None while it runs, then its exit code (128 + signal if one ended it)."""
        code = self._leash.poll()
        if code is not None:
            self.release()
            # Nothing is left unless the leash itself was killed.
            signal_processes(session_members(self._leash.pid), signal.SIGKILL)
        return code

    def release(self) -> None:
        """Ask it to stop: the leash sees the pipe close, asks, waits for the grace period and kills."""
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1

    def kill(self) -> None:
        """End it and all that it started, now."""
        signal_processes(session_members(self._leash.pid), signal.SIGKILL)


def how_it_ended(code: int) -> str:
    """Say an exit code of a leash in words."""
    if code < 0:
        return f"lost its leash to signal {-code}"
    return f"was ended by signal {code - 128}" if code > 128 else f"ended with exit code {code}"
