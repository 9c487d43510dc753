"""Note when a session's password was typed last, and since when somebody is an owner.

Empty columns: the login was the last time; an owner from before counts as the older one. The previous release runs on without both.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("login_sessions", sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("users", sa.Column("owner_since", sa.DateTime(timezone=True), nullable=True))


def downgrade():
    op.drop_column("users", "owner_since")
    op.drop_column("login_sessions", "confirmed_at")
