"""Remember until when the platform asked us to wait.

Each *Sync now* asked again, since only the clock knew. An empty column: the previous release runs on without it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("companies", sa.Column("feed_not_before", sa.DateTime(timezone=True), nullable=True))


def downgrade():
    op.drop_column("companies", "feed_not_before")
