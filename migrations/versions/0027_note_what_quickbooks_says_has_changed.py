"""Note since when QuickBooks says that somebody changed something. The previous release runs on without the column."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("connections", sa.Column("changes_wanted_at", sa.DateTime(timezone=True), nullable=True))


def downgrade():
    op.drop_column("connections", "changes_wanted_at")
