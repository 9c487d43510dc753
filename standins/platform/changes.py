"""Every change to companies, clients, inspections, line items and payments, used by the admin API and the pages alike.

Each takes a connection inside a write transaction. A change to anything that belongs to an inspection moves its `updated_at`.
"""

import secrets
import sqlite3
from decimal import Decimal
from typing import Any

from standins.platform import clock, fields, publishing
from standins.platform.fields import Refused

SHORTHANDS = {"confirmed": "confirmed_at", "canceled": "canceled_at", "deleted": "deleted_at"}
NAMES = {
    "companies": "company", "contacts": "contact", "inspections": "inspection", "line_items": "line item",
    "payments": "payment",
}  # fmt: skip
RELATED = {"buyer", "line_items", "payments"}


def create_company(db: sqlite3.Connection, values: dict[str, Any]) -> dict[str, Any]:
    """Store a company with its first API key and return {id, key}."""
    known = {
        "name": fields.text,
        "country": fields.text,
        "time_zone": fields.zone_name,
        "hook_url": fields.text,
    }
    checks = known | {"us_based": lambda value, _zone: int(bool(value)), "key": fields.text}
    stored = fields.checked(values, checks, "UTC", required=("name", "time_zone"))
    key = stored.pop("key", None) or secrets.token_urlsafe(24)
    stored.setdefault("country", "US")
    stored.setdefault("us_based", int(stored["country"] == "US"))
    company_id = insert(db, "companies", stored)
    add_key(db, company_id, key)
    return {"id": company_id, "key": key}


def update_company(db: sqlite3.Connection, company_id: int, values: dict[str, Any]) -> None:
    """Change a company. A new time zone is published with every inspection: their `datetime` is written in that zone."""
    known = {
        "name": fields.text,
        "country": fields.text,
        "time_zone": fields.zone_name,
        "hook_url": fields.text,
    }
    stored = fields.checked(values, known | {"us_based": lambda value, _zone: int(bool(value))}, "UTC")
    company(db, company_id)
    update(db, "companies", company_id, stored)
    if "time_zone" in stored:
        for row in db.execute("SELECT id FROM inspections WHERE company_id = ?", (company_id,)).fetchall():
            publishing.touch(db, row["id"])


def add_key(db: sqlite3.Connection, company_id: int, key: str) -> None:
    """Give a company one more API key."""
    if db.execute("SELECT 1 FROM api_keys WHERE key = ?", (key,)).fetchone():
        raise Refused("this key is already in use; choose another")
    db.execute("INSERT INTO api_keys (key, company_id) VALUES (?, ?)", (key, company_id))


def company(db: sqlite3.Connection, company_id: int) -> sqlite3.Row:
    """Return a company, or raise LookupError."""
    return _one(db, "companies", company_id)


def inspection(db: sqlite3.Connection, inspection_id: int) -> sqlite3.Row:
    """Return an inspection, or raise LookupError."""
    return _one(db, "inspections", inspection_id)


def create_inspection(db: sqlite3.Connection, company_id: int, values: dict[str, Any]) -> int:
    """Store an inspection with its client, line items and payments, and return its id."""
    zone = company(db, company_id)["time_zone"]
    own, related = _split(db, values)
    stored = fields.checked(own, fields.INSPECTION, zone, required=("datetime",))
    now = clock.to_text(clock.now(db))
    stored = {"created_at": now, "slug": secrets.token_hex(4)} | stored
    updated_at = stored.get("updated_at") or now
    if related.get("buyer") is not None:
        stored["buyer_id"] = save_buyer(db, company_id, None, related["buyer"])
    inspection_id = insert(db, "inspections", stored | {"company_id": company_id, "updated_at": updated_at})
    _save_lists(db, inspection_id, related)
    publishing.touch(db, inspection_id, updated_at)
    return inspection_id


def update_inspection(db: sqlite3.Connection, inspection_id: int, values: dict[str, Any]) -> None:
    """Change an inspection. Lists given are the whole new list: entries with an `id` stay, missing ones are removed."""
    row = inspection(db, inspection_id)
    zone = company(db, row["company_id"])["time_zone"]
    own, related = _split(db, values, row)
    stored = fields.checked(own, fields.INSPECTION, zone)
    if "buyer" in related:
        buyer = related["buyer"]
        stored["buyer_id"] = (
            None if buyer is None else save_buyer(db, row["company_id"], row["buyer_id"], buyer)
        )
    update(db, "inspections", inspection_id, stored)
    _save_lists(db, inspection_id, related)
    publishing.touch(db, inspection_id, stored.get("updated_at"))


def save_buyer(db: sqlite3.Connection, company_id: int, current_id: int | None, values: Any) -> int:
    """Return the id of the client meant, edited as given.

    That is the one named by `id` or `ref`, a new one when `new` is true or nothing else is known, else the current one.
    """
    if not isinstance(values, dict):
        raise Refused("buyer must be an object or null")
    found = current_id
    if "id" in values:
        found = int(values["id"]) if str(values["id"]).isdecimal() else 0
        if not db.execute(
            "SELECT 1 FROM contacts WHERE id = ? AND company_id = ?", (found, company_id)
        ).fetchone():
            raise Refused(f"buyer id {values['id']} is no contact of this company")
    elif values.get("ref") is not None:
        known = db.execute(
            "SELECT id FROM contacts WHERE company_id = ? AND ref = ?", (company_id, values["ref"])
        ).fetchone()
        found = known["id"] if known else None
    elif values.get("new"):
        found = None
    attributes = {name: value for name, value in values.items() if name not in ("id", "new")}
    if found is None:
        return insert(
            db, "contacts", fields.checked(attributes, fields.CONTACT, "UTC") | {"company_id": company_id}
        )
    if attributes:
        update_contact(db, found, attributes)
    return found


