"""Answers within bounds: size, size after gzip, depth; and connections to public addresses alone, after the name was resolved."""

import ast
import gzip
import json
import socket
import tracemalloc

import pytest
import requests

from bookkeeping.errors import FeedForeignError, FeedUnavailableError
from bookkeeping.fetching.bounded import AnswerTooLargeError, BoundedAdapter, PrivateAddressError, too_deep
from bookkeeping.inspection_source.feed import Feed
from tests.bookkeeping.inspection_source.factories import Answer, serve
from tests.harness import ROOT

MB = 1024 * 1024


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def get(url: str, **options) -> requests.Response:
    session = requests.Session()
    session.mount("http://", BoundedAdapter(**options))
    return session.get(url, timeout=10)


@pytest.mark.parametrize(("depth", "deep"), [(1, False), (100, False), (101, True), (900, True)])
def test_depth_is_counted_without_recursion(depth, deep):
    assert too_deep(json.loads(nested(depth))) is deep
    assert too_deep({"a": {"b": json.loads(nested(depth))}}) is (depth + 2 > 100)


@pytest.mark.outside
@pytest.mark.parametrize("how", ["announced", "gzip", "at the bound"])
def test_a_body_is_taken_in_up_to_its_bound(how):
    plain = b"x" * (MB if how == "at the bound" else 64 * MB if how == "gzip" else 2 * MB)
    zipped = how == "gzip"
    said = Answer(
        gzip.compress(plain) if zipped else plain, headers={"Content-Encoding": "gzip"} if zipped else None
    )
    with serve(lambda path: said) as server:
        if how == "at the bound":
            assert get(server.url, largest=MB).content == plain
            return
        tracemalloc.start()
        with pytest.raises(AnswerTooLargeError):
            get(server.url, largest=MB)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 12 * MB


@pytest.mark.outside
@pytest.mark.parametrize(
    "body", [b"[" * 100_000, nested(200).encode(), b'{"data": ' + nested(500).encode() + b"}"]
)
def test_a_deep_answer_of_the_platform_is_nonsense(body):
    with serve(lambda path: Answer(body)) as server, pytest.raises(FeedUnavailableError) as caught:
        Feed(server.url, "key").company()
    assert caught.value.code == "feed-nonsense"


@pytest.mark.outside
@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_name_that_leads_home_is_asked_nothing(name):
    with serve(lambda path: Answer({})) as server:
        address = server.url.replace("127.0.0.1", name)
        with pytest.raises(PrivateAddressError):
            get(address, public_only=True)
        with pytest.raises(FeedForeignError, match="our own network"):
            Feed(address, "key", public_only=True).company()
        assert server.requests == []
        assert get(address).status_code == 200


@pytest.mark.outside
@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_nobody_learns_which_ports_of_our_network_are_open(name):
    """What is there and what is not answer alike, and neither is even connected to."""
    with socket.create_server(("127.0.0.1", 0)) as there, socket.create_server(("127.0.0.1", 0)) as closed:
        gone = closed.getsockname()[1]
        closed.close()
        for port in (there.getsockname()[1], gone):
            with pytest.raises(PrivateAddressError):
                get(f"http://{name}:{port}", public_only=True)
        there.settimeout(0)
        with pytest.raises(BlockingIOError):
            there.accept()


@pytest.mark.outside
def test_a_name_that_leads_home_a_moment_later_is_asked_nothing(monkeypatch):
    """It is looked up twice, and may lead elsewhere the second time: the connection itself says where it is."""
    asked = iter([[(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("1.1.1.1", 80))]])
    really = socket.getaddrinfo
    with serve(lambda path: Answer({})) as server:
        monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **o: next(asked, None) or really(*a, **o))
        with pytest.raises(PrivateAddressError):
            get(server.url, public_only=True)
        assert server.requests == [] and next(asked, None) is None


OPENING = {"Feed", "open_source", "try_source"}
"""What opens a source. A kind of its own is opened in `bookkeeping.sources.opening` alone, from what these were given."""


def test_every_feed_that_the_product_asks_says_whether_it_must_be_public():
    made = []
    for room in ("bookkeeping", "webapp", "worker"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in OPENING:
                    made.append((path.name, {word.arg for word in node.keywords}))
    assert len(made) > 2
    assert [name for name, words in made if "public_only" not in words] == []
