"""What happens once after consent: is it a US company, what is it called, and whom and what does it know. Then nightly: preferences.

The name index read here is why matching a client later costs no read; change data capture keeps it fresh.
"""

import logging
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, select

from bookkeeping.acts.connecting import realm_is_taken
from bookkeeping.errors import BookkeepingError, NotConnectedError
from bookkeeping.quickbooks_gateway import reading
from bookkeeping.quickbooks_gateway.oauth import OAuth
from bookkeeping.rules.customers import PEOPLE, of_people
from bookkeeping.rules.eligibility import is_us
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.names import NamedThing, keep_name
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.records.customer_links import follow_customers
from bookkeeping.storage.records.documents import Document
from bookkeeping.storage.records.due import held_up_by, make_due, make_ended_due
from bookkeeping.storage.work.tokens import ConnectionTokens
from worker.app import intuit_config
from worker.holding.progress import tell
from worker.holding.work import Work

logger = logging.getLogger(__name__)

LISTS = ("Item", "Account", "PaymentMethod", "Term", "Class", "Department")

LAPSED = frozenset({"EXPIRED", "CANCELLED", "CANCELED", "SUSPENDED"})
"""QuickBooks' words for a subscription that takes no writes. Any other word, or none, proves nothing: then a write is tried."""


def set_up(work: Work) -> bool:
    """Check the company and read its lists, unless that is done; always finishes.

    Raises:
        NotConnectedError: not a US company in US dollars (`not-us`, `not-usd`): the grant is revoked; another company's
            (`realm-taken`); or no connection.
    """
    connection = work.connection
    if connection is not None and connection.state == "connected" and connection.set_up_at is not None:
        return True
    work.gateway  # noqa: B018 - raises before anything is told when there is no connection.
    tell(work, "Looking at your QuickBooks company")
    work.commit()
    started = utcnow()
    read_facts(work)
    read_lists(work)
    follow_customers(work.company_id)
    connection = work.existing_connection
    connection.set_up_at = utcnow()
    if connection.changes_since is None and not _has_documents(work.company_id):
        connection.changes_since = started  # With documents from before, all of them are compared first.
    work.commit()
    return True


def _has_documents(company_id: int) -> bool:
    """Whether we wrote before the lists were read: that goes on when reading them fails."""
    return (
        db.session.scalar(select(Document.id).where(Document.company_id == company_id).limit(1)) is not None
    )


def read_lists(work: Work) -> None:
    """Read the name index, the lists and the default accounts anew, and commit."""
    lists = {}
    for kind in (*PEOPLE, *LISTS):
        work.before_call()
        lists[kind] = list(work.gateway.query_all(kind))
    keep_lists(work, lists)
    connection = work.existing_connection
    before = connection.facts.get("income_account_id")
    connection.facts = {**connection.facts, **default_accounts(connection.facts, lists["Account"])}
    if not before and connection.facts["income_account_id"]:
        # Looked at between a first reading that broke off and this one, it found none.
        make_due(work.company_id, "cause-gone", held_up_by("no-income-account"))
    work.commit()


def refresh_facts(work: Work) -> bool:
    """Read Preferences again, and CompanyInfo with them unless the night asks, so that a moved closing date takes effect.

    CompanyInfo says nothing that a night needs, but whether a subscription was renewed that QuickBooks refused writes for. A company that keeps several currencies since then: the names are read again, to know which are in another one.
    """
    knew = (work.existing_connection.facts or {}).get("several_currencies")
    at_night = work.run.kind == "nightly" and not work.existing_connection.blocked
    read_facts(work, preferences_only=at_night)
    if work.existing_connection.facts["several_currencies"] and not knew:
        read_lists(work)
        follow_customers(work.company_id)
        work.commit()
    return True


