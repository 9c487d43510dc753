"""Changed in QuickBooks: both sides shown, and what *Restore ours* and *Keep theirs* do to our records."""

import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import select

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.merges import Merged
from bookkeeping.storage.company.names import NamedThing
from bookkeeping.storage.people.audit import AuditEntry
from bookkeeping.storage.records.documents import CustomerLink, Document, Drift
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.runs import Run
from tests.webapp.house import House
from tests.webapp.records import NOON, Records, post_with_token
from webapp.questions.drift_cards import said
from worker.reading.drift import judge

THEIRS = {
    "Id": "145",
    "SyncToken": "3",
    "DocNumber": "SP-1042",
    "CustomerRef": {"value": "71"},
    "TxnDate": "2026-03-05",
    "TotalAmt": "400.00",
    "Line": [
        {
            "Id": "1",
            "Amount": "400.00",
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {"ItemRef": {"value": "5"}},
        },
        {"Amount": "400.00", "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}},
    ],
}


@pytest.fixture
def company(house: House) -> int:
    return house.make_company(start_date=NOON.date() - timedelta(days=60))


def edited(records: Records, key: str = "1042", kind: str = "edited", **document) -> int:
    """An inspection whose Invoice a person changed; returns the drift's id."""
    records.inspection(key, "drift", reason="drift")
    return records.drift(records.document(key, **document), kind, theirs=THEIRS)


def states(house: House) -> list[tuple]:
    """Each drift with its document and inspection, as settling leaves them."""
    with house.app.app_context():
        found = []
        for drift in db.session.scalars(select(Drift).order_by(Drift.id)):
            one = drift.document
            row = db.session.scalars(
                select(InspectionRow).where(InspectionRow.key == one.inspection_key)
            ).one()
            found.append(
                (
                    drift.choice,
                    one.hands_off,
                    one.fingerprint,
                    one.token_stale,
                    one.status,
                    row.due,
                    row.state,
                )
            )
        return found


OPEN = ("", "drift", "f", False, "live", False, "drift")


def test_card_shows_ours_and_theirs_and_what_each_choice_does(records, bookkeeper):
    records.connect()
    edited(records)
    page = unescape(bookkeeper.read("/drift"))
    assert "Invoice SP-1042 was changed: Total from $425.00 to $400.00" in page
    row = re.search(r"<th scope=\"row\">Total</th>\s*<td>([^<]+)</td>\s*<td[^>]*>([^<]+)</td>", page)
    assert row.groups() == ("$425.00", "$400.00")
    assert "written again as the inspection says" in page
    assert "no longer reach it, until you choose Manage it again." in page
    assert "/books/9341452/invoice/145" in page and 'href="/inspections/1042"' in page


def test_of_several_changed_fields_the_total_is_said_and_the_others_named(records, bookkeeper):
    records.connect()
    fields = [["Lines", "Radon: 425.00", "Radon: 400.00"], ["Total", "425.00", "400.00"]]
    records.drift(records.document(records.inspection("1042", "drift")), fields=fields)
    page = unescape(bookkeeper.read("/drift"))
    assert "Invoice SP-1042 was changed: Total from $425.00 to $400.00; also its lines" in page


def test_fields_without_values_to_show_are_named_in_words(records, bookkeeper):
    records.connect()
    fields = [["Applied to", "Invoice 145: 425.00", ""], ["Customer", "71", "72"]]
    records.drift(records.document(records.inspection("1042", "drift")), fields=fields)
    page = unescape(bookkeeper.read("/drift"))
    assert "Invoice SP-1042 was changed: what it is applied to, the Customer<" in page


def test_payment_is_named_by_its_invoice_and_reference(records, bookkeeper):
    records.inspection("1042", "drift")
    records.document("1042")
    records.drift(records.document("1042", "Payment", qbo_id="146"), "deleted", fields=[])
    page = unescape(bookkeeper.read("/drift"))
    assert "Payment of $425.00 on SP-1042, reference 1881 was deleted" in page
    assert "made again as the inspection says, under a new QuickBooks id" in page


def test_choice_is_explained_by_what_the_inspection_is_now(records, bookkeeper):
    records.inspection("1042", "drift", canceled_at=NOON)
    records.drift(records.document("1042"))
    assert "not in the books any more, so the Invoice is deleted" in bookkeeper.read("/drift")


def test_nothing_changed_says_so(bookkeeper):
    page = bookkeeper.read("/drift")
    assert "No change waits for your choice." in page
    assert "Restore ours" not in page


def test_restore_ours_lets_the_next_run_write_ours_again(house, records, bookkeeper):
    drift = edited(records)
    answer = bookkeeper.post(f"/drift/{drift}/restore", page="/drift")
    assert answer.location == "/drift"
    assert states(house) == [("restore", "", "", True, "live", True, "syncing")]
    assert "1 document will be written again as the inspection says." in bookkeeper.read("/drift")
    with house.app.app_context():
        assert db.session.scalars(select(Run)).one().asked_by == "bookkeeper1@office.example"
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.act == "restored ours")).one()
        assert (entry.subject, entry.before) == ("Invoice SP-1042", {"hands_off": "drift", "status": "live"})


