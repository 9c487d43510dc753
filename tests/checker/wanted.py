"""What each inspection should have in the books, by decisions 1 to 4, 6, 7, 11 and 12, from the platform's truth and the options alone."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tests.checker.facts import ZERO, InvoiceFacts, LineFacts, Options, PaymentFacts, Wanted

METHODS = {"card": "Credit Card", "ach": "ACH", "check": "Check", "cash": "Cash", "other": ""}
NAMELESS = {"service": "Inspection", "fee": "Fee", "discount": "Discount", "tax": "Sales tax"}


def wanted(truth: Iterable[Mapping[str, Any]], options: Options) -> dict[str, Wanted]:
    """Return what each inspection should have, by its id. `truth` is the platform's own list, deleted ones included."""
    return {str(one["id"]): _wanted(one, options) for one in truth}


def _wanted(one: Mapping[str, Any], options: Options) -> Wanted:
    key = str(one["id"])
    reason = _why_not(one, options)
    if reason:
        return Wanted(key, None, reason)
    kept = replace(options.earlier.get(key, options), theirs=options.theirs)
    return Wanted(key, _invoice(one, kept))


def _why_not(one: Mapping[str, Any], options: Options) -> str:
    """Return the first reason of decision 1 why the inspection is not in the books, or why it waits, or ""."""
    key = str(one["id"])
    if one["deleted_at"]:
        return "deleted"
    if one["canceled_at"]:
        return "cancelled"
    if not one["confirmed_at"]:
        return "not-confirmed"
    if options.cutoff is not None:
        side = options.sides.get(key) or ("new" if _moment(one["datetime"]) >= options.cutoff else "old")
        if side == "old":
            return "before-cutoff"
    elif options.start is None:
        return "no-start-date"
    elif day_of(one["datetime"], options.time_zone) < options.start:
        return "before-start"
    if key in options.receipts:
        return "has-receipt"
    if one["buyer"] is None:
        return "no-client"
    if not customer_name(one["buyer"]):
        return "no-client-name"
    if sum((Decimal(item["amount"]) for item in one["line_items"]), ZERO) < 0:
        return "negative-total"
    return ""


def _invoice(one: Mapping[str, Any], options: Options) -> InvoiceFacts:
    key = str(one["id"])
    lines = _lines(one, options)
    total = sum((line.amount for line in lines), ZERO)
    payments = _payments(one, total, options)
    day = _invoice_day(one, options)
    return InvoiceFacts(
        key=key,
        number=invoice_number(key),
        day=day.isoformat(),
        due=(day + timedelta(days=options.due_days)).isoformat(),
        customer=customer_name(one["buyer"]),
        email=one["buyer"]["email"] or "",
        lines=lines,
        total=total,
        balance=total - sum((payment.applied for payment in payments), ZERO),
        payments=payments,
        location=_chosen(options.locations, one),
    )


def _lines(one: Mapping[str, Any], options: Options) -> tuple[LineFacts, ...]:
    klass = _chosen(options.classes, one)
    found = []
    for item in sorted(one["line_items"], key=lambda item: (item["position"], item["id"])):
        name = " ".join((item["name"] or "").split()) or NAMELESS[item["kind"]]
        own = options.items.get(name) or options.one_item or name
        booked_on = {"discount": options.discount_item, "tax": options.tax_item}.get(item["kind"], own)
        found.append(LineFacts(booked_on, name, Decimal(item["amount"]), klass))
    return tuple(found) or (LineFacts(options.one_item or "Inspection", "No charge", ZERO, klass),)


def _payments(one: Mapping[str, Any], total: Decimal, options: Options) -> tuple[PaymentFacts, ...]:
    found, still_open = [], total
    for payment in sorted(one["payments"], key=lambda payment: (payment["received_at"], payment["id"])):
        amount = Decimal(payment["amount"]) - Decimal(payment["refunded_amount"])
        if payment["voided_at"] or amount <= 0:
            continue
        applied = min(amount, max(still_open, ZERO))
        still_open -= applied
        if str(payment["id"]) in options.theirs:
            continue  # Theirs takes its share of the Invoice, so that what comes after it pays no more than the rest.
        method = payment["method"]
        found.append(
            PaymentFacts(
                key=str(payment["id"]),
                day=day_of(payment["received_at"], options.time_zone).isoformat(),
                amount=amount,
                applied=applied,
                unapplied=amount - applied,
                method=options.methods.get(method, METHODS[method]),
                reference=_cut(" ".join((payment["reference"] or "").split()), 21),
                customer=customer_name(one["buyer"]),
                account=options.deposit_to,
            )
        )
    return tuple(found)


def _invoice_day(one: Mapping[str, Any], options: Options) -> date:
    moment = {
        "inspection": one["datetime"],
        "confirmed": one["confirmed_at"],
        "created": one["created_at"],
    }[options.invoice_day]
    return day_of(moment, options.time_zone)


def _chosen(by_inspector: Mapping[str, str], one: Mapping[str, Any]) -> str:
    """What was chosen for the inspector, else for everybody ("")."""
    return by_inspector.get(one["inspector_name"] or "", by_inspector.get("", ""))


def customer_name(buyer: Mapping[str, Any]) -> str:
    """Return the Customer's name of decision 2 without a suffix: first and last name, else the first address, else ""."""
    name = " ".join(f"{buyer['first_name'] or ''} {buyer['last_name'] or ''}".replace(":", "-").split())
    if re.search(r"\w", name):
        return name
    return re.split(r"[,;]", buyer["email"] or "")[0].strip()


def invoice_number(key: str) -> str:
    """Return the DocNumber of decision 3."""
    if len(key) <= 18 and re.fullmatch(r"[A-Za-z0-9_.-]+", key):
        return f"SP-{key}"
    return "SP-" + hashlib.sha256(key.encode()).hexdigest()[:18]


def day_of(moment: str, zone: str) -> date:
    """Return the calendar day of an instant in the company's time zone."""
    return _moment(moment).astimezone(ZoneInfo(zone)).date()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 3].rstrip() + "..."
