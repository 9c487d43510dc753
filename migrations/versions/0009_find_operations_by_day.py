"""Find operations by day.

A date filter on the sync log read a company's whole history. Only an index: the previous release runs on.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade():
    op.create_index("ix_operations_when", "operations", ["company_id", "created_at"])


def downgrade():
    op.drop_index("ix_operations_when", table_name="operations")
