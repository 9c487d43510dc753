"""The pages for people: every button, pressed without JavaScript, judged by what the feed says afterwards."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.standins.html_forms import press

pytest_plugins = ["tests.standins.platform_fixtures"]


class Desk:
    """One company's front desk: presses buttons on an inspection's page and reads the result from the feed."""

    def __init__(self, standin):
        self.platform, self.company = standin, standin.company()
        line = {"name": "Full Home Inspection", "amount": "425.00"}
        buyer = {"first_name": "Ann", "last_name": "Reyes", "email": "ann@example.com"}
        (self.made,) = standin.book(self.company, {"line_items": [line], "buyer": buyer})
        self.url = f"{standin.url}/inspections/{self.made['id']}"

    def press(self, label, number=0, status=200, **typed):
        answer = press(self.platform.session, self.url, label, number, **typed)
        assert answer.status_code == status, answer.text
        return answer.text

    def feed(self):
        """Return (attributes, lines, payments, buyer) of the inspection as the feed has it."""
        path = f"/v2/inspections/{self.made['id']}"
        body = self.platform.get(self.company, path, include=self.platform.include).json()
        found = {
            kind: [each["attributes"] for each in body["included"] if each["type"] == kind]
            for kind in ("line_item", "payment")
        }
        (buyer,) = [each for each in body["included"] if each["type"] == "contact"]
        return body["data"]["attributes"], found["line_item"], found["payment"], buyer


@pytest.fixture
def desk(standin):
    return Desk(standin)


def test_confirm_unconfirm_cancel_reinstate_delete_restore(desk):
    assert desk.feed()[0]["confirmed_at"]
    desk.press("Unconfirm")
    assert desk.feed()[0]["confirmed_at"] is None
    desk.press("Confirm")
    assert desk.feed()[0]["confirmed_at"]
    assert "Buyer walked away" in desk.press("Cancel inspection", cancel_reason="Buyer walked away")
    attributes = desk.feed()[0]
    assert attributes["canceled_at"] and attributes["cancel_reason"] == "Buyer walked away"
    desk.press("Reinstate")
    assert desk.feed()[0]["canceled_at"] is None and desk.feed()[0]["cancel_reason"] is None
    desk.press("Delete")
    assert desk.feed()[0]["deleted_at"]
    desk.press("Restore")
    assert desk.feed()[0]["deleted_at"] is None
    desk.press("Publish report")
    assert desk.feed()[0]["published_at"]


def test_reschedule_is_meant_in_company_time(desk):
    desk.press("Reschedule", datetime="2026-07-04T23:45")
    assert desk.feed()[0]["datetime"] == "2026-07-04T23:45:00-04:00"


def test_lines_are_added_changed_and_removed(desk):
    desk.press("Add line", kind="discount", name="Military discount", amount="-$25")
    assert [(line["kind"], line["amount"]) for line in desk.feed()[1]] == [
        ("service", "425.00"),
        ("discount", "-25.00"),
    ]
    desk.press("Save line", number=0, amount="1,450.5")
    assert desk.feed()[1][0]["amount"] == "1450.50" and desk.feed()[1][0]["kind"] == "service"
    desk.press("Remove", number=1)
    assert [line["name"] for line in desk.feed()[1]] == ["Full Home Inspection"]


def test_payments_are_taken_refunded_and_voided(desk):
    desk.press("Take payment", amount="300", method="check", reference="1042", received_at="2026-03-02T10:00")
    desk.press("Take payment")  # The open balance is offered.
    payments = desk.feed()[2]
    assert [(payment["amount"], payment["method"]) for payment in payments] == [
        ("300.00", "check"),
        ("125.00", "card"),
    ]
    assert payments[0]["received_at"] == "2026-03-02T15:00:00.000Z" and payments[0]["reference"] == "1042"
    desk.press("Refund", number=0, refunded_amount="75")
    _, lines, payments, _ = desk.feed()
    assert payments[0]["refunded_amount"] == "75.00"
    assert (lines[-1]["kind"], lines[-1]["name"], lines[-1]["amount"]) == (
        "fee",
        "Refund",
        "-75.00",
    )
    desk.press("Refund", number=0, refunded_amount="300")
    _, lines, payments, _ = desk.feed()
    assert payments[0]["refunded_amount"] == "300.00" and lines[-1]["amount"] == "-225.00"
    desk.press("Void payment", number=1)
    assert desk.feed()[2][1]["voided_at"]
    desk.press("Undo void")
    assert desk.feed()[2][1]["voided_at"] is None


def test_the_client_is_edited_and_switched(desk):
    before = desk.feed()[3]["id"]
    desk.press("Save client", email="ann.reyes@example.com")
    assert desk.feed()[3]["id"] == before and desk.feed()[3]["attributes"]["email"] == "ann.reyes@example.com"
    desk.press("Switch client", first_name="Luis", last_name="D'Angelo")
    switched = desk.feed()[3]
    assert switched["id"] != before and switched["attributes"]["last_name"] == "D'Angelo"
    desk.press("Switch client", client_number=f"#{before}")
    assert desk.feed()[3]["id"] == before


def test_booking_makes_a_whole_inspection(desk):
    url = f"{desk.platform.url}/companies/{desk.company['id']}/inspections/new"
    typed = {
        "datetime": "2026-11-01T09:00",
        "first_name": "Thị Hương",
        "last_name": "Nguyễn",
        "property_city": "Asheville",
    }
    page = press(
        desk.platform.session, url, "Book inspection", kind="service", name="Mold", amount="250", **typed
    )
    assert "Nguyễn" in page.text and "$250.00" in page.text
    booked = desk.platform.walk(desk.company)[-1]
    assert (
        booked["attributes"]["datetime"] == "2026-11-01T09:00:00-05:00"
        and booked["attributes"]["confirmed_at"]
    )
    desk.made = {"id": int(booked["id"])}
    assert desk.feed()[1][0]["name"] == "Mold"


@pytest.mark.parametrize(
    ("label", "typed"),
    [
        ("Take payment", {"amount": "12.345"}), ("Take payment", {"amount": "-5"}), ("Take payment", {"method": "gold"}),
        ("Add line", {"name": "x", "amount": "ten"}), ("Add line", {"name": "", "amount": "5"}), ("Reschedule", {"datetime": "never"}),
        ("Cancel inspection", {"cancel_reason": " "}), ("Switch client", {"client_number": "7"}), ("Switch client", {}),
    ],
)  # fmt: skip
def test_wrong_input_changes_nothing_and_says_so(desk, label, typed):
    before = desk.feed()
    assert "That did not work" in desk.press(label, status=400, **typed)
    assert desk.feed() == before


def test_names_are_shown_as_text_never_as_markup(desk):
    desk.press("Save client", first_name="<script>alert(1)</script>")
    page = desk.platform.session.get(desk.url, timeout=10).text
    assert "<script>" not in page and "&lt;script&gt;" in page


def test_the_list_filters_and_pages(standin):
    company = standin.company()
    days = [
        {"datetime": f"2026-05-{1 + number % 28:02}T09:00", "buyer": {"last_name": f"Client{number}"}}
        for number in range(60)
    ]
    days[7] |= {"canceled": True}
    made = standin.book(company, *days, {"datetime": "2026-06-01T00:00", "buyer": {"last_name": "June"}})
    url = f"{standin.url}/companies/{company['id']}"

    def shown(**params):
        page = standin.session.get(url, params=params, timeout=10).text
        return {row["id"] for row in made if f'href="/inspections/{row["id"]}"' in page}

    first, second = shown(month="2026-05"), shown(month="2026-05", page=2)
    assert len(first) == 50 and len(second) == 10 and not first & second
    assert shown(month="2026-06") == {made[60]["id"]}
    assert shown(state="cancelled") == {made[7]["id"]}
    assert shown(q="client41") == {made[41]["id"]}
    assert shown(q="%") == set()
    assert shown(month="nonsense", q="June") == {made[60]["id"]}
    assert shown(month="2026-04") == set()


def test_the_list_says_what_its_inspections_come_to(standin):
    company = standin.company()
    line = {"name": "Mold", "amount": "250.25"}
    (made, _) = standin.book(
        company,
        {"datetime": "2026-05-01T09:00", "buyer": {"last_name": "Li"}, "line_items": [line, line]},
        {
            "datetime": "2026-05-02T09:00",
            "buyer": {"last_name": "Li"},
            "line_items": [line],
            "canceled": True,
        },
    )
    page = f"{standin.url}/inspections/{made['id']}"
    press(standin.session, page, "Take payment", amount="100.10")
    seen = standin.session.get(
        f"{standin.url}/companies/{company['id']}", params={"month": "2026-05"}, timeout=10
    ).text
    assert "2 inspections" in seen and "$500.50 in fees, $100.10 received" in seen and "$400.40 open" in seen


def test_unknown_pages_say_so(standin):
    for path in ("/companies/9", "/inspections/9", "/nowhere"):
        answer = standin.session.get(standin.url + path, timeout=10)
        assert answer.status_code == 404 and "That did not work" in answer.text
    assert "There is nothing at this address." in answer.text


def test_a_change_rings_the_hook(desk):
    rung = threading.Event()

    class Bell(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()
            rung.set()

        def log_message(self, *_arguments):
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Bell) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"{desk.platform.url}/companies/{desk.company['id']}"
        press(
            desk.platform.session, url, "Save hook", hook_url=f"http://127.0.0.1:{server.server_port}/hooks/x"
        )
        desk.press("Unconfirm")
        assert rung.wait(10)
        server.shutdown()
