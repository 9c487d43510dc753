"""Help ops find and settle failures.

Since when something is held up was not on record, and no index led to what fails over all companies. Only new tables, a column that
may be empty, and indexes: the previous release runs on.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_inspections_client", "inspections", ["company_id", "client_key"]),
    ("ix_operations_settled", "operations", ["settled_at", "outcome", "code"]),
    ("ix_calls_stuck", "calls", ["state", "created_at"]),
    ("ix_calls_run", "calls", ["run_id"]),
    ("ix_runs_finished", "runs", ["finished_at"]),
    ("ix_api_usage_day", "api_usage", ["day", "metered"]),
)


def upgrade():
    op.add_column("inspections", sa.Column("held_since", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE inspections SET held_since = coalesce(last_synced_at, polled_at) WHERE state IN ('waiting', 'needs-you')"
    )
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns)
    # Of all inspections only those that are not settled.
    not_settled = sa.text("state IN ('needs-you', 'syncing', 'waiting')")
    columns = ["state", "reason", "company_id", "id"]
    where = {"sqlite_where": not_settled, "postgresql_where": not_settled}
    op.create_index("ix_inspections_failures", "inspections", columns, **where)
    op.create_table(
        "ops_mutes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=True),
        sa.Column("inspection_key", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("muted_by", sa.String(length=254), nullable=False),
        sa.Column("muted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(length=254), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_ops_mutes_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ops_mutes")),
    )
    op.create_index("ix_ops_mutes_code", "ops_mutes", ["code", "until"])
    op.create_table(
        "ops_notes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=True),
        sa.Column("assignee", sa.String(length=254), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("written_by", sa.String(length=254), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_ops_notes_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ops_notes")),
    )
    op.create_index("ix_ops_notes_code", "ops_notes", ["code", "company_id", "id"])
    op.create_table(
        "ops_views",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("address", sa.String(length=1000), nullable=False),
        sa.Column("made_by", sa.String(length=254), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ops_views")),
        sa.UniqueConstraint("name", name=op.f("uq_ops_views_name")),
    )
    op.create_table(
        "ops_retries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=True),
        sa.Column("asked_by", sa.String(length=254), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("companies", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_ops_retries_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ops_retries")),
    )
    op.create_table(
        "ops_retry_items",
        sa.Column("retry_id", sa.Integer(), nullable=False),
        sa.Column("inspection_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspections.id"], name=op.f("fk_ops_retry_items_inspection_id")
        ),
        sa.ForeignKeyConstraint(["retry_id"], ["ops_retries.id"], name=op.f("fk_ops_retry_items_retry_id")),
        sa.PrimaryKeyConstraint("retry_id", "inspection_id", name=op.f("pk_ops_retry_items")),
    )
    op.create_table(
        "hourly_counts",
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("series", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "series", "name", name=op.f("pk_hourly_counts")),
    )


def downgrade():
    for table in ("hourly_counts", "ops_retry_items", "ops_retries", "ops_views", "ops_notes", "ops_mutes"):
        op.drop_table(table)
    op.drop_index("ix_inspections_failures", "inspections")
    for name, table, _columns in reversed(INDEXES):
        op.drop_index(name, table)
    op.drop_column("inspections", "held_since")
