"""Seal the audit log with a key that the database does not hold.

Whoever had the database's password could drop the triggers, change an entry and compute all digests after it anew. The newest entry of each
chain is sealed here, which vouches for what stands before it. Entries may be amended when a person's data is erased: the triggers let
through nothing but that. The previous release runs on; what it writes meanwhile is sealed by the next act.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode

import sqlalchemy as sa
from alembic import op
from flask import current_app

revision = "0035"
down_revision = "0028"
branch_labels = None
depends_on = None

REFUSAL = "audit entries are append-only"
KEPT = ("id", "company_id", "at", "act", "previous", "digest", "seal")


def upgrade():
    for name in ("seal", "amended"):
        op.add_column("audit_entries", sa.Column(name, sa.String(80), nullable=False, server_default=""))
    _guard(None)
    _seal_the_ends()
    _guard(KEPT)


def downgrade():
    _guard(None)
    for name in ("amended", "seal"):
        op.drop_column("audit_entries", name)
    _guard(())


def _guard(kept):
    """Refuse changes but amendments that leave `kept` alone; all of them when `kept` is empty; none when it is None."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER IF EXISTS audit_entries_no_update")
        if kept is not None:
            changed = [f"NEW.{name} IS NOT OLD.{name}" for name in kept]
            when = f"WHEN {' OR '.join(['NEW.amended = ' + repr(''), *changed])} " if kept else ""
            op.execute(
                f"CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries {when}"
                f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )
        return
    same = [f"NEW.{name} IS NOT DISTINCT FROM OLD.{name}" for name in kept or ()]
    allowed = "IF TG_OP = 'UPDATE' THEN RETURN NEW; END IF; " if kept is None else ""
    if kept:
        allowed = f"IF TG_OP = 'UPDATE' THEN IF NEW.amended <> '' AND {' AND '.join(same)} THEN RETURN NEW; END IF; END IF; "
    op.execute(
        "CREATE OR REPLACE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {allowed}RAISE EXCEPTION '{REFUSAL}'; END $$"
    )


def _seal_the_ends():
    """Seal the newest entry of each chain under the newest of TOKEN_KEYS."""
    ends = "SELECT id, digest FROM audit_entries WHERE id IN (SELECT max(id) FROM audit_entries GROUP BY company_id)"
    rows = op.get_bind().execute(sa.text(ends)).all()
    if not rows:
        return
    key = urlsafe_b64decode(current_app.extensions["settings"].token_keys[0])
    derived = hmac.new(key, b"tieout audit entry", hashlib.sha256).digest()
    for row_id, digest in rows:
        seal = hmac.new(derived, digest.encode(), hashlib.sha256).hexdigest()
        values = {"id": row_id, "seal": f"{hashlib.sha256(key).hexdigest()[:8]}.{seal}"}
        op.get_bind().execute(sa.text("UPDATE audit_entries SET seal = :seal WHERE id = :id"), values)
