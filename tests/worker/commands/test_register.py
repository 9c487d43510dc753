"""The commands themselves, in this process: what they do, and every refusal in a sentence. `tests/functional` starts them as programs."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from bookkeeping.errors import LeaseTakenError
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.credentials import credentials_of
from bookkeeping.storage.company.vault import vault
from bookkeeping.storage.people.people import User
from bookkeeping.storage.records.documents import LegacyReceipt
from bookkeeping.storage.work.leases import take_lease
from bookkeeping.storage.work.runs import Run
from tests.functional.office import PASSWORD, inspection
from tests.harness.in_process import Desk, Shop
from worker.app import create_worker_app
from worker.commands import foreground
from worker.commands.answering import Refusal, company_of
from worker.commands.foreground import run_in_foreground
from worker.commands.legacy import legacy
from worker.commands.register import register_commands
from worker.commands.status import company_status
from worker.commands.tieout import tieout


@pytest.fixture(scope="module")
def app(shop: Shop) -> Flask:
    """The worker's app with its commands, as wsgi puts them together."""
    with shop.app.app_context():
        settings = shop.app.extensions["settings"]
    made = create_worker_app(settings)
    register_commands(made)
    return made


@pytest.fixture
def say(app: Flask):
    """Return (a function of) what a command answers with --json, with `code` where it failed."""

    def run(*words: object, input: str = "") -> dict:
        with app.app_context():  # As `flask` does for every command.
            done = app.test_cli_runner().invoke(args=[*map(str, words), "--json"], input=input)
        assert done.stdout, (done.exception, done.stderr)
        answer = json.loads(done.stdout)
        return answer | ({"code": done.exit_code} if done.exit_code else {})

    return run


def test_a_company_is_added_with_its_key_sealed(say, shop: Shop, desk: Desk):
    words = ("company", "create", " Front Range ", "--feed-url", f"{shop.platform.base_url}/", "--feed-key")
    made = say(*words, desk.feed_key, "--legacy")
    assert (made["name"], made["time_zone"], made["legacy"]) == ("Front Range", "America/New_York", True)
    with shop.app.app_context():
        row = db.session.get_one(Company, made["id"])
        assert row.feed_url == shop.platform.base_url and desk.feed_key not in row.feed_key
        assert vault().open(row.feed_key, row.id, "feed_key") == desk.feed_key


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("", "--feed-url", "http://x", "--feed-key", "k"), "at most 200 characters"),
        (("A", "--feed-url", "ftp://x", "--feed-key", "k"), "use scheme and host"),
        (("A", "--feed-url", "http://x", "--feed-key", " "), "give the platform's API key"),
        (("A", "--feed-url", "http://x", "--feed-key", "k", "--offline"), "give --time-zone"),
        (("A", "--feed-url", "http://x", "--feed-key", "k", "--time-zone", "Mars"), "is no time zone"),
        (("A",), "The url of the source is missing"),
        (("A", "--source", "files"), "With --source files nobody says the time zone"),
        (("A", "--source", "files", "--feed-key", "k"), "takes no key. Leave it out."),
        (("A", "--credentials-stdin"), "Standard input is no JSON"),
    ],
)
def test_a_company_that_could_not_be_polled_is_not_added(words, said, say, shop: Shop):
    with shop.app.app_context():
        before = db.session.scalar(select(func.count()).select_from(Company))
    answer = say("company", "create", *words)
    assert answer["code"] == 1 and said in answer["message"]
    with shop.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Company)) == before


def test_a_company_whose_inspections_come_in_files_needs_no_platform(say, shop: Shop):
    made = say("company", "create", "Paper", "--source", "files", "--time-zone", "America/Denver")
    with shop.app.app_context():
        row = db.session.get_one(Company, made["id"])
        assert (row.source_kind, row.feed_url, row.feed_key) == ("files", "", "")
        assert credentials_of(row) == {}
    told = say("company", "update", made["id"], "--feed-url", "https://x.example")
    assert told["code"] == 1 and "its source is files" in told["message"]


def test_credentials_come_from_standard_input_where_no_list_of_processes_shows_them(
    say, shop: Shop, desk: Desk
):
    given = json.dumps({"url": shop.platform.base_url, "key": f" {desk.feed_key} "})
    made = say("company", "create", "Front Range", "--credentials-stdin", input=given)
    with shop.app.app_context():
        assert credentials_of(db.session.get_one(Company, made["id"]))["key"] == desk.feed_key


