"""Change data capture: everything that changed since a moment, deleted transactions as tombstones.

At most 1000 objects an answer and 30 days back, as at QuickBooks.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from standins.intuit import errors, views
from standins.intuit.query import validation_error
from standins.intuit.realm import Realm
from standins.intuit.schema import BY_LOWER_NAME, CDC_EXCLUDED

MOST_OBJECTS = 1000
LOOK_BACK = timedelta(days=30)


def changed(realm: Realm, entities: str, since: str) -> list[dict[str, Any]]:
    """Return one QueryResponse for each entity asked for, in that order; an empty one where nothing changed.

    Raises:
        QuickBooksFault: no or unknown entities, an unreadable moment or one over 30 days ago.
    """
    if not entities:
        raise errors.missing("entities")
    if not since:
        raise errors.missing("changedSince")
    try:
        # An offset whose + was not escaped arrives with a space, and QuickBooks does not guess either.
        moment = datetime.fromisoformat(since.strip())
    except ValueError:
        raise errors.invalid(2060, "Date", "changedSince", since) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=realm.zone)
    if moment < realm.world.now() - LOOK_BACK:
        raise validation_error("changedSince is more than 30 days ago")
    left, answers = MOST_OBJECTS, []
    for name in entities.split(","):
        entity = BY_LOWER_NAME.get(name.strip().lower())
        if entity is None or entity in CDC_EXCLUDED:
            raise validation_error(f"Entity {name.strip()} is not supported by change data capture")
        living = [record for record in realm.all(entity) if record.updated >= moment.timestamp()]
        gone = [
            record for record in realm.tombs.get(entity, {}).values() if record.updated >= moment.timestamp()
        ]
        records = sorted([*living, *gone], key=lambda record: (record.updated, int(record.id)))[:left]
        left -= len(records)
        rows = [
            views.tombstone(realm, record) if record.deleted else views.shown(realm, record)
            for record in records
        ]
        answers.append({entity: rows, "startPosition": 1, "maxResults": len(rows)} if rows else {})
    return answers
