"""The pages for everything that ends a request early: each says what happened and what to do, and none leaks why."""

import pytest
from flask import abort
from flask_login import current_user
from sqlalchemy.exc import OperationalError

from bookkeeping.storage.base import db
from bookkeeping.storage.people.memberships import Membership
from webapp.access.roles import public
from webapp.frame.error_pages import PAGES


@pytest.fixture
def failing(house):
    """A browser, and a page that ends as the address says."""

    @public
    def fail(how: str):
        if how.isdigit():
            abort(int(how))
        if how == "database":
            raise OperationalError("SELECT secret", {}, Exception("disk I/O error"))
        raise ValueError("a secret of ours")

    house.app.add_url_rule("/fail/<how>", "fail", fail)
    house.app.config["PROPAGATE_EXCEPTIONS"] = False
    return house.browser()


@pytest.mark.parametrize("code", [code for code in PAGES if code != 429])
def test_every_refusal_has_its_words(code, failing):
    answer = failing.get(f"/fail/{code}")
    title, remedy = PAGES[code]
    assert answer.status_code == code
    assert title in answer.text and remedy in answer.text


def test_a_refusal_without_words_of_its_own_says_what_to_do(failing):
    answer = failing.get("/fail/409")
    assert answer.status_code == 409
    assert "That did not work" in answer.text and "Go back and try again." in answer.text


def test_an_error_of_ours_gives_a_reference_and_no_reason(failing, caplog):
    answer = failing.get("/fail/badly")
    assert answer.status_code == 500
    assert "a secret of ours" not in answer.text
    [logged] = [record for record in caplog.records if getattr(record, "reference", "")]
    assert logged.reference in answer.text


def test_a_page_that_broke_in_the_database_is_answered_and_noted_whole(house, owner, company, caplog):
    """The transaction is over then, and what is logged of the person must not ask it."""

    @public
    def broken():
        assert current_user.is_authenticated
        db.session.add(Membership(user_id=10**6, company_id=company, role="owner"))
        db.session.commit()

    house.app.add_url_rule("/broken", "broken", broken)
    house.app.config["PROPAGATE_EXCEPTIONS"] = False
    with caplog.at_level("INFO"):
        answer = owner.get("/broken")
    assert answer.status_code == 500 and answer.headers["X-Request-ID"]
    [noted] = [one for one in caplog.records if one.message == "Request answered"]
    assert (noted.status, noted.company_id) == (500, company)
    assert not [one for one in caplog.records if "finalizing failed" in one.message]


def test_a_database_out_of_reach_says_that_nothing_is_lost(failing):
    answer = failing.get("/fail/database")
    assert answer.status_code == 503
    assert "We cannot reach our data" in answer.text and "Nothing is lost" in answer.text
    assert "SELECT" not in answer.text and "disk" not in answer.text
