"""What a refused write uses that was made inactive is named: from the index first, else from QuickBooks, once a call."""

import pytest

from bookkeeping.errors import GoneError, PermanentError, TemporaryError
from bookkeeping.quickbooks_gateway.gateway import ItemAnswer
from bookkeeping.storage.company.names import active_ids
from tests.harness.in_process import Desk
from tests.worker.journal.writes import customer, invoice, item, journaled
from worker.journal.naming import name_inactive
from worker.journal.writing import carry_out

GONE = GoneError("Object Not Found", reference="tid-1")


def _asked(work, desk: Desk, error, *, write=None):
    names = [customer(), item("Mold")]
    carry_out(work, names)
    desk.write(
        [("update", "Item", {"Id": names[1].qbo_id, "SyncToken": "0", "sparse": True, "Active": False})]
    )
    writes = [write or invoice(names[0].qbo_id, names[1].qbo_id, key) for key in ("1", "2")]
    _, operations = journaled(work, *writes)
    before = work.calls
    told = name_inactive(
        work, operations, [ItemAnswer(one.b_id, "", None, error=error) for one in operations]
    )
    return told, work.calls - before


def test_the_inactive_item_is_named_kept_and_read_once_for_all(desk: Desk):
    with desk.holding() as work:
        told, calls = _asked(work, desk, GONE)
        assert all(one.error is not GONE and "Mold" in str(one.error) for one in told)
        assert {one.error.reference for one in told} == {"tid-1"}
        assert calls <= 3 and "mold" not in active_ids(desk.id, "Item")


@pytest.mark.parametrize(
    "error", [TemporaryError("Later."), PermanentError("Too long.", code="qbo-2050"), None]
)
def test_any_other_answer_is_left_as_it_is_and_nothing_is_read(error, desk: Desk):
    with desk.holding() as work:
        told, calls = _asked(work, desk, error)
        assert ([one.error for one in told], calls) == ([error, error], 0)
