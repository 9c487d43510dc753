"""Currencies: the home currency, and what a company with several of them takes and refuses.

Amounts are never converted: what is in another currency counts in reports as if it were worth as much in the home currency.
"""

from __future__ import annotations

from standins.intuit import errors
from standins.intuit.realm import Realm, Record

NAMES = {
    "USD": "United States Dollar",
    "CAD": "Canadian Dollar",
    "EUR": "Euro",
    "GBP": "British Pound Sterling",
    "MXN": "Mexican Peso",
}


def reference(code: str) -> dict:
    """Return a currency as QuickBooks refers to it: the code is its id."""
    return {"value": code, "name": NAMES.get(code, code)}


def home(realm: Realm) -> dict:
    """Return the reference to the company's home currency."""
    return reference(realm.preference("CurrencyPrefs", "HomeCurrency")["value"])


def several(realm: Realm) -> bool:
    """Whether the company has switched on several currencies, which cannot be switched off again."""
    return bool(realm.preference("CurrencyPrefs", "MultiCurrencyEnabled"))


def settle_name(realm: Realm, body: dict, before: Record | None) -> None:
    """Give a Customer, Vendor or Account its currency: the one asked for, else the home currency; it stays for good.

    Raises:
        QuickBooksFault: the currency does not exist, or is another than the entry was made with.
    """
    asked = _asked(realm, body)
    if before is not None:
        was = before.body.get("CurrencyRef") or home(realm)
        if asked not in (None, was["value"]):
            raise errors.business("You can't change the currency of a name or an account.")
        body["CurrencyRef"] = was
    else:
        body["CurrencyRef"] = reference(asked) if asked else home(realm)


def settle_document(realm: Realm, body: dict) -> None:
    """Give a transaction its currency: that of its Customer, which is also the only one that it may ask for.

    Raises:
        QuickBooksFault: it asks for another currency than its Customer's; without a Customer, than the home currency.
    """
    asked = _asked(realm, body)
    customer = realm.find("Customer", body["CustomerRef"]["value"]) if "CustomerRef" in body else None
    own = (customer.body.get("CurrencyRef") if customer else None) or home(realm)
    if asked not in (None, own["value"]):
        raise errors.business("The currency of the transaction is invalid for customer / vendor / account.")
    body["CurrencyRef"] = own
    if several(realm):
        body.setdefault("ExchangeRate", 1)


def _asked(realm: Realm, body: dict) -> str | None:
    """The code asked for. Where there is one currency only, what is asked for is ignored."""
    given = body.get("CurrencyRef")
    code = str((given or {}).get("value") or "").upper() if isinstance(given, dict) else ""
    if not code or not several(realm):
        return None
    if code not in NAMES:
        raise errors.bad_reference("Currency", code)
    return code
