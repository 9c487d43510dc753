"""`flask --app wsgi doctor`: is this installation safe and at work? A line each; ends with 1 when something is bad."""

from typing import Any

import click
from sqlalchemy.exc import SQLAlchemyError

from bookkeeping.storage.base import db, reading
from worker.commands.answering import PlainCommand, answering_in
from worker.commands.upkeep.diagnoses import BAD, DIAGNOSES


def _words(result: dict[str, Any]) -> list[str]:
    return [f"{one['is']:<5} {one['what']:<11} {one['said']}" for one in result["found"]]


@click.command("doctor", cls=PlainCommand)
@answering_in(_words)
def doctor() -> dict[str, Any]:
    """Look whether TLS, hops, keys, mail, files, clocks, workers, tick, tables and audit log are as they should be."""
    found = []
    for what, ask in DIAGNOSES.items():
        try:
            with reading():
                how, said = ask()
        except (SQLAlchemyError, OSError) as error:
            reason = str(getattr(error, "orig", None) or error).splitlines()[0][:200]
            how, said = BAD, f"Could not be asked: {reason}"
        finally:
            db.session.rollback()
        found.append({"what": what, "is": how, "said": said})
    bad = [one["what"] for one in found if one["is"] == BAD]
    return {"found": found, "well": not bad, "failed": bool(bad)}
