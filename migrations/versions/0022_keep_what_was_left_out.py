"""Keep which details QuickBooks refused and a document or Customer goes without, so that they stay flagged.

The previous release runs on without it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade():
    for table in ("documents", "customer_links"):
        op.add_column(table, sa.Column("left_out", sa.JSON(), nullable=False, server_default="[]"))


def downgrade():
    for table in ("documents", "customer_links"):
        op.drop_column(table, "left_out")
