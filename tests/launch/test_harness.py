"""The servers that the tests stand on really start, keep what they should and leave nothing behind."""

import os
import signal
import socket
import subprocess
import sys

import psycopg
import pytest

from launch.lifelines import is_alive
from tests.harness import ROOT
from tests.harness.processes import LOOPBACK, answers, free_port, wait_until


def test_valkey_keeps_its_data_over_a_kill(valkey):
    valkey.client().set("word", "kept")
    wait_until(lambda: valkey.client().info("persistence")["aof_last_write_status"] == "ok", "the write")
    valkey.process.kill()
    valkey.start()
    assert valkey.client().get("word") == b"kept"
    assert valkey.client().config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_each_postgresql_database_is_fresh(postgres):
    first, second = postgres.new_database(), postgres.new_database()
    with psycopg.connect(postgres.url(first).replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE only_here (id int)")
    with psycopg.connect(postgres.url(second).replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT to_regclass('only_here')").fetchone() == (None,)


def test_a_port_that_was_handed_out_is_told_from_free_ones_before_anybody_listens():
    port = free_port()
    with socket.socket() as unused:
        unused.bind((LOOPBACK, port))
    with socket.socket(type=socket.SOCK_DGRAM) as other_run, pytest.raises(OSError, match="in use"):
        other_run.bind((LOOPBACK, port))


def test_a_page_renders(page):
    page.set_content("<h1>Tied out</h1>")
    assert page.get_by_role("heading").inner_text() == "Tied out"


@pytest.mark.parametrize("name", ["intuit", "platform"])
def test_a_standin_keeps_its_state_over_a_restart(name, request):
    standin = request.getfixturevalue(name)
    standin.stop()
    assert standin.state.exists()
    standin.start()


def test_nothing_outlives_a_killed_test_run(tmp_path):
    program = (
        "import os, sys, time, pathlib\n"
        "from tests.harness.processes import Process\n"
        "child = Process([sys.executable, '-c', 'import time; time.sleep(600)'], pathlib.Path(sys.argv[1]) / 'log')\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        child = int(run.stdout.readline())
        assert is_alive(child)
        os.kill(run.pid, signal.SIGKILL)
        wait_until(lambda: not is_alive(child), "the child to end with the test run")


def test_an_installation_works_on_each_database(tieout_on_each_database):
    tieout = tieout_on_each_database
    made = tieout.flask_json(
        *("company", "create", "Blue Ridge", "--feed-url", "http://127.0.0.1:9", "--feed-key", "key"),
        *("--offline", "--time-zone", "America/Denver"),
    )
    assert tieout.run_flask("status", made["id"]).code == 0
    assert tieout.run_flask("status", made["id"] + 1).code != 0


def test_the_parts_of_an_installation_start_and_stop(tieout):
    parts = [tieout.web(), tieout.worker(), tieout.tick()]
    wait_until(lambda: answers(f"{tieout.url}/readyz"), "database and queue")
    tieout.stop()
    assert [part.exit_code for part in parts[:2]] == [0, 0]
    assert not any(part.members() for part in parts)
