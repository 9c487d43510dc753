"""Keyset paging: a page continues from the last row seen, so the thousandth page costs what the first one does."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import BigInteger, ColumnElement, Label, Select, func, literal, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from bookkeeping.storage.base import UtcDateTime, db

T = TypeVar("T")
Column = InstrumentedAttribute[Any] | Label[Any]

PAGE_SIZE = 50
EARLIEST_YEAR, LATEST_YEAR = 1990, 2200
SEARCH_ROWS = 100_000
"""How many rows one page of a search may look at."""


class PositionError(ValueError):
    """The text is no position that `Position.parse` can read: an address was cut or edited."""


@dataclass(frozen=True)
class Position:
    """A place in an ordered list: the rows older (`forward`) or newer than the one with these column values."""

    forward: bool
    values: tuple[Any, ...]

    def __str__(self) -> str:
        parts = (value.isoformat() if isinstance(value, datetime) else str(value) for value in self.values)
        return "~".join(("older" if self.forward else "newer", *parts))

    @classmethod
    def parse(cls, text: str, columns: Sequence[Column]) -> "Position":
        """Return the position that `str` wrote for these columns (whole numbers and aware times).

        Raises:
            PositionError: the text is something else.
        """
        direction, *parts = text.split("~")
        if direction not in ("older", "newer") or len(parts) != len(columns):
            raise PositionError(text)
        try:
            values = tuple(_value(part, column) for part, column in zip(parts, columns, strict=True))
        except ValueError as error:
            raise PositionError(text) from error
        return cls(direction == "older", values)


@dataclass(frozen=True)
class Page(Generic[T]):
    """Rows of one page, newest first, and the positions of its neighbours (None where there is nothing).

    `unfinished`: the search stopped after looking at as many rows as one page may; `older` goes on from there.
    """

    rows: list[T]
    older: Position | None
    newer: Position | None
    unfinished: bool = False


def keyset_page(
    query: Select[T],
    columns: Sequence[Column],
    position: Position | None,
    size: int = PAGE_SIZE,
    *,
    top_up: bool = True,
    ascending: bool = False,
) -> Page[T]:
    """Return the page of `query` at `position` (None: the first), ordered by `columns` descending (or `ascending`: "older" is then further up).

    The columns together must be unique and not null, or rows are lost between pages. The last is the table's id.
    With `top_up` a page that reaches the newest row is the first page, whole, rather than a short one.
    """
    forward = position is None or position.forward
    down = forward is not ascending
    ordered = query.order_by(*(column.desc() if down else column.asc() for column in columns))
    if position is not None:
        ordered = ordered.where(beyond(columns, replace(position, forward=down)))
    rows = list(db.session.scalars(ordered.limit(size + 1)))
    more = len(rows) > size
    rows = rows[:size]
    if top_up and not forward and not more:
        return keyset_page(query, columns, None, size, ascending=ascending)
    if not forward:
        rows.reverse()
    older = more if forward else True
    newer = position is not None if forward else more
    return Page(
        rows,
        older=_at(rows[-1], columns, forward=True) if rows and older else None,
        newer=_at(rows[0], columns, forward=False) if rows and newer else None,
    )


def named_page(
    query: Select[T],
    mine: ColumnElement[bool],
    columns: Sequence[Column],
    position: Position | None,
    size: int = PAGE_SIZE,
    *,
    ascending: bool = False,
) -> Page[T]:
    """As `keyset_page`, in an order by what stands in no address, such as clients' names: a position names a row by its id alone.

    `mine` says whose rows they are. The place is that of the row as it stands now; the first page when there is none such.
    """
    place = None
    if position is not None:
        row = db.session.execute(
            select(*columns).where(mine, columns[-1] == position.values[-1])
        ).one_or_none()
        place = Position(position.forward, tuple(row)) if row is not None else None
    found = keyset_page(query, columns, place, size, ascending=ascending)
    older, newer = (Position(at.forward, at.values[-1:]) if at else None for at in (found.older, found.newer))
    return replace(found, older=older, newer=newer)


def sorted_page(
    query: Select[T],
    matching: ColumnElement[bool],
    mine: ColumnElement[bool],
    columns: Sequence[Column],
    position: Position | None,
    size: int = PAGE_SIZE,
    *,
    ascending: bool = False,
    whole: bool = False,
) -> Page[T]:
    """As `named_page`, of the rows that match, in an order without an index: among the newest `SEARCH_ROWS` of `query`, or (`whole`) all.

    `unfinished` where there are more than were sorted.
    """
    row_id, more = columns[-1], False
    if not whole:
        ids = query.with_only_columns(row_id, maintain_column_froms=True)
        window = ids.order_by(row_id.desc()).limit(SEARCH_ROWS).subquery()
        low, count = db.session.execute(select(func.min(window.c.id), func.count())).one()
        query, more = query.where(row_id >= (low or 0)), count == SEARCH_ROWS
    found = named_page(query.where(matching), mine, columns, position, size, ascending=ascending)
    return replace(found, unfinished=more)


def search_page(
    query: Select[T],
    matching: ColumnElement[bool],
    row_id: InstrumentedAttribute[int],
    position: Position | None,
    size: int = PAGE_SIZE,
    *,
    ascending: bool = False,
) -> Page[T]:
    """Return a page of the rows of `query` that match, by id, newest first (or `ascending`), having looked at `SEARCH_ROWS` of them at most.

    For conditions that no index answers, such as text within a name: the page is `unfinished` where the search stopped early.
    """
    forward = position is None or position.forward
    down = forward is not ascending
    ids = query.with_only_columns(row_id, maintain_column_froms=True)
    if position is not None:
        ids = ids.where(beyond((row_id,), replace(position, forward=down)))
    window = ids.order_by(row_id.desc() if down else row_id.asc()).limit(SEARCH_ROWS).subquery()
    low, high, count = db.session.execute(
        select(func.min(window.c.id), func.max(window.c.id), func.count())
    ).one()
    if count == 0:
        return Page([], None, None)
    looked_at = query.where(matching, row_id.between(low, high))
    page = keyset_page(looked_at, (row_id,), position, size, top_up=False, ascending=ascending)
    if count < SEARCH_ROWS:
        return page
    end = (low if down else high,)
    if forward and page.older is None:
        return replace(page, older=Position(True, end), unfinished=True)
    if not forward and page.newer is None:
        return replace(page, newer=Position(False, end), unfinished=True)
    return page


def every_row(page_at: Callable[[Position | None], Page[T]]) -> Iterator[list[T]]:
    """Yield all rows of a list, page by page from the first on; `page_at` gives the page at a position."""
    position = None
    while True:
        page = page_at(position)
        if page.rows:
            yield page.rows
        if page.older is None:
            return
        position = page.older


def beyond(columns: Sequence[Column], position: Position) -> ColumnElement[bool]:
    """Return the condition for rows on the far side of the position, as one row comparison that an index answers."""
    values = tuple_(
        *(literal(value, column.type) for value, column in zip(position.values, columns, strict=True))
    )
    return tuple_(*columns) < values if position.forward else tuple_(*columns) > values


def _at(row: Any, columns: Sequence[Column], *, forward: bool) -> Position:
    return Position(forward, tuple(getattr(row, column.key) for column in columns))


def _value(text: str, column: Column) -> Any:
    if not isinstance(column.type, UtcDateTime):
        number = int(text)
        if not 0 <= number < (2**63 if isinstance(column.type, BigInteger) else 2**31):
            raise ValueError(text)
        return number
    moment = datetime.fromisoformat(text)
    # Nothing of ours is that far, and the last day of all has no UTC in some zones.
    if moment.tzinfo is None or not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        raise ValueError(text)
    return moment
