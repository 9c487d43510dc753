"""What an HTTP answer of Intuit means: usable, or which of our errors. Nothing is sent here.

Faults come in three encodings (`Fault`, lower-case `fault`, XML) under any status, 200 too; throttling likewise. They are told apart
here, before python-quickbooks parses anything, because it loses status, headers and reference, and stumbles over odd shapes.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from bookkeeping.errors import (
    BookkeepingError,
    MisconfiguredError,
    NotConnectedError,
    PermanentError,
    TemporaryError,
    ThrottledError,
)
from bookkeeping.faults import CATALOGUE, error_for, fault
from bookkeeping.fetching.bounded import too_deep

P = ParamSpec("P")
Value = TypeVar("Value")
PAUSE_SECONDS = 60  # Intuit: wait 60 seconds after a 429.
LONGEST_PAUSE_SECONDS = 600
_THROTTLE = re.compile(r"throttleexceeded|errorcode=0*3001\b", re.IGNORECASE)
_XML_ERROR = re.compile(r"<Error\b[^>]*?\bcode=[\"'](\d+)[\"'][^>]*>(.*?)</Error>", re.IGNORECASE | re.DOTALL)
_TAGS = re.compile(r"<[^>]+>")
_DETAIL_LENGTH = 1000
_WORD = re.compile(r"[A-Za-z0-9._~+/=-]{8,}")
_NAMED_TOKEN = re.compile(r"(\btoken\b[^:{}\"]{0,40}:\s*)[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)


class UnauthorizedAnswer(Exception):
    """Internal signal: the access token was not accepted, so a forced refresh is due. Never leaves the package."""

    status: int | None = None
    answer: str = ""

    def __init__(self, code: str, detail: str, tid: str | None) -> None:
        super().__init__(detail)
        self.code, self.detail, self.tid = code, detail, tid


@dataclass(frozen=True)
class FaultFound:
    """Intuit's fault: `code` without leading zeros, may be empty; `detail` is its text, `element` the property it names, if any."""

    code: str
    detail: str
    element: str = ""


def check(status: int, headers: Mapping[str, str], text: str, *, writes: bool, now: datetime) -> None:
    """Return quietly when the answer is usable JSON without a fault; otherwise raise what it means.

    `writes` says that the request changes the books, so that an unclear answer leaves its outcome unknown.

    Raises:
        UnauthorizedAnswer: the access token was refused.
        ThrottledError, TemporaryError, NotConnectedError, PermanentError, MisconfiguredError: by cause.
    """
    tid = headers.get("intuit_tid")
    content = _json(text)
    found = find_fault(content) if isinstance(content, dict) else _xml_fault(text)
    usable = status == 200 and isinstance(content, dict) and "Fault" not in content and found is None
    if usable:
        return
    code = found.code if found else ""
    detail = found.detail if found else _plain(text)
    if status == 429 or code == "3001" or _THROTTLE.search(text):
        raise ThrottledError(detail, reference=tid, not_before=now + pause_after(headers))
    if status == 401 or fault(f"qbo-{code}").token_refused:
        raise UnauthorizedAnswer(code, detail, tid)
    if found:
        raise _from_fault(found, status, tid, writes)
    raise _from_status(status, content, detail, tid, writes)


def readable(read: Callable[P, Value]) -> Callable[P, Value]:
    """Mark a reader of QuickBooks' objects: what has a form that nobody knows raises TemporaryError, as half an answer does."""

    @wraps(read)
    def reading(*args: P.args, **kwargs: P.kwargs) -> Value:
        try:
            return read(*args, **kwargs)
        except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError, IndexError) as error:
            raise TemporaryError("QuickBooks' answer has a form that we do not know.") from error

    return reading


