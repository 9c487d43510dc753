"""Remember whether the platform says that a company is in the United States.

Only QuickBooks' country was looked at. An empty column: never asked; the previous release runs on without it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("companies", sa.Column("us_based", sa.Boolean(), nullable=True))


def downgrade():
    op.drop_column("companies", "us_based")
