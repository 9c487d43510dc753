"""The pages of ops do not grow with history: the same failures, ten times the history, and what the databases visit."""

import pytest

from bench.ops_scale import CONTROL, compare, fresh_app
from bookkeeping.storage.base import db


@pytest.fixture
def app(database_url: str):
    """The web app on each database."""
    made = fresh_app(database_url)
    with made.app_context():
        yield made
        db.session.remove()
        db.engine.dispose()


def test_statements_and_rows_stay_the_same_with_ten_times_the_history(app):
    found = compare(companies=20, failing=200, operations=10_000)
    assert len(found) > 8
    for name, line in found.items():
        small, large = line["statements"]
        assert small == large, (name, line)
        # The measure itself can fail: the control is what grows.
        assert (line["ratio"] > 2) == (name == CONTROL), (name, line)
