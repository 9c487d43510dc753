"""Fill both stand-ins with the demo: `python -m standins.demo --seed 2019 --out var/demo.json`.

Two companies on the platform and three QuickBooks companies. Done once: while the companies that `--out` names are there,
nothing happens. What the inspections are is in `demo_inspections`, what stands in the books in `demo_books`.
"""

import argparse
import csv
import json
import sys
import time
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import requests

from standins import demo_inspections
from standins.demo_books import Books, SeedingError, fill_blue_ridge, fill_front_range

BLUE_RIDGE = {"name": "Blue Ridge Home Inspections", "time_zone": "America/New_York"}
FRONT_RANGE = {"name": "Front Range Home Inspections", "time_zone": "America/Denver"}
WAIT_SECONDS = 60


def main() -> None:
    """Read the command line, wait for both stand-ins and fill them."""
    parser = argparse.ArgumentParser(prog="python -m standins.demo", description=__doc__.splitlines()[0])
    parser.add_argument("--platform-url", default="http://127.0.0.1:8020")
    parser.add_argument("--intuit-url", default="http://127.0.0.1:8010")
    parser.add_argument("--seed", type=int, default=2019)
    parser.add_argument(
        "--today", type=date.fromisoformat, help="the day that the dates are relative to (default: today)"
    )
    parser.add_argument("--out", type=Path, default=Path("var/demo.json"))
    options = parser.parse_args()
    platform_url, intuit_url = options.platform_url.rstrip("/"), options.intuit_url.rstrip("/")
    try:
        for url in (platform_url, intuit_url):
            _wait_for(url)
        if _is_filled(platform_url, options.out):
            print(f"The demo is there already ({options.out}).")
            return
        fill(platform_url, intuit_url, options.seed, options.today, options.out)
    except (SeedingError, requests.RequestException) as error:
        sys.exit(f"The demo could not be made: {error}")
    print(f"The demo is ready ({options.out}).")


def fill(platform_url: str, intuit_url: str, seed: int, today: date | None, out: Path) -> None:
    """Make all companies and write what was made to `out`, last of all: a run that broke off starts over."""
    for leftover in _platform(platform_url, "GET", "/companies"):
        if leftover["name"] in (BLUE_RIDGE["name"], FRONT_RANGE["name"]):
            _platform(platform_url, "DELETE", f"/companies/{leftover['id']}")
    out.parent.mkdir(parents=True, exist_ok=True)
    blue = _make(platform_url, BLUE_RIDGE, demo_inspections.blue_ridge(seed, today or _today(BLUE_RIDGE)))
    blue_books = Books(intuit_url, "Blue Ridge Books LLC", "US", "USD", BLUE_RIDGE["time_zone"])
    fill_blue_ridge(blue_books)

    booked, others = demo_inspections.front_range(seed, today or _today(FRONT_RANGE))
    front = _make(platform_url, FRONT_RANGE, booked + others)
    front_books = Books(intuit_url, "Front Range Inspections Inc", "US", "USD", FRONT_RANGE["time_zone"])
    stored = _platform(platform_url, "GET", f"/companies/{front['id']}/inspections")[: len(booked)]
    dated = [
        made | {"local_date": wanted["datetime"][:10]} for made, wanted in zip(stored, booked, strict=True)
    ]
    receipts = fill_front_range(front_books, dated)
    legacy_csv = out.with_name("front-range-legacy.csv")
    with legacy_csv.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("inspection_id", "receipt_id", "amount"))
        writer.writerows(receipts.legacy_rows)
    # A fee added long after its receipt was booked: the two no longer match.
    fee = demo_inspections.line("fee", "Travel Fee", 25)
    _platform(platform_url, "POST", f"/inspections/{stored[-12]['id']}/line_items", fee)

    maple = Books(intuit_url, "Maple Leaf Inspections Ltd", "CA", "CAD", "America/Toronto")
    for books in (blue_books, front_books, maple):
        books.leave()
    companies = [
        _entry(platform_url, BLUE_RIDGE, blue, blue_books, None), _entry(platform_url, FRONT_RANGE, front, front_books, legacy_csv),
    ]  # fmt: skip
    refused = {"name": "Maple Leaf Inspections Ltd", "realm_id": maple.realm_id}
    written = {"seed": seed, "companies": companies, "refused_realm": refused}
    partial = out.with_suffix(".partial")
    partial.write_text(json.dumps(written, indent=2) + "\n")
    partial.replace(out)


def _entry(
    platform_url: str, company: dict[str, str], made: dict[str, Any], books: Books, legacy_csv: Path | None
) -> dict[str, Any]:
    feed = {"platform_id": made["id"], "feed_url": platform_url, "feed_key": made["key"]}
    legacy = {"legacy": legacy_csv is not None, "legacy_csv": str(legacy_csv) if legacy_csv else None}
    return company | feed | {"realm_id": books.realm_id} | legacy


def _make(platform_url: str, company: dict[str, str], inspections: list[dict[str, Any]]) -> dict[str, Any]:
    made = _platform(platform_url, "POST", "/companies", company)
    _platform(platform_url, "POST", f"/companies/{made['id']}/inspections", inspections)
    return made


def _is_filled(platform_url: str, out: Path) -> bool:
    """Return whether every company that `out` names still answers to its key."""
    if not out.exists():
        return False
    for company in json.loads(out.read_text())["companies"]:
        headers = {"Authorization": f"Bearer {company['feed_key']}"}
        if not requests.get(f"{platform_url}/v2/company", headers=headers, timeout=30).ok:
            return False
    return True


def _platform(platform_url: str, method: str, path: str, body: Any = None) -> Any:
    response = requests.request(method, f"{platform_url}/_standin{path}", json=body, timeout=60)
    if not response.ok:
        raise SeedingError(f"{method} {path} answered {response.status_code}: {response.text[:500]}")
    return response.json()


def _today(company: dict[str, str]) -> date:
    return datetime.now(ZoneInfo(company["time_zone"])).date()


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            requests.get(url, timeout=5)
            return
        except requests.RequestException as error:
            if time.monotonic() > deadline:
                raise SeedingError(f"nothing answers at {url}; start the stand-ins first") from error
            time.sleep(0.2)


if __name__ == "__main__":
    main()
