"""Note when anything of a run last changed, so that one which nobody carries on is told from one that takes long.

The previous release does not write it; of its runs the start is asked instead.
"""

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("runs", sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True))


def downgrade():
    op.drop_column("runs", "moved_at")
