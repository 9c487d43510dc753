"""Each kind of source through the real poll into the books: what is booked, changed and deleted there follows, and nothing is read for nothing."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine

from bookkeeping.inspection_source.source import OVERLAP
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.credentials import keep_credentials
from tests.bookkeeping.inspection_source.worlds import FilesWorld
from tests.functional.office import inspection
from tests.harness.in_process import Desk
from worker.reading.poll import full_poll, poll


@pytest.fixture
def paged(desk: Desk) -> Desk:
    """The desk's company, read by numbered pages."""
    with desk.shop.app.app_context():
        given = {"url": f"{desk.platform.base_url}/paged", "key": desk.feed_key, "days_back": 30}
        keep_credentials(db.session.get_one(Company, desk.id), "pages", given)
        db.session.commit()
    return desk


@pytest.fixture
def filed(desk: Desk) -> FilesWorld:
    """The desk's company, its inspections in files."""
    with desk.shop.app.app_context():
        keep_credentials(db.session.get_one(Company, desk.id), "files", {})
        db.session.commit()
        yield FilesWorld(None, SimpleNamespace(make_company=lambda *_, **__: desk.id))


def test_numbered_pages_are_booked_changed_and_deleted_as_a_feeds(paged: Desk):
    gone, changed, _ = paged.book(inspection(1), inspection(2), inspection(3))
    paged.run()
    paged.sync_until_quiet()
    assert len(paged.books()["Invoice"]) == 3
    paged.change(changed, line_items=[{"kind": "service", "name": "Radon", "amount": "480.00"}])
    paged.change(gone, deleted=True)
    paged.sync()
    with time_machine.travel(utcnow() + OVERLAP + timedelta(minutes=1)):
        paged.sync()
    paged.sync_until_quiet()
    paged.assert_exact()
    assert len(paged.books()["Invoice"]) == 2


def test_an_unchanged_page_touches_no_row_and_the_next_reading_waits_longer(paged: Desk):
    [key] = paged.book(inspection(1))
    paged.do(poll)
    before = paged.mirrored()[key]
    with time_machine.travel(utcnow() + timedelta(hours=9)):
        paged.do(poll)
        paged.do(full_poll)
    after, company = paged.mirrored()[key], paged.company()
    assert (after.source_updated_at, after.wanted_gen) == (before.source_updated_at, 1)
    assert company.next_poll_at - company.last_poll_at > timedelta(minutes=20)


def test_dropped_files_are_booked_changed_and_taken_out(desk: Desk, filed: FilesWorld):
    first, second = filed.book(2)
    filed.pay(first, "425.00")
    db.session.rollback()
    desk.run()
    desk.sync_until_quiet()
    assert {one["DocNumber"] for one in desk.books()["Invoice"]} == {f"SP-{first}", f"SP-{second}"}
    assert [float(one["TotalAmt"]) for one in desk.books()["Payment"]] == [425.0]
    filed.charge(first, "480.00")
    filed.delete(second)
    numbered = filed.number("B-7")
    db.session.rollback()
    desk.sync_until_quiet()
    books = {one["DocNumber"]: float(one["TotalAmt"]) for one in desk.books()["Invoice"]}
    assert books == {f"SP-{first}": 480.0, "SP-B-7": 425.0}
    assert desk.mirrored()[numbered].number == "B-7"
