"""Everything the stand-in holds: settings, clock, companies, grants, and the file behind them.

Only state and how it is found; what is done with it lives in the modules of each subject.
"""

from __future__ import annotations

import random
import threading
import time
from datetime import UTC, datetime, timedelta

from standins.intuit import settings as settings_module
from standins.intuit.calls import CallBook
from standins.intuit.faults import FaultRules
from standins.intuit.grants import Grants
from standins.intuit.limits import Limits
from standins.intuit.realm import Realm
from standins.intuit.storage import Storage


class World:
    """The whole stand-in. `apps` maps client ids to secrets, `redirect_uris` are exact; none means any loopback callback."""

    def __init__(self, storage: Storage, apps: dict[str, str], redirect_uris: list[str], public_url: str):
        self.storage = storage
        self.apps = apps
        self.redirect_uris = redirect_uris
        self.public_url = public_url.rstrip("/")
        self.lock = threading.RLock()
        self._read()

    def _read(self) -> None:
        saved = self.storage.documents("world")
        self.settings = settings_module.DEFAULTS | saved.get("settings", {})
        self.clock_offset = float(saved.get("clock_offset", 0))
        self.limits = Limits()
        self.faults = FaultRules()
        self.calls = CallBook()
        self.grants = Grants(self)
        self.realms: dict[str, Realm] = {}
        for realm_id, meta in self.storage.documents("realm").items():
            realm = self.realms[realm_id] = Realm(self, meta)
            realm.load()

    def now(self) -> datetime:
        """Return the stand-in's clock, aware and in UTC."""
        return datetime.now(UTC) + timedelta(seconds=self.clock_offset)

    def set_clock(self, offset_seconds: float) -> None:
        """Move the clock this far from the real one."""
        self.clock_offset = offset_seconds
        self.storage.put("world", "clock_offset", offset_seconds)

    def change_settings(self, changes: dict) -> dict:
        """Switch settings and return all of them. Raises ValueError on nonsense."""
        with self.lock:
            self.settings |= settings_module.checked(changes)
            self.storage.put("world", "settings", self.settings)
        return dict(self.settings)

    def new_realm_id(self) -> str:
        """Return an unused realm id of the usual sixteen digits."""
        while True:
            realm_id = f"9341{random.randrange(10**12):012d}"
            if realm_id not in self.realms:
                return realm_id

    def add_realm(self, meta: dict) -> Realm:
        """Keep a new, empty company."""
        with self.lock:
            if meta["id"] in self.realms:
                raise ValueError(f"There is a company {meta['id']} already.")
            realm = self.realms[meta["id"]] = Realm(self, meta)
            self.storage.put("realm", realm.id, meta)
            return realm

    def reset(self) -> None:
        """Forget everything, settings and clock included."""
        with self.lock:
            self.storage.clear()
            self._read()

    def tid(self) -> str:
        """Return a transaction id in the manner of `intuit_tid`."""
        return f"1-{int(time.time()):08x}-{random.getrandbits(96):024x}"
