"""Keep the files of inspections that people drop, and what they told of each inspection last; and the number for people that a source may name.

What stands has no such number, and its documents keep theirs. The previous release writes inspections without one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0052b"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade():
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "dropped_files",
        sa.Column("id", big, nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("tables", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=True),
        sa.Column("back_turn", sa.Integer(), nullable=True),
        sa.Column("dropped_at", moment, nullable=False),
        sa.Column("dropped_by", sa.String(200), nullable=False),
        sa.Column("ended_at", moment, nullable=True),
        sa.Column("ended_by", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_dropped_files_company_id_companies")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dropped_files")),
    )
    op.create_index("ix_dropped_files_company", "dropped_files", ["company_id", "id"])
    op.create_table(
        "dropped_inspections",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("starts_at", moment, nullable=True),
        sa.Column("record", sa.JSON(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("raw", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_dropped_inspections_company_id_companies")
        ),
        sa.PrimaryKeyConstraint("company_id", "key", name=op.f("pk_dropped_inspections")),
    )
    op.create_index("ix_dropped_inspections_turn", "dropped_inspections", ["company_id", "turn", "key"])
    op.create_index("ix_dropped_inspections_start", "dropped_inspections", ["company_id", "starts_at"])
    op.add_column("inspections", sa.Column("number", sa.String(30), nullable=False, server_default=""))
    numbered = sa.text("number != ''")
    op.create_index(
        "ix_inspections_number",
        "inspections",
        ["company_id", "number"],
        sqlite_where=numbered,
        postgresql_where=numbered,
    )


def downgrade():
    op.drop_index("ix_inspections_number", "inspections")
    op.drop_column("inspections", "number")
    op.drop_table("dropped_inspections")
    op.drop_table("dropped_files")
