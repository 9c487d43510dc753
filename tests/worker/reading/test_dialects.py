"""Platforms that read the feed's questions otherwise, through the real poll: nothing is lost in silence, and the cursor stays.

The stand-in speaks each dialect. With few rows some of them differ in nothing that matters: then all is read, and nothing is said.
"""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bookkeeping.errors import FeedForeignError
from bookkeeping.faults import fault
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.inspections import InspectionRow
from tests.functional.office import inspection
from tests.harness.in_process import Desk
from worker.reading.poll import full_poll, poll

MORE_THAN_A_PAGE = 150


def _book(desk: Desk, count: int, *, hours: float = 5) -> list[str]:
    """Book so many inspections that changed that long ago, one second after the other; return their keys."""
    first = utcnow() - timedelta(hours=hours)
    stamps = [(first + timedelta(seconds=number)).isoformat() for number in range(count)]
    return desk.book(*(inspection(number + 1, updated_at=at) for number, at in enumerate(stamps)))


def _speak(desk: Desk, dialect: str) -> None:
    desk.platform.post(f"/_standin/companies/{desk.platform_id}/dialect", {"dialect": dialect})


def _mirrored(desk: Desk) -> set[str]:
    with desk.shop.app.app_context():
        return set(db.session.scalars(select(InspectionRow.key).where(InspectionRow.company_id == desk.id)))


def _feed(desk: Desk) -> tuple[str, datetime | None]:
    with desk.shop.app.app_context():
        company = db.session.get_one(Company, desk.id)
        return company.feed_state, company.source_cursor


def _refused(desk: Desk, step: Any) -> str:
    """Poll, which must say that this is not our feed; return the detail."""
    with pytest.raises(FeedForeignError) as caught:
        desk.do(step)
    assert (_feed(desk)[0], caught.value.code) == ("foreign", "feed-foreign")
    assert fault("feed-foreign").title == "The inspection platform answers in another form than agreed"
    return caught.value.detail


@pytest.mark.parametrize(
    ("dialect", "said"),
    [
        ("page-number", f"there are {MORE_THAN_A_PAGE} inspections, names no next page, and gave 100"),
        ("page-number-silent", "A full page of 100 names no next page, and neither does one of 99"),
        ("newest-first", "the rows do not come with the oldest change first"),
        ("refuses-parameters", "answered 400"),
    ],
)
def test_a_first_poll_keeps_nothing_of_a_feed_that_it_cannot_read_whole(desk: Desk, dialect, said):
    _book(desk, MORE_THAN_A_PAGE)
    _speak(desk, dialect)
    assert said in _refused(desk, poll)
    assert (_mirrored(desk), _feed(desk)[1]) == (set(), None)


@pytest.mark.parametrize("step", [poll, full_poll])
@pytest.mark.parametrize(
    "dialect", ["page-number", "page-number-silent", "newest-first", "refuses-parameters"]
)
def test_a_platform_that_changes_its_dialect_moves_no_cursor(desk: Desk, dialect, step):
    before = _book(desk, 1)
    desk.do(poll)
    _, cursor = _feed(desk)
    _book(desk, MORE_THAN_A_PAGE, hours=1)
    _speak(desk, dialect)
    _refused(desk, step)
    assert (_mirrored(desk), _feed(desk)[1]) == (set(before), cursor)


def test_rows_from_before_what_was_asked_for_are_not_taken_for_changes(desk: Desk):
    before = [*_book(desk, 1, hours=9), *_book(desk, 2)]
    desk.do(poll)
    after = _book(desk, 1, hours=1)
    _, cursor = _feed(desk)
    _speak(desk, "ignores-filters")
    assert "before the moment asked for" in _refused(desk, poll)
    assert (_mirrored(desk), _feed(desk)[1]) == (set(before), cursor)
    # Who asks for everything gets everything from such a platform, and it is whole.
    desk.do(full_poll)
    assert (_mirrored(desk), _feed(desk)[0]) == ({*before, *after}, "ok")


@pytest.mark.parametrize("dialect", ["page-number", "page-number-silent", "ignores-filters"])
def test_what_fits_on_a_page_is_read_whole_in_these_dialects(desk: Desk, dialect):
    keys = _book(desk, 3)
    _speak(desk, dialect)
    desk.do(poll)
    assert (_mirrored(desk), _feed(desk)[0]) == (set(keys), "ok")


@pytest.mark.parametrize("dialect", ["page-number", "newest-first", "ignores-filters", "refuses-parameters"])
def test_a_platform_that_speaks_our_feed_again_is_read_from_where_the_cursor_stayed(desk: Desk, dialect):
    before = [*_book(desk, 1, hours=9), *_book(desk, 2)]
    desk.do(poll)
    later = _book(desk, MORE_THAN_A_PAGE, hours=1)
    _speak(desk, dialect)
    _refused(desk, poll)
    _speak(desk, "ours")
    desk.do(poll)
    assert (_mirrored(desk), _feed(desk)[0]) == ({*before, *later}, "ok")
