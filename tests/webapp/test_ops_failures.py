"""Ops' failures: grouped by what is behind them, filtered, exported, muted, assigned, kept as views."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest

from bookkeeping.faults import CATALOGUE
from bookkeeping.storage.base import db
from bookkeeping.storage.work.ops import Mute
from tests.webapp.failing import HOUR, connected_company, failing, many_failing, now, refused_operation
from tests.webapp.house import Browser, House
from tests.webapp.sheets import csv_rows, csv_table

CLOSED = CATALOGUE["qbo-6200"].title
TAKEN = CATALOGUE["qbo-6240"].title


@pytest.fixture
def ops(house: House) -> Browser:
    """Somebody of ops, logged in."""
    return house.browser(house.make_person("ops"))


@pytest.fixture
def blue(house: House) -> int:
    """A connected company."""
    return connected_company(house, "Blue Ridge")


@pytest.fixture
def front(house: House) -> int:
    """Another one."""
    return connected_company(house, "Front Range")


def causes(page: str) -> list[str]:
    """The codes of the cards, in their order."""
    return re.findall(r'id="cause-([^"]+)"', page)


def listed(page: str) -> list[str]:
    """The keys of the inspections in the list, in their order."""
    return re.findall(r">Inspection ([^<]+)</a>", page)


def test_causes_stand_with_what_they_hold_up_most_money_first(house, ops, blue, front):
    failing(house, blue, "a", "qbo-6240", total=Decimal("9000.00"))
    failing(house, blue, "b")
    failing(house, front, "c", total=Decimal("1000.50"), held_since=now() - timedelta(days=3))
    page = ops.read("/ops/failures")
    assert causes(page) == ["qbo-6240", "qbo-6200"]
    assert "2 companies" in page and "$1,425.50" in page and "3 days ago" in page
    assert "the company&#39;s bookkeeper" in page.replace("&#x27;", "&#39;")
    assert CATALOGUE["qbo-6200"].remedy in page
    assert page.index("Front Range", page.index("cause-qbo-6200")) < page.index(
        "Blue Ridge", page.index("cause-qbo-6200")
    )


def test_a_refused_customer_shows_once_with_what_waits_for_it(house, ops, blue):
    failing(house, blue, "first", "qbo-6240", client_key="ann")
    waits = {"state": "waiting", "client_key": "ann", "waits_for": "customer:ann"}
    failing(house, blue, "second", "waiting-for-customer", **waits)
    failing(house, blue, "third", "waiting-for-customer", **waits)
    page = ops.read("/ops/failures")
    assert causes(page) == ["qbo-6240"]
    assert "3 operations" in page and "$1,275.00" in page
    assert listed(ops.read("/ops/failures?cause=qbo-6240")) == ["third", "second", "first"]


def test_companies_held_up_as_a_whole_show_their_cause_and_what_is_due(house, ops, blue):
    reconnect = connected_company(house, "Lapsed Inspections", state="reconnect")
    failing(house, reconnect, "due", "", state="syncing", held_since=None)
    house.make_company("Never Connected")
    with house.writing():
        from bookkeeping.storage.company.companies import Company

        db.session.get(Company, blue).feed_state = "refused"
        db.session.commit()
    page = ops.read("/ops/failures")
    assert causes(page) == ["qbo-3200", "feed-refused"]
    assert "Lapsed Inspections" in page and "$425.00" in page and "Never Connected" not in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("cause=qbo-6200", ["closed"]),
        ("company={front}", ["taken"]),
        ("handling=temporary", ["passing"]),
        ("handling=refused", ["taken", "closed"]),
        ("age=1d", ["taken"]),
        ("text=maple", ["taken"]),
        ("text=SP-closed", ["closed"]),
        ("text=100%25", []),
        ("only=rising", ["passing"]),
        ("cause=qbo-6200&company={front}", []),
    ],
)
def test_filters_narrow_the_list(house, ops, blue, front, query, found):
    failing(house, blue, "closed")
    failing(house, front, "taken", "qbo-6240", address="9 Maple Ave", held_since=now() - timedelta(days=2))
    failing(house, blue, "passing", "qbo-10000", state="waiting", failures=7, next_try_at=now())
    assert listed(ops.read(f"/ops/failures?{query.format(front=front)}")) == found


def test_a_filter_that_is_none_is_said_and_kept(house, ops):
    answer = ops.get("/ops/failures?age=ages&text=x")
    assert answer.status_code == 400
    assert "There is no such choice" in answer.text and 'value="x"' in answer.text


def test_pages_hold_every_failure_once(house, ops, blue):
    many_failing(house, [blue], 120, ["qbo-6200"])
    seen, path = [], "/ops/failures?cause=qbo-6200"
    while path:
        page = ops.read(path)
        seen += listed(page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        path = older.group(1).replace("&amp;", "&") if older else ""
    assert len(seen) == 120 == len(set(seen))


def test_request_and_answer_show_without_their_secrets(house, ops, blue):
    failing(house, blue, "1042")
    refused_operation(house, blue, "1042")
    for path in ("/ops/failures?cause=qbo-6200", f"/ops/companies/{blue}/inspections/1042"):
        page = ops.read(path)
        assert "1-5f-tid" in page and "Account period closed" in page and f"req-{blue}-1042" in page
        assert "SP-1042" in page and "Attempt 2" in page and "HTTP 503" in page
        assert "&lt;h1&gt;Unavailable" in page and "&#34;6200&#34;" in page
        assert "s3cret-token" not in page and "ann@client.example" not in page.split("Request and answer")[1]


def test_csv_has_every_failure_and_no_formula(house, ops, blue):
    failing(house, blue, "x1", detail='=HYPERLINK("http://evil")', client_name="@sum", address="+1")
    failing(house, blue, "x2", "qbo-6240", total=Decimal("-5.00"))
    answer = ops.get(f"/ops/failures.csv?company={blue}")
    assert answer.mimetype == "text/csv" and "attachment" in answer.headers["Content-Disposition"]
    rows = csv_table(answer.data)
    assert [row["Inspection"] for row in rows] == ["x2", "x1"]
    assert (
        rows[1]["Message"].startswith("'=") and rows[1]["Client"] == "'@sum" and rows[1]["Address"] == "'+1"
    )
    assert rows[0]["Amount"] == "-5.00" and rows[0]["Cause"] == TAKEN
    assert len(csv_rows(ops.get("/ops/failures.csv?cause=qbo-6200").data)) == 2


def test_every_catalogue_entry_reads_in_full(house, ops, blue):
    for number, code in enumerate(CATALOGUE):
        failing(house, blue, f"k{number}", code)
    failing(house, blue, "unknown", "qbo-99999")
    page = ops.read("/ops/failures")
    for code, known in CATALOGUE.items():
        card = page[page.index(f'id="cause-{code}"') :]
        card = card[: card.index("</section>")]
        text = card.replace("&#39;", "'").replace("&#34;", '"').replace("&amp;", "&")
        for said in (known.title, known.cause, known.remedy):
            assert said in text, (code, said)
    assert 'id="cause-qbo-99999"' in page and CATALOGUE["refused"].title in page


def test_muted_failures_are_gone_until_their_end_and_listed_with_an_undo(house, ops, blue, front):
    failing(house, blue, "a")
    failing(house, front, "b")
    values = {"code": "qbo-6200", "company": str(blue), "span": "3d", "reason": "They close on Friday"}
    assert ops.post("/ops/failures/mutes", values, page="/ops/failures").status_code == 303
    page = ops.read("/ops/failures")
    assert "Front Range" in page and "1 company" in page
    assert listed(ops.read("/ops/failures?cause=qbo-6200")) == ["b"]
    assert listed(ops.read("/ops/failures?only=muted")) == ["a"]
    mutes = ops.read("/ops/failures/mutes")
    assert "They close on Friday" in mutes and "Blue Ridge" in mutes
    assert "1 cause holds up 1 company" in ops.read("/ops")
    undo = re.search(r"/ops/failures/mutes/\d+/undo", mutes).group()
    ops.post(undo, page="/ops/failures/mutes")
    assert set(listed(ops.read("/ops/failures?cause=qbo-6200"))) == {"a", "b"}
    assert "undone by" in ops.read("/ops/failures/mutes")


def test_a_mute_ends_by_itself(house, ops, blue):
    failing(house, blue, "a")
    with house.writing():
        mute = Mute(code="qbo-6200", reason="x", muted_by="o", until=now() - HOUR, muted_at=now() - 2 * HOUR)
        db.session.add(mute)
        db.session.commit()
    assert causes(ops.read("/ops/failures")) == ["qbo-6200"]


def test_a_mute_of_one_inspection_leaves_the_others(house, ops, blue):
    failing(house, blue, "a")
    failing(house, blue, "b")
    values = {"code": "qbo-6200", "company": str(blue), "key": "a", "span": "1d", "reason": "known"}
    ops.post("/ops/failures/mutes", values, page="/ops/failures")
    assert listed(ops.read("/ops/failures?cause=qbo-6200")) == ["b"]


def test_a_mute_wants_a_reason_and_a_company_that_is_there(house, ops, blue):
    failing(house, blue, "a")
    for wrong in ({"reason": ""}, {"company": "999"}, {"span": "999d"}):
        values = {"code": "qbo-6200", "span": "1d", "reason": "r", **wrong}
        assert ops.post("/ops/failures/mutes", values, page="/ops/failures").status_code == 303
    with house.app.app_context():
        assert db.session.query(Mute).count() == 0


def test_somebody_of_ops_is_put_on_a_cause_with_a_note(house, ops, blue):
    failing(house, blue, "a")
    values = {"code": "qbo-6200", "assignee": "ops@office.example", "note": "Called them. <b>Friday</b>"}
    ops.post("/ops/failures/notes", values, page="/ops/failures")
    page = ops.read("/ops/failures")
    assert "ops@office.example</strong> is on it" in page and "&lt;b&gt;Friday" in page
    ops.post("/ops/failures/notes", {**values, "assignee": "owner@office.example"}, page="/ops/failures")
    assert "is no login of ops" in ops.read("/ops/failures")


def test_a_kept_view_leads_back_to_its_filter(house, ops, blue):
    failing(house, blue, "a")
    page = ops.read("/ops/failures?cause=qbo-6200&age=1h")
    address = re.search(r'name="address" value="([^"]+)"', page).group(1).replace("&amp;", "&")
    ops.post("/ops/failures/views", {"name": "Old & closed", "address": address}, page="/ops/failures")
    page = ops.read("/ops/failures")
    link = re.search(r'href="(/ops/failures\?[^"]+)"><svg.*?</svg> Old &amp; closed', page).group(1)
    assert listed(ops.read(link.replace("&amp;", "&"))) == ["a"]
    ops.post(re.search(r"/ops/failures/views/\d+/remove", page).group(), page="/ops/failures")
    assert "Old &amp; closed</a>" not in ops.read("/ops/failures")
