"""How a company stands, counted from its rows. How that is said is tested beside `bookkeeping.logbook.situation.sentence`."""

from datetime import timedelta

from sqlalchemy import event, select

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from tests.webapp.records import NOON
from webapp.frame.standing import next_nightly, next_sync, standing_of, today
from webapp.frame.words import plural


def test_the_company_is_counted_as_it_is_on_record(house, company, records):
    records.connect()
    for key, state in (("1", "in-sync"), ("2", "in-sync"), ("3", "drift")):
        records.inspection(key, state)
    records.drift(records.document("3"))
    records.run(kind="first", state="failed")
    now = utcnow()
    for number, outcome in enumerate(("created", "created", "refused")):
        records.operation(str(number), outcome, settled_at=now)
    records.operation("2", "refused", settled_at=now)  # Tried again: still one Invoice that was refused.
    records.operation("9", settled_at=now - timedelta(days=2))
    with house.app.app_context():
        row = db.session.scalars(select(Company)).one()
        standing = standing_of(row)
        assert (standing.counts, standing.drifts) == ({"in-sync": 2, "drift": 1}, 1)
        assert (standing.word, standing.connected) == ("drift", True)
        assert standing.sentence == "1 document was changed in QuickBooks."
        assert [one.key for one in standing.situation.rest] == ["first-sync"]
        assert today(row) == [("Invoice", "created", 2), ("Invoice", "refused", 1)]


def test_the_next_sync_waits_for_poll_and_pause_and_is_tonights_at_the_latest(house):
    later = NOON + timedelta(hours=1)
    with house.app.app_context():
        assert next_sync(Company()) is None
        assert next_sync(Company(next_poll_at=NOON)) == NOON
        assert next_sync(Company(next_poll_at=NOON, not_before=later)) == later
        in_two_days = utcnow() + timedelta(days=2)
        tonight = next_sync(Company(next_poll_at=in_two_days))
        assert tonight == next_nightly() < utcnow() + timedelta(days=1, seconds=1)
        assert next_sync(Company(next_poll_at=in_two_days, not_before=in_two_days)) == in_two_days


def test_a_page_and_the_frame_around_it_count_the_company_once(house, owner):
    asked: list[str] = []
    with house.app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
    for address in ("/", "/settings", "/settings/quickbooks", "/numbers"):
        asked.clear()
        owner.get(address)
        assert len([one for one in asked if "count(*)" in one and "FROM drifts" in one]) == 1, address


def test_counts_and_nouns_agree():
    assert plural(1, "delete waits", "deletes wait") == "1 delete waits"


def test_what_cannot_be_sent_now_is_not_said_to_be_syncing(house, company, owner, records):
    house.make_inspection(company, "1", state="syncing")
    page = owner.read("/")
    assert "Not sent yet" in page.partition('class="state-legend"')[2].partition("</ul>")[0]
    records.connect()
    assert "Not sent yet" not in owner.read("/")
