"""Dropping a file of inspections on its page: looked at, taken, put aside, taken back; and who may."""

import io
import re
from html import unescape

import pytest
from sqlalchemy import select

from bookkeeping.faults import fault
from bookkeeping.inspection_source.dropped.columns import EXAMPLES
from bookkeeping.inspection_source.dropped.lines import check_tables
from bookkeeping.inspection_source.dropped.sheets import LARGEST_FILE, read_tables
from bookkeeping.sources.opening import open_source
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.dropped import DroppedFile, DroppedInspection
from bookkeeping.storage.people.audit import AuditEntry
from bookkeeping.storage.records.inspections import BadRecord
from bookkeeping.storage.work.runs import Run
from tests.bookkeeping.inspection_source.dropped.factories import (
    DENVER,
    HEAD,
    ONE,
    PAID,
    TWO,
    csv_file,
    workbook,
)
from tests.webapp.house import Browser, House
from tests.webapp.records import Records
from webapp.dropping.pages import counted

PAGE = "/settings/files"
BAD = (*ONE[:-1], "free")
NOBODYS = ("", *ONE[1:])
PAYMENT = ("1001", "P-1", "2026-03-02", "100.00", "card")


@pytest.fixture
def company(house: House) -> int:
    """The id of a company whose inspections come in files."""
    return house.make_company(source_kind="files", feed_url="")


def drop(browser: Browser, *rows, name: str = "march.csv", **files: bytes):
    """Drop one file of these rows, or the files given by name."""
    contents = files or {name: csv_file(*rows)}
    sent = [(io.BytesIO(content), file) for file, content in contents.items()]
    values = {"csrf_token": browser.token(PAGE), "file": sent}
    headers = {"Referer": f"http://localhost{PAGE}"}
    return browser.client.post(PAGE, data=values, headers=headers, content_type="multipart/form-data")


def take(browser: Browser, **values: str):
    """Press the page's button, and read the page after it."""
    text = browser.read(PAGE)
    action = re.search(r'action="(/settings/files/\d+/take)"', text)
    assert action, text
    turn = re.search(r'name="turn" value="(\d+)"', text)[1]
    browser.post(action[1], {"turn": turn, **values}, page=PAGE)
    return browser.read(PAGE)


def told(house: House, company: int) -> dict[str, tuple[str, bool, str]]:
    """Return of each inspection its sum, whether it is deleted, and why its last lines were set aside."""
    with house.writing():
        rows = db.session.scalars(select(DroppedInspection).where(DroppedInspection.company_id == company))
        found = {row.key: (row.inspection(), row.reason) for row in rows}
    return {
        key: (f"{one.total:.2f}" if one else "", bool(one and one.deleted_at), reason)
        for key, (one, reason) in found.items()
    }


def test_before_the_first_file_the_page_says_what_to_do(owner: Browser):
    text = owner.read(PAGE)
    assert "Drop your first file" in text and "No file was taken yet." in text
    assert "Files that you drop" in owner.read("/settings")
    for kind in ("inspections", "payments"):
        for ending in ("csv", "xlsx"):
            answer = owner.get(f"{PAGE}/template/{kind}.{ending}")
            found = check_tables(read_tables(f"t.{ending}", answer.data), DENVER)
            assert (found.problems, found.rows) == ([], len(EXAMPLES[kind]))
    assert owner.get(f"{PAGE}/template/other.csv").status_code == 404


def test_dropping_changes_nothing_and_taking_is_read_with_the_next_sync(house, owner: Browser, company):
    assert drop(owner, HEAD, ONE, TWO).status_code == 303
    text = owner.read(PAGE)
    assert "march.csv" in text and "Ada Reyes" in text and "<b>2</b> new" in text
    assert told(house, company) == {}
    assert "march.csv was taken: 2 new." in take(owner)
    assert told(house, company) == {"1001": ("425.00", False, ""), "1002": ("1150.00", False, "")}
    with house.writing():
        assert [(run.kind, run.reason) for run in db.session.scalars(select(Run))] == [("sync", "file taken")]
        acts = db.session.scalars(select(AuditEntry.act).order_by(AuditEntry.id)).all()
        [page] = open_source(db.session.get_one(Company, company), public_only=True).changed(None)
    assert acts[-2:] == ["dropped a file", "took a file"]
    assert [one.key for one in page.inspections] == ["1001", "1002"] and page.cursor == "1:1002"


def test_a_workbook_with_both_tables_or_two_files_at_once_are_one_drop(house, owner: Browser, company):
    both = workbook({"Inspections": (HEAD, ONE), "Payments": (PAID, PAYMENT)})
    drop(owner, **{"both.xlsx": both})
    take(owner)
    drop(
        owner, **{"a.csv": csv_file(HEAD, TWO), "b.csv": csv_file(PAID, (*PAYMENT[:1], "P-2", *PAYMENT[2:]))}
    )
    assert "a.csv, b.csv was taken: 1 new, 1 changed" in take(owner)
    with house.writing():
        row = db.session.get_one(DroppedInspection, (company, "1001"))
        assert [one.key for one in row.inspection().payments] == ["1001.P-1", "1001.P-2"]


