"""One refresh at a time, stored before use, whatever breaks: in one process and between twelve."""

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest

from bookkeeping.errors import MisconfiguredError, NotConnectedError, TemporaryError
from bookkeeping.quickbooks_gateway import tokens as tokens_module
from bookkeeping.quickbooks_gateway.config import IntuitConfig
from bookkeeping.quickbooks_gateway.oauth import OAuth
from bookkeeping.quickbooks_gateway.tokens import TokenKeeper
from tests.bookkeeping.quickbooks_gateway.conftest import config_for
from tests.bookkeeping.quickbooks_gateway.scripted import Asked, Reply
from tests.bookkeeping.quickbooks_gateway.sqlite_tokens import SqliteTokens, tokens


class SignIn:
    """Intuit's sign-in with rotation and no grace: a refresh token works once. `fail` is the answer to the next refresh."""

    def __init__(self, scripted):
        self.url, self.refresh_token, self.number, self.fail = scripted.url, "refresh-0", 0, None
        self.before_answer = lambda: None
        self.refreshes: list[str] = []
        self._lock = threading.Lock()
        scripted.always = self

    def __call__(self, asked: Asked) -> Reply:
        if "well-known" in asked.target:
            names = ("authorization", "token", "revocation", "userinfo")
            document = {f"{name}_endpoint": f"{self.url}/{name}" for name in names}
            return Reply(200, json.dumps({**document, "issuer": "i", "jwks_uri": "j"}))
        given = parse_qs(asked.body.decode())["refresh_token"][0]
        self.before_answer()
        with self._lock:
            self.refreshes.append(given)
            if self.fail:
                fail, self.fail = self.fail, None
                return fail
            if given != self.refresh_token:
                return Reply(400, '{"error": "invalid_grant"}')
            self.number += 1
            self.refresh_token = f"refresh-{self.number}"
            fresh = {"access_token": f"access-{self.number}", "refresh_token": self.refresh_token}
            return Reply(
                200, json.dumps({**fresh, "expires_in": 3600, "x_refresh_token_expires_in": 8726400})
            )


@pytest.fixture
def sign_in(scripted):
    return SignIn(scripted)


@pytest.fixture
def store(tmp_path):
    """A store whose access token has run out."""
    made = SqliteTokens(tmp_path / "tokens.db")
    made.put(tokens("0", minutes=-1))
    return made


@pytest.fixture
def keeper(sign_in, store):
    return TokenKeeper(OAuth(config_for(sign_in.url)), store)


def test_a_token_that_lasts_is_handed_out_without_asking_anybody(sign_in, store, keeper):
    store.put(tokens("0", minutes=30))
    assert [keeper.access_token() for _ in range(3)] == ["access-0"] * 3
    assert sign_in.refreshes == []


@pytest.mark.parametrize("minutes", [-60, -1, 1, 4.9])
def test_a_token_with_less_than_five_minutes_left_is_renewed_ahead(sign_in, store, keeper, minutes):
    store.put(tokens("0", minutes=minutes))
    assert keeper.access_token() == "access-1"
    assert keeper.access_token() == "access-1"
    assert sign_in.refreshes == ["refresh-0"]
    assert store.load().token_set.refresh_token == "refresh-1"


def test_the_next_renewal_uses_the_refresh_token_that_was_stored(sign_in, store, keeper):
    keeper.access_token()
    loaded = store.load()
    assert store.save(loaded.version, replace(loaded.token_set, access_expires_at=datetime.now(UTC)))
    other = TokenKeeper(OAuth(config_for(sign_in.url)), store)
    assert other.access_token() == "access-2"
    assert sign_in.refreshes == ["refresh-0", "refresh-1"]


def test_twelve_processes_at_once_make_one_refresh(sign_in, store, tmp_path):
    module = "tests.bookkeeping.quickbooks_gateway.sqlite_tokens"
    command = [sys.executable, "-m", module, str(tmp_path / "tokens.db"), sign_in.url]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(12)]
    said = [process.communicate(timeout=90)[0].strip() for process in processes]
    assert said == ["access-1"] * 12
    assert sign_in.refreshes == ["refresh-0"]


def test_twelve_threads_with_a_store_each_make_one_refresh_while_the_provider_is_slow(sign_in, store):
    arrived = threading.Barrier(12, timeout=20)
    keepers = [TokenKeeper(OAuth(config_for(sign_in.url)), store) for _ in range(12)]

    def ask(keeper):
        arrived.wait()
        return keeper.access_token()

    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(ask, keepers)) == ["access-1"] * 12
    assert sign_in.refreshes == ["refresh-0"]


