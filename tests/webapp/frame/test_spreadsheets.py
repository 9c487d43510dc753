"""Text from strangers is text in a spreadsheet, in every file of ours; numbers, days and times are what they are."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from xlsxwriter.worksheet import Worksheet

from bookkeeping.storage.records.migrations import Migration, MigrationReceipt
from tests.webapp.sheets import csv_rows, xlsx_rows
from webapp.frame import spreadsheets
from webapp.frame.spreadsheets import ENDINGS, Column, Table, file_answer
from webapp.migration.files import copies_table

STARTS = ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"]
LINE = {"DetailType": "SalesItemLineDetail", "Amount": 1, "SalesItemLineDetail": {}}


def answer(house, ending: str, table: Table) -> bytes:
    with house.app.test_request_context():
        made = file_answer(table, ending)
        made.direct_passthrough = False  # Only a server hands the open file through; here its bytes are read.
        return made.get_data()


def one_cell(house, ending: str, value, kind: str = "text") -> bytes:
    return answer(house, ending, Table("x", (Column("Name", kind),), [(value,)], "America/Denver"))


@pytest.mark.parametrize("start", STARTS)
def test_no_cell_is_a_formula(start, house):
    evil = f"{start}1+A1"
    assert csv_rows(one_cell(house, "csv", evil))[1] == [f"'{evil}"]
    [_, row] = xlsx_rows(one_cell(house, "xlsx", evil))
    assert row[0][0] == "text" and row[0][1].endswith("1+A1")


@pytest.mark.parametrize("start", STARTS)
def test_no_cell_of_a_migrations_copies_is_a_formula(start, house):
    kept = MigrationReceipt(
        inspection_key="1", archive=json.dumps({"DocNumber": f"{start}1+A1", "Line": [LINE]})
    )
    for ending in ENDINGS:
        body = answer(house, ending, copies_table(Migration(id=1), [kept]))
        if ending == "csv":
            assert f"'{start}1+A1" in csv_rows(body)[1]
        else:
            assert {kind for row in xlsx_rows(body) for kind, _ in row.values()} == {"text", "number"}


@pytest.mark.parametrize("number", ["-12.50", "425.00", "0"])
def test_plain_numbers_stay_numbers(number, house):
    assert csv_rows(one_cell(house, "csv", number))[1] == [number]
    [_, row] = xlsx_rows(one_cell(house, "xlsx", number, "money"))
    assert row[0][0] == "number" and Decimal(row[0][1]) == Decimal(number)


def test_text_that_looks_like_a_number_stays_text_in_excel(house):
    [_, row] = xlsx_rows(one_cell(house, "xlsx", "0042"))
    assert row[0] == ("text", "0042")


def test_a_moment_is_said_in_the_zone_that_its_heading_names(house):
    noon = datetime(2026, 3, 2, 19, tzinfo=UTC)
    for value in (noon, noon.isoformat()):
        assert csv_rows(one_cell(house, "csv", value, "moment")) == [
            ["Name (Denver time)"],
            ["2026-03-02 12:00:00"],
        ]


@pytest.mark.parametrize("kind", ["text", "money", "number", "day", "moment"])
def test_nothing_is_an_empty_cell(kind, house):
    for nothing in (None, ""):
        assert csv_rows(one_cell(house, "csv", nothing, kind))[1:] in ([[""]], [[]])
        assert xlsx_rows(one_cell(house, "xlsx", nothing, kind))[1:] in ([], [{}])


def test_what_excel_cannot_hold_is_text_that_is_cut(house):
    assert xlsx_rows(one_cell(house, "xlsx", date.min, "day"))[1][0] == ("text", "0001-01-01")
    [_, row] = xlsx_rows(one_cell(house, "xlsx", "x" * 40_000))
    assert len(row[0][1]) == 32_767
    [_, row] = xlsx_rows(one_cell(house, "xlsx", "bell \x07"))
    assert row[0][0] == "text"


def test_rows_that_one_sheet_cannot_hold_go_on_the_next(house, monkeypatch):
    assert Worksheet().xls_rowmax == 1 + spreadsheets._SHEET_ROWS
    monkeypatch.setattr(spreadsheets, "_SHEET_ROWS", 3)
    body = answer(house, "xlsx", Table("x", (Column("Name"),), [(f"n{one}",) for one in range(7)]))
    sheets = [[row[0][1] for row in xlsx_rows(body, sheet)] for sheet in (1, 2, 3)]
    assert sheets == [["Name", "n0", "n1", "n2"], ["Name", "n3", "n4", "n5"], ["Name", "n6"]]
    body = answer(house, "xlsx", Table("x", (Column("Name"),), [("n",)] * 3))
    with pytest.raises(KeyError):
        xlsx_rows(body, 2)


def test_a_table_that_breaks_is_no_short_file(house):
    def rows():
        yield ("one",)
        raise RuntimeError("the database went away")

    for ending in ENDINGS:
        with pytest.raises(RuntimeError):
            answer(house, ending, Table("x", (Column("Name"),), rows()))
