"""The demo: the same data from the same seed, everything the trade knows in it, and both stand-ins filled once."""

import csv
import json
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import requests

from standins import demo_inspections

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 3, 2)
DAYS = [date(2026, 1, 1), TODAY, date(2026, 11, 1), date(2028, 2, 29)]


def paid(inspection):
    return sum((Decimal(payment["amount"]) for payment in inspection["payments"]), Decimal(0))


def kept(inspection):
    """What the platform holds: received, less voided and refunded."""
    live = [payment for payment in inspection["payments"] if not payment.get("voided_at")]
    return sum(
        (Decimal(each["amount"]) - Decimal(each.get("refunded_amount", 0)) for each in live), Decimal(0)
    )


def test_the_same_seed_and_day_give_the_same_data():
    assert demo_inspections.blue_ridge(2019, TODAY) == demo_inspections.blue_ridge(2019, TODAY)
    assert demo_inspections.front_range(2019, TODAY) == demo_inspections.front_range(2019, TODAY)
    assert demo_inspections.blue_ridge(2019, TODAY) != demo_inspections.blue_ridge(2020, TODAY)
    assert demo_inspections.blue_ridge(2019, TODAY) != demo_inspections.blue_ridge(
        2019, TODAY + timedelta(days=1)
    )


@pytest.mark.parametrize("today", DAYS)
def test_ninety_inspections_lie_behind_and_thirty_ahead(today):
    starts = [each["datetime"][:10] for each in demo_inspections.blue_ridge(2019, today)]
    assert len(starts) == 120
    assert sum(start <= today.isoformat() for start in starts) == 90
    assert starts.count(today.isoformat()) == 4
    assert min(starts) > (today - timedelta(days=365)).isoformat()


@pytest.mark.parametrize("today", DAYS)
def test_nothing_has_happened_in_the_future(today):
    booked, others = demo_inspections.front_range(2019, today)
    assert all(each["datetime"][:10] <= today.isoformat() for each in booked)
    for inspection in demo_inspections.blue_ridge(2019, today) + booked + others:
        stamps = [
            inspection.get(f"{name}_at")
            for name in ("updated", "created", "confirmed", "canceled", "deleted", "published")
        ]
        stamps += [payment["received_at"] for payment in inspection["payments"]]
        assert all(stamp < today.isoformat() for stamp in stamps if stamp), inspection
        assert inspection["updated_at"] == max(stamp for stamp in stamps + _voids(inspection) if stamp)


def _voids(inspection):
    return [payment.get("voided_at") for payment in inspection["payments"]]


@pytest.mark.parametrize("seed", [2019, 1, 77])
def test_every_hard_case_of_the_trade_is_there(seed):
    inspections = demo_inspections.blue_ridge(seed, TODAY)
    names = Counter((each["buyer"]["first_name"], each["buyer"]["last_name"]) for each in inspections)
    refs = Counter(each["buyer"]["ref"] for each in inspections)
    assert {("Lucía", "Muñoz"), ("Antonio", "D'Angelo"), ("Thị Hương", "Nguyễn")} <= set(names)
    assert names["Michael", "Johnson"] == 2 and refs["johnson-1"] == refs["johnson-2"] == 1
    assert names["Siobhán", "O'Neil"] == refs["oneil"] == 2
    assert all(demo_inspections.total(each) >= 0 for each in inspections)
    cases = {
        "free": [each for each in inspections if demo_inspections.total(each) == 0],
        "unconfirmed": [each for each in inspections if not each["confirmed_at"]],
        "cancelled": [each for each in inspections if each.get("canceled_at")],
        "deleted": [each for each in inspections if each.get("deleted_at")],
        "split": [each for each in inspections if len(each["payments"]) > 1],
        "part": [each for each in inspections if 0 < kept(each) < demo_inspections.total(each)],
        "too much": [each for each in inspections if kept(each) > demo_inspections.total(each)],
        "voided": [each for each in inspections if any(_voids(each))],
        "refunded": [
            each for each in inspections if any("refunded_amount" in payment for payment in each["payments"])
        ],
    }
    counted = {case: len(found) for case, found in cases.items()}
    assert all(counted.values()), counted
    lines = [line for each in inspections for line in each["line_items"]]
    assert {line["kind"] for line in lines} == {"service", "fee", "discount", "tax"}
    assert {payment["method"] for each in inspections for payment in each["payments"]} >= {
        "card",
        "check",
        "ach",
        "cash",
    }
    references = [
        payment["reference"] for each in inspections for payment in each["payments"] if payment["reference"]
    ]
    assert all(len(reference) <= 21 for reference in references)


@pytest.mark.parametrize("today", DAYS)
def test_the_migrating_company_has_receipts_on_every_side_of_a_cutoff(today):
    booked, others = demo_inspections.front_range(2019, today)
    assert len(booked) == 60 and len(others) == 17
    assert all(paid(each) == demo_inspections.total(each) > 0 for each in booked)
    starts = [each["datetime"] for each in booked]
    assert {
        "2018-12-31T23:50:00",
        "2019-01-01T00:10:00",
        "2019-07-31T23:30:00",
        "2019-08-01T00:00:00",
    } <= set(starts)
    assert starts == sorted(starts)
    assert starts[-1] > (today - timedelta(days=40)).isoformat()


