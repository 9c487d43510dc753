"""Keep what is due in the order of its turns, and all by when they changed: neither a slice nor a reading walks a large company.

The previous release asks the same questions, and is answered by the same indexes.
"""

from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade():
    op.drop_index("ix_inspections_due", "inspections")
    op.create_index("ix_inspections_due", "inspections", ["company_id", "due", "starts_at", "id"])
    op.create_index("ix_inspections_changed", "inspections", ["company_id", "source_updated_at"])


def downgrade():
    op.drop_index("ix_inspections_changed", "inspections")
    op.drop_index("ix_inspections_due", "inspections")
    op.create_index("ix_inspections_due", "inspections", ["company_id", "due", "next_try_at"])
