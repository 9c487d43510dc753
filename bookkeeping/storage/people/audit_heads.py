"""The newest digest of every chain of the audit log, noted night by night in a file outside the database.

A chain whose end was cut off is whole in itself; against the file it is not. Each line carries a mark under a key that the database does not
hold. Keep copies of the file where nobody who can write to the database can write.
"""

import json
import os
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.vault import vault
from bookkeeping.storage.people.audit import AuditEntry, chains

HEAD = "audit head"
HOUSE = "house"


def note_heads(file: Path) -> int:
    """Append the head of every chain that grew since the last time, synced to disk; return how many."""
    known = {line["chain"]: line["digest"] for line in _lines(file)[0]}
    new = []
    for company_id, entries, digest in chains():
        chain = company_id if company_id is not None else HOUSE
        if known.get(chain) != digest:
            facts = {"at": utcnow().isoformat(timespec="seconds"), "chain": chain, "entries": entries}
            new.append(facts | {"digest": digest, "mark": vault().sign(HEAD, f"{chain} {entries} {digest}")})
    if new:
        _append(file, "".join(json.dumps(line) + "\n" for line in new))
    return len(new)


def changed_since_noted(file: Path) -> list[str]:
    """Return a sentence for each chain that no longer has the head that was noted last, and for each line that is not ours.

    Empty also when there is no file: another machine may keep it.
    """
    lines, odd = _lines(file)
    problems = [f"Line {number} of {file} is not as it was written." for number in odd]
    for line in {line["chain"]: line for line in lines}.values():
        company_id = None if line["chain"] == HOUSE else line["chain"]
        same = select(AuditEntry.company_id).where(AuditEntry.digest == line["digest"])
        found = db.session.execute(same).first()
        if found is None or found[0] != company_id:
            problems.append(
                f"The log of {_named(line['chain'])} was cut or rewritten: "
                f"the entry noted at {line['at']} as number {line['entries']} is gone."
            )
    return problems


def _named(chain: int | str) -> str:
    return "the house" if chain == HOUSE else f"company {chain}"


def _lines(file: Path) -> tuple[list[dict[str, Any]], list[int]]:
    """Return the lines that are ours, or whose key is gone, and the numbers of those that are neither."""
    good: list[dict[str, Any]] = []
    odd: list[int] = []
    if not file.exists():
        return good, odd
    for number, text in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        if not text.strip():
            continue
        try:
            line = json.loads(text)
            said = f"{line['chain']} {line['entries']} {line['digest']}"
            right = vault().is_signed(HEAD, said, line["mark"]) is not False and bool(line["at"])
        except (ValueError, TypeError, KeyError, AttributeError):
            right = False
        if right:
            good.append(line)
        else:
            odd.append(number)
    return good, odd


def _append(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "ab") as opened:
        opened.write(text.encode())
        opened.flush()
        os.fsync(opened.fileno())
