"""The `tieout` command: the same statement as the job's, in the foreground; it fails when something stays unexplained."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from bookkeeping.faults import fault
from bookkeeping.storage.base import utcnow
from bookkeeping.storage.records.numbers import statement_or_none
from worker.commands.answering import PlainCommand, Refusal, answering_in, company_of
from worker.commands.foreground import run_in_foreground
from worker.tieout.as_text import statement_lines
from worker.tieout.statement import this_year

EARLIEST, LATEST = date(1990, 1, 1), date(2200, 1, 1)
LONGEST_DAYS = 3 * 366


@click.command("tieout", cls=PlainCommand)
@click.argument("company_id", type=int)
@click.option("--from", "first", help="First day, such as 2026-03-01; January 1 of this year by default.")
@click.option("--to", "last", help="Last day, included; December 31 of this year by default.")
@answering_in(statement_lines)
def tieout(company_id: int, first: str | None, last: str | None) -> dict[str, Any]:
    """Put the inspections and QuickBooks side by side and explain every difference; keeps the statement."""
    company = company_of(company_id)
    source = company.source_kind
    year = this_year(utcnow().astimezone(ZoneInfo(company.time_zone)).date())
    first_day = _day("--from", first) if first else year.first
    last_day = _day("--to", last) if last else year.last
    if last_day < first_day:
        raise Refusal(f"--to {last_day} is before --from {first_day}: swap the two.")
    if (last_day - first_day).days > LONGEST_DAYS:
        raise Refusal("A statement covers three years at most: choose days that are closer together.")
    run = run_in_foreground(
        company_id, "tieout", first_day=first_day.isoformat(), last_day=last_day.isoformat()
    )
    if run.get("failed"):
        problem = run["problems"][0]
        words = f"{fault(problem['code']).title}. {problem['detail']}".strip()
        raise Refusal(f"QuickBooks could not be read: {words}", problem["code"])
    kept = statement_or_none(company_id, run["statement"])
    if kept is None:
        raise Refusal("The statement was deleted meanwhile: run the command again.")
    wrong = kept.unexplained != 0 or kept.content["unexplained_count"] != 0
    return {
        "statement": kept.id,
        "made_at": kept.made_at,
        "source": source,
        **kept.content,
        "calls": run["calls"],
        "failed": wrong,
    }


def _day(option: str, text: str) -> date:
    try:
        day = datetime.strptime(text.strip(), "%Y-%m-%d").date()
    except ValueError:
        raise Refusal(f"{option} is {text[:40]!r}: write the day as 2026-03-01.") from None
    if not EARLIEST <= day <= LATEST:
        raise Refusal(f"{option} is {day}: choose a day between {EARLIEST} and {LATEST}.")
    return day
