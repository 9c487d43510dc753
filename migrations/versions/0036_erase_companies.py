"""Remember of which companies everything is being erased, and since when nothing is left. The previous release runs on without the columns."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade():
    for name in ("erasing_since", "erased_at"):
        op.add_column("companies", sa.Column(name, sa.DateTime(timezone=True), nullable=True))


def downgrade():
    for name in ("erased_at", "erasing_since"):
        op.drop_column("companies", name)
