"""The service and fee names that a company's inspections carry: which there are, how often, and whose Invoices have them."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ColumnElement, String, column, func, select, true

from bookkeeping.rules.documents import line_name
from bookkeeping.rules.inspection import FeeLine, LineKind
from bookkeeping.rules.money import ZERO
from bookkeeping.storage.base import db
from bookkeeping.storage.records.documents import Document
from bookkeeping.storage.records.inspections import InspectionRow

MAPPED_KINDS = ("service", "fee")


@dataclass(frozen=True)
class SeenName:
    """A name by which lines are mapped, as `line_name` has it; `written` are its spellings on the platform.

    `kind` is service, fee, discount or tax; `times` counts lines, `last` is the latest inspection that has one (aware UTC).
    """

    name: str
    kind: str
    times: int
    last: datetime
    written: tuple[str, ...]


def names_seen(company_id: int) -> list[SeenName]:
    """Return every name on the company's inspections, the most frequent first. A name with two kinds counts for the first."""
    found: dict[tuple[str, bool], SeenName] = {}
    for kind, written, times, last in sorted(_noted(company_id), key=lambda one: (one[1], one[0])):
        said = line_name(FeeLine("", kind, written, ZERO))
        place = (said, kind in MAPPED_KINDS)
        known = found.get(place, SeenName(said, kind, 0, last, ()))
        spellings = known.written if written in known.written else (*known.written, written)
        found[place] = SeenName(said, known.kind, known.times + times, max(known.last, last), spellings)
    return sorted(found.values(), key=lambda one: (-one.times, one.name))


def _noted(company_id: int) -> Iterator[tuple[LineKind, str, int, datetime]]:
    """Yield (kind, name as the platform has it, lines, the latest start): from the index, and from the records of rows that it does not have."""
    mine, starts_at = InspectionRow.company_id == company_id, InspectionRow.starts_at
    latest = func.max(starts_at, type_=starts_at.type)
    alike = select(InspectionRow.fee_names, func.count(), latest).where(
        mine, InspectionRow.fee_names.is_not(None)
    )
    for names, times, last in db.session.execute(alike.group_by(InspectionRow.fee_names)):
        for kind, name in json.loads(names or "[]"):
            yield kind, name, times, last
    source, name, kind = _lines()
    others = select(kind, name, func.count(), latest).select_from(InspectionRow).join(source, true())
    others = others.where(mine, InspectionRow.fee_names.is_(None)).group_by(kind, name)
    for kind_of, written, times, last in db.session.execute(others):
        yield kind_of, written or "", times, last


def invoices_with(company_id: int, names: Collection[str], kinds: Collection[str]) -> dict[str, Any]:
    """Return the condition's Invoices: {inspection key: day} of living ones with a line of these spellings and kinds."""
    if not names:
        return {}
    source, name, kind = _lines()
    rows = (
        select(Document.inspection_key, Document.txn_date)
        .select_from(InspectionRow)
        .join(source, true())
        .join(
            Document,
            (Document.company_id == InspectionRow.company_id)
            & (Document.inspection_key == InspectionRow.key),
        )
        .where(InspectionRow.company_id == company_id, Document.kind == "Invoice", Document.status == "live")
        .where(name.in_(sorted(names)), kind.in_(sorted(kinds)))
        .distinct()
    )
    return dict(db.session.execute(rows).all())


def inspectors(company_id: int, limit: int = 200) -> list[tuple[str, int]]:
    """Return (inspector, inspections), the busiest first."""
    rows = (
        select(InspectionRow.inspector, func.count())
        .where(InspectionRow.company_id == company_id, InspectionRow.inspector != "")
        .group_by(InspectionRow.inspector)
        .order_by(func.count().desc(), InspectionRow.inspector)
        .limit(limit)
    )
    return [(name, count) for name, count in db.session.execute(rows)]


def _lines() -> tuple[Any, ColumnElement[str], ColumnElement[LineKind]]:
    """Return (a source of the lines in an inspection's record, a line's name, its kind), as this database reads JSON."""
    if db.engine.dialect.name == "postgresql":
        source = func.json_array_elements(InspectionRow.record["lines"]).table_valued(column("value", JSON))
        source = source.render_derived(name="line")
        return source, source.c.value["name"].as_string(), source.c.value["kind"].as_string()
    source = func.json_each(InspectionRow.record, "$.lines").table_valued("value", name="line")
    name = func.json_extract(source.c.value, "$.name", type_=String())
    return source, name, func.json_extract(source.c.value, "$.kind", type_=String())
