"""Starting a process, waiting until it is ready, and ending it with all that it started."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from launch.lifelines import end_with_parent, session_members, signal_processes
from tests.harness import ROOT

LOOPBACK = "127.0.0.1"
Answer = TypeVar("Answer")


_RESERVED: deque[socket.socket] = deque(maxlen=100)


def free_port() -> int:
    """Return a port of the loopback that nobody listens on and no test run side by side with this one is about to.

    Chosen below the range from which the kernel takes ports for outgoing connections. Whoever asked needs a second or two to listen:
    until a hundred more were asked for, the UDP port of the same number is held, which tells other runs that this one is taken.
    """
    for port in random.SystemRandom().sample(range(12000, 32000), 200):
        reserved = socket.socket(type=socket.SOCK_DGRAM)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                reserved.bind((LOOPBACK, port))
                probe.bind((LOOPBACK, port))
            except OSError:
                reserved.close()
                continue
        _RESERVED.append(reserved)
        return port
    raise RuntimeError("No free port on the loopback.")


def wait_until(condition: Callable[[], Answer], what: str, seconds: float = 30.0) -> Answer:
    """Return the condition's first true answer.

    Raises:
        AssertionError: it stayed false for that long; the message says `what` was waited for.
    """
    deadline = time.monotonic() + seconds
    while True:
        if answer := condition():
            return answer
        assert time.monotonic() < deadline, f"Waited {seconds:.0f} s in vain for: {what}"
        time.sleep(0.05)


def base_environment() -> dict[str, str]:
    """Return what any process of ours needs from the surroundings, and none of the developer's settings."""
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR", "TZ") if name in os.environ}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {**kept, "PATH": path, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


class Process:
    """A process in a session of its own, with its output in a file. It is killed when the test run dies."""

    def __init__(
        self,
        command: list[str],
        log: Path,
        *,
        environment: dict[str, str] | None = None,
        folder: Path = ROOT,
        user: int | None = None,
    ):
        """Start it. `user` is the id of another user to run as, which only root may ask for."""
        self.log = log
        other = {} if user is None else {"user": user, "group": user, "extra_groups": []}
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env={**base_environment(), **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
                preexec_fn=_die_with_test_run,
                **other,
            )

    @property
    def pid(self) -> int:
        """The process's own id, which is also its session's."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self._process.poll()

    def output(self) -> str:
        """Return all that it has printed so far."""
        return self.log.read_text(errors="replace")

    def members(self) -> list[int]:
        """Return the ids of its processes that live, itself included."""
        return session_members(self.pid)

    def wait_until(self, condition: Callable[[], object], what: str, seconds: float = 30.0) -> None:
        """Return once the condition is true; fail with the output when the process ends first or time runs out."""

        def condition_or_end() -> bool:
            if condition():
                return True
            assert self.exit_code is None, (
                f"Ended with {self.exit_code} before: {what}\n{self.output()[-4000:]}"
            )
            return False

        try:
            wait_until(condition_or_end, what, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.output()[-4000:]}") from None

    def wait_for_url(self, url: str, seconds: float = 30.0) -> None:
        """Return once the address answers HTTP without a server error."""
        self.wait_until(lambda: answers(url), f"an answer at {url}", seconds)

    def send(self, number: int) -> None:
        """Send it a signal: it alone, not what it started."""
        self._process.send_signal(number)

    def wait(self, seconds: float = 30.0) -> int:
        """Return its exit code once it has ended."""
        return self._process.wait(seconds)

    def stop(self, seconds: float = 15.0) -> None:
        """Ask it to stop; kill it and all that it started when it does not."""
        if self.exit_code is None:
            self.send(signal.SIGTERM)
            try:
                self.wait(seconds)
            except subprocess.TimeoutExpired:
                pass
        self.kill()

    def kill(self) -> None:
        """Kill it and all that it started."""
        self.send(signal.SIGKILL)  # It may not lead its session yet.
        signal_processes(self.members(), signal.SIGKILL)
        self.wait(10)


def answers(url: str) -> bool:
    """Return whether the address answers HTTP without a server error."""
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except urllib.error.HTTPError as refusal:
        return refusal.code < 500
    except OSError:
        return False


def _die_with_test_run() -> None:
    end_with_parent(signal.SIGKILL)
