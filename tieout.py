"""`tieout …`: everything an installed Tieout does, by one name. It knows the rooms' commands and imports no page for them.

`web`, `worker` and `release` are the lines of Procfile, `run` is what `make run` does, `flask` is Flask's own command line; every other
word is a command of ours, as `flask --app wsgi …` has it.
"""

import os
import shlex
import string
import sys
from copy import copy
from typing import Any

import click

from tieout_files import VERSION, place
from worker.commands.register import COMMANDS, command

PARTS = {
    "web": "Serve the pages: gunicorn, on the loopback at PORT (8000), behind a proxy.",
    "worker": "Work: RQ, with what the queue's contract wants.",
    "release": "Bring the database to the newest tables.",
}
STARTERS = {
    "run": "Start everything on this machine, with stand-ins unless INTUIT_ENVIRONMENT says otherwise.",
    "flask": "Flask's own command line, such as `tieout flask db current`.",
}
ANYTHING = {"ignore_unknown_options": True, "help_option_names": []}


class Everything(click.Group):
    """The group of all commands; each is imported when it is wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*COMMANDS, *PARTS, *STARTERS})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return the command of this name, or None. A program takes the words that follow as they are."""
        if name in COMMANDS:
            return _within_the_app(command(name))
        words = click.Argument(["words"], nargs=-1, type=click.UNPROCESSED)
        if name in PARTS:
            return click.Command(
                name,
                callback=lambda words: become(part_of_procfile(name) + list(words)),
                params=[words],
                help=PARTS[name],
                context_settings=ANYTHING,
            )
        if name in STARTERS:
            module = {"run": ["launch", "run"], "flask": ["flask", "--app", "wsgi"]}[name]
            return click.Command(
                name,
                callback=lambda words: become([sys.executable, "-m", *module, *words]),
                params=[words],
                help=STARTERS[name],
                context_settings=ANYTHING,
            )
        return None


@click.command(cls=Everything, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="tieout")
def main() -> None:
    """Keep an inspection company's QuickBooks Online tied out to its inspections. Settings come from the environment and `.env`."""


def part_of_procfile(name: str, said: dict[str, str] | None = None) -> list[str]:
    """Return the words of this line of Procfile, with `$NAME` replaced; gunicorn is told where its settings lie."""
    values = {"PORT": "8000", **(os.environ if said is None else said)}
    lines = dict(
        line.split(": ", 1)
        for line in place("Procfile").read_text("utf-8").splitlines()
        if not line.startswith("#")
    )
    words = shlex.split(string.Template(lines[name]).substitute(values))
    return [*words[:1], "--config", str(place("gunicorn.conf.py")), *words[1:]] if name == "web" else words


def become(words: list[str]) -> None:
    """Replace this process by a program, with what `.env` says beside the environment. Programs of this installation come first."""
    from bookkeeping.settings import environment_said

    variables = environment_said()
    variables["PATH"] = os.pathsep.join((os.path.dirname(sys.executable), variables.get("PATH", os.defpath)))
    os.execvpe(words[0], words, variables)  # noqa: S606 - Words of Procfile, or of the person at the keyboard.


def _within_the_app(wanted: click.Command) -> click.Command:
    """Return the command, run in the context of the worker's app: settings, database, vault and bell, and no pages."""
    here = copy(wanted)

    def invoke_in_app(ctx: click.Context) -> Any:
        from bookkeeping.settings import SettingsError, settings_from_environment
        from worker.app import create_worker_app

        try:
            app = create_worker_app(settings_from_environment())
        except SettingsError as error:
            raise click.ClickException(f"Tieout cannot start: {error}") from None
        with app.app_context():
            return wanted.invoke(ctx)

    here.invoke = invoke_in_app  # type: ignore[method-assign]
    return here


if __name__ == "__main__":
    main()
