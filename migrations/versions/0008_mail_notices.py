"""Mail notices to those who want them.

Notices were written down and mailed to nobody. One new table, and two columns with defaults that the database fills in, so that the
previous release can still write notices.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "notice_choices",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("topics", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_notice_choices_user_id"),
        sa.PrimaryKeyConstraint("user_id", name="pk_notice_choices"),
    )
    op.add_column("notices", sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("notices", sa.Column("not_before", sa.DateTime(timezone=True), nullable=True))


def downgrade():
    op.drop_column("notices", "not_before")
    op.drop_column("notices", "attempts")
    op.drop_table("notice_choices")
