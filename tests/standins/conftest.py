"""One Intuit stand-in for all its tests, with a fresh company for each, and a small client beside the real ones."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from intuitlib.client import AuthClient
from quickbooks import QuickBooks

from tests.harness.standins import StandIn

JSON = {"Accept": "application/json"}


class Company:
    """A company in the stand-in: its tokens, raw calls to the v3 API, and the real QuickBooks client."""

    def __init__(self, standin: StandIn, **fields: Any) -> None:
        self.standin = standin
        self.id = standin.post("/_standin/realms", {"name": "Summit Inspections", **fields})["realm_id"]
        self.tokens = standin.post(f"/_standin/realms/{self.id}/token", {})
        self.session = requests.Session()

    @property
    def url(self) -> str:
        return f"{self.standin.base_url}/v3/company/{self.id}"

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        """Call the API with the company's token; headers given replace the usual ones."""
        headers = {
            "Authorization": f"Bearer {self.tokens['access_token']}",
            **JSON,
            **options.pop("headers", {}),
        }
        return self.session.request(method, f"{self.url}/{path}", headers=headers, timeout=30, **options)

    def post(self, entity: str, body: dict[str, Any], **params: str) -> dict[str, Any]:
        """Write one object and return it; a refusal fails the test."""
        answer = self.send("POST", entity.lower(), json=body, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()[entity]

    def refusal(self, entity: str, body: dict[str, Any], **params: str) -> tuple[str, str]:
        """Write one object that must be refused; return the fault's code and detail."""
        return fault(self.send("POST", entity.lower(), json=body, params=params))

    def read(self, entity: str, record_id: str) -> dict[str, Any]:
        answer = self.send("GET", f"{entity.lower()}/{record_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()[entity]

    def query(self, statement: str) -> dict[str, Any]:
        answer = self.send(
            "POST", "query", data=statement.encode(), headers={"Content-Type": "application/text"}
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["QueryResponse"]

    def batch(self, *items: dict[str, Any], **params: str) -> list[dict[str, Any]]:
        numbered = [{"bId": str(index)} | item for index, item in enumerate(items)]
        answer = self.send("POST", "batch", json={"BatchItemRequest": numbered}, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()["BatchItemResponse"]

    def admin(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Call the admin API of this company."""
        return self.standin.post(f"/_standin/realms/{self.id}/{path}", body or {})

    def books(self) -> dict[str, Any]:
        """Return the whole books, after making sure that they hold together."""
        books = self.standin.get(f"/_standin/realms/{self.id}/books")
        assert books["integrity"] == []
        return books

    def calls(self) -> dict[str, Any]:
        return self.standin.get(f"/_standin/realms/{self.id}/calls")

    def fault(self, **rule: Any) -> None:
        """Put a fault rule in force for this company."""
        self.standin.post("/_standin/faults", {"realm": self.id, **rule})

    def client(self) -> QuickBooks:
        """Return the real client, speaking to this company."""
        auth = AuthClient(
            "standin-client",
            "standin-secret",
            "http://127.0.0.1:8000/quickbooks/callback",
            f"{self.standin.base_url}/.well-known/openid_configuration",
            access_token=self.tokens["access_token"],
            refresh_token=self.tokens["refresh_token"],
        )
        client = QuickBooks(
            auth_client=auth, refresh_token=self.tokens["refresh_token"], company_id=self.id, minorversion=75
        )
        client.api_url_v3 = f"{self.standin.base_url}/v3"
        return client

    def customer(self, name: str = "Ada Reyes", **fields: Any) -> dict[str, Any]:
        return self.post("Customer", {"DisplayName": name, **fields})

    def invoice(self, customer: dict[str, Any], amount: float = 350.0, **fields: Any) -> dict[str, Any]:
        body = {
            "CustomerRef": {"value": customer["Id"]},
            "TxnDate": "2026-03-02",
            "Line": [sale_line(amount)],
        }
        return self.post("Invoice", body | fields)

    def payment(self, invoice: dict[str, Any], amount: float | None = None, **fields: Any) -> dict[str, Any]:
        amount = invoice["Balance"] if amount is None else amount
        link = {"TxnId": invoice["Id"], "TxnType": "Invoice"}
        body = {
            "CustomerRef": {"value": invoice["CustomerRef"]["value"]},
            "TotalAmt": amount,
            "TxnDate": "2026-03-03",
            "Line": [{"Amount": amount, "LinkedTxn": [link]}],
        }
        return self.post("Payment", body | fields)

    def receipt(self, customer: dict[str, Any], amount: float = 350.0, **fields: Any) -> dict[str, Any]:
        body = {
            "CustomerRef": {"value": customer["Id"]},
            "TxnDate": "2026-03-02",
            "Line": [sale_line(amount)],
        }
        return self.post("SalesReceipt", body | fields)

    def deposit(self, *txns: tuple[str, dict[str, Any]]) -> dict[str, Any]:
        """Deposit (entity, object) pairs into Checking."""
        lines = [
            {
                "Amount": txn["TotalAmt"],
                "LinkedTxn": [{"TxnId": txn["Id"], "TxnType": entity, "TxnLineId": "0"}],
            }
            for entity, txn in txns
        ]
        return self.post(
            "Deposit", {"DepositToAccountRef": {"value": "35"}, "TxnDate": "2026-03-04", "Line": lines}
        )


def sale_line(amount: float, item: str = "1", **detail: Any) -> dict[str, Any]:
    """Return a line of one item."""
    return {
        "Amount": amount,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": item}, "Qty": 1, "UnitPrice": amount, **detail},
    }


def fault(answer: requests.Response) -> tuple[str, str]:
    """Return the code and detail of a fault answered with status 400."""
    assert answer.status_code == 400, answer.text
    (error,) = answer.json()["Fault"]["Error"]
    return error["code"], error["Detail"]


def current(found: dict[str, Any]) -> dict[str, Any]:
    """Return what names an object in a write."""
    return {"Id": found["Id"], "SyncToken": found["SyncToken"]}


@pytest.fixture(autouse=True)
def plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the real client speak http, as the stand-in does."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


@pytest.fixture(scope="session")
def intuit_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """One stand-in for the whole run; each test has companies of its own in it."""
    standin = StandIn("intuit", tmp_path_factory.mktemp("intuit"))
    yield standin
    standin.stop()


@pytest.fixture
def new_company(intuit_server: StandIn) -> Callable[..., Company]:
    """`new_company(name=…, preferences=…)` makes another company."""
    return lambda **fields: Company(intuit_server, **fields)


@pytest.fixture
def company(new_company: Callable[..., Company]) -> Company:
    """A fresh company."""
    return new_company()


@pytest.fixture
def settings(intuit_server: StandIn) -> Iterator[Callable[..., None]]:
    """`settings(limits=False)` switches settings of the stand-in until the end of the test."""
    before = intuit_server.get("/_standin/settings")
    yield lambda **changes: intuit_server.post("/_standin/settings", changes)
    intuit_server.post("/_standin/settings", before)
