"""Webhooks: what changed, told to an app's address some moments later, signed with its verifier token. Thin: ids, no facts.

Settings: `webhook_url` (empty: none are sent), `webhook_token`, `webhook_format` ("cloudevents", one JSON array that may mix companies, or
"legacy"). Sent once, in threads of their own; an address that does not answer misses them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import urllib.request
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .realm import Realm, Record

TOLD = {
    "Customer",
    "Vendor",
    "Employee",
    "Item",
    "Account",
    "Invoice",
    "Payment",
    "SalesReceipt",
    "RefundReceipt",
    "CreditMemo",
    "Deposit",
}


def tell(realm: Realm, changed: list[tuple[Record, dict | None]]) -> None:
    """Send what this change did, when an address is set."""
    settings = realm.world.settings
    if not settings["webhook_url"]:
        return
    events = [_event(record, before) for record, before in changed if record.entity in TOLD]
    if not events:
        return
    legacy = settings["webhook_format"] == "legacy"
    body = json.dumps(_legacy(realm.id, events) if legacy else _cloud_events(realm.id, events)).encode()
    threading.Thread(
        target=_send, args=(settings["webhook_url"], settings["webhook_token"], body), daemon=True
    ).start()


def _event(record: Record, before: dict | None) -> dict[str, str]:
    what = "Delete" if record.deleted else "Create" if before is None else "Update"
    at = datetime.fromtimestamp(record.updated, UTC).isoformat()
    return {"name": record.entity, "id": record.id, "operation": what, "lastUpdated": at}


def _legacy(realm_id: str, events: list[dict[str, str]]) -> Any:
    return {"eventNotifications": [{"realmId": realm_id, "dataChangeEvent": {"entities": events}}]}


def _cloud_events(realm_id: str, events: list[dict[str, str]]) -> Any:
    said = {"Create": "created", "Update": "updated", "Delete": "deleted"}
    return [
        {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": "intuit.standin",
            "type": f"qbo.{event['name'].lower()}.{said[event['operation']]}.v1",
            "datacontenttype": "application/json",
            "time": event["lastUpdated"],
            "intuitentityid": event["id"],
            "intuitaccountid": realm_id,
            "data": {},
        }
        for event in events
    ]


def signature(token: str, body: bytes) -> str:
    """Return the value of the header `intuit-signature`."""
    return base64.b64encode(hmac.new(token.encode(), body, hashlib.sha256).digest()).decode()


def _send(url: str, token: str, body: bytes) -> None:
    headers = {"Content-Type": "application/json", "intuit-signature": signature(token, body)}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=5):
            pass
    except OSError:
        return
