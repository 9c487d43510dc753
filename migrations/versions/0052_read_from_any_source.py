"""Let inspections come from sources of other kinds than the feed, each with credentials and a cursor of its own shape.

Every company that stands is read from the feed, and goes on where it was. The previous release knows the feed alone, and goes on by `cursor`,
which moves as before.
"""

from datetime import UTC

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

companies = sa.table(
    "companies",
    sa.column("id", sa.Integer),
    sa.column("cursor", sa.DateTime(timezone=True)),
    sa.column("source_cursor", sa.Text),
)


def upgrade():
    op.add_column("companies", sa.Column("source_kind", sa.String(20), nullable=False, server_default="feed"))
    op.add_column("companies", sa.Column("source_credentials", sa.Text(), nullable=False, server_default=""))
    op.add_column("companies", sa.Column("source_cursor", sa.Text(), nullable=True))
    connection = op.get_bind()
    standing = sa.select(companies.c.id, companies.c.cursor).where(companies.c.cursor.is_not(None))
    for company_id, cursor in connection.execute(standing).all():
        at = cursor.astimezone(UTC) if cursor.tzinfo else cursor.replace(tzinfo=UTC)
        row = sa.update(companies).where(companies.c.id == company_id)
        connection.execute(row.values(source_cursor=at.isoformat()))


def downgrade():
    for name in ("source_cursor", "source_credentials", "source_kind"):
        op.drop_column("companies", name)
