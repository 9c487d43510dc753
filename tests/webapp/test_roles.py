"""Who may see what, walked over every address that there is."""

import pytest
from flask import Flask

from bookkeeping.storage.base import db
from bookkeeping.storage.work.runs import Run
from tests.webapp.house import House
from webapp.access.matrix import CHANGES_THE_BOOKS, MATRIX, ROLES, Right
from webapp.access.roles import open_to, require_marked_views

OPEN_TO_ALL = {
    "api.company",
    "api.inspection",
    "api.inspections",
    "api.openapi",
    "api.payment_events",
    "api.sync",
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
    "papers.launch",
    "papers.privacy",
    "papers.terms",
    "people.join",
    "second_step.check",
    "second_step.page",
    "webhooks.quickbooks",
    "static",
}
OWNERS_ONLY = {
    ("POST", "/quickbooks/connect"),
    ("GET", "/quickbooks/connect"),
    ("GET", "/quickbooks/callback"),
    ("POST", "/quickbooks/disconnect"),
    ("POST", "/settings/quickbooks/approve-deletes"),
    ("POST", "/first-steps/put-away"),
    ("POST", "/first-steps/show-again"),
    ("POST", "/settings/hook"),
    ("POST", "/settings/api/callback"),
    ("POST", "/settings/api/callback/end"),
    ("POST", "/settings/api/keys"),
    ("POST", "/settings/api/keys/7/revoke"),
    ("POST", "/settings/people/invite"),
    ("POST", "/settings/people/withdraw"),
    ("POST", "/settings/people/second-factor"),
    ("POST", "/settings/people/7/role"),
    ("POST", "/settings/people/7/remove"),
    ("POST", "/settings/people/7/end-sessions"),
    ("POST", "/settings/quickbooks/bookkeeping/hold"),
}


def addresses(app: Flask) -> list[tuple[str, str, str]]:
    """Return (endpoint, method, address) of every route, its variables filled in."""
    found = []
    for rule in app.url_map.iter_rules():
        values = {name: "csv" if name == "ending" else "7" for name in rule.arguments}
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
        if endpoint in (
            "hooks.inspections",
            "webhooks.quickbooks",
            "api.sync",
            "api.payment_events",
        ):  # Proven by a secret of their own.
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


READERS_SEND = {
    "accountant": {
        "account.change_password",
        "account.end_one",
        "account.end_others",
        "account.not_me",
        "auth.log_out",
        "chosen.files",
        "companies.choose",
        "confirming.confirm",
        "notices.mark_all_read",
        "notices.read",
        "notifications.choose",
        "people.accept",
        "second_factor.add_passkey",
        "second_factor.begin_app",
        "second_factor.confirm_app",
        "second_factor.new_codes",
        "second_factor.remove",
        "views.keep",
        "views.remove",
        "views.rename",
    },
    "ops-read-only": {
        "account.change_password",
        "account.end_one",
        "account.end_others",
        "account.not_me",
        "auth.log_out",
        "confirming.confirm",
        "second_factor.add_passkey",
        "second_factor.begin_app",
        "second_factor.confirm_app",
        "second_factor.new_codes",
        "second_factor.remove",
    },
}
"""All that people who only read may send: what is their own."""


def test_every_address_answers_each_role_as_the_matrix_says(house: House, company: int):
    """A new route is walked without a word here; its right decides, and only the matrix says who has it."""
    walked = 0
    for role in ROLES:
        browser = house.browser(house.make_person(role, None if role.startswith("ops") else company))
        token = browser.token("/account")
        for endpoint, method, address in sorted(addresses(house.app)):
            view = house.app.view_functions[endpoint]
            if endpoint in OPEN_TO_ALL or endpoint == "auth.log_out":
                continue
            allowed = any(role in MATRIX[right] for right in view.rights)
            values = {"csrf_token": token} if method == "POST" else None
            if allowed and method == "POST":
                continue  # What an allowed act does is told beside its page.
            answer = browser.client.open(address, method=method, data=values)
            assert (answer.status_code == 403 and "Not for your role" in answer.text) is not allowed, (
                role,
                method,
                address,
                answer.status_code,
            )
            walked += 1
    assert walked > 300


@pytest.mark.parametrize("role", sorted(READERS_SEND))
def test_who_only_reads_may_send_only_what_is_their_own(house: House, role: str):
    """A new form that a reader may send is listed here, or it is a mistake in the matrix."""
    open_to_them = {
        endpoint
        for endpoint, method, _ in addresses(house.app)
        if method == "POST" and role in house.app.view_functions[endpoint].open_to
    }
    assert open_to_them == READERS_SEND[role]
    assert not [right for right in CHANGES_THE_BOOKS if role in MATRIX[right]]


def test_every_right_is_asked_by_a_route(house: House):
    asked = {right for view in house.app.view_functions.values() for right in getattr(view, "rights", ())}
    assert asked == set(Right) == set(MATRIX)


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
        path = f"/sync-log/runs/{run.id}"
    assert house.browser(house.make_person("owner", company)).get(path).status_code == 404
    theirs_email = house.make_person("owner", other)
    assert "3 of 4" in house.browser(theirs_email).read(path)


def test_app_does_not_start_with_a_view_that_says_not_who_may_see_it():
    app = Flask("unmarked", static_folder=None)
    app.add_url_rule("/secret", "secret", lambda: "for whom?")
    with pytest.raises(RuntimeError, match="secret"):
        require_marked_views(app)
    app.view_functions["secret"] = open_to(Right.CONNECT)(lambda: "for owners")
    require_marked_views(app)


def test_addresses_are_kebab_case(house: House):
    for rule in house.app.url_map.iter_rules():
        if rule.endpoint.endswith("static"):
            continue
        fixed = [part for part in rule.rule.split("/") if part and not part.startswith("<")]
        assert all(part == part.lower() and "_" not in part for part in fixed), rule.rule
