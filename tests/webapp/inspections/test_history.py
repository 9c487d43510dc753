"""The history of an inspection on its page: what *Explain this number* tells, among our writes."""

from html import unescape

from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from tests.webapp.records import NOON
from webapp.inspections.history import happenings
from webapp.inspections.trace import trace_of


def test_the_history_tells_all_that_explaining_the_number_tells(house, company, records, bookkeeper):
    records.connect()
    records.inspection("1", "drift", reason="drift")
    records.operation("1", settled_at=NOON)
    left, open_one = records.document("1"), records.document("1", "Payment", qbo_id="150")
    bookkeeper.post(f"/drift/{records.drift(left)}/keep", page="/drift")
    records.drift(open_one, "deleted", fields=[])
    bookkeeper.post("/inspections/1/retry", page="/inspections/1")
    with house.app.app_context():
        told = happenings(trace_of(db.session.get_one(Company, company), "1"))
    assert len(told) == 5 and sum(one.operation is not None for one in told) == 1
    said = unescape(bookkeeper.read("/inspections/1").split(">History<")[1])
    explained = unescape(bookkeeper.read("/inspections/1/explain").split(">Who changed what<")[1])
    for one in told:
        assert one.what in explained and one.who in explained
        assert one.operation is not None or (one.what in said and one.who in said), one
    places = [said.index(one.what) for one in told if one.operation is None]
    assert places == sorted(places)
