"""Which windows change data capture is asked for, and what an answer of an unknown form is: the endpoint is a function here."""

from datetime import UTC, datetime, timedelta

import pytest

from bookkeeping.errors import PermanentError, TemporaryError
from bookkeeping.quickbooks_gateway.changes import CAP, LOOK_BACK, changed_at, collect, moment

NOW = datetime(2026, 3, 2, 19, tzinfo=UTC)
SINCE = NOW - timedelta(days=3)


def _row(number: int, minutes: int = 0) -> dict:
    at = (SINCE + timedelta(minutes=minutes)).isoformat()
    return {"Id": str(number), "MetaData": {"LastUpdatedTime": at}}


def _answer(**rows) -> dict:
    return {"time": "2026-03-02T11:00:00-08:00", "CDCResponse": [{"QueryResponse": [rows]}]}


def _nothing(*_):
    pytest.fail("Nothing is to be queried.")


def test_one_answer_that_is_not_full_is_all_there_is():
    asked = []

    def capture(entities, since):
        asked.append((entities, since))
        return _answer(Invoice=[_row(1), {"Id": "1", "status": "Deleted"}], startPosition=1)

    found = collect(capture, _nothing, ["Invoice", "Payment"], SINCE, NOW)
    assert asked == [("Invoice,Payment", "2026-02-27T19:00:00+00:00")]
    assert found.by_entity == {"Invoice": [{"Id": "1", "status": "Deleted"}], "Payment": []}
    assert (found.truncated, found.server_time) == (False, NOW)


def test_a_full_answer_is_asked_for_entity_by_entity_and_from_the_latest_on():
    asked = []

    def capture(entities, since):
        asked.append(entities)
        if entities == "Payment":
            return _answer(Payment=[_row(7)])
        first = asked.count("Invoice") <= 1
        return _answer(Invoice=[_row(n, n) for n in range(CAP)] if first else [_row(CAP, CAP)])

    def query(entity, where):
        assert (entity, where) == ("Invoice", "MetaData.LastUpdatedTime >= '2026-02-27T19:00:00+00:00'")
        yield _row(5000)

    found = collect(capture, query, ["Invoice", "Payment"], SINCE, NOW)
    assert asked == ["Invoice,Payment", "Invoice", "Invoice", "Payment"]
    assert len(found.by_entity["Invoice"]) == CAP + 2
    assert (found.truncated, [row["Id"] for row in found.by_entity["Payment"]]) == (True, ["7"])


def test_further_back_than_quickbooks_remembers_nothing_is_asked():
    with pytest.raises(PermanentError) as refused:
        collect(_nothing, _nothing, ["Invoice"], NOW - LOOK_BACK, NOW)
    assert refused.value.code == "changes-too-old"


@pytest.mark.parametrize(
    "content", [{}, {"time": "soon", "CDCResponse": []}, {"time": NOW.isoformat(), "CDCResponse": 7}]
)
def test_an_answer_of_an_unknown_form_is_tried_again_later(content):
    with pytest.raises(TemporaryError, match="unknown form"):
        collect(lambda *_: content, _nothing, ["Invoice"], SINCE, NOW)


def test_quickbooks_times_are_told_in_utc():
    assert moment("2026-03-02T11:00:00-08:00") == NOW
    assert changed_at(_row(1, 5)) == SINCE + timedelta(minutes=5)
    assert changed_at({"Id": "1"}) is None
