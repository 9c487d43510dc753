"""How operations and runs read in the log: a sentence for every outcome, kind and state."""

from datetime import UTC, datetime, timedelta

import pytest

from bookkeeping.storage.work.journal import Operation
from bookkeeping.storage.work.runs import Run
from tests.webapp.records import operation_row
from webapp.sync_log.words import operation_title, run_calls, run_counts, run_length, run_title

NOON = datetime(2026, 3, 2, 19, tzinfo=UTC)
WHOSE = " · $425.00 · Ann O'Neil · 12 Oak St"


@pytest.mark.parametrize(
    ("outcome", "action", "said"),
    [
        ("created", "create", "Invoice SP-1042 created"),
        ("updated", "update", "Invoice SP-1042 updated"),
        ("deleted", "delete", "Invoice SP-1042 deleted"),
        ("refused", "update", "Invoice SP-1042 not updated: QuickBooks refused"),
        ("waiting", "create", "Invoice SP-1042 waits to be created"),
        ("unknown", "delete", "Invoice SP-1042: no answer whether it was deleted"),
        ("drift", "update", "Invoice SP-1042 not updated: changed in QuickBooks"),
        ("planned", "create", "Invoice SP-1042 is about to be created"),
    ],
)
def test_every_outcome_has_its_sentence(outcome, action, said):
    assert operation_title(operation_row(1, "1042", outcome, action=action)) == said + WHOSE


@pytest.mark.parametrize(
    ("kind", "outcome", "action", "said"),
    [
        ("Payment", "created", "create", "$425.00 from Ann O'Neil received · 12 Oak St"),
        (
            "Payment",
            "waiting",
            "create",
            "Payment of $425.00 from Ann O'Neil waits to be created · 12 Oak St",
        ),
        ("Payment", "deleted", "delete", "Payment of $425.00 from Ann O'Neil deleted · 12 Oak St"),
        ("RefundReceipt", "created", "create", "$425.00 to Ann O'Neil given back · 12 Oak St"),
        (
            "RefundReceipt",
            "refused",
            "update",
            "Refund of $425.00 to Ann O'Neil not updated: QuickBooks refused · 12 Oak St",
        ),
    ],
)
def test_money_is_named_by_how_much_and_whose_it_is(kind, outcome, action, said):
    row = operation_row(1, "1042", outcome, action=action, kind=kind, doc_number="ach_fe0193")
    assert operation_title(row) == said


def test_a_customer_is_named_once_and_a_method_in_words():
    customer = operation_row(1, "1042", "created", kind="Customer", doc_number="Ann O'Neil", amount=None)
    assert operation_title(customer) == "Customer Ann O'Neil created · 12 Oak St"
    method = Operation(kind="PaymentMethod", action="create", outcome="created", doc_number="ACH", subject="")
    assert operation_title(method) == "Payment method ACH created"


@pytest.mark.parametrize(
    ("kind", "reason", "asked_by", "said"),
    [
        ("nightly", "nightly", "", "Nightly sync"),
        ("sync", "scheduled", "", "Sync, scheduled"),
        ("sync", "by a person", "Ann", "Sync, asked for by Ann"),
        ("odd", "", "", "Odd"),
        ("practice", "", "", "Practice run, nothing sent"),
    ],
)
def test_a_run_says_what_it_is_and_why(kind, reason, asked_by, said):
    assert run_title(Run(kind=kind, reason=reason, asked_by=asked_by)) == said


@pytest.mark.parametrize(
    ("kind", "state", "counts", "said"),
    [
        ("sync", "done", {"deleted": 1, "created": 1200}, "1,200 created, 1 deleted"),
        ("sync", "queued", {}, "Waiting for its turn"),
        ("sync", "running", {}, "Comparing"),
        ("sync", "failed", {}, "Not finished"),
        ("sync", "done", {}, "Nothing to do"),
        ("lists", "done", {}, "Read"),
        ("sign-in", "done", {}, "It does"),
        ("practice", "done", {}, "Worked out"),
    ],
)
def test_a_run_says_what_it_came_to(kind, state, counts, said):
    phase = "Comparing" if state == "running" else ""
    assert run_counts(Run(kind=kind, state=state, counts=counts, phase=phase)) == said


def test_a_run_says_how_long_it_took_once_it_is_over():
    run = Run(started_at=NOON, finished_at=NOON + timedelta(seconds=8), calls=1)
    assert (run_length(run), run_calls(run)) == ("8 s", "1 QuickBooks call")
    assert run_length(Run(started_at=NOON, finished_at=None)) == ""
    assert run_calls(Run(calls=3)) == "3 QuickBooks calls"
