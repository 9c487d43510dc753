"""Files as people drop them: CSV from rows, and workbooks as spreadsheets write them, made by hand so that each part can be wrong."""

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from bookkeeping.inspection_source.dropped.lines import Checked, check_tables
from bookkeeping.inspection_source.dropped.sheets import read_tables

DENVER = ZoneInfo("America/Denver")
NOW = datetime(2026, 3, 5, 18, tzinfo=UTC)
HEAD = ("Inspection", "Date", "Client", "Email", "Street", "Service", "Fee")
ONE = ("1001", "2026-03-02", "Ada Reyes", "ada@example.com", "12 Oak St", "Home inspection", "425.00")
TWO = ("1002", "3/4/2026", "Bo Lind", "", "14 Elm St", "Radon test", "$1,150.00")
PAID = ("Inspection", "Payment", "Paid on", "Amount", "Method")
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINK = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def csv_file(*rows: Sequence[str], delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    """Return the rows as a CSV file."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue().encode(encoding)


def checked(*rows: Sequence[str], name: str = "march.csv") -> Checked:
    """Return what is read of one CSV file of these rows."""
    return check_tables(read_tables(name, csv_file(*rows)), DENVER)


def workbook(
    sheets: dict[str, Iterable[Sequence[str]]], *, hidden: Sequence[str] = (), **parts: str | None
) -> bytes:
    """Return a workbook. A cell is text, or `<…>` for a cell written out; `parts` replace a part, or leave it out where None."""
    shared: list[str] = []
    made: dict[str, str | None] = {}
    listed = links = ""
    for number, (title, rows) in enumerate(sheets.items(), 1):
        state = ' state="hidden"' if title in hidden else ""
        listed += f'<sheet name="{escape(title)}" sheetId="{number}"{state} r:id="r{number}"/>'
        links += f'<Relationship Id="r{number}" Type="x" Target="worksheets/sheet{number}.xml"/>'
        made[f"xl/worksheets/sheet{number}.xml"] = _sheet(rows, shared)
    made["xl/workbook.xml"] = (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_LINK}"><workbookPr/><sheets>{listed}</sheets></workbook>'
    )
    made["xl/_rels/workbook.xml.rels"] = f"<Relationships>{links}</Relationships>"
    items = "".join(f"<si><t>{escape(text)}</t></si>" for text in shared)
    made["xl/sharedStrings.xml"] = f'<sst xmlns="{_MAIN}">{items}</sst>'
    made["xl/styles.xml"] = (
        f'<styleSheet xmlns="{_MAIN}"><numFmts><numFmt numFmtId="164" formatCode="[$-409]m/d/yy\\ h:mm"/>'
        '<numFmt numFmtId="165" formatCode="&quot;days&quot;\\ 0.00"/></numFmts><cellXfs><xf numFmtId="0"/>'
        '<xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs></styleSheet>'
    )
    made |= {name.replace("__", "/") + ".xml": part for name, part in parts.items()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, part in made.items():
            if part is not None:
                packed.writestr(name, part)
    return out.getvalue()


def _sheet(rows: Iterable[Sequence[str]], shared: list[str]) -> str:
    body = ""
    for row in rows:
        body += "<row>"
        for value in row:
            if value.startswith("<"):
                body += value
            elif value:
                shared.append(value)
                body += f'<c t="s"><v>{len(shared) - 1}</v></c>'
            else:
                body += "<c/>"
        body += "</row>"
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{body}</sheetData></worksheet>'