def test_restored_document_is_drift_again_only_after_a_further_change(house, records, bookkeeper):
    bookkeeper.post(f"/drift/{edited(records)}/restore", page="/drift")
    with house.app.app_context():
        document = db.session.scalars(select(Document)).one()
        document.body = {"TxnDate": "2026-03-02", "TotalAmt": "425.00"}
        assert judge(document, THEIRS) == "ours"
        assert judge(document, {**THEIRS, "TxnDate": "2026-04-01"}) == "changed"


def test_restoring_what_was_deleted_makes_room_for_the_next_generation(house, records, bookkeeper):
    bookkeeper.post(f"/drift/{edited(records, kind='deleted')}/restore", page="/drift")
    [(choice, hands_off, _, _, status, due, _)] = states(house)
    assert (choice, hands_off, status, due) == ("restore", "", "deleted", True)
    with house.app.app_context():
        assert db.session.scalars(select(Document)).one().deleted_at is not None


def test_keep_theirs_takes_our_hands_off_for_good(house, records, bookkeeper):
    bookkeeper.post(f"/drift/{edited(records)}/keep", page="/drift")
    assert states(house) == [("keep", "kept", "f", False, "live", True, "syncing")]
    page = bookkeeper.read("/drift")
    assert "1 document left as in QuickBooks." in page and "Keep theirs" not in page
    assert "your bookkeeper; we do not touch it" in bookkeeper.read("/inspections/1042")


@pytest.mark.parametrize(("choice", "writes"), [("keep", False), ("restore", True)])
def test_only_of_what_is_restored_it_is_said_that_it_is_written(records, bookkeeper, choice, writes):
    records.connect()
    bookkeeper.post(f"/drift/{edited(records)}/{choice}", page="/drift")
    assert ("Writing to QuickBooks" in bookkeeper.read("/drift")) is writes


def test_several_are_settled_together_and_the_rest_stays(house, records, bookkeeper):
    first, second, third = (edited(records, key, qbo_id=key) for key in ("1", "2", "3"))
    page = bookkeeper.read("/drift")
    assert page.count('form="several"') == 3
    values = {"choice": "keep", "drift": [str(first), str(third)]}
    bookkeeper.post("/drift/settle", values, page="/drift")
    assert [state[0] for state in states(house)] == ["keep", "", "keep"]
    bookkeeper.post("/drift/settle", {"choice": "restore", "drift": [str(second)]}, page="/drift")
    assert [state[0] for state in states(house)] == ["keep", "restore", "keep"]


def test_settling_nothing_or_nonsense_changes_nothing(house, records, bookkeeper):
    drift = edited(records)
    bookkeeper.post("/drift/settle", {"choice": "keep"}, page="/drift")
    assert "Tick the documents first" in bookkeeper.read("/drift")
    assert (
        bookkeeper.post("/drift/settle", {"choice": "burn", "drift": str(drift)}, page="/drift").status_code
        == 400
    )
    for wrong in ("x", "-1", "9" * 40, "²", ""):
        assert (
            bookkeeper.post("/drift/settle", {"choice": "keep", "drift": wrong}, page="/drift").status_code
            == 303
        )
    for path in ("/drift/999/keep", "/drift/999/manage-again", f"/drift/{'9' * 30}/keep"):
        assert bookkeeper.post(path, page="/drift").status_code == 404
    assert states(house) == [OPEN]


def test_second_choice_on_the_same_document_finds_it_settled(house, records, bookkeeper):
    drift = edited(records)
    bookkeeper.post(f"/drift/{drift}/keep", page="/drift")
    bookkeeper.post(f"/drift/{drift}/restore", page="/drift")
    assert "That was settled already." in bookkeeper.read("/drift")
    assert [state[:2] for state in states(house)] == [("keep", "kept")]


