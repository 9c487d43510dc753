"""The leash ends all that it started: on request, when the supervisor is gone, when its command or itself is killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from launch.lifelines import is_alive, session_members, signal_processes
from tests.harness import ROOT
from tests.harness.processes import wait_until

# A parent that ignores requests to stop, with a child in a process group of its own, as an RQ worker and its job.
STUBBORN = """
import os, signal, sys, time
def note():
    open(sys.argv[1], "a").write(f"{os.getpid()}\\n")
signal.signal(signal.SIGTERM, signal.SIG_IGN)
note()
if os.fork() == 0:
    os.setpgrp()
    note()
time.sleep(600)
"""
POLITE = "import sys, time\nopen(sys.argv[1], 'a').write('1\\n' * 2)\ntime.sleep(600)"


class Leashed:
    """A command on a leash whose pipe this test holds, as the supervisor would."""

    def __init__(self, folder: Path, program: str, grace: float = 0.2):
        self.notes = folder / "pids"
        read_end, self.lifeline = os.pipe()
        command = [sys.executable, "-c", program, str(self.notes)]
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "launch.leash",
                "--parent",
                str(read_end),
                "--grace",
                str(grace),
                "--",
                *command,
            ],
            cwd=ROOT,
            pass_fds=(read_end,),
            start_new_session=True,
        )
        os.close(read_end)

    def pids(self) -> list[int]:
        """Return the ids of the command and of its child, once both have noted theirs."""
        wait_until(
            lambda: self.notes.exists() and len(self.notes.read_text().split()) == 2, "two process ids"
        )
        return [int(word) for word in self.notes.read_text().split()]

    def let_go(self) -> None:
        """Close the pipe, as the kernel does for a supervisor that is gone."""
        os.close(self.lifeline)


@pytest.fixture
def leash(tmp_path: Path) -> Iterator:
    """`leash(program, grace=…)` starts a program on a leash; what is left at the end is killed."""
    started: list[Leashed] = []

    def start(program: str, **options: float) -> Leashed:
        started.append(Leashed(tmp_path, program, **options))
        return started[-1]

    yield start
    for leashed in started:
        signal_processes(session_members(leashed.process.pid), signal.SIGKILL)
        leashed.process.wait(10)


def test_all_of_it_ends_when_the_supervisor_is_gone(leash):
    leashed = leash(STUBBORN)
    pids = leashed.pids()
    assert all(map(is_alive, pids))
    leashed.let_go()
    wait_until(lambda: not any(map(is_alive, pids)), "both processes to end")
    assert leashed.process.wait(10) == 128 + signal.SIGKILL


def test_a_command_that_obeys_is_not_killed(leash):
    leashed = leash(POLITE, grace=60.0)
    leashed.pids()
    leashed.let_go()
    assert leashed.process.wait(10) == 128 + signal.SIGTERM


def test_what_a_killed_command_leaves_behind_ends_too(leash):
    leashed = leash(STUBBORN)
    pids = leashed.pids()
    os.kill(pids[0], signal.SIGKILL)
    wait_until(lambda: not any(map(is_alive, pids)), "the child of the killed command to end")
    assert leashed.process.wait(10) == 128 + signal.SIGKILL


def test_a_killed_leash_takes_its_command_along(leash):
    leashed = leash(POLITE)
    leashed.pids()
    command = [pid for pid in session_members(leashed.process.pid) if pid != leashed.process.pid]
    assert command
    leashed.process.kill()
    wait_until(lambda: not any(map(is_alive, command)), "the command to end with its leash")


def test_the_exit_code_is_passed_on(leash):
    assert leash("raise SystemExit(7)").process.wait(10) == 7


def test_a_command_that_does_not_exist_is_said(tmp_path):
    read_end, write_end = os.pipe()
    words = [sys.executable, "-m", "launch.leash", "--parent", str(read_end), "--", "no-such-program"]
    done = subprocess.run(words, cwd=ROOT, pass_fds=(read_end,), capture_output=True, text=True, timeout=30)
    os.close(read_end)
    os.close(write_end)
    assert (done.returncode, "cannot start no-such-program" in done.stderr) == (127, True)
