"""A practice run works everything out, sends nothing, and finds what looks as if it were booked already."""

from datetime import UTC, datetime, timedelta

from bookkeeping.storage.records.documents import open_credits
from tests.functional.office import inspection
from tests.harness.in_process import Desk
from worker.reading.company import set_up
from worker.reading.poll import poll
from worker.reconciling.practice import practise

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).date()


def _practise(desk: Desk, **parameters) -> dict:
    desk.do(poll)
    desk.do(set_up)
    with desk.holding("practice", **parameters) as work:
        assert practise(work) is True
        assert (work.run.phase, "standing" in work.run.parameters) == ("Nothing was sent", False)
        return dict(work.run.result)


def test_it_counts_what_a_sync_would_make_and_makes_nothing(desk: Desk):
    desk.book(inspection(1), inspection(2, payments=[]), inspection(3, confirmed=False))
    result = _practise(desk)
    assert (result["inspections"], result["invoices"], result["payments"]) == (3, 2, 1)
    assert (result["invoiced"], result["received"]) == ("1150.00", "575.00")
    assert result["customers"] == {"create": 2, "use": 0, "ask": 0}
    assert result["items"] == {"Full Home Inspection": 2, "Radon": 2}
    assert result["left_out"] == [["not-confirmed", 1, "575.00"]]
    assert result["doubles"] == []
    books = desk.books()
    assert [books[kind] for kind in ("Customer", "Invoice", "Payment")] == [[], [], []]


def test_credit_of_clients_that_are_there_is_foreseen(desk: Desk):
    ann = {"first_name": "Ann", "last_name": "Lopez", "email": "ann@client.example"}
    over = {
        "amount": "600.00",
        "method": "card",
        "received_at": datetime.now(UTC).isoformat(),
        "reference": "ch_1",
    }
    [first] = desk.book(inspection(1, payments=[over], buyer=ann))
    desk.sync()
    buyer = desk.platform.get(f"/_standin/inspections/{first}")["buyer"]
    assert _practise(desk)["credit"] == "0.00", "Nothing more is to be made for her."
    desk.book(inspection(2, payments=[], buyer={**ann, "id": buyer["id"]}))
    result = _practise(desk)
    assert (result["invoices"], result["credit"]) == (1, "25.00")
    with desk.shop.app.app_context():
        assert open_credits(desk.id, ["77777"]) == {}


def test_an_earlier_day_shows_what_earlier_inspections_would_bring(desk: Desk):
    desk.book(inspection(1, days=-40))
    assert _practise(desk)["invoices"] == 0
    from_then = (TOMORROW - timedelta(days=60)).isoformat()
    assert _practise(desk, **{"from": from_then})["invoices"] == 1


def test_a_document_of_the_same_client_amount_and_day_is_shown_as_a_possible_double(desk: Desk):
    [customer] = desk.write([("create", "Customer", {"DisplayName": "O'Neil 1, Ann"})])
    line = {
        "Amount": 575,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": "1"}, "Qty": 1, "UnitPrice": 575},
    }
    base = {"CustomerRef": {"value": customer["Id"]}, "Line": [line], "DocNumber": "77"}
    near, far = (TOMORROW + timedelta(days=days) for days in (1, 40))
    [double, _] = desk.write(
        [
            ("create", "Invoice", {**base, "TxnDate": near.isoformat()}),
            ("create", "Invoice", {**base, "TxnDate": far.isoformat(), "DocNumber": "78"}),
        ]
    )
    (key, _) = desk.book(inspection(1), inspection(2))
    [found] = _practise(desk)["doubles"]
    assert (found["inspection"], found["qbo_id"], found["number"]) == (key, double["Id"], "77")
    assert (found["kind"], found["total"], found["customer"]) == ("Invoice", "575.00", "O'Neil 1, Ann")


def test_our_own_documents_are_no_doubles(desk: Desk):
    desk.book(inspection(1))
    desk.sync_until_quiet()
    desk.book(inspection(2))
    result = _practise(desk)
    assert (result["invoices"], result["doubles"]) == (1, [])
