"""Lists and statements as files that a spreadsheet opens right: CSV (UTF-8 with its mark, no lines before the headings) and XLSX.

Both are made from one `Table`, so they have the same rows and sums. Days and times are the company's. No text becomes a formula: in a CSV it
gets an apostrophe (`bookkeeping.cells`), in an XLSX it is written as text, and stays text when somebody edits the cell.
"""

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any, Literal
from zoneinfo import ZoneInfo

from flask import Response, request, send_file
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from bookkeeping.cells import FORMULA_STARTS, cell

Kind = Literal["text", "money", "number", "day", "moment"]
Value = str | int | float | Decimal | date | datetime | None

ENDINGS = ("csv", "xlsx")
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_IN_MEMORY = 2_000_000  # Bytes; a longer file waits on disk while it is sent.
_LONGEST_TEXT = 32_767  # What a cell of Excel can hold.
_SHEET_ROWS = 1_048_575  # What a sheet of Excel can hold below its headings.
_WIDTHS = {"text": 24, "money": 13, "number": 11, "day": 12, "moment": 18}
_LOOKS = {"money": "#,##0.00", "number": "#,##0.##", "day": "yyyy-mm-dd", "moment": "yyyy-mm-dd hh:mm"}


@dataclass(frozen=True)
class Column:
    """A column: its heading in words, and what stands in it."""

    heading: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Table:
    """One list as a file: `name` is the file's without its ending, `zone` the one in which its moments are said.

    A cell may be given as it is stored: amounts as text (`425.00`), days and instants as ISO text; nothing is None or "".
    """

    name: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Any]]
    zone: str = "UTC"

    @property
    def headings(self) -> list[str]:
        """The first line; moments say in whose time they are: `Start (Denver time)`."""
        said = "UTC" if self.zone == "UTC" else f"{self.zone.rpartition('/')[2].replace('_', ' ')} time"
        return [f"{one.heading} ({said})" if one.kind == "moment" else one.heading for one in self.columns]

    def values(self) -> Iterator[list[Value]]:
        """Yield each row with its values in their own types; moments lose their zone, which the heading names."""
        zone = ZoneInfo(self.zone)
        for row in self.rows:
            yield [_value(value, column.kind, zone) for value, column in zip(row, self.columns, strict=True)]


def text_columns(headings: Iterable[str]) -> tuple[Column, ...]:
    """Return columns of plain text."""
    return tuple(Column(heading) for heading in headings)


def file_asked() -> str:
    """Return which file of a list the address asks for by `?as=`: "csv", "xlsx", or "" for the page."""
    asked = request.args.get("as", "")
    return asked if asked in ENDINGS else ""


def file_answer(table: Table, ending: str) -> Response:
    """Return the table as a download. It is made whole before its first byte goes out: one that breaks is no short file."""
    file: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 (Closed with the answer.)
    write = _write_xlsx if ending == "xlsx" else _write_csv
    write(table, file)
    length = file.tell()
    file.seek(0)
    kind = XLSX_TYPE if ending == "xlsx" else "text/csv; charset=utf-8"
    answer = send_file(file, kind, as_attachment=True, download_name=f"{table.name}.{ending}")
    answer.content_length = length
    return answer


def _write_csv(table: Table, file: IO[bytes]) -> None:
    text = io.TextIOWrapper(file, "utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow([cell(heading) for heading in table.headings])
    writer.writerows([_said(value) for value in row] for row in table.values())
    text.detach()


def _write_xlsx(table: Table, file: IO[bytes]) -> None:
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = Workbook(file, {**options, "strings_to_numbers": False})
    looks = {kind: book.add_format({"num_format": look}) for kind, look in _LOOKS.items()}
    plain, harmless, bold = book.add_format(), book.add_format(), book.add_format({"bold": True})
    harmless.set_quote_prefix()
    looks |= {"text": plain, "harmless": harmless, "bold": bold}
    sheet, last = _new_sheet(book, table, looks), 0
    for row in table.values():
        if last == _SHEET_ROWS:
            _end_sheet(sheet, table, last)
            sheet, last = _new_sheet(book, table, looks), 0
        last += 1
        for place, (value, column) in enumerate(zip(row, table.columns, strict=True)):
            _write_cell(sheet, last, place, value, looks, column.kind)
    _end_sheet(sheet, table, last)
    book.close()


def _new_sheet(book: Workbook, table: Table, looks: dict[str, Any]) -> Worksheet:
    """Return another sheet of the book, with its headings: the first, or one on which what the last could not hold goes on."""
    sheet = book.add_worksheet()
    sheet.freeze_panes(1, 0)
    for place, (heading, column) in enumerate(zip(table.headings, table.columns, strict=True)):
        sheet.set_column(place, place, max(_WIDTHS[column.kind], len(heading) + 2))
        sheet.write_string(0, place, heading, looks["bold"])
    return sheet


def _end_sheet(sheet: Worksheet, table: Table, last: int) -> None:
    if table.columns:
        sheet.autofilter(0, 0, last, len(table.columns) - 1)


def _write_cell(
    sheet: Worksheet, row: int, place: int, value: Value, looks: dict[str, Any], kind: str
) -> None:
    match value:
        case None | "":
            return
        case str():
            look = looks["harmless"] if value.startswith(FORMULA_STARTS) else looks["text"]
            sheet.write_string(row, place, value[:_LONGEST_TEXT], look)
        case date() if value.year < 1900:  # Excel's days begin then.
            sheet.write_string(row, place, _said(value), looks["text"])
        case date():
            sheet.write_datetime(row, place, value, looks[kind])
        case _:
            sheet.write_number(row, place, float(value), looks[kind])


def _said(value: Value) -> str:
    """Return a value as a CSV has it: days and times in the order that every spreadsheet reads."""
    return cell(f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else value)


def _value(value: Any, kind: Kind, zone: ZoneInfo) -> Value:
    if value is None or value == "":
        return None
    match kind:
        case "money":
            return Decimal(str(value)).quantize(Decimal("0.01"))
        case "number":
            return Decimal(str(value))
        case "day":
            return date.fromisoformat(value) if isinstance(value, str) else value
        case "moment":
            at = datetime.fromisoformat(value) if isinstance(value, str) else value
            return at.astimezone(zone).replace(tzinfo=None, microsecond=0)
    return str(value)
