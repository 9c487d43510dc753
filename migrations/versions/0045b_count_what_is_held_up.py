"""Count of an inspection that is held up what waits of it, not the whole.

Only the document waits since 0024, but pages went on counting the dollars of its inspection. Empty: the whole; the previous release runs on.
"""

import sqlalchemy as sa
from alembic import op

revision = "0045b"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("inspections", sa.Column("held_amount", sa.BigInteger(), nullable=True))


def downgrade():
    op.drop_column("inspections", "held_amount")
