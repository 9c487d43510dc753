"""A company of before August 2019 with SalesReceipts in its books, taken through its migration. For functional tests."""

import csv
import io
import json
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import requests

from tests.functional.office import PASSWORD, Office
from tests.harness.processes import wait_until
from tests.harness.servers import Valkey
from tests.harness.standins import StandIn
from tests.harness.tieout import Tieout
from tests.webapp.sheets import csv_table

PAGE = "/settings/quickbooks/migration"
PREVIEWED = ("in-the-way", "what-moves", "confirm")
CUTOFF = "2019-01-01T00:00"
MIDNIGHT = "2099-01-01T07:00:00+00:00"
"""Later than any scheduled run: "now" for a run that shall begin it."""


@dataclass
class LegacyOffice(Office):
    """An office whose books hold SalesReceipts; `receipts` are their ids by inspection."""

    legacy: bool = True
    time_zone: str = "America/Denver"
    receipts: dict[str, str] = field(default_factory=dict)
    inspections: dict[str, dict[str, Any]] = field(default_factory=dict)

    def book_with_receipts(self, *inspections: dict[str, Any], **receipt: Any) -> list[str]:
        """Book inspections, enter a SalesReceipt for each as the old integration did, and put them on record."""
        keys = self.book(*inspections)
        customers = self.write([("create", "Customer", _customer(one)) for one in inspections])
        bodies = [
            self._receipt(key, one, customer["Id"]) | receipt
            for key, one, customer in zip(keys, inspections, customers, strict=True)
        ]
        made = self.write([("create", "SalesReceipt", body) for body in bodies])
        rows = io.StringIO()
        writer = csv.writer(rows)
        writer.writerow(("inspection_id", "receipt_id", "amount"))
        for key, one, entered in zip(keys, inspections, made, strict=True):
            writer.writerow((key, entered["Id"], f"{Decimal(str(entered['TotalAmt'])):.2f}"))
            self.receipts[key], self.inspections[key] = entered["Id"], one
        file = self.tieout.folder / f"legacy-{len(self.receipts)}.csv"
        file.write_text(rows.getvalue())
        self.tieout.flask_json("legacy", "import", self.id, file)
        return keys

    def migration(self) -> str:
        """Return the page where the migration stands."""
        return self.get(PAGE).text

    def preview(self, cutoff: str = CUTOFF) -> str:
        """Ask for a preview, wait until it is there, and return the pages it fills. A worker must be running."""
        answer = self.submit(f"{PAGE}/preview", {"cutoff": cutoff}, page=PAGE)
        assert answer.status_code == 200, answer.text[-3000:]
        wait_until(self._previewed, "the preview", 60)
        return "".join(self.get(f"{PAGE}/{step}").text for step in PREVIEWED)

    def confirm(self, words: str = "", password: str = PASSWORD, **more: str) -> requests.Response:
        """Confirm what the page shows; `words` stands in for the right ones."""
        page = self.get(f"{PAGE}/confirm").text
        shown = re.search(r"REPLACE \d+ RECEIPTS", page)
        sha256 = re.search(r'name="manifest" value="(\w+)"', page)
        values = {
            "words": words or (shown.group(0) if shown else ""),
            "password": password,
            "manifest": sha256.group(1) if sha256 else "",
            **more,
        }
        return self.submit(f"{PAGE}/confirm", values, page=PAGE)

    def nightly(self, at: str = MIDNIGHT) -> dict[str, Any]:
        """Do the nightly run in the foreground with this moment as now; return what it says of this company."""
        done = self.tieout.run_flask("nightly", "--company", self.id, "--at", at, "--json")
        assert done.out, done.err
        return json.loads(done.out)["companies"][0]

    def migrate(self, cutoff: str = CUTOFF) -> dict[str, Any]:
        """Preview, confirm and run."""
        self.preview(cutoff)
        answer = self.confirm()
        assert "Cancel migration" in answer.text, answer.text[-3000:]
        return self.nightly()

    def download(self, name: str) -> str:
        """Return a download of the newest migration."""
        number = re.search(rf"{PAGE}/(\d+)/", self.migration()).group(1)
        answer = self.get(f"{PAGE}/{number}/{name}")
        assert answer.status_code == 200, answer.text
        return answer.text

    def table(self, name: str) -> list[dict[str, str]]:
        """Return a CSV of the newest migration as rows under their headings; of those of moments without the zone."""
        rows = csv_table(self.download(name).encode())
        return [{heading.partition(" (")[0]: text for heading, text in row.items()} for row in rows]

    def profit(self, basis: str) -> dict[str, Decimal]:
        """Return QuickBooks' own total income by month ("2019-03"), months without any left out."""
        token = self.intuit.post(f"/_standin/realms/{self.realm_id}/token", {})["access_token"]
        answer = requests.get(
            f"{self.intuit.base_url}/v3/company/{self.realm_id}/reports/ProfitAndLoss",
            {
                "start_date": "2018-01-01",
                "end_date": "2035-12-31",
                "accounting_method": basis.capitalize(),
                "summarize_column_by": "Month",
            },
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            timeout=60,
        ).json()
        months = [_month(column) for column in answer["Columns"]["Column"]]
        income: dict[str, Decimal] = defaultdict(Decimal)
        for row in answer["Rows"].get("Row", []):
            if row.get("group") == "Income":
                for month, cell in zip(months, row["Summary"]["ColData"], strict=True):
                    if month and cell["value"]:
                        income[month] += Decimal(cell["value"])
        return {month: amount for month, amount in income.items() if amount}

    def _receipt(self, key: str, one: dict[str, Any], customer_id: str) -> dict[str, Any]:
        start = datetime.fromisoformat(one["datetime"])
        lines = [
            {
                "Amount": float(line["amount"]),
                "DetailType": "SalesItemLineDetail",
                "Description": line["name"],
                "SalesItemLineDetail": {
                    "ItemRef": {"value": "1"},
                    "Qty": 1,
                    "UnitPrice": float(line["amount"]),
                },
            }
            for line in one["line_items"]
        ]
        head = {"CustomerRef": {"value": customer_id}, "TxnDate": start.date().isoformat()}
        return head | {"Line": lines, "DocNumber": f"R{key}", "PrivateNote": f"Inspection {key}"}

    def _previewed(self) -> str:
        page = self.migration()
        assert "could not be made" not in page, page
        return page if "Continue to confirm" in page else ""