def test_another_company_and_ops_cannot_choose(house, records, company):
    drift = edited(records)
    stranger = house.browser(house.make_person("owner", house.make_company("Other")))
    assert "SP-1042" not in stranger.read("/drift")
    for path in (f"/drift/{drift}/keep", f"/drift/{drift}/restore", f"/drift/{drift}/manage-again"):
        assert stranger.post(path, page="/drift").status_code == 404
    stranger.post("/drift/settle", {"choice": "keep", "drift": str(drift)}, page="/drift")
    ops = house.browser(house.make_person("ops"))
    assert ops.get("/drift").status_code == 403
    again = f"/drift/{drift}/manage-again"
    for path in (f"/drift/{drift}/keep", f"/drift/{drift}/restore", again, "/drift/settle"):
        assert post_with_token(house, ops, path, choice="keep", drift=str(drift)).status_code == 403
    assert states(house) == [OPEN]


def test_owner_may_choose_too(house, records, company):
    drift = edited(records)
    house.browser(house.make_person("owner", company)).post(f"/drift/{drift}/keep", page="/drift")
    assert [state[0] for state in states(house)] == ["keep"]


def test_what_people_wrote_in_quickbooks_is_text(records, bookkeeper):
    evil = "<script>alert(1)</script>"
    records.inspection("1042", "drift")
    records.drift(records.document("1042", doc_number=evil[:21]), fields=[["Memo", evil, evil]])
    page = bookkeeper.read("/drift")
    assert "<script>alert" not in page and page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 2


def test_more_than_a_page_of_changes_says_how_many_there_are(records, bookkeeper):
    base = {"company_id": records.company_id, "kind": "edited", "fields": [], "theirs": {}}
    documents = [records.document(str(number), qbo_id=str(number)) for number in range(103)]
    records.keep(*(Drift(**base, document_id=document) for document in documents))
    page = bookkeeper.read("/drift")
    assert page.count("Restore ours</button>") == 100
    assert "These are the oldest 100 of 103." in page


def test_values_read_as_people_write_them():
    assert said("Total", "1838.55") == "$1,838.55"
    assert said("Date", "2026-03-02") == "Mar 2, 2026" and said("Date", "") == ""
    assert said("Due date", "2026-02-30") == "2026-02-30"
    assert (
        said("Lines", "Item 7, Radon: 150.00\nDiscount: -25.00")
        == "Item 7, Radon: $150.00\nDiscount: −$25.00"
    )
    assert said("Reference", "2026-03-02") == "2026-03-02" and said("Memo", "425.00") == "425.00"


@pytest.mark.parametrize(
    ("label", "ours", "theirs", "shown"),
    [
        ("Customer", "71", "72", ("Ann O'Neil", "Bo Li")),
        ("Payment method", "2", "3", ("Check", "Cash")),
        ("Deposit to", "4", "35", ("Undeposited Funds", "Checking")),
        ("Class", "61", "62", ("Dana's work", "Lee's work")),
        ("Location", "81", "", ("Asheville", "(empty)")),
        (
            "Lines",
            "Item 5, Roof: 425.00",
            "Item 6, Roof: 400.00",
            ("Roof Check, Roof: $425.00", "Radon, Roof: $400.00"),
        ),
        ("Classes", "Class 61\nClass 62", "Class 62", ("Dana's work\nLee's work", "Lee's work")),
        ("Applied to", "Invoice 145: 425.00", "", ("Invoice SP-1042: $425.00", "(empty)")),
        ("Customer", "71", "99", ("Ann O'Neil", "Cy Young")),
        ("Customer", "71", "98", ("Ann O'Neil", "Customer no. 98")),
    ],
)
def test_a_drift_speaks_in_names_and_not_in_ids(house, records, bookkeeper, label, ours, theirs, shown):
    names = [
        ("Customer", "71", "Ann O'Neil"), ("Customer", "72", "Bo Li"), ("PaymentMethod", "2", "Check"),
        ("PaymentMethod", "3", "Cash"), ("Account", "4", "Undeposited Funds"), ("Account", "35", "Checking"),
        ("Class", "61", "Dana's work"), ("Class", "62", "Lee's work"), ("Department", "81", "Asheville"),
        ("Item", "5", "Roof Check"), ("Item", "6", "Radon"), ("Item", "71", "No Customer"),
    ]  # fmt: skip
    base = {"company_id": records.company_id, "active": True}
    records.keep(
        *(NamedThing(kind=kind, qbo_id=one, name=name, name_key=name, **base) for kind, one, name in names)
    )
    records.inspection("1042", "drift", reason="drift")
    given = {"Id": "145", "CustomerRef": {"value": "99", "name": "Cy Young"}}
    records.drift(records.document("1042"), fields=[[label, ours, theirs]], theirs=given)
    for address in ("/drift", "/inspections/1042"):
        cells = [unescape(cell) for cell in re.findall(r"<td[^>]*>([^<]*)</td>", bookkeeper.read(address))]
        assert set(shown) <= set(cells), address


