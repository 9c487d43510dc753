"""What is done while it is broken off at every step: each prepares a company, and returns the work that dies on the way.

After a death the same is done again, as a person or the clock would, and the checker judges.
"""

import inspect
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bookkeeping.acts import migration as migration_acts
from bookkeeping.acts.books import change_books
from bookkeeping.acts.connecting import end_connection
from bookkeeping.rules.cutoff import next_midnight_mst
from bookkeeping.storage.base import db
from bookkeeping.storage.records.documents import LegacyReceipt
from bookkeeping.storage.records.migrations import newest_migration
from bookkeeping.storage.work.resealing import rotate_keys
from bookkeeping.storage.work.runs import queue_run
from tests.simulation import people
from tests.simulation.life import Life
from worker import jobs
from worker.app import worker_app

Work = Callable[[], None]
Scenario = Callable[[Life], "Work | Scene"]
FEES = [{"kind": "service", "name": "Full Home Inspection", "amount": "425.00"}]


@dataclass(frozen=True)
class Scene:
    """Work that is broken off, with a judgement of its own at the end."""

    work: Work
    judge: Callable[[Life], None]


def book(life: Life, number: int, *, days: int = 1, **values: Any) -> str:
    """Let a client book and pay one inspection on the platform; return its key."""
    start = life.moment.now() + timedelta(days=days)
    buyer = {"first_name": "Ann", "last_name": f"O'Neil {number}", "email": f"ann{number}@client.example"}
    paid = {"amount": "425.00", "method": "check", "received_at": start.isoformat(), "reference": str(number)}
    base = {
        "datetime": start.isoformat(),
        "confirmed": True,
        "property_address": f"{number} Oak St",
        "buyer": buyer,
    }
    one = {**base, "line_items": FEES, "payments": [paid], **values}
    made = life.platform.post(f"/_standin/companies/{life.platform_id}/inspections", [one])
    life.keys += [str(made[0]["id"])]
    return life.keys[-1]


def three(life: Life) -> None:
    """Open a company with three inspections in its books."""
    life.open()
    for number in (1, 2, 3):
        book(life, number)
    life.pass_time(400)
    life.work(random.Random(0))


def change(life: Life, key: str, **values: Any) -> None:
    """Change an inspection on the platform."""
    life.platform.request("PATCH", f"/_standin/inspections/{key}", json=values)


def a_bit_of_everything(life: Life) -> None:
    """Change the three, so that documents are made, changed and removed, and one more comes."""
    change(life, life.keys[0], line_items=[{**FEES[0], "amount": "300.00"}])
    buyer = {"new": True, "first_name": "Luis", "last_name": "Vega", "email": "luis@client.example"}
    change(life, life.keys[1], buyer=buyer)
    change(life, life.keys[2], canceled=True)
    book(life, 4, line_items=[{"kind": "service", "name": "Sewer Scope", "amount": "210.00"}])
    life.pass_time(400)


def _look(life: Life) -> Work:
    return lambda: jobs.look_at(life.company_id)


def queue(life: Life, kind: str) -> None:
    """Queue a run, as a person does who presses a button."""
    with life.rows():
        queue_run(life.company_id, kind, "by a person", people.WHO)
        db.session.commit()


def reconcile(life: Life) -> Work:
    three(life)
    a_bit_of_everything(life)
    return _look(life)


def nightly(life: Life) -> Work:
    three(life)
    a_bit_of_everything(life)
    queue(life, "nightly")
    return _look(life)


def refund(life: Life) -> Work:
    """Deposited money is given back: a RefundReceipt is due."""
    three(life)
    bank = next(one["Id"] for one in life.books()["Account"] if one["AccountType"] == "Bank")
    lines = [
        {
            "Amount": one["TotalAmt"],
            "LinkedTxn": [{"TxnId": one["Id"], "TxnType": "Payment", "TxnLineId": "0"}],
        }
        for one in life.books()["Payment"]
    ]
    _as_person(life, "create", "Deposit", DepositToAccountRef={"value": bank}, Line=lines)
    queue(life, "check")
    life.pass_time(400)
    life.work(random.Random(0))
    for key in life.keys[:2]:
        path = f"/_standin/inspections/{key}"
        paid = life.platform.get(path)["payments"][0]["id"]
        life.platform.request("PATCH", f"{path}/payments/{paid}", json={"refunded_amount": "75.00"})
    life.pass_time(400)
    return _look(life)


def restore(life: Life) -> Work:
    """A person changed one document, voided one and deleted one; *Restore ours* is pressed for all of them."""
    three(life)
    books = life.books()
    _as_person(life, "update", "Invoice", Id=books["Invoice"][0]["Id"], sparse=True, TxnDate="2026-01-02")
    _as_person(life, "void", "Payment", Id=books["Payment"][1]["Id"])
    _as_person(life, "delete", "Payment", Id=books["Payment"][2]["Id"])
    queue(life, "check")
    life.pass_time(400)
    life.work(random.Random(0))

    def work() -> None:
        people.settle(life, random.Random(0), keep=0)
        jobs.look_at(life.company_id)

    return work


