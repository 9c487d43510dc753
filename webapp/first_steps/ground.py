"""Counts what the first steps ask for, and knows whether somebody has put them away. Reads only, a fixed number of queries."""

from sqlalchemy import select

from bookkeeping.acts.inviting import open_invitations
from bookkeeping.logbook.situation.facts import Facts
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.people.audit import AuditEntry
from bookkeeping.storage.people.memberships import members_of
from bookkeeping.storage.records.numbers import statement_or_none
from bookkeeping.storage.work.runs import UNFINISHED, latest_run
from webapp.first_steps.steps import Ground, Step, are_done, first_steps

PUT_AWAY, SHOWN_AGAIN = "put the first steps away", "showed the first steps again"
"""Acts in the audit log; the newest of the two holds. There is no other place that says so."""

KEEP_BOOKS = ("bookkeeper", "accountant")


def steps_left(company: Company, facts: Facts, *, away: bool = False) -> tuple[Step, ...]:
    """Return the steps where something of them is left and nobody has put them away; with `away`, where somebody has."""
    steps = first_steps(ground_of(company, facts))
    return () if are_done(steps) or are_put_away(company.id) is not away else steps


def ground_of(company: Company, facts: Facts) -> Ground:
    """Return what is so of this company now."""
    run = latest_run(company.id, "practice")
    statement = statement_or_none(company.id)
    invited = [one.email for one in open_invitations(company.id) if one.role in KEEP_BOOKS]
    return Ground(
        facts=facts,
        cutoff=company.cutoff is not None,
        practice="" if run is None else "open" if run.state in UNFINISHED else run.state,
        bookkeepers=sum(one.role in KEEP_BOOKS for one in members_of(company.id)),
        invited=invited[0] if invited else "",
        statement=statement.verdict.said if statement is not None else "",
    )


def are_put_away(company_id: int) -> bool:
    """Return whether the steps were put away, and not asked for again since."""
    mine = (AuditEntry.company_id == company_id, AuditEntry.act.in_((PUT_AWAY, SHOWN_AGAIN)))
    newest = select(AuditEntry.act).where(*mine).order_by(AuditEntry.id.desc()).limit(1)
    return db.session.scalar(newest) == PUT_AWAY
