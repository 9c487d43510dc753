"""The contract of every source, one table over all kinds: nothing is lost, nothing is made up, and the cursor is the source's own.

A reader knows no kind from another, so no test here does; `worlds` makes the company. What is said of a new kind is said by a line in WORLDS.
"""

import json
from contextlib import ExitStack
from datetime import timedelta

import pytest

from bookkeeping.errors import FeedRefusedError, FeedUnavailableError, RuleError
from bookkeeping.sources.opening import KINDS
from tests.bookkeeping.inspection_source.worlds import NAME, WORLDS, World

MANY = 120


@pytest.fixture
def make_world(request, platform):
    """Make a company of a kind; of one that keeps rows of ours in an app context, and a database is only made for those."""
    with ExitStack() as open_while:
        house = None

        def make(kind: str) -> World:
            nonlocal house
            if WORLDS[kind].keeps_rows and house is None:
                house = request.getfixturevalue("house")
                open_while.enter_context(house.app.app_context())
            return WORLDS[kind](platform, house)

        yield make


@pytest.fixture(params=sorted(WORLDS))
def world(request, make_world):
    """A company of each kind in turn."""
    return make_world(request.param)


def kinds(**what: bool):
    """Take only the kinds of which this is so."""
    [(name, value)] = what.items()
    chosen = sorted(kind for kind, world in WORLDS.items() if getattr(world, name) is value)
    return pytest.mark.parametrize("world", chosen, indirect=True)


def keys(pages) -> list[str]:
    return [one.key for page in pages for one in page.inspections]


def test_every_kind_that_can_be_opened_keeps_the_contract():
    assert {world.kind for world in WORLDS.values()} == set(KINDS)


def test_the_company_is_told(world: World):
    said = world.source().company()
    assert (said.name, said.us_based, said.time_zone) == (NAME, True, "America/Denver")


def test_an_inspection_is_told_in_our_words_whatever_it_comes_from(world: World):
    [key] = world.book()
    world.pay(key, "100.00")
    world.read()
    one = world.kept[key]
    assert (one.client.name, one.client.email, one.address.line1) == (
        "Ada Reyes",
        "ada@example.com",
        "12 Oak St",
    )
    assert [(line.name, f"{line.amount:.2f}", line.kind) for line in one.lines] == [
        ("Home inspection", "425.00", "service")
    ]
    assert [(f"{paid.amount:.2f}", paid.method) for paid in one.payments] == [("100.00", "card")]
    assert one.confirmed_at and one.canceled_at is one.deleted_at is None
    for moment in (one.starts_at, one.created_at, one.updated_at, one.payments[0].received_at):
        assert moment.utcoffset() == timedelta(0), "Moments are UTC."


def test_without_a_cursor_all_comes_in_pages_and_each_inspection_is_there(world: World):
    booked = world.book(MANY)
    pages = world.read()
    assert len(pages) > 1 and sorted(world.kept) == sorted(booked)
    assert isinstance(world.cursor, str) and json.loads(json.dumps(world.cursor)) == world.cursor


def test_reading_that_breaks_off_goes_on_without_losing_anything(world: World):
    booked = world.book(MANY)
    world.read(pages=1)
    assert 0 < len(world.kept) < MANY
    world.read()
    assert sorted(world.kept) == sorted(booked)


def test_what_did_not_change_is_the_same_when_it_comes_again(world: World):
    world.book(3)
    world.read()
    before = {key: (one.content_hash(), one.updated_at) for key, one in world.kept.items()}
    for everything in (False, True):
        with world.later():
            world.read(everything=everything)
        assert {key: (one.content_hash(), one.updated_at) for key, one in world.kept.items()} == before


