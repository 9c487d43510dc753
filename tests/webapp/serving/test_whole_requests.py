"""When a request counts as arrived whole. That half-sent ones stop nobody is shown in `tests/functional/test_slow_clients.py`."""

import pytest

from webapp.access.security import MAX_BODY
from webapp.serving.whole_requests import LONGEST_HEAD, MOST_CHUNKS, TooManyPiecesError, is_whole

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


HEAD = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "body",
    [
        b"5\r\n0\r\n\r\n",
        b"c\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhello\r\n0\r\nX: 0\r\n",
        b"5;a=b\r\nhello\r\n",
        b"ffffffff\r\n0\r\n\r\n",
    ],
)
def test_what_looks_like_the_end_within_a_chunk_is_none(body):
    """It made a thread wait for the rest, however slowly that came."""
    assert not is_whole(HEAD + body)


@pytest.mark.parametrize(
    "body",
    [
        b"0\r\n\r\n",
        b"5 ; a=b\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhello\r\n00\r\nX: 0\r\n\r\n",
        b"-5\r\n",
        b"nonsense\r\n",
        b"\r\n",
        b"1" * 200,
    ],
)
def test_a_body_in_chunks_is_whole_with_its_last_one_or_refused_for_what_is_none(body):
    assert is_whole(HEAD + body)


def test_a_body_in_very_many_chunks_is_not_looked_through_again_and_again():
    assert is_whole(HEAD + b"1\r\na\r\n" * (MOST_CHUNKS - 1) + b"0\r\n\r\n")
    with pytest.raises(TooManyPiecesError):
        is_whole(HEAD + b"1\r\na\r\n" * MOST_CHUNKS)


def test_a_length_in_the_body_is_none():
    assert is_whole(b"GET / HTTP/1.1\r\nHost: x\r\n\r\ncontent-length: 99\r\n")
