"""Companies within this process: the worker's own functions over real stand-ins, a real Valkey and a real database.

Only starting a subprocess for each command is spared. Nothing of the product is replaced. The chaos tests break things around it; the
worker's own tests run its steps one by one.

    desk = shop.open()                      # a company of its own, connected to a realm of its own
    desk.book(inspection(1))                # on the platform
    desk.run()                              # a whole run, to its end
    desk.do(poll)                           # one slice of one step
    with desk.holding() as work: …          # the company's lease, in an app context, with a run to tell of
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cryptography.fernet import Fernet
from redis import Redis
from sqlalchemy import func, or_, select, update

from bookkeeping.acts.connecting import store_connection
from bookkeeping.acts.questions import retry_stuck
from bookkeeping.settings import settings_from_environment
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.vault import vault
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.journal import Call
from bookkeeping.storage.work.leases import LeaseRow
from bookkeeping.storage.work.runs import Run, queue_run
from tests.checker.against import assert_books_exact
from tests.functional.office import Office
from tests.harness.servers import Valkey
from tests.harness.standins import StandIn
from worker.app import create_worker_app
from worker.holding.work import Work, hold_company
from worker.reconciling.releasing import release_waiting
from worker.runs import run_to_end

MOST_RUNS = 10


@contextmanager
def outside_world(folder: Path) -> Iterator[tuple[StandIn, StandIn, Valkey]]:
    """The platform, Intuit and Valkey, each on a port of its own with its files in the folder, until the block ends."""
    (folder / "valkey").mkdir()
    started = (StandIn("platform", folder), StandIn("intuit", folder), Valkey(folder / "valkey"))
    try:
        yield started
    finally:
        for server in started:
            server.process.kill()  # Nobody reads what they would keep.


class Shop:
    """One installation within this process; `open` gives it one more company. `environment` starts processes of the same one."""

    def __init__(
        self, database_url: str, redis_url: str, platform: StandIn, intuit: StandIn, **settings: str
    ):
        self.platform, self.intuit = platform, intuit
        self.redis = Redis.from_url(redis_url)
        self.environment = {
            "SECRET_KEY": "a secret for tests alone",
            "TOKEN_KEYS": Fernet.generate_key().decode(),
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "INTUIT_ENVIRONMENT": "standin",
            "INTUIT_API_URL": intuit.base_url,
            "INTUIT_DISCOVERY_URL": f"{intuit.base_url}/.well-known/openid_configuration",
            "AUDIT_HEADS_FILE": str(platform.state.with_name("audit-heads.jsonl")),
            # Our own limits have tests of their own; here they would only make everything slow.
            "INTUIT_REQUESTS_PER_SECOND": "1000",
            "INTUIT_REQUESTS_PER_MINUTE": "60000",
            "INTUIT_BATCHES_PER_MINUTE": "60000",
            **settings,
        }
        self.app = create_worker_app(settings_from_environment(self.environment))

    def open(self, **realm: Any) -> "Desk":
        """Return one more company, connected to a realm of its own."""
        return Desk(None, self.platform, self.intuit, shop=self).open(**realm)


@dataclass
class Desk(Office):
    """An office whose worker runs in this process."""

    shop: Shop = None
    rule_ids: list[int] = field(default_factory=list)

    def open(self, **realm: Any) -> "Desk":
        """Make the platform's company, the realm and our company, and connect it as a consent would."""
        made = self.platform.post("/_standin/companies", {"name": self.name, "time_zone": self.time_zone})
        self.platform_id, self.feed_key = made["id"], made["key"]
        books = {"name": f"{self.name} Books", "time_zone": self.time_zone, **realm}
        self.realm_id = self.intuit.post("/_standin/realms", books)["realm_id"]
        given = self.intuit.post(f"/_standin/realms/{self.realm_id}/token")
        now = utcnow()
        tokens = {name: given[name] for name in ("access_token", "refresh_token")}
        tokens["access_expires_at"] = now + timedelta(seconds=given["expires_in"])
        tokens["refresh_expires_at"] = now + timedelta(seconds=given["x_refresh_token_expires_in"])
        with self.shop.app.app_context():
            row = Company(
                name=self.name,
                feed_url=self.platform.base_url,
                feed_key="",
                time_zone=self.time_zone,
                start_date=datetime.now(ZoneInfo(self.time_zone)).date(),
            )
            db.session.add(row)
            db.session.flush()
            self.id = row.id
            row.feed_key = vault().seal(self.feed_key, row.id, "feed_key")
            store_connection(row.id, self.realm_id, tokens, "chaos")
            db.session.commit()
        return self

    def company(self) -> Company:
        """Return our row of the company."""
        with self.shop.app.app_context():
            return db.session.get_one(Company, self.id)

    def mirrored(self) -> dict[str, InspectionRow]:
        """Return our rows of the company's inspections, by the platform's id."""
        with self.shop.app.app_context():
            rows = select(InspectionRow).where(InspectionRow.company_id == self.id)
            return {row.key: row for row in db.session.scalars(rows)}

    def run(self, kind: str = "sync", *, patience: int = 0) -> dict[str, Any]:
        """Do one run to its end as a worker does it, or with `patience` as a command does; return its facts."""
        with self.shop.app.app_context():
            work = hold_company(self.id, patience=patience)
            try:
                run = Run(company_id=self.id, kind=kind, reason="command")
                db.session.add(run)
                work.commit()
                run = run_to_end(work, run)
                return {"state": run.state, "problems": run.problems, "calls": run.calls, **run.counts}
            finally:
                work.lease.release()

    @contextmanager
    def holding(self, kind: str = "sync", *, patience: int = 0, **parameters: Any) -> Iterator[Work]:
        """Hold the company within an app context, with a run of this kind under way that steps can tell of."""
        with self.shop.app.app_context():
            work = hold_company(self.id, patience=patience)
            try:
                run = Run(company_id=self.id, kind=kind, reason="command", parameters=parameters)
                run.state, run.started_at = "running", utcnow()
                db.session.add(run)
                work.commit()
                work.run_id = run.id
                yield work
                # What a test looked at is over; only a run that goes on by itself stays open.
                run = work.run
                run.state, run.finished_at = "done", utcnow()
                work.commit()
            finally:
                db.session.rollback()
                work.lease.release()

    def do(self, step: Callable[[Work], bool], kind: str = "sync", **parameters: Any) -> bool:
        """Do one slice of this step; return whether it is finished."""
        with self.holding(kind, **parameters) as work:
            return step(work)

    def sync(self) -> dict[str, Any]:
        """Poll and reconcile."""
        return self.run()

    def sync_until_quiet(self, *, patience: int = 0) -> list[dict[str, Any]]:
        """Let time pass and run until a run finds nothing to do; return the facts of the runs. Fails when it never ends."""
        runs: list[dict[str, Any]] = []
        while not (runs and runs[-1]["state"] == "done" and not runs[-1]["calls"] and not self.unsettled()):
            assert len(runs) < MOST_RUNS, f"No end after {MOST_RUNS} runs: {runs}\n{self.unsettled()}"
            self.let_time_pass()
            runs.append(self.run(patience=patience))
        return runs

    def let_time_pass(self) -> None:
        """As after an hour: pauses are over, the dead worker's lease has run out, and what waits is tried again."""
        self.shop.redis.delete(f"qbo:{{company-{self.id}}}:paused")
        self.let_lease_run_out()
        with self.shop.app.app_context():
            work = hold_company(self.id)
            try:
                work.company.feed_not_before = None
                release_waiting(work)
            finally:
                work.lease.release()

    def let_lease_run_out(self) -> None:
        """Move the end of the company's lease into the past, as if its holder had been silent for that long."""
        with self.shop.app.app_context():
            row = update(LeaseRow).where(LeaseRow.name == f"company:{self.id}")
            db.session.execute(row.values(until=utcnow() - timedelta(seconds=1)))
            db.session.commit()

    def retry_all(self) -> int:
        """Press *Retry all*."""
        with self.shop.app.app_context():
            retried = retry_stuck(self.id, "chaos")
            db.session.execute(
                update(Run).where(Run.company_id == self.id, Run.state == "queued").values(state="done")
            )
            db.session.commit()
            return retried

    def press_sync_now(self) -> None:
        """Queue a sync without ringing for it."""
        with self.shop.app.app_context():
            queue_run(self.id, "sync", "by a person")
            db.session.commit()

    def unsettled(self) -> dict[str, Any]:
        """Return what is not at its end: inspections by key, and open calls. Empty when all is settled."""
        waits = or_(InspectionRow.due.is_(True), InspectionRow.state.in_(("waiting", "syncing", "drift")))
        with self.shop.app.app_context():
            rows = db.session.scalars(select(InspectionRow).where(InspectionRow.company_id == self.id, waits))
            found: dict[str, Any] = {row.key: f"{row.state} {row.reason} {row.detail}" for row in rows}
            still_open = (Call.company_id == self.id, Call.state.in_(("written", "unknown")))
            calls = db.session.scalar(select(func.count()).select_from(Call).where(*still_open))
            return found | ({"open calls": calls} if calls else {})

    def break_calls(self, *rules: dict[str, Any]) -> None:
        """Put fault rules for this realm in force, instead of those before."""
        self.mend_calls()
        for rule in rules:
            made = self.intuit.post("/_standin/faults", {"realm": self.realm_id, **rule})
            self.rule_ids.append(made["id"])

    def mend_calls(self) -> None:
        """Take this realm's faults away."""
        while self.rule_ids:
            self.intuit.request("DELETE", f"/_standin/faults?id={self.rule_ids.pop()}")

    def broken(self) -> list[dict[str, Any]]:
        """Return the rules in force for this realm, with how often each `fired`."""
        return [rule for rule in self.intuit.get("/_standin/faults")["faults"] if rule["id"] in self.rule_ids]

    def assert_exact(self, where: str = "", **options: Any) -> None:
        """Fail unless the books are exactly what the platform says."""
        assert_books_exact(self, where, **options)
