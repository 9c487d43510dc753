"""The paths of the v3 REST API, turned into plans for the gate. No rules of bookkeeping here."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, request

from standins.intuit import batch, cdc, errors, gate, operations, query_run, reports, views, wire
from standins.intuit.gate import Plan
from standins.intuit.schema import BY_LOWER_NAME, SALES
from standins.intuit.world import World

bp = Blueprint("rest", __name__, url_prefix="/v3/company")


@bp.route("/<realm_id>/<path:rest>", methods=["GET", "POST"])
def call(realm_id: str, rest: str) -> Response:
    """Answer any request of the API."""
    world: World = current_app.extensions["world"]
    raw = request.get_data()
    try:
        body = raw.decode()
    except UnicodeDecodeError:
        body = raw.decode("latin-1")
        plan = _refusal(errors.unsupported_operation("The body is not valid UTF-8."))
    else:
        try:
            plan = _plan(rest.strip("/").split("/"), body)
        except errors.QuickBooksFault as fault:
            plan = _refusal(fault)
    return gate.serve(world, realm_id, plan, body)


def _refusal(fault: errors.QuickBooksFault) -> Plan:
    """Return a plan that ends in a fault, so that tokens and limits are looked at first."""

    def work(realm: Any, rules: Any) -> dict:
        raise fault

    return Plan("refused", [], work)


def _json(body: str) -> Any:
    try:
        return wire.loads(body)
    except ValueError as error:
        raise errors.unknown_property(f"Unexpected input: {error}") from None


def _plan(parts: list[str], body: str) -> Plan:
    name, posted = parts[0].lower(), request.method == "POST"
    if name == "query" and len(parts) == 1:
        statement = body if posted else request.args.get("query", "")
        return Plan("query", [], lambda realm, rules: {"QueryResponse": query_run.run(realm, statement)})
    if name == "batch" and len(parts) == 1 and posted:
        return _batch(_json(body))
    if name == "cdc" and len(parts) == 1 and not posted:
        entities, since = request.args.get("entities", ""), request.args.get("changedSince", "")
        return Plan(
            "cdc",
            entities.split(","),
            lambda realm, rules: {"CDCResponse": [{"QueryResponse": cdc.changed(realm, entities, since)}]},
        )
    if name == "reports" and len(parts) == 2 and not posted:
        options = request.args.to_dict()
        return Plan("report", [parts[1]], lambda realm, rules: reports.run(realm, parts[1], options))
    if name not in BY_LOWER_NAME:
        raise errors.no_such_path("/".join(parts))
    entity = operations.entity_named(name)
    if posted and len(parts) == 1:
        return _write(entity, _json(body))
    if posted and len(parts) == 3 and parts[2].lower() == "send" and entity in SALES:
        return Plan(
            "send", [entity], lambda realm, rules: {entity: _sent(realm, entity, parts[1])}, writes=True
        )
    if not posted and len(parts) == 1 and entity == "Preferences":
        return _read(entity, "1")
    if not posted and len(parts) == 2:
        return _read(entity, "1" if entity == "CompanyInfo" else parts[1])
    raise errors.no_such_path("/".join(parts))


def _read(entity: str, record_id: str) -> Plan:
    return Plan(
        "read",
        [entity],
        lambda realm, rules: {entity: views.shown(realm, operations.read(realm, entity, record_id))},
    )


def _write(entity: str, given: Any) -> Plan:
    has_id = isinstance(given, dict) and given.get("Id")
    operation = request.args.get("operation", "").lower() or ("update" if has_id else "create")
    options = frozenset(
        part.strip().lower() for part in request.args.get("include", "").split(",") if part.strip()
    )
    targets = [(entity, str(given["Id"]))] if has_id else []
    word = "void" if operation == "update" and "void" in options else operation
    return Plan(
        word,
        [entity],
        lambda realm, rules: {entity: operations.write(realm, entity, operation, given, options)},
        writes=True,
        targets=targets,
    )


def _batch(content: Any) -> Plan:
    found = batch.entities_of(content)
    targets = [
        (BY_LOWER_NAME.get(name.lower(), name), str(given["Id"])) for name, given in found if given.get("Id")
    ]
    items = content.get("BatchItemRequest") if isinstance(content, dict) else None
    request_id = request.args.get("requestid")
    return Plan(
        "batch",
        [name for name, _ in found],
        lambda realm, rules: {"BatchItemResponse": batch.run(realm, content, request_id, rules)},
        writes=True,
        targets=targets,
        items=len(items) if isinstance(items, list) else 0,
    )


def _sent(realm: Any, entity: str, record_id: str) -> dict:
    """Mark a sale as emailed; nothing leaves the machine."""
    with realm.change():
        record = operations.read(realm, entity, record_id)
        address = request.args.get("sendTo")
        body = record.body | ({"BillEmail": {"Address": address}} if address else {})
        if "BillEmail" not in body:
            raise errors.QuickBooksFault(
                6420, "Email Required", "Email Required : There is no address to send this to."
            )
        realm.replace(record, body | {"EmailStatus": "EmailSent"})
        return views.shown(realm, record)
