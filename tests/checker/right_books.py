"""Books that are right, written by hand through QuickBooks' own door: what faults are planted in, to see whether the checker notices."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.checker.compare import check_books
from tests.checker.facts import Finding, Options
from tests.checker.history import check_history
from tests.functional.office import inspection
from tests.harness.inside import intuit_inside, platform_inside

ZONE = "America/New_York"


class RightBooks:
    """One company on stand-ins in this process, its inspections booked as they should be. `app` is us, `person` somebody in QuickBooks."""

    def __init__(self, folder: Path):
        self.platform, self.intuit = platform_inside(folder), intuit_inside()
        self.platform_id = self.platform.post("/_standin/companies", {"name": "Checked", "time_zone": ZONE})[
            "id"
        ]
        self.realm_id = self.intuit.post("/_standin/realms", {"time_zone": ZONE})["realm_id"]
        self._token = self.intuit.post(f"/_standin/realms/{self.realm_id}/token")["access_token"]
        books = self.books()
        self._method = next(one["Id"] for one in books["PaymentMethod"] if one["Name"] == "Credit Card")
        self._income = next(one["Id"] for one in books["Account"] if one["AccountType"] == "Income")
        self._items = {one["Name"]: one["Id"] for one in books["Item"]}
        self.receipts: dict[str, str] = {}
        self.recorded: set[tuple[str, str]] | None = None
        self.options = Options(ZONE, date.today() - timedelta(days=1))
        self.keys = self.book(inspection(1), inspection(2), inspection(3))
        for one in self.truth():
            self.write(one)

    def book(self, *inspections: dict[str, Any]) -> list[str]:
        """Put inspections on the platform; return their ids."""
        made = self.platform.post(f"/_standin/companies/{self.platform_id}/inspections", list(inspections))
        return [str(one["id"]) for one in made]

    def change(self, key: str, **values: Any) -> None:
        """Change an inspection on the platform."""
        self.platform.request("PATCH", f"/_standin/inspections/{key}", json=values)

    def truth(self) -> list[dict[str, Any]]:
        """Return the platform's own list."""
        return self.platform.get(f"/_standin/companies/{self.platform_id}/inspections")

    def write(self, one: dict[str, Any]) -> None:
        """Book an inspection as decisions 2 to 4 say."""
        name = f"{one['buyer']['first_name']} {one['buyer']['last_name']}"
        mail = {"Address": one["buyer"]["email"]}
        customer = self.app("create", "Customer", DisplayName=name, PrimaryEmailAddr=mail)
        invoice = self.app("create", "Invoice", **self.invoice(one, customer["Id"]))
        for paid in one["payments"]:
            self.app("create", "Payment", **self.payment(one, paid, customer["Id"], invoice["Id"]))

    def invoice(self, one: dict[str, Any], customer_id: str) -> dict[str, Any]:
        """Return the body of its Invoice."""
        day = _day(one["datetime"])
        return {
            "CustomerRef": {"value": customer_id},
            "DocNumber": f"SP-{one['id']}",
            "TxnDate": day,
            "DueDate": day,
            "PrivateNote": f"{one['property_address']}\nTieout inspection {one['id']}",
            "BillEmail": {"Address": one["buyer"]["email"]},
            "Line": [self._line(item) for item in one["line_items"]],
        }

    def payment(
        self, one: dict[str, Any], paid: dict[str, Any], customer_id: str, invoice_id: str
    ) -> dict[str, Any]:
        """Return the body of a Payment, applied whole."""
        amount = float(paid["amount"])
        return {
            "CustomerRef": {"value": customer_id},
            "TotalAmt": amount,
            "TxnDate": _day(paid["received_at"]),
            "PaymentMethodRef": {"value": self._method},
            "PaymentRefNum": paid["reference"],
            "PrivateNote": f"Payment for SP-{one['id']}\nTieout payment {paid['id']}",
            "Line": [{"Amount": amount, "LinkedTxn": [{"TxnId": invoice_id, "TxnType": "Invoice"}]}],
        }

    def app(self, operation: str, entity: str, **body: Any) -> dict[str, Any]:
        """Write one object through the API, as we do; return it."""
        if "Id" in body:
            body["SyncToken"] = self.one(entity, body["Id"])["SyncToken"]
        item = {"bId": "1", "operation": operation, entity: body}
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        path = f"/v3/company/{self.realm_id}/batch"
        told = self.intuit.request("POST", path, json={"BatchItemRequest": [item]}, headers=headers)
        return self._answered(told, entity)

    def reads(self, *names: str) -> None:
        """Read objects back by Id, as we do: `Invoice 145`."""
        for name in names:
            entity, one = name.split()
            path = f"/v3/company/{self.realm_id}/{entity.lower()}/{one}"
            headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
            self.intuit.request("GET", path, headers=headers)

    def person(self, operation: str, entity: str, **body: Any) -> dict[str, Any]:
        """Write one object as a bookkeeper does; return it."""
        item = {"operation": operation, entity: body}
        told = self.intuit.post(f"/_standin/realms/{self.realm_id}/batch", {"BatchItemRequest": [item]})
        return self._answered(told, entity)

    def books(self) -> dict[str, Any]:
        """Return everything alive in the realm."""
        return self.intuit.get(f"/_standin/realms/{self.realm_id}/books")

    def history(self) -> list[dict[str, Any]]:
        """Return what happened there."""
        return self.intuit.get(f"/_standin/realms/{self.realm_id}/history")["history"]

    def one(self, entity: str, one: str) -> dict[str, Any]:
        """Return an object that stands."""
        return next(each for each in self.books()[entity] if each["Id"] == one)

    def first(self, entity: str, number: int = 0) -> dict[str, Any]:
        """Return our first, second … document of a kind."""
        return self.books()[entity][number]

    def item(self, name: str) -> str:
        """Return the id of an Item, made when it is not there."""
        if name not in self._items:
            made = {"Name": name, "Type": "Service", "IncomeAccountRef": {"value": self._income}}
            self._items[name] = self.app("create", "Item", **made)["Id"]
        return self._items[name]

    def findings(self) -> list[Finding]:
        """Return what the checker finds."""
        history = self.history()
        return [
            *check_books(self.truth(), self.options, self.books(), history),
            *check_history(history, receipts=self.receipts, recorded=self.recorded),
        ]

    def _line(self, item: dict[str, Any]) -> dict[str, Any]:
        amount = float(item["amount"])
        detail = {"ItemRef": {"value": self.item(item["name"])}, "Qty": 1, "UnitPrice": amount}
        return {
            "DetailType": "SalesItemLineDetail",
            "Amount": amount,
            "Description": item["name"],
            "SalesItemLineDetail": detail,
        }

    def _answered(self, told: dict[str, Any], entity: str) -> dict[str, Any]:
        [answer] = told["BatchItemResponse"]
        assert entity in answer, answer
        return answer[entity]


def without(document: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return what a second document of the same content says."""
    left = ("Id", "SyncToken", "MetaData", "LinkedTxn", "domain", "sparse", *names)
    return {name: value for name, value in document.items() if name not in left}


def now() -> str:
    """Return this moment as the platform writes it."""
    return datetime.now(UTC).isoformat()


def _day(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone(ZoneInfo(ZONE)).date().isoformat()
