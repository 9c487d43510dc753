"""Keep what others put on a document of ours.

A person's Class, service date or line was wiped by our next update, since we knew only what we had written ourselves.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade():
    """Add QuickBooks' own version of a document that others have put something on."""
    op.add_column("documents", sa.Column("as_read", sa.JSON(), nullable=True))


def downgrade():
    """Forget it; the next look at QuickBooks would find it again."""
    op.drop_column("documents", "as_read")
