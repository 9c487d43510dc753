"""Whatever happens on the platform, with whatever faults on the way: after a quiet sync the books are exact.

CHAOS_EXAMPLES says how many random stories are told; always the same ones, unless it is set.
"""

import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.chaos.test_faults import FAULTS
from tests.functional.office import inspection
from tests.harness.in_process import Shop

EXAMPLES, STEPS = os.environ.get("CHAOS_EXAMPLES", ""), 12
AT_SEA = ("503", "cut", "truncated", "429-json", "401", "item")

which = st.integers(0, 99)
dollars = st.integers(1, 99_999).map(lambda cents: f"{cents / 100:.2f}")
services = st.lists(
    st.tuples(st.sampled_from(("Full Home Inspection", "Radon", "Sewer Scope", "Café")), dollars)
)
extras = st.lists(st.sampled_from(("discount", "tax", "fee")), unique=True)
places = st.sampled_from(("Customer", "Item", "Invoice", "Payment"))


def _lines(named: list[tuple[str, str]], more: list[str]) -> list[dict[str, Any]]:
    """Return line items that do not come to less than zero."""
    lines = [{"kind": "service", "name": name, "amount": amount} for name, amount in named]
    amounts = {"discount": "-0.01" if lines else "0.00", "tax": "4.11", "fee": "9.95"}
    return lines + [{"kind": kind, "name": f"A {kind}", "amount": amounts[kind]} for kind in more]


class Story(RuleBasedStateMachine):
    """One company's life. `shop` is the installation it happens in."""

    shop: Shop

    @initialize()
    def open(self) -> None:
        self.desk = self.shop.open()
        self.keys: list[str] = []

    def _one(self, number: int) -> str:
        return self.keys[number % len(self.keys)]

    @rule(named=services, more=extras, paid=st.lists(dollars, max_size=2), confirmed=st.booleans())
    def book(self, named, more, paid, confirmed) -> None:
        now = datetime.now(UTC).isoformat()
        payments = [
            {"amount": each, "method": "check", "received_at": now, "reference": each} for each in paid
        ]
        number = len(self.keys) + 1
        self.keys += self.desk.book(
            inspection(number, line_items=_lines(named, more), payments=payments, confirmed=confirmed)
        )

    @precondition(lambda self: self.keys)
    @rule(number=which, what=st.sampled_from(("confirmed", "canceled", "deleted")), yes=st.booleans())
    def decide(self, number, what, yes) -> None:
        self.desk.change(self._one(number), **{what: yes})

    @precondition(lambda self: self.keys)
    @rule(number=which, named=services, more=extras)
    def change_fees(self, number, named, more) -> None:
        self.desk.change(self._one(number), line_items=_lines(named, more))

    @precondition(lambda self: self.keys)
    @rule(number=which, days=st.integers(-2, 5))
    def reschedule(self, number, days) -> None:
        self.desk.change(self._one(number), datetime=(datetime.now(UTC) + timedelta(days=days)).isoformat())

    @precondition(lambda self: self.keys)
    @rule(number=which, client=st.integers(1, 3))
    def change_client(self, number, client) -> None:
        buyer = {"ref": f"c{client}", "first_name": "Luis", "last_name": f"Vega {client}"}
        self.desk.change(self._one(number), buyer={**buyer, "email": f"luis{client}@client.example"})

    @precondition(lambda self: self.keys)
    @rule(number=which, amount=dollars, method=st.sampled_from(("card", "ach", "cash", "other")))
    def pay(self, number, amount, method) -> None:
        path = f"/_standin/inspections/{self._one(number)}/payments"
        self.desk.platform.post(path, {"amount": amount, "method": method})

    @precondition(lambda self: self.keys)
    @rule(number=which, how=st.sampled_from(("void", "stand", "refund", "refund half")))
    def change_payment(self, number, how) -> None:
        path = f"/_standin/inspections/{self._one(number)}"
        payments = self.desk.platform.get(path)["payments"]
        if not payments:
            return
        paid = payments[number % len(payments)]
        values = {
            "void": {"voided_at": datetime.now(UTC).isoformat()},
            "stand": {"voided_at": None, "refunded_amount": "0.00"},
            "refund": {"refunded_amount": paid["amount"]},
            "refund half": {"refunded_amount": f"{int(float(paid['amount']) * 50) / 100:.2f}"},
        }
        self.desk.platform.request("PATCH", f"{path}/payments/{paid['id']}", json=values[how])

    @rule(name=st.sampled_from(AT_SEA), when=st.sampled_from(("before", "after")), entity=places)
    def break_a_call(self, name, when, entity) -> None:
        self.desk.break_calls({**FAULTS[name], "when": when, "operation": "batch", "entity": entity})

    @rule(passes=st.booleans())
    def sync(self, passes) -> None:
        if passes:
            self.desk.let_time_pass()
        self.desk.shop.redis.delete(f"qbo:{{company-{self.desk.id}}}:paused")
        self.desk.run()

    def teardown(self) -> None:
        """In the end all is quiet, and everything is where it should be."""
        self.desk.mend_calls()
        self.desk.sync_until_quiet()
        self.desk.assert_exact()


def _tell(shop: Shop, examples: int) -> None:
    story: Callable[[], Story] = type("Told", (Story,), {"shop": shop})
    run_state_machine_as_test(
        story,
        settings=settings(
            max_examples=int(EXAMPLES or examples),
            stateful_step_count=STEPS,
            derandomize=not EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )


@pytest.mark.timeout(600)
def test_after_any_story_the_books_are_exact(shop: Shop):
    _tell(shop, 15)


@pytest.mark.timeout(600)
def test_after_any_story_the_books_are_exact_on_postgresql(outside, postgres_url: str):
    platform, intuit, valkey = outside
    _tell(Shop(postgres_url, valkey.url, platform, intuit), 3)


def test_what_waits_while_the_rest_goes_on_is_written_on_postgresql_too(outside, postgres_url: str):
    """A prepayment of a closed month waits, and its row counts the failure: PostgreSQL adds no truth to a number, as SQLite does."""
    platform, intuit, valkey = outside
    desk = Shop(postgres_url, valkey.url, platform, intuit).open()
    closed = {"AccountingInfoPrefs": {"BookCloseDate": (date.today() - timedelta(days=20)).isoformat()}}
    intuit.post(f"/_standin/realms/{desk.realm_id}/preferences", closed)
    desk.run("check")
    days_ago = [datetime.now(UTC) - timedelta(days=days) for days in (40, 0)]
    payments = [
        {"amount": amount, "method": "card", "received_at": at.isoformat(), "reference": amount}
        for amount, at in zip(("200.00", "375.00"), days_ago, strict=True)
    ]
    desk.book(inspection(1, payments=payments))
    assert desk.run()["state"] == "done"
    assert [one["TotalAmt"] for one in desk.books()["Payment"]] == [375]
