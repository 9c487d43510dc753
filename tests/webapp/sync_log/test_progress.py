"""How far a run is: numbers, time left, what was written so far, and the sentence at its end."""

from datetime import timedelta

import pytest

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.work.runs import Run
from bookkeeping.storage.work.undos import remember
from webapp.sync_log.progress import is_open, progress_of, result_sentence, written_by


def _run(house, records, operations=(), **values) -> Run:
    run_id = records.run(**{"counts": {}, "calls": 0, "finished_at": None, **values})
    for number, (kind, outcome) in enumerate(operations):
        records.operation(str(number), outcome, kind=kind, run_id=run_id)
    return db.session.get_one(Run, run_id)


@pytest.fixture
def asked(house, records):
    """Return (a function of) a run's progress."""

    def ask(what, *operations, **values):
        with house.app.app_context():
            return what(_run(house, records, operations, **values))

    return ask


@pytest.mark.parametrize(
    ("state", "opened"), [("queued", True), ("running", True), ("done", False), ("failed", False)]
)
def test_a_run_is_open_until_it_has_ended(state, opened):
    assert is_open(Run(state=state)) is opened
    assert is_open(None) is False


def test_a_run_half_through_says_so_and_how_long_it_will_take(asked):
    began = utcnow() - timedelta(seconds=40)
    made = [("Invoice", "created"), ("Invoice", "updated"), ("Customer", "created"), ("Payment", "refused")]
    found = asked(progress_of, *made, state="running", done=50, total=100, started_at=began, calls=1200)
    assert (found.finished, found.failed, found.numbers) == (False, False, "50 of 100")
    assert found.left.startswith("about 4") and found.left.endswith("s left")
    assert found.counts == "1 customer, 2 invoices so far · QuickBooks calls: 1,200"
    assert found.phase == "Starting"


def test_once_the_documents_are_known_they_are_what_is_counted(asked):
    began = utcnow() - timedelta(seconds=60)
    lately = [("Invoice", "created")] * 24 + [("Payment", "updated")] * 2 + [("Payment", "planned")] * 3
    found = asked(progress_of, *lately, state="running", done=0, total=40, to_write=72, started_at=began)
    assert (found.numbers, found.done, found.total) == ("26 of 72 written", 26, 72)
    assert found.left.startswith("about ") and found.left.endswith(" left")
    refused = [("Invoice", "created"), ("Invoice", "refused"), ("Customer", "created")]
    found = asked(progress_of, *refused, state="running", to_write=2, started_at=began)
    assert (found.numbers, found.done, found.left) == ("1 of 2 written, 1 refused", 2, "")


def test_no_time_is_told_before_a_document_is_settled(asked):
    """The minute of reading the platform says nothing about how long writing takes."""
    began = utcnow() - timedelta(seconds=60)
    found = asked(progress_of, ("Invoice", "planned"), state="running", to_write=72, started_at=began)
    assert (found.numbers, found.left) == ("0 of 72 written", "")


def test_before_anything_is_known_nothing_is_claimed(asked):
    found = asked(progress_of, state="queued", started_at=None)
    assert (found.numbers, found.left, found.counts, found.phase) == ("", "", "", "About to begin")
    found = asked(progress_of, state="queued", started_at=None, queued_at=utcnow() - timedelta(minutes=2))
    assert found.phase == "Waiting for its turn"


def test_what_can_still_be_undone_is_said_to_begin_afterwards(asked, house, company):
    with house.writing():
        remember(company, "ann", "restore", holds=True)
        db.session.commit()
    found = asked(progress_of, state="queued", started_at=None)
    assert found.phase == "Begins within half a minute. Nothing is sent while it can be undone"


def test_more_done_than_was_thought_is_not_more_than_all(asked):
    found = asked(progress_of, state="running", done=12, total=10, phase="Comparing")
    assert (found.total, found.numbers, found.left, found.phase) == (12, "12 of 12", "", "Comparing")


def test_items_and_refusals_are_not_counted_as_written(asked):
    made = [("Item", "created"), ("Payment", "created"), ("Payment", "deleted"), ("Invoice", "unknown")]
    assert asked(written_by, *made) == {"Payment": 2}


@pytest.mark.parametrize(
    ("values", "operations", "tone", "said"),
    [
        ({}, [], "success", "Done. Nothing had to be sent to QuickBooks."),
        ({}, [("Invoice", "created")], "success", "Done. 1 invoice is in QuickBooks."),
        (
            {"counts": {"refused": 2}},
            [("Payment", "created"), ("Payment", "created")],
            "warning",
            "Done. 2 payments are in QuickBooks. 2 writes were refused: see Needs you.",
        ),
        (
            {"counts": {"refused": 1}},
            [],
            "warning",
            "Done. Nothing had to be sent to QuickBooks. 1 write was refused: see Needs you.",
        ),
    ],
)
def test_the_end_of_a_run_says_what_was_written(asked, values, operations, tone, said):
    assert asked(result_sentence, *operations, **values) == (tone, said)


def test_a_run_that_failed_says_why_and_what_to_do_and_what_was_written_before(asked):
    tone, said = asked(result_sentence, ("Invoice", "created"), state="failed", error_code="qbo-6190")
    assert tone == "warning" and said.startswith("The sync was not finished: ")
    assert said.endswith("Written before that: 1 invoice.")
