"""Tables as CSV for spreadsheets. A text that a spreadsheet would take for a formula is made harmless; plain numbers stay numbers."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from flask import Response

from bookkeeping.cells import cell


def csv_answer(file_name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """Return a download of these rows under their column names."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([cell(value) for value in row] for row in rows)
    answer = Response(out.getvalue(), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return answer
