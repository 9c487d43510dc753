"""What settling asks of the database for a whole call: as much for twenty writes as for two."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from bookkeeping.quickbooks_gateway.gateway import ItemAnswer
from bookkeeping.storage.base import db
from tests.harness.in_process import Desk
from tests.worker.journal.writes import customer, deletion, document_of, invoice, journaled, payment
from worker.holding.work import Work
from worker.journal.on_record import OnRecord
from worker.journal.settling import settle_operations
from worker.journal.writing import Write

CALLS = {
    "customers": lambda numbers: [customer(f"Ann {n}", f"c{n}") for n in numbers],
    "invoices": lambda numbers: [invoice(key=str(n)) for n in numbers],
    "payments": lambda numbers: [payment(str(100 + n), key=str(n)) for n in numbers],
}


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect the beginnings of the statements sent within the block, but for new rows: SQLite takes these one by one."""
    told: list[str] = []

    def listen(_connection, _cursor, statement, *_):
        if not statement.startswith("INSERT"):
            told.append(" ".join(statement.split()[:3]))

    event.listen(db.engine, "before_cursor_execute", listen)
    try:
        yield told
    finally:
        event.remove(db.engine, "before_cursor_execute", listen)


def _settle(work: Work, writes: list[Write], first_id: int) -> list[str]:
    _, operations = journaled(work, *writes)
    answered = [
        (one, ItemAnswer(one.b_id, one.kind, {"Id": str(first_id + number), "SyncToken": "0"}))
        for number, one in enumerate(operations)
    ]
    with statements() as told:
        settle_operations(work.company_id, answered)
        work.commit()
    return told


@pytest.mark.parametrize("kind", CALLS)
def test_twenty_writes_ask_as_much_as_two(kind: str, desk: Desk):
    with desk.holding() as work:
        if kind == "payments":
            _settle(work, CALLS["invoices"](range(22)), 100)
        few = _settle(work, CALLS[kind](range(2)), 500)
        many = _settle(work, CALLS[kind](range(2, 22)), 600)
        assert len(many) <= len(few), (few, many)


def test_what_stands_under_an_id_is_found_also_where_no_operation_names_it(desk: Desk):
    with desk.holding() as work:
        _settle(work, [invoice(key="1"), invoice(key="2")], 100)
        record = OnRecord(work.company_id, [], [])
        assert [one.source_key for one in record.living("Invoice", "101")] == ["2"]
        assert {one.source_key for one in record.invoices("1", ["101"])} == {"2"}
        _, [gone] = journaled(work, deletion(document_of(work, "Invoice", source_key="2")))
        settle_operations(work.company_id, [(gone, ItemAnswer("i0", "Invoice", {"Id": "101"}, deleted=True))])
        work.commit()
        record = OnRecord(work.company_id, [gone], [])
        assert record.living("Invoice", "101") == []
        assert [one.qbo_id for one in record.invoices("1", ["100"])] == ["100"]
