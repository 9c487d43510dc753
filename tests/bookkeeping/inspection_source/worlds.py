"""A world for each kind of source: a company whose inspections are made, changed and deleted there, and what a reader keeps of it.

`World` says what the contract wants of every kind (`test_contract.py`); another kind is another class here, and its name in WORLDS. `manner` names
a second way in which a kind is read.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import time_machine

from bookkeeping.inspection_source.feed import Feed
from bookkeeping.inspection_source.pages import Pages
from bookkeeping.inspection_source.received import read_event
from bookkeeping.inspection_source.source import OVERLAP, BadRecord, Page, Source
from bookkeeping.rules.inspection import Inspection
from bookkeeping.sources.dropping import drop_file, take_file
from bookkeeping.sources.kept import ReceivedRows
from bookkeeping.sources.opening import open_source
from bookkeeping.sources.receiving import take_event
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.dropped import last_turn
from tests.bookkeeping.inspection_source.dropped.factories import csv_file

NAME = "Blue Ridge"
HEAD = ("Inspection", "Date", "Time", "Client", "Email", "Street", "City", "State", "ZIP", "Service", "Fee", "Number", "Cancelled")  # fmt: skip
PAID = ("Inspection", "Payment", "Paid on", "Amount", "Method")


class World:
    """One company of one kind. `kept` is what was read last of each inspection, `bad` what could not be read, `cursor` where reading goes on."""

    kind = ""
    manner = ""
    has_key = True
    numbered = False
    keeps_rows = False

    def __init__(self) -> None:
        self.kept: dict[str, Inspection] = {}
        self.bad: dict[str, BadRecord] = {}
        self.cursor: str | None = None

    def source(self) -> Source:
        raise NotImplementedError

    def book(self, count: int = 1, **values: Any) -> list[str]:
        """Make so many inspections; return their keys."""
        raise NotImplementedError

    def charge(self, key: str, fee: str) -> None:
        raise NotImplementedError

    def cancel(self, key: str) -> None:
        raise NotImplementedError

    def pay(self, key: str, amount: str) -> None:
        raise NotImplementedError

    def delete(self, key: str) -> None:
        raise NotImplementedError

    def spoil(self, key: str) -> None:
        """Let the inspection be unreadable, until it is mended."""
        raise NotImplementedError

    def mend(self, key: str) -> None:
        raise NotImplementedError

    def number(self, number: str) -> str:
        """Make an inspection with a number for people; return its key."""
        raise NotImplementedError

    def read(self, *, everything: bool = False, pages: int | None = None) -> list[Page]:
        """Read what changed and keep it, page by page; no further than so many pages, as if reading broke off."""
        read = []
        for page in self.source().changed(self.cursor, everything=everything):
            for one in page.inspections:
                self.kept[one.key] = one
                self.bad.pop(one.key, None)
            self.bad |= {one.key: one for one in page.bad}
            self.cursor = page.cursor or self.cursor
            read.append(page)
            if len(read) == pages:
                break
        return read

    @contextmanager
    def later(self) -> Iterator[None]:
        """As if more than the overlap had passed."""
        with time_machine.travel(utcnow() + OVERLAP + timedelta(minutes=1)):
            yield

    # What a source may ask of what is kept (`Known`).

    def stamps(self, keys: list[str]) -> dict[str, tuple[str, datetime, str]]:
        known = {key: self.kept[key] for key in keys if key in self.kept}
        return {key: (one.content_hash(), one.updated_at, one.number) for key, one in known.items()}

    def starting(self, first: datetime, last: datetime) -> frozenset[str]:
        alive = (one for one in self.kept.values() if one.deleted_at is None)
        return frozenset(one.key for one in alive if first <= one.starts_at < last)

    def inspection(self, key: str) -> Inspection | None:
        return self.kept.get(key)


class FeedWorld(World):
    """A company of the platform stand-in, read as a feed."""

    kind = "feed"

    def __init__(self, platform, _house) -> None:
        super().__init__()
        self.platform = platform
        made = platform.post("/_standin/companies", {"name": NAME, "time_zone": "America/Denver"})
        self.id, self.key = made["id"], made["key"]

    def source(self) -> Source:
        return Feed(self.platform.base_url, self.key)

    def book(self, count: int = 1, **values: Any) -> list[str]:
        one = {
            "datetime": (utcnow() + timedelta(days=1)).isoformat(),
            "confirmed": True,
            "buyer": {"first_name": "Ada", "last_name": "Reyes", "email": "ada@example.com"},
            "property_address": "12 Oak St",
            "line_items": [{"kind": "service", "name": "Home inspection", "amount": "425.00"}],
        }
        made = self.platform.post(f"/_standin/companies/{self.id}/inspections", [one | values] * count)
        return [str(each["id"]) for each in made]

    def _change(self, key: str, **values: Any) -> None:
        self.platform.request("PATCH", f"/_standin/inspections/{key}", json=values)

    def charge(self, key: str, fee: str) -> None:
        self._change(key, line_items=[{"kind": "service", "name": "Home inspection", "amount": fee}])

    def cancel(self, key: str) -> None:
        self._change(key, canceled=True)

    def pay(self, key: str, amount: str) -> None:
        given = {"amount": amount, "method": "card", "received_at": utcnow().isoformat()}
        self.platform.post(f"/_standin/inspections/{key}/payments", given)

    def delete(self, key: str) -> None:
        self._change(key, deleted=True)

    def spoil(self, key: str) -> None:
        self._change(key, raw={"omit": ["datetime"]})

    def mend(self, key: str) -> None:
        self._change(key, raw=None)


class PagesWorld(FeedWorld):
    """The same company, read by numbered pages."""

    kind = "pages"
    numbered = True

    def source(self) -> Source:
        return Pages(f"{self.platform.base_url}/paged", self.key, self)

    def number(self, number: str) -> str:
        return self.book(raw={"attributes": {"number": number}})[0]


class EventsWorld(PagesWorld):
    """The same company once more, its payments told by events."""

    manner = "pages with events"
    keeps_rows = True

    def __init__(self, platform, house) -> None:
        super().__init__(platform, house)
        self.ours = house.make_company(NAME, source_kind="pages")
        self.told = 0

    def source(self) -> Source:
        return Pages(f"{self.platform.base_url}/paged", self.key, self, received=ReceivedRows(self.ours))

    def pay(self, key: str, amount: str) -> None:
        self.told += 1
        self.tell(key, f"evt_{self.told}", f"P{self.told}", amount=amount)

    def tell(
        self, key: str, event: str, payment: str, *, type: str = "payment.received", at: str = "", **paid: Any
    ) -> str:
        """Let an event tell of a payment; return what came of it."""
        now = utcnow().isoformat()
        said = {"id": payment, "method": "card", "received_at": now, **paid}
        told = {"id": event, "type": type, "occurred_at": at or now, "inspection": key, "payment": said}
        outcome = take_event(db.session.get_one(Company, self.ours), read_event(told))
        db.session.commit()
        return outcome


class FilesWorld(World):
    """A company whose inspections come in files; each act drops one and takes it."""

    kind = "files"
    has_key = False
    keeps_rows = True
    numbered = True

    def __init__(self, _platform, house) -> None:
        super().__init__()
        self.house = house
        self.id = house.make_company(NAME, source_kind="files", feed_url="")
        self.rows: dict[str, list[str]] = {}
        self.booked = 0

    def source(self) -> Source:
        return open_source(db.session.get_one(Company, self.id), public_only=True)

    def _drop(self, head: tuple[str, ...], *rows: list[str], take_out: bool = False) -> None:
        company = db.session.get_one(Company, self.id)
        row = drop_file(company, "pat", [("a.csv", csv_file(head, *rows))])
        take_file(company, row, "pat", turn=last_turn(self.id), take_out=take_out)
        db.session.commit()

    def book(self, count: int = 1, **values: Any) -> list[str]:
        day = (utcnow() + timedelta(days=1)).date().isoformat()
        base = ["", day, "9:00", "Ada Reyes", "ada@example.com", "12 Oak St", "", "", "", "Home inspection", "425.00", values.get("number", ""), ""]  # fmt: skip
        keys = [str(1001 + self.booked + number) for number in range(count)]
        self.booked += count
        self.rows |= {key: [key, *base[1:]] for key in keys}
        self._drop(HEAD, *(self.rows[key] for key in keys))
        return keys

    def _set(self, key: str, column: str, value: str) -> None:
        self.rows[key][HEAD.index(column)] = value
        self._drop(HEAD, self.rows[key])

    def charge(self, key: str, fee: str) -> None:
        self._set(key, "Fee", fee)

    def cancel(self, key: str) -> None:
        self._set(key, "Cancelled", "yes")

    def pay(self, key: str, amount: str) -> None:
        self._drop(PAID, [key, f"P{amount}", utcnow().date().isoformat(), amount, "card"])

    def delete(self, key: str) -> None:
        del self.rows[key]
        self._drop(HEAD, *self.rows.values(), take_out=True)

    def spoil(self, key: str) -> None:
        self._set(key, "Time", "noonish")

    def mend(self, key: str) -> None:
        self._set(key, "Time", "9:00")

    def number(self, number: str) -> str:
        return self.book(number=number)[0]


WORLDS = {world.manner or world.kind: world for world in (FeedWorld, PagesWorld, EventsWorld, FilesWorld)}
