"""`flask user …` and `flask company …`, in process: what they change, what they leave, and that each act stands in the audit log."""

import csv
import io
import json
import re
import zipfile
from datetime import date, timedelta
from pathlib import Path

import pyotp
import pytest
from sqlalchemy import select

from bookkeeping.acts.connecting import is_another_realm, realm_is_taken
from bookkeeping.acts.inviting import accept, invite
from bookkeeping.acts.joining import choose_password
from bookkeeping.storage.base import Base, db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.company.vault import vault
from bookkeeping.storage.people.audit import AuditEntry
from bookkeeping.storage.people.factors import (
    app_secret,
    begin_app,
    confirm_app,
    has_factor,
    make_recovery_codes,
    recovery_codes_left,
)
from bookkeeping.storage.people.memberships import add_membership
from bookkeeping.storage.people.notices import Notice
from bookkeeping.storage.people.people import LoginSession, User
from bookkeeping.storage.people.sessions import open_session, user_by_password
from bookkeeping.storage.records.inspections import InspectionRow
from tests.functional.office import inspection
from tests.harness.in_process import Desk
from worker.commands.companies import company
from worker.commands.exporting import OF_THE_HOUSE, SECRETS, tables_of_a_company
from worker.commands.people import user
from worker.commands.upkeep import erasing  # noqa: F401 - Two of the commands are in there.

PASSWORD = "kavo mire tusa beno"


def say(desk: Desk, group, *words: object, typed: str = "") -> dict:
    """Run a command and return its JSON, with `code` for how it ended."""
    runner = desk.shop.app.test_cli_runner()
    done = runner.invoke(group, [*map(str, words), "--json"], input=typed)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return json.loads(done.stdout) | {"code": done.exit_code}


def add(desk: Desk, email: str, role: str = "owner") -> dict:
    where = [] if role.startswith("ops") else ["--company", desk.id]
    return say(desk, user, "create", email, "--role", role, *where, "--password-stdin", typed=PASSWORD + "\n")


def acts(desk: Desk, company_id: int | None) -> list[tuple[str, str]]:
    with desk.shop.app.app_context():
        rows = select(AuditEntry.act, AuditEntry.subject).where(
            AuditEntry.company_id.is_(company_id)
            if company_id is None
            else AuditEntry.company_id == company_id
        )
        return [
            tuple(row)
            for row in db.session.execute(
                rows.where(AuditEntry.who == "command line").order_by(AuditEntry.id)
            )
        ]


def test_people_are_added_listed_given_roles_and_removed_and_each_act_is_on_record(desk):
    first, second = f"a{desk.id}@books.example", f"b{desk.id}@books.example"
    add(desk, first)
    add(desk, second, "bookkeeper")
    assert [one["email"] for one in say(desk, user, "list", "--company", desk.id)["users"]] == [first, second]
    assert say(desk, user, "set-role", second, "--role", "owner", "--company", desk.id)["role"] == "owner"
    assert say(desk, user, "remove", first)["removed"] is True
    left = say(desk, user, "remove", second)
    assert left["code"] == 1 and "only owner" in left["message"]
    assert acts(desk, desk.id) == [
        ("added a person", first),
        ("added a person", second),
        ("changed a role", second),
        ("removed", first),
    ]


def mailed(desk: Desk, subject: str) -> list[str]:
    """Return to whom a mail with this subject goes."""
    with desk.shop.app.app_context():
        rows = select(Notice.address).where(Notice.company_id == desk.id, Notice.subject.contains(subject))
        return list(db.session.scalars(rows.order_by(Notice.id)))


def test_owners_are_mailed_when_a_command_gives_or_takes_access(desk):
    first, second = f"a{desk.id}@books.example", f"b{desk.id}@books.example"
    add(desk, first)
    assert mailed(desk, "joined") == [], "nobody was there who could wonder"
    add(desk, second)
    assert mailed(desk, f"{second} joined") == [first, second]
    desk.run()
    say(desk, company, "release-realm", desk.id)
    assert mailed(desk, "QuickBooks was disconnected") == [first, second]


