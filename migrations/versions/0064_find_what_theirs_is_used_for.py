"""Find for which payments received a Payment of somebody else is used, without reading all that others entered for a company.

The previous release does not ask it.
"""

from alembic import op

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None


def upgrade():
    op.create_index("ix_others_payments_stands_for", "others_payments", ["company_id", "stands_for"])


def downgrade():
    op.drop_index("ix_others_payments_stands_for", "others_payments")
