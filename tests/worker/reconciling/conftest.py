"""Who is at work in QuickBooks, for the tests of reconciling."""

import pytest

from tests.functional.bookkeeper import Bookkeeper
from tests.harness.in_process import Desk


@pytest.fixture
def bookkeeper(desk: Desk) -> Bookkeeper:
    """Somebody at work in the desk's QuickBooks, where classes are kept."""
    return Bookkeeper(desk)