def test_an_inspection_with_a_bad_line_is_set_aside_and_keeps_what_was_told_before(
    house, owner: Browser, company
):
    drop(owner, HEAD, ONE)
    take(owner)
    drop(owner, HEAD, BAD, TWO)
    text = owner.read(PAGE)
    assert "1 inspection would be set aside" in text and "Line 2" in text and "it is “free”" in text
    rows = owner.get(re.search(r'"(/settings/files/\d+/problems.xlsx)"', text)[1].replace("xlsx", "csv")).text
    assert "march.csv,2,Fee,1001,Fee must be dollars" in rows
    assert "1 new, 1 set aside" in take(owner)
    found = told(house, company)
    assert found["1001"][0] == "425.00" and found["1001"][2].startswith("Line 2: Fee must be dollars")
    with house.writing():
        source = open_source(db.session.get_one(Company, company), public_only=True)
        [page] = source.changed("1:1001")
    assert [one.key for one in page.bad] == ["1001"] and [one.key for one in page.inspections] == ["1002"]
    drop(owner, HEAD, ONE)
    assert "Can be read again" in owner.read(PAGE), "It says what it said before, and is right again."
    take(owner)
    assert told(house, company)["1001"] == ("425.00", False, "")
    drop(owner, HEAD, ONE)
    assert "1 inspection the same as before" in owner.read(PAGE)


def test_a_line_that_is_nobodys_stops_the_whole_file(house, owner: Browser, company):
    drop(owner, HEAD, ONE, NOBODYS)
    text = owner.read(PAGE)
    assert "Mend 1 line first" in text and "Take this file" not in text
    with house.writing():
        row = db.session.scalars(select(DroppedFile)).one()
    owner.post(f"{PAGE}/{row.id}/take", {"turn": "0"}, page=PAGE)
    assert "Mend the lines that are marked" in owner.read(PAGE) and told(house, company) == {}
    owner.post(f"{PAGE}/{row.id}/leave", page=PAGE)
    text = owner.read(PAGE)
    assert "was put aside. Nothing was changed." in text and "nothing of it was taken" in text


@pytest.mark.parametrize(("missing", "gone"), [("stay", False), ("deleted", True), ("", False)])
def test_what_is_missing_stays_unless_a_person_says_that_it_was_deleted(house, owner, company, missing, gone):
    drop(owner, HEAD, ONE, (*TWO[:1], "2026-03-02", *TWO[2:]))
    take(owner)
    drop(owner, HEAD, (*ONE[:-1], "430.00"))
    assert "1 inspection is not in this file" in owner.read(PAGE)
    take(owner, **({"missing": missing} if missing else {}))
    assert told(house, company)["1002"][1] is gone


def test_the_file_taken_last_is_taken_back_and_then_the_one_before(house, owner: Browser, company):
    drop(owner, HEAD, ONE, name="one.csv")
    take(owner)
    drop(owner, HEAD, (*ONE[:-1], "430.00"), TWO, ("1003", *BAD[1:]), name="two.csv")
    take(owner)
    with house.writing():
        first, second = db.session.scalars(select(DroppedFile.id).order_by(DroppedFile.id))
        db.session.add(BadRecord(company_id=company, key="1003", reason="x", raw={}))
        db.session.commit()
    owner.post(f"{PAGE}/{first}/take-back", page=PAGE)
    assert "Only the file that was taken last can be taken back." in owner.read(PAGE)
    owner.post(f"{PAGE}/{second}/take-back", page=PAGE)
    assert "two.csv was taken back: 3 inspections are again as before it." in owner.read(PAGE)
    assert told(house, company) == {"1001": ("425.00", False, ""), "1002": ("1150.00", True, "")}
    with house.writing():
        assert db.session.get(BadRecord, (company, "1003")) is None
    owner.post(f"{PAGE}/{first}/take-back", page=PAGE)
    assert told(house, company)["1001"] == ("425.00", True, "")
    with house.writing():
        source = open_source(db.session.get_one(Company, company), public_only=True)
        [page] = source.changed("2:1003")
        assert {one.key for one in page.inspections if one.deleted_at} == {"1001", "1002"}
        assert page.cursor == "4:1001", "All that was told again comes again."


def test_a_file_that_was_looked_at_before_another_was_taken_is_looked_at_again(
    house, owner: Browser, company
):
    drop(owner, HEAD, ONE)
    with house.writing():
        file_id = db.session.scalars(select(DroppedFile.id)).one()
    owner.post(f"{PAGE}/{file_id}/take", {"turn": "7"}, page=PAGE)
    assert "Another file was taken meanwhile" in owner.read(PAGE) and told(house, company) == {}
    take(owner)
    owner.post(f"{PAGE}/{file_id}/take", {"turn": "1"}, page=PAGE)
    assert "was taken or put aside already" in owner.read(PAGE)
    owner.post(f"{PAGE}/{file_id}/leave", page=PAGE)
    assert "was taken or put aside already" in owner.read(PAGE)


