"""A short story on real processes in every run of the tests; long ones, on both databases, are `make chaos`'s. And what stories are made of."""

import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from tests.chaos.processes import machine, running
from tests.chaos.processes.disturbances import DISTURBANCES as KNOWN
from tests.chaos.processes.proxy import Proxies, Proxy
from tests.chaos.processes.stories import CHANGES, DISTURBANCES, Story, story_of
from tests.harness import ROOT
from tests.harness.processes import LOOPBACK, base_environment
from tests.simulation.happenings import PLATFORM

SEED, ROUNDS = 6, 2


@pytest.mark.timeout(600)
def test_after_a_story_on_real_processes_the_books_are_exact_and_an_idle_sync_costs_nothing():
    words = ["--seeds", str(SEED), "--rounds", str(ROUNDS), "--database", "postgresql"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", *words],
        cwd=ROOT,
        env=base_environment(),
        capture_output=True,
        text=True,
        timeout=580,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    assert "1 stories told, 0 failed" in done.stdout


def test_a_seed_tells_the_same_story_each_time_and_a_shorter_one_is_its_beginning():
    assert story_of(11, {}) == story_of(11, {}) != story_of(12, {})
    short = story_of(11, {}, 2).steps
    assert story_of(11, {}).steps[: len(short)] == short


def test_a_few_stories_meet_every_disturbance_and_only_known_changes():
    met = {step.name for seed in range(1, 9) for step in story_of(seed, {}).steps}
    assert set(DISTURBANCES) == set(KNOWN) and met >= set(DISTURBANCES)
    assert set(CHANGES) == set(PLATFORM)


def test_what_the_machine_does_not_allow_is_left_out_and_said():
    seed = next(
        seed for seed in range(99) if machine.DISK in {step.name for step in story_of(seed, {}).steps}
    )
    story = story_of(seed, {machine.DISK: "no mounts"})
    assert story.left_out == (machine.DISK,) and machine.DISK not in {step.name for step in story.steps}


def test_a_story_that_went_wrong_says_how_to_tell_it_again(capsys):
    running.report(Story(7, ()), "postgresql", 3, {"wrong": "missing: 12"})
    said = capsys.readouterr().out
    assert "WENT WRONG" in said and "missing: 12" in said
    assert "python -m tests.chaos --seeds 7 --database postgresql --rounds 3" in said


@pytest.fixture
def echo() -> Iterator[tuple[Proxy, list[bytes]]]:
    """A proxy before a server that answers everything with the same, and what that server heard."""
    heard: list[bytes] = []
    server = socket.create_server((LOOPBACK, 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                while piece := connection.recv(100):
                    heard.append(piece)
                    connection.sendall(piece)

    threading.Thread(target=serve, daemon=True).start()
    proxies = Proxies()
    yield proxies.add(server.getsockname()[1]), heard
    proxies.stop()
    server.close()


def _ask(proxy: Proxy) -> bytes:
    try:
        with socket.create_connection((LOOPBACK, proxy.port), timeout=10) as asking:
            asking.sendall(b"1234")
            return asking.recv(100)
    except OSError:
        return b""


@pytest.mark.parametrize(
    ("way", "answer", "arrives"),
    [({}, b"1234", True), ({"half": True}, b"12", True), ({"answers_lost": True}, b"", True)]
    + [({"away": True}, b"", False), ({"delay": 0.01}, b"1234", True)],
    ids=["whole", "half", "lost", "away", "late"],
)
def test_a_proxy_passes_on_as_it_is_told_and_everything_once_mended(echo, way, answer, arrives):
    proxy, heard = echo
    for name, value in way.items():
        setattr(proxy.way, name, value)
    assert _ask(proxy) == answer
    assert heard == ([b"1234"] if arrives else [])
    proxy.mend()
    assert _ask(proxy) == b"1234"


def test_a_cut_ends_what_is_open_and_the_next_gets_through(echo):
    proxy, _ = echo
    with socket.create_connection((LOOPBACK, proxy.port), timeout=10) as open_one:
        open_one.sendall(b"1234")
        assert open_one.recv(100) == b"1234"
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            open_one.recv(100)
    assert _ask(proxy) == b"1234" and proxy.cuts


@pytest.mark.skipif(machine.CLOCK in machine.lacking(), reason=machine.lacking().get(machine.CLOCK, ""))
def test_a_clock_is_set_for_the_processes_that_have_it_alone(tmp_path):
    clock = machine.Clock(tmp_path)
    says = [sys.executable, "-c", "import time; print(int(time.time()), time.monotonic())"]
    clock.set(-3600)
    with_it, without = (
        subprocess.run(
            says, env={**base_environment(), **more}, capture_output=True, text=True
        ).stdout.split()
        for more in (clock.environment, {})
    )
    assert 3500 < int(without[0]) - int(with_it[0]) < 3700
    assert 0 <= float(without[1]) - float(with_it[1]) < 100
