"""Logs: one JSON object a line, with the ids of what is worked on, and no secret in any shape."""

import io
import json
import logging
import sys
from dataclasses import fields, replace

import pytest

from bookkeeping.errors import MisconfiguredError
from bookkeeping.logs import REDACTED, Redactor, bind, bound, forget, set_up_logs
from bookkeeping.settings import Settings
from bookkeeping.watching import secrets_of, set_up_watching
from tests.webapp.house import House


@pytest.fixture
def lines(capsys):
    """What is logged from here on, as objects."""
    set_up_logs(["a-very-secret-key"])
    forget()
    yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    forget()


def test_a_line_says_when_what_and_about_whom(lines):
    bind(request_id="r1")
    with bound(company_id=7, job_id=None):
        logging.getLogger("worker.x").info(
            "Invoice updated", extra={"inspection_id": 9, "outcome": "updated"}
        )
    logging.getLogger("worker.x").warning("Later")
    first, second = lines()
    assert {name: first[name] for name in ("level", "logger", "message", "request_id", "company_id", "inspection_id", "outcome")} == {
        "level": "info", "logger": "worker.x", "message": "Invoice updated", "request_id": "r1",
        "company_id": 7, "inspection_id": 9, "outcome": "updated",
    }  # fmt: skip
    assert first["at"].endswith("+00:00") and "job_id" not in first
    assert "company_id" not in second and second["request_id"] == "r1"


SECRETS = [
    "Authorization: Bearer eyJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.abc",
    'answer {"access_token": "AB1150eyJ", "refresh_token": "RT1-77-H0"}',
    "POST /callback?code=XAB11763&state=s8f7s8d7f&realmId=1",
    "AuthenticationFailed; errorCode=003200; statusCode=401: Token expired: AB01EXAMPLEEXAMPLEEXAMPLE",
    "client_secret=hunter2hunter2&grant_type=refresh_token",
    "Set-Cookie: tieout=abcdef123456; HttpOnly",
    "key a-very-secret-key in text",
    "sealed v1.0123abcd.gAAAAABlongciphertextlongcipher==",
    "redis://:pa55word@10.0.0.1:6379/0",
    "client ann@example.com wrote",
    "Exception on /reset-password/Zq3-reset_Zq3 [GET]",
    "Exception on /invitation/Yp4-invited_Yp4 [POST]",
    "Error handling request /hooks/inspections/Xo5-hook_Xo5?a=b",
]
HIDDEN = [
    "eyJlbmMi",
    "AB1150eyJ",
    "RT1-77-H0",
    "XAB11763",
    "s8f7s8d7f",
    "hunter2",
    "abcdef123456",
    "a-very-secret-key",
]
HIDDEN += ["AB01EXAMPLE", "gAAAAAB", "pa55word", "ann@example.com", "Zq3", "Yp4", "Xo5"]


def test_no_secret_passes_in_a_message_a_field_or_a_traceback(lines):
    logger = logging.getLogger("somebody.elses.library")
    for text in SECRETS:
        logger.warning("%s", text)
        logger.warning("in a field", extra={"told": {"deep": [text]}})
        try:
            raise ValueError(text)
        except ValueError:
            logger.exception("broke")
    logger.info(
        "named", extra={"access_token": "x1", "password": "y2", "email": "z3", "nested": {"feed_key": "w4"}}
    )
    found = lines()
    whole = json.dumps(found)
    assert len(found) == len(SECRETS) * 3 + 1
    assert [hidden for hidden in HIDDEN if hidden in whole] == []
    assert found[-1]["access_token"] == found[-1]["password"] == found[-1]["nested"]["feed_key"] == REDACTED
    assert "realmId=1" in whole and "grant_type=refresh_token" in whole  # What is no secret stays readable.


@pytest.mark.parametrize("text", ["a", "token ", "a.b-", "code=[ ", "x://", "a@", "a@b."])
def test_a_long_text_is_no_work_for_each_of_its_letters_anew(text):
    """Looked for from each letter to the end, a word of a client's would keep a page of ops busy for minutes."""
    long = text * (400_000 // len(text))
    assert Redactor().text(f"ann@example.com {long}").startswith(f"{REDACTED} ")


def test_what_is_needed_to_find_a_fault_stays():
    kept = {
        "sync_token": "3",
        "SyncToken": "3",
        "qbo_id": "145",
        "doc_number": "SP-1042",
        "intuit_tid": "1-5f3-tid",
    }
    assert Redactor().value("", kept) == kept


def test_every_secret_of_the_settings_is_known():
    settings = Settings("s" * 20, ("k" * 44,), redis_url="redis://:pw-of-redis@h/0", metrics_token="m" * 9)
    assert {"s" * 20, "k" * 44, "pw-of-redis", "m" * 9, "standin-secret"} <= set(secrets_of(settings))


SECRET_SETTINGS = [one.name for one in fields(Settings) if not one.repr]


@pytest.mark.parametrize("name", SECRET_SETTINGS)
def test_what_is_secret_among_the_settings_is_neither_printed_nor_logged(name):
    """Which those are says `Settings` itself, so that one that is new is in this table."""
    value = {"token_keys": ("hush-hush",)}.get(name, "hush-hush")
    if name.endswith("_url"):
        value = "scheme://somebody:hush-hush@host:1/x"
    settings = replace(Settings("s" * 20, ("k" * 44,)), **{name: value})
    assert "hush-hush" not in repr(settings)
    line = Redactor(secrets_of(settings)).text("said 'hush-hush'")
    assert line == f"said '{REDACTED}'"


def test_passwords_within_addresses_are_known_however_they_are_written():
    settings = Settings(
        "s",
        ("k",),
        database_url="postgresql+psycopg://tieout:p@ss/w%40rd@db/tieout",
        redis_url="unix:///run/valkey.sock",
    )
    assert {"p@ss/w%40rd", "p@ss/w@rd"} <= set(secrets_of(settings))
    assert "database_url" in SECRET_SETTINGS and len(SECRET_SETTINGS) > 8


def test_sentry_without_its_package_is_refused_with_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)
    with pytest.raises(MisconfiguredError, match="pip install sentry-sdk"):
        set_up_watching(Settings("s", ("k",), sentry_dsn="https://x@example.invalid/1"))


def test_a_request_has_an_id_that_its_answer_names(sqlite_url, monkeypatch):
    house = House(sqlite_url)
    email = house.make_person("ops")
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    browser = house.browser(email)
    answer = browser.post(
        "/ops/failures/notes", {"code": "qbo-6200", "note": "Password is hunter2"}, page="/ops/failures"
    )
    line = [json.loads(line) for line in written.getvalue().splitlines()][-1]
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert line["endpoint"] == "ops_acts.note" and line["status"] == 303 and line["person_id"] == 1
    assert "hunter2" not in written.getvalue() and "correct horse" not in written.getvalue()
