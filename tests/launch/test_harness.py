"""The servers that the tests stand on really start, keep what they should and leave nothing behind."""

import os
import signal
import subprocess
import sys

import psycopg
import pytest

from launch.lifelines import is_alive
from tests.harness import ROOT
from tests.harness.processes import wait_until


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
