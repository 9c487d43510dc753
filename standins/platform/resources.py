"""Turn stored rows into the JSON:API resources that the feed serves, overrides laid on top. No changes are made here."""

import json
import sqlite3
from typing import Any

from standins.platform import clock
from standins.platform.fields import CONTACT_DETAILS

LINE_ITEM_ATTRIBUTES = ("kind", "name", "amount", "service_id", "position")
PAYMENT_ATTRIBUTES = ("amount", "method", "received_at", "reference", "refunded_amount", "voided_at")
INSPECTION_ATTRIBUTES = (
    "created_at", "updated_at", "confirmed_at", "canceled_at", "cancel_reason", "deleted_at", "published_at",
    "property_address", "property_address_2", "property_city", "property_state", "property_zip", "inspector_name", "slug",
)  # fmt: skip


def company_resource(company: sqlite3.Row) -> dict[str, Any]:
    """Return the `company` resource."""
    attributes = {name: company[name] for name in ("name", "country", "time_zone")}
    attributes["us_based"] = bool(company["us_based"])
    return {"type": "company", "id": str(company["id"]), "attributes": attributes}


def document(db: sqlite3.Connection, inspection_id: int) -> dict[str, Any]:
    """Return {resource, buyer, line_items, payments}: one inspection as the feed serves it, related resources as lists."""
    row = db.execute(
        "SELECT i.*, c.time_zone FROM inspections i JOIN companies c ON c.id = i.company_id WHERE i.id = ?",
        (inspection_id,),
    ).fetchone()
    buyers = db.execute("SELECT * FROM contacts WHERE id = ?", (row["buyer_id"],)).fetchall()
    related = {
        "buyer": [resource("contact", buyer, CONTACT_DETAILS) for buyer in buyers],
        "line_items": [
            resource("line_item", line, LINE_ITEM_ATTRIBUTES) for line in line_items(db, inspection_id)
        ],
        "payments": [
            resource("payment", payment, PAYMENT_ATTRIBUTES) for payment in payments(db, inspection_id)
        ],
    }
    attributes = {"datetime": clock.in_zone(row["datetime"], row["time_zone"]).isoformat(timespec="seconds")}
    attributes |= {name: row[name] for name in INSPECTION_ATTRIBUTES} | {"full_address": full_address(row)}
    identifiers = {name: [_identifier(each) for each in resources] for name, resources in related.items()}
    relationships: dict[str, Any] = {name: {"data": found} for name, found in identifiers.items()}
    relationships["buyer"] = {"data": identifiers["buyer"][0] if identifiers["buyer"] else None}
    told = {
        "type": "inspection",
        "id": str(row["id"]),
        "attributes": attributes,
        "relationships": relationships,
    }
    related = {name: [each["overridden"] for each in resources] for name, resources in related.items()}
    return {"resource": _overridden(told, row["raw"]), **related}


def line_items(db: sqlite3.Connection, inspection_id: int) -> list[sqlite3.Row]:
    """Return an inspection's line items in their order."""
    return db.execute(
        "SELECT * FROM line_items WHERE inspection_id = ? ORDER BY position, id", (inspection_id,)
    ).fetchall()


def payments(db: sqlite3.Connection, inspection_id: int) -> list[sqlite3.Row]:
    """Return an inspection's payments, voided ones too, in the order received."""
    return db.execute(
        "SELECT * FROM payments WHERE inspection_id = ? ORDER BY received_at, id", (inspection_id,)
    ).fetchall()


def full_address(row: sqlite3.Row) -> str | None:
    """Return the property's address on one line, or None when nothing of it is known."""
    street = " ".join(part for part in (row["property_address"], row["property_address_2"]) if part)
    state = " ".join(part for part in (row["property_state"], row["property_zip"]) if part)
    return ", ".join(part for part in (street, row["property_city"], state) if part) or None


def resource(kind: str, row: sqlite3.Row, names: tuple[str, ...]) -> dict[str, Any]:
    """Keep the plain identity beside the overridden resource: linkage stays whole even when the record is garbage."""
    plain = {"type": kind, "id": str(row["id"]), "attributes": {name: row[name] for name in names}}
    return {"type": kind, "id": str(row["id"]), "overridden": _overridden(plain, row["raw"])}


def _identifier(resource: dict[str, Any]) -> dict[str, str]:
    return {"type": resource["type"], "id": resource["id"]}


def _overridden(resource: dict[str, Any], raw: str | None) -> Any:
    """Lay a test's override over the resource, however malformed the result."""
    override = json.loads(raw) if raw else {}
    if "replace" in override:
        return override["replace"]
    attributes = resource["attributes"] | override.get("attributes", {})
    attributes = {name: value for name, value in attributes.items() if name not in override.get("omit", [])}
    result = resource | {"attributes": attributes}
    if "relationships" in override:
        result["relationships"] = result.get("relationships", {}) | override["relationships"]
    return result
