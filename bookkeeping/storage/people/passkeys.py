"""Passkeys as a second factor: what the browser is asked, and what it answers, checked. The rows are `factors.py`'s.

Source: Web Authentication, level 2. The library checks challenge, origin, relying party, presence, signature and counter; that an answer
counts once is checked here, against the challenge answered last.
"""

import secrets

from sqlalchemy import select, update
from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import bytes_to_base64url, parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
)

from bookkeeping.storage.base import db, rows_changed, utcnow
from bookkeeping.storage.people.factors import ISSUER, Factor, factors_of
from bookkeeping.storage.people.people import User
from bookkeeping.storage.people.sessions import token_digest

KIND = "passkey"
LONGEST_ANSWER = 20_000
_MALFORMED = (WebAuthnException, ValueError, TypeError, KeyError, RecursionError)
"""What the library raises for an answer that is wrong, or that is none."""


def new_challenge() -> str:
    """Return a new question, in base64url."""
    return bytes_to_base64url(secrets.token_bytes(32))


def passkeys_of(user_id: int) -> list[Factor]:
    """Return the person's passkeys."""
    return [one for one in factors_of(user_id) if one.kind == KIND]


def options_to_make(user: User, rp_id: str, challenge: str) -> str:
    """Return what the browser is asked for a new passkey, as JSON. The person is named to it by a digest, never by the id."""
    made = generate_registration_options(
        rp_id=rp_id,
        rp_name=ISSUER,
        user_name=user.email,
        user_display_name=user.name or user.email,
        user_id=token_digest(f"passkeys of {user.id}").encode(),
        challenge=base64url_to_bytes(challenge),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED
        ),
        exclude_credentials=_descriptors(user.id),
    )
    return str(options_to_json(made))


def options_to_show(user_id: int, rp_id: str, challenge: str) -> str:
    """Return what the browser is asked for one of the person's passkeys, as JSON."""
    asked = generate_authentication_options(
        rp_id=rp_id, challenge=base64url_to_bytes(challenge), allow_credentials=_descriptors(user_id)
    )
    return str(options_to_json(asked))


def keep_passkey(user_id: int, answer: str, challenge: str, rp_id: str, origin: str, name: str) -> bool:
    """Add the passkey that the browser made to the current transaction; False when the answer is none to this challenge."""
    if not challenge or len(answer) > LONGEST_ANSWER:
        return False
    try:
        made = verify_registration_response(
            credential=answer,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=rp_id,
            expected_origin=origin,
        )
    except _MALFORMED:
        return False
    credential = bytes_to_base64url(made.credential_id)
    if db.session.scalar(select(Factor.id).where(Factor.credential == credential)) is not None:
        return False
    kept = Factor(user_id=user_id, kind=KIND, name=name[:80], credential=credential, confirmed_at=utcnow())
    kept.public_key, kept.sign_count = bytes_to_base64url(made.credential_public_key), made.sign_count
    db.session.add(kept)
    db.session.flush()
    return True


def passkey_fits(user_id: int, answer: str, challenge: str, rp_id: str, origin: str) -> bool:
    """Return whether one of the person's passkeys answered this challenge, and note it, so that the answer counts once."""
    if not challenge or len(answer) > LONGEST_ANSWER:
        return False
    try:
        given = parse_authentication_credential_json(answer)
        kept = next((one for one in passkeys_of(user_id) if one.credential == given.id), None)
        if kept is None:
            return False
        shown = verify_authentication_response(
            credential=given,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=rp_id,
            expected_origin=origin,
            credential_public_key=base64url_to_bytes(kept.public_key),
            credential_current_sign_count=kept.sign_count,
        )
    except _MALFORMED:
        return False
    answered = token_digest(challenge)
    unused = update(Factor).where(Factor.id == kept.id, Factor.last_challenge != answered)
    values = {"last_challenge": answered, "sign_count": shown.new_sign_count, "used_at": utcnow()}
    return rows_changed(unused.values(**values)) == 1


def _descriptors(user_id: int) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(id=base64url_to_bytes(one.credential or ""))
        for one in passkeys_of(user_id)
    ]
