"""How commands answer: text or one JSON object, one-line errors, exit codes. What they do is in the modules that name them."""

import functools
import getpass
import json
import socket
import sys
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import click
from sqlalchemy.exc import SQLAlchemyError

from bookkeeping.errors import BookkeepingError, MisconfiguredError
from bookkeeping.faults import fault
from bookkeeping.storage.company.companies import Company, company_or_none
from bookkeeping.storage.people.audit import acting_from


class Refusal(click.ClickException):
    """A command that did not do what was asked: one line, exit code 1."""

    def __init__(self, message: str, code: str = "refused") -> None:
        super().__init__(message)
        self.code = code


def answering_in(words: Callable[[dict[str, Any]], list[str]]) -> Callable[..., Callable[..., None]]:
    """Give a command its `--json` switch, its printing and its one-line errors; `words` makes its lines without `--json`."""

    def answering_command(function: Callable[..., dict[str, Any]]) -> Callable[..., None]:
        @click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
        @functools.wraps(function)
        def command(*args: Any, as_json: bool, **kwargs: Any) -> None:
            result, problem = _outcome(function, *args, **kwargs)
            failed = problem or result.pop("failed", None)
            if problem:
                result = {"error": problem[0], "message": problem[1]}
            if as_json:
                click.echo(json.dumps(result, default=_plain, sort_keys=True))
            elif problem:
                click.echo(f"Error: {problem[1]}", err=True)
            else:
                for line in words(result):
                    click.echo(line)
            if failed:
                raise SystemExit(1)

        return command

    return answering_command


def answering(function: Callable[..., dict[str, Any]]) -> Callable[..., None]:
    """Give a command its `--json` switch, its printing name by name, and its one-line errors."""
    return answering_in(_lines)(function)


def _outcome(
    function: Callable[..., dict[str, Any]], *args: Any, **kwargs: Any
) -> tuple[dict[str, Any], tuple[str, str] | None]:
    """Run the command; return what it says, and the (code, message) of what kept it from being done, or None."""
    acting_from.set(_who_types())
    try:
        return function(*args, **kwargs), None
    except Refusal as error:
        return {}, (error.code, error.message)
    except MisconfiguredError as error:
        known = fault(error.code)
        return {}, (error.code, f"{known.title}. {error.detail} {known.remedy}".replace("  ", " "))
    except BookkeepingError as error:
        return {}, (error.code, f"{fault(error.code).title}. {error.detail}".strip())
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        words = f"The database did not work: {reason}. Did you run `flask --app wsgi db upgrade`?"
        return {}, ("database", words)


def _who_types() -> str:
    """Return the system's user and machine, which stand in the audit log where a browser's address would."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # No such user on this machine, as in some containers.
        user = "unknown"
    return f"{user}@{socket.gethostname()}"[:64]


class PlainCommand(click.Command):
    """A command whose usage errors take one line (and one JSON object with `--json`), not a page of help."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Parse the words; raises SystemExit(2) with one line when they are off."""
        as_json = "--json" in args
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.UsageError as error:
            say_error("usage", error.format_message(), as_json)
            raise SystemExit(2) from None


def speak_json(command: click.Command, word: str) -> None:
    """Give a library's command the `--json` switch: `{word: true}` at its end, or the error."""
    if any(option.name == "as_json" for option in command.params):
        return  # Another app of this process has given it already.
    inner = command.callback
    if inner is None:
        raise TypeError(f"{command.name} runs nothing by itself")

    def callback(*args: Any, as_json: bool, **kwargs: Any) -> None:
        try:
            inner(*args, **kwargs)
        except SQLAlchemyError as error:
            say_error("database", str(getattr(error, "orig", None) or error).splitlines()[0], as_json)
            raise SystemExit(1) from None
        if as_json:
            click.echo(json.dumps({word: True}))

    command.params.append(click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON object."))
    command.callback = callback


def say_error(code: str, message: str, as_json: bool) -> None:
    """Print the error on one line: as JSON on standard output, else on standard error."""
    if as_json:
        click.echo(json.dumps({"error": code, "message": message}))
    else:
        print("Error:", " ".join(message.split()), file=sys.stderr)


def _lines(result: dict[str, Any], indent: str = "") -> list[str]:
    lines = []
    for name, value in result.items():
        label = name.replace("_", " ")
        if isinstance(value, dict):
            lines += [f"{indent}{label}:", *_lines(value, indent + "  ")]
        elif isinstance(value, list):
            lines.append(f"{indent}{label}: {'none' if not value else ''}".rstrip())
            for part in value:
                lines += _lines(part, indent + "  ") if isinstance(part, dict) else [f"{indent}  {part}"]
        else:
            lines.append(f"{indent}{label}: {value}")
    return lines


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(type(value).__name__)


def company_of(company_id: int) -> Company:
    """Return the company that a command names; refused where there is none."""
    row = company_or_none(company_id) if 0 < company_id < 2**31 else None
    if row is None:
        raise Refusal(f"There is no company {company_id}. `company create` makes one.", "no-company")
    return row
