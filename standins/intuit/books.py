"""The pages on which a person looks at the books of a company. Working in them is `books_acts`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from flask import Blueprint, abort, current_app, render_template, request, url_for

from standins.intuit import ledger, merging, operations, profit, views
from standins.intuit.looks import standing
from standins.intuit.realm import Realm, Record
from standins.intuit.schema import BY_LOWER_NAME, LISTS, SWEPT, TRANSACTIONS, VOIDABLE
from standins.intuit.world import World

bp = Blueprint("books", __name__)
TABS = [
    ("Customer", "Customers"), ("Invoice", "Invoices"), ("Payment", "Payments"), ("SalesReceipt", "Sales receipts"),
    ("Deposit", "Deposits"), ("CreditMemo", "Credit memos"), ("RefundReceipt", "Refunds"), ("Item", "Items"),
    ("Account", "Accounts"),
]  # fmt: skip
EDITABLE = ("Invoice", "SalesReceipt", "CreditMemo", "RefundReceipt", "Payment", "Customer")
PAGE_SIZE = 100


def realm_or_404(realm_id: str) -> Realm:
    """Return a company or answer 404."""
    world: World = current_app.extensions["world"]
    if realm_id not in world.realms:
        abort(404)
    return world.realms[realm_id]


def company_name(realm: Realm) -> str:
    """Return the name of a company."""
    return realm.records["CompanyInfo"]["1"].body["CompanyName"]


@bp.app_context_processor
def names() -> dict[str, Any]:
    """Give templates the tabs, how documents stand, and the ways to a company's name and the app's."""
    return {"TABS": TABS, "company_name": company_name, "app_name": app_name, "standing": standing}


def app_name() -> str:
    """Return the name under which the app is registered, which Intuit shows where a person allows it."""
    return current_app.extensions["world"].settings["app_name"]


@bp.get("/")
def companies() -> str:
    """List the companies."""
    world: World = current_app.extensions["world"]
    realms = sorted(world.realms.values(), key=lambda realm: company_name(realm).casefold())
    return render_template("companies.html", realms=realms)


@bp.get("/books/<realm_id>")
def overview(realm_id: str) -> str:
    """Show how a company stands, and what a person can switch."""
    realm = realm_or_404(realm_id)
    with realm.lock:
        balances = ledger.account_balances(realm)
        tiles = [
            (label, ledger.shown_balance(account, balances))
            for label, sub_type in (
                ("Open invoices, less credits", "AccountsReceivable"),
                ("Undeposited funds", "UndepositedFunds"),
                ("Checking", "Checking"),
            )
            for account in [ledger.account_of(realm, sub_type)]
        ]
        counts = [(entity, label, len(realm.records.get(entity, {}))) for entity, label in TABS]
        return render_template(
            "overview.html",
            realm=realm,
            tiles=tiles,
            counts=counts,
            closing_date=realm.preference("AccountingInfoPrefs", "BookCloseDate") or "",
            grants=realm.world.grants.living(realm.id),
            wrong=ledger.integrity(realm),
        )


def _matches(row: dict[str, Any], words: str) -> bool:
    seen = (
        row.get("DocNumber"), row.get("DisplayName"), row.get("Name"), row["Id"], row.get("PaymentRefNum"),
        row.get("CustomerRef", {}).get("name"), row.get("PrivateNote"), row.get("TxnDate"),
        row.get("PrimaryEmailAddr", {}).get("Address"),
    )  # fmt: skip
    return any(words.casefold() in str(each).casefold() for each in seen if each)


@bp.get("/books/<realm_id>/<entity>")
def listing(realm_id: str, entity: str) -> str:
    """List the objects of one entity, newest first, a hundred a page."""
    realm, entity = realm_or_404(realm_id), BY_LOWER_NAME.get(entity.lower(), "")
    if entity not in dict(TABS):
        abort(404)
    words, start = request.args.get("q", "").strip(), max(0, request.args.get("start", 0, type=int))
    with realm.lock:
        records = realm.all(entity)[::-1]
        if words:
            records = [record for record in records if _matches(views.shown(realm, record), words)]
        rows = [views.shown(realm, record) for record in records[start : start + PAGE_SIZE]]
        totals = _totals(realm, records) if entity in TRANSACTIONS else None
    return render_template(
        "listing.html", realm=realm, entity=entity, rows=rows, words=words, start=start, found=len(records), size=PAGE_SIZE,
        is_txn=entity in TRANSACTIONS, totals=totals, today=realm.today().isoformat(),
    )  # fmt: skip


def _totals(realm: Realm, records: list[Record]) -> tuple[Decimal, Decimal]:
    """Return what these transactions come to, and what of them is open or unapplied."""
    left = {
        "Invoice": lambda record: ledger.open_balance(realm, record),
        "CreditMemo": lambda record: ledger.open_balance(realm, record),
        "Payment": lambda record: ledger.unapplied(record.body),
    }
    amounts = sum((record.body["TotalAmt"] for record in records), Decimal(0))
    return amounts, sum(
        (left[record.entity](record) for record in records if record.entity in left), Decimal(0)
    )


@bp.get("/books/<realm_id>/<entity>/<record_id>")
def detail(realm_id: str, entity: str, record_id: str, error: str = "") -> str:
    """Show one object with what can be done to it."""
    realm, entity = realm_or_404(realm_id), BY_LOWER_NAME.get(entity.lower(), "")
    if not entity:
        abort(404)
    with realm.lock:
        record = realm.find(entity, record_id)
        if record is None:
            return render_template(
                "gone.html", realm=realm, entity=entity, deleted=realm.was_deleted(entity, record_id)
            )
        shown = views.shown(realm, record)
        return render_template(
            "detail.html", realm=realm, entity=entity, shown=shown, lines=_editable_lines(shown), links=_links(realm, record),
            transactions=_transactions(realm, record), error=error, editable=entity in EDITABLE,
            voidable=entity in VOIDABLE, deletable=entity in TRANSACTIONS, deactivatable=entity in LISTS,
            items=[item for item in realm.all("Item") if item.body["Active"]],
            survivors=_survivors(realm, record), today=realm.today().isoformat(),
        )  # fmt: skip


def _survivors(realm: Realm, record: Record) -> list[tuple[str, str]]:
    """Return what a name can be merged into: (id, name)."""
    if record.entity not in merging.MERGED or not record.body["Active"]:
        return []
    others = (each for each in realm.all(record.entity) if each.body["Active"] and each is not record)
    return sorted(
        ((each.id, views.full_name(realm, each)) for each in others), key=lambda each: each[1].casefold()
    )


def _editable_lines(shown: dict[str, Any]) -> list[dict[str, Any]]:
    return [line for line in shown.get("Line", ()) if line.get("DetailType") == "SalesItemLineDetail"]


def _links(realm: Realm, record: Record) -> list[dict[str, Any]]:
    """Return what a transaction is linked with: entity, id, date, amount."""
    pairs: list[tuple[str, str, Decimal | None]] = []
    if record.entity in ("Invoice", "CreditMemo"):
        pairs += [("Payment", payment.id, amount) for payment, amount in ledger.applications(realm, record)]
    if record.entity in ("Payment", "Deposit"):
        for line in record.body.get("Line", ()):
            pairs += [(link["TxnType"], link["TxnId"], line["Amount"]) for link in line.get("LinkedTxn", ())]
    deposit = ledger.deposit_of(realm, record) if record.entity in SWEPT else None
    if deposit:
        pairs.append(("Deposit", deposit.id, record.body["TotalAmt"]))
    return [
        {"entity": kind, "id": each, "amount": amount, "body": operations.read(realm, kind, each).body}
        for kind, each, amount in pairs
    ]


def _transactions(realm: Realm, record: Record) -> list[dict[str, Any]]:
    if record.entity != "Customer":
        return []
    found = sorted(realm.under("customer", record.id), key=lambda each: each.body["TxnDate"], reverse=True)[
        :PAGE_SIZE
    ]
    return [views.shown(realm, each) | {"entity": each.entity} for each in found]


@bp.get("/books/<realm_id>/profit-and-loss")
def profit_and_loss(realm_id: str) -> str:
    """Show income and expenses by month of one year."""
    realm = realm_or_404(realm_id)
    year = request.args.get("year", realm.today().year, type=int)
    basis = "Cash" if request.args.get("basis") == "Cash" else "Accrual"
    if not 1990 <= year <= 2100:
        abort(404)
    with realm.lock:
        columns, rows = profit.profit_and_loss(
            realm, date(year, 1, 1), date(year, 12, 31), basis, {"summarize_column_by": "Month"}
        )
    return render_template("profit.html", realm=realm, columns=columns, rows=rows, year=year, basis=basis)


def undeposited(realm: Realm) -> list[Record]:
    """Return what waits in Undeposited Funds; hold `realm.lock`."""
    account = ledger.account_of(realm, "UndepositedFunds").id
    return [
        record
        for entity in SWEPT
        for record in realm.all(entity)
        if record.ref("DepositToAccountRef") == account
        and record.body["TotalAmt"]
        and ledger.deposit_of(realm, record) is None
    ]


@bp.get("/books/<realm_id>/to-deposit")
def to_deposit(realm_id: str, error: str = "") -> str:
    """List what waits in Undeposited Funds."""
    realm = realm_or_404(realm_id)
    with realm.lock:
        waiting = [views.shown(realm, record) | {"entity": record.entity} for record in undeposited(realm)]
        waiting.sort(key=lambda row: (row["TxnDate"], int(row["Id"])))
        banks = [account for account in realm.all("Account") if account.body["AccountType"] == "Bank"]
        return render_template(
            "to_deposit.html",
            realm=realm,
            waiting=waiting,
            waits=sum(
                (
                    -row["TotalAmt"] if row["entity"] == "RefundReceipt" else row["TotalAmt"]
                    for row in waiting
                ),
                Decimal(0),
            ),
            banks=banks,
            today=realm.today().isoformat(),
            error=error,
        )


@bp.get("/app/<page>")
def deep_link(page: str) -> Any:
    """Follow a link in the manner of QuickBooks' own pages."""
    entity = {"recvpayment": "payment", "customerdetail": "customer"}.get(page, page)
    record_id = request.args.get("txnId") or request.args.get("nameId") or ""
    realm_id = request.args.get("deeplinkcompanyid", "")
    return current_app.redirect(
        url_for("books.detail", realm_id=realm_id, entity=entity, record_id=record_id)
    )
