"""Know the RefundReceipts that are not ours, and which of them a person took for a refund of ours.

A refund that a bookkeeper had entered by hand was booked a second time. The previous release runs on without the table.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "others_refunds",
        sa.Column("company_id", sa.Integer(), sa.ForeignKey("companies.id"), primary_key=True),
        sa.Column("qbo_id", sa.String(40), primary_key=True),
        sa.Column("customer_id", sa.String(40), nullable=False),
        sa.Column("txn_date", sa.Date(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.String(40), nullable=False),
        sa.Column("stands_for", sa.String(64), nullable=False),
        sa.Column("inspection_key", sa.String(64), nullable=False),
        sa.Column("not_same_as", sa.JSON(), nullable=False),
        sa.Column("answered_by", sa.String(200), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_others_refunds_customer", "others_refunds", ["company_id", "customer_id"])


def downgrade():
    op.drop_table("others_refunds")
