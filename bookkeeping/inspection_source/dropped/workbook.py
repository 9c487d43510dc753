"""An XLSX workbook from somebody else, as rows of text: only what tables need of it, read with bounds before anything is built.

Made for hostile files, which is why it is here and not a library's: those read here lay a sheet out as far as its last cell (one in the far corner is
seventeen thousand million), or copy a long text into each cell that names it. Source: ECMA-376, part 1 (SpreadsheetML).
"""

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import PurePosixPath
from xml.etree import ElementTree  # Entities are refused before it reads; see `_part`.

LARGEST_PART = 30_000_000
LARGEST_TOGETHER = 40_000_000
MOST_ELEMENTS = 1_000_000
"""Of XML in a whole workbook: more than ten thousand rows of sixty cells are."""

MOST_HELD = 300_000
"""Of XML in memory at once: what is longest is the list of styles, or one row."""

_DATE_FORMATS = {*range(14, 23), *range(45, 48)}
"""Built-in number formats that show a day or a time."""

_POSITION = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_NO_CODE = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')
"""What of a format's code is no letter of a date: quoted text, escapes, colours."""


class WorkbookError(ValueError):
    """It is no workbook, damaged, locked, or larger than allowed; the message is the end of a sentence."""


class Workbook:
    """One workbook. `most_rows` and `most_columns` bound each sheet."""

    def __init__(self, content: bytes, *, most_rows: int, most_columns: int) -> None:
        self._most = (most_rows, most_columns)
        self._left, self._elements_left = LARGEST_TOGETHER, MOST_ELEMENTS
        try:
            self._packed = zipfile.ZipFile(io.BytesIO(content))
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise WorkbookError("is damaged") from error

    def sheets(self) -> list[tuple[str, list[list[str]]]]:
        """Return (name, rows) of every sheet that is shown. Rows begin with the sheet's first, and end with their last cell that says something.

        Raises:
            WorkbookError: says what is wrong with it.
        """
        try:
            return self._sheets()
        except (ElementTree.ParseError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise WorkbookError("is damaged or locked with a password") from error
        except (KeyError, IndexError, ValueError, ArithmeticError, OSError, EOFError) as error:
            if isinstance(error, WorkbookError):
                raise
            raise WorkbookError("is damaged") from error

    def _sheets(self) -> list[tuple[str, list[list[str]]]]:
        book = self._whole("xl/workbook.xml")
        self._since_1904 = any(
            _name(one) == "workbookPr" and one.get("date1904") in ("1", "true") for one in book.iter()
        )
        targets = {
            one.get("Id", ""): one.get("Target", "") for one in self._whole("xl/_rels/workbook.xml.rels")
        }
        self._texts = self._shared_texts()
        self._dates = self._date_styles()
        found = []
        for one in book.iter():
            if _name(one) != "sheet" or one.get("state", "visible") != "visible":
                continue
            link = next(value for name, value in one.attrib.items() if name.endswith("}id"))
            target = targets[link]
            place = target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)
            if "worksheets/" in place:
                found.append((one.get("name", ""), self._rows(place)))
        return found

    def _part(self, name: str) -> io.BytesIO:
        """Return a part's bytes, counted while they are unpacked, and with nothing in them that could be expanded."""
        taken = bytearray()
        with self._packed.open(name) as stream:
            while piece := stream.read(1 << 16):
                taken += piece
                self._left -= len(piece)
                if len(taken) > LARGEST_PART or self._left < 0:
                    raise WorkbookError("unpacks to more than 40 MB: take out pictures and unused sheets")
        if b"<!DOCTYPE" in taken or b"<!ENTITY" in taken or taken.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise WorkbookError("is damaged")
        return io.BytesIO(bytes(taken))

    def _whole(self, name: str) -> ElementTree.Element:
        return list(self._each(name, ""))[-1]

    def _each(self, part: str, name: str) -> Iterator[ElementTree.Element]:
        """Yield each element of that name once it is whole, and let go of it afterwards, and of all around; without a name the whole part.

        Elements are counted as they begin: a small file can hold more than there is memory for.
        """
        path: list[ElementTree.Element] = []
        held = inside = 0
        for event, one in ElementTree.iterparse(self._part(part), ("start", "end")):  # noqa: S314  # nosec B314  # See `_part`.
            wanted = _name(one) == name if name else len(path) == (event == "end")
            if event == "start":
                path.append(one)
                held, inside, self._elements_left = held + 1, inside + wanted, self._elements_left - 1
                if held > MOST_HELD or not self._elements_left:
                    raise WorkbookError("holds more than ten thousand rows do: split it by month")
                continue
            path.pop()
            if wanted:
                yield one
                inside -= 1
            if not inside and path:
                path[-1].remove(one)
                held = len(path)

    def _shared_texts(self) -> list[str]:
        if "xl/sharedStrings.xml" not in self._packed.namelist():
            return []
        return [_text(one).strip() for one in self._each("xl/sharedStrings.xml", "si")]

    def _date_styles(self) -> set[int]:
        """Return which cell styles show a number as a day."""
        if "xl/styles.xml" not in self._packed.namelist():
            return set()
        styles = self._whole("xl/styles.xml")
        codes = {
            int(one.get("numFmtId", "0")): one.get("formatCode", "")
            for one in styles.iter()
            if _name(one) == "numFmt"
        }
        days = _DATE_FORMATS | {
            number for number, code in codes.items() if re.search("[ymdhs]", _NO_CODE.sub("", code.lower()))
        }
        cells = next((one for one in styles.iter() if _name(one) == "cellXfs"), ())
        return {place for place, one in enumerate(cells) if int(one.get("numFmtId", "0")) in days}

    def _rows(self, name: str) -> list[list[str]]:
        cells: dict[tuple[int, int], str] = {}
        row = column = 0
        for one in self._each(name, "row"):
            row, column = int(one.get("r", row + 1)), 0
            for cell in one:
                place = _POSITION.fullmatch(cell.get("r", ""))
                column = _column(place[1]) if place else column + 1
                if text := self._value(cell):
                    if row > self._most[0] or column > self._most[1]:
                        raise WorkbookError(
                            f"has more than {self._most[0]:,} rows or {self._most[1]} columns: split it by month"
                        )
                    cells[row, column] = text
        rows: list[list[str]] = [[] for _ in range(max((row for row, _ in cells), default=0))]
        for (row, column), text in sorted(cells.items()):
            line = rows[row - 1]
            line += [""] * (column - len(line))
            line[column - 1] = text
        return rows

    def _value(self, cell: ElementTree.Element) -> str:
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            return "".join(_text(one) for one in cell if _name(one) == "is").strip()
        value = next((one.text or "" for one in cell if _name(one) == "v"), "").strip()
        if kind == "s" and value:
            return self._texts[int(value)]
        if kind == "b":
            return {"1": "yes", "0": "no"}.get(value, "")
        if kind != "n" or not value:
            return value.replace("T00:00:00", "") if kind == "d" else value
        return self._day(value) if int(cell.get("s", "0")) in self._dates else _number(value)

    def _day(self, value: str) -> str:
        """Return the day, with its time where there is one, that a serial number stands for; under one, a time alone."""
        serial = float(value)
        seconds = round(serial * 86400)
        first = datetime(1904, 1, 1) if self._since_1904 else datetime(1899, 12, 30)
        moment = first + timedelta(seconds=seconds)
        if serial < 1:
            return moment.strftime("%H:%M")
        return (
            moment.date().isoformat() if seconds % 86400 == 0 else moment.isoformat(" ", timespec="minutes")
        )


def _number(value: str) -> str:
    """Return a number as it was typed. Sums of a spreadsheet end in 0.30000000000000004; nobody typed more than six places."""
    try:
        number = Decimal(value)
        if not number.is_finite() or number.adjusted() >= 15:
            return value
        text = format(round(number, 6), "f")
    except InvalidOperation:
        return value
    return text.rstrip("0").rstrip(".") if "." in text else text


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _text(one: ElementTree.Element) -> str:
    """Return all text of a string item, without its pronunciation (`rPh`)."""
    if _name(one) == "rPh":
        return ""
    return (one.text or "") if _name(one) == "t" else "".join(_text(part) for part in one)


def _name(one: ElementTree.Element) -> str:
    """Return an element's name without its namespace, of which there are a transitional and a strict one."""
    return str(one.tag).rpartition("}")[2]
