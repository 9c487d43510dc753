"""Keep numbers pulled back and tie-out statements.

A past statement has to be shown as it was, and pages must not call QuickBooks. Only new tables: the previous release runs on.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "pulled_numbers",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("basis", sa.String(length=10), nullable=False),
        sa.Column("period", sa.String(length=30), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("pulled_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_pulled_numbers_company_id")),
        sa.PrimaryKeyConstraint("company_id", "kind", "basis", name=op.f("pk_pulled_numbers")),
    )
    op.create_table(
        "tieout_statements",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(length=254), nullable=False),
        sa.Column("unexplained", sa.BigInteger(), nullable=False),
        sa.Column("to_look_at", sa.Integer(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_tieout_statements_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tieout_statements")),
    )
    with op.batch_alter_table("tieout_statements", schema=None) as batch_op:
        batch_op.create_index("ix_tieout_statements_company", ["company_id", "id"], unique=False)


def downgrade():
    with op.batch_alter_table("tieout_statements", schema=None) as batch_op:
        batch_op.drop_index("ix_tieout_statements_company")

    op.drop_table("tieout_statements")
    op.drop_table("pulled_numbers")
