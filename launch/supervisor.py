"""The one process behind `make run`: starts children, watches them, starts again what dies, ends all of them.

It knows nothing of what the children are; `__main__` and `services` say that.
"""

import os
import selectors
import signal
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from launch import LaunchError
from launch.child import GRACE_SECONDS, Child, Log, how_it_ended
from launch.environment import private_folder
from launch.lifelines import adopt_orphans
from launch.services import Service

SECONDS_TO_START = 120.0
STEADY_AFTER_SECONDS = 60.0
LONGEST_PAUSE = 30.0
BEAT_SECONDS = 0.25


class StopRequested(Exception):
    """Somebody pressed Ctrl-C or sent SIGTERM or SIGHUP; the message names the signal."""


class Supervisor:
    """Children by name, in the order they were started. Use it as a context: leaving it ends every child."""

    def __init__(
        self, folder: Path, variables: dict[str, str], logs: Path, lock: int, say: Callable[[str], None]
    ):
        self._folder, self._variables, self._lock, self._say = folder, variables, lock, say
        self._logs = private_folder(logs)
        self._open_logs: dict[str, Log] = {}
        self._services: dict[str, Service] = {}
        self._children: dict[str, Child] = {}
        self._failures: dict[str, int] = {}
        self._start_again_at: dict[str, float] = {}
        self._requests_to_stop = 0
        self._last_request_at = 0.0
        self._last_request = ""
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> "Supervisor":
        adopt_orphans()
        wake_up, noise = os.pipe()
        os.set_blocking(wake_up, False)
        os.set_blocking(noise, False)
        self._selector.register(wake_up, selectors.EVENT_READ)
        signal.set_wakeup_fd(noise, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Under nohup a closed terminal is no wish to stop.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._note_request)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        return self

    def __exit__(self, *_: object) -> None:
        self._requests_to_stop = 0
        self._stop_all()

    def start(self, services: Iterable[Service]) -> None:
        """Start the services and return once each is ready.

        Raises:
            LaunchError: one ended at once or was not ready in time; the message ends with its last log lines.
            StopRequested: see there.
        """
        services = list(services)
        for service in services:
            self._services[service.name] = service
            self._start(service)
        for service in services:
            deadline = time.monotonic() + SECONDS_TO_START
            while service.is_ready and not service.is_ready():
                if service.name not in self._children or time.monotonic() > deadline:
                    raise LaunchError(f"{service.name} did not start. {self._last_words(service.name)}")
                self._beat(0.05)

    def run(self, name: str, command: list[str], text: str = "") -> str:
        """Run a command to its end with `text` as its input and return what it printed.

        Raises:
            LaunchError: it failed; the message ends with its last log lines.
        """
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as printed:
            given.write(text.encode())
            given.seek(0)
            log = self._log(name)
            self._children[name] = child = Child(
                command, self._variables, self._folder, log, self._lock, stdin=given, stdout=printed
            )
            while (code := child.exit_code()) is None:
                self._beat(BEAT_SECONDS, but_not=name)
            del self._children[name]
            printed.seek(0)
            output = printed.read().decode(errors="replace")
        if code:
            raise LaunchError(f"{name} {how_it_ended(code)}. {output.strip()} {self._last_words(name)}")
        return output

    def watch(self) -> None:
        """Keep all services running until StopRequested is raised."""
        while True:
            self._beat(BEAT_SECONDS)

    def _beat(self, seconds: float, but_not: str = "") -> None:
        """Wait a moment, or until a signal; then see who died, start what is due and pass on warnings."""
        for key, _ in self._selector.select(seconds):
            os.read(key.fd, 1024)
        if self._requests_to_stop:
            raise StopRequested(self._last_request)
        self._pass_on_warnings()
        for name, child in list(self._children.items()):
            if name != but_not and (code := child.exit_code()) is not None:
                self._plan_restart(name, child, code)
        for name, due in list(self._start_again_at.items()):
            if time.monotonic() >= due:
                del self._start_again_at[name]
                self._start(self._services[name])

    def _start(self, service: Service) -> None:
        log = self._log(service.name)
        self._children[service.name] = Child(service.command, self._variables, self._folder, log, self._lock)

    def _plan_restart(self, name: str, child: Child, code: int) -> None:
        """Note that a service ended and when it starts again: after 1 s, doubling up to 30 s while it will not stay up."""
        del self._children[name]
        steady = time.monotonic() - child.started_at > STEADY_AFTER_SECONDS
        self._failures[name] = 1 if steady else self._failures.get(name, 0) + 1
        pause = min(2.0 ** (self._failures[name] - 1), LONGEST_PAUSE)
        self._start_again_at[name] = time.monotonic() + pause
        self._say(
            f"{name} {how_it_ended(code)}; it starts again in {pause:.0f} s (log: {self._log(name).path})"
        )

    def _stop_all(self) -> None:
        """End the children, the last stage first, so that a worker can still reach Valkey to say goodbye.

        A second request to stop kills them.
        """
        self._start_again_at.clear()
        stages = {
            name: self._services[name].stage if name in self._services else 9 for name in self._children
        }
        for stage in sorted(set(stages.values()), reverse=True):
            ending = [self._children[name] for name in self._children if stages[name] == stage]
            for child in ending:
                child.release()
            kill_at = time.monotonic() + GRACE_SECONDS + 5
            while any(child.exit_code() is None for child in ending):
                for key, _ in self._selector.select(0.05):
                    os.read(key.fd, 1024)
                if self._requests_to_stop or time.monotonic() > kill_at:
                    for child in ending:
                        child.kill()
        self._pass_on_warnings()

    def _pass_on_warnings(self) -> None:
        for name, log in self._open_logs.items():
            for line in log.warnings():
                self._say(f"[{name}] {line}")

    def _note_request(self, number: int, _frame: object) -> None:
        self._last_request = signal.Signals(number).name
        # Make passes a signal on that the whole group may have had already: close together they are one wish.
        if time.monotonic() - self._last_request_at > 1:
            self._requests_to_stop += 1
        self._last_request_at = time.monotonic()

    def _log(self, name: str) -> Log:
        if name not in self._open_logs:
            self._open_logs[name] = Log(self._logs / f"{name}.log")
        return self._open_logs[name]

    def _last_words(self, name: str) -> str:
        log = self._log(name)
        return f"The end of {log.path}:\n{log.tail()}"
