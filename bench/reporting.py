"""What the programs here share: a folder and a PostgreSQL server for one run, and how their figures are told."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.harness.servers import Postgres


@contextmanager
def place() -> Iterator[tuple[Path, Postgres]]:
    """A folder and a server, gone when the block ends."""
    postgres = Postgres()
    try:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder), postgres
    finally:
        postgres.stop()


def tell(found: dict[str, Any], *, as_json: bool) -> None:
    """Print the figures: one JSON object, or a line for each name."""
    if as_json:
        print(json.dumps(found))
        return
    for line in table(found):
        print(line)


def table(values: Any, before: str = "") -> list[str]:
    """Return a line for each value, under the names that lead to it."""
    if not isinstance(values, dict):
        return [f"{before:72} {values}"]
    return [
        line
        for name, value in values.items()
        for line in table(value, f"{before} · {name}" if before else name)
    ]
