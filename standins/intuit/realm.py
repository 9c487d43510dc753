"""One company: its records, the indexes over them, and changes that are whole or not at all.

What a record may hold is decided elsewhere; here it is only kept, found, versioned and undone.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from standins.intuit import webhooks
from standins.intuit.history import History
from standins.intuit.schema import NAME_LISTS, TRANSACTIONS
from standins.intuit.surroundings import Surroundings


@dataclass(eq=False)
class Record:
    """One object of the books. `created` and `updated` are whole epoch seconds, as QuickBooks shows them.

    A body is never changed in place, only replaced: undoing a change relies on it.
    """

    entity: str
    id: str
    body: dict
    token: int = 0
    created: int = 0
    updated: int = 0
    deleted: bool = False
    keys: list[tuple] = field(default_factory=list)

    def row(self) -> dict:
        """Return what is stored."""
        return {
            "body": self.body,
            "token": self.token,
            "created": self.created,
            "updated": self.updated,
            "deleted": self.deleted,
        }

    def ref(self, name: str) -> str | None:
        """Return the id a reference holds, or None."""
        value = self.body.get(name)
        return value["value"] if value else None


def linked_txns(body: dict) -> Iterator[tuple[dict, str, str]]:
    """Yield (line, TxnType, TxnId) for every line of a Payment or Deposit that is linked to a transaction."""
    for line in body.get("Line", ()):
        for link in line.get("LinkedTxn", ()):
            yield line, link["TxnType"], link["TxnId"]


def index_keys(record: Record) -> list[tuple]:
    """Return the keys under which a record can be found besides its id."""
    body, entity = record.body, record.entity
    if record.deleted:
        return []
    if entity in NAME_LISTS:
        keys: list[tuple] = [("name", body["DisplayName"].casefold())]
    elif entity in TRANSACTIONS:
        keys = []
        if customer := record.ref("CustomerRef"):
            keys.append(("customer", customer))
        if body.get("DocNumber"):
            keys.append(("doc", entity, body["DocNumber"].casefold()))
        if entity in ("Payment", "Deposit"):
            word = "paid" if entity == "Payment" else "swept"
            keys += [(word, kind, txn_id) for _, kind, txn_id in linked_txns(body)]
    elif entity == "Attachable":
        named = [ref["EntityRef"] for ref in body.get("AttachableRef", ())]
        keys = [("attached", one["type"], one["value"]) for one in named]
    elif "Name" in body:
        # Items have one space of names, whatever their category.
        where = "" if entity == "Item" else record.ref("ParentRef") or ""
        keys = [("list", entity, where, body["Name"].casefold())]
    else:
        keys = []
    if parent := record.ref("ParentRef"):
        keys.append(("parent", entity, parent))
    return keys


class Realm:
    """The books of one company. Hold `lock` while reading or changing them."""

    def __init__(self, world: Surroundings, meta: dict):
        self.world = world
        self.meta = meta
        self.lock = threading.RLock()
        self.records: dict[str, dict[str, Record]] = {}
        self.tombs: dict[str, dict[str, Record]] = {}
        self.index: dict[tuple, dict[Record, None]] = {}
        self.version = 0
        self.history = History()
        self.account_balances: tuple[int, dict] = (-1, {})
        self._undo: dict[Record, dict | None] | None = None
        self._answer: tuple[str, dict] | None = None

    @property
    def id(self) -> str:
        """The realm id."""
        return self.meta["id"]

    @property
    def zone(self) -> ZoneInfo:
        """The company's time zone."""
        return ZoneInfo(self.meta["time_zone"])

    def now(self) -> datetime:
        """Return the company's clock in its own zone."""
        return self.world.now().astimezone(self.zone)

    def today(self) -> date:
        """Return the company's date."""
        return self.now().date()

    def load(self) -> None:
        """Read all records from the file."""
        for entity, record_id, row in self.world.storage.records(self.id):
            record = Record(entity, record_id, **row)
            (self.tombs if record.deleted else self.records).setdefault(entity, {})[record_id] = record
            self._reindex(record)

    def all(self, entity: str) -> list[Record]:
        """Return the live records of an entity, oldest first."""
        return list(self.records.get(entity, {}).values())

    def find(self, entity: str, record_id: object) -> Record | None:
        """Return a live record, or None."""
        return self.records.get(entity, {}).get(str(record_id))

    def was_deleted(self, entity: str, record_id: object) -> bool:
        """Whether this id was once alive."""
        return str(record_id) in self.tombs.get(entity, {})

    def under(self, *key: Any) -> list[Record]:
        """Return the records under an index key, oldest first."""
        return sorted(self.index.get(key, ()), key=lambda record: int(record.id))

    def preference(self, section: str, name: str) -> Any:
        """Return one preference, or None."""
        return self.records["Preferences"]["1"].body.get(section, {}).get(name)

    @contextmanager
    def change(self) -> Iterator[None]:
        """Make what happens inside one change: undone on an exception, written to the file otherwise. Nests."""
        with self.lock:
            if self._undo is not None:
                yield
                return
            self._undo, self._answer, meta = {}, None, copy.deepcopy(self.meta)
            try:
                yield
            except BaseException:
                self._roll_back(meta)
                raise
            else:
                rows = [(record.entity, record.id, record.row()) for record in self._undo]
                self.version += 1
                changed = self.meta if self.meta != meta else None
                self.world.storage.save_change(self.id, rows, changed, self._answer)
                self.history.note_changes(self._undo, int(self.world.now().timestamp()))
                webhooks.tell(self, self.changes())
            finally:
                self._undo = None

    def remember(self, request_id: str, answer: dict) -> None:
        """Keep the answer to a request id together with the running change."""
        self._answer = (request_id, answer)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Make what happens inside whole or undone, within a larger change."""
        outer, self._undo, meta = self._undo, {}, copy.deepcopy(self.meta)
        try:
            yield
        except BaseException:
            self._roll_back(meta)
            raise
        finally:
            if outer is not None:
                for record, before in self._undo.items():
                    outer.setdefault(record, before)
            self._undo = outer

    def _roll_back(self, meta: dict) -> None:
        for record, before in self._undo.items():
            self.records.get(record.entity, {}).pop(record.id, None)
            self.tombs.get(record.entity, {}).pop(record.id, None)
            if before is None:
                record.deleted = True
            else:
                for name, value in before.items():
                    setattr(record, name, value)
                (self.tombs if record.deleted else self.records).setdefault(record.entity, {})[record.id] = (
                    record
                )
            self._reindex(record)
        self._undo.clear()
        self.meta = meta

    def _reindex(self, record: Record) -> None:
        for key in record.keys:
            self.index[key].pop(record, None)
        record.keys = index_keys(record)
        for key in record.keys:
            self.index.setdefault(key, {})[record] = None

    def _touch(self, record: Record) -> None:
        if record not in self._undo:
            self._undo[record] = record.row()

    def add(self, entity: str, body: dict, record_id: str | None = None) -> Record:
        """Put a new record in the books under the next id, or the given one."""
        if record_id is None:
            record_id = str(self.meta["next_id"])
            self.meta["next_id"] += 1
        now = int(self.world.now().timestamp())
        record = Record(entity, record_id, body, created=now, updated=now)
        self._undo[record] = None
        self.records.setdefault(entity, {})[record_id] = record
        self._reindex(record)
        return record

    def replace(self, record: Record, body: dict) -> None:
        """Give a record a new body; SyncToken and LastUpdatedTime move."""
        self._touch(record)
        record.body = body
        self.bump(record)

    def bump(self, record: Record) -> None:
        """Move the SyncToken and LastUpdatedTime of a record that something else touched."""
        self._touch(record)
        record.token += 1
        record.updated = int(self.world.now().timestamp())
        self._reindex(record)

    def stamp(self, record: Record) -> None:
        """Move the LastUpdatedTime alone."""
        self._touch(record)
        record.updated = int(self.world.now().timestamp())

    def changes(self) -> list[tuple[Record, dict | None]]:
        """Return what has changed since the running savepoint began: each record, and its body before or None for a new one."""
        return [(record, before["body"] if before else None) for record, before in self._undo.items()]

    def remove(self, record: Record) -> None:
        """Delete a record, leaving its tombstone."""
        self.bump(record)
        record.deleted, record.body = True, {}
        del self.records[record.entity][record.id]
        self.tombs.setdefault(record.entity, {})[record.id] = record
        self._reindex(record)

    def backdate(self, record: Record, seconds: int) -> None:
        """Move the times of a record into the past, leaving its SyncToken."""
        self._touch(record)
        record.created -= seconds
        record.updated -= seconds
