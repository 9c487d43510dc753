"""Keep earlier choices for documents that are in QuickBooks already.

A changed mapping reached every existing Invoice the next time its inspection was planned, which nobody had asked for. One new table, and
a column that may be empty: the previous release runs on. The column has no foreign key, since SQLite would rewrite the whole table.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "book_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(254), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name="fk_book_versions_company_id"),
        sa.PrimaryKeyConstraint("id", name="pk_book_versions"),
    )
    op.create_index("ix_book_versions_company_id", "book_versions", ["company_id"])
    op.add_column("inspections", sa.Column("book_version_id", sa.Integer(), nullable=True))


def downgrade():
    op.drop_column("inspections", "book_version_id")
    op.drop_table("book_versions")
