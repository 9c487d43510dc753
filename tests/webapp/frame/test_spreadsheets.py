"""Text from strangers is text in a spreadsheet, in every CSV of ours; plain numbers stay numbers."""

import json

import pytest

from bookkeeping.storage.records.migrations import MigrationReceipt
from webapp.frame.spreadsheets import csv_answer
from webapp.migration.files import copies_csv

STARTS = ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"]


@pytest.mark.parametrize("start", STARTS)
def test_no_cell_is_a_formula(start, house):
    with house.app.app_context():
        text = csv_answer("x.csv", ("name",), [(f"{start}1+A1",)]).get_data(as_text=True)
    assert f"'{start}1+A1" in text


@pytest.mark.parametrize("number", ["-12.50", "425.00", "0"])
def test_plain_numbers_stay_numbers(number, house):
    with house.app.app_context():
        text = csv_answer("x.csv", ("name",), [(number,)]).get_data(as_text=True)
    assert text.splitlines()[1] == number


@pytest.mark.parametrize("start", STARTS)
def test_no_cell_of_a_migrations_copies_is_a_formula(start):
    line = {"DetailType": "SalesItemLineDetail", "Amount": 1, "SalesItemLineDetail": {}}
    kept = MigrationReceipt(
        inspection_key="1", archive=json.dumps({"DocNumber": f"{start}1+A1", "Line": [line]})
    )
    assert f"'{start}1+A1" in copies_csv([kept])
