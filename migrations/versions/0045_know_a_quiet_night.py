"""Note when the numbers were read whole, and what moved since. The previous release runs on without the columns."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0035"
branch_labels = None
depends_on = None

MOMENTS = ("numbers_read_at", "numbers_through", "books_moved_at", "quiet_at")


def upgrade():
    for name in MOMENTS:
        op.add_column("connections", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column("connections", sa.Column("numbers_days", sa.String(30), nullable=False, server_default=""))


def downgrade():
    for name in (*MOMENTS, "numbers_days"):
        op.drop_column("connections", name)
