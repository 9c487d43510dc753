"""Keep what QuickBooks answered, and each time that a call was sent.

Ops see the refusal word by word. A new table and a column with a default: the previous release runs on.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade():
    op.add_column("operations", sa.Column("answer", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "call_attempts",
        sa.Column("call_id", BIG, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("reference", sa.String(100), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_call_attempts_call_id"),
        sa.PrimaryKeyConstraint("call_id", "number", name="pk_call_attempts"),
    )


def downgrade():
    op.drop_table("call_attempts")
    op.drop_column("operations", "answer")
