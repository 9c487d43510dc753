"""The second factor of a login: an app that shows codes (TOTP), passkeys, and recovery codes for when both are lost.

An app's secret is sealed like every other and bound to its person; of a passkey only the public half is here; of a recovery code only its
digest. A code and a passkey's answer count once. What owners are told of it is the acts'.
"""

import hmac
import secrets
from datetime import datetime

import pyotp
from sqlalchemy import BigInteger, ForeignKey, String, Text, delete, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from bookkeeping.storage.base import Base, UtcDateTime, db, rows_changed, utcnow
from bookkeeping.storage.company.vault import vault
from bookkeeping.storage.people.memberships import Membership
from bookkeeping.storage.people.people import User
from bookkeeping.storage.people.sessions import token_digest

ISSUER = "Tieout"
RECOVERY_CODES = 10
MOST_FACTORS = 10
STEP_SECONDS = 30
APP_DIGITS = 6
_SECRET = "factor_secret"  # noqa: S105 - what a secret is sealed for, not one.
_STEPS_AROUND = (-1, 0, 1)
"""A clock may be wrong by half a minute either way. Source: RFC 6238, 5.2."""


class Factor(Base):
    """One app or one passkey of a person. An app counts from `confirmed_at` on, when its first code was typed.

    `secret` is an app's, sealed; `credential` and `public_key` are a passkey's (base64url). `last_step` is the newest half minute of which a
    code was taken, `last_challenge` the digest of the question that a passkey answered last.
    """

    __tablename__ = "factors"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(80), default="")
    secret: Mapped[str] = mapped_column(Text, default="")
    credential: Mapped[str | None] = mapped_column(String(1400), unique=True)
    public_key: Mapped[str] = mapped_column(Text, default="")
    sign_count: Mapped[int] = mapped_column(BigInteger, default=0)
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)
    last_challenge: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RecoveryCode(Base):
    """The digest of a code that stands in for a lost factor, once."""

    __tablename__ = "recovery_codes"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def factors_of(user_id: int) -> list[Factor]:
    """Return the factors that a person can use, in the order in which they came."""
    rows = select(Factor).where(Factor.user_id == user_id, Factor.confirmed_at.is_not(None))
    return list(db.session.scalars(rows.order_by(Factor.id)))


def has_factor(user_id: int) -> bool:
    """Return whether this person's login asks for a second factor."""
    rows = select(Factor.id).where(Factor.user_id == user_id, Factor.confirmed_at.is_not(None))
    return db.session.scalar(rows.limit(1)) is not None


def must_have_factor(user: User, membership: Membership | None, with_standins: bool) -> bool:
    """Return whether the person may do nothing here without a second factor: where an owner requires it, and ops but with the stand-ins."""
    if user.is_ops:
        return not with_standins
    return membership is not None and membership.company.factor_required


def begin_app(user_id: int) -> Factor:
    """Make an app's secret in the current transaction, in place of one that was begun and not confirmed."""
    unconfirmed = (Factor.user_id == user_id, Factor.kind == "app", Factor.confirmed_at.is_(None))
    db.session.execute(delete(Factor).where(*unconfirmed))
    sealed = vault().seal(pyotp.random_base32(), user_id, _SECRET)
    made = Factor(user_id=user_id, kind="app", secret=sealed)
    db.session.add(made)
    db.session.flush()
    return made


def begun_app(user_id: int) -> Factor | None:
    """Return the app that was begun and not confirmed yet."""
    rows = select(Factor).where(
        Factor.user_id == user_id, Factor.kind == "app", Factor.confirmed_at.is_(None)
    )
    return db.session.scalar(rows)


def app_secret(factor: Factor) -> str:
    """Return an app's secret in base32, for typing it in."""
    return vault().open(factor.secret, factor.user_id, _SECRET)


def app_address(factor: Factor, email: str) -> str:
    """Return the otpauth address that an app reads from the QR code."""
    return pyotp.TOTP(app_secret(factor)).provisioning_uri(name=email, issuer_name=ISSUER)


def confirm_app(factor: Factor, code: str) -> bool:
    """Let an app count from now on, if this is its code."""
    if not _app_says(factor, code):
        return False
    factor.confirmed_at = utcnow()
    return True


def code_fits(user_id: int, code: str) -> str:
    """Use up a code in the current transaction; return "app" or "recovery" for what it was, or "" when it fits nothing."""
    code = "".join(code.split()).replace("-", "").lower()[:64]
    if len(code) == APP_DIGITS and code.isascii() and code.isdigit():
        return "app" if any(_app_says(one, code) for one in factors_of(user_id) if one.kind == "app") else ""
    mine = (
        RecoveryCode.user_id == user_id,
        RecoveryCode.digest == token_digest(f"{user_id}:{code}"),
        RecoveryCode.used_at.is_(None),
    )
    return "recovery" if rows_changed(update(RecoveryCode).where(*mine).values(used_at=utcnow())) else ""


def _app_says(factor: Factor, code: str) -> bool:
    """Return whether the app shows this code about now, and note it, so that it cannot be used twice."""
    app = pyotp.TOTP(app_secret(factor))
    now = int(utcnow().timestamp()) // STEP_SECONDS
    for step in (now + around for around in _STEPS_AROUND):
        if hmac.compare_digest(app.generate_otp(step).encode(), code.strip().encode()):
            newer = update(Factor).where(Factor.id == factor.id, Factor.last_step < step)
            return rows_changed(newer.values(last_step=step, used_at=utcnow())) == 1
    return False


def make_recovery_codes(user_id: int) -> list[str]:
    """Make new codes in the current transaction, in place of all before, and return them: nobody can find them out again."""
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    codes = [secrets.token_hex(10) for _ in range(RECOVERY_CODES)]
    db.session.add_all(
        RecoveryCode(user_id=user_id, digest=token_digest(f"{user_id}:{one}")) for one in codes
    )
    db.session.flush()
    return ["-".join(one[at : at + 5] for at in range(0, 20, 5)) for one in codes]


def recovery_codes_left(user_id: int) -> int:
    """Return how many recovery codes were not used yet."""
    rows = select(func.count()).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return db.session.scalar(rows) or 0


def drop_factor(factor: Factor) -> None:
    """Forget a factor in the current transaction, and with the last one the recovery codes."""
    db.session.delete(factor)
    db.session.flush()
    if not has_factor(factor.user_id):
        drop_factors(factor.user_id)


def drop_factors(user_id: int) -> int:
    """Forget every factor and recovery code of a person in the current transaction; return how many factors there were."""
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    return rows_changed(delete(Factor).where(Factor.user_id == user_id))


def reseal_factors() -> int:
    """Seal the secrets of apps again under the newest key in the current transaction; return how many were."""
    keys, changed = vault(), 0
    rows = select(Factor).where(Factor.secret != "", Factor.secret.not_like(f"v1.{keys.newest}.%"))
    for factor in db.session.scalars(rows.with_for_update()):
        factor.secret = keys.seal(app_secret(factor), factor.user_id, _SECRET)
        changed += 1
    return changed
