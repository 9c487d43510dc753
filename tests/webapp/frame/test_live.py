"""What a page that keeps itself fresh brings: parts that are found again, a word when a job ended, and nothing that is said only once."""

from datetime import timedelta

from bookkeeping.storage.base import utcnow
from webapp.access.roles import BY_SCRIPT
from webapp.frame.ended import LATELY

FRESH = {BY_SCRIPT: "yes"}
LIVE = {
    "/": ("standing", "places", "head", "job", "home", "toasts"),
    "/inspections": ("standing", "bell", "records", "toasts"),
    "/sync-log": ("trouble", "runs", "operations"),
    "/settings/quickbooks": ("job",),
    "/numbers": ("job",),
    "/numbers/tie-out": ("job",),
}


def test_each_page_has_its_live_parts_once_whatever_they_say(records, owner):
    records.connect()
    for full in (False, True):
        if full:
            records.booked("1042")
            records.operation()
            records.run(state="running", finished_at=None, kind="first")
        for address, parts in LIVE.items():
            page = owner.read(address)
            for part in parts:
                assert page.count(f'data-live="{part}"') == 1, (address, part)


def test_who_waits_for_a_run_is_told_that_it_ended_and_nobody_else(
    house, company, records, owner, bookkeeper
):
    now = utcnow()
    asked = {"asked_by": f"owner{company}@office.example", "started_at": now}
    records.run(kind="sync", finished_at=now, counts={"created": 2, "refused": 1}, **asked)
    records.run(kind="numbers", finished_at=now - LATELY - timedelta(seconds=5), **asked)
    told = owner.read("/inspections")
    assert told.count("data-toast=") == 1
    assert "The sync is done." in told and "2 documents written. 1 write was refused." in told
    assert "data-toast=" not in bookkeeper.read("/inspections")
    records.run(kind="first", state="failed", error_code="qbo-6190", finished_at=now)
    assert "That was not finished." in bookkeeper.read("/inspections")


def test_what_is_said_once_waits_for_a_person(records, owner):
    drift = records.drift(records.document(records.inspection("1042")))
    owner.post(f"/drift/{drift}/keep", page="/drift")
    assert "1 document left as in QuickBooks" not in owner.get("/drift", headers=FRESH).text
    assert "1 document left as in QuickBooks" in owner.read("/drift")
