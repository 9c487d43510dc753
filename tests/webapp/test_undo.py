"""*Undo*: what was done within ten seconds is taken back whole, once, by who did it, and nothing of it is sent meanwhile."""

import re
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.people.memberships import Membership
from bookkeeping.storage.people.people import Invitation, User
from bookkeeping.storage.records.documents import Document, Drift
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.undos import GRACE, SPARE, Undo, held_companies, is_held
from bookkeeping.undoing.ways_back import WAYS_BACK
from tests.webapp.house import Browser, House
from tests.webapp.records import Records, post_with_token
from tests.webapp.test_people import PEOPLE, invite, user_id
from webapp.questions.undo import KINDS

SETTINGS = "/settings/quickbooks"
BOX = re.compile(r'action="(/undo/\d+)" class="undo-box"')
HOLDS = {"keep": False, "restore": True, "restore deleted": True, "bring in": True, "remove": False}


class Acted:
    """One act as a person did it; `facts` is what it may change, for before and after."""

    def __init__(self, house: House, records: Records, person: Browser, act: str):
        self.house, self.records, self.person, self.act = house, records, person, act
        self._prepare()
        self.before = self.facts()

    def _prepare(self) -> None:
        house, records = self.house, self.records
        records.connect()
        if self.act == "bring in":
            with house.writing():
                db.session.get_one(Company, records.company_id).start_date = date(2026, 3, 1)
                db.session.commit()
            records.inspection("1042", "not-in-books", reason="before-start")
        elif self.act == "remove":
            self.pat = house.make_person("bookkeeper", records.company_id, "pat@office.example")
            self.pats = house.browser(self.pat)
            with house.writing():
                db.session.scalars(select(Membership).order_by(Membership.id.desc())).first().topics = [
                    "failures"
                ]
                db.session.commit()
        else:
            kind = "deleted" if "deleted" in self.act else "edited"
            self.drift = records.drift(records.document(records.inspection("1042", "drift")), kind)

    def do(self) -> str:
        """Do it; return where to send what takes it back."""
        if self.act == "bring in":
            self.person.post(f"{SETTINGS}/earlier", {"earlier_from": "2026-01-05"}, page=SETTINGS)
        elif self.act == "remove":
            self.person.post(f"{PEOPLE}/{user_id(self.house, self.pat)}/remove", page=PEOPLE)
        else:
            self.person.post(f"/drift/{self.drift}/{self.act.split()[0]}", page="/drift")
        assert self.facts() != self.before
        return BOX.search(self.person.read("/inspections")).group(1)

    def facts(self) -> list:
        """Return what the act may change. An act that is asked again about is asked anew."""
        with self.house.app.app_context():
            company = db.session.get_one(Company, self.records.company_id)
            open_ones = select(Drift.document_id, Drift.kind, Drift.fields).where(Drift.settled_at.is_(None))
            columns = (Document.hands_off, Document.status, Document.fingerprint, Document.token_stale)
            more = (Document.as_read, Document.customer_id, Document.deleted_at)
            people = select(Membership.user_id, Membership.role, Membership.topics, User.removed_at).join(
                Membership.user
            )
            return [
                company.start_date,
                *(db.session.execute(rows).all() for rows in (open_ones, select(*columns, *more), people)),
            ]


def test_each_way_back_has_its_right_and_its_page():
    assert set(WAYS_BACK) == set(KINDS)


@pytest.fixture(params=list(HOLDS))
def acted(request, house, records, owner) -> Acted:
    return Acted(house, records, owner, request.param)


def late(house: House) -> None:
    """Let the seconds be over."""
    with house.writing():
        over = utcnow() - SPARE
        db.session.execute(update(Undo).values(until=over, made_at=over - GRACE))
        db.session.commit()


