"""One installation within this process for all of the worker's tests; every test opens a company and a realm of its own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.in_process import Desk, Shop, outside_world


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[Shop]:
    """An installation on SQLite with its stand-ins and Valkey running."""
    folder = tmp_path_factory.mktemp("worker")
    shutil.copy(migrated_sqlite, folder / "tieout.db")
    with outside_world(folder) as (platform, intuit, valkey):
        yield Shop(f"sqlite:///{folder / 'tieout.db'}", valkey.url, platform, intuit)


@pytest.fixture
def desk(shop: Shop) -> Desk:
    """A fresh company, connected to a realm of its own, with nothing booked."""
    return shop.open()
