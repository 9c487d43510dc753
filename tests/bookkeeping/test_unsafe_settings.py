"""With unsafe settings Tieout does not start outside the stand-in's environment: a line for each, which shows no secret."""

import pytest
from cryptography.fernet import Fernet

from bookkeeping.settings import SettingsError, settings_from_environment

SAFE = {
    "SECRET_KEY": "qW3kLm9Zr8vTy2Hf5Nb7Jd4Gc6Xs1Pa0",
    "TOKEN_KEYS": Fernet.generate_key().decode(),
    "INTUIT_ENVIRONMENT": "production",
    "INTUIT_CLIENT_ID": "ABcdefgh1234",
    "INTUIT_CLIENT_SECRET": "zyxwvut9876",
    "PUBLIC_URL": "https://tieout.example",
    "REDIS_URL": "redis://:a-long-one@queue.internal:6379/0",
    "PROXY_HOPS": "1",
    "METRICS_TOKEN": "another-long-one",
    "DATABASE_URL": "postgresql://tieout@db.internal/tieout",
}


def start(**changed: str | None) -> None:
    environment = {name: value for name, value in {**SAFE, **changed}.items() if value is not None}
    settings_from_environment(environment)


def test_safe_settings_start():
    start()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUBLIC_URL", None),
        ("PUBLIC_URL", "http://tieout.example"),
        ("PUBLIC_URL", "http://127.0.0.1:8000"),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "please-change-me-please-change-me-x"),
        ("SECRET_KEY", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("INTUIT_API_URL", "http://quickbooks.api.intuit.com"),
        ("INTUIT_DISCOVERY_URL", "http://127.0.0.1:8010/.well-known/openid_configuration"),
        ("INTUIT_CLIENT_ID", "standin-client"),
        ("INTUIT_CLIENT_SECRET", "standin-secret"),
        ("REDIS_URL", "redis://queue.internal:6379/0"),
        ("PROXY_HOPS", None),
        ("METRICS_TOKEN", None),
        ("INTUIT_ENVIRONMENT", None),
    ],
)
def test_each_unsafe_setting_ends_the_start_by_its_name_and_shows_no_secret(name, value):
    with pytest.raises(SettingsError) as told:
        start(**{name: value})
    [line] = str(told.value).splitlines()
    assert line.startswith(f"{name} ")
    secrets = [SAFE["SECRET_KEY"], SAFE["INTUIT_CLIENT_SECRET"], "a-long-one"]
    if name in ("SECRET_KEY", "INTUIT_CLIENT_SECRET") and value:
        secrets.append(value)
    assert not [secret for secret in secrets if secret in line]


def test_several_are_said_a_line_each():
    with pytest.raises(SettingsError) as told:
        start(PROXY_HOPS=None, METRICS_TOKEN=None, SECRET_KEY="short")
    assert [line.split()[0] for line in str(told.value).splitlines()] == [
        "SECRET_KEY",
        "PROXY_HOPS",
        "METRICS_TOKEN",
    ]


def test_the_sandbox_may_be_tried_on_one_machine_without_tls():
    start(
        INTUIT_ENVIRONMENT="sandbox", PUBLIC_URL="http://127.0.0.1:8000", REDIS_URL="unix:///run/valkey.sock"
    )
    with pytest.raises(SettingsError, match="PUBLIC_URL"):
        start(INTUIT_ENVIRONMENT="sandbox", PUBLIC_URL="http://tieout.example")


def test_trying_out_with_the_stand_in_needs_nothing_of_it():
    settings_from_environment(
        {"SECRET_KEY": "s", "TOKEN_KEYS": SAFE["TOKEN_KEYS"], "INTUIT_ENVIRONMENT": "standin"}
    )
    settings_from_environment(
        {
            "SECRET_KEY": "s",
            "TOKEN_KEYS": SAFE["TOKEN_KEYS"],
            "INTUIT_CLIENT_ID": "mine",
            "INTUIT_API_URL": "http://127.0.0.1:9",
        }
    )