def test_each_act_is_taken_back_whole_and_once_and_nothing_is_sent_meanwhile(acted):
    action, company_id = acted.do(), acted.records.company_id
    assert timedelta(seconds=10) == GRACE
    page = acted.person.read("/drift")
    assert f'action="{action}" class="undo-box"' in page and "<button" in page, (
        "over a reload, without a script"
    )
    waits = "Begins within half a minute. Nothing is sent while it can be undone"
    assert (waits in page) is HOLDS[acted.act]
    with acted.house.app.app_context():
        now = utcnow()
        assert is_held(company_id, now) is HOLDS[acted.act]
        assert (company_id in set(db.session.scalars(held_companies(now + GRACE)))) is HOLDS[acted.act]
        assert not is_held(company_id, now + GRACE + SPARE * 2)
    said = acted.person.read(acted.person.post(action, page="/inspections").location)
    assert "Taken back" in said or "is back" in said
    assert acted.facts() == acted.before
    assert "undo-box" not in said
    with acted.house.app.app_context():
        assert not is_held(company_id, utcnow())
    acted.person.post(action, page="/inspections")
    assert "That was taken back already." in acted.person.read("/inspections")
    assert acted.facts() == acted.before


def test_nobody_else_takes_it_back_and_nobody_too_late(acted):
    action = acted.do()
    company_id = acted.records.company_id
    other = acted.house.browser(acted.house.make_person("owner", company_id, "second@office.example"))
    done = acted.facts()
    assert "undo-box" not in other.read("/inspections")
    post_with_token(acted.house, other, action)
    assert "Only owner1@office.example can take that back" in other.read("/inspections")
    accountant = acted.house.browser(acted.house.make_person("accountant", company_id, "a@office.example"))
    assert post_with_token(acted.house, accountant, action).status_code == 403
    elsewhere = acted.house.make_company("Front Range Home Inspections")
    stranger = acted.house.browser(acted.house.make_person("owner", elsewhere, "x@other.example"))
    assert post_with_token(acted.house, stranger, action).status_code == 404
    assert acted.facts()[:3] == done[:3]
    late(acted.house)
    acted.person.post(action, page="/inspections")
    assert "The ten seconds to take that back are over." in acted.person.read("/inspections")
    assert acted.facts()[:3] == done[:3]


def test_what_was_written_or_changed_meanwhile_cannot_be_taken_back(house, records, owner):
    """A command in the foreground waits for nobody, and another person may have gone on."""
    restored = Acted(house, records, owner, "restore")
    action = restored.do()
    records.operation("1042", created_at=utcnow())
    done = restored.facts()
    owner.post(action, page="/inspections")
    assert "Something changed meanwhile" in owner.read("/inspections")
    assert restored.facts() == done
    with house.app.app_context():
        assert db.session.scalars(select(InspectionRow)).one().state == "syncing"


def test_a_removed_person_comes_back_with_what_they_had_invited(house, records, owner):
    removed = Acted(house, records, owner, "remove")
    with house.writing():
        role = db.session.scalars(select(Membership).order_by(Membership.id.desc())).first()
        role.role = "owner"
        db.session.commit()
    removed.before = removed.facts()
    invite(removed.pats, "new@office.example", "bookkeeper")
    action = removed.do()
    assert removed.pats.get("/").location == "/login"
    owner.post(action, page="/inspections")
    assert removed.facts() == removed.before
    with house.app.app_context():
        assert db.session.scalars(select(Invitation)).one().expires_at > utcnow()
    assert house.browser().log_in(removed.pat).status_code == 303


def test_several_settled_together_are_taken_back_together(house, records, owner):
    drifts = [records.drift(records.document(records.inspection(key), qbo_id=key)) for key in ("1", "2")]
    for choice in ("keep", "restore"):
        with house.app.app_context():
            opened = [
                str(one) for one in db.session.scalars(select(Drift.id).where(Drift.settled_at.is_(None)))
            ]
        assert len(opened) == len(drifts)
        owner.post("/drift/settle", {"choice": choice, "drift": opened}, page="/drift")
        owner.post(BOX.search(owner.read("/drift")).group(1), page="/drift")
    assert owner.read("/drift").count('form="several"') == 2
