"""The feed client over HTTP: against a server that says what the test wants, and against the platform stand-in."""

import socket
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from bookkeeping.errors import (
    BookkeepingError,
    FeedForeignError,
    FeedRefusedError,
    FeedUnavailableError,
    RuleError,
)
from bookkeeping.inspection_source.feed import Feed
from bookkeeping.inspection_source.platform import NEVER_OURS
from tests.bookkeeping.inspection_source.factories import Answer, included, record, serve

pytestmark = pytest.mark.outside  # Each starts the server whose answers it wants.


def page(*records, next_link=None, **parts):
    return Answer({"data": list(records), "included": included(**parts), "links": {"next": next_link}})


def walk(url, since=None):
    return list(Feed(url, "key").changed_since(since))


def failure(answer):
    """Return the error of walking a feed that gives this one answer."""
    with serve(lambda path: answer) as server, pytest.raises(BookkeepingError) as caught:
        walk(server.url)
    return caught.value


def test_pages_are_followed_to_the_last():
    def answer(path):
        after = parse_qs(urlsplit(path).query).get("page[after]", [""])[0]
        following = {"": "/v2/inspections?page[after]=b", "b": "?page[after]=c", "c": None}[after]
        return page(record(f"i{after}"), next_link=following)

    with serve(answer) as server:
        pages = walk(server.url)
    assert [one.key for each in pages for one in each.inspections] == ["i", "ib", "ic"]
    assert [len(each.inspections) for each in pages] == [1, 1, 1]
    assert {key for _, key in server.requests} == {"Bearer key"}


def test_the_question_is_as_the_feed_wants_it():
    with serve(lambda path: page()) as server:
        list(Feed(server.url + "/", " key ").changed_since(datetime(2026, 3, 1, 10, tzinfo=UTC), page_size=7))
    asked = urlsplit(server.requests[0][0])
    assert asked.path == "/v2/inspections"
    assert parse_qs(asked.query) == {
        "filter[updated_since]": ["2026-03-01T10:00:00Z"],
        "sort": ["updated_at"],
        "page[size]": ["7"],
        "include": ["buyer,line_items,payments"],
    }


def test_the_first_walk_has_no_filter():
    with serve(lambda path: page()) as server:
        walk(server.url)
    assert "updated_since" not in server.requests[0][0]


def test_a_bad_record_stops_nothing():
    answer = page(record("1"), 42, record("2", datetime="soon"), record("3"))
    with serve(lambda path: answer) as server:
        (found,) = walk(server.url)
    assert [one.key for one in found.inspections] == ["1", "3"]
    assert [bad.key for bad in found.bad] == ["", "2"]


def test_a_record_nested_too_deeply_stops_nothing():
    deep = b'{"data": [{"type": "inspection", "id": "1", "attributes": {"datetime": %s%s}}, 5]}' % (
        b"[" * 700,
        b"]" * 700,
    )
    with serve(lambda path: Answer(deep)) as server:
        (found,) = walk(server.url)
    assert [bad.key for bad in found.bad] == ["1", ""]


def test_the_platforms_clock_is_told():
    with serve(lambda path: page()) as server:
        (found,) = walk(server.url)
    assert abs(found.source_time - datetime.now(UTC)) < timedelta(minutes=5)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_said(status):
    said = Answer({"errors": [{"status": str(status), "title": "No", "detail": "Key revoked."}]}, status)
    error = failure(said)
    assert isinstance(error, FeedRefusedError)
    assert error.detail == f"The inspection platform answered {status}: Key revoked."


@pytest.mark.parametrize("key", ["", "a\nb", "clé"])
def test_a_key_that_cannot_be_one_is_refused_without_a_request(key):
    with serve(lambda path: page()) as server, pytest.raises(FeedRefusedError):
        Feed(server.url, key).company()
    assert server.requests == []


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [
        ("30", 20, 31),
        ("999999999999", 3590, 3601),
        ("", 50, 61),
        ("soon", 50, 61),
        ("-5", 50, 61),
        ("0", 0, 2),
    ],
)
def test_throttling_says_when_to_come_back(said, least, most):
    before = datetime.now(UTC)
    error = failure(Answer({}, 429, {"Retry-After": said}))
    assert isinstance(error, FeedUnavailableError) and error.code == "feed-throttled"
    assert (
        before + timedelta(seconds=least) <= error.not_before <= datetime.now(UTC) + timedelta(seconds=most)
    )


