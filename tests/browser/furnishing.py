"""A web app in this process with every kind of page in it: a company in full swing, one in its migration, an empty one, and ops.

The worker's own functions fill it from the stand-ins, as in `tests/harness/in_process.py`; what takes a day to come about is put into rows.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import update
from werkzeug.serving import make_server

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.documents import LegacyReceipt
from bookkeeping.storage.records.migrations import Migration, MigrationReceipt
from tests.functional.legacy import old_inspection
from tests.functional.office import inspection
from tests.harness.in_process import Desk, Shop
from tests.webapp.failing import failing, refused_operation
from tests.webapp.house import House
from tests.webapp.records import Records

STARTS = ("2018-11-05T10:00:00-07:00", "2019-03-04T10:00:00-07:00", "2019-06-03T10:00:00-06:00")
MIGRATION = "/settings/quickbooks/migration"


@dataclass
class Town:
    """The web app at `url` and the emails of its people by what they see: `full`, `legacy`, `empty`, `ops`."""

    house: House
    url: str
    people: dict[str, str]
    migration_id: int
    legacy: Desk

    def show_migration(self, state: str) -> None:
        """Put the migration into this state, with the times that go with it; its receipts follow."""
        now = utcnow()
        times = {
            "confirmed_at": now,
            "confirmed_by": self.people["legacy"],
            "runs_at": now + timedelta(hours=6),
        }
        if state in ("running", "paused", "done"):
            times |= {"started_at": now, "canary_at": now}
        if state == "done":
            times |= {"finished_at": now}
        with self.house.writing():
            mine = MigrationReceipt.migration_id == self.migration_id
            db.session.execute(
                update(Migration).where(Migration.id == self.migration_id).values(state=state, **times)
            )
            if state == "done":
                planned = update(MigrationReceipt).where(mine, MigrationReceipt.state == "planned")
                db.session.execute(
                    planned.values(state="left", code="receipt-deposited", detail="It is part of Deposit 7.")
                )
            db.session.commit()


@contextmanager
def town_of(
    shop: Shop, *, receipts: Sequence[str] = STARTS, clients: Sequence[tuple[str, str]] = ()
) -> Iterator[Town]:
    """Fill the installation and serve its pages until the block ends; `receipts` are when the SalesReceipts' inspections began."""
    house = House(
        shop.environment["DATABASE_URL"],
        shop.environment["REDIS_URL"],
        token_keys=(shop.environment["TOKEN_KEYS"],),
        intuit_discovery_url=shop.environment["INTUIT_DISCOVERY_URL"],
        intuit_api_url=shop.environment["INTUIT_API_URL"],
    )
    full, (desk, migration_id) = _in_full_swing(house, shop, clients), _in_migration(shop, receipts)
    empty = house.make_company("Empty Nest Inspections")
    people = {
        "full": house.make_person("owner", full),
        "legacy": house.make_person("owner", desk.id),
        "empty": house.make_person("owner", empty),
        "ops": house.make_person("ops"),
    }
    server = make_server("127.0.0.1", 0, house.app, threaded=True)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield Town(house, f"http://127.0.0.1:{server.port}", people, migration_id, desk)
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def _in_full_swing(house: House, shop: Shop, clients: Sequence[tuple[str, str]]) -> int:
    """A company with inspections in each state, a drift, questions, numbers, a statement and a practice run."""
    desk = shop.open()
    with shop.app.app_context():
        db.session.get_one(Company, desk.id).start_date = date.today() - timedelta(days=90)
        db.session.commit()
    named = {number: _client(*name) for number, name in enumerate(clients, 1)}
    desk.book(
        *(inspection(number, days=-9 * number, **named.get(number, {})) for number in range(1, 7)),
        inspection(8, days=2, payments=[], **named.get(7, {})),
    )
    desk.run()
    invoice = desk.books()["Invoice"][0]
    line = {
        **invoice["Line"][0],
        "Amount": 400,
        "SalesItemLineDetail": {**invoice["Line"][0]["SalesItemLineDetail"], "UnitPrice": 400},
    }
    desk.write([("update", "Invoice", {**invoice, "Line": [line]})])
    for kind in ("nightly", "practice"):
        desk.run(kind)
    records = Records(house, desk.id)
    failing(house, desk.id, "99901", client_name="Margaret Villanueva-Featherstonehaugh")
    refused_operation(house, desk.id, "99901")
    records.question("c2")
    records.bad_record("99903")
    house.make_person("bookkeeper", desk.id)
    return desk.id


def _client(first: str, last: str) -> dict[str, dict[str, str]]:
    return {"buyer": {"first_name": first, "last_name": last, "email": f"{first.lower()}@client.example"}}


def _in_migration(shop: Shop, starts: Sequence[str]) -> tuple[Desk, int]:
    """A company with SalesReceipts and the preview of its migration; returns its desk and the preview's id. Of many, the last is deposited."""
    desk = Desk(
        None,
        shop.platform,
        shop.intuit,
        shop=shop,
        name="Front Range Home Inspections",
        time_zone="America/Denver",
    ).open()
    keys = desk.book(*(old_inspection(number, start) for number, start in enumerate(starts, 1)))
    customers = desk.write([("create", "Customer", {"DisplayName": f"Client {key}"}) for key in keys])
    detail = {"ItemRef": {"value": "1"}, "Qty": 1, "UnitPrice": 425.0}
    line = {"Amount": 425.0, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    bodies = [
        {"CustomerRef": {"value": who["Id"]}, "TxnDate": start[:10], "DocNumber": f"R{key}", "Line": [line]}
        for key, who, start in zip(keys, customers, starts, strict=True)
    ]
    made = desk.write([("create", "SalesReceipt", body) for body in bodies])
    if len(made) > len(STARTS):
        bank = next(one["Id"] for one in desk.books()["Account"] if one["AccountType"] == "Bank")
        swept = [
            {
                "Amount": 425,
                "LinkedTxn": [{"TxnId": made[-1]["Id"], "TxnType": "SalesReceipt", "TxnLineId": "0"}],
            }
        ]
        desk.write([("create", "Deposit", {"DepositToAccountRef": {"value": bank}, "Line": swept})])
    with shop.app.app_context():
        company = db.session.get_one(Company, desk.id)
        company.legacy, company.start_date = True, None
        db.session.add_all(
            LegacyReceipt(
                company_id=desk.id, inspection_key=key, receipt_id=one["Id"], amount=Decimal("425.00")
            )
            for key, one in zip(keys, made, strict=True)
        )
        migration = Migration(
            company_id=desk.id, cutoff=datetime(2019, 1, 1, 7, tzinfo=UTC), typed_cutoff="2019-01-01T00:00"
        )
        migration.asked_by, migration.state = "ann", "previewing"
        db.session.add(migration)
        db.session.commit()
        migration_id = migration.id
    desk.run("sync")
    with desk.holding("preview", migration=migration_id) as work:
        from worker.migration.preview import preview

        while not preview(work):
            pass
    return desk, migration_id
