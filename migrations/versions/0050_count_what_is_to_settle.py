"""Count what a statement explains, and the dollars of it that somebody has to settle, so that lists need not read its content.

Columns that may be empty: the previous release runs on and leaves them so, and an older statement's content is asked instead.
"""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("tieout_statements", sa.Column("explained", sa.Integer(), nullable=True))
    op.add_column("tieout_statements", sa.Column("to_settle", sa.BigInteger(), nullable=True))


def downgrade():
    op.drop_column("tieout_statements", "to_settle")
    op.drop_column("tieout_statements", "explained")
