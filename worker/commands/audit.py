"""`flask --app wsgi audit verify|seal`: is the audit log whole, and saying that an unsealed end is as it should be."""

from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup

from bookkeeping.storage.base import db
from bookkeeping.storage.people.audit import broken_entries, chains, end_is_sealed, record_act
from bookkeeping.storage.people.audit_heads import changed_since_noted
from worker.app import settings
from worker.commands.answering import PlainCommand, answering

audit = AppGroup("audit", help="The audit log.")


@audit.command("verify", cls=PlainCommand)
@click.option("--company", "company_id", type=int, help="Only this company.")
@answering
def verify(company_id: int | None) -> dict[str, Any]:
    """Check every entry against its digest, its predecessor and its seal, and the log against the heads that were noted each night."""
    found, total, broken = [], 0, 0
    for one, entries, newest in chains():
        if company_id is not None and one != company_id:
            continue
        wrong = broken_entries(one)
        broken += len(wrong)
        total += entries
        name = one if one is not None else "house"
        found.append({"company": name, "entries": entries, "newest": newest, "broken": wrong})
    file = Path(settings().audit_heads_file)
    changed = changed_since_noted(file)
    heads = {"file": str(file) if file.exists() else "none here", "changed": changed}
    whole = not broken and not changed
    return {"entries": total, "whole": whole, "chains": found, "heads": heads, "failed": not whole}


@audit.command("seal", cls=PlainCommand)
@answering
def seal() -> dict[str, Any]:
    """Seal the chains whose newest entry has no good seal, once you know why that is: an entry of this act is put at their ends."""
    sealed: list[int | str] = []
    for one, _, _ in chains():
        if not end_is_sealed(one):
            record_act(one, "command line", "sealed the audit log", after={"unsealed_before": True})
            db.session.commit()
            sealed.append(one if one is not None else "house")
    return {"sealed": sealed}
