"""One company's life: its platform, its QuickBooks, our installation, and how time and work pass. What happens in it is `happenings`."""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from redis import Redis
from sqlalchemy import select, update

from bookkeeping.acts.connecting import store_connection
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.vault import vault
from bookkeeping.storage.records.inspections import InspectionRow
from tests.harness.inside import Inside
from tests.simulation.moment import Moment
from tests.simulation.network import Network, Trouble
from tests.simulation.workers import Worker, Workers
from worker import jobs
from worker.app import settings, worker_app
from worker.clock.nights import note_due_slot, queue_the_night
from worker.clock.tick import queue_wanted_changes
from worker.runs import due_companies

ZONES = ("America/New_York", "America/Denver", "America/Los_Angeles", "Pacific/Honolulu")


@dataclass
class Life:
    """What a story happens to. `keys` are the inspections that were booked, in order; `faults` counts what was injected."""

    moment: Moment
    network: Network
    workers: Workers
    platform: Inside
    intuit: Inside
    redis: Redis
    time_zone: str = ZONES[0]
    keys: list[str] = field(default_factory=list)
    clients: int = 0
    receipts: dict[str, str] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)
    company_id: int = 0
    realm_id: str = ""
    platform_id: str = ""
    pauses_known: bool = False
    skew: float = 0.0
    chose_new: bool = False
    deleted_at_once: list[str] = field(default_factory=list)
    feed_kept: bool = False

    def open(self, *, legacy: bool = False) -> None:
        """Make the platform's company, the realm and our company, and connect it as a consent does."""
        made = self.platform.post("/_standin/companies", {"name": "Simulated", "time_zone": self.time_zone})
        self.platform_id = made["id"]
        books = {"name": "Simulated Books", "time_zone": self.time_zone}
        self.realm_id = self.intuit.post("/_standin/realms", books)["realm_id"]
        with self.rows():
            row = Company(
                name="Simulated",
                feed_url=self.platform.base_url,
                feed_key="",
                time_zone=self.time_zone,
                legacy=legacy,
                start_date=None if legacy else self.today(),
            )
            db.session.add(row)
            db.session.flush()
            self.company_id = row.id
            row.feed_key = vault().seal(made["key"], row.id, "feed_key")
            db.session.commit()
        self.connect()
        self.moment.moved.append(self._let_pauses_pass)

    def connect(self) -> None:
        """Consent, anew too."""
        given = self.intuit.post(f"/_standin/realms/{self.realm_id}/token")
        now = utcnow()
        tokens = {name: given[name] for name in ("access_token", "refresh_token")}
        tokens["access_expires_at"] = now + timedelta(seconds=given["expires_in"])
        tokens["refresh_expires_at"] = now + timedelta(seconds=given["x_refresh_token_expires_in"])
        with self.rows():
            store_connection(self.company_id, self.realm_id, tokens, "simulated")
            db.session.commit()

    @contextmanager
    def rows(self) -> Iterator[Company | None]:
        """Our database, for what a person does on our pages; yields the company."""
        with worker_app().app_context():
            try:
                yield db.session.get(Company, self.company_id)
            finally:
                db.session.remove()

    def today(self) -> Any:
        """Return the date in the company's zone."""
        return datetime.now(ZoneInfo(self.time_zone)).date()

    def work(
        self,
        chance: random.Random,
        *,
        workers: int = 1,
        deaths: int = 0,
        stills: int = 0,
        trouble: Trouble | None = None,
    ) -> None:
        """Tick, and let workers look at the company until nothing is due; of 100, so many die on the way, or stand still past the lease."""
        self.network.trouble, self.network.chance = trouble or Trouble(), chance
        for _ in range(6):
            if not self._tick():
                break
            self.workers.run(
                [self._worker(number, chance, deaths, stills) for number in range(workers)], chance
            )
            self.moment.forward(2)
        self.network.trouble = Trouble()

    def _tick(self) -> bool:
        """Do what the tick does for companies, and return whether ours is due. Its hourly counts for ops are left out."""
        with self.rows():
            note_due_slot(utcnow(), settings())
            queue_the_night()
            queue_wanted_changes(utcnow())
            db.session.commit()
            return self.company_id in due_companies()

    def _worker(self, number: int, chance: random.Random, deaths: int, stills: int) -> Worker:
        one = Worker(f"worker {number}", lambda: jobs.look_at(self.company_id))
        if chance.randrange(100) < deaths:
            one.dies_at = chance.randint(1, 120)
        elif chance.randrange(100) < stills:
            one.stands_at, one.stands = chance.randint(1, 120), chance.choice((20.0, 100.0, 400.0, 4000.0))
        return one

    def pass_time(self, seconds: float) -> None:
        """Let time pass without anybody working."""
        self.moment.forward(seconds)

    def set_clock(self, seconds: float) -> None:
        """Set this machine's clock alone by so much; those of the platform and of Intuit stay right."""
        self.moment.jump(seconds)
        self.skew += seconds
        self.platform.post("/_standin/clock", {"offset_seconds": -self.skew})
        self.intuit.post("/_standin/clock", {"offset": -self.skew})

    def _let_pauses_pass(self, seconds: float) -> None:
        """Valkey's clock goes with everybody's: a pause that it keeps for us is over sooner by as much."""
        if not self.pauses_known:
            return
        for key in self.redis.scan_iter("qbo:*:paused"):
            left = self.redis.pttl(key) - int(seconds * 1000)
            self.redis.pexpire(key, left) if left > 0 else self.redis.delete(key)

    def receipt_of(self, key: str) -> str:
        """Return the SalesReceipt of an inspection."""
        return next(receipt for receipt, of in self.receipts.items() if of == key)

    def books(self) -> dict[str, Any]:
        """Return everything alive in the realm."""
        return self.intuit.get(f"/_standin/realms/{self.realm_id}/books")

    def history(self) -> list[dict[str, Any]]:
        """Return what happened to the realm's objects."""
        return self.intuit.get(f"/_standin/realms/{self.realm_id}/history")["history"]

    def calls(self) -> list[dict[str, Any]]:
        """Return the calls that QuickBooks has seen."""
        return self.intuit.get(f"/_standin/realms/{self.realm_id}/calls")["calls"]

    def truth(self) -> list[dict[str, Any]]:
        """Return the platform's own list."""
        return self.platform.get(f"/_standin/companies/{self.platform_id}/inspections")

    def states(self) -> dict[str, InspectionRow]:
        """Return our row of each inspection."""
        with self.rows():
            rows = db.session.scalars(
                select(InspectionRow).where(InspectionRow.company_id == self.company_id)
            )
            return {row.key: row for row in rows}

    def hurry(self) -> None:
        """As after a long wait: what is held back by an outage may go on."""
        with self.rows():
            held = {"not_before": None, "feed_not_before": None}
            db.session.execute(update(Company).values(**held))
            db.session.commit()
