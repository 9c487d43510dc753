"""A worker that dies or stands still at a chosen point, on either side of an HTTP call or of a commit. Run as a process of its own.

`python -m tests.chaos.crashing` imports the worker once and forks for every line of JSON on its standard input:
{"company": 7, "at": 12, "signal": "SIGKILL"} does what a job does for company 7 and sends itself that signal at its twelfth point;
without `at` it goes to the end. With "locked" in place of "signal" it goes on, but somebody else holds the write lock of its SQLite database then. {"go_on": 4711} wakes a process that stands still. {"warm_up": 7} does company 7's job here, so that what
is made once for all (statements, above all) is made before the forks. For each it prints
{"pid": 4711, "ended": "SIGKILL" | "SIGSTOP" | exit code, "points": ["1 commit begins", …], "complaints": […]}.

It watches the HTTP adapter of `requests` and SQLAlchemy's sessions from outside; nothing of the product is replaced.
"""

import gc
import json
import os
import signal
import sqlite3
import sys
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bookkeeping.storage.base import db
from worker import jobs
from worker.app import bell, worker_app


class Points:
    """Counts the points passed, and sends this process its signal at the chosen one."""

    def __init__(self, order: dict[str, Any], tell: int):
        self._at, self._signal = order.get("at"), signal.Signals[order.get("signal", "SIGKILL")]
        self._locks = bool(order.get("locked"))
        self._tell, self._passed = tell, 0

    def passed(self, what: str) -> None:
        """One more point. It is told before the process may die of it."""
        self._passed += 1
        self.say("point", f"{self._passed} {what}")
        if self._passed == self._at and self._locks:
            self._lock()
        elif self._passed == self._at:
            os.kill(os.getpid(), self._signal)

    def _lock(self) -> None:
        """Take the write lock as another process would, and keep it to this one's end."""
        self._other = sqlite3.connect(str(db.engine.url.database), isolation_level=None)
        self._other.execute("BEGIN IMMEDIATE")

    def say(self, kind: str, text: str) -> None:
        """Tell the parent, in one write so that no half line is ever there."""
        os.write(self._tell, f"{kind}\t{text}\n".encode())

    def watch(self) -> None:
        """Put points around every commit and every HTTP call of this process."""
        event.listen(Session, "before_commit", lambda session: self.passed("commit begins"))
        event.listen(Session, "after_commit", lambda session: self.passed("commit is done"))
        if self._locks:  # Nobody wants to wait for it as long as production does.
            event.listen(Engine, "connect", lambda made, _: made.execute("PRAGMA busy_timeout=20"))
        send = HTTPAdapter.send

        def sending(adapter: HTTPAdapter, request: PreparedRequest, **options: Any) -> Response:
            name = f"{request.method} {request.path_url.partition('?')[0]}"
            if db.session.registry.has() and db.session().in_transaction():
                self.say("complaint", f"a transaction is open during {name}")
            self.passed(f"{name} begins")
            answer = send(adapter, request, **options)
            self.passed(f"{name} is answered")
            return answer

        HTTPAdapter.send = sending


class Child:
    """One forked worker, with what it has told so far."""

    def __init__(self, order: dict[str, Any]):
        listen, tell = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(listen)
            _work(order, tell)
        os.close(tell)
        os.set_blocking(listen, False)
        self._told = listen
        self._lines = b""

    def facts(self) -> dict[str, Any]:
        """Return what it has done, once it has ended or stands still."""
        _, status = os.waitpid(self.pid, os.WUNTRACED)
        while chunk := self._read():
            self._lines += chunk
        if not os.WIFSTOPPED(status):
            os.close(self._told)
        lines = [line.split("\t", 1) for line in self._lines.decode().splitlines()]
        return {
            "pid": self.pid,
            "ended": _ended(status),
            "points": [text for kind, text in lines if kind == "point"],
            "complaints": [text for kind, text in lines if kind == "complaint"],
        }

    def go_on(self) -> None:
        """Wake it."""
        os.kill(self.pid, signal.SIGCONT)

    def _read(self) -> bytes:
        try:
            return os.read(self._told, 65536)
        except BlockingIOError:
            return b""  # It stands still and has told everything.


def _work(order: dict[str, Any], tell: int) -> None:
    code = 1
    try:
        Points(order, tell).watch()
        jobs.look_at(order["company"])
        code = 0
    finally:
        os._exit(code)


def _ended(status: int) -> str | int:
    if os.WIFSTOPPED(status):
        return signal.Signals(os.WSTOPSIG(status)).name
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    return os.waitstatus_to_exitcode(status)


def _warm_up(company_id: int) -> dict[str, Any]:
    """Do the job, and close every connection again: a fork must share none."""
    jobs.look_at(company_id)
    with worker_app().app_context():
        bell().redis.close()
        db.engine.dispose()
    gc.collect()
    gc.freeze()
    return {"pid": os.getpid(), "ended": 0, "points": [], "complaints": []}


def _obey() -> None:
    still: dict[int, Child] = {}
    for line in sys.stdin:
        order = json.loads(line)
        if "warm_up" in order:
            print(json.dumps(_warm_up(order["warm_up"])), flush=True)
            continue
        if "go_on" in order:
            child = still.pop(order["go_on"])
            child.go_on()
        else:
            child = Child(order)
        facts = child.facts()
        if facts["ended"] == "SIGSTOP":
            still[child.pid] = child
        print(json.dumps(facts), flush=True)
    for child in still.values():
        os.kill(child.pid, signal.SIGKILL)


if __name__ == "__main__":
    _obey()
