"""Many receipts in one night, within Intuit's limits. MIGRATION_RECEIPTS=2000 tries it whole (about ten minutes at Intuit's pace)."""

import os
from collections import Counter

from tests.functional.legacy import legacy_world, old_inspection

RECEIPTS = int(os.environ.get("MIGRATION_RECEIPTS", "100"))
BATCHES_A_MINUTE, REQUESTS_A_MINUTE = 40, 500
"""What Intuit lets one app send to one company."""


def test_a_run_keeps_within_intuits_limits_and_two_thousand_take_minutes(tmp_path_factory, migrated_sqlite):
    with legacy_world(tmp_path_factory.mktemp("volume"), migrated_sqlite) as world:
        days = (f"2019-{number % 12 + 1:02d}-{number % 28 + 1:02d}T09:00:00" for number in range(RECEIPTS))
        office = world.office(*(old_inspection(number, start) for number, start in enumerate(days)))
        office.forget_calls()
        office.preview()
        assert len(office.calls()) < RECEIPTS / 25 + 25
        office.confirm()
        office.forget_calls()
        result = office.tieout.run_flask(
            "nightly", "--company", office.id, "--at", "2099-01-01T07:00:00Z", "--json", seconds=1800
        ).json()["companies"][0]
        assert (result["replaced"], result["left"], result["problems"]) == (RECEIPTS, 0, [])
        calls = office.calls()
        assert not [call for call in calls if call["status"] == 429]
        per_minute = Counter(call["at"][:16] for call in calls)
        assert max(per_minute.values()) <= REQUESTS_A_MINUTE
        batches = [call for call in calls if call["operation"] == "batch"]
        assert max(Counter(call["at"][:16] for call in batches).values()) <= BATCHES_A_MINUTE
        # Three batches for thirty receipts, and little more than one read for each.
        assert len(batches) <= RECEIPTS / 10 + 8
        assert len(calls) <= RECEIPTS * 1.4 + 60
        books = office.books()
        assert books["SalesReceipt"] == [] and len(books["Invoice"]) == len(books["Payment"]) == RECEIPTS
