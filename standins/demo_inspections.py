"""The demo's inspections as the platform's admin API takes them, drawn from a seed and dated relative to a given today.

Pure: the same seed and day give the same data. Times are local to the company. Books are in `demo_books`.
"""

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from standins.demo_people import (
    BLUE_RIDGE_INSPECTORS,
    BLUE_RIDGE_TOWNS,
    DIFFICULT,
    FRONT_RANGE_INSPECTORS,
    FRONT_RANGE_TOWNS,
    Crowd,
)

STARTS = (time(8), time(9), time(9, 30), time(11), time(13), time(14, 30), time(16))
EXTRAS = (
    ("Radon", 150, 185),
    ("Sewer Scope", 195, 250),
    ("Termite/WDO", 75, 125),
    ("Mold", 225, 350),
    ("Pool & Spa", 150, 200),
)
DISCOUNTS = (("Military discount", -25), ("Bundle discount", -40), ("Repeat client", -50))
REASONS = ("Buyer walked away", "Financing fell through", "Seller refused access", "Weather")
Inspection = dict[str, Any]


def blue_ridge(seed: int, today: date) -> list[Inspection]:
    """Return 120 inspections of a company that connects for the first time: 90 of the last 12 months, 4 of them today, 30 to come."""
    maker = Maker(Random(f"{seed}:blue-ridge"), today, "blue", "828", BLUE_RIDGE_TOWNS, BLUE_RIDGE_INSPECTORS)
    days = sorted(today - timedelta(days=maker.random.randint(1, 364)) for _ in range(86))
    past = [maker.inspection(datetime.combine(day, maker.random.choice(STARTS))) for day in days]
    past += [
        maker.inspection(datetime.combine(today, start))
        for start in (time(8), time(10, 30), time(13), time(15, 30))
    ]
    days = sorted(today + timedelta(days=1 + int(60 * maker.random.random() ** 1.3)) for _ in range(30))
    coming = [maker.inspection(datetime.combine(day, maker.random.choice(STARTS))) for day in days]
    _give_clients(past, coming)
    _plant_past(maker, past)
    _plant_coming(maker, coming)
    return [_stamped(inspection) for inspection in past + coming]


def front_range(seed: int, today: date) -> tuple[list[Inspection], list[Inspection]]:
    """Return (60 inspections whose income an old integration booked as SalesReceipts, about 17 without one)."""
    maker = Maker(
        Random(f"{seed}:front-range"), today, "front", "303", FRONT_RANGE_TOWNS, FRONT_RANGE_INSPECTORS
    )
    random = maker.random
    starts = [
        datetime.combine(date(2018, 1, 8) + timedelta(days=random.randint(0, 720)), random.choice(STARTS))
        for _ in range(30)
    ]
    starts += _boundaries(2019) + _boundaries(2020)[:2] + _boundaries((today - timedelta(days=45)).year)
    starts += [datetime(2019, 7, 31, 23, 30), datetime(2019, 8, 1, 0, 0)]
    span = (today - date(2020, 2, 1)).days
    recent = [int(span * random.random() ** 2.5) + 2 for _ in range(60 - len(starts))]
    starts += [datetime.combine(today - timedelta(days=days), random.choice(STARTS)) for days in recent]
    booked = [maker.inspection(start, paid="full") for start in sorted(starts)]
    days = [-41, -33, -26, -17, -9, -3, 0, 2, 3, 6, 10, 15, 23, 34]
    newer = [
        maker.inspection(datetime.combine(today + timedelta(days=day), random.choice(STARTS))) for day in days
    ]
    never = [
        maker.inspection(datetime(2018, 5, 14, 9), paid="no"),
        maker.inspection(datetime(2019, 3, 4, 13), paid="full"),
    ]
    never.append(maker.inspection(datetime(2019, 6, 18, 9), paid="no") | {"confirmed_at": None})
    _cancel(maker, never[0])
    newer[-1]["confirmed_at"] = None
    return [_stamped(each) for each in booked], [_stamped(each) for each in never + newer]


def total(inspection: Inspection) -> Decimal:
    """Return what the lines of an inspection come to, in dollars."""
    return sum((Decimal(line["amount"]) for line in inspection["line_items"]), Decimal("0.00"))


