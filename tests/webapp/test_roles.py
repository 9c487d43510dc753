"""Who may see what, walked over every address that there is."""

import pytest
from flask import Flask

from bookkeeping.storage.base import db
from bookkeeping.storage.work.runs import Run
from tests.webapp.house import House
from webapp.access.roles import open_to, require_marked_views

OPEN_TO_ALL = {
    "auth.login",
    "auth.log_in",
    "connecting.disconnected",
    "forgotten.page",
    "forgotten.ask",
    "forgotten.link",
    "forgotten.choose_page",
    "forgotten.choose",
    "health.process",
    "health.ready",
    "hooks.inspections",
    "metrics.metrics",
    "people.invitation",
    "people.invited",
    "people.join",
    "webhooks.quickbooks",
    "static",
    "bootstrap.static",
}
OWNERS_ONLY = {
    ("POST", "/quickbooks/connect"),
    ("GET", "/quickbooks/connect"),
    ("GET", "/quickbooks/callback"),
    ("POST", "/quickbooks/disconnect"),
    ("POST", "/settings/quickbooks/approve-deletes"),
    ("POST", "/settings/hook"),
    ("POST", "/settings/people/invite"),
    ("POST", "/settings/people/withdraw"),
    ("POST", "/settings/people/7/role"),
    ("POST", "/settings/people/7/remove"),
    ("POST", "/settings/people/7/end-sessions"),
    ("POST", "/settings/quickbooks/bookkeeping/hold"),
}


def addresses(app: Flask) -> list[tuple[str, str, str]]:
    """Return (endpoint, method, address) of every route, its variables filled in."""
    found = []
    for rule in app.url_map.iter_rules():
        values = dict.fromkeys(rule.arguments, "7")
        with app.test_request_context():
            address = rule.build(values, append_unknown=False)[1]
        found += [(rule.endpoint, method, address) for method in rule.methods & {"GET", "POST"}]
    return found


def test_every_address_but_the_listed_needs_a_login(house: House):
    walked = 0
    for endpoint, method, address in addresses(house.app):
        if endpoint in OPEN_TO_ALL:
            continue
        stranger = house.browser()
        values = {"csrf_token": stranger.token()} if method == "POST" else None
        answer = stranger.client.open(address, method=method, data=values)
        assert answer.status_code == 303, (method, address, answer.status_code)
        assert answer.location.startswith("/login"), (method, address, answer.location)
        walked += 1
    assert walked > 15


def test_every_post_without_a_token_changes_nothing(house: House, company: int):
    owner = house.browser(house.make_person("owner", company))
    posts = [(endpoint, address) for endpoint, method, address in addresses(house.app) if method == "POST"]
    for endpoint, address in posts:
        if endpoint in ("hooks.inspections", "webhooks.quickbooks"):  # Proven by a secret of their own.
            continue
        answer = owner.client.post(address, data={"email": "x", "password": "x"})
        assert answer.status_code == 400, address
        assert "This page was open for too long" in answer.text
    assert len(posts) > 8


def test_bookkeeper_cannot_do_what_owners_do(house: House, company: int):
    bookkeeper = house.browser(house.make_person("bookkeeper", company))
    for method, address in sorted(OWNERS_ONLY):
        answer = bookkeeper.post(address) if method == "POST" else bookkeeper.get(address)
        assert answer.status_code == 403, (method, address)
        assert "Not for your role" in answer.text


def test_ops_have_pages_of_their_own(house: House):
    ops = house.browser(house.make_person("ops"))
    assert ops.get("/").location == "/ops"
    assert ops.get("/settings").status_code == 403
    assert ops.get("/settings/quickbooks").status_code == 403


def test_run_of_another_company_is_not_there(house: House, company: int):
    other = house.make_company("Front Range Home Inspections")
    with house.writing():
        run = Run(company_id=other, kind="first", phase="Creating invoices", done=3, total=4)
        db.session.add(run)
        db.session.commit()
        path = f"/runs/{run.id}/progress"
    assert house.browser(house.make_person("owner", company)).get(path).status_code == 404
    theirs_email = house.make_person("owner", other)
    theirs = house.browser(theirs_email).get(path)
    assert theirs.json["numbers"] == "3 of 4"
    assert house.browser(house.make_person("ops")).get(path).status_code == 200
    assert house.browser(theirs_email).get("/runs/99999999999999999999/progress").status_code == 404


def test_app_does_not_start_with_a_view_that_says_not_who_may_see_it():
    app = Flask("unmarked", static_folder=None)
    app.add_url_rule("/secret", "secret", lambda: "for whom?")
    with pytest.raises(RuntimeError, match="secret"):
        require_marked_views(app)
    app.view_functions["secret"] = open_to("owner")(lambda: "for owners")
    require_marked_views(app)


def test_addresses_are_kebab_case(house: House):
    for rule in house.app.url_map.iter_rules():
        if rule.endpoint.endswith("static"):
            continue
        fixed = [part for part in rule.rule.split("/") if part and not part.startswith("<")]
        assert all(part == part.lower() and "_" not in part for part in fixed), rule.rule
