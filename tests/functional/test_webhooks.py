"""QuickBooks tells that somebody changed something: the stand-in sends its webhook, and the edit shows without a night between."""

from datetime import datetime

import pytest
from sqlalchemy import create_engine, text

from tests.functional.office import Office, inspection
from tests.harness.processes import wait_until

TOKEN = "a verifier token for tests alone"


@pytest.mark.parametrize("payload", ["cloudevents", "legacy"])
def test_a_persons_edit_in_quickbooks_is_told_and_wanted(tieout, platform, intuit, payload):
    tieout.environment["QUICKBOOKS_VERIFIER_TOKEN"] = TOKEN
    tieout.web()
    office = Office(tieout, platform, intuit).open().connect()
    office.book(inspection(1))
    office.sync()
    engine = create_engine(tieout.environment["DATABASE_URL"])
    with engine.begin() as connection:  # As some minutes later: what we wrote ourselves just now is no news.
        connection.execute(text("UPDATE documents SET written_at = :then"), {"then": datetime(2026, 1, 5)})
    told = {
        "webhook_url": f"{tieout.url}/quickbooks/webhook",
        "webhook_token": TOKEN,
        "webhook_format": payload,
    }
    intuit.post("/_standin/settings", told)
    [invoice] = office.books()["Invoice"]
    change = {"Id": invoice["Id"], "SyncToken": invoice["SyncToken"], "sparse": True, "TxnDate": "2026-01-05"}
    office.write([("update", "Invoice", change)])

    def wanted() -> bool:
        with engine.connect() as connection:
            return connection.execute(text("SELECT changes_wanted_at FROM connections")).scalar() is not None

    wait_until(wanted, "the webhook's word")
    engine.dispose()
