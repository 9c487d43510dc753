"""What a spreadsheet would show of a downloaded file: rows of values, from CSV and from XLSX alike."""

import csv
import io
import zipfile
from xml.etree import ElementTree

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
MARK = b"\xef\xbb\xbf"


def csv_rows(body: bytes) -> list[list[str]]:
    """Return the file's rows; it must begin with the mark of UTF-8."""
    assert body.startswith(MARK), body[:20]
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def csv_table(body: bytes) -> list[dict[str, str]]:
    """Return the rows under their headings."""
    head, *rows = csv_rows(body)
    return [dict(zip(head, row, strict=True)) for row in rows]


def xlsx_rows(body: bytes, sheet: int = 1) -> list[dict[int, tuple[str, str]]]:
    """Return each row's cells by place (0 first), as (type, text); empty ones are not there.

    Types: `text` for words, `number` for numbers and days, `formula` for what none may have.
    """
    with zipfile.ZipFile(io.BytesIO(body)) as file:
        root = ElementTree.fromstring(file.read(f"xl/worksheets/sheet{sheet}.xml"))
    return [{_place(one): _cell(one) for one in row} for row in root.iter(f"{MAIN}row")]


def _place(one: ElementTree.Element) -> int:
    number = 0
    for letter in one.get("r", "").rstrip("0123456789"):
        number = number * 26 + ord(letter) - 64
    return number - 1


def _cell(one: ElementTree.Element) -> tuple[str, str]:
    if one.find(f"{MAIN}f") is not None:
        return "formula", one.findtext(f"{MAIN}f") or ""
    words = one.findtext(f"{MAIN}is/{MAIN}t")
    return ("text", words) if words is not None else ("number", one.findtext(f"{MAIN}v") or "")
