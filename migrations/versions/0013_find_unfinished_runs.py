"""Find the runs that are not over.

There are a handful among hundreds of thousands, but a database that keeps statistics knows only that most runs share a state, and
reads them all. Only an index: the previous release runs on.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade():
    unfinished = sa.text("state IN ('queued', 'running')")
    where = {"sqlite_where": unfinished, "postgresql_where": unfinished}
    op.create_index("ix_runs_unfinished", "runs", ["company_id", "id"], **where)


def downgrade():
    op.drop_index("ix_runs_unfinished", table_name="runs")
