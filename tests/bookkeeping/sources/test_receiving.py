"""Events that tell of payments: once each, in whatever order, of inspections that are known or come later; read as a platform's resource is."""

from datetime import timedelta

import pytest

from bookkeeping.inspection_source.fields import BadRecordError
from bookkeeping.inspection_source.received import read_event
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from tests.bookkeeping.inspection_source.worlds import EventsWorld

MONDAY, TUESDAY = "2026-03-02T19:00:00Z", "2026-03-03T19:00:00Z"
PAID = {"id": "P1", "amount": "425.00", "method": "card", "received_at": MONDAY}
EVENT = {"id": "e1", "type": "payment.received", "occurred_at": MONDAY, "inspection": "7", "payment": PAID}


@pytest.fixture
def world(house, platform):
    """A company of numbered pages whose payments are told by events."""
    with house.app.app_context():
        yield EventsWorld(platform, house)


def paid(world: EventsWorld, key: str) -> dict[str, tuple[str, str, bool]]:
    """Return what reading tells of each payment: its amount, what was refunded, whether it is voided."""
    world.read()
    found = world.kept[key].payments
    return {one.key: (f"{one.amount}", f"{one.refunded_amount}", one.voided_at is not None) for one in found}


def test_an_event_counts_once_whatever_it_says_the_second_time(world):
    [key] = world.book()
    assert world.tell(key, "e1", "P1", amount="425.00", at=MONDAY) == "taken"
    assert world.tell(key, "e1", "P1", amount="425.00", at=MONDAY) == "repeated"
    assert world.tell(key, "e1", "P2", amount="9.00", at=TUESDAY) == "repeated"
    assert paid(world, key) == {"P1": ("425.00", "0.00", False)}


def test_of_two_events_the_later_one_counts_in_whichever_order_they_come(world):
    [key] = world.book()
    refund = {"type": "payment.refunded", "refunded_amount": "25.00", "at": TUESDAY}
    assert world.tell(key, "e2", "P1", amount="425.00", **refund) == "taken"
    assert world.tell(key, "e1", "P1", amount="425.00", at=MONDAY) == "late"
    assert paid(world, key) == {"P1": ("425.00", "25.00", False)}
    world.tell(key, "e3", "P1", amount="425.00", type="payment.voided", voided_at=TUESDAY, at=TUESDAY)
    assert paid(world, key)["P1"][2] is True


def test_a_payment_that_was_withdrawn_is_none_and_stays_so_against_what_comes_late(world):
    [key] = world.book()
    world.tell(key, "e1", "P1", amount="100.00", at=MONDAY)
    world.tell(key, "e3", "P2", type="payment.withdrawn", at=TUESDAY)
    assert paid(world, key).keys() == {"P1"}
    world.tell(key, "e4", "P1", type="payment.withdrawn", at=TUESDAY)
    assert world.tell(key, "e2", "P2", amount="50.00", at=MONDAY) == "late"
    assert paid(world, key) == {}


def test_money_of_an_inspection_that_is_not_known_yet_waits_for_it(world):
    [first] = world.book()
    coming = str(int(first) + 1)
    world.tell(coming, "e1", "P1", amount="425.00", at=MONDAY)
    world.read()
    assert coming not in world.kept
    assert world.book() == [coming]
    assert paid(world, coming) == {"P1": ("425.00", "0.00", False)}


def test_money_of_an_inspection_outside_of_the_window_is_read_too(world):
    [old] = world.book(datetime=(utcnow() - timedelta(days=90)).isoformat())
    world.book()
    world.read()
    assert world.kept.pop(old).payments == ()
    world.read()
    assert old not in world.kept, "Nothing was told of it, so it is not asked for."
    world.tell(old, "e1", "P1", amount="425.00")
    assert paid(world, old) == {"P1": ("425.00", "0.00", False)}


def test_a_payment_that_is_anothers_leaves_the_one_that_it_was_of(world):
    wrong, right = world.book(2)
    world.tell(wrong, "e1", "P1", amount="425.00", at=MONDAY)
    assert paid(world, wrong).keys() == {"P1"}
    world.tell(right, "e2", "P1", amount="425.00", at=TUESDAY)
    assert (paid(world, wrong).keys(), paid(world, right).keys()) == (set(), {"P1"})


def test_events_have_the_company_read_within_a_minute_and_not_each_for_itself(world):
    company = db.session.get_one(Company, world.ours)
    world.tell("7", "e1", "P1", amount="1.00")
    first = company.next_poll_at
    assert timedelta(seconds=30) < first - utcnow() <= timedelta(minutes=1)
    world.tell("7", "e2", "P2", amount="1.00")
    db.session.refresh(company)
    assert company.next_poll_at == first


WRONG = {
    "no object": ([], "must be an object"),
    "no payment": ({**EVENT, "payment": None}, "must be an object"),
    "no id": ({**EVENT, "id": None}, "id of the 'event'"),
    "no such type": ({**EVENT, "type": "payment.lost"}, "type of the event must be one of"),
    "no offset": ({**EVENT, "occurred_at": "2026-03-02T19:00:00"}, "occurred_at of the event"),
    "nobody's": ({**EVENT, "inspection": ""}, "id of the 'inspection'"),
    "money as a number": ({**EVENT, "payment": {**PAID, "amount": 425.0}}, "amount of payment P1"),
    "no money": ({**EVENT, "payment": {**PAID, "amount": "0.00"}}, "must be above zero"),
    "no such method": ({**EVENT, "payment": {**PAID, "method": "gold"}}, "method of payment P1"),
    "more back": ({**EVENT, "payment": {**PAID, "refunded_amount": "500.00"}}, "must be between 0.00 and"),
    "nothing back": ({**EVENT, "type": "payment.refunded"}, "refunded_amount of payment P1"),
    "not voided": ({**EVENT, "type": "payment.voided"}, "voided_at of payment P1"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_read_exactly_is_refused_with_a_sentence(what):
    said, problem = WRONG[what]
    with pytest.raises(BadRecordError, match=problem) as caught:
        read_event(said)
    assert str(caught.value).endswith(".")


def test_what_is_told_besides_is_not_kept():
    event = read_event({**EVENT, "payment": {**PAID, "card": {"last4": "4242"}, "payer": "Ada"}})
    assert set(event.told["attributes"]) == {"amount", "method", "received_at", "refunded_amount"}
