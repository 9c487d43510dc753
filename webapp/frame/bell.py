"""How a page ends an act: the rows are committed, and then the bell rings, so that nobody looks before there is something to see."""

from flask import current_app

from bookkeeping.storage.base import db


def commit_and_ring(*company_ids: int) -> None:
    """Commit the current transaction and let a worker look at these companies. A bell that is out of reach costs a minute: the tick rings."""
    db.session.commit()
    for company_id in company_ids:
        current_app.extensions["bell"].ring(company_id)
