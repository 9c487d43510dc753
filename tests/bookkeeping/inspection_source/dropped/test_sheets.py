"""Dropped files as tables: the shapes that spreadsheets write are read, and what is damaged, hostile or too large is refused in a sentence."""

import pytest

from bookkeeping.inspection_source.dropped.sheets import LARGEST_FILE, FileRefusedError, read_tables
from bookkeeping.inspection_source.dropped.workbook import (
    MOST_ELEMENTS,
    MOST_HELD,
    Workbook,
    WorkbookError,
)
from tests.bookkeeping.inspection_source.dropped.factories import csv_file, workbook

ROWS = (("Inspection", "Client"), ("1001", "Zoë O’Hara"), ("1002", 'says "hi", twice'))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_csv_is_read_however_a_spreadsheet_saves_it(delimiter, encoding):
    [table] = read_tables("a.csv", csv_file(*ROWS, delimiter=delimiter, encoding=encoding))
    assert table.rows == ROWS


def test_rows_are_filled_up_and_empty_ones_at_the_end_are_none():
    [table] = read_tables("a.csv", b"Inspection,Client\r\n1001\r\n\r\n,\r\n")
    assert table.rows == (("Inspection", "Client"), ("1001", ""))


def test_a_workbook_has_a_table_for_each_sheet_that_is_shown():
    content = workbook({"March": ROWS, "Notes": (), "Old": ROWS}, hidden=("Old",))
    [table] = read_tables("a.xlsx", content)
    assert (table.name, table.rows) == ("a.xlsx, March", ROWS)


CELLS = {
    "<c s='1'><v>46083</v></c>": "2026-03-02",
    "<c s='2'><v>46083.375</v></c>": "2026-03-02 09:00",
    "<c s='2'><v>0.375</v></c>": "09:00",
    "<c s='3'><v>2.5</v></c>": "2.5",
    "<c><v>425</v></c>": "425",
    "<c><v>425.10</v></c>": "425.1",
    "<c><v>0.30000000000000004</v></c>": "0.3",
    "<c><v>1E3</v></c>": "1000",
    "<c><v>1E999999999</v></c>": "1E999999999",
    "<c><v>sNaN</v></c>": "sNaN",
    "<c><v>-Infinity</v></c>": "-Infinity",
    "<c t='b'><v>1</v></c>": "yes",
    "<c t='e'><v>#REF!</v></c>": "#REF!",
    "<c t='str'><v>made by a formula</v></c>": "made by a formula",
    "<c t='inlineStr'><is><r><t>Ada </t></r><r><t>Reyes</t></r><rPh sb='0' eb='1'><t>ei</t></rPh></is></c>": "Ada Reyes",
    "<c t='d'><v>2026-03-02T00:00:00</v></c>": "2026-03-02",
}


@pytest.mark.parametrize("cell", CELLS)
def test_a_workbooks_cells_come_as_they_would_be_typed(cell):
    [(_, [[first, told]])] = Workbook(workbook({"A": [("x", cell)]}), most_rows=9, most_columns=9).sheets()
    assert (first, told) == ("x", CELLS[cell])


def test_a_cell_far_away_is_refused_before_anything_is_laid_out():
    for far in ("<c r='XFD1'><v>1</v></c>", "</row><row r='1048576'><c r='A1048576'><v>1</v></c>"):
        with pytest.raises(WorkbookError, match="more than 9 rows or 9 columns"):
            Workbook(workbook({"A": [(far,)]}), most_rows=9, most_columns=9).sheets()
    empty = "<c r='XFD1' s='1'/>"
    assert Workbook(workbook({"A": [("x", empty)]}), most_rows=9, most_columns=9).sheets() == [("A", [["x"]])]


