"""Whole answers of the platform with something in them that nobody expects. Single records are tried in `test_records.py`."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookkeeping.errors import BookkeepingError
from bookkeeping.inspection_source.feed import Feed
from tests.bookkeeping.inspection_source.factories import Answer, included, record, serve

pytestmark = pytest.mark.outside

leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
)
whole = st.fixed_dictionaries(
    {"data": st.just([record()]) | anything, "included": st.just(included()) | anything},
    optional={
        "links": st.fixed_dictionaries(
            {"next": st.sampled_from(["//evil.example/", "?", "http://[", "/v2/x"]) | anything}
        )
        | anything,
        "meta": st.dictionaries(st.sampled_from(["total", "page", "pagination"]), anything) | anything,
        "errors": anything,
    },
)
bodies = (
    whole.map(lambda body: json.dumps(body).encode())
    | anything.map(lambda body: json.dumps(body).encode())
    | st.binary(max_size=30)
)
headers = st.dictionaries(
    st.sampled_from(["Retry-After", "Date"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20),
    max_size=1,
)


def test_any_answer_is_read_or_an_error_of_ours():
    said = [Answer({})]
    with serve(lambda path: said[0]) as server:
        feed = Feed(server.url, "key")

        @settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
        @given(bodies, st.sampled_from([200, 200, 200, 302, 403, 404, 429, 500]), headers)
        def ask(body, status, more):
            said[0] = Answer(body, status, more)
            for question in (feed.company, lambda: list(feed.changed(None)), lambda: feed.one("1042")):
                try:
                    question()
                except BookkeepingError:
                    pass

        ask()
