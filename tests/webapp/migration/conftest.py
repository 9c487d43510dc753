"""Fixtures of the migration's pages: a company with SalesReceipts, and its owner's browser."""

import pytest

from tests.webapp.house import House
from tests.webapp.migration.planned import Plan


@pytest.fixture
def plan(house: House, company: int) -> Plan:
    return Plan(house, company)
