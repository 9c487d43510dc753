"""Count what a statement leaves unexplained, so that the alarm need not read its content.

A column with a default: the previous release runs on, and older statements count as tied out by number.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column(
        "tieout_statements", sa.Column("unexplained_count", sa.Integer(), nullable=False, server_default="0")
    )


def downgrade():
    op.drop_column("tieout_statements", "unexplained_count")
