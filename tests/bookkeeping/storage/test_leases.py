"""Leases by a clock that may be set: what was given back is free, and nobody is kept out for longer than a lease lasts."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from bookkeeping.errors import LeaseLostError, LeaseTakenError
from bookkeeping.storage.work.leases import give_back, lease_names_held, take_lease
from tests.webapp.house import House

NOON = datetime(2031, 3, 4, 12, tzinfo=UTC)


@pytest.fixture
def clock(house: House):
    """A clock that stands still until it is moved, with an empty table of leases."""
    with house.app.app_context(), time_machine.travel(NOON, tick=False) as moved:
        yield moved


def test_a_lease_keeps_others_out_until_its_end(clock):
    take_lease("company:1", "first", 90)
    clock.move_to(NOON + timedelta(seconds=90))
    with pytest.raises(LeaseTakenError):
        take_lease("company:1", "second", 90)
    assert lease_names_held(90) == {"company:1"}
    clock.move_to(NOON + timedelta(seconds=91))
    assert lease_names_held(90) == set()
    assert take_lease("company:1", "second", 90).fence == 2


@pytest.mark.parametrize("back", [1, 60, 3600, 86400 * 400])
@pytest.mark.parametrize("how", ["released", "given back"])
def test_a_lease_given_back_is_free_whatever_the_clock_is_set_to(clock, how, back):
    lease = take_lease("company:1", "first", 90)
    if how == "released":
        lease.release()
    else:
        give_back("company:1", "first")
    clock.move_to(NOON - timedelta(seconds=back))
    assert lease_names_held(90) == set()
    assert take_lease("company:1", "second", 90).fence == 2


def test_what_somebody_else_holds_is_not_given_back(clock):
    take_lease("company:1", "first", 90)
    give_back("company:1", "second")
    assert lease_names_held(90) == {"company:1"}


def test_a_dead_holders_lease_lasts_no_longer_for_a_clock_set_back(clock):
    take_lease("company:1", "dead", 90)
    clock.move_to(NOON - timedelta(hours=1))
    assert lease_names_held(90) == set()
    assert take_lease("company:1", "second", 90).fence == 2


def test_a_live_holder_keeps_its_lease_by_the_clock_as_it_is(clock):
    lease = take_lease("company:1", "alive", 90)
    clock.move_to(NOON - timedelta(hours=1))
    lease.renew()
    with pytest.raises(LeaseTakenError):
        take_lease("company:1", "second", 90)


def test_a_live_holder_that_was_overtaken_is_refused(clock):
    lease = take_lease("company:1", "alive", 90)
    clock.move_to(NOON - timedelta(hours=1))
    take_lease("company:1", "second", 90)
    with pytest.raises(LeaseLostError):
        lease.commit()