def disconnect(life: Life) -> Work:
    """The owner disconnects in the middle of things and connects again."""
    three(life)
    a_bit_of_everything(life)

    def work() -> None:
        jobs.look_at(life.company_id)
        with life.rows():
            end_connection(life.company_id)
            db.session.commit()
        life.connect()
        jobs.look_at(life.company_id)

    return work


def rotate(life: Life) -> Work:
    """All secrets are sealed again, with a sync before and after."""
    three(life)
    a_bit_of_everything(life)

    def work() -> None:
        with worker_app().app_context():
            rotate_keys()
            db.session.commit()
            db.session.remove()
        jobs.look_at(life.company_id)

    return work


def settings(life: Life) -> Work:
    """Due days are changed, for documents that stand too."""
    three(life)

    def work() -> None:
        with life.rows() as company:
            change_books(company, "all", people.WHO, due_days=14)
            db.session.commit()
        jobs.look_at(life.company_id)

    return work


def backup(life: Life) -> Work:
    """The database is copied while a sync is due; what is copied is whole or not there."""
    from worker.commands.archive_and_backup import backup as command

    three(life)
    a_bit_of_everything(life)
    count = [0]

    def work() -> None:
        count[0] += 1
        with worker_app().app_context():
            target = Path(str(db.engine.url.database)).with_name(f"copy-{count[0]}.db")
            target.unlink(missing_ok=True)
            inspect.unwrap(command.callback)(str(target), None)
            db.session.remove()
        jobs.look_at(life.company_id)

    return work


def migration(life: Life) -> Work:
    """SalesReceipts are replaced at night."""
    life.open(legacy=True)
    schedule_migration(life)
    now = life.moment.now()
    midnight = next_midnight_mst(now, "Etc/GMT+7", 0)
    life.pass_time((midnight - now).total_seconds() + 60)
    queue(life, "nightly")
    return _look(life)


def schedule_migration(life: Life) -> None:
    """Let a company of before August 2019 have three SalesReceipts, and confirm that they are replaced in the next night."""
    with life.rows():
        for number in (1, 2, 3):
            key = _old_with_receipt(life, number)
            row = LegacyReceipt(
                company_id=life.company_id, inspection_key=key, receipt_id=life.receipt_of(key)
            )
            row.amount = 425
            db.session.add(row)
        db.session.commit()
    life.pass_time(400)
    life.work(random.Random(0))
    _confirm(life)


def _old_with_receipt(life: Life, number: int) -> str:
    start = (life.moment.now() - timedelta(days=40 - number)).replace(
        hour=17, minute=0, second=0, microsecond=0
    )
    moments = {
        "datetime": start.isoformat(),
        "created_at": start.isoformat(),
        "confirmed_at": start.isoformat(),
    }
    paid = {"amount": "425.00", "method": "check", "received_at": start.isoformat(), "reference": str(number)}
    key = book(life, number, confirmed=True, payments=[paid], **moments)
    name = {
        "DisplayName": f"Ann O'Neil {number}",
        "PrimaryEmailAddr": {"Address": f"ann{number}@client.example"},
    }
    customer = _as_person(life, "create", "Customer", **name)
    detail = {"ItemRef": {"value": "1"}, "Qty": 1, "UnitPrice": 425.0}
    lines = [{"Amount": 425.0, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}]
    body = {"CustomerRef": {"value": customer["Id"]}, "TxnDate": start.date().isoformat(), "Line": lines}
    life.receipts[_as_person(life, "create", "SalesReceipt", **body)["Id"]] = key
    return key


def _confirm(life: Life) -> None:
    cutoff = (life.moment.now() - timedelta(days=60)).strftime("%Y-%m-%dT00:00")
    with life.rows() as company:
        first = (life.moment.now() - timedelta(days=39)).date().isoformat()
        migration_acts.ask_for_preview(company, max(cutoff, f"{first}T00:00"), people.WHO, life.moment.now())
        db.session.commit()
    life.work(random.Random(0))
    with life.rows() as company:
        found = newest_migration(life.company_id, "preview")
        words = migration_acts.words_to_type(found)
        runs_at = next_midnight_mst(life.moment.now(), "Etc/GMT+7", 0)
        migration_acts.confirm(
            found, company, sha256=found.sha256, words=words, runs_at=runs_at, who=people.WHO
        )
        db.session.commit()


def _as_person(life: Life, operation: str, entity: str, **body: Any) -> dict[str, Any]:
    item = {"operation": operation, entity: body}
    told = life.intuit.post(f"/_standin/realms/{life.realm_id}/batch", {"BatchItemRequest": [item]})
    answer: dict[str, Any] = told["BatchItemResponse"][0]
    if entity not in answer:
        raise RuntimeError(f"QuickBooks refuses: {answer}")
    found: dict[str, Any] = answer[entity]
    return found


SCENARIOS: dict[str, Scenario] = {
    "reconcile": reconcile,
    "nightly": nightly,
    "refund": refund,
    "restore": restore,
    "disconnect": disconnect,
    "rotate": rotate,
    "settings": settings,
    "backup": backup,
    "migration": migration,
}
