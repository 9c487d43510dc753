"""What happened to a company's objects, in order: every change with who made it, and which objects an app was shown.

Real QuickBooks keeps an audit log; this one is for tests, which judge by it what held at each moment. In memory only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

KEPT = 50_000


class Changed(Protocol):
    """What is noted of an object that changed."""

    entity: str
    id: str
    token: int
    body: dict[str, Any]
    deleted: bool


class History:
    """One company's. Whoever changes or reads it holds the realm's lock."""

    def __init__(self) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._last = 0
        self._app: str | None = None

    @contextmanager
    def by_app(self, request_id: str) -> Iterator[None]:
        """What happens inside is an app's doing, under this request id; everything else is a person's."""
        self._app = request_id
        try:
            yield
        finally:
            self._app = None

    def note_changes(self, changed: Mapping[Changed, dict | None], at: int) -> None:
        """Note one whole change: each record as it is now, with its row before or None for a new one."""
        self._last += 1
        for record, before in changed.items():
            operation = "delete" if record.deleted else "create" if before is None else "update"
            self._note(
                operation,
                at,
                entity=record.entity,
                id=record.id,
                token=record.token,
                body=record.body,
                before=before["body"] if before else None,
            )

    def note_reads(self, content: dict[str, Any], at: int) -> None:
        """Note which objects an answer to an app shows."""
        shown = [f"{entity} {each['Id']}" for entity, each in _objects(content) if "Id" in each]
        if shown:
            self._last += 1
            self._note("read", at, shown=shown)

    def told(self) -> list[dict[str, Any]]:
        """Return the entries: number of the change, `at` (epoch seconds), `by` app or person, `request_id`, `operation` and its facts."""
        return list(self._entries)

    def _note(self, operation: str, at: int, **facts: Any) -> None:
        who = {"by": "person" if self._app is None else "app", "request_id": self._app or ""}
        self._entries.append({"change": self._last, "at": at, **who, "operation": operation, **facts})


def _objects(content: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in content.get("BatchItemResponse", [content]):
        for entity, found in item.get("QueryResponse", {}).items():
            if isinstance(found, list):
                yield from ((entity, each) for each in found)
        yield from ((entity, each) for entity, each in item.items() if isinstance(each, dict))
