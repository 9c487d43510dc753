"""docs/quickbooks.md says what the code does: its fault catalogue is made from it, its addresses and limits are compared."""

from bookkeeping.quickbooks_gateway.config import IntuitConfig
from docs.make_fault_table import BEGIN, END, PAGE, page_with, table


def test_the_fault_catalogue_on_the_page_is_current():
    page = PAGE.read_text(encoding="utf-8")
    assert page.count(BEGIN) == page.count(END) == 1
    assert page == page_with(table(), page), "Run: python -m docs.make_fault_table"


def test_the_limits_on_the_page_are_the_ones_in_force():
    page = PAGE.read_text(encoding="utf-8")
    for name in ("requests_per_minute", "requests_per_second", "batches_per_minute", "concurrency"):
        limit = IntuitConfig.__dataclass_fields__[name].default
        assert f"`INTUIT_{name.upper()}` = {limit}" in page