def test_a_platform_by_numbered_pages_is_asked_before_it_is_taken(say, shop: Shop, desk: Desk):
    given = {"url": f"{shop.platform.base_url}/paged", "key": desk.feed_key, "days_back": 30}
    words = ("company", "create", "Paged", "--source", "pages", "--credentials-stdin")
    made = say(*words, input=json.dumps(given))
    with shop.app.app_context():
        row = db.session.get_one(Company, made["id"])
        assert (row.source_kind, row.feed_url, row.feed_key) == ("pages", given["url"], "")
        assert credentials_of(row) == given and desk.feed_key not in row.source_credentials
    wrong = say(*words, input=json.dumps({**given, "key": "wrong"}))
    assert wrong["error"] == "feed-refused"
    nowhere = say(*words, input=json.dumps({**given, "url": "http://127.0.0.1:9"}))
    assert nowhere["error"] == "feed-unavailable"
    told = say("company", "update", made["id"], "--feed-key-stdin", input="wrong\n")
    assert told["error"] == "feed-refused", "Another key is tried as this kind asks."


def test_a_person_is_added_with_the_first_line_of_standard_input(say, shop: Shop, desk: Desk):
    words = ("user", "create", f"bo{desk.id}@x.example", "--role", "owner", "--password-stdin")
    made = say(*words, "--company", desk.id, input=f"{PASSWORD}\nmore\n")
    assert (made["role"], made["company"]) == ("owner", desk.id)
    with shop.app.app_context():
        assert PASSWORD not in db.session.get_one(User, made["id"]).password_hash
    assert "ops people have none" in say(*words)["message"]
    assert say(*words, "--company", 4711, input=PASSWORD)["error"] == "no-company"
    assert say(*words, "--company", desk.id, input="short\n")["code"] == 1


def _receipts(shop: Shop, company_id: int) -> list[tuple[str, str, str]]:
    with shop.app.app_context():
        rows = select(LegacyReceipt).where(LegacyReceipt.company_id == company_id).order_by(LegacyReceipt.id)
        return [(one.inspection_key, one.receipt_id, f"{one.amount:.2f}") for one in db.session.scalars(rows)]


def test_receipts_are_put_on_record_once_and_nothing_of_a_bad_file(
    say, shop: Shop, desk: Desk, tmp_path: Path
):
    file = tmp_path / "receipts.csv"
    file.write_text("inspection_id,receipt_id,amount\n1042,900,425.00\n1043,901,50\n", encoding="utf-8-sig")
    assert say("legacy", "import", desk.id, file) == {"company": desk.id, "added": 2, "on_record": 2}
    assert say("legacy", "import", desk.id, file)["added"] == 0
    assert _receipts(shop, desk.id) == [("1042", "900", "425.00"), ("1043", "901", "50.00")]
    file.write_text("inspection_id,receipt_id,amount\n1044,902,1.00\n1045,903,1.005\n")
    answer = say("legacy", "import", desk.id, file)
    assert answer["code"] == 1 and answer["message"].startswith("Line 3: ")
    assert len(_receipts(shop, desk.id)) == 2


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("inspection_id,amount\n", "lacks the column receipt_id"),
        ("inspection_id,receipt_id,amount\n1042,,5\n", "Line 2 has no inspection_id or no receipt_id"),
        ("inspection_id,receipt_id,amount\n1042,\udcff,5\n", "is no CSV in UTF-8"),
    ],
)
def test_a_file_that_is_no_list_of_receipts_is_refused_by_its_line(
    text, why, app: Flask, desk: Desk, tmp_path: Path
):
    file = tmp_path / "receipts.csv"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with app.app_context():
        done = app.test_cli_runner().invoke(legacy, ["import", str(desk.id), str(file)])
    assert done.exit_code == 1 and why in done.stderr


