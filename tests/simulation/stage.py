"""Where a story is told: this process, with clock, chance, sleep and network taken over once, and stand-ins and a database for each story."""

import importlib
import logging
import pkgutil
import traceback
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from redis import Redis

from tests.harness.inside import intuit_inside, platform_inside
from tests.simulation import moment as moments
from tests.simulation.databases import tell_the_time
from tests.simulation.network import Network
from tests.simulation.stories import Story
from tests.simulation.workers import Workers

if TYPE_CHECKING:
    from tests.simulation.life import Life

INTUIT, PLATFORM = "http://127.0.0.1:8010", "http://127.0.0.1:8020"


def environment(database_url: str, redis_url: str, folder: Path) -> dict[str, str]:
    """Return the settings of the simulated installation, whose files are in this folder."""
    return {
        "SECRET_KEY": "a secret for simulations",
        "TOKEN_KEYS": "c2ltdWxhdGVkIGtleSwgb2YgMzIgYnl0ZXMsIG5vIG0=",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "ARCHIVE_FOLDER": str(folder / "archive"),
        "INTUIT_ENVIRONMENT": "standin",
        "INTUIT_API_URL": INTUIT,
        "INTUIT_DISCOVERY_URL": f"{INTUIT}/.well-known/openid_configuration",
        "INTUIT_REQUESTS_PER_SECOND": "1000",
        "INTUIT_REQUESTS_PER_MINUTE": "60000",
        "INTUIT_BATCHES_PER_MINUTE": "60000",
        # Batches of one wave fly in threads that no seed could put in order.
        "INTUIT_CONCURRENCY": "1",
    }


class Stage:
    """Takes this process over, which is good for nothing else then. The settings must be in the environment already."""

    def __init__(self, folder: Path, redis: Redis):
        logging.disable(logging.CRITICAL)
        self._folder, self._redis, self._moment = folder, redis, moments.Moment()
        self._workers = Workers(self._moment)
        # Before the product is imported, which keeps what `time.sleep` was then.
        moments.take_over_time(self._moment, self._workers.sleep)
        self._network = Network(self._moment)
        self._network.before = lambda what: self._workers.call(f"{what} begins")
        self._network.after = lambda what: self._workers.point(f"{what} is answered")
        self._network.take_over()
        tell_the_time(self._moment)

    def make_tables(self) -> None:
        """Make all tables in the database."""
        import bookkeeping.storage
        from bookkeeping.storage.base import db
        from worker.app import worker_app

        for found in pkgutil.walk_packages(bookkeeping.storage.__path__, "bookkeeping.storage."):
            importlib.import_module(found.name)
        with worker_app().app_context():
            db.create_all()
            db.session.remove()
            db.engine.dispose()

    def let_go(self) -> None:
        """Close the database, so that it can be kept or put back."""
        from bookkeeping.storage.base import db
        from worker.app import worker_app

        with worker_app().app_context():
            db.engine.dispose()

    def new_life(self, seed: int) -> "Life":
        """Return a life at its very beginning, on the database as it lies there."""
        from tests.simulation.life import ZONES, Life

        self.let_go()
        self._redis.flushdb()
        moments.take_over_chance(seed)
        self._moment.begin(datetime(2026, 1, 5, 15, 0, tzinfo=UTC) + timedelta(days=seed * 37 % 330))
        self._workers.begin()
        platform, intuit = platform_inside(self._folder, PLATFORM), intuit_inside(INTUIT)
        self._network.begin([platform, intuit])
        zone = ZONES[seed % len(ZONES)]
        return Life(self._moment, self._network, self._workers, platform, intuit, self._redis, zone)

    def live(self, story: Story) -> dict[str, Any]:
        """Tell a story on the database as it lies there; return what came of it, with `wrong` where it failed."""
        from tests.simulation.judging import judge
        from tests.simulation.telling import tell

        life, wrong = self.new_life(story.seed), ""
        try:
            life.open(legacy=story.flavour == "migration")
            tell(life, story)
            judge(life)
        except Exception:  # noqa: BLE001 - what breaks is what a story is told for.
            wrong = traceback.format_exc(limit=-40)
        self.let_go()
        network = Counter({f"network: {name}": count for name, count in self._network.happened.items()})
        return {
            "wrong": wrong or "\n".join(self._workers.complaints),
            "days": self._moment.passed / 86400,
            "points": self._workers.points,
            "deaths": self._workers.deaths,
            "pauses": self._workers.pauses,
            "happened": dict(life.faults + network),
        }
