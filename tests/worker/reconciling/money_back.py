"""One inspection and its money for the tests of refunds after the deposit: give back, look at the books, tie out."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from bookkeeping.acts.books import change_books
from bookkeeping.rules.tieout import Period
from bookkeeping.storage.base import db
from bookkeeping.storage.records.inspections import InspectionRow
from tests.functional.bookkeeper import Bookkeeper
from tests.functional.office import inspection
from tests.harness.in_process import Desk
from tests.worker.reconciling.test_waiting import paid, row
from worker.tieout.statement import make_tie_out

OURS = ("Invoice", "Payment", "RefundReceipt")


class Client:
    """One inspection and its money: booked, paid 40 days ago, and (unless told otherwise) in a bank deposit that we know of."""

    def __init__(self, desk: Desk, *, known: bool = True, deposit: bool = True, **fields: Any) -> None:
        self.desk, self.bookkeeper = desk, Bookkeeper(desk)
        payments = fields.pop("payments", [paid("575.00", 40, "ch_1")])
        [self.key] = desk.book(inspection(1, payments=payments, **fields))
        desk.sync()
        self.deposit_id = self.bookkeeper.deposit(*desk.books()["Payment"]) if deposit else ""
        if known:
            desk.run("check")
        self.before = desk.books()

    def refund(self, amount: str, *, line: str | None = "Refund", payment: int = 0) -> None:
        """Give back so much in all of a payment, and say so by a negative fee of that name for what is new."""
        one = self.told()["payments"][payment]
        more = Decimal(amount) - Decimal(one["refunded_amount"])
        path = f"/_standin/inspections/{self.key}/payments/{one['id']}"
        self.desk.platform.request("PATCH", path, json={"refunded_amount": amount})
        if line:
            self.fees(extra=[{"kind": "fee", "name": line, "amount": str(-more)}])

    def fees(self, *, extra: list[dict[str, Any]] = (), without: str = "") -> None:
        """Add fees to those there are, or take those of a name away."""
        kept = [one for one in self.told()["line_items"] if one["name"] != without]
        plain = [{name: one[name] for name in ("kind", "name", "amount")} for one in kept]
        self.desk.change(self.key, line_items=[*plain, *extra])

    def told(self) -> dict[str, Any]:
        """Return the inspection as the platform has it."""
        return self.desk.platform.get(f"/_standin/inspections/{self.key}")

    @property
    def refunds(self) -> list[dict[str, Any]]:
        """The RefundReceipts, by number."""
        return sorted(self.desk.books().get("RefundReceipt", []), key=lambda one: one["DocNumber"])

    def invoice(self) -> dict[str, Any]:
        [one] = self.desk.books()["Invoice"]
        return one

    def assert_history_stands(self) -> None:
        """The Payments and the Deposit are as they were deposited."""
        for kind in ("Payment", "Deposit"):
            assert as_written(self.desk.books(), kind) == as_written(self.before, kind)


def as_written(books: dict[str, Any], kind: str) -> list[tuple[str, str, float]]:
    """Return what tells whether anybody wrote on these documents, or made or deleted one."""
    return [(one["Id"], one["SyncToken"], one["TotalAmt"]) for one in books.get(kind, [])]


def said(refund: dict[str, Any]) -> list[tuple[str, float]]:
    lines = [one["SalesItemLineDetail"] | one for one in refund["Line"] if "Id" in one]
    return [(one["ItemRef"]["name"], one["Amount"]) for one in lines]


def settled(desk: Desk, state: str = "in-sync") -> dict[str, Any]:
    """Fail unless all is done and stays so, and every cent of the statement is explained; return the statement."""
    [one] = desk.platform.get(f"/_standin/companies/{desk.platform_id}/inspections")
    key = str(one["id"])
    assert row(desk, key)["state"] == state, row(desk, key)
    before = desk.books()
    desk.run("nightly")
    for kind in OURS:
        assert as_written(desk.books(), kind) == as_written(before, kind)
    assert row(desk, key)["state"] == state
    today = date.today()
    with desk.holding("tieout") as work:
        made = make_tie_out(work, Period(today - timedelta(days=100), today + timedelta(days=100)))
    assert (made["unexplained"], made["unexplained_count"]) == ("0.00", 0), made["not_explained"]
    return made


def choose(desk: Desk, **choices: str) -> None:
    """Change how refunds are booked."""
    with desk.holding() as work:
        change_books(work.company, "none", "owner", **choices)
        work.commit()


def flags(desk: Desk, key: str) -> list[str]:
    with desk.shop.app.app_context():
        [one] = db.session.query(InspectionRow).filter_by(company_id=desk.id, key=key)
        return [flag["code"] for flag in one.flags]


def today(desk: Desk) -> str:
    return datetime.now(ZoneInfo(desk.time_zone)).date().isoformat()
