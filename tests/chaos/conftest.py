"""Stand-ins, Valkey and an installation for a whole module, since a fresh company costs much less than fresh servers."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.mortals import Mortals, everything_to_do
from tests.harness.in_process import Shop, outside_world
from tests.harness.servers import Valkey
from tests.harness.standins import StandIn


@pytest.fixture(scope="module")
def module_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the module's servers."""
    return tmp_path_factory.mktemp("chaos")


@pytest.fixture(scope="module")
def outside(module_folder: Path) -> Iterator[tuple[StandIn, StandIn, Valkey]]:
    """The platform, Intuit and Valkey."""
    with outside_world(module_folder) as servers:
        yield servers


@pytest.fixture(scope="module")
def sqlite_path(module_folder: Path, migrated_sqlite: Path) -> Path:
    """A migrated SQLite database for the module."""
    path = module_folder / "tieout.db"
    shutil.copy(migrated_sqlite, path)
    return path


@pytest.fixture(scope="module")
def shop(outside: tuple[StandIn, StandIn, Valkey], sqlite_path: Path) -> Shop:
    """An installation on SQLite; `shop.open()` gives a fresh company."""
    platform, intuit, valkey = outside
    return Shop(f"sqlite:///{sqlite_path}", valkey.url, platform, intuit)


@pytest.fixture(scope="module")
def mortals(shop: Shop) -> Iterator[Mortals]:
    """Workers of the module's installation that die or stand still on order."""
    started = Mortals(shop.environment)
    started.warm_up(everything_to_do(shop).id)
    yield started
    started.stop()