CHANGES = {
    "a fee": (lambda world, key: world.charge(key, "480.00"), lambda one: f"{one.total:.2f}" == "480.00"),
    "a payment": (lambda world, key: world.pay(key, "50.00"), lambda one: len(one.payments) == 1),
    "a cancellation": (lambda world, key: world.cancel(key), lambda one: one.canceled_at is not None),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_each_change_comes_and_of_no_other_inspection(world: World, kind):
    make, is_told = CHANGES[kind]
    changed, same = world.book(2)
    world.read()
    before = dict(world.kept)
    make(world, changed)
    world.read()
    assert is_told(world.kept[changed]) and world.kept[changed].updated_at >= before[changed].updated_at
    assert world.kept[changed].created_at == before[changed].created_at
    assert world.kept[same].content_hash() == before[same].content_hash()


def test_a_new_inspection_comes_with_the_next_reading(world: World):
    world.book()
    world.read()
    [key] = world.book()
    assert key in keys(world.read())


def test_a_deleted_inspection_comes_as_deleted_and_no_other_does(world: World):
    gone, stays = world.book(2)
    world.read()
    world.delete(gone)
    world.read()
    with world.later():
        world.read()
    assert world.kept[gone].deleted_at is not None and world.kept[stays].deleted_at is None
    assert world.kept[gone].total == 425, "What it was is still known."


def test_what_cannot_be_read_stops_nothing_and_comes_once_it_can(world: World):
    spoiled, good = world.book(2)
    world.spoil(spoiled)
    world.read()
    assert set(world.kept) >= {good} and world.bad[spoiled].reason.endswith(".")
    with pytest.raises(RuleError) as caught:
        world.source().one(spoiled)
    assert caught.value.code == "bad-record"
    with world.later():
        world.read()
    assert world.bad.keys() == {spoiled}, "It is not taken for deleted meanwhile."
    world.mend(spoiled)
    world.read()
    assert spoiled in world.kept and world.bad == {}


def test_reading_all_again_tells_all_and_takes_no_cursor_back(world: World):
    booked = world.book(2)
    world.read()
    reached = world.cursor
    pages = list(world.source().changed(reached, everything=True))
    assert sorted(keys(pages)) == sorted(booked)
    world.cursor = pages[-1].cursor
    [key] = world.book()
    world.charge(booked[0], "1.00")
    world.read()
    assert key in world.kept and world.kept[booked[0]].total == 1


def test_one_is_as_it_was_read_and_none_is_nothing(world: World):
    [key] = world.book()
    world.read()
    assert world.source().one(key).content_hash() == world.kept[key].content_hash()
    for unknown in ("999999", "../company", "no such key?", "é"):
        assert world.source().one(unknown) is None


def test_what_it_says_has_to_come_does_come(world: World):
    world.book(3)
    world.read()
    for everything in (False, True):
        reach = world.source().reach(world.cursor, everything=everything)
        came = set(keys(world.source().changed(world.cursor, everything=everything)))
        for one in world.kept.values() if reach else ():
            if reach.changed_since and one.updated_at < reach.changed_since:
                continue
            if reach.starts and not reach.starts[0] <= one.starts_at < reach.starts[1]:
                continue
            assert one.key in came


def test_another_companys_inspections_do_not_come(world: World, make_world):
    other = make_world(world.manner or world.kind)
    [theirs] = other.book()
    other.charge(theirs, "1.00")
    mine = world.book(2)
    world.read()
    assert sorted(world.kept) == sorted(mine) and {one.total for one in world.kept.values()} == {425}


@kinds(numbered=True)
def test_a_number_for_people_is_told_where_there_are_any(world: World):
    key = world.number("B-7")
    world.read()
    assert world.kept[key].number == "B-7"


@pytest.mark.parametrize(("state", "error"), [("revoked", FeedRefusedError), ("forbidden", FeedRefusedError)])
@kinds(has_key=True)
def test_a_dead_key_is_refused_and_nothing_else_happens(world: World, state, error):
    [key] = world.book()
    world.read()
    world.platform.post(f"/_standin/companies/{world.id}/keys/state", {"state": state})
    source = world.source()
    for ask in (source.company, lambda: list(source.changed(world.cursor)), lambda: source.one(key)):
        with pytest.raises(error):
            ask()


@pytest.mark.parametrize("kind", ["429", "503", "cut", "truncated", "html"])
@kinds(has_key=True)
def test_a_platform_in_trouble_is_asked_again_later_and_the_cursor_stays(world: World, kind):
    world.book()
    world.read()
    before = world.cursor
    world.platform.post("/_standin/faults", {"kind": kind, "path": "/", "company_id": int(world.id)})
    with pytest.raises(FeedUnavailableError):
        world.read()
    assert world.cursor == before
    world.read()
