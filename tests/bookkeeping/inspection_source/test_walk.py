"""No dialect of a platform makes rows vanish in silence: they are all read, or the walk is refused before the cursor could move."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from bookkeeping.errors import FeedForeignError
from bookkeeping.inspection_source.feed import Feed
from tests.bookkeeping.inspection_source.factories import Answer, included, record, serve

pytestmark = pytest.mark.outside  # Each starts the server whose answers it wants.

START = datetime(2026, 3, 1, tzinfo=UTC)
ALL = 250


def moment(number: int) -> str:
    return (START + timedelta(minutes=number)).isoformat().replace("+00:00", "Z")


def rows(*numbers: int) -> list[dict]:
    return [record(str(number), updated_at=moment(number)) for number in numbers]


class Platform:
    """A platform of 250 inspections that speaks a dialect."""

    def __init__(
        self,
        *,
        totals="",
        by_number=False,
        newest_first=False,
        ignores_filter=False,
        links=False,
        count=ALL,
        same_moment=False,
        most=ALL,
        late=0,
    ):
        self.totals, self.by_number, self.newest_first = totals, by_number, newest_first
        self.ignores_filter, self.links, self.count = ignores_filter, links, count
        self.most = most
        self.late = late  # So many rows more are there, behind what was read, from the second page on.
        self.moment = (lambda number: moment(0)) if same_moment else moment

    def __call__(self, path: str) -> Answer:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        since = "" if self.ignores_filter else asked.get("filter[updated_since]", "")
        numbers = [number for number in range(self.count) if self.moment(number) >= since]
        numbers = numbers[::-1] if self.newest_first else numbers
        size, first = min(int(asked.get("page[size]", 100)), self.most), 0
        if self.by_number:
            first = size * (int(asked.get("page[number]", 1)) - 1)
        elif self.links:
            first = int(asked.get("page[after]", 0))
        body = {
            "data": [record(str(one), updated_at=self.moment(one)) for one in numbers[first : first + size]],
            "included": included(),
            "links": {},
        }
        if self.links and first + size < len(numbers):
            body["links"] = {
                "next": f"{urlsplit(path).path}?page[after]={first + size}&page[size]={size}&filter[updated_since]={since}"
            }
        if self.totals == "pagination":
            body["meta"] = {"pagination": {"total": len(numbers), "total_pages": -(-len(numbers) // size)}}
        elif self.totals:
            body["meta"] = {self.totals: len(numbers) + (self.late if first else 0)}
        return Answer(body)


def read(platform: Platform, since: datetime | None = None) -> list[str]:
    with serve(platform) as server:
        return [one.key for page in Feed(server.url, "key").changed_since(since) for one in page.inspections]


def test_the_feed_as_written_is_read_whole_and_once():
    assert read(Platform(links=True)) == [str(number) for number in range(ALL)]
    assert read(Platform(links=True, totals="total"))[-1] == "249"


def test_a_row_that_is_committed_late_behind_what_was_read_is_no_foreign_feed():
    assert len(read(Platform(links=True, totals="total", late=1))) == ALL


@pytest.mark.parametrize("totals", ["pagination", "total", "total_count", "record_count"])
def test_a_platform_that_pages_by_number_is_refused_before_anything_is_kept(totals):
    with serve(Platform(by_number=True, totals=totals)) as server:
        kept = []
        with pytest.raises(FeedForeignError, match="250"):
            kept.extend(Feed(server.url, "key").changed_since(None))
        assert kept == []


@pytest.mark.parametrize("same_moment", [False, True])
@pytest.mark.parametrize("by_number", [False, True])
def test_a_full_page_that_cannot_prove_its_end_is_refused_before_anything_is_kept(by_number, same_moment):
    with serve(Platform(by_number=by_number, same_moment=same_moment)) as server:
        kept = []
        with pytest.raises(FeedForeignError, match="cannot be told"):
            kept.extend(Feed(server.url, "key").changed_since(None))
        assert kept == []


@pytest.mark.parametrize("by_number", [False, True])
@pytest.mark.parametrize(("most", "count"), [(10, 11), (25, 26), (25, 250), (50, 50), (50, 99)])
def test_a_platform_that_gives_fewer_rows_a_page_than_it_is_asked_for_is_read_whole(most, count, by_number):
    found = read(Platform(most=most, count=count, by_number=by_number))
    assert list(dict.fromkeys(found)) == [str(number) for number in range(count)]


@pytest.mark.parametrize(
    ("platform", "says"),
    [
        (Platform(most=25, same_moment=True), "cannot be told"),
        (Platform(most=25, ignores_filter=True), "out of order"),
    ],
)
def test_a_short_page_that_cannot_be_looked_behind_is_refused(platform, says):
    with pytest.raises(FeedForeignError, match=says):
        read(platform)


@pytest.mark.parametrize(("platform", "asked"), [
    (Platform(count=9), 1), (Platform(count=10), 2), (Platform(count=99, totals="total"), 1), (Platform(links=True, count=110), 2),
])  # fmt: skip
def test_a_look_behind_is_taken_only_where_nothing_proves_the_end(platform, asked):
    with serve(platform) as server:
        assert list(Feed(server.url, "key").changed_since(None))
    assert len(server.requests) == asked


@pytest.mark.parametrize("same_moment", [False, True])
@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 200])
def test_whatever_the_count_all_is_read_once_from_the_feed_as_written(count, same_moment):
    """The last page may be full, and all rows of one moment, as after an import."""
    found = read(Platform(links=True, count=count, same_moment=same_moment))
    assert found == [str(number) for number in range(count)]


@pytest.mark.parametrize(
    ("platform", "says"),
    [
        (Platform(newest_first=True, links=True), "out of order"),
        (Platform(ignores_filter=True, links=True), "before the moment asked for"),
        (Platform(ignores_filter=True, by_number=True), "before the moment asked for"),
    ],
)
def test_a_platform_that_does_not_heed_the_question_is_refused(platform, says):
    with pytest.raises(FeedForeignError, match=says):
        read(platform, START + timedelta(minutes=20))


def test_what_cannot_be_read_proves_nothing_by_its_stamp():
    body = {
        "data": [record("1", datetime="soon", updated_at=moment(9999)), *rows(1, 2)],
        "included": included(),
    }
    with serve(lambda path: Answer(body)) as server:
        [page] = Feed(server.url, "key").changed_since(None)
    assert [one.key for one in page.inspections] == ["1", "2"] and len(page.bad) == 1
