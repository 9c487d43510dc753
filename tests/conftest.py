"""Fixtures for all tests: real servers, stand-ins, a running Tieout and a browser, fresh for each test unless said otherwise.

    def test_something(tieout, platform, intuit, page): …      # SQLite
    def test_something(make_tieout, database_url): …            # once on SQLite, once on PostgreSQL

Unit tests ask for none of them, and then nothing is started; `tests/levels.py` says which they are.
"""

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import tests.harness.cheap_passwords  # noqa: F401 - before what makes a hasher is imported
from tests.harness.browser import MILLISECONDS_TO_FIND, chromium
from tests.harness.servers import Postgres, Valkey
from tests.harness.standins import StandIn
from tests.harness.tieout import Tieout

if TYPE_CHECKING:
    from tests.harness.mail_server import MailServer

pytest_plugins = ["tests.levels"]

MEMORY = Path("/dev/shm")
ROOM = 4 << 30
"""Bytes that must be free in memory before the tests' files go there; a whole run needs less than a quarter of it at a time."""


def pytest_configure() -> None:
    """Keep the tests' files in memory where there is room: no machine dies here, so that no commit need wait for a disk."""
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_collection_finish() -> None:
    """Let the collector of garbage pass over what was imported and collected: it stays to the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    """A Valkey server: `.url`, `.client()`, `.process.kill()`, `.start()`."""
    folder = tmp_path / "valkey"
    folder.mkdir()
    server = Valkey(folder)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server for the whole run: `.new_database()` and `.url(name)`."""
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables and no rows, to be copied: migrating takes longer than most tests."""
    folder = tmp_path_factory.mktemp("migrated")
    path = folder / "template.db"
    _migrate(folder, f"sqlite:///{path}")
    # One whole file, without the write-ahead log beside it.
    assert (
        not path.with_name("template.db-wal").exists() or not path.with_name("template.db-wal").stat().st_size
    )
    return path


@pytest.fixture(scope="session")
def migrated_postgres(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> str:
    """The name of a PostgreSQL database with all tables and no rows, to be copied."""
    name = postgres.new_database()
    _migrate(tmp_path_factory.mktemp("migrated"), postgres.url(name))
    return name


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated_sqlite: Path) -> str:
    """The URL of a fresh, migrated SQLite database."""
    path = tmp_path / "tieout.db"
    shutil.copy(migrated_sqlite, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres: Postgres, migrated_postgres: str) -> str:
    """The URL of a fresh, migrated PostgreSQL database."""
    return postgres.url(postgres.new_database(template=migrated_postgres))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh, migrated database: the test runs once with SQLite and once with PostgreSQL."""
    return request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")


@pytest.fixture
def mail_server() -> Iterator["MailServer"]:
    """An SMTP server without TLS and login: `.url()`, `.mails`."""
    from tests.harness.mail_server import MailServer  # Only its tests pay for the import.

    server = MailServer()
    yield server
    server.stop()


@pytest.fixture
def intuit(tmp_path: Path) -> Iterator[StandIn]:
    """The Intuit stand-in with empty state: `.base_url`, `.get(path)`, `.post(path, body)`."""
    standin = StandIn("intuit", tmp_path)
    yield standin
    standin.stop()


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[StandIn]:
    """The inspection platform's stand-in with empty state, as `intuit`."""
    standin = StandIn("platform", tmp_path)
    yield standin
    standin.stop()


@pytest.fixture
def make_tieout(tmp_path: Path, valkey: Valkey, intuit: StandIn) -> Iterator[Callable[..., Tieout]]:
    """`make_tieout(database_url, NAME="value", …)`: an installation that knows the stand-in and Valkey. Nothing runs yet."""
    made: list[Tieout] = []

    def make(database_url: str, **settings: str) -> Tieout:
        folder = tmp_path / f"tieout-{len(made)}"
        folder.mkdir()
        discovery = f"{intuit.base_url}/.well-known/openid_configuration"
        standin = {"INTUIT_API_URL": intuit.base_url, "INTUIT_DISCOVERY_URL": discovery}
        made.append(Tieout(folder, database_url, valkey.url, **{**standin, **settings}))
        return made[-1]

    yield make
    for tieout in made:
        tieout.stop()


@pytest.fixture
def tieout(make_tieout: Callable[..., Tieout], sqlite_url: str) -> Tieout:
    """An installation on SQLite: `.run_flask(…)`, `.flask_json(…)`, `.web()`, `.worker()`, `.tick()`, `.url`."""
    return make_tieout(sqlite_url)


@pytest.fixture
def tieout_on_each_database(make_tieout: Callable[..., Tieout], database_url: str) -> Tieout:
    """As `tieout`, and the test runs twice: on SQLite and on PostgreSQL."""
    return make_tieout(database_url)


@pytest.fixture(scope="session")
def browser() -> Iterator:
    """A headless Chromium for the whole run."""
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser) -> Iterator:
    """A page in a browser profile of its own; `tests.harness.browser.log_in` logs in."""
    context = browser.new_context()
    context.set_default_timeout(MILLISECONDS_TO_FIND)
    yield context.new_page()
    context.close()


def _migrate(folder: Path, database_url: str) -> None:
    done = Tieout(folder, database_url, "redis://127.0.0.1:9/0").run_flask("db", "upgrade")
    assert done.code == 0, done.out + done.err
