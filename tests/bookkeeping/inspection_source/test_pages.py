"""A platform by numbered pages: it holds still or is read again, what is missing is asked for twice, and what is not such a platform is refused."""

import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine

from bookkeeping.errors import FeedForeignError, FeedOtherCompanyError, FeedUnavailableError
from bookkeeping.inspection_source.pages import WALKS, Pages
from bookkeeping.storage.base import utcnow
from tests.bookkeeping.inspection_source.factories import (
    BUYER,
    LINE,
    PAYMENT,
    Answer,
    included,
    record,
    serve,
)
from tests.bookkeeping.inspection_source.worlds import PagesWorld, World

pytestmark = pytest.mark.outside  # Each starts the server whose answers it wants.


def listed(*rows, page=1, pages=1, total=None, **more):
    """Return a page of the resource."""
    counts = {"page": page, "pages": pages, "total": len(rows) if total is None else total}
    return Answer({"data": list(rows), "included": included(), "meta": {"pagination": counts}, **more})


def told(key="1", **attributes):
    """Return an inspection as such a platform tells it."""
    one = record(key, **attributes)
    for name in ("updated_at", "deleted_at"):
        one["attributes"].pop(name, None)
    del one["relationships"]["payments"]
    return one


def paid(key="p1", of="1"):
    whose = {"inspection": {"data": {"type": "inspection", "id": of}}}
    return {"type": "payment", "id": key, "attributes": PAYMENT, "relationships": whose}


def server(*lists, payments=None):
    """Answer the lists of inspections in turn, the last one for ever."""
    waiting = list(lists)

    def answer(path):
        if "/payments" in path:
            return payments or listed()
        if "/inspections?" not in path:
            return Answer({"errors": []}, status=404)
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    return serve(answer)


def read(url, world=None, **options):
    world = world or World()
    world.source = lambda: Pages(url, "key", world, **options)
    world.read()
    return world


def test_the_question_names_the_window_the_page_and_what_belongs_to_it():
    with server(listed(told())) as there:
        world = read(there.url)
        world.source = lambda: Pages(there.url, "key", world, days_back=10, days_ahead=20)
        with time_machine.travel("2026-03-05T12:00:00Z"):
            world.read()
    first, money, *_ = (urlsplit(path) for path, _ in there.requests)
    assert parse_qs(first.query) == {
        "sort": ["id"], "page[number]": ["1"], "page[size]": ["50"], "include": ["buyer,line_items"]
    }, "Without a cursor all there is."  # fmt: skip
    assert money.path == "/v2/payments" and parse_qs(money.query)["filter[inspection_id]"] == ["1"]
    later = parse_qs(urlsplit(there.requests[2][0]).query)
    assert later["filter[starts_from]"] == ["2026-02-23T12:00:00Z"]
    assert later["filter[starts_until]"] == ["2026-03-25T12:00:00Z"]


def test_payments_come_from_their_own_resource():
    with server(listed(told()), payments=listed(paid(), paid("p2"))) as there:
        one = read(there.url).kept["1"]
    assert [payment.key for payment in one.payments] == ["p1", "p2"] and one.lines[0].name == LINE["name"]
    assert one.client.first_name == BUYER["first_name"]


def test_a_list_that_moves_while_it_is_read_is_read_again():
    moved = (listed(told("1"), page=1, pages=2, total=2), listed(page=2, pages=2, total=2))
    whole = (listed(told("1"), page=1, pages=2, total=2), listed(told("2"), page=2, pages=2, total=2))
    with server(*moved, *whole) as there:
        assert sorted(read(there.url).kept) == ["1", "2"]
    with (
        server(*moved * WALKS) as there,
        pytest.raises(FeedUnavailableError, match="moved while they were read"),
    ):
        read(there.url)


FOREIGN = {
    "no counts": Answer({"data": []}),
    "counts in words": listed(told(), total="many"),
    "another page": listed(told(), page=2, pages=2),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_does_not_count_its_pages_is_no_such_platform(kind):
    with server(FOREIGN[kind]) as there, pytest.raises(FeedForeignError):
        read(there.url)


def test_a_payment_of_nobody_and_payments_that_do_not_add_up_are_refused():
    nobodys = {**paid(), "relationships": {}}
    with server(listed(told()), payments=listed(nobodys)) as there, pytest.raises(FeedForeignError):
        read(there.url)
    with (
        server(listed(told()), payments=listed(paid(), total=2)) as there,
        pytest.raises(FeedUnavailableError, match="counts 2 payments and showed 1"),
    ):
        read(there.url)


@pytest.mark.parametrize("answer", [Answer({"data": {}}), Answer({"data": None}), Answer([])])
def test_nonsense_is_asked_again_later(answer):
    with server(answer) as there, pytest.raises(FeedUnavailableError):
        read(there.url)


def test_what_is_missing_once_stays_and_what_moved_out_of_the_window_is_followed(platform):
    world = PagesWorld(platform, None)
    gone, moved, _ = world.book(3)
    world.read()
    world.delete(gone)
    world._change(moved, datetime=(utcnow() + timedelta(days=900)).isoformat())
    world.read()
    assert world.kept[gone].deleted_at is None and list(json.loads(world.cursor)["missing"]) == [gone]
    assert world.kept[moved].starts_at > utcnow() + timedelta(days=800)
    world.read()
    assert world.kept[gone].deleted_at is None, "Twice within the overlap is once."
    with world.later():
        world.read()
    assert world.kept[gone].deleted_at is not None and json.loads(world.cursor)["missing"] == {}
    world._change(gone, deleted=False)
    world.read()
    assert world.kept[gone].deleted_at is None, "Listed again, it is there again."


def test_a_list_without_anything_that_we_know_deletes_nothing(platform):
    world = PagesWorld(platform, None)
    booked = world.book(2)
    world.read()
    other = PagesWorld(platform, None)
    other.book()
    mine = world.key
    for key, error, says in (
        (other.key, FeedOtherCompanyError, "we know none"),
        (PagesWorld(platform, None).key, FeedUnavailableError, "no inspection at all"),
    ):
        world.key = key
        with pytest.raises(error, match=says):
            list(world.source().changed(world.cursor))
    world.key = mine
    world.read()
    assert all(world.kept[key].deleted_at is None for key in booked)
