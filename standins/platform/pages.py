"""Pages for people to look at: companies, a company's inspections, one inspection. What their buttons do is in `page_actions`."""

import re
import sqlite3
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, current_app, render_template, request

from standins.platform import changes, clock, fields, resources

bp = Blueprint("pages", __name__)

PAGE_ROWS = 50
STATES = {
    "confirmed": "deleted_at IS NULL AND canceled_at IS NULL AND confirmed_at IS NOT NULL",
    "unconfirmed": "deleted_at IS NULL AND canceled_at IS NULL AND confirmed_at IS NULL",
    "cancelled": "deleted_at IS NULL AND canceled_at IS NOT NULL",
    "deleted": "deleted_at IS NOT NULL",
}
SERVICES = (
    "Full Home Inspection", "Radon", "Sewer Scope", "Termite/WDO", "Mold", "Pool & Spa", "Re-inspection", "Technology Fee",
)  # fmt: skip


@bp.get("/")
def home() -> str:
    """List the companies on the platform."""
    with current_app.config["STORE"].reading() as db:
        companies = db.execute(
            "SELECT c.*, (SELECT COUNT(*) FROM inspections i WHERE i.company_id = c.id) AS booked FROM companies c ORDER BY id"
        ).fetchall()
    return render_template("home.html", companies=companies)


