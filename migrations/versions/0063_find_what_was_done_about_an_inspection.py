"""Find in the audit log what people did about one inspection without reading all that a company did: its page tells it.

The previous release asks the same, and gains by it.
"""

from alembic import op

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None


def upgrade():
    op.create_index("ix_audit_entries_subject", "audit_entries", ["company_id", "subject"])


def downgrade():
    op.drop_index("ix_audit_entries_subject", "audit_entries")
