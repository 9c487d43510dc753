"""Telling one story: its steps, the end of all disturbances, and the independent checker's word on the books. An idle sync costs nothing then."""

import json
import random
import re
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import select

from bookkeeping.acts.joining import add_user
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.due import make_due, waits
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.journal import Call
from bookkeeping.storage.work.runs import Run, is_unfinished
from tests.chaos.processes.disturbances import DISTURBANCES
from tests.chaos.processes.installation import Installation, World
from tests.chaos.processes.machine import CLOCK
from tests.chaos.processes.stories import Story
from tests.functional.office import PASSWORD
from tests.harness.in_process import Desk
from tests.simulation.happenings import PLATFORM
from tests.simulation.judging import examine
from tests.simulation.life import Life

SECONDS_TO_REST = 150
IDLE_SYNCS = 2


class RealMoment:
    """The clock on the wall, in the shape that the platform's happenings know."""

    def now(self) -> datetime:
        """Return the instant."""
        return datetime.now(UTC)


class RealLife(Life):
    """A company's life in real time: the changes on the platform are the simulation's, and so is the way it is judged."""

    def __init__(self, desk: Desk, installation: Installation):
        shop = installation.shop
        super().__init__(RealMoment(), None, None, shop.platform, shop.intuit, shop.redis, desk.time_zone)
        self.desk, self.shop = desk, shop
        self.company_id, self.realm_id, self.platform_id = desk.id, desk.realm_id, desk.platform_id

    @contextmanager
    def rows(self) -> Iterator[Company | None]:
        """Our database, past every proxy; yields the company."""
        with self.shop.app.app_context():
            try:
                yield db.session.get(Company, self.company_id)
            finally:
                db.session.remove()


def live(world: World, folder: Path, story: Story) -> dict[str, Any]:
    """Tell the story in this folder; return what came of it, with `wrong` where it failed."""
    began, happened, told = time.monotonic(), Counter[str](), {"wrong": "", "rest": 0.0}
    with_clock = any(step.name == CLOCK for step in story.steps)
    it = Installation(world, folder, with_clock=with_clock)
    visitor = None
    try:
        life, visitor = _open(it)
        _let_happen(it, life, visitor, story, happened)
        ended = time.monotonic()
        _come_to_rest(it, life)
        told["rest"] = time.monotonic() - ended
        examine(life, "in the end")
        if wrong := visitor.broken + _mistakes(it.tieout.logs()):
            raise AssertionError("our own mistakes:\n" + "\n".join(wrong))
    except Exception:  # noqa: BLE001 - what breaks is what a story is told for.
        told["wrong"] = traceback.format_exc(limit=-40)
    finally:
        it.stop()
    logs = it.tieout.logs()
    return told | {
        "seconds": time.monotonic() - began,
        "happened": dict(happened),
        "replaced": dict(it.replaced),
        "cuts": sum(proxy.cuts for proxy in it.ways.values()),
        "answers": dict(visitor.answers) if visitor else {},
        "logged": dict(
            Counter(
                re.findall(
                    r'"(?:message|event)": "(Run broke|Lease lost|Tick did not work|Bell out of reach|Database out of reach)"',
                    logs,
                )
            )
        ),
    }


def _mistakes(logs: str) -> list[str]:
    """Return the last words of each run that broke. A database out of reach, locked or full breaks none: the run goes on by itself."""
    broken = [json.loads(line) for line in logs.splitlines() if '"message": "Run broke"' in line]
    return [str(one.get("traceback", ""))[-1500:] for one in broken]


