"""How answers look on the wire: JSON with numbers, XML for those who ask for it, and the gateway's faults in three encodings.

Only the gateway's faults in XML are as QuickBooks writes them. The XML of everything else is the JSON in angle brackets and not
QuickBooks' own: nothing can be learned from it but that JSON was not asked for. Knows nothing of companies or rules.
"""

from __future__ import annotations

import json
import time
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from flask import Response, request

JSON_TYPE = "application/json;charset=UTF-8"
XML_TYPE = "application/xml;charset=UTF-8"


def _plain(value: object) -> float | int:
    """Nothing is 0, a whole quantity 75, an amount of money 100.0 or 337.5, as recorded on real companies."""
    if isinstance(value, Decimal):
        return float(value) if value and value.as_tuple().exponent < 0 else int(value)
    raise TypeError(f"{type(value).__name__} cannot be sent")


def dumps(value: Any) -> str:
    """Return JSON in which a Decimal is a number."""
    return json.dumps(value, default=_plain, separators=(",", ":"))


def loads(text: str | bytes) -> Any:
    """Read JSON, keeping fractions as Decimal."""
    return json.loads(text, parse_float=Decimal)


def _xml(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_xml(name, each) for each in value)
    if isinstance(value, dict):
        return f"<{name}>" + "".join(_xml(key, each) for key, each in value.items()) + f"</{name}>"
    if isinstance(value, bool):
        value = str(value).lower()
    return f"<{name}>{escape(str(value))}</{name}>"


def wants_json() -> bool:
    """Whether the Accept header of the current request asks for JSON; QuickBooks speaks XML otherwise."""
    return "json" in request.headers.get("Accept", "").lower()


def answer(content: dict, status: int = 200) -> Response:
    """Return `content` in the encoding the request asks for."""
    if wants_json():
        return Response(dumps(content), status, content_type=JSON_TYPE)
    inner = "".join(_xml(key, value) for key, value in content.items() if key != "time")
    text = f"<IntuitResponse time={quoteattr(str(content.get('time', '')))}>{inner}</IntuitResponse>"
    return Response(text, status, content_type=XML_TYPE)


def gateway_fault(
    status: int, code: str, reason: str, detail: str, kind: str, encoding: str, now: str
) -> Response:
    """Return a fault of the gateway in front of QuickBooks, whatever the Accept header says.

    `encoding` is `json` (like an application fault), `lowercase` (other keys, nulls) or `xml`.
    """
    message = f"message={reason}; errorCode={int(code):06d}; statusCode={status}"
    if encoding == "xml":
        text = (
            f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><IntuitResponse time={quoteattr(now)} '
            f'xmlns="http://schema.intuit.com/finance/v3"><Fault type="{kind}"><Error code="{code}">'
            f"<Message>{escape(message)}</Message><Detail>{escape(detail)}</Detail></Error></Fault></IntuitResponse>"
        )
        return Response(text, status, content_type=XML_TYPE)
    if encoding == "lowercase":
        error = {"message": message, "detail": detail, "code": code, "element": None}
        body = {
            "warnings": None,
            "intuitObject": None,
            "fault": {"error": [error], "type": kind},
            "report": None,
            "queryResponse": None,
            "batchItemResponse": [],
            "attachableResponse": [],
            "syncErrorResponse": None,
            "requestId": None,
            "time": int(time.time() * 1000),
            "status": None,
            "cdcresponse": [],
        }
    else:
        error = {"Message": message, "Detail": detail, "code": code, "element": ""}
        body = {"Fault": {"Error": [error], "type": kind}, "time": now}
    return Response(dumps(body), status, content_type=JSON_TYPE)


def throttled(encoding: str, now: str) -> Response:
    """Return the 429 of the gateway."""
    detail = "The request limit was reached.  Try again later"
    return gateway_fault(429, "3001", "ThrottleExceeded", detail, "SERVICE", encoding, now)


def unauthenticated(token: str, now: str) -> Response:
    """Return the 401 for a token that is missing, expired or revoked. It quotes most of the token, as recorded."""
    detail = f"Token expired: {token[: len(token) * 2 // 3]}" if token else "Token missing"
    encoding = "lowercase" if wants_json() else "xml"
    return gateway_fault(401, "3200", "AuthenticationFailed", detail, "AUTHENTICATION", encoding, now)


def unauthorised(now: str) -> Response:
    """Return the 403 for a token of another company."""
    encoding = "lowercase" if wants_json() else "xml"
    detail = "The application is not authorised for this company"
    return gateway_fault(
        403, "3100", "ApplicationAuthorizationFailed", detail, "AUTHORIZATION", encoding, now
    )