def line(kind: str, name: str, amount: Decimal | int) -> dict[str, Any]:
    """Return a line item; services carry an id as the platform gives them."""
    service_id = "svc-" + re.sub(r"[^a-z]+", "-", name.lower()) if kind == "service" else None
    return {"kind": kind, "name": name, "amount": f"{Decimal(amount):.2f}", "service_id": service_id}


class Maker:
    """Draws ordinary inspections of one company; difficult ones are planted afterwards."""

    def __init__(
        self,
        random: Random,
        today: date,
        prefix: str,
        area_code: str,
        towns: Any,
        inspectors: tuple[str, ...],
    ) -> None:
        self.random, self.inspectors = random, inspectors
        self.crowd = Crowd(random, prefix, area_code, towns)
        # Nothing may have happened later than this, whatever the hour of seeding.
        self.latest = datetime.combine(today - timedelta(days=1), time(20))
        self.checks = random.randint(1001, 1900)

    def inspection(self, start: datetime, paid: str | None = None) -> Inspection:
        """Return a confirmed inspection; `paid` is full, split, part or no, drawn when not given."""
        random = self.random
        created = min(
            start - timedelta(days=random.randint(3, 16), minutes=random.randint(0, 600)),
            self.latest - timedelta(hours=9),
        )
        inspection = self.crowd.property() | {
            "datetime": start, "created_at": created, "confirmed_at": min(created + timedelta(hours=random.randint(1, 8)), self.latest),
            "published_at": start + timedelta(hours=6) if start + timedelta(hours=6) < self.latest else None,
            "inspector_name": random.choice(self.inspectors), "slug": f"{random.getrandbits(40):010x}",
            "buyer": self.crowd.client(), "line_items": self.lines(), "payments": [],
        }  # fmt: skip
        happened = start.date() <= self.latest.date()
        kinds, weights = ("full", "split", "part", "no"), (70, 8, 8, 14) if happened else (35, 0, 10, 55)
        self.pay(inspection, paid or random.choices(kinds, weights)[0])
        return inspection

    def lines(self) -> list[dict[str, Any]]:
        """Return the fee of an ordinary inspection: services, sometimes a fee, a discount or tax."""
        random = self.random
        lines = [line("service", "Full Home Inspection", random.randrange(375, 700, 5))]
        for name, low, high in random.sample(EXTRAS, random.choices((0, 1, 2, 3), (35, 35, 20, 10))[0]):
            lines.append(line("service", name, random.randrange(low, high + 1, 5)))
        if random.random() < 0.4:
            lines.append(line("fee", "Technology Fee", Decimal("9.95")))
        if random.random() < 0.2:
            lines.append(line("discount", *random.choice(DISCOUNTS)))
        mold = next((each for each in lines if each["name"] == "Mold"), None)
        if mold and random.random() < 0.5:
            tax = (Decimal(mold["amount"]) * Decimal("0.07")).quantize(Decimal("0.01"))
            lines.append(line("tax", "Sales tax on lab work (7%)", tax))
        return lines

    def pay(self, inspection: Inspection, paid: str) -> None:
        """Receive the money of an inspection: at once, in two parts, only a deposit, or not yet."""
        owed = total(inspection)
        first = (owed * Decimal("0.4")).quantize(Decimal("1")) if paid in ("split", "part") else owed
        if paid == "no" or owed <= 0:
            return
        self.receive(inspection, first)
        if paid == "split":
            self.receive(inspection, owed - first, later=timedelta(days=self.random.randint(1, 5)))

    def receive(
        self,
        inspection: Inspection,
        amount: Decimal,
        method: str | None = None,
        later: timedelta = timedelta(),
    ) -> dict[str, Any]:
        """Add one payment, received when the inspection starts or, for one to come, when it was confirmed."""
        method = (
            method or self.random.choices(("card", "check", "ach", "cash", "other"), (56, 20, 17, 5, 2))[0]
        )
        usual = (
            inspection["datetime"]
            if inspection["datetime"] <= self.latest
            else inspection["confirmed_at"] or self.latest
        )
        received = min(usual + later + timedelta(minutes=self.random.randint(5, 90)), self.latest)
        reference = {"check": str(self.checks), "cash": None, "other": "Paid at closing"}.get(
            method, f"{self.random.getrandbits(40):010x}"
        )
        self.checks += 3
        if method in ("card", "ach"):
            reference = f"{'ch' if method == 'card' else 'ach'}_{reference}"
        payment = {
            "amount": f"{amount:.2f}",
            "method": method,
            "received_at": received,
            "reference": reference,
        }
        inspection["payments"].append(payment)
        return payment


