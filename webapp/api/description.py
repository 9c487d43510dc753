"""The OpenAPI description of the API: what can be asked, with which key, and what is answered and called back. It answers nothing itself."""

from typing import Any

from bookkeeping.inspection_source.received import KINDS
from bookkeeping.inspection_source.records import METHODS
from bookkeeping.storage.company.api_keys import SCOPES
from bookkeeping.storage.records.inspections import STATES
from tieout_files import VERSION

MOST = 200
"""Inspections on one page of the list."""

_TEXT: dict[str, Any] = {"type": "string"}
_MOMENT = {"type": "string", "format": "date-time"}
_DOLLARS = {"type": "string", "pattern": r"^-?\d+\.\d{2}$", "description": "US dollars"}
_URL = {"type": "string", "format": "uri"}
_OUTCOME = {
    "type": "string",
    "enum": ["taken", "repeated", "late"],
    "description": "repeated: this id was taken already; late: a later event has told of the payment",
}


def _or_null(shape: dict[str, Any]) -> dict[str, Any]:
    return {**shape, "type": [shape["type"], "null"]}


def _object(**fields: dict[str, Any]) -> dict[str, Any]:
    """Return an object in which every field is always there."""
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _list(name: str) -> dict[str, Any]:
    return {"type": "array", "items": _ref(name)}


SCHEMAS: dict[str, Any] = {
    "Inspection": _object(
        key={**_TEXT, "description": "The platform's own id of the inspection"},
        document_number={**_TEXT, "description": "Of its Invoice, also before there is one"},
        state={"type": "string", "enum": list(STATES)},
        state_text={**_TEXT, "description": "The state in words for people"},
        reason=_or_null({**_TEXT, "description": "A code for why it is not in sync"}),
        reason_text=_or_null({**_TEXT, "description": "The reason in words for people"}),
        total=_DOLLARS,
        last_synced_at=_or_null(_MOMENT),
        tieout_url={**_URL, "description": "Its page here, for who has a login"},
        quickbooks_url=_or_null({**_URL, "description": "Its Invoice in QuickBooks"}),
        invoice={"anyOf": [_ref("Document"), {"type": "null"}]},
        payments=_list("Document"),
        refunds=_list("Document"),
        waiting=_list("Waiting"),
        version={**_TEXT, "description": "Another one whenever anything but last_synced_at is another"},
    ),
    "Document": _object(
        key={**_TEXT, "description": "The platform's id of the inspection or payment"},
        number=_or_null(_TEXT),
        date={"type": "string", "format": "date", "description": "TxnDate"},
        amount=_DOLLARS,
        balance=_or_null({**_DOLLARS, "description": "Of an Invoice: what QuickBooks says is open"}),
        changed_in_quickbooks={
            "type": "boolean",
            "description": "Somebody changed it there, and a person has to choose",
        },
        quickbooks_id=_TEXT,
        quickbooks_url=_or_null(_URL),
    ),
    "Waiting": _object(kind=_TEXT, key=_TEXT, reason=_TEXT, reason_text=_TEXT),
    "Company": _object(
        id={"type": "integer"},
        name=_TEXT,
        time_zone=_TEXT,
        quickbooks={
            **_TEXT,
            "description": "connected, checking, reconnect, refused, disconnected, never-connected",
        },
        paused={"type": "boolean"},
        last_sync_at=_or_null(_MOMENT),
    ),
    "Event": _object(
        id={**_TEXT, "description": "The same however often the call is made"},
        type={"type": "string", "enum": ["inspection.changed", "ping"]},
        created_at=_MOMENT,
        company={"type": "integer"},
        data={"anyOf": [_ref("Inspection"), {"type": "null"}]},
    ),
    "PaymentEvent": {
        "type": "object",
        "properties": {
            "id": {**_TEXT, "description": "The same however often the event is sent"},
            "type": {"type": "string", "enum": list(KINDS)},
            "occurred_at": {**_MOMENT, "description": "Of two events about a payment the later one counts"},
            "inspection": {**_TEXT, "description": "The platform's own id of the inspection"},
            "payment": _ref("ReceivedPayment"),
        },
        "required": ["id", "type", "occurred_at", "inspection", "payment"],
    },
    "ReceivedPayment": {
        "type": "object",
        "description": "The payment as it stands after the event. A withdrawn one needs its id alone.",
        "properties": {
            "id": {**_TEXT, "description": "The platform's own id of the payment"},
            "amount": _DOLLARS,
            "method": {"type": "string", "enum": list(METHODS)},
            "received_at": _MOMENT,
            "reference": _or_null(_TEXT),
            "refunded_amount": {**_DOLLARS, "description": "Of the amount; 0.00 where it is left out"},
            "voided_at": _or_null(_MOMENT),
        },
        "required": ["id"],
    },
    "Errors": _object(errors={"type": "array", "items": _object(status=_TEXT, title=_TEXT, detail=_TEXT)}),
}


