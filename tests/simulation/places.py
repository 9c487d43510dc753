"""Everything that a scenario changes outside its process: the database, the platform's file, and the archive. Kept, and put back again."""

import shutil
from pathlib import Path

from tests.simulation.databases import PostgresDatabase, SqliteFile

FILES = ("platform.sqlite", "archive")
BEFORE, AFTER_THE_FIRST = "before", "after_the_first"


class Place:
    """All of it, under the name of a moment."""

    def __init__(self, folder: Path, database: SqliteFile | PostgresDatabase):
        self._folder, self._database = folder, database

    def keep(self, name: str) -> None:
        """Keep it all as it lies there, under this name."""
        self._database.keep(name)
        kept = self._folder / name
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir()
        for file in FILES:
            _copy(self._folder / file, kept / file)

    def put_back(self, name: str) -> None:
        """Let all be as it was kept under this name."""
        self._database.put_back(name)
        for file in FILES:
            for path in self._folder.glob(f"{file}*"):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            _copy(self._folder / name / file, self._folder / file)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    elif source.exists():
        shutil.copy(source, target)
