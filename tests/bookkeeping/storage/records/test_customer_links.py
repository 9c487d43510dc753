"""What becomes of a client when its Customer is made inactive in QuickBooks, and when it is active again."""

import pytest
from sqlalchemy import select

from bookkeeping.storage.base import db
from bookkeeping.storage.company.names import NamedThing
from bookkeeping.storage.records.customer_links import BECAUSE, follow_customers
from bookkeeping.storage.records.documents import CustomerLink
from bookkeeping.storage.records.inspections import InspectionRow

WAITING = {"due": False, "reason": "customer-inactive", "waits_for": "customer:c1"}


@pytest.fixture
def links(house, company, records):
    """Two clients linked to their Customers; an inspection waits for the first. In an app context."""
    records.inspection("1", "waiting", **WAITING)
    with house.app.app_context():
        for client, qbo_id in (("c1", "71"), ("c2", "72")):
            db.session.add(CustomerLink(company_id=company, client_key=client, qbo_id=qbo_id, sync_token="0"))
            thing = NamedThing(
                company_id=company, kind="Customer", qbo_id=qbo_id, sync_token="4", name_key=client
            )
            thing.name, thing.email, thing.more = f"Name {client}", "ann@x.example", {"given_name": "Ann"}
            db.session.add(thing)
        db.session.commit()
        yield company


def _link(company: int, client: str = "c1") -> CustomerLink:
    return db.session.get_one(CustomerLink, (company, client))


def _set_active(company: int, active: bool, qbo_id: str = "71") -> None:
    db.session.get_one(NamedThing, (company, "Customer", qbo_id)).active = active


def _is_due() -> bool:
    return db.session.scalars(select(InspectionRow.due)).one()


def test_a_link_to_an_inactive_customer_asks_who_it_shall_be(links):
    _set_active(links, False)
    follow_customers(links)
    link = _link(links)
    assert (link.state, link.because, link.sync_token) == ("ask", BECAUSE["customer-inactive"], "4")
    [candidate] = link.candidates
    assert (candidate["qbo_id"], candidate["active"], candidate["given_name"]) == ("71", False, "Ann")
    assert candidate["evidence"] == ["the Customer so far", "inactive in QuickBooks"]
    assert (_link(links, "c2").state, _is_due()) == ("linked", False)


def test_a_customer_that_is_active_again_settles_the_question_and_lets_go_what_waited(links):
    _set_active(links, False)
    follow_customers(links)
    _set_active(links, True)
    follow_customers(links)
    assert (_link(links).state, _link(links).candidates, _is_due()) == ("linked", [], True)


def test_only_the_named_customers_are_followed(links):
    _set_active(links, False)
    _set_active(links, False, "72")
    follow_customers(links, ["72"])
    assert (_link(links).state, _link(links, "c2").state) == ("linked", "ask")
    follow_customers(links, [])
    assert _link(links).state == "linked"


def test_what_waits_for_a_living_customer_is_looked_at_again(links):
    follow_customers(links, ["71"])
    assert (_link(links).state, _is_due()) == ("linked", True)
