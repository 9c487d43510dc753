"""Pages are sent compressed. How long one becomes must not tell what is in it, so each carries a random number of bytes more.

Who can make somebody's browser fetch a page with words of their choice in its address, and sees how many bytes come back, could otherwise
guess a secret on it letter by letter ("BREACH"; the padding is Django's, from "Heal the Breach", 2022).
"""

import gzip
import io
import secrets

from flask import Flask, Response, request

SMALLEST = 1000
"""Bytes of a page from which on compressing it saves a packet."""

MOST_PADDING = 100
_FAST = 5


def set_up_packing(app: Flask) -> None:
    """Hang it in."""
    app.after_request(_pack)


def packed(page: bytes) -> bytes:
    """Return the page as gzip, with a file name of random length in its head, which nobody reads."""
    out = io.BytesIO()
    name = "a" * (1 + secrets.randbelow(MOST_PADDING))
    with gzip.GzipFile(name, "wb", _FAST, out, mtime=0) as file:
        file.write(page)
    return out.getvalue()


def _pack(response: Response) -> Response:
    if response.mimetype != "text/html" or response.is_streamed or "Content-Encoding" in response.headers:
        return response
    response.vary.add("Accept-Encoding")
    page = response.get_data()
    if len(page) >= SMALLEST and request.accept_encodings.quality("gzip") > 0:
        response.set_data(packed(page))
        response.headers["Content-Encoding"] = "gzip"
    return response
