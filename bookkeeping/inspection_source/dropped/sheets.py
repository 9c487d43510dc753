"""A dropped file as tables of text: CSV in the shapes that spreadsheets write, and XLSX (`workbook`). What its columns mean is in `columns` and `lines`."""

import csv
import io
from dataclasses import dataclass

from bookkeeping.inspection_source.dropped.workbook import Workbook, WorkbookError

LARGEST_FILE = 1_000_000
"""Bytes: some five thousand inspections as CSV. The whole of what a browser may send is 1 MB."""

MOST_ROWS = 10_001
MOST_COLUMNS = 60
LONGEST_CELL = 1000
_DELIMITERS = ",;\t"
_OTHER_KINDS = (b"\xd0\xcf\x11\xe0", b"%PDF", b"\x89PNG", b"\xff\xd8\xff")


class FileRefusedError(ValueError):
    """The file cannot be read at all; the message says what to do."""


@dataclass(frozen=True)
class Table:
    """One table of a dropped file. `rows` are its rows as text, the first of them line 1; all are as long as the longest."""

    name: str
    rows: tuple[tuple[str, ...], ...]


def read_tables(name: str, content: bytes) -> list[Table]:
    """Return the tables of one file: the one of a CSV file, the visible sheets of a workbook that hold anything.

    Raises:
        FileRefusedError: it is empty, too large, of another kind, or damaged.
    """
    if len(content) > LARGEST_FILE:
        raise FileRefusedError(f"{name} is larger than 1 MB. Split it by month, and drop one part at a time.")
    if content.startswith(b"PK"):
        tables = _workbook(name, content)
    elif content.startswith(_OTHER_KINDS) or (not _is_wide(content) and b"\0" in content):
        raise FileRefusedError(f"{name} is neither CSV nor XLSX. Save it as one of these, and drop it again.")
    else:
        tables = [Table(name, _csv(name, content))]
    found = [table for table in tables if table.rows]
    if not found:
        raise FileRefusedError(f"{name} is empty. Fill in the template, and drop it again.")
    return found


def _csv(name: str, content: bytes) -> tuple[tuple[str, ...], ...]:
    text = _decoded(content)
    head = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(_DELIMITERS, key=head.count)
    try:
        # Strict: a quote in the wrong place would swallow the rows after it.
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise FileRefusedError(
            f"{name} cannot be read as CSV. Open it in a spreadsheet, save it as CSV once more, and drop it again."
        ) from error
    return _bounded(name, rows)


def _is_wide(content: bytes) -> bool:
    """Whether it is UTF-16: what Excel calls Unicode text."""
    return content.startswith((b"\xff\xfe", b"\xfe\xff"))


def _decoded(content: bytes) -> str:
    if _is_wide(content):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")  # Excel's plain "CSV" on Windows.


def _workbook(name: str, content: bytes) -> list[Table]:
    try:
        sheets = Workbook(content, most_rows=MOST_ROWS, most_columns=MOST_COLUMNS).sheets()
    except WorkbookError as error:
        raise FileRefusedError(f"{name} {error}. Save it as XLSX or CSV, and drop it again.") from error
    return [Table(f"{name}, {title}", _bounded(f"{name}, {title},", rows)) for title, rows in sheets]


def _bounded(name: str, rows: list[list[str]]) -> tuple[tuple[str, ...], ...]:
    while rows and not any(cell.strip() for cell in rows[-1]):
        rows.pop()
    width = max((len(row) for row in rows), default=0)
    if len(rows) > MOST_ROWS or width > MOST_COLUMNS:
        raise FileRefusedError(
            f"{name} has more than {MOST_ROWS - 1:,} rows or {MOST_COLUMNS} columns. Split it by month."
        )
    if any(len(cell) > LONGEST_CELL for row in rows for cell in row):
        raise FileRefusedError(f"{name} has a cell of more than {LONGEST_CELL} letters. Shorten it.")
    texts = ([cell.replace("\0", "").strip() for cell in row] for row in rows)
    return tuple(tuple(row + [""] * (width - len(row))) for row in texts)