def _answers(shape: dict[str, Any], status: str = "200", *more: str) -> dict[str, Any]:
    errors = {
        "400": "Not understood",
        "401": "No key in force",
        "403": "The key is not good for that",
        "404": "Not here",
        "409": "This company's payments come another way",
        "429": "Too many; wait for Retry-After seconds",
    }
    content = {"application/json": {"schema": _ref("Errors")}}
    refused = {
        code: {"description": errors[code], "content": content} for code in ("401", "403", "429", *more)
    }
    took = {"description": "As asked", "content": {"application/json": {"schema": shape}}}
    return {status: took, **refused}


def _parameter(name: str, place: str, shape: dict[str, Any], words: str) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": shape, "description": words}


def description(public_url: str) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of an installation at this address."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tieout",
            "version": VERSION,
            "description": "What is in the books for each inspection. How to begin: docs/api.md.",
        },
        "servers": [{"url": public_url}],
        "security": [{"key": []}],
        "paths": _paths(),
        "webhooks": {"changed": {"post": _callback()}},
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "; ".join(f"{name}: {words}" for name, words in SCOPES.items()),
                }
            },
        },
    }


def _paths() -> dict[str, Any]:
    key = _parameter("key", "path", _TEXT, "The platform's own id of the inspection")
    asked = [
        _parameter("state", "query", {"type": "string", "enum": list(STATES)}, "Only those in this state"),
        _parameter("synced_since", "query", _MOMENT, "Only those last synced then or later"),
        _parameter("after", "query", _TEXT, "`next` of the page before"),
        _parameter(
            "limit", "query", {"type": "integer", "minimum": 1, "maximum": MOST, "default": 100}, "How many"
        ),
    ]
    page = _object(data=_list("Inspection"), next=_or_null(_TEXT))
    return {
        "/api/v1/company": {
            "get": _operation(
                "company", "How the company stands", "read", _answers(_object(data=_ref("Company")))
            ),
        },
        "/api/v1/inspections": {
            "get": {
                **_operation("inspections", "A page of inspections", "read", _answers(page, "200", "400")),
                "parameters": asked,
            },
        },
        "/api/v1/inspections/{key}": {
            "get": {
                **_operation(
                    "inspection",
                    "One inspection",
                    "read",
                    _answers(_object(data=_ref("Inspection")), "200", "404"),
                ),
                "parameters": [key],
            },
        },
        "/api/v1/payment-events": {
            "post": {
                **_operation(
                    "tellOfPayment",
                    "Tell of a payment that was received, refunded, voided or withdrawn",
                    "payments",
                    _answers(_object(data=_object(id=_TEXT, outcome=_OUTCOME)), "202", "400", "409"),
                ),
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": _ref("PaymentEvent")}},
                },
            },
        },
        "/api/v1/sync": {
            "post": _operation(
                "sync",
                "Have changes read at once",
                "sync",
                _answers(_object(data=_object(queued={"type": "boolean"})), "202"),
            ),
        },
    }


def _operation(name: str, words: str, scope: str, answers: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": words,
        "description": f"Wants a key with the scope `{scope}`.",
        "responses": answers,
    }


def _callback() -> dict[str, Any]:
    content = {"application/json": {"schema": _ref("Event")}}
    return {
        "operationId": "changed",
        "summary": "An answer changed, or the callback was set",
        "description": "Tieout-Signature is `t=<Unix seconds>,v1=<hex HMAC-SHA256 of t.body>`. Any 2xx ends it; all else is tried again.",
        "security": [],
        "requestBody": {"required": True, "content": content},
        "responses": {"204": {"description": "Taken"}},
    }
