"""When a request counts as arrived whole. That half-sent ones stop nobody is shown in `tests/functional/test_slow_clients.py`."""

import pytest

from webapp.access.security import MAX_BODY
from webapp.serving.whole_requests import LONGEST_HEAD, is_whole

GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"


@pytest.mark.parametrize("request_bytes", [GET, POST, POST.replace(b"C", b"c", 1), CHUNKED])
def test_a_request_is_whole_with_its_last_byte_and_not_before(request_bytes):
    assert is_whole(request_bytes)
    for end in range(len(request_bytes)):
        assert not is_whole(request_bytes[:end]), request_bytes[:end]


@pytest.mark.parametrize(
    "taken",
    [
        b"x" * (LONGEST_HEAD + 1),
        b"POST / HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n" + b"x" * (MAX_BODY + 1),
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"x" * (MAX_BODY + 1),
        b"POST / HTTP/1.1\r\nContent-Length: nonsense\r\n\r\n",
        b"\r\n\r\n",
    ],
)
def test_what_will_be_refused_is_not_waited_for(taken):
    assert is_whole(taken)


def test_a_length_in_the_body_is_none():
    assert is_whole(b"GET / HTTP/1.1\r\nHost: x\r\n\r\ncontent-length: 99\r\n")
