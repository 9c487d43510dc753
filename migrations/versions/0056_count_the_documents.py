"""Let a run say how many documents it writes in all, so that progress counts documents.

The previous release knows nothing of the column; what it runs is counted by inspections, as before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0054"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("runs", sa.Column("to_write", sa.Integer(), nullable=False, server_default="0"))


def downgrade():
    op.drop_column("runs", "to_write")
