"""The commands of `flask --app wsgi …` and of `tieout …`: the same functions as the jobs, in the foreground, to the end, needing no worker.

Every command prints one JSON object with `--json`, ends with a code other than 0 on failure, and answers nonsense with one line.
A command's module is imported when the command is wanted: `tieout status 1` needs neither pages nor QuickBooks.
"""

from importlib import import_module

import click
from flask import Flask

from bookkeeping.storage.base import db
from tieout_files import place
from worker.commands.answering import speak_json

COMMANDS = {
    "archive": "worker.commands.archive_and_backup:archive",
    "audit": "worker.commands.audit:audit",
    "backup": "worker.commands.archive_and_backup:backup",
    "backup-key": "worker.commands.upkeep.sealing:backup_key",
    "backup-open": "worker.commands.upkeep.sealing:backup_open",
    "backup-seal": "worker.commands.upkeep.sealing:backup_seal",
    "company": "worker.commands.upkeep.erasing:company",
    "copy-to": "worker.commands.copy_to:copy_to",
    "doctor": "worker.commands.upkeep.doctor:doctor",
    "legacy": "worker.commands.legacy:legacy",
    "nightly": "worker.commands.foreground:nightly",
    "person": "worker.commands.upkeep.erasing:person",
    "poll": "worker.commands.foreground:poll",
    "reconcile": "worker.commands.foreground:reconcile",
    "rotate-keys": "worker.commands.upkeep.rotating:rotate",
    "status": "worker.commands.status:status",
    "tick": "worker.commands.upkeep.ticking:tick",
    "tieout": "worker.commands.tieout:tieout",
    "user": "worker.commands.upkeep.erasing:user",
}
"""Where each command lives, as module:name. `company` and `user` with `erase` in them."""


def command(name: str) -> click.Command:
    """Return the command of this name, its module imported now.

    Raises:
        KeyError: there is none of this name.
    """
    module, _, attribute = COMMANDS[name].partition(":")
    found: click.Command = getattr(import_module(module), attribute)
    return found


def register_database_commands(app: Flask) -> None:
    """Add Flask-Migrate's `db` to the app's `flask`, its `upgrade` with the `--json` of the others."""
    from flask_migrate import Migrate  # Only who changes tables needs Alembic.

    Migrate(app, db, directory=str(place("migrations")), render_as_batch=True)
    database = app.cli.commands["db"]
    if not isinstance(database, click.Group):
        raise TypeError("`db` is no group of commands")
    speak_json(database.commands["upgrade"], "upgraded")


def register_commands(app: Flask) -> None:
    """Add every command to the app's `flask`."""
    register_database_commands(app)
    for name in COMMANDS:
        app.cli.add_command(command(name), name)
