"""Change data capture: everything that changed since a moment, deletions included. The call itself is the gateway's."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bookkeeping.errors import PermanentError, TemporaryError

LOOK_BACK = timedelta(days=30)
CAP = 1000  # Objects in one answer; as many mean that there are more.

Entity = dict[str, Any]
Capture = Callable[[str, str], dict[str, Any]]
Query = Callable[[str, str], Iterator[dict[str, Any]]]


@dataclass(frozen=True)
class Changes:
    """Changed objects by entity, each Id once as last seen. Deleted ones carry `status: Deleted` and little else.

    `truncated`: deletions may be missing, so compare by id. `server_time` (aware UTC) is QuickBooks' clock when it began to answer:
    the next cursor, less an overlap.
    """

    by_entity: dict[str, list[dict[str, Any]]]
    truncated: bool
    server_time: datetime


@dataclass
class _Answer:
    """One answer of the endpoint: objects by entity and id."""

    server_time: datetime
    objects: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    @property
    def full(self) -> bool:
        return sum(len(found) for found in self.objects.values()) >= CAP


def collect(
    capture: Capture, query: Query, entities: Sequence[str], since: datetime, now: datetime
) -> Changes:
    """Return the changes of `entities` since then. `capture` asks the endpoint; `query` is the gateway's `query_all`.

    An answer holds at most 1,000 objects. A full one is asked for entity by entity; where a single entity still fills it, the window
    is moved forward answer by answer, and a query by change time fills what is missing. A query shows no deletions, hence `truncated`.

    Raises:
        PermanentError: further back than QuickBooks remembers (code changes-too-old): compare everything by id instead.
    """
    if now - since >= LOOK_BACK:
        raise PermanentError(f"Changes since {since.isoformat()} were asked for.", code="changes-too-old")
    answer = _ask(capture, entities, since)
    if not answer.full:
        return Changes(_lists(entities, answer.objects), False, answer.server_time)
    objects, truncated = {}, False
    for entity in entities:
        objects[entity], cut = _one_entity(capture, query, entity, since)
        truncated = truncated or cut
    return Changes(_lists(entities, objects), truncated, answer.server_time)


def moment(text: str) -> datetime:
    """Return QuickBooks' time, which carries an offset, as aware UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def changed_at(entity: Mapping[str, Any]) -> datetime | None:
    """Return when the object last changed, aware UTC, or None if it does not say."""
    text = entity.get("MetaData", {}).get("LastUpdatedTime")
    return moment(text) if text else None


def _one_entity(
    capture: Capture, query: Query, entity: str, since: datetime
) -> tuple[dict[str, Entity], bool]:
    found: dict[str, Entity] = {}
    start = since
    while True:
        answer = _ask(capture, [entity], start)
        found |= answer.objects.get(entity, {})
        if not answer.full:
            break
        latest = max((at for each in found.values() if (at := changed_at(each))), default=start)
        if latest <= start:
            break
        start = latest
    if start == since and not answer.full:
        return found, False
    for live in query(entity, f"MetaData.LastUpdatedTime >= '{since.isoformat(timespec='seconds')}'"):
        found[live["Id"]] = live
    return found, True


def _ask(capture: Capture, entities: Sequence[str], since: datetime) -> _Answer:
    content = capture(",".join(entities), since.isoformat(timespec="seconds"))
    try:
        answer = _Answer(moment(content["time"]))
        for response in content["CDCResponse"]:
            for block in response["QueryResponse"]:
                for name, rows in block.items():
                    if isinstance(rows, list):
                        answer.objects.setdefault(name, {}).update({row["Id"]: row for row in rows})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TemporaryError("QuickBooks' list of changes has an unknown form.") from error
    return answer


def _lists(entities: Sequence[str], objects: dict[str, dict[str, Entity]]) -> dict[str, list[Entity]]:
    return {entity: list(objects.get(entity, {}).values()) for entity in entities}
