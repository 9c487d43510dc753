"""Whose requests are counted together, and that nothing personal stands in a counter's key."""

import pytest
from flask import make_response

from webapp.access.limits import (
    by_account,
    by_address,
    digest,
    is_known_browser,
    know_this_browser,
    set_up_limits,
    typed_email,
)

EMAIL = "ann@x.example"


def _asking(house, email: str = EMAIL, **values):
    return house.app.test_request_context("/login", method="POST", data={"email": email}, **values)


def test_an_address_is_counted_under_a_digest(house):
    with _asking(house, environ_base={"REMOTE_ADDR": "203.0.113.7"}):
        assert by_address() == f"address:{digest('203.0.113.7')}"
        assert "203.0.113.7" not in by_address() and EMAIL not in by_account()


@pytest.mark.parametrize("typed", [EMAIL, f" {EMAIL.upper()} "])
def test_an_account_is_one_however_it_is_typed(typed, house):
    with _asking(house, typed):
        assert (typed_email(), by_account()) == (EMAIL, f"account:{digest(EMAIL)}")
    with _asking(house, "x" * 500):
        assert len(typed_email()) == 254


def _cookie(house, *emails: str, before: str = "") -> str:
    with house.app.test_request_context("/login", headers={"Cookie": before}):
        answer = make_response("")
        for email in emails:
            know_this_browser(answer, email)
        return answer.headers["Set-Cookie"].partition(";")[0]


def test_a_browser_that_logged_in_is_counted_apart_for_that_account_alone(house):
    known = _cookie(house, EMAIL)
    with _asking(house, headers={"Cookie": known}):
        assert by_account().startswith("browser:") and is_known_browser(EMAIL)
    with _asking(house, "bo@x.example", headers={"Cookie": known}):
        assert by_account() == f"account:{digest('bo@x.example')}"
    assert EMAIL not in known


def test_a_cookie_that_we_did_not_sign_makes_no_browser_known(house):
    known = _cookie(house, EMAIL)
    for forged in (known[:-2], "tieout-known=abc", f"{known}x"):
        with _asking(house, headers={"Cookie": forged}):
            assert not is_known_browser(EMAIL)


def test_the_same_browser_keeps_its_count_and_only_a_few_accounts(house):
    def counted(cookie: str, email: str) -> str:
        with _asking(house, email, headers={"Cookie": cookie}):
            return by_account()

    known = _cookie(house, EMAIL)
    again = _cookie(house, EMAIL, before=known)
    assert counted(known, EMAIL) == counted(again, EMAIL)
    for number in range(5):
        again = _cookie(house, f"p{number}@x.example", before=again)
    assert counted(again, EMAIL).startswith("account:"), "The oldest of six is forgotten."
    assert counted(again, "p4@x.example").startswith("browser:")


@pytest.mark.parametrize(
    ("url", "storage"),
    [
        ("redis://127.0.0.1:9/0", "redis://127.0.0.1:9/0"),
        ("unix:///tmp/valkey.sock", "redis+unix:///tmp/valkey.sock"),
    ],
)
def test_counters_lie_in_the_queues_server_and_in_memory_without_it(url, storage):
    settings = set_up_limits(url)
    assert settings["RATELIMIT_STORAGE_URI"] == storage
    assert settings["RATELIMIT_IN_MEMORY_FALLBACK_ENABLED"] is True
