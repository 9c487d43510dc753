"""Which Customer is it: the evidence side by side, and what each choice does to the link and to what waits for it."""

from datetime import timedelta
from html import unescape
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from bookkeeping.rules.inspection import Client
from bookkeeping.storage.base import db
from bookkeeping.storage.company.names import NamedThing
from bookkeeping.storage.people.audit import AuditEntry
from bookkeeping.storage.records.documents import CustomerLink
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.runs import Run
from tests.webapp.house import Browser, House
from tests.webapp.records import NOON, Records, candidate, post_with_token


@pytest.fixture
def company(house: House) -> int:
    return house.make_company(start_date=NOON.date() - timedelta(days=60))


@pytest.fixture
def records(house: House, company: int) -> Records:
    """Two inspections wait for client c1's Customer, and one for somebody else's."""
    records = Records(house, company)
    records.question("c1")
    for key, state in (("1", "needs-you"), ("2", "waiting")):
        later = NOON + timedelta(days=900)
        records.inspection(
            key, state, reason="customer-to-confirm", waits_for="customer:c1", failures=2, next_try_at=later
        )
    records.inspection("3", "waiting", waits_for="customer:c9", client=Client("c9", "Bo"))
    return records


def link(house: House) -> tuple:
    with house.app.app_context():
        one = db.session.scalars(select(CustomerLink).where(CustomerLink.client_key == "c1")).one()
        return one.state, one.qbo_id, one.create_new, one.settled_by


def waiting(house: House) -> dict[str, tuple]:
    with house.app.app_context():
        rows = db.session.scalars(select(InspectionRow).order_by(InspectionRow.key))
        return {row.key: (row.due, row.waits_for, row.next_try_at) for row in rows}


FREED = {"1": (True, "", None), "2": (True, "", None), "3": (False, "customer:c9", None)}


def test_client_stands_beside_the_candidates_with_the_evidence(records, bookkeeper):
    records.connect()
    page = unescape(bookkeeper.read("/customers/review"))
    for words in (
        "Several Customers in QuickBooks match this client.",
        "(303) 555-0101",
        "Ann O'Neil (2)",
        "same email: ann@example.com",
        "/books/9341452/customer/88",
        'href="/inspections/1"',
        "It is inactive: make it active in QuickBooks first.",
    ):
        assert words in page, words
    assert page.count("Use this one</button>") == 2 and page.count("Create new</button>") == 1


def test_use_this_one_links_the_client_and_frees_what_waited(house, records, bookkeeper):
    answer = bookkeeper.post("/customers/review/c1/use", {"candidate": "88"}, page="/customers/review")
    assert answer.location == "/customers/review"
    assert link(house) == ("linked", "88", False, "bookkeeper1@office.example")
    assert waiting(house) == FREED
    page = unescape(bookkeeper.read("/customers/review"))
    assert "the client is the Customer Ann O'Neil (2)." in page
    assert "Every client has its Customer." in page
    with house.app.app_context():
        assert db.session.scalars(select(Run)).one().kind == "sync"
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.act == "chose the Customer")).one()
        assert (entry.subject, entry.after) == ("client c1", {"qbo_id": "88", "create_new": False})


def test_create_new_frees_what_waited_too(house, records, bookkeeper):
    bookkeeper.post("/customers/review/c1/create", page="/customers/review")
    assert link(house) == ("linked", "", True, "bookkeeper1@office.example")
    assert waiting(house) == FREED
    assert "A new Customer is made for Ann O'Neil." in unescape(bookkeeper.read("/customers/review"))


def test_only_a_candidate_can_be_chosen(house, records, bookkeeper):
    for wrong in ("99", "", "71 ", "\x00"):
        answer = bookkeeper.post("/customers/review/c1/use", {"candidate": wrong}, page="/customers/review")
        assert answer.status_code == 400, wrong
    for nobody in ("c404", "%00"):
        assert (
            bookkeeper.post(f"/customers/review/{nobody}/create", page="/customers/review").status_code == 404
        )
    assert link(house)[:3] == ("ask", "", False)
    assert waiting(house)["1"][1] == "customer:c1"


