"""Sign-in over real HTTP: what is asked of Intuit, and what its answers mean."""

import base64
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from bookkeeping.errors import MisconfiguredError, NotConnectedError, TemporaryError
from bookkeeping.quickbooks_gateway.oauth import OAuth
from tests.bookkeeping.quickbooks_gateway.conftest import config_for
from tests.bookkeeping.quickbooks_gateway.scripted import Asked, Reply, Scripted

GOOD = {
    "token_type": "bearer",
    "access_token": "access-2",
    "expires_in": 3600,
    "refresh_token": "refresh-2",
    "x_refresh_token_expires_in": 8726400,
    "x_refresh_token_hard_expires_in": 157680000,
}


def intuit(scripted: Scripted, token: Reply | None = None, discovery: Reply | None = None) -> OAuth:
    """Let the server answer as Intuit's sign-in does; `token` is its answer to a token or revocation request."""
    document = {
        "authorization_endpoint": "https://appcenter.intuit.com/connect/oauth2",
        "token_endpoint": f"{scripted.url}/token",
        "revocation_endpoint": f"{scripted.url}/revoke",
        "issuer": "i",
        "jwks_uri": "j",
        "userinfo_endpoint": "u",
    }

    def answer(asked: Asked) -> Reply:
        if asked.target.startswith("/.well-known"):
            return discovery or Reply(200, json.dumps(document))
        return token or Reply(200, json.dumps(GOOD))

    scripted.always = answer
    return OAuth(config_for(scripted.url, timeout=(1, 0.5)))


def discoveries(scripted):
    return [asked for asked in scripted.asked if "well-known" in asked.target]


def test_nothing_is_fetched_before_the_first_call_and_discovery_only_once(scripted):
    oauth = intuit(scripted)
    assert scripted.asked == []
    for _ in range(3):
        oauth.authorize_url("state")
        OAuth(config_for(scripted.url)).refresh("refresh-1")
    assert len(discoveries(scripted)) == 1


def test_the_consent_address_asks_for_accounting_alone(scripted):
    url = urlsplit(intuit(scripted).authorize_url("random-state"))
    assert url.netloc == "appcenter.intuit.com"
    assert parse_qs(url.query) == {
        "client_id": ["app"],
        "response_type": ["code"],
        "scope": ["com.intuit.quickbooks.accounting"],
        "redirect_uri": ["http://127.0.0.1:8000/quickbooks/callback"],
        "state": ["random-state"],
    }


def test_a_code_is_exchanged_for_tokens_with_all_their_ends(scripted):
    before = datetime.now(UTC)
    got = intuit(scripted).exchange("the-code")
    asked = scripted.asked[-1]
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["authorization_code"],
        "code": ["the-code"],
        "redirect_uri": ["http://127.0.0.1:8000/quickbooks/callback"],
    }
    assert asked.headers["Authorization"] == "Basic " + base64.b64encode(b"app:app-secret").decode()
    assert asked.headers["x-include-refresh-token-hard-expires-in"] == "true"
    assert (got.access_token, got.refresh_token) == ("access-2", "refresh-2")
    ends = (got.access_expires_at, got.refresh_expires_at, got.hard_expires_at)
    for end, seconds in zip(ends, (3600, 8726400, 157680000), strict=True):
        assert timedelta(0) <= end - before - timedelta(seconds=seconds) < timedelta(seconds=30)


def test_tokens_do_not_show_in_what_is_printed(scripted):
    printed = repr(intuit(scripted).refresh("refresh-1")) + repr(config_for(scripted.url))
    assert not any(secret in printed for secret in ("access-2", "refresh-2", "app-secret"))


