"""What sources read of our own tables: only their company's, and without leaving a transaction open while a platform is asked."""

from datetime import timedelta

from bookkeeping.sources.kept import DroppedRows, Mirror
from bookkeeping.storage.base import db
from tests.webapp.records import NOON, Records


def test_the_mirror_is_one_companys_and_names_no_deleted_one_among_those_that_start(house, company, records):
    records.inspection("1")
    records.inspection("2", deleted_at=NOON)
    records.inspection("3", starts_at=NOON + timedelta(days=9))
    Records(house, house.make_company("Other")).inspection("9")
    with house.app.app_context():
        mirror = Mirror(company)
        assert mirror.starting(NOON, NOON + timedelta(days=1)) == {"1"}
        assert sorted(mirror.stamps(["1", "2", "9"])) == ["1", "2"]
        one = mirror.inspection("1")
        assert mirror.stamps(["1"])["1"][0] == one.content_hash() and one.key == "1"
        assert mirror.inspection("9") is None
        assert Mirror(None).starting(NOON, NOON + timedelta(days=1)) == frozenset()


def test_a_look_ends_the_transaction_that_it_began_and_no_other(house, company, records):
    records.inspection("1")
    with house.app.app_context():
        Mirror(company).stamps(["1"])
        assert not db.session().in_transaction()
        db.session.connection()
        Mirror(company).stamps(["1"])
        assert db.session().in_transaction()


def test_without_a_company_nothing_was_dropped(house):
    with house.app.app_context():
        assert DroppedRows(None).after(None, 9) == [] and DroppedRows(None).one("1") is None
