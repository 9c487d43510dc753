"""What a sync asks of the database is found in an index, by more than which company it is: a large company is not walked for a small change.

Told by the plans of SQLite, which depend on indexes alone here. PostgreSQL chooses by how many rows there are: asked to do without whole tables
where it can, it shows whether any index helps. How much ops' and the worker's questions visit as history grows
measures `bench/ops_scale.py`.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Connection

from bookkeeping.storage.base import db
from tests.functional.office import inspection
from tests.harness.in_process import Desk, Shop

LARGE = (
    "inspections",
    "documents",
    "operations",
    "calls",
    "customer_links",
    "named_things",
    "others_payments",
)
"""Tables with a row an inspection and more."""

TABLES = "|".join(LARGE)
WALKED = re.compile(
    rf"^SCAN ({TABLES})\b|^SEARCH ({TABLES}) USING .*\(company_id=\?\)$|\bSeq Scan on ({TABLES})\b"
)
MAY_WALK = {
    "FROM documents WHERE documents.company_id = ? AND documents.status = ?": "the brake asks which share of all would be deleted",
}
"""Parts of statements that look at each row of a company, at most once a slice, and why. What a database binds stands as ?."""


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, shop: Shop) -> Desk:
    """A company on each database."""
    if request.param == "postgresql":
        url, queue = request.getfixturevalue("postgres_url"), shop.environment["REDIS_URL"].rpartition("/")[0]
        shop = Shop(url, f"{queue}/7", shop.platform, shop.intuit)
    return shop.open()


@contextmanager
def plans() -> Iterator[dict[str, list[str]]]:
    """Collect how the database answers each different statement of the block, but for new rows, by statement."""
    told: dict[str, list[str]] = {}

    def listen(
        connection: Connection, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool
    ) -> None:
        said = re.sub(r"%\(\w+\)s(::\w+)?", "?", " ".join(statement.split()))
        if said in told or said.split()[0] not in ("SELECT", "UPDATE", "DELETE"):
            return
        asking = connection.connection.cursor()
        if connection.dialect.name == "postgresql":
            asking.execute("SET LOCAL enable_seqscan = off")
            asking.execute(f"EXPLAIN (COSTS OFF) {statement}", parameters[0] if many else parameters)
            told[said] = [line for (line,) in asking.fetchall()]
        else:
            asking.execute(f"EXPLAIN QUERY PLAN {statement}", parameters[0] if many else parameters)
            told[said] = [row[3] for row in asking.fetchall()]

    engine = db.engine
    event.listen(engine, "before_cursor_execute", listen)
    try:
        yield told
    finally:
        event.remove(engine, "before_cursor_execute", listen)


def walks(plan: list[str]) -> list[str]:
    """Return the steps that look at a whole large table, or at all that a company has in one."""
    return [step for step in plan if WALKED.search(step)]


def test_a_slice_walks_no_large_table(desk: Desk):
    fee, payment, cancelled = desk.book(*[inspection(number) for number in range(3)])
    desk.run()  # Reads all lists, and what follows from them is looked for everywhere, once.
    more = inspection(4)
    with desk.shop.app.app_context(), plans() as told:
        desk.book(more)
        desk.change(fee, line_items=[{"kind": "service", "name": "Full Home Inspection", "amount": "600.00"}])
        desk.change(payment, payments=[])
        desk.change(cancelled, canceled=True)
        desk.run()
    assert len(told) > 50
    walking = {statement: walks(plan) for statement, plan in told.items() if walks(plan)}
    allowed = {statement: why for statement in walking for why in MAY_WALK if why in statement}
    bad = [f"{steps}: {statement}" for statement, steps in walking.items() if statement not in allowed]
    assert not bad, "\n".join(bad)
    asked = {why for statement in told for why in MAY_WALK if why in statement}
    assert asked == set(MAY_WALK), "what is allowed is asked"


def test_a_walk_is_told():
    """The words of SQLite 3.40 and PostgreSQL 15."""
    assert walks(["SCAN documents"])
    assert walks(["SEARCH documents USING INDEX ix_documents_qbo (company_id=?)"])
    assert not walks(["SEARCH documents USING INDEX ix_documents_qbo (company_id=? AND kind=?)"])
    assert walks(["  ->  Seq Scan on documents"])