def read_facts(work: Work, *, preferences_only: bool = False) -> None:
    """Read CompanyInfo and Preferences, and refuse what we do not serve. What was blocked is tried again, unless it says that it still is.

    `preferences_only`: what CompanyInfo says is taken from the last time, if there was one.
    """
    gateway = work.gateway
    connection = work.existing_connection
    known = preferences_only and connection.state == "connected"
    info = reading.company_info_as_kept(connection.facts or {}) if known else None
    if info is None:
        work.before_call()
        info = gateway.company_info()
    work.before_call()
    preferences = gateway.preferences()
    facts = reading.company_facts(info, preferences)
    problem = _not_served(facts)
    if problem:
        refuse(work, *problem)
    connection = work.existing_connection
    kept = dict(connection.facts or {})
    blocked = kept.get("blocked")
    if blocked and not (blocked == "qbo-6190" and facts.subscription.upper() in LAPSED):
        del kept["blocked"]
        make_due(work.company_id, "cause-gone", held_up_by(blocked))
    said = _plain(asdict(facts))
    if any(kept.get(name) != value for name, value in said.items()):
        make_ended_due(work.company_id, "preference")
    connection.facts = kept | said
    connection.company_name = facts.name
    connection.facts_at = utcnow()
    if connection.state == "checking":
        connection.state, connection.state_since, connection.code = "connected", utcnow(), ""
        before, connection.proven_at = connection.proven_at, connection.proven_at or utcnow()
        db.session.flush()  # The only writer from here on, also on SQLite.
        if realm_is_taken(work.company_id, gateway.realm_id):
            connection.proven_at = before  # Not this company's realm: it may connect its own.
            refuse(work, "realm-taken", "")
    work.commit()


def refuse(work: Work, code: str, detail: str) -> None:
    """End a connection that we must not have, keep the reason, and revoke the grant.

    The grant of a realm that another company has is not revoked: Intuit knows one for our app and that realm.

    Raises:
        NotConnectedError: always, with that reason.
    """
    connection = work.existing_connection
    connection.state, connection.code, connection.detail = "refused", code, detail
    connection.state_since = utcnow()
    record_act(work.company_id, "Tieout", "refused the QuickBooks company", subject=code)
    work.commit()
    work.forget_gateway()
    left = ConnectionTokens(work.company_id).take_leftover()
    if code != "realm-taken":
        revoke_leftover(work, left)
    raise NotConnectedError(detail, code=code)


def revoke_leftover(work: Work, refresh_token: str | None) -> None:
    """Give a grant back that is of no use to us; that Intuit cannot be told only stands in the log."""
    if refresh_token is None:
        return
    try:
        OAuth(intuit_config()).revoke(refresh_token)
    except BookkeepingError as error:
        logger.warning("Revoking failed", extra={"company_id": work.company_id, "code": error.code})


def keep_lists(work: Work, lists: dict[str, list[dict[str, Any]]]) -> None:
    """Replace the index rows of these kinds with what QuickBooks has, in one transaction."""
    db.session.execute(
        delete(NamedThing).where(NamedThing.company_id == work.company_id, NamedThing.kind.in_(tuple(lists)))
    )
    db.session.expunge_all()
    for kind, rows in lists.items():
        for row in rows:
            keep_listed(work.company_id, kind, row)
    work.commit()


def keep_listed(company_id: int, kind: str, row: dict[str, Any]) -> None:
    """Put one Customer, Vendor, Employee, Item, Account, … as QuickBooks has it into the local index."""
    if of_people(kind):
        entry = reading.name_entry(kind, row)
        keep_name(
            company_id,
            kind,
            entry.qbo_id,
            entry.display_name,
            row,
            email=entry.email,
            phone=entry.phone,
            address=entry.address,
            given_name=entry.given_name,
            family_name=entry.family_name,
            currency=entry.currency,
        )
    else:
        name = row.get("FullyQualifiedName") or row.get("Name") or ""
        keep_name(
            company_id, kind, str(row["Id"]), name, row, type=row.get("AccountType") or row.get("Type") or ""
        )


def default_accounts(facts: dict[str, Any], accounts: list[dict[str, Any]]) -> dict[str, str]:
    """Return the ids of the accounts used where the bookkeeper chose none; `facts` are those read before.

    The income account that was found once stays: while it is inactive there is none, so that new Items never move to another one silently.
    """
    chart = reading.chart(accounts)
    clear = chart.default_income.qbo_id if chart.default_income else ""
    found = facts.get("income_account_found") or facts.get("income_account_id") or clear
    active = {one.qbo_id for one in chart.incomes}
    return {
        "income_account_found": found,
        "income_account_id": found if found in active else "",
        "undeposited_id": chart.undeposited.qbo_id if chart.undeposited else "",
    }


def _not_served(facts: reading.CompanyFacts) -> tuple[str, str] | None:
    if not is_us(facts.country):
        return "not-us", f"{facts.name} is in {facts.country or 'an unnamed country'}."
    if facts.currency.upper() != "USD":
        return "not-usd", f"{facts.name} keeps its books in {facts.currency}."
    return None


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, (date, datetime)):
            return value.isoformat()
        return str(value) if isinstance(value, Decimal) else value

    return {name: plain(value) for name, value in facts.items()}
