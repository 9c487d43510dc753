"""Reading documents back before and after a write that met a stale SyncToken: ours still, changed by a person, or gone.

A token moved only by our own Payment is not drift; a field that we own and that differs is (decision 8).
"""

from collections.abc import Callable
from typing import Any, Literal

from bookkeeping.errors import StaleSyncTokenError
from bookkeeping.storage.records.documents import Document
from worker.holding.work import Work
from worker.journal.writing import Write, carry_out
from worker.reading.drift import Verdict, judge
from worker.reading.merges import follow_merges


def freshen(
    work: Work, documents: list[Document], *, by_id: bool = False
) -> dict[int, Verdict | Literal["moved"]]:
    """Read the documents and take over their SyncTokens; drift found is noted. Returns a verdict by document id.

    `moved`: as we wrote it, but its Customer or an Item was merged into another one, which our records name now.

    One query for up to 50, unless `by_id` asks for the read that cannot lag. Absence in a query proves nothing, so what a
    query leaves out, or shows as it was before what we know, is read by Id too.
    """
    verdicts: dict[int, Verdict | Literal["moved"]] = {}
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    if not by_id and len(documents) > 1:
        for kind in {document.kind for document in documents}:
            work.before_call()
            found = work.gateway.read_many(kind, [one.qbo_id for one in documents if one.kind == kind])
            rows |= {(kind, qbo_id): row for qbo_id, row in found.items()}
    for document in documents:
        row = rows.get((document.kind, document.qbo_id))
        verdict = _judged(work, document, row) if row is not None else "older"
        if verdict == "older":
            work.before_call()
            row = work.gateway.read(document.kind, document.qbo_id)
            verdict = _judged(work, document, row) if row is not None else "gone"
        verdicts[document.id] = verdict
        work.commit()
    return verdicts


def _judged(work: Work, document: Document, row: dict[str, Any]) -> Verdict | Literal["moved"]:
    moved = follow_merges(work, [(document, row)], ask=True)
    verdict = judge(document, row)
    return "moved" if moved and verdict == "ours" else verdict


def fresh_token(work: Work, writes: list[Write], body: Callable[[Write, str], dict[str, Any]]) -> None:
    """Write once more, under the token read by Id, what met a stale token; for what has no document row (Customers)."""
    again = [write for write in writes if isinstance(write.error, StaleSyncTokenError)]
    for write in again:
        work.before_call()
        row = work.gateway.read(write.kind, write.qbo_id)
        if row is not None:
            write.body = body(write, str(row["SyncToken"]))
    if again:
        carry_out(work, again)