BOMB = '<!DOCTYPE a [<!ENTITY b "bbbb">]><sst>&b;</sst>'
DAMAGED = {
    "entities": workbook({"A": ROWS}, xl__sharedStrings=BOMB),
    "no sheet": workbook({"A": ROWS}, xl__worksheets__sheet1=None),
    "a text that is not there": workbook({"A": ROWS}, xl__sharedStrings="<sst/>"),
    "cut": workbook({"A": ROWS}, xl__worksheets__sheet1="<worksheet><sheetData>"),
    "half a file": workbook({"A": ROWS})[:300],
    "a day beyond all": workbook({"A": [("<c s='1'><v>9e9</v></c>",)]}),
    "no workbook": workbook({"A": ROWS}, xl__workbook=None),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_workbook_is_refused_in_a_sentence(kind):
    with pytest.raises(
        FileRefusedError, match=r"a\.xlsx is damaged.* Save it as XLSX or CSV, and drop it again"
    ):
        read_tables("a.xlsx", DAMAGED[kind])


def test_what_unpacks_to_far_more_than_it_is_is_refused():
    content = workbook({"A": ROWS}, xl__sharedStrings="<sst>" + " " * 31_000_000 + "</sst>")
    assert len(content) < LARGEST_FILE
    with pytest.raises(FileRefusedError, match="unpacks to more than 40 MB"):
        read_tables("a.xlsx", content)


CROWDED = {
    "texts": {"xl__sharedStrings": f"<sst>{'<si/>' * MOST_ELEMENTS}</sst>"},
    "cells of a row": {
        "xl__worksheets__sheet1": f"<worksheet><sheetData><row>{'<c/>' * MOST_HELD}</row></sheetData></worksheet>"
    },
    "styles": {"xl__styles": f"<styleSheet><cellXfs>{'<xf/>' * MOST_HELD}</cellXfs></styleSheet>"},
}


@pytest.mark.parametrize("of", CROWDED)
def test_what_holds_more_elements_than_a_file_of_a_megabyte_has_is_refused_as_they_begin(of):
    """Thirty kilobytes of them, packed, took seven hundred megabytes of memory."""
    content = workbook({"A": ROWS}, **CROWDED[of])
    assert len(content) < 20_000
    with pytest.raises(FileRefusedError, match="holds more than ten thousand rows do"):
        read_tables("a.xlsx", content)


def test_rows_that_say_nothing_are_let_go_of_one_by_one():
    rows = f"<worksheet><sheetData>{'<row/>' * (MOST_HELD + 1)}</sheetData></worksheet>"
    assert Workbook(
        workbook({"A": ROWS}, xl__worksheets__sheet1=rows), most_rows=9, most_columns=9
    ).sheets() == [("A", [])]


def test_a_long_text_that_many_cells_name_is_there_once():
    """Without the blanks at its end it would be another text in each of them."""
    text = f"<sst><si><t>{'x' * 800_000} </t></si></sst>"
    cells = [("<c t='s'><v>0</v></c>",) * 9] * 9
    content = workbook({"A": cells}, xl__sharedStrings=text)
    [(_, rows)] = Workbook(content, most_rows=9, most_columns=9).sheets()
    assert len({id(cell) for row in rows for cell in row}) == 1 and len(rows[0][0]) == 800_000


REFUSED = {
    "empty": (b"", "is empty"),
    "blank": (b" \r\n , \r\n", "is empty"),
    "a picture": (b"\x89PNG\r\n", "neither CSV nor XLSX"),
    "an old workbook": (b"\xd0\xcf\x11\xe0rest", "neither CSV nor XLSX"),
    "bytes": (b"a,b\0c", "neither CSV nor XLSX"),
    "quotes that do not end": (b'a,b\n1,"x\n2,y\n', "cannot be read as CSV"),
    "too large": (b"a" * (LARGEST_FILE + 1), "larger than 1 MB"),
    "too many rows": (b"a\n" * 10_002, "more than 10,000 rows"),
    "too many columns": (b"a," * 61, "60 columns"),
    "a long cell": (b"a\n" + b"b" * 1001, "more than 1000 letters"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_read_is_refused_with_what_to_do(kind):
    content, says = REFUSED[kind]
    with pytest.raises(FileRefusedError, match=says) as caught:
        read_tables("march.csv", content)
    assert str(caught.value).startswith("march.csv") and str(caught.value).endswith(".")
