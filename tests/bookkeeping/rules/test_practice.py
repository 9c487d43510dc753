"""Practice: what a run adds up survives being written down, and what counts as the same client."""

from datetime import date
from decimal import Decimal

from bookkeeping.rules.practice import Tally, same_client


def test_tally_written_down_half_way_adds_up_the_same():
    whole, halves = Tally(), Tally()
    for tally in (whole, halves):
        tally.invoice(date(2026, 3, 2), Decimal("425.10"))
        tally.leave_out("cancelled", Decimal("99.99"))
    halves = Tally.from_json(halves.as_json())
    for tally in (whole, halves):
        tally.invoice(date(2026, 3, 31), Decimal("0.20"))
        tally.payment(date(2026, 4, 1), Decimal("425.10"))
        tally.leave_out("cancelled", Decimal("0.01"))
        tally.change("Invoice update")
    assert halves == whole
    assert whole.summary()["months"] == [
        ["2026-03", 2, "425.30", 0, "0.00"],
        ["2026-04", 0, "0.00", 1, "425.10"],
    ]
    assert whole.summary()["left_out"] == [["cancelled", 2, "100.00"]]
    assert (whole.first, whole.last) == ("2026-03-02", "2026-03-31")


def test_the_summary_adds_up_all_months_and_says_most_frequent_reasons_first():
    tally = Tally(inspections=6, names={"Radon": 2, "Mold": 1})
    tally.clients = {"c1": "create", "c2": "use", "c3": "create"}
    for day, amount in ((date(2026, 4, 1), "100.00"), (date(2026, 3, 2), "425.10")):
        tally.invoice(day, Decimal(amount))
    tally.payment(date(2026, 3, 2), Decimal("0.05"))
    for reason in ("cancelled", "before-start", "before-start"):
        tally.leave_out(reason, Decimal("10.00"))
    tally.change("Payment delete")
    tally.change("Invoice update")
    assert tally.summary() == {
        "inspections": 6,
        "customers": {"create": 2, "use": 1, "ask": 0},
        "items": {"Mold": 1, "Radon": 2},
        "invoices": 2,
        "invoiced": "525.10",
        "payments": 1,
        "received": "0.05",
        "changes": {"Invoice update": 1, "Payment delete": 1},
        "months": [["2026-03", 1, "425.10", 1, "0.05"], ["2026-04", 1, "100.00", 0, "0.00"]],
        "left_out": [["before-start", 2, "20.00"], ["cancelled", 1, "10.00"]],
    }
    assert list(tally.summary()["items"]) == ["Mold", "Radon"]
    assert Tally().inspections == 0
    nothing = Tally().summary()
    assert (nothing["invoices"], nothing["invoiced"], nothing["payments"]) == (0, "0.00", 0)


def test_same_client_in_another_order_or_by_mail():
    assert same_client("Ann O'Neil", "O'Neil, Ann")
    assert same_client("ANN ONEIL", "Ann O'Neil")
    assert same_client("Ann", "Somebody", ["ann@x.example"], ["ANN@x.example"])


def test_other_clients_are_not_the_same():
    assert not same_client("Ann O'Neil", "Ann O'Neal")
    assert not same_client("", "")
    assert not same_client("", "", ["", " "], ["", " "])