@dataclass
class World:
    """One Tieout with its surroundings, for many companies."""

    tieout: Tieout
    platform: StandIn
    intuit: StandIn

    def office(self, *inspections: dict[str, Any]) -> LegacyOffice:
        """Return a new connected company, with a SalesReceipt for each of these inspections."""
        office = LegacyOffice(self.tieout, self.platform, self.intuit).open()
        if inspections:
            office.book_with_receipts(*inspections)
        return office.connect()


@contextmanager
def legacy_world(folder: Path, database: Path | str, **settings: str) -> Iterator[World]:
    """Run the web app, a worker and the stand-ins. `database` is a migrated SQLite file to copy, or the URL of one to use."""
    valkey = Valkey(folder)
    intuit, platform = StandIn("intuit", folder), StandIn("platform", folder)
    if isinstance(database, Path):
        shutil.copy(database, folder / "tieout.db")
        database = f"sqlite:///{folder / 'tieout.db'}"
    addresses = {
        "INTUIT_API_URL": intuit.base_url,
        "INTUIT_DISCOVERY_URL": f"{intuit.base_url}/.well-known/openid_configuration",
    }
    tieout = Tieout(folder, database, valkey.url, **addresses, **settings)
    try:
        tieout.web()
        tieout.worker()
        yield World(tieout, platform, intuit)
    finally:
        for each in (tieout, intuit, platform, valkey):
            each.stop()


def old_inspection(number: int, start: str, amount: str = "425.00", **values: Any) -> dict[str, Any]:
    """Return a confirmed inspection of its own client, paid in full an hour after `start` (company time)."""
    at = datetime.fromisoformat(start)
    paid = at.replace(hour=min(at.hour + 1, 23))
    base = {
        "datetime": start,
        "created_at": start,
        "confirmed_at": start,
        "property_address": f"{number} Elm St",
        "property_city": "Denver",
        "property_state": "CO",
        "property_zip": "80202",
        "buyer": {
            "first_name": "Ada",
            "last_name": f"Reyes {number}",
            "email": f"ada{number}@client.example",
        },
        "line_items": [{"kind": "service", "name": "Full Home Inspection", "amount": amount}],
        "payments": [
            {
                "amount": amount,
                "method": "check",
                "received_at": paid.isoformat(),
                "reference": str(1000 + number),
            }
        ],
    }
    return {**base, **values}


def money_of(rows: list[dict[str, Any]]) -> list[Decimal]:
    """Return the totals of documents, in order of amount."""
    return sorted(Decimal(str(row["TotalAmt"])) for row in rows)


def _customer(one: dict[str, Any]) -> dict[str, Any]:
    buyer = one["buyer"]
    name = f"{buyer['first_name']} {buyer['last_name']}"
    return {"DisplayName": name, "PrimaryEmailAddr": {"Address": buyer["email"]}}


def _month(column: dict[str, Any]) -> str:
    about = {each["Name"]: each["Value"] for each in column.get("MetaData") or []}
    return about.get("StartDate", "")[:7] if about.get("ColKey") != "total" else ""