def run_demo(platform, intuit, out, seed="2019"):
    command = [
        sys.executable,
        "-m",
        "standins.demo",
        "--platform-url",
        platform.base_url,
        "--intuit-url",
        intuit.base_url,
    ]
    done = subprocess.run(
        [*command, "--seed", seed, "--out", str(out)], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_both_standins_are_filled_once(platform, intuit, tmp_path):
    out = tmp_path / "demo.json"
    assert "ready" in run_demo(platform, intuit, out)
    demo = json.loads(out.read_text())
    blue, front = demo["companies"]
    assert (blue["legacy"], front["legacy"]) == (False, True)
    for company, inspections in ((blue, 120), (front, 77)):
        answer = requests.get(
            f"{company['feed_url']}/v2/company",
            headers={"Authorization": f"Bearer {company['feed_key']}"},
            timeout=10,
        )
        assert answer.json()["data"]["attributes"]["time_zone"] == company["time_zone"]
        assert len(platform.get(f"/_standin/companies/{company['platform_id']}/inspections")) == inspections
    realms = {realm["name"]: realm for realm in intuit.get("/_standin/realms")["realms"]}
    assert set(realms) == {
        "Blue Ridge Books LLC",
        "Front Range Inspections Inc",
        "Maple Leaf Inspections Ltd",
    }
    assert realms["Maple Leaf Inspections Ltd"]["country"] == "CA"
    assert all(not realm["connected_apps"] for realm in realms.values())
    _check_blue_ridge(intuit.get(f"/_standin/realms/{blue['realm_id']}/books"))
    _check_front_range(platform, front, intuit.get(f"/_standin/realms/{front['realm_id']}/books"))

    before = out.read_text()
    assert "already" in run_demo(platform, intuit, out)
    assert out.read_text() == before and len(intuit.get("/_standin/realms")["realms"]) == 3


def test_a_demo_that_broke_off_starts_over(platform, intuit, tmp_path):
    """Without its output file the companies of an earlier, unfinished run are made again, not doubled."""
    platform.post(
        "/_standin/companies", {"name": "Blue Ridge Home Inspections", "time_zone": "America/New_York"}
    )
    run_demo(platform, intuit, tmp_path / "demo.json")
    names = [company["name"] for company in platform.get("/_standin/companies")]
    assert sorted(names) == ["Blue Ridge Home Inspections", "Front Range Home Inspections"]


def _check_blue_ridge(books):
    assert books["integrity"] == []
    customers = {customer["DisplayName"]: customer for customer in books["Customer"]}
    assert customers["Karen Whitfield"]["PrimaryEmailAddr"]["Address"] == "karen.whitfield@example.com"
    assert "Michael Johnson" in customers and "PrimaryEmailAddr" not in customers["Michael Johnson"]
    assert not next(each for name, each in customers.items() if name.startswith("Gloria Stanton"))["Active"]
    assert [vendor["DisplayName"] for vendor in books["Vendor"]] == ["Robert Haynes"]


def _check_front_range(platform, front, books):
    assert books["integrity"] == []
    with open(front["legacy_csv"], newline="") as file:
        rows = list(csv.DictReader(file))
    inspections = {
        str(each["id"]): each
        for each in platform.get(f"/_standin/companies/{front['platform_id']}/inspections")
    }
    receipts = {receipt["Id"]: receipt for receipt in books["SalesReceipt"]}
    assert len(rows) == 60 and len({row["receipt_id"] for row in rows}) == 60
    gone = [row for row in rows if row["receipt_id"] not in receipts]
    assert len(gone) == 1 and books["deleted"] == {"SalesReceipt": [gone[0]["receipt_id"]]}
    changed = []
    for row in rows:
        inspection = inspections[row["inspection_id"]]
        if Decimal(row["amount"]) != demo_inspections.total(inspection):
            changed.append(row)
        if row in gone:
            continue
        receipt = receipts[row["receipt_id"]]
        assert Decimal(str(receipt["TotalAmt"])) == Decimal(row["amount"])
        assert (
            receipt["CustomerRef"]["name"]
            == f"{inspection['buyer']['first_name']} {inspection['buyer']['last_name']}"
        )
        assert receipt["DepositToAccountRef"]["name"] == "Undeposited Funds"
    assert len(changed) == 1  # A fee was added after its receipt.
    by_date = Counter(receipt["TxnDate"] for receipt in receipts.values())
    assert by_date["2018-12-31"] == by_date["2019-01-01"] == 2  # Cut in the company's zone.
    deposited = [receipt for receipt in receipts.values() if receipt.get("LinkedTxn")]
    assert len(deposited) == 5 and len(books["Deposit"]) == 2
    edited = [
        receipt
        for receipt in receipts.values()
        if receipt["Line"][0].get("Description", "").endswith("by the bookkeeper")
    ]
    assert len(edited) == 1 and edited[0]["SyncToken"] == "1"
