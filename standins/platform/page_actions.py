"""What the buttons on the pages do: each form changes one inspection, rings the hook and returns to its page."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from flask import Blueprint, current_app, redirect, request, url_for
from werkzeug import Response

from standins.platform import changes, clock, publishing, wakeup
from standins.platform.fields import CONTACT_DETAILS, MONEY, PLACE, Refused

bp = Blueprint("page_actions", __name__)


@bp.post("/companies/<int:company_id>/hook")
def set_hook(company_id: int) -> Response:
    """Set or clear the wake-up hook."""
    url = _typed("hook_url")
    if url and not url.startswith(("http://", "https://")):
        raise Refused("The hook must be a full address that starts with http:// or https://")
    with current_app.config["STORE"].writing() as db:
        changes.update_company(db, company_id, {"hook_url": url})
    return redirect(url_for("pages.company", company_id=company_id), 303)


@bp.post("/companies/<int:company_id>/inspections")
def book(company_id: int) -> Response:
    """Book a new inspection."""
    values: dict[str, Any] = {"datetime": _required("datetime", "Choose when it starts"), "buyer": _buyer()}
    values |= {name: _typed(name) for name in (*PLACE, "inspector_name")} | {
        "confirmed": "confirmed" in request.form
    }
    columns = [request.form.getlist(name) for name in ("kind", "name", "amount")]
    lines = [line for line in zip(*columns, strict=True) if line[1].strip() or line[2].strip()]
    values["line_items"] = [
        {"kind": kind, "name": name.strip(), "amount": _money(amount)} for kind, name, amount in lines
    ]
    with current_app.config["STORE"].writing() as db:
        inspection_id = changes.create_inspection(db, company_id, values)
    return _shown(company_id, inspection_id)


@bp.post("/inspections/<int:inspection_id>/<any(confirm, unconfirm, reinstate, delete, restore):action>")
def set_state(inspection_id: int, action: str) -> Response:
    """Confirm, unconfirm, reinstate, delete or restore."""
    switches = {
        "confirm": {"confirmed": True}, "unconfirm": {"confirmed": False}, "delete": {"deleted": True},
        "reinstate": {"canceled": False, "cancel_reason": None}, "restore": {"deleted": False},
    }  # fmt: skip
    return _changed(inspection_id, switches[action])


@bp.post("/inspections/<int:inspection_id>/cancel")
def cancel(inspection_id: int) -> Response:
    """Cancel with a reason."""
    return _changed(
        inspection_id, {"canceled": True, "cancel_reason": _required("cancel_reason", "Give a reason")}
    )


@bp.post("/inspections/<int:inspection_id>/reschedule")
def reschedule(inspection_id: int) -> Response:
    """Move to another date and time, meant in the company's time zone."""
    return _changed(inspection_id, {"datetime": _required("datetime", "Choose the new date and time")})


@bp.post("/inspections/<int:inspection_id>/details")
def details(inspection_id: int) -> Response:
    """Change the property and the inspector."""
    return _changed(inspection_id, {name: _typed(name) for name in (*PLACE, "inspector_name")})


@bp.post("/inspections/<int:inspection_id>/publish")
def publish(inspection_id: int) -> Response:
    """Deliver the report."""
    with current_app.config["STORE"].reading() as db:
        now = clock.to_text(clock.now(db))
    return _changed(inspection_id, {"published_at": now})


@bp.post("/inspections/<int:inspection_id>/client")
def edit_client(inspection_id: int) -> Response:
    """Edit the client, for every inspection of theirs."""
    return _changed(inspection_id, {"buyer": {name: _typed(name) for name in CONTACT_DETAILS}})


@bp.post("/inspections/<int:inspection_id>/switch-client")
def switch_client(inspection_id: int) -> Response:
    """Give the inspection to another client: an existing number or a new one."""
    return _changed(inspection_id, {"buyer": _buyer()})


