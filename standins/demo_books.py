"""The demo's books: what already stands in the QuickBooks companies before Tieout comes, entered over v3 REST.

Blue Ridge has a few customers of its own. Front Range has what its old integration made: a SalesReceipt an inspection.
"""

import time
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import requests

BATCH = 30
PACE_SECONDS = 0.15
METHODS = {"card": "Credit Card", "check": "Check", "cash": "Cash", "ach": "ACH"}


class SeedingError(Exception):
    """A stand-in refused what the demo asked for."""


class Books:
    """One QuickBooks company of the Intuit stand-in, reached as any app reaches it."""

    def __init__(self, intuit_url: str, name: str, country: str, currency: str, time_zone: str) -> None:
        realm = {"name": name, "country": country, "currency": currency, "time_zone": time_zone}
        self.realm_id = str(
            _checked(requests.post(f"{intuit_url}/_standin/realms", json=realm, timeout=30))["realm_id"]
        )
        token = _checked(
            requests.post(f"{intuit_url}/_standin/realms/{self.realm_id}/token", json={}, timeout=30)
        )
        self.intuit_url, self.url = intuit_url, f"{intuit_url}/v3/company/{self.realm_id}"
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token['access_token']}"
        self.session.headers["Accept"] = "application/json"

    def query(self, statement: str) -> list[dict[str, Any]]:
        """Return the rows that a query finds."""
        found = self._call("query", data=statement.encode(), headers={"Content-Type": "application/text"})[
            "QueryResponse"
        ]
        return next((rows for rows in found.values() if isinstance(rows, list)), [])

    def batch(self, operation: str, entity: str, bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Carry out one operation on many records, 30 a call, and return the answers in order."""
        answers = []
        for start in range(0, len(bodies), BATCH):
            items = [
                {"bId": str(number), "operation": operation, entity: body}
                for number, body in enumerate(bodies[start : start + BATCH])
            ]
            replies = self._call("batch", json={"BatchItemRequest": items})["BatchItemResponse"]
            by_id = {reply["bId"]: reply for reply in replies}
            for item in items:
                reply = by_id[item["bId"]]
                if entity not in reply:
                    raise SeedingError(f"{entity} was refused: {reply.get('Fault')} for {item[entity]}")
                answers.append(reply[entity])
        return answers

    def leave(self) -> None:
        """Give the token back: the company is not connected to any app yet."""
        _checked(
            requests.post(
                f"{self.intuit_url}/_standin/tokens/revoke", json={"realm_id": self.realm_id}, timeout=30
            )
        )

    def _call(self, path: str, **request: Any) -> dict[str, Any]:
        time.sleep(PACE_SECONDS)
        return _checked(self.session.post(f"{self.url}/{path}", timeout=60, **request))


@dataclass
class Receipts:
    """What the old integration left: SalesReceipts by inspection id, and the rows of its record."""

    by_inspection: dict[int, dict[str, Any]]
    legacy_rows: list[tuple[int, str, str]]


def fill_blue_ridge(books: Books) -> None:
    """Enter customers from before: one that matches a client, one of the same name only, one inactive; a vendor with a client's name."""
    customers = [
        {"DisplayName": "Karen Whitfield", "GivenName": "Karen", "FamilyName": "Whitfield",
         "PrimaryEmailAddr": {"Address": "karen.whitfield@example.com"}, "PrimaryPhone": {"FreeFormNumber": "(828) 555-0171"}},
        {"DisplayName": "Michael Johnson", "GivenName": "Michael", "FamilyName": "Johnson"},
        {"DisplayName": "Gloria Stanton", "GivenName": "Gloria", "FamilyName": "Stanton"},
        {"DisplayName": "Carolina Realty Group", "CompanyName": "Carolina Realty Group",
         "PrimaryEmailAddr": {"Address": "office@carolinarealty.example.com"}},
        {"DisplayName": "Beth Ann Mooney", "PrimaryEmailAddr": {"Address": "bethann.mooney@example.com"}},
    ]  # fmt: skip
    entered = books.batch("create", "Customer", customers)
    books.batch("create", "Vendor", [{"DisplayName": "Robert Haynes", "CompanyName": "Haynes Gutters"}])
    former = {"Id": entered[2]["Id"], "SyncToken": entered[2]["SyncToken"], "sparse": True, "Active": False}
    books.batch("update", "Customer", [former])


def fill_front_range(books: Books, inspections: list[dict[str, Any]]) -> Receipts:
    """Book a SalesReceipt for each inspection (as the platform returned them, with ids), then live with them as people do.

    Two bank deposits sweep five of them, a bookkeeper edits one, and one is deleted.
    """
    accounts = {row["Name"]: row for row in books.query("select * from Account maxresults 1000")}
    income = next(row for row in accounts.values() if row["AccountType"] == "Income")
    undeposited = next(row for row in accounts.values() if row.get("AccountSubType") == "UndepositedFunds")
    bank = next(row for row in accounts.values() if row["AccountType"] == "Bank")
    methods = {row["Name"]: row["Id"] for row in books.query("select * from PaymentMethod maxresults 1000")}
    names = sorted({line["name"] for inspection in inspections for line in inspection["line_items"]})
    known = {row["Name"]: row["Id"] for row in books.query("select * from Item maxresults 1000")}
    new = [
        {"Name": name, "Type": "Service", "IncomeAccountRef": _ref(income["Id"])}
        for name in names
        if name not in known
    ]
    items = known | {item["Name"]: item["Id"] for item in books.batch("create", "Item", new)}
    buyers = {each["buyer_id"]: each["buyer"] for each in inspections}
    entered = books.batch("create", "Customer", [_customer(buyer) for buyer in buyers.values()])
    customers = dict(zip(buyers, (customer["Id"] for customer in entered), strict=True))
    bodies = []
    for number, inspection in enumerate(inspections):
        body = _receipt(inspection, customers[inspection["buyer_id"]], items, undeposited["Id"]) | {
            "DocNumber": str(1001 + number)
        }
        if method := methods.get(METHODS.get(inspection["payments"][0]["method"], "")):
            body["PaymentMethodRef"] = _ref(method)
        bodies.append(body)
    receipts = books.batch("create", "SalesReceipt", bodies)
    _live_with(books, receipts, bank["Id"])
    ids = [inspection["id"] for inspection in inspections]
    rows = [
        (each, receipt["Id"], f"{Decimal(str(receipt['TotalAmt'])):.2f}")
        for each, receipt in zip(ids, receipts, strict=True)
    ]
    return Receipts(dict(zip(ids, receipts, strict=True)), rows)


def _live_with(books: Books, receipts: list[dict[str, Any]], bank: str) -> None:
    """Deposit, edit and delete some of the receipts as a bookkeeper does; the record of the old integration knows nothing of it."""
    deposits = []
    for swept in (receipts[9:11], receipts[-6:-3]):
        lines = [{"Amount": each["TotalAmt"], "LinkedTxn": [_swept(each["Id"])]} for each in swept]
        deposits.append({"DepositToAccountRef": _ref(bank), "TxnDate": swept[-1]["TxnDate"], "Line": lines})
    books.batch("create", "Deposit", deposits)
    edited, deleted = receipts[-8], receipts[-10]
    lines = [dict(line) for line in edited["Line"] if line["DetailType"] == "SalesItemLineDetail"]
    lines[0]["Description"] = "Home inspection, corrected by the bookkeeper"
    change = {"Id": edited["Id"], "SyncToken": edited["SyncToken"], "sparse": True, "Line": lines}
    books.batch("update", "SalesReceipt", [change])
    books.batch("delete", "SalesReceipt", [{"Id": deleted["Id"], "SyncToken": deleted["SyncToken"]}])


def _customer(buyer: dict[str, Any]) -> dict[str, Any]:
    name = f"{buyer['first_name']} {buyer['last_name']}"
    body = {"DisplayName": name, "GivenName": buyer["first_name"], "FamilyName": buyer["last_name"]}
    return body | {
        "PrimaryEmailAddr": {"Address": buyer["email"]},
        "PrimaryPhone": {"FreeFormNumber": buyer["phone"]},
    }


def _receipt(
    inspection: dict[str, Any], customer: str, items: dict[str, str], deposit_to: str
) -> dict[str, Any]:
    lines = [
        {"Amount": float(line["amount"]), "DetailType": "SalesItemLineDetail", "Description": line["name"],
         "SalesItemLineDetail": {"ItemRef": _ref(items[line["name"]]), "Qty": 1, "UnitPrice": float(line["amount"]),
                                 "TaxCodeRef": _ref("NON")}}
        for line in inspection["line_items"]
    ]  # fmt: skip
    body = {
        "CustomerRef": _ref(customer),
        "TxnDate": inspection["local_date"],
        "Line": lines,
        "DepositToAccountRef": _ref(deposit_to),
    }
    reference = inspection["payments"][0]["reference"]
    return (
        body
        | {"PrivateNote": f"Inspection {inspection['id']}"}
        | ({"PaymentRefNum": reference} if reference else {})
    )


def _ref(value: str) -> dict[str, str]:
    return {"value": value}


def _swept(receipt_id: str) -> dict[str, str]:
    return {"TxnId": receipt_id, "TxnType": "SalesReceipt", "TxnLineId": "0"}


def _checked(response: requests.Response) -> Any:
    if not response.ok:
        raise SeedingError(
            f"{response.request.method} {response.url} answered {response.status_code}: {response.text[:500]}"
        )
    return response.json()
