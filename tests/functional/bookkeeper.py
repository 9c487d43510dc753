"""What a person does inside QuickBooks, through the stand-in's own door: edit, void, delete, deposit, deactivate."""

from typing import Any

import requests

from tests.functional.office import Office


class Bookkeeper:
    """Somebody at work in the realm of an office."""

    def __init__(self, office: Office):
        self.office = office

    def do(self, operation: str, kind: str, **body: Any) -> dict[str, Any]:
        """Carry one act out and return the object; fails when QuickBooks refuses."""
        item = {"bId": "1", "operation": operation, kind: body}
        path = f"/_standin/realms/{self.office.realm_id}/batch"
        [answer] = self.office.intuit.post(path, {"BatchItemRequest": [item]})["BatchItemResponse"]
        assert "Fault" not in answer, answer
        return answer[kind]

    def edit(self, kind: str, qbo_id: str, **changes: Any) -> dict[str, Any]:
        """Change some fields."""
        return self.do("update", kind, Id=qbo_id, sparse=True, **changes)

    def delete(self, kind: str, qbo_id: str) -> None:
        """Delete a document."""
        self.do("delete", kind, Id=qbo_id)

    def void(self, kind: str, qbo_id: str) -> dict[str, Any]:
        """Void a document."""
        return self.do("void", kind, Id=qbo_id)

    def deposit(self, *payments: dict[str, Any]) -> str:
        """Put Payments into the bank; return the Deposit's id."""
        lines = [
            {
                "Amount": one["TotalAmt"],
                "LinkedTxn": [{"TxnId": one["Id"], "TxnType": "Payment", "TxnLineId": "0"}],
            }
            for one in payments
        ]
        bank = next(one for one in self.office.books()["Account"] if one["AccountType"] == "Bank")
        return self.do("create", "Deposit", DepositToAccountRef={"value": bank["Id"]}, Line=lines)["Id"]

    def merge(self, kind: str, merged_id: str, into_id: str) -> None:
        """Merge a Customer or Item into another, on its page."""
        page = f"{self.office.intuit.base_url}/books/{self.office.realm_id}/{kind.lower()}/{merged_id}/merge"
        answer = requests.post(page, data={"into": into_id}, timeout=30)
        assert answer.ok, answer.text

    def document(self, kind: str, qbo_id: str) -> dict[str, Any] | None:
        """Return the document as it is, or None when it is gone."""
        return next((one for one in self.office.books()[kind] if one["Id"] == qbo_id), None)