@pytest.mark.parametrize("status", sorted(NEVER_OURS))
def test_an_answer_that_will_never_pass_says_that_this_is_not_our_feed(status):
    error = failure(Answer({"errors": [{"detail": "unknown parameter sort"}]}, status))
    assert isinstance(error, FeedForeignError) and error.code == "feed-foreign"
    assert str(status) in error.detail and "unknown parameter sort" in error.detail


@pytest.mark.parametrize("status", [204, 408, 500, 502, 503, 504])
def test_other_answers_are_tried_again_later(status):
    error = failure(Answer({"errors": ["odd"]} if status != 204 else b"", status))
    assert isinstance(error, FeedUnavailableError) and str(status) in error.detail


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>Down</html>", b'{"data": [', b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000]
    + [b'{"data": {}}', b'{"data": null}', b"{}", b'{"data": [1' + b"0" * 5000 + b"]}"],
)
def test_nonsense_is_tried_again_later(body):
    error = failure(Answer(body))
    assert isinstance(error, FeedUnavailableError) and error.code == "feed-nonsense"


def test_a_body_that_is_cut_off_is_tried_again_later():
    error = failure(Answer(b'{"data": []', headers={"Content-Length": "500"}))
    assert isinstance(error, FeedUnavailableError) and error.code == "feed-unavailable"


def test_bytes_that_are_not_gzip_are_tried_again_later():
    assert isinstance(failure(Answer(b"{}", headers={"Content-Encoding": "gzip"})), FeedUnavailableError)


def test_nobody_listening_is_tried_again_later():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
    with pytest.raises(FeedUnavailableError):
        walk(address)


@pytest.mark.parametrize(
    "address",
    ["", "not a url", "http://", "http://a..b", "ftp://127.0.0.1", "http://[::1", "http://127.0.0.1:99999"],
)
def test_an_address_that_is_none_is_said_and_nothing_else_leaves(address):
    with pytest.raises(FeedUnavailableError):
        Feed(address, "key").company()


def test_a_silent_platform_times_out():
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(FeedUnavailableError):
        Feed(f"http://127.0.0.1:{silent.getsockname()[1]}", "key", timeout=(1, 0.2)).company()


def test_the_key_follows_no_redirect_and_no_link_to_another_host():
    with serve(lambda path: page()) as other:
        for answer in (
            Answer(b"", 302, {"Location": f"{other.url}/v2/inspections"}),
            page(next_link=f"{other.url}/v2/inspections?page[after]=b"),
        ):
            error = failure(answer)
            assert isinstance(error, FeedUnavailableError) and error.code == "feed-nonsense"
    assert other.requests == []


