"""`rotate-keys`: every secret sealed again under the newest key. Which secrets there are is `storage.work.resealing`'s."""

from typing import Any

import click

from bookkeeping.storage.work.resealing import rotate_keys
from worker.commands.answering import PlainCommand, answering


@click.command("rotate-keys", cls=PlainCommand)
@answering
def rotate() -> dict[str, Any]:
    """Seal every secret again under the newest of TOKEN_KEYS."""
    return {"resealed": rotate_keys()}
