"""The end of a story: faults end, the books must come right or each exception wait with its cause; then people mend what is theirs to mend."""

import random
from dataclasses import replace
from typing import Any

from sqlalchemy import Select, select

from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.choices import kept_settings
from bookkeeping.storage.records.documents import Document, with_receipts
from bookkeeping.storage.records.migrations import Migration, MigrationReceipt, frozen_sides
from bookkeeping.storage.records.others_payments import OthersPayment
from bookkeeping.storage.work.journal import Call
from tests.checker.compare import check_books
from tests.checker.excuses import unexcused
from tests.checker.facts import Options
from tests.checker.history import check_calls, check_history
from tests.simulation import feeds, people
from tests.simulation.life import Life

PATIENCE = 14
ENDS_WHEN_MENDED = {
    *(
        "drift",
        "closed-books",
        "customer-inactive",
        "customer-to-confirm",
        "no-item",
        "inactive-reference",
        "qbo-610",
    ),
    *("mass-delete-brake", "waiting-for-customer", "qbo-6200", "qbo-6210"),
}
"""What nothing has a reason to wait for, once the books are open, everything is active and every question is answered."""

HOUR = 3700.0


class Wrong(AssertionError):
    """What the checker, or the end of a story, finds wrong."""


def judge(life: Life) -> None:
    """End all faults and judge; let people mend what they broke and judge again. Raises Wrong."""
    chance = random.Random(1)
    _end_faults(life)
    people.go_on(life)
    _come_to_rest(life, chance, "after the faults")
    if examine(life, "after the faults"):
        _mend(life, chance)
        _come_to_rest(life, chance, "after people mended")
        examine(life, "after people mended", mended=True)


def _end_faults(life: Life) -> None:
    life.intuit.request("DELETE", "/_standin/faults")
    life.platform.request("DELETE", "/_standin/faults")
    feeds.mend(life)
    life.platform.post("/_standin/late-commits", {"seconds": 0})
    life.platform.post("/_standin/late-commits/release")
    given = {"subscription": "subscribed", "permission": "ok"}
    life.intuit.post(f"/_standin/realms/{life.realm_id}/company", given)
    life.set_clock(-life.skew)
    life.connect()
    life.pass_time(2 * HOUR)  # What is under way arrives, leases and pauses run out.


def _mend(life: Life, chance: random.Random) -> None:
    """Open the books, make everything active again, and answer every question."""
    closing = {"AccountingInfoPrefs": {"BookCloseDate": None}}
    life.intuit.post(f"/_standin/realms/{life.realm_id}/preferences", closing)
    books = life.books()
    items = [
        {"operation": "update", kind: {"Id": one["Id"], "sparse": True, "Active": True}}
        for kind in ("Customer", "Item")
        for one in books[kind]
        if not one.get("Active", True)
    ]
    if items:
        life.intuit.post(f"/_standin/realms/{life.realm_id}/batch", {"BatchItemRequest": items})
    for _ in range(2):
        people.let_migration_go_on(life)
        people.let_deletes_through(life, chance)
        people.choose_customers(life, chance)
        people.answer_money(life, chance)
        people.settle(life, chance, keep=0)
        people.check(life, chance)
        life.pass_time(HOUR)
        life.work(chance)


def _come_to_rest(life: Life, chance: random.Random, when: str) -> None:
    """Let nights and hours pass until a sync of an idle company costs no call at all. Raises Wrong when that never comes."""
    for number in range(PATIENCE):
        if number % 3 == 0:
            now = life.moment.now()
            midnight = now.replace(hour=7, minute=0, second=5, microsecond=0)
            life.pass_time((midnight - now).total_seconds() % 86400 + 30)
        else:
            life.pass_time(2 * HOUR)
        life.intuit.request("DELETE", f"/_standin/realms/{life.realm_id}/calls")
        life.work(chance)
        if number % 3 and not life.calls() and not _unsettled(life):
            return
    raise Wrong(f"{when}: no rest after {PATIENCE} runs: {_unsettled(life)} {life.calls()[-3:]}")


def _unsettled(life: Life) -> list[str]:
    """Return what is still under way: due or syncing inspections, open calls."""
    found = [
        f"{key} {row.state} {row.reason}" for key, row in life.states().items() if row.state == "syncing"
    ]
    with life.rows():
        calls = select(Call.request_id).where(
            Call.company_id == life.company_id, Call.state.in_(("written", "unknown"))
        )
        return found + list(db.session.scalars(calls))