def test_one_person_in_two_companies_is_named_with_the_company(desk, shop):
    second, email = shop.open(), f"two{desk.id}@books.example"
    add(desk, email)
    add(desk, f"other{desk.id}@books.example")
    with shop.app.app_context():
        person = db.session.scalars(select(User).where(User.email == email)).one()
        token = invite(second.id, email, "bookkeeper", "command line")
        accept(token, person)
        add_membership(db.session.get(User, person.id + 1), second.id, "owner")
        db.session.commit()
    listed = [one for one in say(desk, user, "list")["users"] if one["email"] == email]
    assert [(one["company"], one["role"]) for one in listed] == [
        (desk.id, "owner"),
        (second.id, "bookkeeper"),
    ]
    unclear = say(desk, user, "set-role", email, "--role", "accountant")
    assert (
        unclear["code"] == 1 and f"({desk.id}, {second.id}): say which with --company" in unclear["message"]
    )
    told = say(desk, user, "set-role", email, "--role", "accountant", "--company", second.id)
    assert (told["role"], told["company"]) == ("accountant", second.id)
    out = say(desk, user, "remove", email, "--company", second.id)
    assert (out["companies"], out["login"]) == ([second.id], True)
    out = say(desk, user, "remove", email)
    assert (out["companies"], out["login"]) == ([desk.id], False)


def test_ops_who_act_and_ops_who_look_are_made_and_changed_apart(desk):
    email = f"look{desk.id}@tieout.example"
    words = ("user", "create", email, "--password-stdin", "--role")
    assert say(desk, user, *words[1:], "ops-read-only", typed=PASSWORD + "\n")["role"] == "ops-read-only"
    assert say(desk, user, "set-role", email, "--role", "ops-admin")["role"] == "ops"
    assert say(desk, user, "set-role", email, "--role", "owner")["code"] == 1
    assert ("changed a role", email) in acts(desk, None)


def test_ops_who_leave_are_out_with_one_command(desk):
    email = f"ops{desk.id}@tieout.example"
    add(desk, email, "ops")
    with desk.shop.app.app_context():
        open_session(user_by_password(email, PASSWORD), "10.0.0.1", "a browser")
        db.session.commit()
    assert say(desk, user, "remove", email)["removed"] is True
    with desk.shop.app.app_context():
        person = db.session.scalars(select(User).where(User.email == email)).one()
        sessions = db.session.scalars(select(LoginSession).where(LoginSession.user_id == person.id)).all()
        assert person.removed_at and all(one.ended_at for one in sessions) and len(sessions) == 1
        assert user_by_password(email, PASSWORD) is None
    assert ("added a person", email) in acts(desk, None) and ("removed", email) in acts(desk, None)


def test_sessions_end_by_command(desk):
    email = f"s{desk.id}@books.example"
    add(desk, email)
    with desk.shop.app.app_context():
        open_session(user_by_password(email, PASSWORD), "10.0.0.1", "a browser")
        db.session.commit()
    assert say(desk, user, "end-sessions", email)["ended"] == 1
    assert say(desk, user, "end-sessions", email)["ended"] == 0


def test_a_lost_factor_is_taken_away_by_command_and_a_short_password_with_it(desk, shop):
    email = f"f{desk.id}@books.example"
    add(desk, email)
    with shop.app.app_context():
        person = user_by_password(email, PASSWORD)
        row = begin_app(person.id)
        assert confirm_app(row, pyotp.TOTP(app_secret(row)).now())
        make_recovery_codes(person.id)
        choose_password(person, "kq7#vTm2")
        open_session(person, "10.0.0.1", "a browser")
        db.session.commit()
    told = say(desk, user, "reset-factor", email)
    assert (told["factors"], told["ended"]) == (1, 1) and "/reset-password/" in told["link"]
    with shop.app.app_context():
        assert user_by_password(email, "kq7#vTm2") is None
        assert recovery_codes_left(person.id) == 0 and not has_factor(person.id)
    assert ("took every second factor away", email) in acts(desk, desk.id)
    assert say(desk, user, "reset-factor", email)["factors"] == 0


def test_links_to_join_and_for_another_password_are_printed(desk):
    email = f"l{desk.id}@books.example"
    assert "/invitation/" in say(desk, user, "invite", email, "--role", "owner", "--company", desk.id)["link"]
    add(desk, f"m{desk.id}@books.example")
    assert "/reset-password/" in say(desk, user, "reset-link", f"m{desk.id}@books.example")["link"]


