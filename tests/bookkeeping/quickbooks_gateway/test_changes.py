"""Change data capture from a scripted server: what changed, what was deleted, and when the answer is not all of it."""

import json
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from bookkeeping.errors import PermanentError, TemporaryError
from tests.bookkeeping.quickbooks_gateway.conftest import NOW
from tests.bookkeeping.quickbooks_gateway.scripted import Asked, Reply

SINCE = NOW - timedelta(days=3)
TIME = "2026-03-02T09:00:00.500-08:00"


def row(number, minute=0, **more):
    return {
        "Id": str(number),
        "MetaData": {"LastUpdatedTime": (SINCE + timedelta(minutes=minute)).isoformat()},
        **more,
    }


class Books:
    """Answers as the endpoints do: at most `cap` changed objects, oldest or newest first; a query shows the living."""

    def __init__(self, objects: dict[str, list[dict]], *, newest_first: bool = False, cap: int = 1000):
        self.objects, self.newest_first, self.cap = objects, newest_first, cap

    def __call__(self, asked: Asked) -> Reply:
        target = urlsplit(asked.target)
        content = (
            self._query(asked.body.decode())
            if target.path.endswith("/query")
            else self._changes(target.query)
        )
        return Reply(200, json.dumps({**content, "time": TIME}))

    def _changes(self, query: str) -> dict:
        asked = parse_qs(query)
        since = datetime.fromisoformat(asked["changedSince"][0])
        names = asked["entities"][0].split(",")
        found = [(name, each) for name in names for each in self.objects[name] if _changed(each) >= since]
        found.sort(key=lambda pair: _changed(pair[1]), reverse=self.newest_first)
        kept = found[: self.cap]
        blocks = [
            {name: rows} if (rows := [each for of, each in kept if of == name]) else {} for name in names
        ]
        return {"CDCResponse": [{"QueryResponse": blocks}]}

    def _query(self, statement: str) -> dict:
        found = re.fullmatch(
            r"SELECT \* FROM (\w+) WHERE (?:.* )?MetaData.LastUpdatedTime >= '([^']+)'.*"
            r" ORDERBY Id STARTPOSITION (\d+) MAXRESULTS (\d+)",
            statement,
        )
        entity, since, start, size = found.groups()
        living = [
            each
            for each in self.objects[entity]
            if "status" not in each and _changed(each) >= datetime.fromisoformat(since)
        ]
        page = living[int(start) - 1 : int(start) - 1 + int(size)]
        return {"QueryResponse": {entity: page} if page else {}}


def _changed(each: dict) -> datetime:
    return datetime.fromisoformat(each["MetaData"]["LastUpdatedTime"])


def ids(rows):
    return sorted(int(each["Id"]) for each in rows)


def test_changes_come_by_entity_with_deletions_and_the_servers_clock(connected, scripted):
    books = {"Invoice": [row(1), row(2, status="Deleted")], "Payment": [row(9)], "Customer": []}
    scripted.always = Books(books)
    found = connected.gateway.changes(["Invoice", "Payment", "Customer"], SINCE)
    assert {name: ids(rows) for name, rows in found.by_entity.items()} == {
        "Invoice": [1, 2],
        "Payment": [9],
        "Customer": [],
    }
    assert [each.get("status") for each in found.by_entity["Invoice"]] == [None, "Deleted"]
    assert not found.truncated
    assert found.server_time == datetime(2026, 3, 2, 17, 0, 0, 500000, tzinfo=UTC)
    assert len(scripted.asked) == 1


def test_the_moment_is_asked_for_with_its_offset(connected, scripted):
    scripted.always = Books({"Invoice": []})
    connected.gateway.changes(["Invoice"], SINCE)
    assert parse_qs(urlsplit(scripted.asked[0].target).query)["changedSince"] == ["2026-02-27T17:00:00+00:00"]


def test_a_full_answer_is_asked_for_entity_by_entity(connected, scripted):
    scripted.always = Books(
        {"Invoice": [row(n, n) for n in range(700)], "Payment": [row(n, n) for n in range(600)]}
    )
    found = connected.gateway.changes(["Invoice", "Payment"], SINCE)
    assert ids(found.by_entity["Invoice"]) == list(range(700))
    assert ids(found.by_entity["Payment"]) == list(range(600))
    assert not found.truncated


@pytest.mark.parametrize("newest_first", [True, False])
def test_more_than_one_entity_can_tell_at_once_loses_no_living_row_and_says_so(
    connected, scripted, newest_first
):
    rows = [row(n, n) for n in range(2500)]
    scripted.always = Books({"Invoice": rows, "Payment": [row(1)]}, newest_first=newest_first)
    found = connected.gateway.changes(["Invoice", "Payment"], SINCE)
    assert ids(found.by_entity["Invoice"]) == list(range(2500))
    assert found.truncated


def test_a_thousand_changes_in_one_moment_end_the_walk(connected, scripted):
    scripted.always = Books({"Invoice": [row(n) for n in range(1500)]})
    found = connected.gateway.changes(["Invoice"], SINCE)
    assert ids(found.by_entity["Invoice"]) == list(range(1500))
    assert found.truncated


def test_deletions_late_in_a_long_list_are_found(connected, scripted):
    rows = [row(n, n) for n in range(1800)] + [row(9999, 1900, status="Deleted")]
    scripted.always = Books({"Invoice": rows})
    found = connected.gateway.changes(["Invoice"], SINCE)
    assert "Deleted" in [each.get("status") for each in found.by_entity["Invoice"]]


def test_further_back_than_quickbooks_remembers_is_refused_without_a_call(connected, scripted):
    with pytest.raises(PermanentError) as caught:
        connected.gateway.changes(["Invoice"], NOW - timedelta(days=30))
    assert caught.value.code == "changes-too-old"
    assert scripted.asked == []


def test_an_unknown_form_is_a_passing_failure(connected, scripted):
    scripted.say(200, {"CDCResponse": [{"Something": []}], "time": TIME})
    with pytest.raises(TemporaryError):
        connected.gateway.changes(["Invoice"], SINCE)
