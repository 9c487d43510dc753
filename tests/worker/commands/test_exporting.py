"""Text from strangers is text in a spreadsheet, in what a company takes with it; plain numbers stay numbers."""

import csv
import io
import zipfile

import pytest
from sqlalchemy import update

from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from worker.commands.exporting import write_export


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_cell_of_an_export_is_a_formula(start, desk, shop, tmp_path):
    file = str(tmp_path / "all.zip")
    with shop.app.app_context():
        named = {"name": f"{start}1+A1", "feed_detail": "-12.50"}
        db.session.execute(update(Company).where(Company.id == desk.id).values(**named))
        db.session.commit()
        write_export(desk.id, file)
    with zipfile.ZipFile(file) as archive:
        [row] = csv.DictReader(io.StringIO(archive.read("companies.csv").decode(), newline=""))
    assert (row["name"], row["feed_detail"]) == (f"'{start}1+A1", "-12.50")