@bp.get("/companies/<int:company_id>")
def company(company_id: int) -> str:
    """List a company's inspections by month; a search or a state looks through all of them unless a month is named."""
    chosen = {name: request.args.get(name, "").strip() for name in ("month", "state", "q")}
    page = max(1, min(request.args.get("page", 1, int), 100_000))
    with current_app.config["STORE"].reading() as db:
        row = changes.company(db, company_id)
        today = clock.now(db).astimezone(ZoneInfo(row["time_zone"]))
        if not re.fullmatch(r"(19|20)\d\d-(0[1-9]|1[0-2])", chosen["month"]):
            chosen["month"] = (
                "" if chosen["state"] or chosen["q"] or chosen["month"] == "all" else f"{today:%Y-%m}"
            )
        where, values = _where(row, chosen)
        joined = f"FROM inspections i LEFT JOIN contacts b ON b.id = i.buyer_id WHERE {where}"
        count = db.execute(f"SELECT COUNT(*) {joined}", values).fetchone()[0]
        sql = f"SELECT i.id {joined} ORDER BY i.datetime, i.id LIMIT ? OFFSET ?"
        ids = [each["id"] for each in db.execute(sql, (*values, PAGE_ROWS, (page - 1) * PAGE_ROWS))]
        inspections = [described(db, inspection_id) for inspection_id in ids]
        sums = _sums(db, where, values)
        keys = db.execute(
            "SELECT key, state FROM api_keys WHERE company_id = ? ORDER BY rowid", (company_id,)
        ).fetchall()
    pages = max(1, -(-count // PAGE_ROWS))
    return render_template(
        "company.html", company=row, keys=keys, inspections=inspections, count=count, page=page, pages=pages, today=today,
        chosen=chosen, states=STATES, months=_neighbours(chosen["month"] or f"{today:%Y-%m}"), sums=sums,
    )  # fmt: skip


def _sums(db: sqlite3.Connection, where: str, values: list[Any]) -> dict[str, Decimal]:
    """Return fees and money received of the chosen inspections that stand, in dollars."""
    chosen = f"SELECT i.id FROM inspections i LEFT JOIN contacts b ON b.id = i.buyer_id WHERE {where} AND i.deleted_at IS NULL AND i.canceled_at IS NULL"
    fees = f"SELECT amount AS money FROM line_items WHERE inspection_id IN ({chosen})"
    paid = f"SELECT amount - refunded_amount AS money FROM payments WHERE voided_at IS NULL AND inspection_id IN ({chosen})"
    cents = {
        name: db.execute(
            f"SELECT COALESCE(SUM(CAST(ROUND(money * 100) AS INTEGER)), 0) FROM ({sql})", values
        ).fetchone()[0]
        for name, sql in (("fees", fees), ("received", paid))
    }
    return {name: Decimal(each) / 100 for name, each in cents.items()}


@bp.get("/companies/<int:company_id>/inspections/new")
def book(company_id: int) -> str:
    """Show the form that books an inspection."""
    with current_app.config["STORE"].reading() as db:
        row = changes.company(db, company_id)
        start = clock.now(db).astimezone(ZoneInfo(row["time_zone"])) + timedelta(days=1)
    start = start.replace(hour=9, minute=0)
    return render_template("book.html", company=row, start=start, kinds=fields.KINDS, services=SERVICES)


@bp.get("/inspections/<int:inspection_id>")
def inspection(inspection_id: int) -> str:
    """Show one inspection with everything that can be done to it."""
    with current_app.config["STORE"].reading() as db:
        found = described(db, inspection_id)
        row = changes.company(db, found["company_id"])
        now = clock.now(db).astimezone(ZoneInfo(row["time_zone"]))
        held = bool(db.execute("SELECT 1 FROM pending WHERE inspection_id = ?", (inspection_id,)).fetchone())
    return render_template(
        "inspection.html", inspection=found, company=row, now=now, held=held, kinds=fields.KINDS, methods=fields.METHODS,
        services=SERVICES,
    )  # fmt: skip


def described(db: sqlite3.Connection, inspection_id: int) -> dict[str, Any]:
    """Return one inspection for a page: its row, state, client, lists and Decimal sums; times in the company's zone."""
    row = changes.inspection(db, inspection_id)
    zone = changes.company(db, row["company_id"])["time_zone"]
    buyer = db.execute("SELECT * FROM contacts WHERE id = ?", (row["buyer_id"],)).fetchone()
    line_items, payments = resources.line_items(db, inspection_id), resources.payments(db, inspection_id)
    total = sum((Decimal(line["amount"]) for line in line_items), Decimal("0.00"))
    received = sum((_kept(payment) for payment in payments), Decimal("0.00"))
    times = (
        "datetime",
        "created_at",
        "updated_at",
        "confirmed_at",
        "canceled_at",
        "deleted_at",
        "published_at",
    )
    local = {name: clock.in_zone(row[name], zone) if row[name] else None for name in times}
    return dict(row) | local | {
        "state": _state(row), "buyer": buyer, "client": client_name(buyer), "address": resources.full_address(row),
        "line_items": line_items, "payments": [_local_payment(payment, zone) for payment in payments],
        "total": total, "received": received, "open": total - received,
    }  # fmt: skip


def client_name(buyer: sqlite3.Row | None) -> str:
    """Return a client's name as people read it."""
    return (
        " ".join(part for part in (buyer["first_name"], buyer["last_name"]) if part) if buyer else "no client"
    )


@bp.app_template_filter("usd")
def usd(amount: Decimal | str) -> str:
    """Write dollars, a minus sign before the dollar sign."""
    value = Decimal(amount)
    return f"−${-value:,.2f}" if value < 0 else f"${value:,.2f}"


@bp.app_template_filter("day")
def day(moment: datetime) -> str:
    return f"{moment:%a, %b} {moment.day}, {moment.year}"


@bp.app_template_filter("hour")
def hour(moment: datetime) -> str:
    return f"{moment:%I:%M %p}".lstrip("0")


def _where(company_row: sqlite3.Row, chosen: dict[str, str]) -> tuple[str, list[Any]]:
    where, values = ["i.company_id = ?"], [company_row["id"]]
    if chosen["month"]:
        zone = ZoneInfo(company_row["time_zone"])
        start = datetime.strptime(chosen["month"], "%Y-%m").replace(tzinfo=zone)
        end = (start + timedelta(days=32)).replace(day=1)
        where.append("i.datetime >= ? AND i.datetime < ?")
        values += [clock.to_text(start), clock.to_text(end)]
    if chosen["state"] in STATES:
        where.append(STATES[chosen["state"]])
    if chosen["q"]:
        pattern = "%" + re.sub(r"([\\%_])", r"\\\1", chosen["q"]) + "%"
        names = "COALESCE(b.first_name, '') || ' ' || COALESCE(b.last_name, '')"
        columns = (names, "b.email", "i.property_address", "i.property_city", "i.inspector_name", "i.id")
        where.append("(" + " OR ".join(f"{column} LIKE ? ESCAPE '\\'" for column in columns) + ")")
        values += [pattern] * len(columns)
    return " AND ".join(where), values


def _neighbours(month: str) -> dict[str, str]:
    first = datetime.strptime(month, "%Y-%m")
    return {
        "before": f"{first - timedelta(days=1):%Y-%m}", "this": f"{first:%B %Y}", "after": f"{first + timedelta(days=32):%Y-%m}",
    }  # fmt: skip


def _state(row: sqlite3.Row) -> str:
    if row["deleted_at"]:
        return "deleted"
    if row["canceled_at"]:
        return "cancelled"
    return "confirmed" if row["confirmed_at"] else "unconfirmed"


def _kept(payment: sqlite3.Row) -> Decimal:
    return (
        Decimal(0)
        if payment["voided_at"]
        else Decimal(payment["amount"]) - Decimal(payment["refunded_amount"])
    )


def _local_payment(payment: sqlite3.Row, zone: str) -> dict[str, Any]:
    return dict(payment) | {
        "received_at": clock.in_zone(payment["received_at"], zone),
        "kept": _kept(payment),
    }
