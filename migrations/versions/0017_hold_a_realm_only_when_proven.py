"""Note when QuickBooks first let us into a realm: until then the realm is only what a browser said, and nobody else is kept out.

Whoever is connected, or was set up once, has been let in. The previous release runs on without the column.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("connections", sa.Column("proven_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE connections SET proven_at = COALESCE(set_up_at, facts_at, connected_at) "
        "WHERE set_up_at IS NOT NULL OR state IN ('connected', 'reconnect')"
    )


def downgrade():
    op.drop_column("connections", "proven_at")
