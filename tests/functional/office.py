"""One inspection company as its people and its outside world see it: platform, QuickBooks, owner. For functional tests."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import requests

from tests.harness.standins import StandIn
from tests.harness.tieout import Tieout

PASSWORD = "correct horse battery"


@dataclass
class Office:
    """A company of Tieout with its platform company and its QuickBooks realm. `connect` needs `tieout.web()` running."""

    tieout: Tieout
    platform: StandIn
    intuit: StandIn
    name: str = "Blue Ridge Home Inspections"
    time_zone: str = "America/New_York"
    legacy: bool = False
    id: int = 0
    realm_id: str = ""
    platform_id: str = ""
    feed_key: str = ""
    http: requests.Session = field(default_factory=requests.Session)

    def open(self, **realm: Any) -> "Office":
        """Make the platform's company, the realm, our company and its owner."""
        made = self.platform.post("/_standin/companies", {"name": self.name, "time_zone": self.time_zone})
        self.platform_id, self.feed_key = made["id"], made["key"]
        books = {"name": f"{self.name} Books", "time_zone": self.time_zone, **realm}
        self.realm_id = self.intuit.post("/_standin/realms", books)["realm_id"]
        words = [
            "company",
            "create",
            self.name,
            "--feed-url",
            self.platform.base_url,
            "--feed-key",
            self.feed_key,
        ]
        self.id = self.tieout.flask_json(*words, *(["--legacy"] if self.legacy else []))["id"]
        self.add_person(self.owner, "owner")
        return self

    @property
    def owner(self) -> str:
        """The owner's email address."""
        return f"owner{self.platform_id}@office.example"

    def add_person(self, email: str, role: str) -> None:
        """Give somebody a login to this company."""
        words = ["user", "create", email, "--role", role, "--company", self.id, "--password-stdin"]
        self.tieout.flask_json(*words, input=PASSWORD + "\n")

    def log_in(self, email: str = "") -> requests.Response:
        """Log in over HTTP as a browser without JavaScript would."""
        self.http = requests.Session()
        return self.submit("/login", {"email": email or self.owner, "password": PASSWORD})

    def get(self, path: str, **options: Any) -> requests.Response:
        """Get one of our pages."""
        return self.http.get(self.tieout.url + path, timeout=30, **options)

    def submit(self, path: str, values: dict[str, str], page: str = "", **options: Any) -> requests.Response:
        """Fill in the form of a page and send it to `path`; the page's CSRF token goes with it."""
        token = csrf_token(self.get(page or path).text)
        return self.http.post(
            self.tieout.url + path,
            {**values, "csrf_token": token},
            timeout=30,
            headers=_same_site(self.tieout),
            **options,
        )

    def consent(
        self, realm_id: str = "", choice: str = "connect", *, claiming: str = ""
    ) -> requests.Response:
        """Walk from our *Enable* through Intuit's page and back; return where that ends.

        `claiming`: another realm that the browser puts into the address on the way back.
        """
        page = self.get("/quickbooks/connect")
        assert page.url.startswith(self.intuit.base_url), page.url
        asked = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
        asked |= {"realm": realm_id or self.realm_id, "choice": choice}
        consent = f"{self.intuit.base_url}/connect/oauth2"
        if not claiming:
            return self.http.post(consent, asked, timeout=30)
        back = self.http.post(consent, asked, timeout=30, allow_redirects=False).headers["Location"]
        return self.http.get(re.sub(r"realmId=\d+", f"realmId={claiming}", back), timeout=30)

    def connect(self) -> "Office":
        """Log in as the owner and connect the realm."""
        self.log_in()
        self.consent()
        assert "Disconnect" in self.get("/settings/quickbooks").text
        return self

    def book(self, *inspections: dict[str, Any]) -> list[str]:
        """Book inspections on the platform; return their ids."""
        path = f"/_standin/companies/{self.platform_id}/inspections"
        return [str(one["id"]) for one in self.platform.post(path, list(inspections))]

    def change(self, key: str, **values: Any) -> dict[str, Any]:
        """Change an inspection on the platform."""
        return self.platform.request("PATCH", f"/_standin/inspections/{key}", json=values)

    def sync(self) -> dict[str, Any]:
        """Poll and reconcile in the foreground; return what reconcile says."""
        self.tieout.flask_json("poll", self.id)
        return self.tieout.flask_json("reconcile", self.id)

    def books(self) -> dict[str, list[dict[str, Any]]]:
        """Return everything alive in the realm, by entity; fails when the ledger itself does not hold together."""
        books = self.intuit.get(f"/_standin/realms/{self.realm_id}/books")
        assert not books["integrity"], books["integrity"]
        return books

    def history(self) -> list[dict[str, Any]]:
        """Return what happened to the realm's objects, oldest first."""
        return self.intuit.get(f"/_standin/realms/{self.realm_id}/history")["history"]

    def write(self, items: list[tuple[str, str, dict[str, Any]]]) -> list[dict[str, Any]]:
        """Change the books as a bookkeeper would; a refusal fails the test."""
        batch = [{"operation": operation, entity: body} for operation, entity, body in items]
        path = f"/_standin/realms/{self.realm_id}/batch"
        answers = self.intuit.post(path, {"BatchItemRequest": batch})["BatchItemResponse"]
        assert all(entity in answer for (_, entity, _), answer in zip(items, answers, strict=True)), answers
        return [answer[entity] for (_, entity, _), answer in zip(items, answers, strict=True)]

    def calls(self) -> list[dict[str, Any]]:
        """Return the calls QuickBooks has seen for this realm."""
        return self.intuit.get(f"/_standin/realms/{self.realm_id}/calls")["calls"]

    def forget_calls(self) -> None:
        """Empty the realm's call log."""
        self.intuit.request("DELETE", f"/_standin/realms/{self.realm_id}/calls")


def inspection(number: int = 1, *, days: int = 1, **values: Any) -> dict[str, Any]:
    """Return a confirmed, paid inspection of a new client `days` from now, for `Office.book`."""
    today = datetime.now(
        ZoneInfo(Office.time_zone)
    ).date()  # Not the day in London, where it may be tomorrow.
    start = datetime.combine(today + timedelta(days=days), time(15), UTC)
    base = {
        "datetime": start.isoformat(),
        "confirmed": True,
        "property_address": f"{number} Oak St",
        "property_city": "Asheville",
        "property_state": "NC",
        "property_zip": "28801",
        "inspector_name": "Dana Cole",
        "buyer": {
            "first_name": "Ann",
            "last_name": f"O'Neil {number}",
            "email": f"ann{number}@client.example",
        },
        "line_items": [
            {"kind": "service", "name": "Full Home Inspection", "amount": "425.00"},
            {"kind": "service", "name": "Radon", "amount": "150.00"},
        ],
        "payments": [
            {
                "amount": "575.00",
                "method": "card",
                "received_at": start.isoformat(),
                "reference": f"ch_{number}",
            }
        ],
    }
    return {**base, **values}


def csrf_token(page: str) -> str:
    """Return the CSRF token of the first form on a page."""
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found, page[:2000]
    return found.group(1)


def _same_site(tieout: Tieout) -> dict[str, str]:
    return {"Referer": tieout.url + "/"}