def test_second_person_is_told_that_somebody_chose(house, records, bookkeeper, company):
    owner = house.browser(house.make_person("owner", company))
    bookkeeper.post("/customers/review/c1/use", {"candidate": "71"}, page="/customers/review")
    owner.post("/customers/review/c1/create", page="/")
    assert "Somebody has chosen already: bookkeeper1@office.example chose this Customer." in owner.read(
        "/customers/review"
    )
    assert link(house)[:3] == ("linked", "71", False)


def test_another_company_and_ops_cannot_choose(house, records):
    stranger = house.browser(house.make_person("owner", house.make_company("Other")))
    assert "O'Neil" not in unescape(stranger.read("/customers/review"))
    ops = house.browser(house.make_person("ops"))
    assert ops.get("/customers/review").status_code == 403
    for act in ("use", "create"):
        path = f"/customers/review/c1/{act}"
        assert stranger.post(path, {"candidate": "71"}, page="/customers/review").status_code == 404
        assert post_with_token(house, ops, path, candidate="71").status_code == 403
    assert link(house)[0] == "ask"


def test_question_without_a_waiting_inspection_can_still_be_answered(house, records, bookkeeper):
    records.question("c5", display_name="")
    assert "Client c5" in bookkeeper.read("/customers/review")
    bookkeeper.post("/customers/review/c5/create", page="/customers/review")
    page = bookkeeper.read("/customers/review")
    assert page.count("Create new</button>") == 1, "only c1 is asked about any more"


def test_names_are_text_and_never_markup(records, bookkeeper):
    evil = '<script>alert(1)</script>"'
    records.question(
        evil, display_name=evil, because=evil, candidates=[{**candidate(evil, evil), "evidence": [evil]}]
    )
    page = bookkeeper.read("/customers/review")
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page


def test_sync_log_leads_to_the_open_questions(records, bookkeeper):
    page = bookkeeper.read("/sync-log")
    assert (
        "1 client fits more than one Customer in QuickBooks." in page and 'href="/customers/review"' in page
    )


# ---- Any other Customer, and taking a choice back


def listed(
    records: Records, *rows: tuple[str, str], kind: str = "Customer", active: bool = True, **more: str
) -> None:
    """Put names into the local index: (QuickBooks id, name)."""
    base = {"company_id": records.company_id, "kind": kind, "active": active, **more}
    records.keep(*(NamedThing(qbo_id=one, name=name, name_key=name.casefold(), **base) for one, name in rows))


def search(browser: Browser, words: str, client: str = "c1") -> str:
    query = urlencode({"client": client, "q": words})
    return unescape(browser.read(f"/customers/review?{query}"))


def test_any_active_customer_can_be_searched_and_chosen(house, records, bookkeeper):
    listed(records, *((str(number), f"Stranger {number}") for number in range(1000, 11000)))
    listed(records, ("500", "O'Neil Family Trust"), email="trust@example.com", phone="(303) 555-0177")
    listed(records, ("501", "O'Neil Family (deleted)"), active=False)
    listed(records, ("502", "O'Neil Roofing"), kind="Vendor")
    listed(records, ("71", "Ann O'Neil"), email="family@example.com")  # Offered already, and not twice.
    for words in ("family o'neil", "TRUST@example.com", "555-0177"):
        page = search(bookkeeper, words)
        assert "O'Neil Family Trust" in page, words
        assert "O'Neil Family (deleted)" not in page and "Roofing" not in page
        assert page.count("Use this one</button>") == 3
    page = search(bookkeeper, "stranger")
    assert page.count("Use this one</button>") == 2 + 20 and "There are more." in page
    assert "No other active Customer in QuickBooks has all of these words." in search(
        bookkeeper, "family zzz"
    )
    assert search(bookkeeper, "   ").count("Use this one</button>") == 2
    answer = bookkeeper.post("/customers/review/c1/use", {"candidate": "500"}, page="/customers/review")
    assert answer.location == "/customers/review"
    assert link(house)[:2] == ("linked", "500")
    assert waiting(house) == FREED


