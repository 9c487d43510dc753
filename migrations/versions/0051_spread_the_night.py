"""Note how far a night's runs were queued: a night is spread over the hour, some companies at a time.

A column that may be empty: the previous release queues a whole night at once and leaves it so.
"""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("scheduled_runs", sa.Column("queued_to", sa.Integer(), nullable=True))


def downgrade():
    op.drop_column("scheduled_runs", "queued_to")