@pytest.mark.parametrize(
    "words",
    [
        ("remove", "nobody@books.example"),
        ("reset-factor", "nobody@books.example"),
        ("reset-link", "nobody@books.example"),
        ("end-sessions", "x"),
        ("set-role", "x", "--role", "owner"),
    ],
)
def test_nobody_is_said_in_one_line(desk, words):
    told = say(desk, user, *words)
    assert (told["code"], told["error"]) == (1, "no-such-person")


def test_a_company_is_listed_and_changed(desk):
    with desk.shop.app.app_context():
        row = db.session.get(Company, desk.id)
        row.feed_state, row.feed_detail = "refused", "401"
        db.session.commit()
    told = say(
        desk,
        company,
        "update",
        desk.id,
        "--name",
        "Front Range",
        "--feed-key-stdin",
        typed=f"{desk.feed_key}\n",
    )
    assert (told["changed"], told["name"]) == (["name"], "Front Range")  # The key is the one that it has.
    mine = next(one for one in say(desk, company, "list")["companies"] if one["id"] == desk.id)
    assert mine["name"] == "Front Range" and mine["quickbooks"] == "checking"
    assert acts(desk, desk.id)[-1] == ("changed the company", "name")


def test_a_replaced_feed_key_is_tried_before_it_is_taken_and_heals_the_feed(desk):
    with desk.shop.app.app_context():
        db.session.get(Company, desk.id).feed_state = "refused"
        db.session.commit()
    wrong = say(desk, company, "update", desk.id, "--feed-key-stdin", typed="not a key\n")
    assert wrong["code"] == 1 and wrong["error"] == "feed-refused"
    other = desk.platform.post("/_standin/companies", {"name": "Other", "time_zone": desk.time_zone})["key"]
    assert say(desk, company, "update", desk.id, "--feed-key-stdin", typed=f"{other}\n")["changed"] == [
        "feed_key"
    ]
    with desk.shop.app.app_context():
        row = db.session.get(Company, desk.id)
        assert vault().open(row.feed_key, row.id, "feed_key") == other
        assert (row.feed_state, row.feed_cause) == ("ok", "") and row.next_poll_at is not None


def test_another_zone_is_checked_and_every_inspection_is_looked_at_again(desk):
    desk.book(inspection(1))
    desk.run("poll")
    with desk.shop.app.app_context():
        db.session.query(InspectionRow).filter_by(company_id=desk.id).update({"due": False})
        db.session.commit()
    assert "no time zone" in say(desk, company, "update", desk.id, "--time-zone", "Mars/North")["message"]
    assert (
        say(desk, company, "update", desk.id, "--time-zone", "Pacific/Honolulu")["time_zone"]
        == "Pacific/Honolulu"
    )
    with desk.shop.app.app_context():
        assert all(db.session.scalars(select(InspectionRow.due).where(InspectionRow.company_id == desk.id)))


def test_a_zone_that_dates_documents_anew_is_shown_first_and_changed_with_yes(desk):
    """Three in the afternoon UTC is the next day in Tokyo alone."""
    desk.book(inspection(1))
    desk.run()
    desk.sync()
    (before,) = (one["TxnDate"] for one in desk.books()["Invoice"])
    told = say(desk, company, "update", desk.id, "--time-zone", "Asia/Tokyo")
    assert (told["code"], told["error"], told["dated_anew"]) == (1, "zone-to-confirm", 2)
    assert f"{before} to " in told["documents"][0]
    assert desk.company().time_zone == desk.time_zone
    changed = say(desk, company, "update", desk.id, "--time-zone", "Asia/Tokyo", "--yes")
    assert changed["changed"] == ["time_zone"]
    desk.sync()
    (after,) = (one["TxnDate"] for one in desk.books()["Invoice"])
    assert date.fromisoformat(after) - date.fromisoformat(before) == timedelta(days=1)


def test_nothing_given_or_nothing_new_is_said(desk):
    told = say(desk, company, "update", desk.id)
    assert told["code"] == 1 and "Nothing was changed" in told["message"]


