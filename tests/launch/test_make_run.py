"""`make run` as its user sees it, on a copy of the tree with ports of its own."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from launch.lifelines import signal_processes
from tests.harness import ROOT
from tests.harness.browser import MILLISECONDS_TO_FIND, log_in
from tests.harness.processes import LOOPBACK, Process, answers, base_environment, free_port, wait_until

LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "var", ".env", "__pycache__", ".*_cache", ".hypothesis", "tests", "docs"
)
# Deadlines for a machine that is busy with other tests; nothing here says how fast it should be.
SECONDS_TO_START = 300
SECONDS_TO_STOP = 60

pytestmark = [pytest.mark.timeout(900)]


class Clone:
    """A copy of the tree in which make is run."""

    def __init__(self, folder: Path):
        self.folder = folder
        shutil.copytree(ROOT, folder, ignore=LEFT_OUT)
        # The packages that run this test are the pinned ones; installing them again is what `make test` itself began with.
        (folder / ".venv").symlink_to(sys.prefix)
        self.ports = {
            name: free_port() for name in ("PUBLIC_URL", "STANDIN_INTUIT_PORT", "STANDIN_PLATFORM_PORT")
        }
        self.url = f"http://{LOOPBACK}:{self.ports['PUBLIC_URL']}"
        self.environment = {**{name: str(port) for name, port in self.ports.items()}, "PUBLIC_URL": self.url}
        self._runs: list[Process] = []

    def start(self) -> Process:
        """Run `make run`; returns when it says that Tieout is running."""
        log = self.folder.parent / f"run-{len(self._runs)}.log"
        run = Process(["make", "run"], log, environment=self.environment, folder=self.folder)
        self._runs.append(run)
        run.wait_until(lambda: f"running at {self.url}" in run.output(), "the welcome", SECONDS_TO_START)
        return run

    def make(self, *words: str) -> subprocess.CompletedProcess:
        """Run another target to its end."""
        environment = {**base_environment(), **self.environment}
        return subprocess.run(
            ["make", *words],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS_TO_START,
        )

    def supervisor(self) -> int:
        """Return the supervisor's process id."""
        return int((self.folder / "var" / "run.lock").read_text())

    def processes(self) -> dict[int, str]:
        """Return the command lines of all living processes at work in this copy, by id: found by folder, not by kinship."""
        found = {}
        for entry in Path("/proc").iterdir():
            try:
                inside = (entry / "cwd").readlink().is_relative_to(self.folder)
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if inside and words:  # A zombie has no command line.
                found[int(entry.name)] = words
        return found

    def pids(self, *words: str) -> list[int]:
        """Return the ids of the parts whose command line has all these words, without their leashes."""
        return [
            pid
            for pid, line in self.processes().items()
            if "launch.leash" not in line and all(word in line for word in words)
        ]

    def nothing_runs(self) -> None:
        """Return once no process is left."""
        wait_until(lambda: not self.processes(), "every process to end", SECONDS_TO_STOP)

    def clean_up(self) -> None:
        """Kill whatever a test left; returns when it is gone, with its ports."""
        signal_processes(list(self.processes()), signal.SIGKILL)
        for run in self._runs:
            run.kill()
        self.nothing_runs()


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """One copy for all tests of this file."""
    return Clone(tmp_path_factory.mktemp("clone") / "tieout")


@pytest.fixture(autouse=True)
def nothing_left(clone: Clone) -> Iterator[None]:
    """End what a test left running, so that the next one is not its victim."""
    yield
    clone.clean_up()


@pytest.fixture
def running(clone: Clone) -> Process:
    """`make run`, running."""
    return clone.start()


def logins(clone: Clone) -> dict[str, str]:
    return dict(line.split() for line in (clone.folder / "var" / "demo-logins.txt").read_text().splitlines())


def log_in_afresh(browser: Browser, clone: Clone, email: str, password: str) -> None:
    """Log in with a browser that was never here."""
    with browser.new_context() as context:
        context.set_default_timeout(MILLISECONDS_TO_FIND)
        log_in(context.new_page(), clone.url, email, password)


def press_control_c(run: Process) -> None:
    """Do what a terminal does: interrupt make and the supervisor, both in its foreground; see that it ends in peace."""
    os.killpg(run.pid, signal.SIGINT)
    run.wait(SECONDS_TO_STOP)
    assert "Tieout has stopped." in run.output()


def test_the_demo_can_be_logged_into_and_a_second_run_keeps_it(clone, browser):
    first = clone.start()
    passwords = logins(clone)
    assert {"owner", "bookkeeper", "ops"} == {email.partition("@")[0] for email in passwords}
    for email, password in passwords.items():
        assert email in first.output() and password in first.output()
        log_in_afresh(browser, clone, email, password)
    press_control_c(first)
    clone.nothing_runs()

    second = clone.start()
    assert logins(clone) == passwords
    email, password = next(iter(passwords.items()))
    log_in_afresh(browser, clone, email, password)
    press_control_c(second)
    clone.nothing_runs()


