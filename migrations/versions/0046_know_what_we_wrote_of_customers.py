"""Note what we last wrote of a Customer's details. The previous release runs on without the column."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045b"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("customer_links", sa.Column("as_written", sa.JSON(), nullable=False, server_default="{}"))


def downgrade():
    op.drop_column("customer_links", "as_written")
