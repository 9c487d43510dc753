"""Mistakes of ours, made on purpose through QuickBooks' own interface: what a simulation that proves something must notice at its end."""

import json
import random
from typing import Any

from tests.simulation.happenings import Happening
from tests.simulation.life import Life

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