def find_fault(content: Mapping[str, Any]) -> FaultFound | None:
    """Return the fault in a JSON answer or a batch item, in either casing, or None."""
    fault = _any_case(content, "fault")
    if fault is None:
        return None
    errors = _any_case(fault, "error") if isinstance(fault, dict) else None
    errors = [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    if not errors:
        return FaultFound("", _plain(json.dumps(fault)))
    texts = [": ".join(_said(error, name) for name in ("message", "detail")) for error in errors]
    told = "; ".join(text.strip(": ") for text in texts if text.strip(": "))
    element = str(_any_case(errors[0], "element") or "")
    return FaultFound(_bare(_any_case(errors[0], "code")), told[:_DETAIL_LENGTH], element)


def scrubbed(text: str, token: str) -> str:
    """Return what QuickBooks said without the access token, whole or in part: a 401 quotes the one that it refuses (recorded)."""
    text = text.replace(token, "…")
    text = _WORD.sub(lambda word: "…" if word.group().rstrip(".") in token else word.group(), text)
    return _NAMED_TOKEN.sub(r"\1…", text)


def item_error(found: FaultFound, tid: str | None) -> BookkeepingError:
    """Return the error of one faulted batch item: it was answered, so its outcome is known."""
    error = (
        error_for(found.code, found.detail, tid)
        if found.code
        else PermanentError(found.detail, reference=tid)
    )
    error.element = found.element
    return error


def pause_after(headers: Mapping[str, str]) -> timedelta:
    """Return how long to leave the realm alone: Retry-After in seconds if given, capped, else one minute."""
    asked = headers.get("Retry-After", "")
    seconds = int(asked) if asked.isdigit() else PAUSE_SECONDS
    return timedelta(seconds=max(1, min(seconds, LONGEST_PAUSE_SECONDS)))


def _from_fault(found: FaultFound, status: int, tid: str | None, writes: bool) -> BookkeepingError:
    known = f"qbo-{found.code}" in CATALOGUE
    if status >= 500 and (not known or found.code == "500"):
        return TemporaryError(found.detail, reference=tid, outcome_unknown=writes)
    if status == 403 and not known:
        return NotConnectedError(found.detail, code="qbo-3100", reference=tid)
    error = item_error(found, tid)
    if isinstance(error, TemporaryError) and status >= 500:
        error.outcome_unknown = writes
        error.whole_realm = True
    return error


def _from_status(status: int, content: Any, detail: str, tid: str | None, writes: bool) -> BookkeepingError:
    if status == 404:
        return MisconfiguredError(f"QuickBooks does not know this address (404). {detail}", reference=tid)
    if status == 413:
        return PermanentError(detail, code="qbo-413", reference=tid)
    if 400 <= status < 500 and status != 408 and isinstance(content, dict):
        return PermanentError(detail, reference=tid)
    # An outage, a proxy's page or half an answer: none of them says what became of the request.
    return TemporaryError(f"HTTP {status}. {detail}".strip(), reference=tid, outcome_unknown=writes)


def _xml_fault(text: str) -> FaultFound | None:
    errors = _XML_ERROR.findall(text)
    if not errors:
        return None
    return FaultFound(_bare(errors[0][0]), "; ".join(_plain(inner) for _, inner in errors)[:_DETAIL_LENGTH])


def _json(text: str) -> Any:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return None if too_deep(content) else content


def _said(error: Mapping[str, Any], name: str) -> str:
    """A text of the fault, which may be absent, null, or end in a null that Intuit could not say."""
    return str(_any_case(error, name) or "").strip().removesuffix(": null").strip()


def _any_case(content: Mapping[str, Any], name: str) -> Any:
    return next((value for key, value in content.items() if key.lower() == name), None)


def _bare(code: Any) -> str:
    text = str(code or "").strip()
    return (text.lstrip("0") or "0") if text.isdigit() else text


def _plain(text: str) -> str:
    """Markup removed, white space single, cut to what fits a Details panel."""
    return " ".join(_TAGS.sub(" ", text).split())[:_DETAIL_LENGTH]