def test_a_netrc_of_the_machine_does_not_replace_the_key(tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with serve(lambda path: page()) as server:
        walk(server.url)
    assert server.requests[0][1] == "Bearer key"


@pytest.mark.parametrize("link", ["/v2/inspections?page[after]=b", "", 5, "http://[", {"href": 5}])
def test_pages_in_a_circle_and_unreadable_links_end(link):
    assert failure(page(next_link=link)).code == "feed-nonsense"


def test_a_link_may_be_an_object():
    def answer(path):
        return page(next_link=None if "after" in path else {"href": "?page[after]=b"})

    with serve(answer) as server:
        assert len(walk(server.url)) == 2


def test_one_inspection():
    answers = {
        "/v2/inspections/1042": Answer({"data": record(), "included": included()}),
        "/v2/inspections/7": Answer({"errors": []}, 404),
        "/v2/inspections/8": Answer({"data": record("8", datetime=None), "included": included()}),
        "/v2/inspections/9": Answer({"data": record("10"), "included": included()}),
        "/v2/inspections/a%2F..%3Fb": Answer({"data": record("a/..?b"), "included": included()}),
    }
    with serve(lambda path: answers[path.partition("?")[0]]) as server:
        feed = Feed(server.url, "key")
        assert feed.one("1042").key == "1042"
        assert feed.one("7") is None
        assert feed.one("a/..?b").key == "a/..?b"
        with pytest.raises(RuleError) as bad:
            feed.one("8")
        with pytest.raises(FeedUnavailableError):
            feed.one("9")
    assert (bad.value.code, "datetime" in bad.value.detail) == ("bad-record", True)


@pytest.mark.parametrize(
    ("attributes", "zone"),
    [({"time_zone": "America/Denver"}, "America/Denver"), ({"time_zone": "Mountain Time"}, ""), ({}, "")],
)
def test_the_company(attributes, zone):
    fields = {"name": "Blue Ridge", "country": "US", "us_based": True, **attributes}
    with serve(lambda path: Answer({"data": {"type": "company", "id": "1", "attributes": fields}})) as server:
        company = Feed(server.url, "key").company()
    assert (company.name, company.country, company.us_based, company.time_zone) == (
        "Blue Ridge",
        "US",
        True,
        zone,
    )


@pytest.mark.parametrize(
    ("country", "us_based", "serves"),
    [
        *(
            (country, True, True)
            for country in (
                "US",
                "usa",
                "U.S.",
                "United States",
                "The United States of America",
                "",
                None,
                "PR",
            )
        ),
        *((country, True, False) for country in ("CA", "Canada", "MX", "United Kingdom", "Russia")),
        *((country, False, False) for country in ("US", "CA", "")),
    ],
)
def test_a_company_is_in_the_us_when_neither_us_based_nor_country_says_otherwise(country, us_based, serves):
    fields = {"name": "Blue Ridge", "country": country, "us_based": us_based}
    with serve(lambda path: Answer({"data": {"attributes": fields}})) as server:
        assert Feed(server.url, "key").company().us_based is serves


@pytest.mark.parametrize("body", [{}, {"data": []}, {"data": {"attributes": {"us_based": "yes"}}}])
def test_a_company_without_facts_is_nonsense(body):
    with serve(lambda path: Answer(body)) as server, pytest.raises(FeedUnavailableError):
        Feed(server.url, "key").company()


def booked(platform, *inspections):
    """Return the feed of a new company of the stand-in with these inspections, and the company."""
    company = platform.post("/_standin/companies", {"name": "Blue Ridge", "time_zone": "America/New_York"})
    defaults = {
        "datetime": "2026-03-02T09:00:00-05:00",
        "confirmed": True,
        "buyer": {"first_name": "Ann", "last_name": "O'Neil", "email": "ann@example.com"},
        "line_items": [{"kind": "service", "name": "Full Home Inspection", "amount": "425.00"}],
    }
    platform.post(
        f"/_standin/companies/{company['id']}/inspections", [defaults | each for each in inspections]
    )
    return Feed(platform.base_url, company["key"]), company


def test_the_stand_in_is_read_whole(platform):
    paid = {"amount": "400.00", "method": "check", "received_at": "2026-03-02T15:00:00Z", "reference": "1187"}
    feed, _ = booked(
        platform, *({"payments": [paid]} for _ in range(7)), {"deleted": True}, {"canceled": True}
    )
    assert feed.company().time_zone == "America/New_York"
    pages = list(feed.changed_since(None, page_size=4))
    found = [one for each in pages for one in each.inspections]
    assert [len(each.inspections) for each in pages] == [4, 4, 1]
    assert [each.bad for each in pages] == [(), (), ()]
    assert [one.total for one in found[:7]] == [425] * 7
    assert [one.payments[0].amount for one in found[:7]] == [400] * 7
    assert (found[7].deleted_at is not None, found[8].canceled_at is not None) == (True, True)
    assert feed.one(found[0].key) == found[0]
    assert feed.one("999999") is None
    latest = max(one.updated_at for one in found)
    assert [one.key for each in feed.changed_since(latest) for one in each.inspections][-1] == found[-1].key
    assert [each.inspections for each in feed.changed_since(latest + timedelta(seconds=1))] == [()]


def test_malformed_records_of_the_stand_in_are_kept_aside(platform):
    feed, _ = booked(
        platform,
        {
            "line_items": [
                {"kind": "fee", "name": "A", "amount": "1.00", "raw": {"attributes": {"amount": 12.345}}}
            ]
        },
        {"raw": {"omit": ["datetime"]}},
        {"raw": {"replace": 42}},
        {},
    )
    (found,) = feed.changed_since(None)
    assert len(found.inspections) == 1
    assert len(found.bad) == 3


@pytest.mark.parametrize(
    ("kind", "error"),
    [("401", FeedRefusedError), ("403", FeedRefusedError)]
    + [
        (kind, FeedUnavailableError)
        for kind in ("429", "500", "502", "503", "504", "cut", "cut_body", "truncated", "html")
    ],
)
def test_each_fault_of_the_stand_in_is_one_of_two_errors_and_passes(platform, kind, error):
    feed, _ = booked(platform, {})
    platform.post("/_standin/faults", {"kind": kind})
    with pytest.raises(error):
        list(feed.changed_since(None))
    assert len(next(feed.changed_since(None)).inspections) == 1