def _give_clients(past: list[Inspection], coming: list[Inspection]) -> None:
    """Give the difficult clients their inspections; Ms. O'Neil has one behind her and one to come."""
    places = [past[index] for index in (88, 12, 40, 70, 55, 61, 76, 83, 87, 64, 33, 79)] + [coming[4]]
    for inspection, client in zip(places, DIFFICULT, strict=True):
        inspection["buyer"] = client
    again, first = coming[20], past[88]
    again["buyer"] = first["buyer"]
    again |= {name: first[name] for name in first if name.startswith("property_")}
    again["line_items"], again["payments"] = [line("service", "Re-inspection", 0)], []


def _plant_past(maker: Maker, past: list[Inspection]) -> None:
    for index in (7, 29, 58, 74):
        _cancel(maker, past[index])
    past[58]["payments"] = []
    maker.receive(past[58], Decimal("200.00"), "card")["refunded_amount"] = (
        "200.00"  # The deposit went back with the cancellation.
    )
    for index in (21, 66):
        past[index]["deleted_at"] = past[index]["confirmed_at"] + timedelta(days=1)
    past[80]["confirmed_at"] = None
    past[80]["payments"] = []
    for index in (
        18,
        47,
        72,
    ):  # Partly refunded with the negative fee that explains it; the last one lacks that fee.
        past[index]["payments"] = []
        refund = Decimal("75.00")
        maker.receive(past[index], total(past[index]), "card")["refunded_amount"] = f"{refund:.2f}"
        if index != 72:
            past[index]["line_items"].append(line("fee", "Refund: service not performed", -refund))
    for index in (25, 69):  # Checks that were returned; one was paid again by card.
        past[index]["payments"] = []
        returned = maker.receive(past[index], total(past[index]), "check")
        returned["voided_at"] = min(returned["received_at"] + timedelta(days=4), maker.latest)
    maker.receive(past[25], total(past[25]), "card", later=timedelta(days=6))
    past[50]["payments"] = []
    maker.receive(past[50], total(past[50]) + 25, "check")  # Paid $25.00 too much.
    for index in (36, 77):
        past[index]["line_items"], past[index]["payments"] = [line("service", "Re-inspection", 0)], []
    for index in (44, 82):  # Rescheduled after booking.
        past[index]["updated_at"] = past[index]["confirmed_at"] + timedelta(days=2)


def _plant_coming(maker: Maker, coming: list[Inspection]) -> None:
    for index in (2, 9, 14, 21, 27):
        coming[index]["confirmed_at"], coming[index]["payments"] = None, []
    _cancel(maker, coming[11])
    coming[19]["deleted_at"] = maker.latest
    coming[16]["updated_at"] = maker.latest


def _cancel(maker: Maker, inspection: Inspection) -> None:
    canceled = min(inspection["confirmed_at"] + timedelta(days=2), inspection["datetime"], maker.latest)
    reason = maker.random.choice(REASONS)
    inspection |= {"canceled_at": canceled, "cancel_reason": reason, "payments": [], "published_at": None}


def _boundaries(year: int) -> list[datetime]:
    """Return starts on both sides of the turn of a year, some of them minutes from midnight."""
    before, after = date(year - 1, 12, 31), date(year, 1, 1)
    return [
        datetime.combine(before, time(15, 30)), datetime.combine(after, time(0, 10)), datetime.combine(before, time(23, 50)),
        datetime.combine(after, time(9)),
    ]  # fmt: skip


def _stamped(inspection: Inspection) -> Inspection:
    """Return the inspection with `updated_at` at its last event and every time as local ISO text."""
    events = [
        inspection.get(name)
        for name in ("updated_at", "created_at", "confirmed_at", "canceled_at", "deleted_at", "published_at")
    ]
    for payment in inspection["payments"]:
        events += [payment["received_at"], payment.get("voided_at")]
    inspection = inspection | {"updated_at": max(event for event in events if event)}
    inspection["payments"] = [_as_text(payment) for payment in inspection["payments"]]
    return _as_text(inspection)


def _as_text(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()
    }
