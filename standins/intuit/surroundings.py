"""What a realm and the grants need of the world around them: its clock, lock, settings and file. The world itself is `world`."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any, Protocol

from standins.intuit.storage import Storage


class Surroundings(Protocol):
    """The world as its parts see it."""

    settings: dict[str, Any]
    storage: Storage
    lock: threading.RLock

    def now(self) -> datetime:
        """Return the stand-in's own instant, aware UTC."""
