"""Order inspections by their amount with an index, and keep views of lists.

The previous release knows nothing of the table.
"""

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None


def upgrade():
    op.create_index("ix_inspections_total", "inspections", ["company_id", "total", "id"])
    op.create_table(
        "list_views",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("company_id", sa.Integer(), sa.ForeignKey("companies.id"), nullable=False),
        sa.Column("list", sa.String(20), nullable=False),
        sa.Column("who", sa.String(254), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("address", sa.String(1000), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_list_views_company", "list_views", ["company_id", "list", "name"])


def downgrade():
    op.drop_table("list_views")
    op.drop_index("ix_inspections_total", "inspections")