def test_a_new_drop_takes_the_place_of_the_one_that_waited(house, owner: Browser):
    drop(owner, HEAD, ONE, name="old.csv")
    drop(owner, HEAD, TWO, name="new.csv")
    with house.writing():
        states = {row.name: (row.state, bool(row.tables)) for row in db.session.scalars(select(DroppedFile))}
    assert states == {"old.csv": ("left", False), "new.csv": ("waiting", True)}


REFUSED = {
    "nothing": ({}, "Choose a file first."),
    "a picture": ({"a.png": b"\x89PNG\r\n"}, "a.png is neither CSV nor XLSX"),
    "too large": ({"a.csv": b"a" * (LARGEST_FILE + 1)}, "a.csv is larger than 1 MB"),
    "too many": ({f"{n}.csv": b"a" for n in range(5)}, "Drop at most 4 files at once."),
    "a path": ({"C:\\files\\<b>a\x07.csv": b""}, "&lt;b&gt;a.csv is empty"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_read_is_said_at_the_field_and_nothing_is_kept(house, owner: Browser, kind):
    files, says = REFUSED[kind]
    answer = drop(owner, **files) if files else owner.post(PAGE, page=PAGE)
    assert answer.status_code == 422 and says in answer.text
    with house.writing():
        assert db.session.scalars(select(DroppedFile)).all() == []


def test_more_than_a_request_may_bring_is_refused_with_its_page(owner: Browser):
    assert drop(owner, **{"a.csv": b"a" * 1_100_000}).status_code == 413


def test_an_accountant_reads_and_changes_nothing(house, owner: Browser, company):
    drop(owner, HEAD, ONE)
    accountant = house.browser(house.make_person("accountant", company))
    text = accountant.read(PAGE)
    assert "Ada Reyes" in text and "Take this file" not in text and 'type="file"' not in text
    with house.writing():
        file_id = db.session.scalars(select(DroppedFile.id)).one()
    for path in ("", f"/{file_id}/take", f"/{file_id}/leave", f"/{file_id}/take-back"):
        assert accountant.post(f"{PAGE}{path}", {"turn": "0"}, page=PAGE).status_code == 403
    assert told(house, company) == {}


def test_another_companys_file_is_not_there(house, owner: Browser, company):
    drop(owner, HEAD, ONE)
    with house.writing():
        file_id = db.session.scalars(select(DroppedFile.id)).one()
    other = house.browser(house.make_person("owner", house.make_company("Other", source_kind="files")))
    for path in ("take", "leave", "take-back"):
        assert other.post(f"{PAGE}/{file_id}/{path}", {"turn": "0"}, page=PAGE).status_code == 404
    assert other.get(f"{PAGE}/{file_id}/problems.csv").status_code == 404


def test_what_was_taken_is_counted_in_words():
    assert counted({"new": 2, "changed": 0, "gone": 1, "aside": 1200}) == "2 new, 1 deleted, 1,200 set aside"
    assert counted({"new": 0, "same": 7}) == "nothing new"


def test_home_leads_to_the_files_and_says_which_waits(house, owner: Browser, company):
    page = owner.read("/")
    assert "No inspections yet." in page and "Drop your first file" in page
    assert "Drop your first file" in owner.read("/inspections")
    drop(owner, HEAD, BAD)
    assert "march.csv was dropped and waits to be taken." in owner.read("/")
    Records(house, company).bad_record("ins-77", reason="Line 2: it is free.")
    for path in ("/inspections/ins-77", "/inspections/ins-77/preview", "/sync-log"):
        page = owner.read(path)
        assert f'href="{PAGE}"' in page and "platform" not in page.partition("<main")[2].lower(), path
    assert fault("bad-record", "files").remedy in unescape(owner.read("/inspections/ins-77/preview"))
    ops = house.browser(house.make_person("ops"))
    asked = f"/ops/companies/{company}/inspections/ins-77"
    assert fault("bad-record", "files").remedy in unescape(ops.read(asked))


def test_a_company_read_from_a_platform_drops_nothing(house):
    owner = house.browser(house.make_person("owner", house.make_company("Feed")))
    assert "nothing to drop here" in owner.read(PAGE)
    values = {"csrf_token": owner.token("/"), "file": [(io.BytesIO(csv_file(HEAD, ONE)), "a.csv")]}
    answer = owner.client.post(PAGE, data=values, content_type="multipart/form-data")
    assert answer.status_code == 404


def test_no_other_address_takes_files(owner: Browser):
    values = {"csrf_token": owner.token("/"), "file": [(io.BytesIO(b"a"), "a.csv")]}
    answer = owner.client.post("/settings/hook", data=values, content_type="multipart/form-data")
    assert answer.status_code == 400
