"""Structured logs: one JSON object a line on standard error, with the ids of what is being worked on, and nothing secret in it.

`bind` says what the following lines of this request or job are about (request, job, company, realm, inspection). Redaction stands at the
handler, so that nothing reaches a file past it, whoever logged it.
"""

import json
import logging
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

from tieout_files import VERSION

REDACTED = "[redacted]"

_bound: ContextVar[dict[str, Any] | None] = ContextVar("bound", default=None)
_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_SECRET_FIELDS = re.compile(
    r"(?<!sync)(?<!sync_)token|secret|password|passwd|authorization|cookie|api_?key|feed_key|credential|csrf|^code_verifier$|^state$|^email$|^phone$",
    re.IGNORECASE,
)
_SECRET_TEXTS = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}"), r"\1 " + REDACTED),
    (
        re.compile(
            r"(?i)([\"']?(?:access_token|refresh_token|client_secret|password|authorization|set-cookie|cookie|csrf_token|feed_key|api_key)"
            r"[\"']?\s*[=:]\s*[\"']?)(?![\[\s])[^\s\"'&,;}]+"
        ),
        r"\1" + REDACTED,
    ),
    # As Intuit quotes a token that it refuses: "Token expired: AB01…".
    (re.compile(r"(?i)(\btoken\b[^:{}\"']{0,40}:\s*)(?!\[)[A-Za-z0-9._~+/=-]{16,}"), r"\1" + REDACTED),
    # Of a consent. A fault's code is shorter, and must stay readable.
    (re.compile(r"(?i)\b((?:code|state)[\"']?\s*[=:]\s*[\"']?)(?![\[\s])[^\s\"'&,;}]{8,}"), r"\1" + REDACTED),
    # Of a mailed link or a hook's address.
    (re.compile(r"(/(?:reset-password|invitation|hooks/inspections)/)[\w-]{8,}"), r"\1" + REDACTED),
    (re.compile(r"\bv1\.[0-9a-f]{8}\.[A-Za-z0-9_=-]{20,}"), REDACTED),  # A sealed secret.
    # A password within an address; and an email address. Looked for from where a word begins: a long one is no work for each of its letters.
    (re.compile(r"(?i)(?<!\w)(\w+://[^\s:/@]*:)[^\s@/]+@"), r"\1" + REDACTED + "@"),
    (re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(\.[\w-]+)+"), REDACTED),
)


class Redactor(logging.Filter):
    """Replaces what must not be logged: the known `secrets` letter by letter, and what looks or is named like one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._secrets = sorted({one for one in secrets if len(one) >= 6}, key=len, reverse=True)

    def text(self, value: str) -> str:
        """Return the text without secrets."""
        for secret in self._secrets:
            value = value.replace(secret, REDACTED)
        for pattern, replacement in _SECRET_TEXTS:
            value = pattern.sub(replacement, value)
        return value

    def value(self, name: str, value: Any) -> Any:
        """Return a field's value as it may be logged."""
        if _SECRET_FIELDS.search(name) and value not in (None, ""):
            return REDACTED
        if isinstance(value, dict):
            return {str(key): self.value(str(key), each) for key, each in value.items()}
        if isinstance(value, (list, tuple, set)):
            return [self.value("", each) for each in value]
        if value is None or isinstance(value, (bool, int, float)):
            return value
        return self.text(str(value))


class JsonLines(logging.Formatter):
    """One JSON object a line: when, how bad, who says it, what; then the ids that are bound and the record's own facts."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._redactor.text(record.getMessage()),
            "version": VERSION,
        }
        facts = {name: value for name, value in vars(record).items() if name not in _PLAIN}
        line |= {name: self._redactor.value(name, value) for name, value in {**_ids(), **facts}.items()}
        if record.exc_info:
            line["traceback"] = self._redactor.text(self.formatException(record.exc_info))
        return json.dumps(line, default=str)


class _ToStandardError(logging.StreamHandler[TextIO]):
    """Writes to what standard error is now, which tests and daemons exchange."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]  # As logging's own handler of last resort does it.
        return sys.stderr


def json_handler(secrets: Iterable[str] = ()) -> logging.Handler:
    """Return the handler that writes JSON lines without these secrets to standard error."""
    handler = _ToStandardError()
    handler.name = "tieout"
    handler.setFormatter(JsonLines(Redactor(secrets)))
    return handler


def set_up_logs(secrets: Iterable[str] = (), level: int = logging.INFO) -> None:
    """Write all logs of this process as JSON lines to standard error. Calling it again replaces what the first call set up."""
    handler = json_handler(secrets)
    root = logging.getLogger()
    root.handlers = [each for each in root.handlers if each.name != "tieout"] + [handler]
    root.setLevel(level)
    # Libraries that tell of every request at INFO.
    for chatty in ("urllib3", "alembic", "werkzeug"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _ids() -> dict[str, Any]:
    return _bound.get() or {}


def bind(**ids: Any) -> None:
    """Add ids (`run_id=7`, `person_id=3`) to every following line of this context; None takes one away."""
    _bound.set({name: value for name, value in {**_ids(), **ids}.items() if value is not None})


def forget() -> None:
    """Take all bound ids away: a new request or job begins."""
    _bound.set({})


@contextmanager
def bound(**ids: Any) -> Iterator[None]:
    """As `bind`, for a block."""
    token = _bound.set({**_ids(), **{name: value for name, value in ids.items() if value is not None}})
    try:
        yield
    finally:
        _bound.reset(token)