class Visitor:
    """The owner at the web app: presses buttons and looks at pages, whatever stands still behind them."""

    def __init__(self, desk: Desk):
        self._desk = desk
        self.answers, self.broken = Counter[str](), []
        desk.log_in()

    def click(self, name: str) -> None:
        """Do it; an answer may be refused or missing while things are broken, but never be our own mistake (500)."""
        try:
            if name == "look":
                answers = [
                    self._desk.get(path) for path in ("/inspections", "/sync-log", "/settings/quickbooks")
                ]
            else:
                where = {"sync now": "sync", "check": "check"}[name]
                page = "/settings/quickbooks"
                answers = [self._desk.submit(f"{page}/{where}", {}, page)]
        except (requests.RequestException, AssertionError) as error:
            self.answers[type(error).__name__] += 1
            return
        for answer in answers:
            self.answers[str(answer.status_code)] += 1
            if answer.status_code == 500:
                self.broken.append(f"{answer.url}: {answer.text[:300]}")


def _open(it: Installation) -> tuple[RealLife, Visitor]:
    """Start everything, connect a company and log its owner in."""
    desk = it.shop.open()
    desk.tieout = it.tieout
    with it.shop.app.app_context():
        add_user(desk.owner, PASSWORD, "owner", desk.id, "")
        db.session.commit()
    it.start()
    return RealLife(desk, it), Visitor(desk)


def _let_happen(
    it: Installation, life: RealLife, visitor: Visitor, story: Story, happened: Counter[str]
) -> None:
    for step in story.steps:
        chance = random.Random(step.number)
        if step.kind == "change":
            PLATFORM[step.name](life, chance)
        elif step.kind == "click":
            if step.name != "nothing":
                visitor.click(step.name)
            time.sleep(chance.uniform(0.1, 2.2))
        else:
            DISTURBANCES[step.name](it, chance)
            time.sleep(chance.uniform(0, 0.8))
            it.supervise()
        happened[f"{step.kind}: {step.name}"] += 1


def _come_to_rest(it: Installation, life: RealLife) -> None:
    """End all disturbances, let what was held back go on, and wait until two syncs in a row found nothing to do and asked QuickBooks nothing."""
    it.mend()
    it.wait_until_up()
    until = time.monotonic() + SECONDS_TO_REST
    while True:
        _hurry(life)
        _wait(it, until, lambda: not _under_way(life), lambda: f"the end of {_under_way(life)}")
        life.intuit.request("DELETE", f"/_standin/realms/{life.realm_id}/calls")
        syncs = _syncs(life)
        _wait(it, until, lambda before=syncs: _syncs(life) >= before + IDLE_SYNCS, lambda: "idle syncs")
        if not life.calls() and not _under_way(life):
            return


def _wait(it: Installation, until: float, what: Callable[[], bool], said: Callable[[], str]) -> None:
    while not what():
        it.supervise()
        assert time.monotonic() < until, (
            f"After {SECONDS_TO_REST} s without a disturbance still waiting for {said()}"
        )
        time.sleep(0.2)


def _hurry(life: RealLife) -> None:
    """As after an hour: what is held back by an outage may go on. No moment of our own clock is written: the installation's may be another."""
    life.redis.delete(f"qbo:{{company-{life.company_id}}}:paused")
    with life.rows() as company:
        company.not_before, company.feed_not_before, company.failures = None, None, 0
        make_due(life.company_id, "cause-gone", waits())
        db.session.commit()


def _under_way(life: RealLife) -> list[str]:
    """Return what is not at its end: runs, inspections that are due, open calls. What waits for a person is none of it."""
    company, due = life.company_id, InspectionRow.due.is_(True) | (InspectionRow.state == "syncing")
    open_calls = Call.state.in_(("written", "unknown"))
    with life.rows():
        runs = db.session.scalars(select(Run.kind).where(Run.company_id == company, is_unfinished())).all()
        rows = db.session.scalars(
            select(InspectionRow.key).where(InspectionRow.company_id == company, due)
        ).all()
        calls = db.session.scalars(
            select(Call.request_id).where(Call.company_id == company, open_calls)
        ).all()
    return (
        [f"run {kind}" for kind in runs]
        + [f"inspection {key}" for key in rows]
        + [f"call {one}" for one in calls]
    )


def _syncs(life: RealLife) -> int:
    with life.rows():
        done = select(Run.id).where(
            Run.company_id == life.company_id, Run.kind == "sync", Run.state == "done"
        )
        return len(db.session.scalars(done).all())
