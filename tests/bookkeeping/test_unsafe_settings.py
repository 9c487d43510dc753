"""Settings with which strangers' books must not be kept: each is named with what to do, and no secret is shown."""

from base64 import urlsafe_b64encode

import pytest
from cryptography.fernet import Fernet

from bookkeeping.settings import SettingsError, settings_from_environment
from bookkeeping.unsafe_settings import SHORTEST_SECRET, refuse_unsafe

SECRET = "kJ8-Qz5_tYw1RbN7vXc3LmP0hGf9DsA2eUi6oT4"
KEY = "q3RZdWn6b1yO5Fh0pVw8uJx2mTk4sEa7cLgXiBvNz9Y="
LETTERS = urlsafe_b64encode(b"a very secret key of 32 letters!").decode()
SAFE = {
    "INTUIT_ENVIRONMENT": "production",
    "PUBLIC_URL": "https://tieout.office.example",
    "SECRET_KEY": SECRET,
    "INTUIT_CLIENT_ID": "AB1",
    "INTUIT_CLIENT_SECRET": "cd2",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "PROXY_HOPS": "1",
    "METRICS_TOKEN": "m9Xw2Rt7Yp4Kc6Vb",
}


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"REDIS_URL": "redis://:pass@queue.example:6379/0"},
        {"TOKEN_KEYS": KEY},
        {"TOKEN_KEYS": f"{Fernet.generate_key().decode()}, {KEY}"},
        {"REDIS_URL": "unix:///run/valkey.sock"},
        {
            "INTUIT_ENVIRONMENT": "sandbox",
            "PUBLIC_URL": "http://127.0.0.1:8000",
            "INTUIT_API_URL": "http://localhost:9",
        },
        {"INTUIT_ENVIRONMENT": "sandbox", "PUBLIC_URL": ""},
        {"INTUIT_ENVIRONMENT": "standin", "SECRET_KEY": "short", "PUBLIC_URL": "", "PROXY_HOPS": ""},
    ],
)
def test_what_is_safe_is_let_start(values):
    assert refuse_unsafe({**SAFE, **values}) == []


@pytest.mark.parametrize(
    ("values", "start", "remedy"),
    [
        (
            {"PUBLIC_URL": "http://tieout.example", "INTUIT_ENVIRONMENT": "sandbox"},
            "PUBLIC_URL is http",
            "use the https",
        ),
        ({"SECRET_KEY": SECRET[: SHORTEST_SECRET - 1]}, "SECRET_KEY has fewer than 32", "token_urlsafe"),
        ({"SECRET_KEY": f"change-me-{SECRET}"}, "SECRET_KEY looks like an example", "token_urlsafe"),
        ({"SECRET_KEY": "ab" * 20}, "SECRET_KEY looks like an example", "token_urlsafe"),
        ({"INTUIT_API_URL": "http://quickbooks.example"}, "INTUIT_API_URL is http", "use https"),
        ({"INTUIT_DISCOVERY_URL": "http://127.0.0.1:9"}, "INTUIT_DISCOVERY_URL is http", "use https"),
        ({"INTUIT_CLIENT_ID": "standin-client"}, "INTUIT_CLIENT_ID is the stand-in's", "your app at Intuit"),
        ({"INTUIT_CLIENT_SECRET": "standin-secret"}, "INTUIT_CLIENT_SECRET is the", "your app at Intuit"),
        ({"REDIS_URL": "redis://queue.example:6379/0"}, "REDIS_URL names another machine", "requirepass"),
        ({"PROXY_HOPS": ""}, "PROXY_HOPS is not set", "0 for none"),
        ({"METRICS_TOKEN": ""}, "METRICS_TOKEN is not set", "give it a key"),
        ({"METRICS_TOKEN": "change-me-change-me"}, "METRICS_TOKEN looks like an example", "of your own"),
        ({"METRICS_TOKEN": "abababababababab"}, "METRICS_TOKEN looks like an example", "of your own"),
        ({"PUBLIC_URL": "https://"}, "PUBLIC_URL names no host", "whole address"),
        ({"TOKEN_KEYS": "change-me"}, "TOKEN_KEYS holds something that is no Fernet key", "token_bytes(32)"),
        (
            {"TOKEN_KEYS": f"{KEY},oops"},
            "TOKEN_KEYS holds something that is no Fernet key",
            "token_bytes(32)",
        ),
        ({"TOKEN_KEYS": "A" * 43 + "="}, "TOKEN_KEYS holds what looks like an example", "token_bytes(32)"),
        ({"TOKEN_KEYS": LETTERS}, "TOKEN_KEYS holds what looks like an example", "token_bytes(32)"),
        ({"METRICS_TOKEN": "short"}, "METRICS_TOKEN has fewer than 16", "as long as a password"),
    ],
)
def test_each_unsafe_setting_is_one_line_that_says_what_to_do_and_no_secret(values, start, remedy):
    [line] = refuse_unsafe({**SAFE, **values})
    assert line.startswith(start) and remedy in line
    assert not [secret for secret in (SECRET[:8], KEY[:8], LETTERS[:8]) if secret in line]


