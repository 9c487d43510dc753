"""Mistakes of ours, made on purpose through QuickBooks' own interface: what a simulation that proves something must notice at its end."""

import json
import random
from typing import Any

from bookkeeping.storage.base import db
from tests.simulation.happenings import Happening
from tests.simulation.life import Life
from tests.simulation.scenarios import Scenario, Work, three

LEFT = ("Id", "SyncToken", "MetaData", "LinkedTxn", "domain", "sparse")


def _as_we_do(life: Life, operation: str, entity: str, body: dict[str, Any]) -> None:
    token = life.intuit.post(f"/_standin/realms/{life.realm_id}/token")["access_token"]
    sent = {"BatchItemRequest": [{"bId": "1", "operation": operation, entity: body}]}
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Accept": "application/json",
    }
    answer = life.intuit.answer(
        "POST", f"/v3/company/{life.realm_id}/batch", headers, json.dumps(sent).encode()
    )
    if entity not in json.loads(answer.body)["BatchItemResponse"][0]:
        raise RuntimeError(f"Nothing was planted: {answer.body!r}")


def double(life: Life, chance: random.Random) -> None:
    """A second Invoice of one inspection."""
    first = life.books()["Invoice"][0]
    _as_we_do(life, "create", "Invoice", {name: value for name, value in first.items() if name not in LEFT})


def lose(life: Life, chance: random.Random) -> None:
    """A Payment, or else an Invoice, is deleted that should stay, and nobody is told."""
    books = life.books()
    entity = "Payment" if books["Payment"] else "Invoice"
    one = books[entity][0]
    _as_we_do(life, "delete", entity, {"Id": one["Id"], "SyncToken": one["SyncToken"]})


def touch(life: Life, chance: random.Random) -> None:
    """Somebody else's Customer is changed."""
    batch = {"BatchItemRequest": [{"operation": "create", "Customer": {"DisplayName": "Theirs"}}]}
    theirs = life.intuit.post(f"/_standin/realms/{life.realm_id}/batch", batch)["BatchItemResponse"][0][
        "Customer"
    ]
    changed = {"Id": theirs["Id"], "SyncToken": theirs["SyncToken"], "sparse": True, "Notes": "Ours"}
    _as_we_do(life, "update", "Customer", changed)


PLANTED: dict[str, Happening] = {"double": double, "lose": lose, "touch": touch}


def forgets_at_last(life: Life) -> Work:
    """Work that is begun a third time, after two deaths and after no single one, books something twice."""
    three(life)

    def work() -> None:
        with life.rows() as company:
            company.name += "!"
            begun = company.name.count("!")
            db.session.commit()
        if begun == 3:
            double(life, random.Random(0))
        with life.rows() as company:
            company.name += "."
            db.session.commit()

    return work


PLANTED_WORK: dict[str, Scenario] = {"planted": forgets_at_last}
