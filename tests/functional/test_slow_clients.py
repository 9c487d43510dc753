"""Slow and half-sent requests stop nobody: with gunicorn as it is started, and with nginx in front where there is one."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.harness import ROOT
from tests.harness.processes import LOOPBACK, Process, base_environment, free_port

HALVES = {
    "nothing": b"",
    "half a line": b"POST /log",
    "half a head": b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Le",
    "half a body": b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\nemail=",
    "half a chunk": b"POST /login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
}
EACH = 20
HASTY = "import webapp.serving.whole_requests as w; w.ARRIVES_IN = 0.5; from gunicorn.app.wsgiapp import run; run()"


@contextmanager
def half_sent(port: int) -> Iterator[list[socket.socket]]:
    """Open EACH connections of every kind that send no more."""
    opened = []
    for part in HALVES.values():
        for _ in range(EACH):
            opened.append(socket.create_connection((LOOPBACK, port), timeout=20))
            opened[-1].sendall(part)
    try:
        yield opened
    finally:
        for one in opened:
            one.close()


def test_a_hundred_half_sent_requests_stop_nobody(tieout):
    tieout.web()
    with half_sent(tieout.port) as opened:
        for _ in range(3):
            assert requests.get(f"{tieout.url}/healthz", timeout=20).json()["process"] == "ok"
        # What was half-sent is taken up where it stopped.
        opened[-1].sendall(b"llo\r\n0\r\n\r\n")
        assert opened[-1].recv(12) == b"HTTP/1.1 400"
        opened[EACH].sendall(b"in HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        assert opened[EACH].recv(12) == b"HTTP/1.1 400"
    long = requests.get(
        f"{tieout.url}/login", params={"next": "/inspections?text=" + "x" * 7_000}, timeout=20
    )
    assert (long.status_code, "Log in" in long.text) == (200, True)
    with requests.Session() as kept:  # One connection for several requests, with and without a body.
        for _ in range(3):
            assert kept.get(f"{tieout.url}/healthz", timeout=20).ok
            assert (
                kept.post(f"{tieout.url}/login", data={"email": "x" * 100_000}, timeout=20).status_code == 400
            )


def test_every_line_of_web_and_worker_is_json_without_secrets(tieout):
    web, worker = tieout.web(), tieout.worker()
    requests.get(f"{tieout.url}/login", headers={"Host": "x" * 9000}, timeout=20)
    for process in (web, worker):
        process.stop()
        lines = [json.loads(line) for line in process.output().splitlines() if line.strip()]
        loggers = {line["logger"].split(".")[0] for line in lines}
        assert loggers & {"gunicorn", "rq"} and not any(
            tieout.environment["SECRET_KEY"] in str(line) for line in lines
        )


def test_what_does_not_arrive_in_time_is_closed(tmp_path: Path):
    (tmp_path / "tiny.py").write_text(
        "def app(environ, start):\n    start('200 OK', [('Content-Length', '2')])\n    return [b'ok']\n"
    )
    port = free_port()
    command = [sys.executable, "-c", HASTY, "--bind", f"{LOOPBACK}:{port}", "--chdir", str(ROOT), "tiny:app"]
    environment = {
        **base_environment(),
        "WEB_CONCURRENCY": "1",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}",
    }
    process = Process(command, tmp_path / "log", environment=environment)
    try:
        process.wait_for_url(f"http://{LOOPBACK}:{port}/")
        with half_sent(port) as opened:
            assert {one.recv(1) for one in opened} == {b""}
        assert requests.get(f"http://{LOOPBACK}:{port}/", timeout=20).text == "ok"
    finally:
        process.stop()


CONFIGURATION = ROOT / "docs" / "ops" / "nginx.conf"
BUFFERS = {
    "client_header_timeout": "10s",
    "client_body_timeout": "10s",
    "client_max_body_size": "1m",
    "proxy_request_buffering": "on",
    "proxy_buffering": "on",
    "ssl_protocols": "TLSv1.2 TLSv1.3",
}


def directives(text: str) -> list[tuple[str, str]]:
    """Return the directives of an nginx configuration, those of blocks with `{`; fails where nginx would not read it."""
    plain = "\n".join(line.partition(" #")[0] if "#" in line else line for line in text.splitlines())
    plain = re.sub(r"(?m)^\s*#.*$", "", plain)
    depth, found = 0, []
    for part in re.findall(r"[^;{}]*[;{}]", plain):
        words, end = part[:-1].split(None, 1), part[-1]
        depth += {"{": 1, "}": -1}.get(end, 0)
        assert depth >= 0 and bool(words) == (end != "}"), part
        if words:
            found.append((words[0], " ".join(words[1].split()) if len(words) > 1 else ""))
    assert depth == 0 and not re.sub(r"[^;{}]*[;{}]", "", plain).strip()
    return found


def test_the_example_of_a_proxy_buffers_and_says_who_asks():
    found = directives(CONFIGURATION.read_text())
    assert BUFFERS.items() <= dict(found).items()
    headers = [value for name, value in found if name == "proxy_set_header"]
    places = [name for name, _ in found].count("proxy_pass")
    for header in (
        "Host $host",
        "X-Forwarded-For $remote_addr",
        "X-Forwarded-Proto $scheme",
        "X-Forwarded-Host $host",
    ):
        assert headers.count(header) == places, header
    assert "$proxy_add_x_forwarded_for" not in CONFIGURATION.read_text(), (
        "what a browser claims is not passed on"
    )


@pytest.mark.skipif(
    shutil.which("nginx") is None, reason="nginx is not installed; its configuration is read above"
)
def test_half_sent_requests_stop_nobody_behind_the_proxy(tieout, tmp_path: Path):
    tieout.web()
    port = free_port()
    text = CONFIGURATION.read_text().replace("127.0.0.1:8000", f"{LOOPBACK}:{tieout.port}")
    text = re.sub(r"(?s)    server \{\n        listen 80;.*?\n    \}\n", "", text)
    text = re.sub(r"(?m)^\s*ssl_.*\n", "", text.replace("listen 443 ssl;", f"listen {LOOPBACK}:{port};"))
    text = text.replace(
        "limit_conn connections 40;", "limit_conn connections 400;"
    )  # All of these come from one address.
    (tmp_path / "nginx.conf").write_text(text)
    command = ["nginx", "-p", str(tmp_path), "-c", "nginx.conf", "-e", "stderr", "-g", "daemon off;"]
    assert subprocess.run([*command, "-t"], capture_output=True).returncode == 0
    process = Process(command, tmp_path / "nginx.log", environment=base_environment())
    try:
        process.wait_for_url(f"http://{LOOPBACK}:{port}/healthz")
        with half_sent(port):
            assert requests.get(f"http://{LOOPBACK}:{port}/healthz", timeout=20).ok
    finally:
        process.stop()
