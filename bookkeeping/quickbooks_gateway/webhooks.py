"""Intuit's webhooks: whether one is Intuit's, and which objects of which companies it names. It carries no facts, only ids.

Source: Intuit's webhooks documentation and its announcement of CloudEvents; both payloads are read, either may name several companies.
"""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bookkeeping.fetching.bounded import too_deep

MOST_EVENTS = 5000


@dataclass(frozen=True)
class ChangedObject:
    """One object that somebody changed: of which realm, which entity, its id, and when; `at` None when it is not said readably."""

    realm_id: str
    entity: str
    qbo_id: str
    at: datetime | None


def is_signed(verifier_token: str, body: bytes, signature: str) -> bool:
    """Return whether the header `intuit-signature` is of this body; compared in constant time."""
    try:
        given = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(hmac.new(verifier_token.encode(), body, hashlib.sha256).digest(), given)


def changed_objects(body: bytes) -> list[ChangedObject]:
    """Return what the payload names; what is not understood is left out.

    Raises:
        ValueError: the payload is no JSON.
    """
    try:
        content = json.loads(body)
    except (UnicodeDecodeError, RecursionError) as error:
        raise ValueError("no JSON") from error
    if too_deep(content):
        raise ValueError("no JSON of QuickBooks'")
    found = _cloud_events(content) if isinstance(content, list) else _legacy(content)
    return found[:MOST_EVENTS]


def _cloud_events(events: list[Any]) -> list[ChangedObject]:
    found = []
    for event in events:
        if isinstance(event, dict):
            kind = str(event.get("type", "")).split(".")
            entity = kind[1] if len(kind) > 2 else ""
            one = _object(
                event.get("intuitaccountid"), entity, event.get("intuitentityid"), event.get("time")
            )
            found += [one] if one else []
    return found


def _legacy(content: Any) -> list[ChangedObject]:
    notifications = content.get("eventNotifications") if isinstance(content, dict) else None
    found = []
    for notification in notifications if isinstance(notifications, list) else []:
        changed = notification.get("dataChangeEvent") if isinstance(notification, dict) else None
        entities = changed.get("entities") if isinstance(changed, dict) else None
        for entity in entities if isinstance(entities, list) else []:
            if isinstance(entity, dict):
                realm = notification.get("realmId")
                one = _object(realm, entity.get("name"), entity.get("id"), entity.get("lastUpdated"))
                found += [one] if one else []
    return found


def _object(realm: Any, entity: Any, qbo_id: Any, at: Any) -> ChangedObject | None:
    if not (
        isinstance(realm, str) and realm.isdigit() and isinstance(entity, str) and isinstance(qbo_id, str)
    ):
        return None
    return ChangedObject(realm, entity.lower(), qbo_id, _moment(at))


def _moment(at: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(at)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
