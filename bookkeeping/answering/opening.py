"""What owners do about answers: keys made and revoked, the address to call set and ended. Each writes the audit entry in the current transaction; the caller commits."""

import secrets
from collections.abc import Sequence
from urllib.parse import urlsplit

from sqlalchemy import delete

from bookkeeping.acts.telling import tell_owners
from bookkeeping.fetching.addresses import is_public
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.api_keys import SCOPES, ApiKey, keys_of
from bookkeeping.storage.company.callbacks import Callback, CallbackEvent, CallbackMark
from bookkeeping.storage.company.vault import vault
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.people.sessions import token_digest

KEY_MARK = "tieout_"
MOST_KEYS = 20
"""In force at once."""


def make_key(company_id: int, name: str, scopes: Sequence[str], who: str, address: str = "") -> str:
    """Make a key and return it; it is kept nowhere.

    Raises:
        ValueError: a sentence for who asked.
    """
    wanted = [scope for scope in SCOPES if scope in scopes]
    if not wanted:
        raise ValueError("Choose what the key is good for.")
    if sum(key.revoked_at is None for key in keys_of(company_id)) >= MOST_KEYS:
        raise ValueError(f"There are {MOST_KEYS} keys in force. Revoke one first.")
    key = KEY_MARK + secrets.token_urlsafe(32)
    shown = key[: len(KEY_MARK) + 4]
    db.session.add(
        ApiKey(
            company_id=company_id,
            digest=token_digest(key),
            shown=shown,
            name=name,
            scopes=" ".join(wanted),
            made_by=who,
        )
    )
    after = {"key": shown, "scopes": wanted}
    record_act(company_id, who, "made an API key", subject=name, after=after, address=address)
    tell_owners(company_id, "An API key was made", f"{who} made the API key “{name}”.", address=address)
    return key


def revoke_key(key: ApiKey, who: str, address: str = "") -> None:
    """End a key at once. Ending it twice changes nothing."""
    if key.revoked_at is None:
        key.revoked_at, key.revoked_by = utcnow(), who
        record_act(key.company_id, who, "revoked an API key", subject=key.name, address=address)


def address_problem(url: str, *, public_only: bool) -> str:
    """Return why this is no address to call, or "". Where its name leads is looked at with each call, too."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "That is no address. Use one such as https://platform.example.com/tieout."
    if parts.scheme not in ("https", "http") or not host or len(url) > 500 or parts.username:
        return "That is no address. Use one such as https://platform.example.com/tieout."
    if not public_only:
        return ""
    if parts.scheme != "https":
        return "Use https: what is sent there is about clients."
    numeric = host.replace(".", "").isdigit() or ":" in host
    if host == "localhost" or (numeric and not is_public(host)) or port == 0:
        return "That address is not public. Use one that can be reached from the internet."
    return ""


def set_callback(company_id: int, url: str, who: str, address: str = "") -> str:
    """Have this address called from now on, with a ping first; return the new secret that signs, which is shown once."""
    secret = "whsec_" + secrets.token_urlsafe(32)
    row = db.session.get(Callback, company_id)
    before = {"url": row.url} if row else None
    if row is None:
        row = Callback(company_id=company_id)
        db.session.add(row)
    row.url, row.made_at, row.made_by, row.failures, row.not_before = url, utcnow(), who, 0, None
    row.secret = vault().seal(secret, company_id, "secret")
    note_event(company_id, "ping")
    record_act(
        company_id, who, "set the callback address", before=before, after={"url": url}, address=address
    )
    sentence = f"{who} has changes in the books told to {url}."
    tell_owners(company_id, "A callback address was set", sentence, address=address)
    return secret


def end_callback(company_id: int, who: str, address: str = "") -> None:
    """Call nobody any more, and forget what was told."""
    row = db.session.get(Callback, company_id)
    if row is None:
        return
    for table in (CallbackEvent, CallbackMark):
        db.session.execute(delete(table).where(table.company_id == company_id))
    db.session.delete(row)
    record_act(company_id, who, "ended the callback", before={"url": row.url}, address=address)


def note_event(company_id: int, kind: str, inspection_key: str = "") -> None:
    """Add a call to make to the current transaction."""
    uid = f"evt_{secrets.token_hex(16)}"
    db.session.add(CallbackEvent(company_id=company_id, uid=uid, kind=kind, inspection_key=inspection_key))