def test_what_was_merged_is_told_for_a_month_and_asks_nothing(house, records, bookkeeper):
    base = {"company_id": records.company_id, "kind": "Item"}
    for one, name, active in (("5", "Radon (deleted)", False), ("6", "Radon Test", True)):
        records.keep(NamedThing(qbo_id=one, name=name, name_key=name.casefold(), active=active, **base))
    records.keep(Merged(qbo_id="5", into_id="6", found_at=utcnow() - timedelta(days=29), **base))
    records.keep(Merged(qbo_id="4", into_id="6", found_at=utcnow() - timedelta(days=31), **base))
    page = re.sub(r"<[^>]+>|\s+", " ", bookkeeper.read("/drift"))
    said = " ".join(page.split())
    assert "Item Radon was merged into Radon Test , found" in said and "no. 4" not in said
    assert "Restore ours" not in said
    stranger = house.browser(house.make_person("owner", house.make_company("Other")))
    assert "Merged in QuickBooks" not in stranger.read("/drift")


INACTIVE = {
    "kind": "Customer",
    "qbo_id": "71",
    "name": "Ann O'Neil (deleted)",
    "name_key": "ann",
    "active": False,
}
CLOSED = {"facts": {"close_date": "2026-03-05"}}


@pytest.mark.parametrize(
    ("kind", "around", "said"),
    [
        ("edited", {}, ""),
        ("deleted", {}, ""),
        ("edited", {"customer": INACTIVE}, "The Customer is inactive in QuickBooks. Make it active again"),
        ("deleted", {"customer": INACTIVE}, "The Customer is inactive in QuickBooks. Make it active again"),
        (
            "edited",
            {"asks": True},
            "Which Customer is it? Same name and same email. Choose Use this one or Create new.",
        ),
        ("edited", {"books": CLOSED}, "The books are closed through March 5, 2026. Move the closing date"),
        ("deleted", {"books": CLOSED}, "The books are closed through March 5, 2026. Move the closing date"),
        ("edited", {"books": CLOSED, "dated": "2026-03-02"}, "The books are closed through March 5, 2026."),
        ("edited", {"books": {"facts": {"close_date": "2026-02-28"}}}, ""),
        (
            "edited",
            {"books": {"facts": {"close_date": "2026-02-28"}}, "dated": "2026-02-27"},
            "The books are closed",
        ),
        (
            "edited",
            {"deposit": "9"},
            "Money of it is in a bank deposit. It is part of Deposit 9.",
        ),
        ("edited", {"beside": True}, "Another document of this inspection was changed, too"),
    ],
)
def test_a_card_says_beforehand_when_restoring_cannot_go_through(
    house, records, bookkeeper, kind, around, said
):
    records.connect(**around.get("books", {}))
    records.booked("1042")
    if "customer" in around:
        records.keep(NamedThing(company_id=records.company_id, **around["customer"]))
    with house.writing():
        invoice = db.session.scalars(select(Document).where(Document.kind == "Invoice")).one().id
        if around.get("asks"):
            db.session.scalars(select(CustomerLink)).one().state = "ask"
            db.session.commit()
    of = invoice
    if "deposit" in around or "beside" in around:
        of = records.document("1042", "Payment", qbo_id="146", deposit_id=around.get("deposit", ""))
    if "beside" in around:
        records.drift(invoice)
    records.drift(of, kind, theirs={**THEIRS, "TxnDate": around.get("dated", "2026-03-06")})
    page = " ".join(re.sub(r"<[^>]+>", " ", unescape(bookkeeper.read("/drift"))).split())
    assert said in page
    assert ("Cannot go through yet." in page) is bool(said)
    restorable = "Restore ours" in page
    assert restorable, "the choice is open all the same: it waits"
