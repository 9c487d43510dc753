"""Note up to which notice each person has read, and which they opened after it. What there is by now counts as read.

The previous release knows nothing of either.
"""

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None

big_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade():
    op.add_column("memberships", sa.Column("notices_read_to", big_id, nullable=False, server_default="0"))
    op.execute(
        "UPDATE memberships SET notices_read_to ="
        " COALESCE((SELECT MAX(id) FROM notices WHERE notices.company_id = memberships.company_id), 0)"
    )
    op.create_table(
        "notices_read",
        sa.Column("user_id", sa.Integer(), sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("notice_id", big_id, sa.ForeignKey("notices.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("company_id", sa.Integer(), sa.ForeignKey("companies.id"), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_notices_told", "notices", ["company_id", "id", "address", "kind", "created_at"])


def downgrade():
    op.drop_index("ix_notices_told", "notices")
    op.drop_table("notices_read")
    op.drop_column("memberships", "notices_read_to")