def update_contact(db: sqlite3.Connection, contact_id: int, values: dict[str, Any]) -> None:
    """Change a client; every inspection of that client moves."""
    before = dict(_one(db, "contacts", contact_id))
    stored = fields.checked(values, fields.CONTACT, "UTC")
    if before | stored == before:
        return
    update(db, "contacts", contact_id, stored)
    for row in db.execute("SELECT id FROM inspections WHERE buyer_id = ?", (contact_id,)).fetchall():
        publishing.touch(db, row["id"])


def save_line_item(
    db: sqlite3.Connection, inspection_id: int, line_item_id: int | None, values: dict[str, Any]
) -> int:
    """Add a line item, or change the one named, and return its id. Without a position it goes last."""
    if line_item_id is not None:
        _owned(db, "line_items", line_item_id, inspection_id)
        update(db, "line_items", line_item_id, fields.checked(values, fields.LINE_ITEM, "UTC"))
        return line_item_id
    stored = fields.checked(values, fields.LINE_ITEM, "UTC", required=("name", "amount"))
    last = db.execute(
        "SELECT COALESCE(MAX(position), 0) FROM line_items WHERE inspection_id = ?", (inspection_id,)
    ).fetchone()
    return insert(
        db,
        "line_items",
        {"kind": "service", "position": last[0] + 1} | stored | {"inspection_id": inspection_id},
    )


def save_payment(
    db: sqlite3.Connection, inspection_id: int, payment_id: int | None, values: dict[str, Any]
) -> int:
    """Add a payment received, or change the one named, and return its id. Without `received_at` it was received now."""
    zone = company(db, inspection(db, inspection_id)["company_id"])["time_zone"]
    if payment_id is not None:
        before = dict(_owned(db, "payments", payment_id, inspection_id))
        stored = fields.checked(values, fields.PAYMENT, zone)
        _check_payment(before | stored)
        update(db, "payments", payment_id, stored)
        return payment_id
    stored = fields.checked(values, fields.PAYMENT, zone, required=("amount",))
    defaults = {"method": "card", "received_at": clock.to_text(clock.now(db)), "refunded_amount": "0.00"}
    _check_payment(defaults | stored)
    return insert(db, "payments", defaults | stored | {"inspection_id": inspection_id})


def remove(db: sqlite3.Connection, table: str, row_id: int) -> None:
    """Remove a line item or payment for good; its inspection moves."""
    inspection_id = _one(db, table, row_id)["inspection_id"]
    db.execute(f"DELETE FROM {table} WHERE id = ?", (row_id,))
    publishing.touch(db, inspection_id)


def insert(db: sqlite3.Connection, table: str, values: dict[str, Any]) -> int:
    """Insert a row of known columns and return its id."""
    marks = ", ".join("?" * len(values))
    names = ", ".join(values)
    return db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values())).lastrowid


def update(db: sqlite3.Connection, table: str, row_id: int, values: dict[str, Any]) -> None:
    """Change known columns of a row."""
    if values:
        names = ", ".join(f"{name} = ?" for name in values)
        db.execute(f"UPDATE {table} SET {names} WHERE id = ?", (*values.values(), row_id))


def _split(
    db: sqlite3.Connection, values: Any, row: sqlite3.Row | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return (own fields, related records), with the shorthands confirmed, canceled and deleted written out."""
    if not isinstance(values, dict):
        raise Refused("an inspection must be a JSON object")
    own = {name: value for name, value in values.items() if name not in RELATED and name not in SHORTHANDS}
    for short, column in SHORTHANDS.items():
        if short in values:
            since = (row[column] if row else None) or clock.to_text(clock.now(db))
            own[column] = since if values[short] else None
    return own, {name: values[name] for name in RELATED if name in values}


def _save_lists(db: sqlite3.Connection, inspection_id: int, related: dict[str, Any]) -> None:
    for table, save in (("line_items", save_line_item), ("payments", save_payment)):
        if table not in related:
            continue
        kept = [int(entry["id"]) for entry in related[table] if "id" in entry]
        marks = ", ".join("?" * len(kept))
        db.execute(
            f"DELETE FROM {table} WHERE inspection_id = ? AND id NOT IN ({marks})", (inspection_id, *kept)
        )
        for entry in related[table]:
            values = {name: value for name, value in entry.items() if name != "id"}
            save(db, inspection_id, int(entry["id"]) if "id" in entry else None, values)


def _check_payment(values: dict[str, Any]) -> None:
    amount, refunded = Decimal(values["amount"]), Decimal(values["refunded_amount"])
    if amount <= 0:
        raise Refused("amount must be above 0.00")
    if not 0 <= refunded <= amount:
        raise Refused(f"refunded_amount must be between 0.00 and {amount}")


def _one(db: sqlite3.Connection, table: str, row_id: int) -> sqlite3.Row:
    row = db.execute(f"SELECT * FROM {table} WHERE id = ?", (row_id,)).fetchone()
    if row is None:
        raise LookupError(f"there is no {NAMES[table]} {row_id}")
    return row


def _owned(db: sqlite3.Connection, table: str, row_id: int, inspection_id: int) -> sqlite3.Row:
    row = _one(db, table, row_id)
    if row["inspection_id"] != inspection_id:
        raise LookupError(f"{row_id} belongs to another inspection")
    return row
