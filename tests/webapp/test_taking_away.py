"""What takes something away can be undone for ten seconds, or says first what follows. Every form that there is has its place in one table."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from bookkeeping.answering.opening import make_key, set_callback
from bookkeeping.storage.base import db
from bookkeeping.storage.people.factors import begin_app
from bookkeeping.storage.people.list_views import keep_view
from bookkeeping.storage.people.people import User
from bookkeeping.storage.work.ops import SavedView
from tests.webapp.furnished import furnish, pages_from
from tests.webapp.house import House
from tests.webapp.test_people import PEOPLE, invite

TEMPLATES = Path(__file__).parents[2] / "templates"

UNDONE = {"drift.keep", "drift.restore", "drift.settle", "people.remove", "quickbooks.bring_in_earlier"}
"""*Undo* for ten seconds; `test_undo.py` takes each back."""

ASKED = {
    "api_settings.revoke",
    "api_settings.stop_callback",
    "dropping.back",
    "ops_acts.remove_view",
    "people.withdraw",
    "second_factor.new_codes",
    "second_factor.remove",
    "settings.make_hook",
    "views.remove",
}
"""The button opens to what follows, and to the one that does it (`sure` in `components/confirm.html`)."""

SAID_BESIDE = {
    "api_settings.save_callback": ("api/page.html", "Saving makes a new secret"),
    "connecting.disconnect": ("quickbooks.html", "Syncing stops and QuickBooks takes our access back."),
    "migration.confirm": ("migration/confirm.html", "afterwards nobody can undo it"),
    "migration.try_again": ("migration/report.html", "There is no going back"),
    "ops_changing.change_zone": ("ops/change_zone.html", "What would follow"),
    "ops_changing.remove": ("ops/change.html", "goes out of this installation for good"),
    "ops_changing.take_source": ("ops/change_source.html", "What would follow"),
    "ops_companies.approve_deletes": ("ops/company.html", "approved deletes cannot be taken"),
    "quickbooks.approve_deletes": ("quickbooks_notices.html", "approved deletes cannot be taken"),
    "quickbooks.save_dates": (
        "quickbooks.html",
        "Moving it later takes documents before it out of QuickBooks.",
    ),
}
"""The page or card of the form says what follows, in this template in these words."""

TAKES_NOTHING = {
    # Comes in, goes out, and proves who one is.
    "auth.log_in",
    "auth.log_out",
    "companies.choose",
    "confirming.confirm",
    "forgotten.ask",
    "forgotten.choose",
    "people.accept",
    "people.join",
    "second_step.check",
    # Machines.
    "api.payment_events",
    "api.sync",
    "hooks.inspections",
    "webhooks.quickbooks",
    # Whoever is logged out logs in again; a password, a role, a rule can be changed again.
    "account.change_password",
    "account.end_one",
    "account.end_others",
    "account.not_me",
    "bookkeeping.save_hold",
    "people.change_role",
    "people.end_sessions",
    "people.require_factor",
    # Makes or adds.
    "api_settings.make",
    "chosen.files",
    "connecting.connect",
    "ops_acts.mute",
    "ops_acts.note",
    "ops_acts.save_view",
    "people.invite",
    "second_factor.add_passkey",
    "second_factor.begin_app",
    "second_factor.confirm_app",
    "tie_out.make",
    "views.keep",
    "views.rename",
    # Reads, tries again, goes on: what would be sent is what should be in the books anyhow.
    "bookkeeping.refresh_lists",
    "chosen.retry",
    "customers.create",
    "customers.undo",
    "customers.use",
    "drift.manage_again",
    "inspections.retry",
    "inspections.same_money",
    "items.looked_at",
    "numbers.refresh",
    "ops_acts.retry",
    "ops_companies.poll_now",
    "ops_companies.retry",
    "ops_companies.sync_now",
    "practice.start",
    "practice.start_syncing",
    "quickbooks.check_now",
    "quickbooks.sync_now",
    "sync_log.retry_all",
    # Each has its other way round.
    "first_steps.put_away",
    "first_steps.show_again",
    "notices.mark_all_read",
    "notices.read",
    "notifications.choose",
    "ops_acts.undo_mute",
    "ops_companies.pause",
    "ops_companies.resume",
    "quickbooks.pause",
    "quickbooks.resume",
    "undo.take_back",
    # Choices that can be made anew; for documents that are there already the page asks for which it holds.
    "bookkeeping.save_classes",
    "bookkeeping.save_due",
    "bookkeeping.save_income",
    "bookkeeping.save_payments",
    "bookkeeping.save_refunds",
    "items.save",
    "items.save_new_names",
    "ops_changing.change_platform",
    "ops_changing.rename",
    "ops_changing.source",
    # A file is looked at before it is taken, put aside it can be dropped again, and taken it can be taken back.
    "dropping.drop",
    "dropping.leave",
    "dropping.take",
    # Nothing happens before the migration is confirmed, and what is scheduled is cancelled in one click.
    "migration.accept",
    "migration.approve",
    "migration.cancel",
    "migration.go_on",
    "migration.preview",
    "migration.run_now",
}
TABLE = (UNDONE, ASKED, set(SAID_BESIDE), TAKES_NOTHING)


def test_every_form_has_its_place_in_the_table(house: House):
    """A new one that takes something away goes with `ways_back` and *Undo*, or is drawn with `sure`; then it is listed here."""
    sent = {rule.endpoint for rule in house.app.url_map.iter_rules() if "POST" in rule.methods}
    listed = [endpoint for part in TABLE for endpoint in part]
    assert sorted(listed) == sorted(sent)


@pytest.mark.parametrize("endpoint", sorted(SAID_BESIDE))
def test_what_follows_stands_beside_the_form(endpoint):
    template, words = SAID_BESIDE[endpoint]
    text = (TEMPLATES / template).read_text()
    assert words in text and f'url_for("{endpoint}"' in text.replace("'", '"')


class _Forms(HTMLParser):
    """Where each form leads, and what stands before its button within a `sure`, or None outside one."""

    def __init__(self, text: str):
        super().__init__()
        self.found: dict[str, str | None] = {}
        self._folds: list[bool] = []
        self._said: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "details":
            self._folds.append(given.get("class") == "sure")
            self._said = "" if self._folds[-1] else self._said
        elif tag == "form" and given.get("method") == "post":
            self.found[given["action"]] = self._said

    def handle_endtag(self, tag: str) -> None:
        if tag == "details" and self._folds.pop():
            self._said = None

    def handle_data(self, data: str) -> None:
        if self._said is not None:
            self._said += data


def test_what_cannot_be_undone_says_first_what_follows(house: House):
    company = furnish(house, "Blue Ridge Home Inspections")
    owner = house.browser(house.make_person("owner", company, "owner@office.example"))
    ops = house.browser(house.make_person("ops"))
    fed = house.make_company("Front Range Home Inspections", hook_digest="x" * 64)
    hooked = house.browser(house.make_person("owner", fed, "hooked@office.example"))
    invite(owner, "new@office.example", "bookkeeper")
    with house.writing():
        me = db.session.scalars(select(User).where(User.email == "owner@office.example")).one()
        make_key(company, "Platform", ["read"], me.email)
        set_callback(company, "http://127.0.0.1:9/told", me.email)
        keep_view(company, "inspections", me.email, "Open", "state=waiting", shared=True)
        db.session.add(SavedView(name="Mine", address="code=x", made_by=me.email))
        begin_app(me.id).confirmed_at = me.created_at
        db.session.commit()
    said: dict[str, str | None] = {}
    for browser in (owner, ops, hooked):
        for _, answer in pages_from(browser, "/"):
            for action, words in _Forms(answer.text).found.items():
                endpoint, _ = house.app.url_map.bind("").match(urlsplit(action).path, method="POST")
                said[endpoint] = words
    assert {endpoint for endpoint, words in said.items() if words is not None} - {"people.remove"} == ASKED
    for endpoint in ASKED:
        assert len(re.sub(r"\s+", " ", said[endpoint])) > 60, (endpoint, said[endpoint])


def test_who_goes_by_themselves_is_told_that_it_cannot_be_undone(house: House, company: int, owner):
    house.make_person("owner", company, "second@office.example")
    with house.app.app_context():
        mine = db.session.scalars(select(User.id).where(User.email == f"owner{company}@office.example")).one()
    said = _Forms(owner.read(PEOPLE)).found
    assert "until another owner invites you again" in said[f"{PEOPLE}/{mine}/remove"]
    assert [words for action, words in said.items() if action.endswith("/remove")].count(None) == 1