def test_what_it_keeps_is_for_its_owner_alone(clone, running):
    var = clone.folder / "var"
    assert stat.S_IMODE(var.stat().st_mode) == 0o700
    for name in ("secrets.env", "demo-logins.txt", "tieout.db", "valkey/valkey.conf"):
        assert stat.S_IMODE((var / name).stat().st_mode) == 0o600, name
    secrets = [line.partition("=")[2] for line in (var / "secrets.env").read_text().split()]
    shown = " ".join(clone.processes().values()) + "".join(
        path.read_text() for path in (var / "log").iterdir()
    )
    assert len(secrets) == 3
    assert not [secret for secret in secrets if secret in shown]


def test_a_part_that_dies_is_started_again_and_said(clone, running):
    come_back_after_kill(clone, running, "web", "gunicorn")
    come_back_after_kill(clone, running, "worker-", "rq", "worker")
    come_back_after_kill(clone, running, "tick", "flask", "tick")
    come_back_after_kill(clone, running, "valkey", "valkey-server")
    come_back_after_kill(clone, running, "standin-intuit", "standins.intuit")
    come_back_after_kill(clone, running, "standin-platform", "standins.platform")
    wait_until(lambda: answers(f"{clone.url}/readyz"), "the application to be ready again", 60)


def come_back_after_kill(clone: Clone, running: Process, name: str, *words: str) -> None:
    """Kill the first process of a part and return once as many run as before and the console has said so."""
    before = clone.pids(*words)
    assert before, f"{name} does not run"
    os.kill(min(before), signal.SIGKILL)
    wait_until(lambda: min(before) not in clone.processes(), f"{name} to die")
    wait_until(lambda: len(clone.pids(*words)) == len(before), f"{name} to be back")
    wait_until(lambda: f"\n{name}" in running.output(), f"a word about {name}")


def test_no_orphan_is_left_when_the_supervisor_is_killed(clone, running):
    assert len(clone.processes()) > 10
    os.kill(clone.supervisor(), signal.SIGKILL)
    clone.nothing_runs()


def test_no_orphan_is_left_when_make_is_killed(clone, running):
    running.send(signal.SIGKILL)
    clone.nothing_runs()


def test_a_second_one_and_a_reset_are_refused_while_it_runs(clone, running):
    for target in ("run", "reset"):
        refused = clone.make(target)
        assert refused.returncode != 0
        assert f"already runs from this folder (process {clone.supervisor()})" in refused.stderr
    assert answers(f"{clone.url}/healthz")


def test_the_apps_commands_can_be_run_beside_it(clone, running):
    done = clone.make("flask", "ARGS=status 1 --json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert isinstance(json.loads(done.stdout), dict)


def test_a_command_in_a_shell_with_other_ports_has_the_settings_of_the_running_one(clone, running):
    shell = {
        **base_environment(),
        **clone.environment,
        "STANDIN_INTUIT_PORT": "9",
        "INTUIT_CLIENT_ID": "other",
    }
    words = [".venv/bin/python", "-m", "launch", "exec", "env"]
    done = subprocess.run(words, cwd=clone.folder, env=shell, capture_output=True, text=True, timeout=60)
    assert f"INTUIT_API_URL=http://{LOOPBACK}:{clone.ports['STANDIN_INTUIT_PORT']}\n" in done.stdout
    assert "INTUIT_CLIENT_ID=\n" in done.stdout
    assert "INTUIT_CLIENT_ID, STANDIN_INTUIT_PORT" in done.stderr


def listening_on(port: int) -> socket.socket:
    """Return a socket that has taken the port, once the kernel has closed those of processes just killed."""

    def take() -> socket.socket | None:
        try:
            return socket.create_server((LOOPBACK, port))
        except OSError:
            return None

    return wait_until(take, f"port {port} to be free")


@pytest.mark.parametrize("setting", ["PUBLIC_URL", "STANDIN_INTUIT_PORT", "STANDIN_PLATFORM_PORT"])
def test_a_taken_port_stops_the_start_and_names_the_setting(clone, setting):
    with listening_on(clone.ports[setting]):
        refused = clone.make("run")
    assert refused.returncode != 0
    said = [line for line in refused.stderr.splitlines() if line.startswith("Tieout:")]
    assert len(said) == 1 and setting in said[0] and str(clone.ports[setting]) in said[0]
    assert "Traceback" not in refused.stderr
    assert not clone.processes()


def test_reset_starts_over(clone):
    assert (clone.folder / "var" / "tieout.db").exists()
    assert clone.make("reset").returncode == 0
    assert list((clone.folder / "var").iterdir()) == []


def test_reset_spares_the_keys_of_a_real_installation(clone):
    (clone.folder / ".env").write_text("DATABASE_URL=postgresql+psycopg://db.example/tieout\n")
    refused = clone.make("reset")
    (clone.folder / ".env").unlink()
    assert refused.returncode != 0
    assert "secrets.env" in refused.stderr


def test_make_alone_lists_the_targets(clone):
    listed = clone.make().stdout
    for target in ("bootstrap", "run", "worker", "test", "lint", "migrate", "reset"):
        assert f"make {target} " in listed