def test_a_refresh_without_hard_end_or_lifetimes_still_gives_usable_tokens(scripted):
    bare = {"access_token": "access-2", "refresh_token": "refresh-2"}
    got = intuit(scripted, Reply(200, json.dumps(bare))).refresh("refresh-1")
    assert (got.refresh_token, got.hard_expires_at) == ("refresh-2", None)
    assert parse_qs(scripted.asked[-1].body.decode())["refresh_token"] == ["refresh-1"]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (
            400,
            {"error": "invalid_grant", "error_description": "Incorrect or invalid refresh token"},
            NotConnectedError,
        ),
        (401, {"error": "invalid_grant"}, NotConnectedError),
        # Recorded: another app's keys. The token lives, so no owner has to reconnect.
        (
            400,
            {"error": "invalid_grant", "error_description": "Incorrect Token type or clientID"},
            MisconfiguredError,
        ),
        (400, {"error": "invalid_client"}, MisconfiguredError),
        (401, {"error": "invalid_client"}, MisconfiguredError),
        (401, "", MisconfiguredError),
        (400, {"error": "unsupported_grant_type"}, MisconfiguredError),
        (404, "not here", MisconfiguredError),
        (400, {"error": "something new"}, TemporaryError),
        (400, "<html>", TemporaryError),
        (429, "", TemporaryError),
        (500, "", TemporaryError),
        (503, "<html>busy</html>", TemporaryError),
        (302, "", TemporaryError),
        (200, "<html>", TemporaryError),
        (200, "", TemporaryError),
        (200, [], TemporaryError),
        (200, {"access_token": "a"}, TemporaryError),
        (200, {"access_token": "", "refresh_token": "r"}, TemporaryError),
        (200, {"access_token": "a", "refresh_token": "r", "expires_in": "soon"}, TemporaryError),
    ],
)
@pytest.mark.parametrize("asks", ["exchange", "refresh"])
def test_every_answer_of_the_sign_in_has_its_meaning(scripted, status, body, kind, asks):
    text = body if isinstance(body, str) else json.dumps(body)
    oauth = intuit(scripted, Reply(status, text, headers={"intuit_tid": "1-2"}))
    with pytest.raises((NotConnectedError, MisconfiguredError, TemporaryError)) as caught:
        getattr(oauth, asks)("given")
    assert type(caught.value) is kind
    if kind is NotConnectedError:
        assert (caught.value.code, caught.value.reference) == ("reconnect-needed", "1-2")


@pytest.mark.parametrize(
    "reply", [Reply(cut=True), Reply(200, json.dumps(GOOD), seconds=1.5), Reply(500, "")]
)
def test_a_lost_answer_leaves_the_refresh_unknown(scripted, reply):
    with pytest.raises(TemporaryError) as caught:
        intuit(scripted, reply).refresh("refresh-1")
    assert caught.value.outcome_unknown


@pytest.mark.parametrize(
    ("discovery", "kind"),
    [
        (Reply(503, ""), TemporaryError),
        (Reply(200, "<html>"), TemporaryError),
        (Reply(200, "{}"), TemporaryError),
        (Reply(404, ""), MisconfiguredError),
    ],
)
def test_a_bad_discovery_document_is_not_kept(scripted, discovery, kind):
    with pytest.raises(kind):
        intuit(scripted, discovery=discovery).authorize_url("s")
    assert intuit(scripted).authorize_url("s")


def test_a_revocation_ends_the_grant_and_a_dead_token_counts_as_done(scripted):
    intuit(scripted, Reply(200, "")).revoke("refresh-1")
    assert scripted.asked[-1].target == "/revoke"
    assert json.loads(scripted.asked[-1].body) == {"token": "refresh-1"}
    for reason in ("invalid_grant", "invalid_request", "invalid_token"):
        intuit(scripted, Reply(400, json.dumps({"error": reason}))).revoke("refresh-1")
    with pytest.raises(MisconfiguredError):
        intuit(scripted, Reply(401, '{"error": "invalid_client"}')).revoke("refresh-1")
    with pytest.raises(TemporaryError):
        intuit(scripted, Reply(500, "")).revoke("refresh-1")
