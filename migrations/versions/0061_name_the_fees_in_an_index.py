"""Keep the kinds and names of an inspection's lines in a column and an index: which fees there are is asked without reading the records.

The previous release knows nothing of the column; what it keeps stays empty, and is read from the record.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None

AT_ONCE, LONGEST = 2_000, 600

inspections = sa.table(
    "inspections",
    sa.column("id", sa.BigInteger),
    sa.column("record", sa.JSON),
    sa.column("fee_names", sa.String),
)


def upgrade():
    op.add_column("inspections", sa.Column("fee_names", sa.String(LONGEST), nullable=True))
    connection, last = op.get_bind(), 0
    note = (
        sa.update(inspections)
        .where(inspections.c.id == sa.bindparam("row"))
        .values(fee_names=sa.bindparam("names"))
    )
    some = sa.select(inspections.c.id, inspections.c.record).order_by(inspections.c.id).limit(AT_ONCE)
    while rows := connection.execute(some.where(inspections.c.id > last)).all():
        connection.execute(note, [{"row": row.id, "names": _names(row.record)} for row in rows])
        last = rows[-1].id
    op.create_index("ix_inspections_fee_names", "inspections", ["company_id", "fee_names", "starts_at"])


def _names(record):
    lines = sorted([one["kind"], one["name"] or ""] for one in record.get("lines") or [])
    said = json.dumps(lines, separators=(",", ":"), ensure_ascii=False)
    return said if len(said) <= LONGEST else None


def downgrade():
    op.drop_index("ix_inspections_fee_names", "inspections")
    op.drop_column("inspections", "fee_names")
