"""No cell of a file that leaves this house is a formula, and every CSV is written with that cell."""

import re
from pathlib import Path

import pytest

from bookkeeping.cells import FORMULA_STARTS, cell

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("start", FORMULA_STARTS)
def test_what_a_spreadsheet_would_carry_out_is_text(start):
    assert cell(f"{start}1+cmd") == f"'{start}1+cmd"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), ("", ""), (-5, "-5"), ("-5.25", "-5.25"), ("plain", "plain"), ("-5-3", "'-5-3")],
)
def test_numbers_and_plain_text_stay(value, text):
    assert cell(value) == text


def test_every_module_that_writes_csv_writes_this_cell():
    files = [path for room in ("bookkeeping", "worker", "webapp") for path in (ROOT / room).rglob("*.py")]
    writers = [path for path in files if "csv.writer(" in path.read_text()]
    assert len(writers) >= 2
    assert [
        path
        for path in writers
        if not re.search(r"from bookkeeping\.cells import [^\n]*\bcell\b", path.read_text())
    ] == []


def test_one_module_alone_writes_workbooks():
    files = [path for room in ("bookkeeping", "worker", "webapp") for path in (ROOT / room).rglob("*.py")]
    writers = [path.name for path in files if re.search(r"\bxlsxwriter\b", path.read_text())]
    assert writers == ["spreadsheets.py"]