def test_runs_go_to_their_end_in_the_foreground(say, desk: Desk, shop: Shop):
    desk.book(inspection(1))
    polled = say("poll", desk.id)
    assert (polled["company"], polled["state"], polled["problems"]) == (desk.id, "done", [])
    assert say("reconcile", desk.id)["outcomes"]["created"] >= 4
    assert len(desk.books()["Invoice"]) == 1
    [night] = say("nightly", "--company", desk.id)["companies"]
    assert (night["state"], night["company"]) == ("done", desk.id)
    with shop.app.app_context():
        kinds = select(Run.kind).where(Run.company_id == desk.id, Run.reason == "command").order_by(Run.id)
        assert list(db.session.scalars(kinds)) == ["poll", "reconcile", "nightly"]


def test_of_several_nights_one_that_a_worker_holds_for_long_keeps_none_from_theirs(app: Flask, desk: Desk):
    with app.app_context():
        before = app.extensions["settings"]
        app.extensions["settings"] = replace(before, lease_seconds=1)
        lease = take_lease(f"company:{desk.id}", "a worker", 30)
        try:
            night = foreground._night(desk.id, None, alone=False)
            with pytest.raises(LeaseTakenError):
                foreground._night(desk.id, None, alone=True)
        finally:
            app.extensions["settings"] = before
            lease.release()
    assert (night["state"], night["failed"]) == ("not begun", True)
    assert [one["code"] for one in night["problems"]] == ["lease-taken"] and night["problems"][0]["title"]


@pytest.mark.parametrize("at", ["never", "9999-12-31", "0001-01-01T00:00:00+14:00"])
def test_a_night_at_no_moment_of_ours_is_refused_before_it_begins(at, say, desk: Desk, shop: Shop):
    answer = say("nightly", "--company", desk.id, "--at", at)
    assert (answer["code"], answer["error"]) == (1, "refused") and "--at" in answer["message"]
    with shop.app.app_context():
        assert db.session.scalars(select(Run).where(Run.company_id == desk.id)).all() == []


def test_a_run_that_met_a_problem_fails_with_its_title(say, desk: Desk):
    place = {"path": "/v2/inspections", "company_id": int(desk.platform_id)}
    desk.platform.post("/_standin/faults", {"kind": "403", "times": 9, **place})
    answer = say("poll", desk.id)
    assert (answer["code"], answer["state"]) == (1, "failed")
    assert [problem["code"] for problem in answer["problems"]] == ["feed-refused"]
    assert answer["problems"][0]["title"]


def test_there_is_no_company_that_no_database_could_hold(app: Flask, desk: Desk):
    with app.app_context():
        assert company_of(desk.id).id == desk.id
        for number in (0, -1, 2**31, 4711):
            with pytest.raises(Refusal) as refused:
                company_of(number)
            assert refused.value.code == "no-company"
        assert run_in_foreground(desk.id, "poll")["state"] == "done"


def test_the_statement_is_printed_and_kept_and_bad_days_are_refused(say, app: Flask, desk: Desk):
    desk.book(inspection(1, days=0))
    desk.sync_until_quiet()
    made = say("tieout", desk.id)
    assert (made["unexplained"], made["unexplained_count"], made["statement"] > 0) == ("0.00", 0, True)
    with app.app_context():
        printed = app.test_cli_runner().invoke(tieout, [str(desk.id)]).output
    assert "Agrees." in printed and "No differences." in printed
    for words, said in (
        (("--from", "2026-03-02", "--to", "2026-03-01"), "swap the two"),
        (("--from", "2020-01-01", "--to", "2026-01-01"), "three years at most"),
        (("--from", "March"), "write the day as 2026-03-01"),
        (("--to", "2201-01-01"), "choose a day between"),
    ):
        answer = say("tieout", desk.id, *words)
        assert answer["code"] == 1 and said in answer["message"]


def test_a_connection_can_be_let_follow_other_settings(say, app: Flask, desk: Desk, shop: Shop):
    assert say("company", "rebind", desk.id) == {"company": desk.id, "rebinds": True}
    made = say(
        "company",
        "create",
        "New",
        "--feed-url",
        "http://x",
        "--feed-key",
        "k",
        "--offline",
        "--time-zone",
        "America/Denver",
    )
    assert say("company", "rebind", made["id"])["error"] == "not-connected"
    assert say("rotate-keys") == {"resealed": 0}, "All is sealed under the only key."
    with app.app_context():
        here = company_status(company_of(desk.id))
    told = say("status", desk.id)
    assert (told["company"], told["inspections"]) == (desk.id, here["inspections"])
