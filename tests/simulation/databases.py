"""The database of a simulation, SQLite or PostgreSQL: kept as it lies, and put back again, as often as one likes. Nobody may be connected meanwhile."""

import shutil
from pathlib import Path

from psycopg import connect
from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine

from tests.harness.servers import Postgres
from tests.simulation.moment import Moment

DATABASES = ("sqlite", "postgresql")
SQLITE_FILES = ("", "-wal")
"""The database, and what was committed since and does not lie in it yet."""


class SqliteFile:
    """A file in a folder."""

    def __init__(self, folder: Path):
        self._folder, self._path = folder, folder / "tieout.db"
        self.url = f"sqlite:///{self._path}"

    def keep(self, name: str) -> None:
        """Keep it as it lies there, under this name."""
        for end in SQLITE_FILES:
            kept, path = self._folder / f"{name}.kept{end}", self._folder / f"{self._path.name}{end}"
            kept.unlink(missing_ok=True)
            if path.exists():
                shutil.copy(path, kept)

    def put_back(self, name: str) -> None:
        """Let it be what was kept under this name."""
        for path in self._folder.glob("tieout.db*"):
            path.unlink()
        for end in SQLITE_FILES:
            kept = self._folder / f"{name}.kept{end}"
            if kept.exists():
                shutil.copy(kept, self._folder / f"{self._path.name}{end}")

    def stop(self) -> None:
        """Nothing is left but the files of the folder."""


class PostgresDatabase:
    """A database of a server of its own, whose clock is the simulated one: `clock_timestamp` is ours, found before PostgreSQL's."""

    def __init__(self) -> None:
        self._server = Postgres()
        self._name = self._server.new_database()
        self.url = f"{self._server.url(self._name)}?options=-csearch_path%3Dpublic,pg_catalog"
        clock = "SELECT pg_catalog.current_setting('simulated.now')::timestamptz"
        with connect(self._server.url(self._name).replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(
                f"CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$ {clock} $$"
            )

    def keep(self, name: str) -> None:
        """Keep it as it lies there, under this name."""
        self._server.copy(self._name, f"kept_{name}")

    def put_back(self, name: str) -> None:
        """Let it be what was kept under this name."""
        self._server.copy(f"kept_{name}", self._name)

    def stop(self) -> None:
        """End the server."""
        self._server.stop()


def database_of(kind: str, folder: Path) -> SqliteFile | PostgresDatabase:
    """Return an empty database of this kind. Must be asked for before the clock is taken over: a server needs real seconds to start."""
    return SqliteFile(folder) if kind == "sqlite" else PostgresDatabase()


def tell_the_time(moment: Moment) -> None:
    """Let every transaction on PostgreSQL know what time it is in the simulation."""

    def begun(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SET LOCAL simulated.now = '{moment.now().isoformat()}'")

    event.listen(Engine, "begin", begun)