@pytest.mark.parametrize("wrong", ["501", "502"])
def test_what_is_inactive_or_no_customer_cannot_be_chosen(house, records, bookkeeper, wrong):
    listed(records, ("501", "O'Neil Family (deleted)"), active=False)
    listed(records, ("502", "O'Neil Roofing"), kind="Vendor")
    answer = bookkeeper.post("/customers/review/c1/use", {"candidate": wrong}, page="/customers/review")
    assert answer.status_code == 400 and link(house)[0] == "ask"


def test_words_are_found_as_they_are_and_only_in_ones_own_company(house, records, bookkeeper):
    listed(records, ("500", "100% Homes"))
    assert "100% Homes" in search(bookkeeper, "0% h")
    assert "100% Homes" not in search(bookkeeper, "1%s")
    stranger = house.browser(house.make_person("owner", house.make_company("Other")))
    assert "100% Homes" not in search(stranger, "homes")


def test_a_choice_is_taken_back_and_can_be_made_otherwise(house, records, bookkeeper):
    bookkeeper.post("/customers/review/c1/use", {"candidate": "71"}, page="/customers/review")
    page = unescape(bookkeeper.read("/customers/review"))
    assert "Chosen lately" in page and page.count("Not this one</button>") == 1
    bookkeeper.post("/customers/review/c1/undo", page="/customers/review")
    assert link(house) == ("ask", "71", False, "")
    page = unescape(bookkeeper.read("/customers/review"))
    assert "bookkeeper1@office.example said that it is not the Customer Ann O'Neil." in page
    assert "Chosen lately" not in page and page.count("Use this one</button>") == 2
    bookkeeper.post("/customers/review/c1/undo", page="/customers/review")
    assert "That is open already: choose below." in bookkeeper.read("/customers/review")
    bookkeeper.post("/customers/review/c1/use", {"candidate": "88"}, page="/customers/review")
    assert link(house)[:2] == ("linked", "88")
    with house.app.app_context():
        acts = [entry.act for entry in db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))]
        assert acts.count("took the Customer back") == 1 and acts.count("chose the Customer") == 2


def test_an_inspection_leads_to_taking_its_customer_back(house, records, bookkeeper):
    records.booked("1042", client=Client("c7", "Cy"))
    assert "Not this one</button>" in bookkeeper.read("/inspections/1042")
    bookkeeper.post("/customers/review/c7/undo", page="/inspections/1042")
    page = bookkeeper.read("/inspections/1042")
    assert "Not this one</button>" not in page and "Say which Customer the client is" in page


def test_nobody_else_takes_a_choice_back(house, records, bookkeeper):
    bookkeeper.post("/customers/review/c1/use", {"candidate": "71"}, page="/customers/review")
    stranger = house.browser(house.make_person("owner", house.make_company("Other")))
    assert stranger.post("/customers/review/c1/undo", page="/customers/review").status_code == 404
    ops = house.browser(house.make_person("ops"))
    assert post_with_token(house, ops, "/customers/review/c1/undo").status_code == 403
    assert link(house)[0] == "linked"


def test_a_customer_in_another_currency_is_neither_found_nor_taken(records, bookkeeper, house):
    records.connect()
    for qbo_id, name, currency in (("81", "Lea Tremblay", "CAD"), ("82", "Lea Trembley", "USD")):
        thing = NamedThing(company_id=records.company_id, kind="Customer", qbo_id=qbo_id, name=name)
        thing.name_key, thing.more = name.casefold(), {"currency": currency}
        records.keep(thing)
    page = bookkeeper.read("/customers/review?" + urlencode({"client": "c1", "q": "lea"}))
    assert "Lea Trembley" in page and "Lea Tremblay" not in page
    post_with_token(house, bookkeeper, "/customers/review/c1/use", candidate="81")
    assert link(house)[:2] == ("ask", "")
    post_with_token(house, bookkeeper, "/customers/review/c1/use", candidate="82")
    assert link(house)[:2] == ("linked", "82")
