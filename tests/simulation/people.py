"""What people do on our pages: settle what drifts, answer questions, change settings, pause, retry, approve. By the acts that pages call."""

import random
from datetime import timedelta

from sqlalchemy import select

from bookkeeping.acts import migration as migration_acts
from bookkeeping.acts.books import change_books
from bookkeeping.acts.questions import (
    answer_same_money,
    create_customer,
    retry_stuck,
    settle_drifts,
    use_customer,
)
from bookkeeping.acts.syncing import approve_deletes, change_dates, pause, resume
from bookkeeping.storage.base import db
from bookkeeping.storage.records.documents import CustomerLink, Document, Drift
from bookkeeping.storage.records.migrations import newest_migration
from bookkeeping.storage.records.others_payments import OthersPayment
from bookkeeping.storage.work.runs import queue_run
from tests.simulation.happenings import Happening
from tests.simulation.life import Life

WHO = "simulated@office.example"


def settle(life: Life, chance: random.Random, *, keep: int = 30) -> None:
    """Settle every open drift: of 100, so many are left to the bookkeeper, the others are written again."""
    with life.rows():
        rows = select(Drift).where(Drift.company_id == life.company_id, Drift.settled_at.is_(None))
        for drift in db.session.scalars(rows.order_by(Drift.id)).all():
            settle_drifts(
                life.company_id, [drift.id], "keep" if chance.randrange(100) < keep else "restore", WHO
            )
        db.session.commit()


def choose_customers(life: Life, chance: random.Random) -> None:
    """Say which Customer each unclear client is: one of the candidates, or a new one."""
    with life.rows():
        rows = select(CustomerLink).where(
            CustomerLink.company_id == life.company_id, CustomerLink.state == "ask"
        )
        for link in db.session.scalars(rows.order_by(CustomerLink.client_key)).all():
            chosen = link.candidates[0]["qbo_id"] if link.candidates and chance.random() < 0.3 else ""
            if not (chosen and use_customer(life.company_id, link.client_key, chosen, WHO)):
                life.chose_new |= create_customer(life.company_id, link.client_key, WHO)
        db.session.commit()


def answer_money(life: Life, chance: random.Random) -> None:
    """Say of every Payment by hand whether it is the payment received."""
    with life.rows():
        theirs = db.session.scalars(
            select(OthersPayment).where(OthersPayment.company_id == life.company_id)
        ).all()
        paid = {str(one["id"]): [str(each["id"]) for each in one["payments"]] for one in life.truth()}
        for row in theirs:
            for key, invoice_id in _invoices(life):
                if row.invoice_id == invoice_id:
                    answer = chance.choice(("use", "book"))
                    for payment in paid.get(key, []):
                        answer_same_money(life.company_id, key, payment, row.qbo_id, answer, WHO)
                        answer = "book"
        db.session.commit()


def _invoices(life: Life) -> list[tuple[str, str]]:
    rows = select(Document.inspection_key, Document.qbo_id).where(
        Document.company_id == life.company_id, Document.kind == "Invoice", Document.status == "live"
    )
    return [(key, qbo_id) for key, qbo_id in db.session.execute(rows)]


def change_settings(life: Life, chance: random.Random) -> None:
    scope = chance.choice(("new", "all"))
    with life.rows() as company:
        if chance.random() < 0.5:
            change_books(company, scope, WHO, due_days=chance.choice((0, 14, 30)))
        else:
            day = chance.choice(("inspection", "confirmed", "created"))
            change_dates(company, company.start_date, day, WHO, scope)
        db.session.commit()


def start_earlier(life: Life, chance: random.Random) -> None:
    with life.rows() as company:
        if company.start_date is not None:
            earlier = company.start_date - timedelta(days=chance.randint(0, 3))
            change_dates(company, earlier, company.invoice_date, WHO)
        db.session.commit()


def pause_or_resume(life: Life, chance: random.Random) -> None:
    with life.rows() as company:
        if company.paused_at is None:
            pause(company, WHO)
        else:
            resume(company, WHO)
        db.session.commit()


def go_on(life: Life) -> None:
    """Resume, if somebody paused."""
    with life.rows() as company:
        if company.paused_at is not None:
            resume(company, WHO)
        db.session.commit()


def let_migration_go_on(life: Life) -> None:
    """Let a migration that stands still go on, as its page offers once its cause is over."""
    with life.rows():
        migration = newest_migration(life.company_id, "paused")
        if migration is not None:
            migration_acts.go_on(migration, WHO)
        db.session.commit()


def retry(life: Life, chance: random.Random) -> None:
    with life.rows():
        retry_stuck(life.company_id, WHO)
        db.session.commit()


def let_deletes_through(life: Life, chance: random.Random) -> None:
    with life.rows() as company:
        if company.brake_at is not None:
            approve_deletes(company, WHO)
        db.session.commit()


def check(life: Life, chance: random.Random) -> None:
    """Press *Check QuickBooks now*."""
    with life.rows():
        queue_run(life.company_id, "check", "by a person", WHO)
        db.session.commit()


OFFICE: dict[str, Happening] = {
    "settle": settle,
    "choose customers": choose_customers,
    "answer money": answer_money,
    "change settings": change_settings,
    "start earlier": start_earlier,
    "pause or resume": pause_or_resume,
    "retry": retry,
    "let deletes through": let_deletes_through,
    "check": check,
}
