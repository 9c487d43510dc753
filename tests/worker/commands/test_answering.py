"""How commands answer: text or one JSON object, one-line errors, exit codes; whatever the command did or met."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import click
import pytest
from click.testing import CliRunner
from sqlalchemy.exc import OperationalError

from bookkeeping.errors import MisconfiguredError, NotConnectedError
from worker.commands.answering import PlainCommand, Refusal, answering, answering_in, say_error, speak_json

FACTS = {
    "company": 7,
    "made_at": datetime(2026, 3, 2, tzinfo=UTC),
    "sums": {"total": Decimal("425.00")},
    "runs": [{"kind": "sync"}, "two"],
    "none": [],
}


def _run(function, *words: str, answers=answering):
    command = click.command("try", cls=PlainCommand)(answers(function))
    return CliRunner().invoke(command, words)


def _raising(error: Exception):
    def function():
        raise error

    return function


def test_what_a_command_did_is_said_name_by_name_or_as_one_object():
    said = _run(lambda: dict(FACTS))
    assert said.exit_code == 0
    assert said.output.splitlines() == [
        "company: 7",
        "made at: 2026-03-02 00:00:00+00:00",
        "sums:",
        "  total: 425.00",
        "runs:",
        "  kind: sync",
        "  two",
        "none: none",
    ]
    answered = json.loads(_run(lambda: dict(FACTS), "--json").output)
    assert answered["sums"] == {"total": "425.00"} and answered["made_at"] == "2026-03-02T00:00:00+00:00"


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_a_command_that_failed_at_its_work_says_all_and_ends_with_one(words):
    answered = _run(lambda: {"company": 7, "failed": True}, *words)
    assert answered.exit_code == 1
    assert answered.output.strip() == ('{"company": 7}' if words else "company: 7")


@pytest.mark.parametrize(
    ("error", "code", "part"),
    [
        (Refusal("There is no company 7.", "no-company"), "no-company", "There is no company 7."),
        (Refusal("No."), "refused", "No."),
        (NotConnectedError("Ended."), "reconnect-needed", "Ended."),
        (MisconfiguredError("Wrong keys."), "misconfigured", "Wrong keys."),
        (OperationalError("SELECT", {}, Exception("no such table: runs\nsecond")), "database", "db upgrade"),
    ],
)
def test_every_error_is_one_line_with_a_code_and_ends_with_one(error, code, part):
    said = _run(_raising(error))
    assert said.exit_code == 1
    [line] = said.stderr.splitlines()
    assert line.startswith("Error: ") and part in line and "second" not in line
    answered = _run(_raising(error), "--json")
    assert answered.exit_code == 1
    assert json.loads(answered.stdout)["error"] == code


def test_words_that_are_off_are_one_line_and_end_with_two():
    said = _run(lambda: {}, "--odd")
    assert said.exit_code == 2 and len(said.stderr.splitlines()) == 1
    answered = _run(lambda: {}, "--odd", "--json")
    assert (answered.exit_code, json.loads(answered.stdout)["error"]) == (2, "usage")


def test_a_command_may_have_words_of_its_own():
    said = _run(lambda: {"total": 7}, answers=answering_in(lambda facts: [f"It is {facts['total']}."]))
    assert said.output == "It is 7.\n"


def test_an_error_of_many_lines_is_said_on_one(capsys):
    say_error("usage", "two\n lines", as_json=False)
    assert capsys.readouterr().err == "Error: two lines\n"


@pytest.mark.parametrize(("fails", "exit_code"), [(False, 0), (True, 1)])
def test_a_librarys_command_speaks_json_too(fails, exit_code):
    def upgrade():
        if fails:
            raise OperationalError("ALTER", {}, Exception("locked"))

    command = click.Command("upgrade", callback=upgrade)
    speak_json(command, "upgraded")
    answered = CliRunner().invoke(command, ["--json"])
    assert answered.exit_code == exit_code
    assert json.loads(answered.stdout) == (
        {"error": "database", "message": "locked"} if fails else {"upgraded": True}
    )
    with pytest.raises(TypeError, match="runs nothing"):
        speak_json(click.Command("empty"), "x")
