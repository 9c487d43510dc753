"""`/_standin/realms`: make companies, look into them whole, fill them in bulk, change what no API can.

The rest of the admin API is in `admin`.
"""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import Blueprint, Response, request

from standins.intuit import batch, errors, ledger, presets, views, wire
from standins.intuit.admin import as_json, given_json, loopback_only, nonsense, realm_named, world_here
from standins.intuit.realm import Realm
from standins.intuit.schema import BY_LOWER_NAME, ENTITIES

bp = Blueprint("admin_realms", __name__, url_prefix="/_standin/realms")
bp.before_request(loopback_only)
bp.register_error_handler(ValueError, nonsense)
MADE_FROM = ("Estimate", "TimeActivity", "StatementCharge", "ReimburseCharge")
COMPANY_FLAGS = {
    "subscription": ("subscribed", "lapsed"),
    "permission": ("ok", "denied", "lost"),
    "closing_password": (True, False),
    "warn_duplicate_doc_numbers": (True, False),
}


def summary(realm: Realm) -> dict[str, Any]:
    """Return the facts of a company and how many objects of each entity it has."""
    info = realm.records["CompanyInfo"]["1"].body
    counts = {entity: len(records) for entity, records in realm.records.items() if records}
    return {
        "realm_id": realm.id,
        "name": info["CompanyName"],
        "country": info["Country"],
        "currency": realm.preference("CurrencyPrefs", "HomeCurrency")["value"],
        "closing_date": realm.preference("AccountingInfoPrefs", "BookCloseDate"),
        "connected_apps": sorted({grant["client_id"] for grant in realm.world.grants.living(realm.id)}),
        "counts": counts,
        **{name: value for name, value in realm.meta.items() if name != "id"},
    }


@bp.post("")
def add_realm() -> Response:
    """Make a company."""
    given = given_json()
    if unknown := set(given) - {
        "realm_id",
        "name",
        "country",
        "currency",
        "preset",
        "preferences",
        "time_zone",
    }:
        raise ValueError(f"A company has no {', '.join(sorted(unknown))}.")
    if given.get("preset", "service") != "service":
        raise ValueError("The only preset is service.")
    zone = given.get("time_zone", "America/Los_Angeles")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"There is no time zone {zone}.") from error
    world = world_here()
    realm_id = str(given.get("realm_id") or world.new_realm_id())
    realm = world.add_realm(presets.meta(realm_id, zone))
    presets.fill(
        realm,
        given.get("name", "Summit Home Inspections"),
        given.get("country", "US"),
        given.get("currency", "USD"),
        given.get("preferences", {}),
    )
    return as_json(summary(realm))


@bp.get("")
def realms() -> Response:
    """List the companies."""
    return as_json({"realms": [summary(realm) for realm in world_here().realms.values()]})


@bp.get("/<realm_id>/books")
def books(realm_id: str) -> Response:
    """Return everything in a company's books and whether it holds together."""
    realm = realm_named(realm_id)
    with realm.lock:
        content: dict[str, Any] = {"realm": summary(realm)}
        for entity in ENTITIES:
            content[entity] = [views.shown(realm, record) for record in realm.all(entity)]
        content["deleted"] = {entity: list(tombs) for entity, tombs in realm.tombs.items() if tombs}
        content["integrity"] = ledger.integrity(realm)
        return as_json(content)


@bp.post("/<realm_id>/batch")
def bulk(realm_id: str) -> tuple[Response, int] | Response:
    """Carry out a batch of any size without limits; a missing SyncToken means the current one, a missing bId a number."""
    realm, content = realm_named(realm_id), wire.loads(request.get_data())
    items = content.get("BatchItemRequest", [])
    with realm.change():
        for index, item in enumerate(items):
            item.setdefault("bId", str(index))
        for name, given in batch.entities_of(content):
            record = realm.find(BY_LOWER_NAME.get(name.lower(), name), given.get("Id"))
            if record is not None:
                given.setdefault("SyncToken", str(record.token))
        try:
            answers = batch.run(realm, content, None, [], most=len(items) or 1)
        except errors.QuickBooksFault as fault:
            return as_json({"Fault": fault.as_json()}), fault.status
    return as_json({"BatchItemResponse": answers})


