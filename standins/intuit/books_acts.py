"""What a person does in the books: edit, void, delete, deposit, deactivate, close a period, disconnect the app.

Everything goes through the same operations as the API, so SyncTokens, balances and links move alike.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug import Response

from standins.intuit import books, errors, merging, names, operations, shapes
from standins.intuit.realm import Realm, Record
from standins.intuit.schema import BY_LOWER_NAME, LISTS

bp = Blueprint("acts", __name__, url_prefix="/books/<realm_id>")
Answer = Response | tuple[str, int]


def _write(realm: Realm, entity: str, operation: str, given: dict[str, Any]) -> None:
    operations.write(realm, entity, operation, given)


def _attempt(realm: Realm, act: Callable[[], None], shown: Callable[[str], str], done: str) -> Answer:
    """Carry out an act and go to `done`, or show the page again with what QuickBooks says."""
    try:
        with realm.change():
            act()
    except errors.QuickBooksFault as fault:
        return shown(f"{fault.detail} (code {fault.code})"), 400
    return redirect(done)


@bp.post("/<entity>/<record_id>/<act>")
def change(realm_id: str, entity: str, record_id: str, act: str) -> Answer:
    """Save, void, delete, merge, or switch an entry of a list on or off."""
    realm, entity = books.realm_or_404(realm_id), BY_LOWER_NAME.get(entity.lower(), "")
    record = realm.find(entity, record_id)
    if record is None:
        abort(404)
    given = {"Id": record.id, "SyncToken": request.form.get("SyncToken", str(record.token))}
    page = url_for("books.detail", realm_id=realm.id, entity=entity.lower(), record_id=record.id)
    here = partial(books.detail, realm_id, entity, record_id)
    if act == "save" and entity in books.EDITABLE:
        return _attempt(
            realm, lambda: _write(realm, entity, "update", given | _edited(realm, record)), here, page
        )
    if act in ("void", "delete"):
        back = page if act == "void" else url_for("books.listing", realm_id=realm.id, entity=entity.lower())
        return _attempt(realm, lambda: _write(realm, entity, act, given), here, back)
    if act in ("deactivate", "activate") and entity in LISTS:
        active = {"sparse": True, "Active": act == "activate"}
        return _attempt(realm, lambda: _write(realm, entity, "update", given | active), here, page)
    if act == "merge" and entity in merging.MERGED:
        into = request.form.get("into", "")
        return _attempt(realm, lambda: merging.merge(realm, entity, record.id, into), here, page)
    return abort(404)


def _edited(realm: Realm, record: Record) -> dict[str, Any]:
    """Return the sparse update that the posted form asks for."""
    form = request.form
    changes: dict[str, Any] = {"sparse": True}
    for name in (
        "TxnDate",
        "DueDate",
        "DocNumber",
        "PrivateNote",
        "PaymentRefNum",
        "TotalAmt",
        "CompanyName",
        "Notes",
    ):
        if name in form:
            changes[name] = form[name].replace("\r\n", "\n")
    if record.entity == "Customer":
        changes["DisplayName"] = form.get("DisplayName", "")
        changes["PrimaryEmailAddr"] = {"Address": form.get("email", "")}
        changes["PrimaryPhone"] = {"FreeFormNumber": form.get("phone", "")}
    elif form.get("customer", "").strip():
        changes["CustomerRef"] = {"value": _customer_named(realm, record, form["customer"]).id}
    if "line" in form or "new_amount" in form:
        changes["Line"] = _edited_lines(record)
    return changes


def _customer_named(realm: Realm, record: Record, name: str) -> Record:
    own = record.ref("CustomerRef")
    if own and realm.find("Customer", own).body["DisplayName"] == name.strip():
        return realm.find("Customer", own)
    found = [each for each in realm.under("name", name.strip().casefold()) if each.entity == "Customer"]
    if not found:
        raise errors.business(f"There is no customer {names.SUFFIX.sub('', name.strip())}.")
    return found[0]


def _edited_lines(record: Record) -> list[dict[str, Any]]:
    """Return the lines of the form; one without an amount goes, a new one comes, discounts and texts stay."""
    form, lines = request.form, []
    for line in record.body["Line"]:
        if line["DetailType"] != "SalesItemLineDetail":
            lines.append(line)
            continue
        typed = form.get(f"amount_{line['Id']}", "").strip()
        if not typed:
            continue
        amount = shapes.money("Amount", typed.replace(",", ""))
        kept = dict(line["SalesItemLineDetail"])
        if amount != line["Amount"]:
            kept |= {"Qty": Decimal(1), "UnitPrice": amount}
        text = form.get(f"description_{line['Id']}", line.get("Description", ""))
        lines.append(line | {"Amount": amount, "Description": text, "SalesItemLineDetail": kept})
    if form.get("new_amount", "").strip():
        amount = shapes.money("Amount", form["new_amount"].replace(",", ""))
        detail = {"ItemRef": {"value": form.get("new_item", "1")}, "Qty": 1, "UnitPrice": amount}
        lines.append(
            {
                "Amount": amount,
                "Description": form.get("new_description", ""),
                "DetailType": "SalesItemLineDetail",
                "SalesItemLineDetail": detail,
            }
        )
    return lines


@bp.post("/to-deposit")
def deposit(realm_id: str) -> Answer:
    """Put chosen payments and receipts into the bank."""
    realm = books.realm_or_404(realm_id)

    def act() -> None:
        lines = []
        ticked = request.form.getlist("txn")
        if "everything" in request.form:
            ticked = [f"{record.entity}:{record.id}" for record in books.undeposited(realm)]
        for chosen in ticked:
            entity, _, record_id = chosen.partition(":")
            record = operations.read(realm, entity, record_id)
            link = {"TxnId": record.id, "TxnType": entity, "TxnLineId": "0"}
            sign = -1 if entity == "RefundReceipt" else 1
            lines.append({"Amount": sign * record.body["TotalAmt"], "LinkedTxn": [link]})
        if not lines:
            raise errors.business("Choose what to deposit.")
        account = {"value": request.form.get("account", "")}
        given = {"DepositToAccountRef": account, "TxnDate": request.form.get("date", ""), "Line": lines}
        _write(realm, "Deposit", "create", given)

    done = url_for("books.listing", realm_id=realm.id, entity="deposit")
    return _attempt(realm, act, partial(books.to_deposit, realm_id), done)


@bp.post("/company/<act>")
def company(realm_id: str, act: str) -> Answer:
    """Set the closing date, end or resume the subscription, or disconnect the app."""
    realm = books.realm_or_404(realm_id)
    if act == "disconnect":
        with realm.world.lock:
            realm.world.grants.revoke_realm(realm.id)
    elif act in ("lapse", "resume"):
        with realm.change():
            realm.meta["subscription"] = "lapsed" if act == "lapse" else "subscribed"
    elif act == "close":
        try:
            _close(realm, request.form.get("date", "").strip(), "password" in request.form)
        except errors.QuickBooksFault as fault:
            return render_template("gone.html", realm=realm, message=fault.detail), 400
    else:
        abort(404)
    return redirect(url_for("books.overview", realm_id=realm.id))


def _close(realm: Realm, day: str, with_password: bool) -> None:
    with realm.change():
        record = realm.records["Preferences"]["1"]
        section = dict(record.body["AccountingInfoPrefs"])
        section.pop("BookCloseDate", None)
        if day:
            section["BookCloseDate"] = shapes.day("BookCloseDate", day)
        realm.replace(record, record.body | {"AccountingInfoPrefs": section})
        realm.meta["closing_password"] = bool(day) and with_password
