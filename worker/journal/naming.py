"""Naming what a refused write uses that was made inactive: QuickBooks says only that something was.

What the local index knows is asked first; what it does not know yet is read by Id, once a call, and kept, so that the next look parks
what names it without sending.
"""

import json
from collections.abc import Sequence
from dataclasses import replace

from bookkeeping.errors import GoneError
from bookkeeping.quickbooks_gateway.gateway import ItemAnswer
from bookkeeping.rules.listed import Entry, made_inactive, named_in
from bookkeeping.storage.base import db
from bookkeeping.storage.company.names import NamedThing
from bookkeeping.storage.work.journal import Operation
from worker.holding.work import Work
from worker.reading.company import keep_listed

INACTIVE_REFERENCE = "inactive-reference"
_MISSING_REFERENCE = "qbo-2500"


def name_inactive(
    work: Work, operations: Sequence[Operation], answers: Sequence[ItemAnswer]
) -> list[ItemAnswer]:
    """Return the answers, each refusal of an inactive reference with the error that names the thing, where one is found.

    Raises:
        TemporaryError, NotConnectedError: QuickBooks cannot be read; the call stays open and is resumed.
    """
    looked_at: dict[Entry, str] = {}
    named = []
    for operation, answer in zip(operations, answers, strict=True):
        if _may_be_inactive(operation, answer):
            for entry in named_in(json.loads(operation.body)):
                if entry not in looked_at:
                    looked_at[entry] = _inactive_name(work, entry)
                if looked_at[entry]:
                    error = made_inactive(
                        entry, looked_at[entry], answer.error.reference if answer.error else None
                    )
                    answer = replace(answer, error=error)
                    break
        named.append(answer)
    return named


def _may_be_inactive(operation: Operation, answer: ItemAnswer) -> bool:
    error = answer.error
    if error is None or operation.action == "delete":
        return False
    gone = isinstance(error, GoneError) and operation.action == "create"
    return gone or error.code in {INACTIVE_REFERENCE, _MISSING_REFERENCE}


def _inactive_name(work: Work, entry: Entry) -> str:
    """Return the name of this entry if it is inactive, else ""."""
    known = db.session.get(NamedThing, (work.company_id, *entry))
    if known is not None and not known.active:
        return known.name
    work.before_call()
    row = work.gateway.read(*entry)
    if row is None or row.get("Active", True):
        return ""
    keep_listed(work.company_id, entry[0], row)
    return str(row.get("FullyQualifiedName") or row.get("Name") or row.get("DisplayName") or "")