@bp.post("/<realm_id>/token")
def token(realm_id: str) -> Response:
    """Return tokens for a company without anyone's consent; not held to the limits unless asked."""
    realm, world, given = realm_named(realm_id), world_here(), given_json()
    client_id = given.get("client_id") or next(iter(world.apps))
    if client_id not in world.apps:
        raise ValueError(f"There is no app {client_id}.")
    with world.lock:
        scope = "com.intuit.quickbooks.accounting"
        grant = world.grants.new_grant(
            client_id, realm.id, scope, "seed@example.com", not given.get("limits", False)
        )
        return as_json(world.grants.reply(grant, False) | {"realm_id": realm.id})


@bp.post("/<realm_id>/preferences")
def preferences(realm_id: str) -> Response:
    """Change preferences by section; null takes one away."""
    realm = realm_named(realm_id)
    with realm.change():
        record = realm.records["Preferences"]["1"]
        body = {section: dict(values) for section, values in record.body.items()}
        for section, values in given_json().items():
            if section not in body or not isinstance(values, dict):
                raise ValueError(f"{section} is no section of preferences; there are {', '.join(body)}.")
            for name, value in values.items():
                if value is None:
                    body[section].pop(name, None)
                else:
                    body[section][name] = value
        realm.replace(record, body)
        return as_json(views.shown(realm, record))


@bp.post("/<realm_id>/company")
def company(realm_id: str) -> Response:
    """Change a company's own facts: name, country, time_zone, tax_percent and the flags."""
    realm, given = realm_named(realm_id), given_json()
    with realm.change():
        record = realm.records["CompanyInfo"]["1"]
        info = dict(record.body)
        for name, value in given.items():
            if name == "name":
                info["CompanyName"] = str(value)
            elif name == "country":
                info["Country"] = str(value)
            elif name == "tax_percent":
                realm.meta["tax_percent"] = str(value)
            elif name == "time_zone":
                realm.meta["time_zone"] = info["DefaultTimeZone"] = ZoneInfo(value).key
            elif name in COMPANY_FLAGS and value in COMPANY_FLAGS[name]:
                realm.meta[name] = value
            else:
                raise ValueError(f"{name} can't be {value!r}; flags: {COMPANY_FLAGS}.")
        status = "SUBSCRIBED" if realm.meta["subscription"] == "subscribed" else "EXPIRED"
        info["NameValue"] = [
            {"Name": "SubscriptionStatus", "Value": status} if each["Name"] == "SubscriptionStatus" else each
            for each in info["NameValue"]
        ]
        if info != record.body:
            realm.replace(record, info)
        return as_json(summary(realm))


@bp.post("/<realm_id>/made-from")
def made_from(realm_id: str) -> Response:
    """Link an `invoice` to what it was made from or bills for: `type` and `txn_id` of something that is not kept here."""
    realm, given = realm_named(realm_id), given_json()
    record = realm.find("Invoice", given.get("invoice"))
    if record is None or given.get("type") not in MADE_FROM:
        raise ValueError(f"An invoice that is there and a type of {', '.join(MADE_FROM)} are wanted.")
    with realm.change():
        link = {"TxnId": str(given.get("txn_id", "1")), "TxnType": given["type"]}
        realm.replace(record, record.body | {"LinkedTxn": [*record.body.get("LinkedTxn", []), link]})
        return as_json(views.shown(realm, record))


@bp.post("/<realm_id>/backdate")
def backdate(realm_id: str) -> Response:
    """Move CreateTime and LastUpdatedTime into the past by `hours` or `days`, of one `entity` or `ids` if given."""
    realm, given = realm_named(realm_id), given_json()
    seconds = int(float(given.get("days", 0)) * 86400 + float(given.get("hours", 0)) * 3600)
    wanted = given.get("entity")
    if wanted is not None and wanted not in ENTITIES:
        raise ValueError(f"There is no entity {wanted}.")
    count = 0
    with realm.change():
        for entity in [wanted] if wanted else ENTITIES:
            for record in [*realm.all(entity), *realm.tombs.get(entity, {}).values()]:
                if "ids" not in given or record.id in {str(each) for each in given["ids"]}:
                    realm.backdate(record, seconds)
                    count += 1
    return as_json({"moved": count})


@bp.route("/<realm_id>/calls", methods=["GET", "DELETE"])
def calls(realm_id: str) -> Response:
    """Return or forget what was asked of a company."""
    realm_named(realm_id)
    if request.method == "DELETE":
        world_here().calls.forget(realm_id)
    return as_json(world_here().calls.of(realm_id))


@bp.get("/<realm_id>/history")
def history(realm_id: str) -> Response:
    """Return what happened to a company's objects, oldest first: each change with who made it, and what an app was shown."""
    realm = realm_named(realm_id)
    with realm.lock:
        return as_json({"history": realm.history.told()})
