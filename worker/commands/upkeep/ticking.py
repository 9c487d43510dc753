"""`tick`: keeps the clock until it is stopped. What is due when is `worker.clock`'s."""

import click

from worker.clock.tick import tick_forever
from worker.commands.answering import PlainCommand


@click.command("tick", cls=PlainCommand)
def tick() -> None:
    """Keep the clock: note due slots and ring for due companies, until stopped."""
    tick_forever()
