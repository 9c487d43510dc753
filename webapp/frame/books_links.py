"""Links into a company's QuickBooks: where a person sees the document that we speak of."""

from collections.abc import Callable

from flask import current_app

from bookkeeping.quickbooks_gateway.config import IntuitConfig
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection

KINDS = ("Invoice", "Payment", "RefundReceipt", "SalesReceipt", "Customer")


def books_links(company: Company) -> Callable[[str, str], str]:
    """Return a function from (kind, QuickBooks id) to the address in QuickBooks, "" where there is nothing to see."""
    connection = db.session.get(Connection, company.id)
    if connection is None:
        return lambda kind, qbo_id: ""
    realm_id = current_app.extensions["vault"].open(connection.realm, company.id, "realm")
    config = IntuitConfig.from_settings(current_app.extensions["settings"])

    def link(kind: str, qbo_id: str) -> str:
        return config.books_url(kind, qbo_id, realm_id) if qbo_id and kind in KINDS else ""

    return link
