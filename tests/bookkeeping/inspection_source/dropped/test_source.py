"""Dropped files as a source: read in the order of their turns, a page at a time, and never back behind where reading had come."""

import pytest

from bookkeeping.errors import RuleError
from bookkeeping.inspection_source.dropped.differences import difference
from bookkeeping.inspection_source.dropped.source import PAGE, Files
from bookkeeping.inspection_source.source import BadRecord, SourceCompany
from tests.bookkeeping.inspection_source.dropped.factories import HEAD, NOW, ONE, checked

US = SourceCompany("Paper", "US", True, "America/Denver")
COUNT = PAGE + 20


class Rows:
    """So many inspections, told in one turn; the tenth could not be read."""

    def __init__(self):
        rows = ((f"{1000 + number}", *ONE[1:]) for number in range(COUNT))
        self.told = {f"1:{one.key}": one for one in difference(checked(HEAD, *rows), {}, NOW).new}
        self.told["1:1009"] = BadRecord("1009", "Line 10: Fee must be dollars.", {}, None)

    def after(self, cursor, most):
        return [(place, one) for place, one in self.told.items() if cursor is None or place > cursor][:most]

    def one(self, key):
        return self.told.get(f"1:{key}")


def test_all_is_read_in_pages_and_what_could_not_be_read_stops_nothing():
    pages = list(Files(Rows(), US).changed(None))
    assert [len(page.inspections) + len(page.bad) for page in pages] == [PAGE, COUNT - PAGE]
    assert [one.key for page in pages for one in page.bad] == ["1009"]
    assert [page.cursor for page in pages] == [f"1:{1000 + PAGE - 1}", f"1:{1000 + COUNT - 1}"]
    assert list(Files(Rows(), US).changed(pages[-1].cursor)) == []


def test_reading_all_again_does_not_take_the_cursor_back():
    pages = list(Files(Rows(), US).changed("2:1", everything=True))
    assert [page.cursor for page in pages] == ["2:1", "2:1"]
    assert sum(len(page.inspections) for page in pages) == COUNT - 1


def test_one_is_found_by_its_number_and_nobody_elses_can_come():
    source = Files(Rows(), US)
    assert (source.one("1001").key, source.one("1"), source.company()) == ("1001", None, US)
    with pytest.raises(RuleError, match="Fee must be dollars"):
        source.one("1009")
    assert source.reach("1:1") is None
