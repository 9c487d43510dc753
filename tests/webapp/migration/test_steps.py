"""The five pages of a migration in each of its states: which there are, what each says, its one main button, and what stays typed."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import update

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.records.migrations import Migration, newest_migration
from bookkeeping.storage.work.runs import Run
from tests.webapp.house import PASSWORD
from tests.webapp.migration.planned import DEPOSITED, EDITED, PAGE
from webapp.migration.stepper import OPEN_TO, STEPS

ADDRESS = {page: f"{PAGE}/{page.replace('_', '-')}" for page in STEPS}
STANDS = {
    "choose": "choose",
    "failed": "choose",
    "previewing": "in_the_way",
    "preview": "what_moves",
    "scheduled": "tonight",
    "running": "tonight",
    "paused": "tonight",
    "done": "report",
}
CONFIRM = {"words": "REPLACE 2 RECEIPTS", "password": PASSWORD, "manifest": "9" * 64}


def put(plan, state: str, **values) -> None:
    if state != "choose":
        plan.migrate(state, **values)


def state_now(house, company: int) -> str:
    with house.app.app_context():
        migration = newest_migration(company)
        return migration.state if migration else ""


def test_each_state_has_its_pages_and_every_other_address_leads_to_where_it_stands(plan, owner):
    for state in OPEN_TO:
        put(plan, state)
        assert owner.get(PAGE).location == ADDRESS[STANDS[state]]
        for page in STEPS:
            look_at(owner, state, page)


def look_at(owner, state: str, page: str) -> None:
    """Open one page of one state: it stands in its place among the five, with one main button, or leads elsewhere."""
    answer = owner.get(ADDRESS[page])
    if page not in OPEN_TO[state]:
        assert (answer.status_code, answer.location) == (303, ADDRESS[STANDS[state]]), (state, page)
        return
    assert answer.status_code == 200, (state, page)
    place = f"Step {min(list(STEPS).index(page) + 1, 5)} of 5"
    assert place in answer.text and answer.text.count('aria-current="step"') == 1, (state, page)
    assert answer.text.count("<h1>") == 1, (state, page)
    assert answer.text.count(" data-main") == (0 if (state, page) in WAITING else 1), (state, page)
    assert "style=" not in answer.text and "<script>" not in answer.text, (state, page)


WAITING = {("previewing", "in_the_way"), ("running", "tonight")}
"""Pages on which there is nothing to do but wait."""


def test_what_stands_in_the_way_comes_before_what_moves(plan, owner):
    plan.receipts["3"] = [DEPOSITED]
    plan.migrate("preview")
    assert owner.get(PAGE).location == ADDRESS["in_the_way"]
    page = owner.read(PAGE)
    assert "1 receipt in Deposit 232" in page and "$425.00" in page
    for words in ("Check again", "Continue to confirm", "Continue to what moves", "Another cutoff"):
        assert words in page


def test_nothing_in_the_way_is_said_so(plan, owner):
    plan.migrate("preview")
    assert "Nothing stands in the way" in owner.read(ADDRESS["in_the_way"])


def test_the_basis_of_the_companys_reports_comes_first_and_says_so(plan, owner, house):
    plan.migrate("preview")
    page = owner.read(ADDRESS["what_moves"])
    assert "2 months differ" in page.split("<h1>")[1].split("</h1>")[0]
    assert page.index('id="cash"') < page.index('id="accrual"')
    assert page.index("Your QuickBooks reports are on this basis.") < page.index('id="accrual"')
    with house.writing():
        db.session.execute(update(Connection).values(facts={"report_basis": "Accrual"}))
        db.session.commit()
    page = owner.read(ADDRESS["what_moves"])
    assert "Nothing moves between months" in page and "Difference: $0.00 in every month." in page
    assert page.index('id="accrual"') < page.index('id="cash"')
    with house.writing():
        db.session.execute(update(Connection).values(facts={}))
        db.session.commit()
    assert "on this basis" not in owner.read(ADDRESS["what_moves"])


def test_inspections_that_are_booked_too_are_told_of_in_the_open(plan, owner):
    plan.migrate("preview")
    page = owner.read(ADDRESS["confirm"])
    before, _, folded = page.partition("What else happens")
    assert "without a SalesReceipt" in before and "booked that night too" in before
    assert "booked that night too" not in folded


def test_approval_by_another_owner_is_offered_where_there_is_one(plan, owner, house, company):
    plan.migrate("preview")
    assert 'id="second-owner"' not in owner.read(ADDRESS["confirm"])
    house.make_person("bookkeeper", company, "books@second.example")
    assert 'id="second-owner"' not in owner.read(ADDRESS["confirm"])
    house.make_person("owner", company, "owner@second.example")
    assert 'id="second-owner"' in owner.read(ADDRESS["confirm"])


def test_who_may_not_choose_is_told_who_does_and_offered_no_button(plan, owner, bookkeeper):
    for path in ("/", "/settings/quickbooks"):
        mine, theirs = owner.read(path), bookkeeper.read(path)
        assert "choose your cutoff" in mine and "Choose the cutoff" in mine, path
        assert "an owner chooses the cutoff" in theirs and "Choose the cutoff" not in theirs, path


def test_both_errors_stand_at_their_fields_at_once_and_the_words_are_kept(plan, owner, house, company):
    plan.migrate("preview")
    typed = CONFIRM | {"words": "REPLACE <3", "password": "Tr0ub4dor", "second_owner": "yes"}
    answer = owner.post(ADDRESS["confirm"], typed, page=ADDRESS["confirm"])
    assert answer.status_code == 422
    for field, said in (
        ("words", "Type REPLACE 2 RECEIPTS, in capital letters."),
        ("password", "That is not your password. Nothing was changed."),
    ):
        tag = re.search(rf'<input[^>]*id="{field}"[^>]*>', answer.text).group()
        assert 'aria-invalid="true"' in tag and f'aria-describedby="{field}-error"' in tag
        assert re.search(rf'id="{field}-error" role="alert">{re.escape(said)}<', answer.text)
        assert ("autofocus" in tag) == (field == "words")
    assert 'value="REPLACE &lt;3"' in answer.text and "Tr0ub4dor" not in answer.text
    assert re.search(r'id="second-owner"[^>]*checked', answer.text)
    assert state_now(house, company) == "preview"


@pytest.mark.parametrize(("field", "value"), [("words", "replace 2 receipts"), ("password", "wrong")])
def test_what_is_right_is_not_marked_as_wrong(plan, owner, field, value):
    plan.migrate("preview")
    answer = owner.post(ADDRESS["confirm"], CONFIRM | {field: value}, page=ADDRESS["confirm"])
    assert answer.status_code == 422 and answer.text.count("is-invalid") == 1
    assert "autofocus" in re.search(rf'<input[^>]*id="{field}"[^>]*>', answer.text).group()


def test_right_words_and_password_lead_to_tonight_and_a_second_time_harms_nothing(
    plan, owner, house, company
):
    plan.migrate("preview")
    answer = owner.post(ADDRESS["confirm"], CONFIRM, page=ADDRESS["confirm"])
    assert (answer.status_code, answer.location) == (303, ADDRESS["tonight"])
    assert "The migration is scheduled" in owner.read(PAGE)
    again = owner.post(ADDRESS["confirm"], CONFIRM, page=PAGE)
    assert again.location == ADDRESS["tonight"] and state_now(house, company) == "scheduled"
    assert "A migration is confirmed and not over" in owner.read(PAGE)


def test_another_preview_than_the_one_looked_at_is_not_confirmed(plan, owner):
    plan.migrate("preview")
    answer = owner.post(ADDRESS["confirm"], CONFIRM | {"manifest": "8" * 64}, page=ADDRESS["confirm"])
    assert answer.status_code == 422 and "no longer the latest preview" in answer.text
    assert 'value="REPLACE 2 RECEIPTS"' in answer.text


@pytest.mark.parametrize("page", ["in_the_way", "what_moves", "confirm"])
def test_a_preview_that_is_no_longer_true_says_so_and_has_the_button_that_its_words_name(plan, owner, page):
    plan.migrate("preview", basis="another")
    text = owner.read(ADDRESS[page])
    assert "This preview is no longer true" in text and text.count(" data-main") == 1
    main = re.search(r"<button[^>]* data-main>\s*([^<]+)</button>", text)
    assert main.group(1).strip() == "Preview migration"


def test_a_cutoff_that_cannot_be_used_is_said_at_the_field_and_stays_typed(plan, owner):
    answer = owner.post(f"{PAGE}/preview", {"cutoff": "2999-01-01T00:00"}, page=ADDRESS["choose"])
    assert answer.status_code == 422 and 'value="2999-01-01T00:00"' in answer.text
    assert re.search(r'id="cutoff-error" role="alert">[^<]*is in the future', answer.text)
    assert owner.get(f"{PAGE}/preview").location == ADDRESS["choose"]


def test_the_field_takes_minutes(plan, owner):
    plan.migrate("preview", typed_cutoff="2019-01-01T00:00:00")
    tag = re.search(r'<input[^>]*id="cutoff"[^>]*>', owner.read(ADDRESS["choose"])).group()
    assert 'step="60"' in tag and 'value="2019-01-01T00:00"' in tag


def test_a_cut_is_drawn_and_said_while_it_is_moved(plan, owner):
    part = owner.read(f"{PAGE}/choose/cut?cutoff=2019-01-01T00:00")
    assert "2 change · 1 stay" in part and "chart__cut" in part and "<html" not in part
    assert "is in the future" in owner.read(f"{PAGE}/choose/cut?cutoff=2999-01-01T00:00")
    assert owner.read(f"{PAGE}/choose/cut").count('class="bar"') == 6
    assert (
        owner.get(f"{PAGE}?cutoff=2019-01-01T00:00").location
        == f"{ADDRESS['choose']}?cutoff=2019-01-01T00:00"
    )


def test_years_are_links_that_also_work_without_scripts(plan, owner):
    page = owner.read(ADDRESS["choose"])
    [year, every] = re.findall(r'class="year" href="([^"]+)"', page)
    chosen = owner.read(year)
    assert "2 change · 1 stay" in chosen and 'aria-current="true"' in chosen
    assert "3 change · 0 stay" in owner.read(every)


def test_while_the_first_sync_reads_nothing_is_said_to_be_missing(plan, owner, house, company):
    with house.writing():
        for table in ("legacy_receipts",):
            db.session.execute(db.text(f"delete from {table}"))
        db.session.commit()
    assert "There are no SalesReceipts on record that could change." in owner.read(ADDRESS["choose"])
    plan.records.keep(
        Run(company_id=company, kind="first", reason="connected", state="running", started_at=utcnow())
    )
    page = owner.read(ADDRESS["choose"])
    assert "Your first sync is reading your inspections" in page and "no SalesReceipts" not in page
    assert "Preview migration" in page


def test_a_company_that_is_not_connected_is_led_to_connecting(plan, owner, house):
    with house.writing():
        db.session.execute(update(Connection).values(state="disconnected"))
        db.session.commit()
    page = owner.read(PAGE)
    assert "Connect QuickBooks first" in page and "Preview migration" not in page


def test_a_preview_while_a_migration_is_confirmed_leads_back_with_the_reason(plan, owner):
    plan.migrate("scheduled")
    answer = owner.post(f"{PAGE}/preview", {"cutoff": "2019-01-01T00:00"}, page=PAGE)
    assert answer.location == ADDRESS["tonight"]
    assert "confirmed and not over" in owner.read(PAGE)


def test_a_scheduled_migration_promises_no_night_while_quickbooks_is_disconnected(plan, owner, house):
    plan.migrate("scheduled", runs_at=utcnow() - timedelta(days=3))
    with house.writing():
        db.session.execute(update(Connection).values(state="disconnected"))
        db.session.commit()
    page = owner.read(PAGE)
    assert "The migration waits for QuickBooks" in page and "Cancel migration" in page
    assert "in the first night after an owner connects QuickBooks again" in page and "a moment" not in page


def test_only_another_owner_has_the_button_to_approve(plan, owner, house, company):
    plan.migrate(
        "scheduled", needs_approval=True, confirmed_by=house.make_person("owner", company, "o@x.example")
    )
    assert "Approve migration" in owner.read(PAGE)
    page = house.browser("o@x.example").read(PAGE)
    assert "Approve migration" not in page and "Cancel migration" in page
    assert "It waits for another owner" in page


def test_the_report_has_a_button_for_everything_that_its_words_name(plan, owner):
    plan.receipts |= {"3": [EDITED], "4": [["receipt-closed", "It is closed."]]}
    plan.migrate("done")
    page = owner.read(PAGE)
    for words in (
        "Done. 2 SalesReceipts replaced, 2 could not be",
        "Replace it anyway",
        "Check again",
        "An earlier cutoff",
    ):
        assert words in page
    wrong = owner.post(f"{PAGE}/try-again", {"password": "wrong"}, page=PAGE)
    assert wrong.status_code == 422 and 'id="confirm-password-error"' in wrong.text
    assert owner.get(f"{PAGE}/try-again").location == ADDRESS["report"]
    accepted = owner.post(f"{PAGE}/accept", {"receipt": "r3"}, page=PAGE)
    assert accepted.location == ADDRESS["report"]
    assert "once you press Try again tonight" in owner.read(PAGE)
    owner.post(f"{PAGE}/try-again", {"password": PASSWORD}, page=PAGE)
    assert owner.get(PAGE).location == ADDRESS["tonight"]


def test_what_was_left_can_be_checked_again_and_the_report_stays_within_reach(plan, owner, house, company):
    plan.receipts["3"] = [DEPOSITED]
    over = plan.migrate("done")
    answer = owner.post(f"{PAGE}/preview", {"cutoff": "2019-01-01T00:00"}, page=PAGE)
    assert (answer.location, state_now(house, company)) == (ADDRESS["in_the_way"], "previewing")
    page = owner.read(PAGE)
    assert "Making your preview" in page and f'href="{PAGE}/{over}"' in page
    report = owner.read(f"{PAGE}/{over}")
    assert "Done. 2 SalesReceipts replaced, 1 could not be" in report
    # An earlier report is to be read: what is to be done is done where the migration stands.
    assert f'action="{PAGE}' not in report and "Step " not in report


def test_partly_replaced_and_paused_says_how_far_it_is(plan, owner):
    plan.receipts["3"] = [DEPOSITED]
    plan.migrate("paused", code="read-back-differs")
    page = owner.read(PAGE)
    assert "0 SalesReceipts are replaced, 2 wait" in " ".join(page.split())
    assert "Go on" in page and "1 SalesReceipt stays as it is" in " ".join(page.split())


def test_bookkeepers_see_every_page_and_no_form(plan, bookkeeper):
    for state in OPEN_TO:
        put(plan, state)
        for page in OPEN_TO[state]:
            text = bookkeeper.read(ADDRESS[page])
            assert f'action="{PAGE}' not in text and "Only an owner can" in text, (state, page)


def test_an_earlier_migration_keeps_its_report_and_its_receipts(plan, owner, house, company):
    first = plan.migrate("done")
    with house.writing():
        later = Migration(
            company_id=company, cutoff=utcnow(), typed_cutoff="x", asked_by="ann", state="previewing"
        )
        db.session.add(later)
        db.session.commit()
    assert "Done. 2 SalesReceipts replaced" in owner.read(f"{PAGE}/{first}")
    assert "SP-1" in owner.read(f"{PAGE}/{first}/receipts")
    assert owner.get(PAGE).location == ADDRESS["in_the_way"]
    with house.writing():
        # What was tried again and called off by an earlier release.
        db.session.execute(update(Migration).where(Migration.id == first).values(finished_at=None))
        db.session.commit()
    assert "report of" in owner.read(PAGE)
    with house.writing():
        db.session.execute(
            update(Migration).where(Migration.id == first).values(state="cancelled", started_at=None)
        )
        db.session.commit()
    assert "This migration was cancelled" in owner.read(f"{PAGE}/{first}")


def test_the_receipts_of_one_cause_are_a_list_of_their_own(plan, owner):
    plan.receipts |= {"3": [EDITED], "4": [DEPOSITED]}
    migration_id = plan.migrate("preview")
    page = owner.read(f"{PAGE}/{migration_id}/receipts?cause=receipt-changed")
    assert "R3" in page and "R4" not in page and "R1" not in page
    every = owner.read(f"{PAGE}/{migration_id}/receipts?cause=nonsense")
    assert all(f"R{number}" in every for number in (1, 2, 3, 4))
