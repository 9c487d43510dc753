"""A gateway against a scripted server, with tokens that need no renewing unless QuickBooks refuses them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bookkeeping.quickbooks_gateway.config import IntuitConfig
from bookkeeping.quickbooks_gateway.gateway import Gateway
from bookkeeping.quickbooks_gateway.limits import LocalLimiter
from bookkeeping.quickbooks_gateway.transport import CallFacts
from tests.bookkeeping.quickbooks_gateway.scripted import Scripted

NOW = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
REALM = "9341453172058911"


def config_for(url: str, **changes) -> IntuitConfig:
    """A configuration that points everything at one address."""
    config = IntuitConfig(
        client_id="app",
        client_secret="app-secret",
        environment="standin",
        discovery_url=f"{url}/.well-known/openid_configuration",
        api_url=url,
        redirect_uri="http://127.0.0.1:8000/quickbooks/callback",
        timeout=(5, 5),
    )
    return replace(config, **changes)


class Clock:
    """A clock that moves only when told to; sleeping moves it."""

    def __init__(self, now: datetime = NOW):
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let so much time pass."""
        self.now += timedelta(seconds=seconds)


class HeldTokens:
    """Access tokens `token-1`, `token-2` … , one more at each forced refresh."""

    def __init__(self) -> None:
        self.number = 1
        self.refusals: list[tuple[str, str]] = []

    def access_token(self) -> str:
        return f"token-{self.number}"

    def force_refresh(self, stale_access_token: str) -> str:
        assert stale_access_token == self.access_token()
        self.number += 1
        return self.access_token()

    def refused(self, access_token: str, code: str) -> None:
        self.refusals.append((access_token, code))


class Connected:
    """A gateway and what it works with."""

    def __init__(self, url: str, *, realm_id: str = REALM, **changes):
        self.clock, self.tokens, self.calls = Clock(), HeldTokens(), list[CallFacts]()
        self.config = config_for(url, **changes)
        self.limiter = LocalLimiter(self.config, clock=self.clock, sleep=self.clock.sleep)
        self.gateway = Gateway(
            self.config, realm_id, self.tokens, self.limiter, self.calls.append, self.clock
        )


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    """A server that answers as told."""
    server = Scripted()
    yield server
    server.stop()


@pytest.fixture
def connect(scripted: Scripted) -> Iterator[Callable[..., Connected]]:
    """`connect(timeout=(1, 0.3))`: a gateway to the scripted server."""
    made: list[Connected] = []

    def make(**changes) -> Connected:
        made.append(Connected(scripted.url, **changes))
        return made[-1]

    yield make
    for each in made:
        each.gateway.close()


@pytest.fixture
def connected(connect) -> Connected:
    """One gateway with the usual settings."""
    return connect()
