"""Follow Customers and Items that were merged in QuickBooks.

A merge looked like as many edits as there are documents. `fingerprint_for` is the Customer with whom a document's fingerprint was
taken, where that one was merged since: the document is not written again for it. The previous release runs on without both.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "merged_names",
        sa.Column("company_id", sa.Integer(), sa.ForeignKey("companies.id"), primary_key=True),
        sa.Column("kind", sa.String(20), primary_key=True),
        sa.Column("qbo_id", sa.String(40), primary_key=True),
        sa.Column("into_id", sa.String(40), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.add_column("documents", sa.Column("fingerprint_for", sa.String(40), nullable=False, server_default=""))


def downgrade():
    op.drop_column("documents", "fingerprint_for")
    op.drop_table("merged_names")
