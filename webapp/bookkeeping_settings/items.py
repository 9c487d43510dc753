"""Which Item each service and fee name is booked to; what a name never seen before gets; and the names that are new."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from bookkeeping.acts.books import note_looked_at
from bookkeeping.logbook.fee_names import MAPPED_KINDS, SeenName, names_seen
from bookkeeping.rules.inspection import BookSettings
from bookkeeping.rules.names import clean_name
from bookkeeping.rules.text import ITEM_NAME_LIMIT, one_line
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from webapp.access.limits import client_address
from webapp.access.matrix import Right
from webapp.access.roles import current_company, open_to
from webapp.bookkeeping_settings.forms import Typed, lists_of
from webapp.bookkeeping_settings.pages import Answer, followers, item_ids, settle

bp = Blueprint("items", __name__, url_prefix="/settings/quickbooks/items")

SHOWN = 500
_SPECIAL = {"discount": "discount_item", "tax": "tax_item"}
_LONGEST_NAME = 300


@bp.get("")
@open_to(Right.READ)
def page() -> str:
    """Show every name with its Item."""
    return _show()


def _show(typed: Typed | None = None) -> str:
    company = current_company()
    seen = _mapped_names(company)
    looked_at = set((company.books or {}).get("names_looked_at") or ())
    return render_template(
        "books/items.html",
        company=company,
        lists=typed.lists if typed else lists_of(company),
        names=[(one, item_of(company, one.name)) for one in seen[:SHOWN]],
        left_out=max(len(seen) - SHOWN, 0),
        mapped=(company.books or {}).get("item_names") or {},
        new={one.name for one in seen} - looked_at,
        one_item=(company.books or {}).get("one_item") or "",
        special=_special(company),
        errors=typed.errors if typed else {},
        sent=_sent() if typed else {},
        form=request.form if typed else {},
    )


@bp.post("")
@open_to(Right.BOOKS)
def save() -> Answer:
    """Save the Items of the names on the page; an empty field gives a name its default."""
    company = current_company()
    typed, before = Typed(lists_of(company)), company.books or {}
    mapping, ids = dict(before.get("item_names") or {}), {}
    seen = {one.name: one for one in _mapped_names(company)}
    for name, wanted in _sent().items():
        if name not in seen:
            continue  # Not a name of this company's inspections.
        item, item_id = typed.item(f"item:{name}", wanted)
        mapping.pop(name, None)
        if item and item != _default_item(company, name):
            mapping[name], ids[item] = item, item_id
    changes: dict[str, Any] = {}
    for key in _SPECIAL.values():
        item, item_id = typed.item(key, typed.text(key))
        changes[key] = item if item != getattr(BookSettings, key) else None
        ids |= {item: item_id} if item else {}
    if typed.errors:
        return _show(typed), 422
    changes |= {"item_names": mapping, "item_ids": item_ids(company, ids)}
    counts = _moved(company, changes, seen)
    return settle(company, typed, "Invoice", counts, "items.page", **changes)


@bp.post("/new-names")
@open_to(Right.BOOKS)
def save_new_names() -> Answer:
    """Say what a name never seen before gets. Every name seen so far keeps its Item, so no document changes."""
    company = current_company()
    typed = Typed(lists_of(company))
    item, item_id = None, ""
    if typed.text("new_names") == "one":
        item, item_id = typed.item("one_item", typed.text("one_item"))
        if not item:
            typed.errors["one_item"] = "Name the Item that new names get."
    elif typed.text("new_names") != "each":
        typed.errors["new_names"] = "Choose one of the two."
    if typed.errors:
        return _show(typed), 422
    kept = {one.name: item_of(company, one.name) for one in _mapped_names(company)}
    mapping = {**kept, **((company.books or {}).get("item_names") or {})}
    if item is None:  # An Item of its own is what the name itself says.
        mapping = {
            name: chosen for name, chosen in mapping.items() if chosen != clean_name(name, ITEM_NAME_LIMIT)
        }
    changes: dict[str, Any] = {"one_item": item, "item_names": mapping}
    if item:
        changes["item_ids"] = item_ids(company, {item: item_id})
    return settle(company, typed, "Invoice", (0, 0), "items.page", **changes)


@bp.post("/looked-at")
@open_to(Right.BOOKS)
def looked_at() -> Response:
    """Note that somebody has looked at the new names and leaves them as they are."""
    company = current_company()
    note_looked_at(
        company, [one.name for one in _mapped_names(company)], current_user.email, client_address()
    )
    db.session.commit()
    flash("Noted. Names that turn up from now on are listed as new.", "success")
    return redirect(url_for(".page"), 303)


def item_of(company: Company, name: str) -> str:
    """Return the name of the Item that lines of this name are booked to now."""
    return ((company.books or {}).get("item_names") or {}).get(name) or _default_item(company, name)


def _default_item(company: Company, name: str) -> str:
    return (company.books or {}).get("one_item") or clean_name(name, ITEM_NAME_LIMIT)


def _mapped_names(company: Company) -> list[SeenName]:
    return [one for one in names_seen(company.id) if one.kind in MAPPED_KINDS]


def _special(company: Company) -> dict[str, str]:
    """Return the Items of discounts and of tax lines, by the key they are kept under."""
    chosen = company.books or {}
    return {key: chosen.get(key) or getattr(BookSettings, key) for key in _SPECIAL.values()}


def _sent() -> dict[str, str]:
    """Return the typed Item by name; the two come as lists in the same order."""
    names, items = request.form.getlist("name"), request.form.getlist("item")
    return {
        name: one_line(item) for name, item in zip(names, items, strict=False) if len(name) <= _LONGEST_NAME
    }


def _moved(company: Company, changes: dict[str, Any], seen: dict[str, SeenName]) -> tuple[int, int]:
    """Return how many living Invoices these changes would alter, in all and in a closed period."""
    before = {name: item_of(company, name) for name in seen}
    after = {name: changes["item_names"].get(name) or _default_item(company, name) for name in seen}
    moved = [one for name, one in seen.items() if before[name] != after[name]]
    spellings = {spelling for one in moved for spelling in one.written}
    kinds = set(MAPPED_KINDS) if moved else set()
    for kind, key in _SPECIAL.items():
        if (changes[key] or getattr(BookSettings, key)) != _special(company)[key]:
            spellings |= {text for one in names_seen(company.id) if one.kind == kind for text in one.written}
            kinds.add(kind)
    return followers(company, spellings, tuple(kinds)) if spellings else (0, 0)