def examine(life: Life, when: str, *, mended: bool = False) -> bool:
    """Judge; return whether anything waits for a person, or differs with an excuse. `mended`: what people can put right must not wait any more. Raises Wrong."""
    options, said, recorded = _options(life), _said(life), _recorded(life)
    truth, books, history = life.truth(), life.books(), life.history()
    found = check_books(truth, options, books, history)
    if life.chose_new:  # A person said that a client is none of the Customers that share the email address.
        found = [one for one in found if (one.kind, one.detail) != ("doubled", "Customer")]
    left = unexcused(found, said, truth, options, books, history)
    left += check_history(history, receipts=life.receipts, recorded=recorded)
    left += check_calls(life.calls(), {"batch_items": 30})
    if books["integrity"]:
        raise Wrong(f"{when}: the ledger does not hold together: {books['integrity']}")
    if left:
        shown = {one.about: said.get(one.about) for one in left}
        raise Wrong(f"{when}:\n" + "\n".join(map(str, left)) + f"\nshown: {shown}")
    still = {key: codes & ENDS_WHEN_MENDED for key, codes in said.items() if codes & ENDS_WHEN_MENDED}
    if mended and still:
        raise Wrong(f"{when} these wait still: {still}")
    return bool(said or found)


def _options(life: Life) -> Options:
    """Return the company's options, and which inspections keep earlier ones, as its records say."""
    rows = life.states()
    with life.rows() as company:
        now = _chosen(life, company, company.book_settings())
        kept = {number: _chosen(life, company, one) for number, one in kept_settings(company).items()}
        living = set(
            db.session.scalars(
                select(Document.inspection_key).where(
                    Document.company_id == life.company_id,
                    Document.kind == "Invoice",
                    Document.status == "live",
                )
            )
        )
        answered = select(OthersPayment.stands_for).where(OthersPayment.company_id == life.company_id)
        theirs = frozenset(db.session.scalars(answered)) - {""}
        sides = dict(frozen_sides(company, list(rows)))
        receipts = frozenset(with_receipts(life.company_id, list(rows)))
    earlier = {
        key: kept[row.book_version_id]
        for key, row in rows.items()
        if row.book_version_id in kept and key in living
    }
    return replace(now, earlier=earlier, receipts=receipts, theirs=theirs, sides=sides)


def _chosen(life: Life, company: Company, settings: Any) -> Options:
    return Options(
        life.time_zone,
        company.start_date,
        cutoff=company.cutoff,
        invoice_day=settings.invoice_date,
        due_days=settings.due_days,
    )


def _said(life: Life) -> dict[str, set[str]]:
    """Return the codes that pages show of each inspection: why it waits, what of it waits, its flags."""
    said: dict[str, set[str]] = {}
    for key, row in life.states().items():
        codes = {row.reason} if row.state in ("waiting", "needs-you", "drift") else set()
        codes |= {one["code"] for one in row.waiting_documents} | {flag["code"] for flag in row.flags}
        if codes - {""}:
            said[key] = codes - {""}
    with life.rows():
        kept = select(Document.inspection_key).where(
            Document.company_id == life.company_id, Document.hands_off == "kept"
        )
        for key in db.session.scalars(kept):
            said.setdefault(key, set()).add("kept-theirs")
        for key, code in db.session.execute(_waits_in_the_migration(life.company_id)):
            said.setdefault(key, set()).add(code)
    return said


def _waits_in_the_migration(company_id: int) -> Select[str, str]:
    """Return the query for the receipts with which a migration stands still half-way, and its cause, as its page says them."""
    half_way = (Migration.state == "paused", MigrationReceipt.state.in_(("working", "taking-back")))
    rows = select(MigrationReceipt.inspection_key, Migration.code).where(Migration.company_id == company_id)
    return rows.join_from(Migration, MigrationReceipt).where(*half_way)


def _recorded(life: Life) -> set[tuple[str, str]]:
    with life.rows():
        rows = select(Document.kind, Document.qbo_id).where(Document.company_id == life.company_id)
        return {(kind, qbo_id) for kind, qbo_id in db.session.execute(rows)}