def test_a_released_realm_is_free_for_another_company(desk):
    desk.run()
    realm = desk.realm_id
    with desk.shop.app.app_context():
        assert realm_is_taken(desk.id + 1000, realm)
        db.session.rollback()
    assert say(desk, company, "release-realm", desk.id)["may_connect_another"] is True
    with desk.shop.app.app_context():
        assert not realm_is_taken(desk.id + 1000, realm)
        assert not is_another_realm(desk.id, "9999")
        assert db.session.get(Connection, desk.id).state == "disconnected"
        db.session.rollback()


def test_a_company_whose_documents_are_there_goes_back_to_its_realm_only(desk):
    desk.book(inspection(1))
    desk.run()
    assert say(desk, company, "release-realm", desk.id)["may_connect_another"] is False
    with desk.shop.app.app_context():
        assert is_another_realm(desk.id, "9999") and not is_another_realm(desk.id, desk.realm_id)


def test_an_export_holds_everything_of_the_company_and_no_secret(desk, shop, tmp_path):
    add(desk, f"x{desk.id}@books.example")
    desk.book(inspection(1), inspection(2))
    desk.run()
    file = tmp_path / "all.zip"
    told = say(desk, company, "export", desk.id, file)
    assert told["rows"]["inspections"] == 2 and told["rows"]["users"] == 1 and told["rows"]["documents"] >= 4
    with zipfile.ZipFile(file) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert file.stat().st_mode & 0o077 == 0, "Whoever else is on the machine may read it."
    rows = list(csv.DictReader(io.StringIO(texts["documents.csv"])))
    assert {row["company_id"] for row in rows} == {str(desk.id)}
    with shop.app.app_context():
        connection = db.session.get(Connection, desk.id)
        hashes = db.session.scalars(select(User.password_hash)).all()
        secrets = [desk.feed_key, connection.tokens, connection.realm, *hashes]
    whole = "\n".join(texts.values())
    assert "v1." not in whole and not [secret for secret in secrets if secret in whole]


def test_every_table_is_exported_or_named_as_the_house_s(shop):
    exported = {table.name for table, _ in tables_of_a_company()}
    rest = {table.name for table in Base.metadata.sorted_tables} - exported
    assert rest <= OF_THE_HOUSE
    for table, secret in SECRETS.items():
        assert secret <= set(Base.metadata.tables[table].c.keys())


def test_the_readme_names_every_command_about_people_and_companies():
    said = (Path(__file__).parents[3] / "README.md").read_text()
    for group in (company, user):
        [listed] = re.findall(rf"`{group.name} ([a-z|-]+)`", said)
        assert set(listed.split("|")) == set(group.commands)


def test_a_company_is_read_from_another_source_once_that_was_looked_at(desk: Desk):
    [key, _] = desk.book(inspection(1), inspection(2))
    desk.run()
    desk.sync_until_quiet()
    elsewhere = json.dumps({"url": f"{desk.platform.base_url}/paged", "key": desk.feed_key})
    command = ("change-source", desk.id, "--source", "pages", "--credentials-stdin")
    told = say(desk, company, *command, typed=elsewhere)
    assert (told["error"], told["code"], told["in_quickbooks"]) == ("source-to-confirm", 1, 2)
    assert key in told["known"] and "key" not in told
    assert desk.company().source_kind == "feed"
    told = say(desk, company, "change-source", desk.id, "--source", "files", "--yes")
    assert (told["error"], told["code"]) == ("source-in-the-way", 1) and "booked twice" in told["message"]
    told = say(desk, company, *command, "--yes", typed=elsewhere)
    assert (told["code"], told["source"]) == (0, "pages")
    before = desk.books()
    desk.change(key, canceled=True)
    desk.sync_until_quiet()
    desk.assert_exact()
    assert len(desk.books()["Invoice"]) == len(before["Invoice"]) - 1
    back = json.dumps({"url": desk.platform.base_url, "key": desk.feed_key})
    assert (
        say(
            desk,
            company,
            "change-source",
            desk.id,
            "--source",
            "feed",
            "--credentials-stdin",
            "--yes",
            typed=back,
        )["code"]
        == 0
    )
    desk.sync_until_quiet()
    desk.assert_exact()
    assert ("changed the source", "") in acts(desk, desk.id)
