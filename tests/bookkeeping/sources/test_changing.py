"""Before a company's source is another: what of ours it shows, and that nothing could be booked twice or be taken out."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bookkeeping.acts.companies import LONG_AGO, change_source
from bookkeeping.inspection_source.source import Page
from bookkeeping.rules.inspection import Inspection
from bookkeeping.sources.changing import SourceLook, look_at_source
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.credentials import credentials_of
from bookkeeping.storage.records.inspections import BadRecord, InspectionRow
from bookkeeping.storage.records.migrations import Migration
from tests.webapp.records import NOON, Records, paid


class Shown:
    """A source that shows these, two a page."""

    def __init__(self, *inspections: Inspection) -> None:
        self.inspections = inspections

    def changed(self, cursor: str | None, *, everything: bool = False) -> Iterator[Page]:
        assert cursor is None and everything
        for place in range(0, len(self.inspections), 2):
            yield Page(self.inspections[place : place + 2], ())


@pytest.fixture
def ours(house, company) -> Iterator[dict[str, Inspection]]:
    """What we know: two inspections in QuickBooks, each with a payment, and one that is not there."""
    records = Records(house, company)
    records.connect()
    for key in ("7", "8"):
        records.booked(
            key, payments=(replace(paid(), key=f"p{key}"),), starts_at=NOON + timedelta(hours=int(key))
        )
    records.inspection("9", starts_at=NOON)
    with house.app.app_context():
        yield {row.key: row.inspection() for row in db.session.query(InspectionRow)}


def look(company: int, *shown: Inspection, seconds: float | None = None) -> SourceLook:
    return look_at_source(db.session.get_one(Company, company), "pages", Shown(*shown), seconds=seconds)


def test_the_same_inspections_under_the_same_ids_are_taken(company, ours):
    new = replace(ours["9"], key="10", starts_at=NOON + timedelta(days=3))
    found = look(company, *ours.values(), new)
    assert (found.in_the_way, found.known, found.new, found.retotaled) == ("", {"7", "8", "9"}, 1, 0)
    assert look(company, *ours.values()).fingerprint != found.fingerprint


SOMETHING = {
    "nothing of ours": (
        lambda ours: [replace(ours["9"], key="10", starts_at=NOON + timedelta(days=3))],
        "nothing that is in QuickBooks (2 inspections)",
    ),
    "another id": (
        lambda ours: [ours["7"], replace(ours["8"], key="88")],
        "would be booked twice: it knows 8",
    ),
    "the same id for another": (
        lambda ours: [
            ours["7"],
            replace(ours["8"], created_at=NOON - timedelta(days=9), starts_at=NOON - timedelta(days=9)),
        ],
        "under the same id it shows something else as 8",
    ),
    "one is missing": (lambda ours: [ours["7"], ours["9"]], "do not come: 8"),
    "a payment is missing": (
        lambda ours: [ours["7"], replace(ours["8"], payments=())],
        "which would be taken out: 8",
    ),
    "a payment by another id": (
        lambda ours: [ours["7"], replace(ours["8"], payments=(replace(paid(), key="P-1"),))],
        "which would be taken out: 8",
    ),
    "deleted there": (lambda ours: [ours["7"], replace(ours["8"], deleted_at=NOON)], "do not come: 8"),
}


@pytest.mark.parametrize("what", SOMETHING)
def test_what_would_be_booked_twice_or_taken_out_stands_in_the_way(company, ours, what):
    make, problem = SOMETHING[what]
    found = look(company, *make(ours))
    assert problem in found.in_the_way and found.in_the_way.endswith(".")


def test_what_was_not_read_to_its_end_is_not_taken_and_neither_is_one_in_a_migration(company, ours):
    assert "could not be read to its end" in look(company, *ours.values(), seconds=-1).in_the_way
    db.session.add(
        Migration(company_id=company, state="scheduled", cutoff=NOON, typed_cutoff="x", asked_by="o@x")
    )
    db.session.commit()
    assert "A migration is scheduled" in look(company, *ours.values()).in_the_way


def test_with_nothing_booked_any_source_is_taken_and_what_was_read_before_is_forgotten(house, company):
    Records(house, company).inspection("7")
    with house.app.app_context():
        assert look(company).in_the_way == ""
        row = db.session.get_one(Company, company)
        row.source_cursor = "2026-03-02T19:00:00+00:00"
        change_source(row, "ops", "files", {})
        db.session.commit()
        assert (row.source_kind, row.source_cursor, row.feed_url, credentials_of(row)) == (
            "files",
            None,
            "",
            {},
        )
        assert db.session.query(InspectionRow).count() == 0


def test_what_is_booked_stays_known_and_its_moments_are_the_other_sources(company, ours):
    row = db.session.get_one(Company, company)
    db.session.add(BadRecord(company_id=company, key="x", reason="r", raw={}))
    row.feed_state, row.source_cursor = "refused", "here"
    change_source(row, "ops", "feed", {"url": "https://other.example", "key": "k"})
    db.session.commit()
    assert (row.feed_state, row.source_cursor, row.feed_url) == ("ok", None, "https://other.example")
    assert {one.source_updated_at for one in db.session.query(InspectionRow)} == {LONG_AGO}
    assert db.session.query(BadRecord).count() == 0 and db.session.query(InspectionRow).count() == 3
