"""Keep each refund with the moment it was first seen, and the account that a Deposit went into.

A refund of deposited money becomes a RefundReceipt of that day, out of that account. Refunds that are on the mirror already are noted with
the next look at their inspections; the previous release runs on without either.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "refunds",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("inspection_key", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("payment_key", sa.String(100), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"]),
        sa.PrimaryKeyConstraint("company_id", "inspection_key", "number"),
    )
    op.add_column(
        "documents", sa.Column("deposit_account_id", sa.String(40), server_default="", nullable=False)
    )


def downgrade():
    op.drop_column("documents", "deposit_account_id")
    op.drop_table("refunds")