def test_production_is_never_without_tls_on_any_machine():
    lines = refuse_unsafe({**SAFE, "PUBLIC_URL": "http://127.0.0.1:8000"})
    assert [line.split()[0] for line in lines] == ["PUBLIC_URL"]
    assert refuse_unsafe({**SAFE, "PUBLIC_URL": ""})[0].startswith("PUBLIC_URL is not set")


@pytest.mark.parametrize(
    ("values", "refused"),
    [
        ({"INTUIT_CLIENT_ID": "AB1"}, True),
        ({"INTUIT_CLIENT_ID": "AB1", "INTUIT_API_URL": "http://127.0.0.1:9"}, False),
        ({"INTUIT_CLIENT_ID": "standin-client"}, False),
        ({}, False),
    ],
)
def test_real_keys_want_an_environment(values, refused):
    lines = refuse_unsafe(values)
    assert bool(lines) is refused
    assert all(line.startswith("INTUIT_ENVIRONMENT is not set, but INTUIT_CLIENT_ID is") for line in lines)


@pytest.mark.parametrize("where", ["", "standin"])
@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("INTUIT_API_URL", "https://quickbooks.api.intuit.com"),
        ("INTUIT_API_URL", "https://Sandbox-QuickBooks.api.Intuit.com./"),
        (
            "INTUIT_DISCOVERY_URL",
            "https://developer.api.intuit.com/.well-known/openid_sandbox_configuration",
        ),
    ],
)
def test_what_talks_to_intuit_itself_is_no_trying_out(where, name, url):
    """Real books were kept with every unsafe setting, as soon as the addresses were given by hand."""
    [line] = refuse_unsafe({"INTUIT_ENVIRONMENT": where, "INTUIT_CLIENT_ID": "AB1", name: url})
    assert line.startswith("INTUIT_ENVIRONMENT is ") and f"but {name} is Intuit's own" in line
    assert refuse_unsafe({"INTUIT_ENVIRONMENT": where, name: "http://intuit.com.example:9"}) == []


def test_they_end_the_start_with_a_line_each_and_nothing_more():
    environment = {**SAFE, "TOKEN_KEYS": Fernet.generate_key().decode()}
    settings_from_environment(environment)
    with pytest.raises(SettingsError) as told:
        settings_from_environment(
            {**environment, "PROXY_HOPS": "", "METRICS_TOKEN": "", "SECRET_KEY": "short"}
        )
    lines = str(told.value).splitlines()
    assert [line.split()[0] for line in lines] == ["SECRET_KEY", "PROXY_HOPS", "METRICS_TOKEN"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://root:hunter2hunter2@db/x"),
        ("REDIS_URL", "127.0.0.1:6379,password=hunter2hunter2"),
    ],
)
def test_an_address_that_is_none_of_ours_is_said_in_a_line_without_its_password(name, value):
    with pytest.raises(SettingsError, match=f"^{name} is no address that we know") as told:
        settings_from_environment({"SECRET_KEY": "s", "TOKEN_KEYS": "k", name: value})
    assert "hunter2" not in str(told.value)
