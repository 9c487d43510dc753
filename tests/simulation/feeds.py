"""What happens to the feed: small pages that change while they are read, many changes at one moment, everything deleted and taken back, another
company's inspections, a platform that is back in an earlier state, a dead key."""

import random
from collections.abc import Callable

from sqlalchemy import select

from bookkeeping.storage.base import db
from bookkeeping.storage.records.inspections import InspectionRow
from tests.simulation.life import Life

Trouble = Callable[[Life, random.Random], None]


def _fault(life: Life, kind: str, times: int, **values: object) -> None:
    rule = {"kind": kind, "times": times, "path": "/v2/inspections", "company_id": life.platform_id}
    life.platform.post("/_standin/faults", {**rule, **values})


def _all(life: Life, **values: object) -> None:
    path = f"/_standin/companies/{life.platform_id}/inspections"
    life.platform.request("PATCH", path, json=[{"id": key, **values} for key in life.keys])


def small_pages(life: Life, chance: random.Random) -> None:
    """Pages have three rows from now on, and change while they are walked through."""
    dialect = {"dialect": chance.choice(("small-pages", "small-pages", "ours"))}
    life.platform.post(f"/_standin/companies/{life.platform_id}/dialect", dialect)
    _fault(life, "moves", chance.randint(1, 5))


def all_at_once(life: Life, chance: random.Random) -> None:
    """Everything changes at one moment, so that a page ends among rows of one stamp."""
    _all(life, inspector_name=chance.choice(("Dana Cole", "Ed Moss")))


def delete_all(life: Life, chance: random.Random) -> None:
    """The platform says of all that was booked that it is deleted; the next time, that it is not."""
    path = f"/_standin/companies/{life.platform_id}/inspections"
    if life.deleted_at_once:
        restored = [{"id": key, "deleted": False} for key in life.deleted_at_once]
        life.platform.request("PATCH", path, json=restored)
        life.deleted_at_once = []
    else:
        living = [str(one["id"]) for one in life.truth() if not one["deleted_at"]]
        life.deleted_at_once = living
        life.platform.request("PATCH", path, json=[{"id": key, "deleted": True} for key in living])


def other_company(life: Life, chance: random.Random) -> None:
    """The feed shows another company's inspections for a while."""
    with life.rows():
        if db.session.scalars(select(InspectionRow.id).limit(1)).first() is None:
            return  # A first list has nothing that it could be known by.
    made = life.platform.post("/_standin/companies", {"name": "Strangers", "time_zone": life.time_zone})
    start = life.moment.now().isoformat()
    lines = [{"kind": "service", "name": "Radon", "amount": "66.60"}]
    strange = {"datetime": start, "confirmed": True, "buyer": {"last_name": "Strange"}, "line_items": lines}
    count = chance.randint(1, 5)
    life.platform.post(f"/_standin/companies/{made['id']}/inspections", [strange] * count)
    _fault(life, "other_company", chance.randint(1, 3), as_company=made["id"])


def back_in_time(life: Life, chance: random.Random) -> None:
    """The platform's state is kept; the next time, the feed shows that earlier state for a while."""
    if life.feed_kept:
        _fault(life, "past", chance.randint(1, 3))
    else:
        life.platform.post(f"/_standin/companies/{life.platform_id}/feed/keep")
    life.feed_kept = not life.feed_kept


def dead_key(life: Life, chance: random.Random) -> None:
    """The platform takes the key back, or lets it read no inspections; or it is given back."""
    state = chance.choice(("revoked", "forbidden", "active"))
    life.platform.post(f"/_standin/companies/{life.platform_id}/keys/state", {"state": state})


def mend(life: Life) -> None:
    """End it all: what was deleted at once comes back, and the key lives."""
    life.platform.post(f"/_standin/companies/{life.platform_id}/keys/state", {"state": "active"})
    if life.deleted_at_once:
        delete_all(life, random.Random(0))


FEED: dict[str, Trouble] = {
    "small pages": small_pages,
    "all at once": all_at_once,
    "delete all": delete_all,
    "other company": other_company,
    "back in time": back_in_time,
    "dead key": dead_key,
}
