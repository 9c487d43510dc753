"""Attachables: files and notes in a list of their own, each linked to what it is about.

The link stands on the Attachable alone: no answer about a transaction shows it, and no write of one touches it. What was attached to a
transaction that is deleted stays in the list, linked to nothing. The files themselves (upload, download) are not here.
"""

from __future__ import annotations

from standins.intuit import errors
from standins.intuit.realm import Realm, Record
from standins.intuit.schema import BY_LOWER_NAME, LISTS, TRANSACTIONS


def finished(realm: Realm, body: dict) -> dict:
    """Return a checked Attachable. Raises faults for one that is neither file nor note, and for a link to what is not there."""
    if not (body.get("FileName") or body.get("Note")):
        raise errors.missing("FileName or Note")
    refs = body.get("AttachableRef", [])
    if not isinstance(refs, list) or not all(isinstance(ref, dict) for ref in refs):
        raise errors.invalid(2010, "Object", "AttachableRef", type(refs).__name__)
    links = [_link(realm, ref) for ref in refs]
    return {name: value for name, value in body.items() if name != "AttachableRef"} | (
        {"AttachableRef": links} if links else {}
    )


def _link(realm: Realm, ref: dict) -> dict:
    if unknown := set(ref) - {
        "EntityRef",
        "LineInfo",
        "IncludeOnSend",
        "Inactive",
        "NoRefOnly",
        "CustomField",
    }:
        raise errors.unknown_property(sorted(unknown)[0])
    named = ref.get("EntityRef") or {}
    entity = BY_LOWER_NAME.get(str(named.get("type", "")).lower())
    if entity not in (*TRANSACTIONS, *LISTS) or realm.find(entity, named.get("value")) is None:
        raise errors.bad_reference(entity or "Entity", named.get("value"))
    return {
        "EntityRef": {"value": str(named["value"]), "type": entity},
        "IncludeOnSend": bool(ref.get("IncludeOnSend")),
    }


def of(realm: Realm, record: Record) -> list[Record]:
    """Return what is attached to a record, oldest first."""
    return realm.under("attached", record.entity, record.id)


def unlink(realm: Realm, record: Record) -> None:
    """Take the links to a record that goes off what was attached to it; that stays in the list, linked to nothing."""
    for one in of(realm, record):
        _relink(
            realm,
            one,
            [ref for ref in one.body["AttachableRef"] if _names(ref) != (record.entity, record.id)],
        )


def _names(ref: dict) -> tuple[str, str]:
    return ref["EntityRef"]["type"], ref["EntityRef"]["value"]


def _relink(realm: Realm, record: Record, refs: list[dict]) -> None:
    body = {name: value for name, value in record.body.items() if name != "AttachableRef"}
    realm.replace(record, body | ({"AttachableRef": refs} if refs else {}))
