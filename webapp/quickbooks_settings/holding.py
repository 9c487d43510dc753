"""Whether a first sync waits until somebody has looked at the practice run: chosen beside *Enable*, or under Bookkeeping."""

from flask_login import current_user

from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.people.audit import record_act
from webapp.access.limits import client_address


def hold_first_sync(company: Company, hold: bool) -> None:
    """Note the choice, in the current transaction; an act is left where it differs from the one before."""
    if hold == company.hold_first_sync:
        return
    record_act(
        company.id,
        current_user.email,
        "changed holding the first sync",
        before={"hold": company.hold_first_sync},
        after={"hold": hold},
        address=client_address(),
    )
    company.hold_first_sync = hold
