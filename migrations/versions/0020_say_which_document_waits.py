"""Say which documents of an inspection wait, and why.

Only the inspection as a whole could wait, so one Payment that must wait held up its Invoice. Nothing waits until it is looked at again;
the previous release runs on without the column.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column(
        "inspections", sa.Column("waiting_documents", sa.JSON(), nullable=False, server_default="[]")
    )


def downgrade():
    op.drop_column("inspections", "waiting_documents")
