"""Sealing every secret again under the newest key, and the audit log with it."""

from typing import Any

from sqlalchemy import func, select

from bookkeeping.storage.base import db
from bookkeeping.storage.company.callbacks import Callback
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.company.vault import Vault, vault
from bookkeeping.storage.people.audit import chains, end_is_sealed, record_act, sign_amendments_again
from bookkeeping.storage.people.factors import Factor, reseal_factors
from bookkeeping.storage.people.notices import Notice

WHO = "command line"
SEALED = (
    *(Company.feed_key, Company.source_credentials, Connection.realm, Connection.tokens),
    *(Callback.secret, Notice.sealed_link, Factor.secret),
)
"""Every column with a sealed text in it; many are empty."""


def sealed_under_older_keys() -> int:
    """Return how many secrets need another key than the newest to be opened."""
    newest = f"v1.{vault().newest}.%"
    rows = (select(func.count()).where(one != "", one.not_like(newest)) for one in SEALED)
    return sum(db.session.scalar(one) or 0 for one in rows)


def rotate_keys() -> int:
    """Seal every secret again under the newest key, one company a transaction; return how many rows changed."""
    keys, changed = vault(), 0
    for company_id in db.session.scalars(select(Company.id)).all():
        # Not the strongest lock: rows that only refer to the company may be written meanwhile.
        company = db.session.get(Company, company_id, with_for_update={"key_share": True})
        changed += _reseal(keys, company, company_id, ("feed_key", "source_credentials"))
        connection = db.session.get(Connection, company_id, with_for_update=True)
        if connection is not None:
            changed += _reseal(keys, connection, company_id, ("realm", "tokens"))
            connection.realm_digest = keys.digests(keys.open(connection.realm, company_id, "realm"))[0]
        callback = db.session.get(Callback, company_id, with_for_update=True)
        changed += _reseal(keys, callback, company_id, ("secret",)) if callback is not None else 0
        links = select(Notice).where(Notice.company_id == company_id, Notice.sealed_link != "")
        for notice in db.session.scalars(links.with_for_update()):
            changed += _reseal(keys, notice, company_id, ("sealed_link",))
        db.session.commit()
    changed += reseal_factors()
    db.session.commit()
    _lengthen_chains(changed)
    return changed


def _lengthen_chains(changed: int) -> None:
    """Put an entry under the newest key at the end of every chain, which vouches for all before it when the old key is gone.

    A chain without a good seal at its end gets none: that is for somebody to look at first (`audit verify`, `audit seal`). Nothing is
    added where nothing was sealed anew.
    """
    if not changed:
        return
    for company_id in {None, *(chain for chain, _, _ in chains())}:
        sign_amendments_again(company_id)
        if end_is_sealed(company_id):
            record_act(company_id, WHO, "rotated the keys")
        db.session.commit()


def _reseal(keys: Vault, row: Any, company_id: int, columns: tuple[str, ...]) -> int:
    changed = 0
    for column in columns:
        sealed = getattr(row, column)
        if sealed and sealed.split(".")[1] != keys.newest:
            setattr(row, column, keys.seal(keys.open(sealed, company_id, column), company_id, column))
            changed = 1
    return changed
