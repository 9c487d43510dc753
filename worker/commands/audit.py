"""`flask --app wsgi audit verify`: is the audit log whole?"""

from typing import Any

import click
from flask.cli import AppGroup

from bookkeeping.storage.people.audit import broken_entries, chains
from worker.commands.answering import PlainCommand, answering

audit = AppGroup("audit", help="The audit log.")


@audit.command("verify", cls=PlainCommand)
@click.option("--company", "company_id", type=int, help="Only this company.")
@answering
def verify(company_id: int | None) -> dict[str, Any]:
    """Check every entry against its digest and its predecessor. Keep the newest digests elsewhere: they prove that no end was cut off."""
    found, total, broken = [], 0, 0
    for one, entries, newest in chains():
        if company_id is not None and one != company_id:
            continue
        wrong = broken_entries(one)
        broken += len(wrong)
        total += entries
        name = one if one is not None else "house"
        found.append({"company": name, "entries": entries, "newest": newest, "broken": wrong})
    return {"entries": total, "whole": not broken, "chains": found} | ({"failed": True} if broken else {})
