"""Know what is open on an Invoice in QuickBooks, and the Payments on it that are not ours.

What may be applied was our own sum, which is wrong as soon as a credit or somebody else's Payment is on the Invoice. An empty balance: not
heard yet; the previous release runs on without these.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("documents", sa.Column("balance", sa.BigInteger(), nullable=True))
    op.add_column("documents", sa.Column("links", sa.JSON(), nullable=False, server_default="[]"))
    op.create_table(
        "others_payments",
        sa.Column("company_id", sa.Integer(), sa.ForeignKey("companies.id"), primary_key=True),
        sa.Column("qbo_id", sa.String(40), primary_key=True),
        sa.Column("invoice_id", sa.String(40), primary_key=True),
        sa.Column("inspection_key", sa.String(64), nullable=False),
        sa.Column("txn_date", sa.Date(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("applied", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.String(40), nullable=False),
        sa.Column("stands_for", sa.String(64), nullable=False),
        sa.Column("not_same_as", sa.JSON(), nullable=False),
        sa.Column("answered_by", sa.String(200), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_others_payments_inspection", "others_payments", ["company_id", "inspection_key"])


def downgrade():
    op.drop_table("others_payments")
    op.drop_column("documents", "links")
    op.drop_column("documents", "balance")
