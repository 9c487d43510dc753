"""Take payments that a platform tells by events, and keep which events were taken.

The previous release knows neither table and needs none.
"""

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0056"
branch_labels = None
depends_on = None

moment = sa.DateTime(timezone=True)
big_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade():
    op.create_table(
        "received_payments",
        sa.Column("company_id", sa.Integer(), sa.ForeignKey("companies.id"), primary_key=True),
        sa.Column("payment_key", sa.String(100), primary_key=True),
        sa.Column("inspection_key", sa.String(100), nullable=False),
        sa.Column("told", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("event_id", sa.String(100), nullable=False),
        sa.Column("occurred_at", moment, nullable=False),
    )
    op.create_index("ix_received_payments_inspection", "received_payments", ["company_id", "inspection_key"])
    op.create_table(
        "received_events",
        sa.Column("id", big_id, primary_key=True),
        sa.Column("company_id", sa.Integer(), sa.ForeignKey("companies.id"), nullable=False),
        sa.Column("event_id", sa.String(100), nullable=False),
        sa.Column("inspection_key", sa.String(100), nullable=False),
        sa.Column("left_key", sa.String(100), nullable=False),
        sa.Column("taken_at", moment, nullable=False),
        sa.UniqueConstraint("company_id", "event_id"),
    )
    op.create_index("ix_received_events_taken", "received_events", ["company_id", "taken_at"])


def downgrade():
    op.drop_table("received_events")
    op.drop_table("received_payments")