@bp.post("/inspections/<int:inspection_id>/lines")
@bp.post("/inspections/<int:inspection_id>/lines/<int:row_id>", endpoint="save_line")
def save_line(inspection_id: int, row_id: int | None = None) -> Response:
    """Add, change or remove a line."""
    if "remove" in request.form and row_id is not None:
        with current_app.config["STORE"].writing() as db:
            changes.remove(db, "line_items", row_id)
        return _shown_by(inspection_id)
    values = {"kind": request.form.get("kind", "service"), "name": _required("name", "Name the line")}
    values["amount"] = _money(request.form.get("amount", ""))
    return _saved(changes.save_line_item, inspection_id, row_id, values)


@bp.post("/inspections/<int:inspection_id>/payments")
def take_payment(inspection_id: int) -> Response:
    """Take a payment."""
    values: dict[str, Any] = {
        "amount": _money(request.form.get("amount", "")),
        "method": request.form.get("method", "card"),
    }
    values["reference"] = _typed("reference")
    if received_at := _typed("received_at"):
        values["received_at"] = received_at
    return _saved(changes.save_payment, inspection_id, None, values)


@bp.post("/inspections/<int:inspection_id>/payments/<int:row_id>/refund")
def refund(inspection_id: int, row_id: int) -> Response:
    """Set how much of a payment is refunded in all; with a line, a negative fee of the same size is added too."""
    amount = Decimal(_money(request.form.get("refunded_amount", "")))
    with current_app.config["STORE"].writing() as db:
        before = db.execute("SELECT refunded_amount FROM payments WHERE id = ?", (row_id,)).fetchone()
        changes.save_payment(db, inspection_id, row_id, {"refunded_amount": str(amount)})
        more = amount - Decimal(before["refunded_amount"])
        if "with_line" in request.form and more > 0:
            line = {"kind": "fee", "name": "Refund", "amount": str(-more)}
            changes.save_line_item(db, inspection_id, None, line)
        publishing.touch(db, inspection_id)
    return _shown_by(inspection_id)


@bp.post("/inspections/<int:inspection_id>/payments/<int:row_id>/<any(void, unvoid):action>")
def void(inspection_id: int, row_id: int, action: str) -> Response:
    """Void a payment, or take that back."""
    with current_app.config["STORE"].reading() as db:
        now = clock.to_text(clock.now(db))
    return _saved(
        changes.save_payment, inspection_id, row_id, {"voided_at": now if action == "void" else None}
    )


def _changed(inspection_id: int, values: dict[str, Any]) -> Response:
    with current_app.config["STORE"].writing() as db:
        changes.update_inspection(db, inspection_id, values)
    return _shown_by(inspection_id)


def _saved(
    save: Callable[..., int], inspection_id: int, row_id: int | None, values: dict[str, Any]
) -> Response:
    with current_app.config["STORE"].writing() as db:
        changes.inspection(db, inspection_id)
        save(db, inspection_id, row_id, values)
        publishing.touch(db, inspection_id)
    return _shown_by(inspection_id)


def _shown_by(inspection_id: int) -> Response:
    with current_app.config["STORE"].reading() as db:
        return _shown(changes.inspection(db, inspection_id)["company_id"], inspection_id)


def _shown(company_id: int, inspection_id: int) -> Response:
    wakeup.ring(company_id)
    return redirect(url_for("pages.inspection", inspection_id=inspection_id), 303)


def _buyer() -> dict[str, Any]:
    if number := _typed("client_number"):
        return {"id": number.lstrip("#")}
    given = {name: _typed(name) for name in CONTACT_DETAILS}
    if not given["first_name"] and not given["last_name"]:
        raise Refused("Name the client, or give the number of an existing one")
    return given | {"new": True}


def _typed(name: str) -> str | None:
    return request.form.get(name, "").strip() or None


def _required(name: str, remedy: str) -> str:
    if not (value := _typed(name)):
        raise Refused(remedy)
    return value


def _money(text: str) -> str:
    plain = text.strip().replace(",", "").replace("$", "").replace("−", "-")
    if not MONEY.fullmatch(plain):
        raise Refused(f"{text.strip() or 'Nothing'} is no amount; type dollars such as 425 or 425.00")
    return plain
