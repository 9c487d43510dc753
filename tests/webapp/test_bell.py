"""The bell: what one person is told of, read and unread, on a page of its own and counted on every page."""

from datetime import timedelta

from sqlalchemy import event, insert, select

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.people.memberships import Membership
from bookkeeping.storage.people.notices import Notice
from bookkeeping.storage.people.told import A_PAGE, MOST_COUNTED, NoticeRead, unread_count
from tests.webapp.house import Browser, House
from tests.webapp.records import Records, post_with_token

EMPTY = 'aria-label="Notices"'


def told(records: Records, kind: str = "needs-you-digest", occasion: str = "1", **values) -> int:
    """A notice of the company: inspections that need somebody."""
    subject = f"Blue Ridge Home Inspections: {kind} {occasion}"
    base = {"subject": subject, "text": "See what to do.", "link": "/sync-log"}
    at = {"created_at": utcnow() + timedelta(seconds=1)}  # After the person came.
    which = {"company_id": records.company_id, "kind": kind, "occasion": occasion}
    return records.keep(Notice(**which, **{**base, **at, **values}))


def unread(browser: Browser, count: int | str) -> bool:
    label = f'aria-label="Notices, {count} not read"' if count else EMPTY
    return label in browser.read("/settings")


def test_each_person_has_the_notices_of_their_topics_and_their_own(
    house, company, records, owner, bookkeeper
):
    assert unread(owner, 0) and "There was nothing to tell you yet." in owner.read("/notices")
    told(records)
    told(records, "migration-result")
    told(records, "reconnect-needed")
    told(records, "access", address="bookkeeper1@office.example", link="/account")
    told(records, "access", "2", address="somebody@else.example")
    accountant = house.browser(house.make_person("accountant", company))
    other = house.make_company("Front Range Home Inspections")
    stranger = house.browser(house.make_person("owner", other, "x@other.example"))
    assert unread(owner, 3) and unread(bookkeeper, 2) and unread(accountant, 0) and unread(stranger, 0)
    page = owner.read("/notices")
    order = [page.index(f"{kind} 1") for kind in ("reconnect-needed", "migration-result", "needs-you-digest")]
    assert order == sorted(order)
    assert "access" not in page and "Blue Ridge Home Inspections: " not in page
    assert "somebody@else" not in bookkeeper.read("/notices")


def test_opening_one_leads_to_it_and_reads_it_for_this_person_alone(
    house, company, records, owner, bookkeeper
):
    first, plain = told(records), told(records, occasion="2", link="")
    assert owner.read("/notices").count("New</span>") == 2
    answer = owner.post(f"/notices/{first}/open", page="/notices")
    assert answer.location == "/sync-log" and unread(owner, 1) and unread(bookkeeper, 2)
    assert owner.post(f"/notices/{first}/open", page="/notices").location == "/sync-log"
    assert owner.post(f"/notices/{plain}/open", page="/notices").location == "/notices" and unread(owner, 0)
    outward = told(records, occasion="3", link="https://elsewhere.example/")
    assert owner.post(f"/notices/{outward}/open", page="/notices").location == "/notices"
    accountant = house.browser(house.make_person("accountant", company))
    assert post_with_token(house, accountant, f"/notices/{first}/open").status_code == 404


def test_all_are_marked_read_at_once_and_what_comes_later_is_new(house, records, owner):
    opened = told(records)
    told(records, occasion="2")
    owner.post(f"/notices/{opened}/open", page="/notices")
    assert "Mark all read" in owner.read("/notices")
    owner.post("/notices/read", page="/notices")
    assert unread(owner, 0) and "Mark all read" not in owner.read("/notices")
    with house.app.app_context():
        assert db.session.scalars(select(NoticeRead)).all() == []
    told(records, occasion="3")
    assert unread(owner, 1)


def test_what_was_told_before_somebody_came_is_not_new_to_them(records, owner):
    told(records, created_at=utcnow() - timedelta(days=1))
    assert unread(owner, 0) and "needs-you-digest" in owner.read("/notices")


def test_ten_thousand_notices_are_counted_by_the_index_alone_and_shown_page_by_page(
    house: House, company, records, owner
):
    with house.writing():
        at = utcnow() + timedelta(seconds=1)
        base = {"company_id": company, "kind": "needs-you-digest", "text": "x", "link": "", "created_at": at}
        base |= {"urgent": False, "attempts": 0}
        rows = [{**base, "occasion": str(n), "subject": f"no. {n}"} for n in range(10_000)]
        db.session.execute(insert(Notice), rows)
        db.session.commit()
        person = db.session.scalars(select(Membership)).first()
        said: list[tuple[str, tuple]] = []

        def note(_connection, _cursor, statement, parameters, *_more) -> None:
            said.append((statement, parameters))

        event.listen(db.engine, "before_cursor_execute", note)
        assert unread_count(person) == MOST_COUNTED
        event.remove(db.engine, "before_cursor_execute", note)
        [(counted, values)] = [one for one in said if "count(" in one[0]]
        cursor = db.session.connection().connection.cursor()
        plan = " ".join(
            str(row) for row in cursor.execute(f"EXPLAIN QUERY PLAN {counted}", values).fetchall()
        )
    assert "COVERING INDEX ix_notices_told" in plan, plan
    assert unread(owner, "99+")
    page = owner.read("/notices")
    assert page.count('class="log__row"') == A_PAGE and "no. 9999" in page and "Older" in page
