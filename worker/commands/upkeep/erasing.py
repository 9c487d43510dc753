"""`flask company erase` and `flask user erase`: taking a company, or a person who logged in, out of this installation for good."""

import time
from typing import Any

import click
from flask.cli import AppGroup

from bookkeeping.acts.companies import begin_erasing
from bookkeeping.errors import BookkeepingError, LeaseTakenError
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from worker.app import settings
from worker.clock.erasing import finish_erasing, revoke_grant
from worker.clock.erasing_people import erase_person
from worker.commands.answering import PlainCommand, Refusal, answering
from worker.commands.companies import company
from worker.commands.people import user

WHO = "command line"


@company.command("erase", cls=PlainCommand)
@click.argument("company_id", type=int)
@click.option(
    "--yes", "name", required=True, help="The company's name, letter by letter: this cannot be taken back."
)
@click.option(
    "--without-revoking", is_flag=True, help="Go on although Intuit cannot be told that the grant is over."
)
@answering
def erase_company(company_id: int, name: str, without_revoking: bool) -> dict[str, Any]:
    """Take everything of a company out of this installation. QuickBooks and the platform keep what they have."""
    row = db.session.get(Company, company_id) if 0 < company_id < 2**31 else None
    if row is None or row.erased_at is not None:
        raise Refusal(f"There is no company {company_id}.", "no-company")
    if name != row.name:
        raise Refusal(f"Company {company_id} has another name. `company list` shows it; nothing was erased.")
    begin_erasing(company_id, WHO)
    revoked = True
    try:
        revoke_grant(company_id)
    except BookkeepingError as error:
        if not without_revoking:
            raise Refusal(
                f"Intuit could not be told: {error.detail} Nothing is synced any more; run this again, or with --without-revoking.",
                error.code,
            ) from error
        revoked = False
    gone = _when_nobody_is_at_it(company_id)
    return {"company": company_id, "erased": True, "revoked": revoked, "rows": gone}


person = AppGroup("person", help="People, whether they log in or not.")


@user.command("erase", cls=PlainCommand)
@click.argument("email")
@answering
def erase_user(email: str) -> dict[str, Any]:
    """Take a person who logged in, or was invited, out of this installation: what they did stays, under a pseudonym."""
    try:
        found = erase_person(email, WHO)
    except ValueError as error:
        raise Refusal(str(error)) from error
    if not any(found.values()):
        raise Refusal(f"Nothing is on record of {email.strip()}.", "no-such-person")
    return {"erased": True, **found}


person.add_command(erase_user, "erase")


def _when_nobody_is_at_it(company_id: int) -> dict[str, int]:
    deadline = time.monotonic() + settings().lease_seconds * 2
    while True:
        try:
            return finish_erasing(company_id, WHO)
        except LeaseTakenError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