def test_twelve_threads_that_met_401_together_make_one_refresh(sign_in, store, keeper):
    store.put(tokens("0"))
    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(lambda _: keeper.force_refresh("access-0"), range(12))) == {"access-1"}
    assert sign_in.refreshes == ["refresh-0"]


def test_a_forced_refresh_uses_what_another_process_renewed_meanwhile(sign_in, store, keeper):
    store.put(tokens("newer"))
    assert keeper.force_refresh("access-0") == "access-newer"
    assert sign_in.refreshes == []


def test_a_dead_refresh_token_needs_the_owner_and_is_never_tried_again(sign_in, store, keeper):
    sign_in.refresh_token = "something else"
    for _ in range(3):
        with pytest.raises(NotConnectedError) as caught:
            keeper.access_token()
        assert caught.value.code == "reconnect-needed"
    assert sign_in.refreshes == ["refresh-0"]
    assert store.dead() == "reconnect-needed"


def test_a_refresh_token_that_a_sibling_rolled_meanwhile_is_no_reason_to_reconnect(sign_in, store, keeper):
    sign_in.refresh_token = "something else"
    sign_in.before_answer = lambda: store.put(tokens("sibling"))
    assert keeper.access_token() == "access-sibling"
    assert store.dead() is None


def test_what_an_owner_reconnected_meanwhile_is_not_overwritten(sign_in, store, keeper):
    sign_in.before_answer = lambda: store.put(tokens("reconnected"))
    assert keeper.access_token() == "access-reconnected"
    assert store.load().token_set.refresh_token == "refresh-reconnected"


@pytest.mark.parametrize("reply", [Reply(503, ""), Reply(cut=True), Reply(200, "<html>")])
def test_an_outage_of_the_sign_in_is_never_a_reason_to_reconnect_and_heals(sign_in, store, keeper, reply):
    sign_in.fail = reply
    with pytest.raises(TemporaryError) as caught:
        keeper.access_token()
    assert not caught.value.outcome_unknown  # Whatever waits for the token was not sent.
    assert store.dead() is None
    assert keeper.access_token() == "access-1"


def test_wrong_app_keys_are_ours_to_mend_and_leave_the_tokens_alone(sign_in, store, keeper):
    sign_in.fail = Reply(401, '{"error": "invalid_client"}')
    with pytest.raises(MisconfiguredError):
        keeper.access_token()
    assert store.dead() is None
    assert keeper.access_token() == "access-1"


def test_while_the_old_token_still_works_an_outage_or_another_holder_stops_nobody(sign_in, store, keeper):
    store.put(tokens("0", minutes=3))
    sign_in.fail = Reply(503, "")
    assert keeper.access_token() == "access-0"
    store.begin_refresh(store.load().version, 60)
    assert keeper.access_token() == "access-0"
    assert sign_in.refreshes == ["refresh-0"]


def test_the_claim_of_a_dead_process_runs_out(sign_in, store, keeper):
    assert store.begin_refresh(store.load().version, 1)
    assert keeper.access_token() == "access-1"


def test_waiting_for_another_process_ends(sign_in, store):
    clock = [datetime.now(UTC)]

    def sleep(seconds):
        clock[0] += timedelta(seconds=seconds)

    patient = TokenKeeper(OAuth(config_for(sign_in.url)), store, lambda: clock[0], sleep=sleep)
    assert store.begin_refresh(store.load().version, 600)
    with pytest.raises(TemporaryError) as caught:
        patient.access_token()
    assert caught.value.not_before > clock[0]
    assert sign_in.refreshes == []


def test_a_token_refused_after_its_renewal_marks_the_connection_unless_it_has_moved_on(
    sign_in, store, keeper
):
    token = keeper.access_token()
    keeper.refused("some older token", "qbo-3200")
    assert store.dead() is None
    keeper.refused(token, "qbo-3200")
    assert store.dead() == "qbo-3200"
    with pytest.raises(NotConnectedError):
        keeper.access_token()


def test_without_a_connection_there_is_nothing_to_refresh(sign_in, tmp_path):
    with pytest.raises(NotConnectedError):
        TokenKeeper(OAuth(config_for(sign_in.url)), SqliteTokens(tmp_path / "empty.db")).access_token()


def test_a_claim_outlasts_the_slowest_refresh():
    """A first refresh asks for the discovery document, too. Whoever claimed meanwhile would use up the same refresh token."""
    assert 2 * sum(IntuitConfig.timeout) < tokens_module._CLAIM_SECONDS
