"""`tieout …`: everything an installed Tieout does, by one name. It knows the rooms' commands and imports no page for them.

`web`, `worker` and `release` are the lines of Procfile, `run` is what `make run` does, `flask` is Flask's own command line; every other
word is a command of ours, as `flask --app wsgi …` has it.
"""

import os
import sys
from collections.abc import Sequence
from copy import copy
from typing import Any

import click

from tieout_files import VERSION, place
from worker.commands.register import COMMANDS, command

PROGRAMS = {
    "web": "Serve the pages: gunicorn, on the loopback at PORT (8000) unless --bind says otherwise, behind a proxy.",
    "worker": "Work: RQ, with what the queue's contract wants.",
    "release": "Bring the database to the newest tables.",
    "run": "Start everything on this machine, with stand-ins unless INTUIT_ENVIRONMENT says otherwise.",
    "flask": "Flask's own command line, such as `tieout flask db current`.",
}
"""What this process becomes. It takes the words that follow as they are."""
_MODULES = {"run": ["-m", "launch", "run"], "flask": ["-m", "flask", "--app", "wsgi"]}


class Everything(click.Group):
    """The group of all commands; each is imported when it is wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*COMMANDS, *PROGRAMS})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return the command of this name, or None."""
        if name in COMMANDS:
            return _within_the_app(command(name))
        if name not in PROGRAMS:
            return None
        return click.Command(
            name,
            callback=lambda words: become(name, words),
            params=[click.Argument(["words"], nargs=-1, type=click.UNPROCESSED)],
            help=PROGRAMS[name],
            context_settings={"ignore_unknown_options": True, "help_option_names": []},
        )


@click.command(cls=Everything, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="tieout")
def main() -> None:
    """Keep an inspection company's QuickBooks Online tied out to its inspections. Settings come from the environment and `.env`."""


def become(name: str, words: Sequence[str]) -> None:
    """Replace this process by a program, with what `.env` says beside the environment. Programs of this installation come first."""
    from bookkeeping.settings import environment_said

    variables = {"PORT": "8000", **environment_said()}
    variables["PATH"] = os.pathsep.join((os.path.dirname(sys.executable), variables.get("PATH", os.defpath)))
    program = words_of(name, words, variables)
    os.execvpe(program[0], program, variables)  # noqa: S606 - Words of Procfile, or of the person at the keyboard.


def words_of(name: str, words: Sequence[str], variables: dict[str, str]) -> list[str]:
    """Return how this program is started: its module, or its line of Procfile; gunicorn is told where its settings lie."""
    from launch.services import procfile

    if name in _MODULES:
        return [sys.executable, *_MODULES[name], *words]
    line = procfile(place("Procfile"), variables)[name]
    if name == "web":
        line[1:1] = ["--config", str(place("gunicorn.conf.py"))]
        if "--bind" in words:  # gunicorn would listen on both.
            del line[line.index("--bind") : line.index("--bind") + 2]
    return [*line, *words]


def _within_the_app(wanted: click.Command) -> click.Command:
    """Return the command, run in the context of the worker's app: settings, database, vault and bell, and no pages."""
    here = copy(wanted)

    def invoke_in_app(ctx: click.Context) -> Any:
        from bookkeeping.errors import MisconfiguredError
        from bookkeeping.settings import SettingsError, settings_from_environment
        from worker.app import create_worker_app

        try:
            app = create_worker_app(settings_from_environment())
        except (SettingsError, MisconfiguredError) as error:
            raise click.ClickException(f"Tieout cannot start: {error}") from None
        with app.app_context():
            return wanted.invoke(ctx)

    here.invoke = invoke_in_app  # type: ignore[method-assign]
    return here


if __name__ == "__main__":
    main()
