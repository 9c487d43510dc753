"""Give each person of a company a membership, with the role, the topics and the beginning they had.

What users and notice_choices said of it stays where it was, for the previous release, which reads nothing else; `env.py` names it. Who was
removed gets no membership, and what ops are stays in `users.role`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "memberships",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("owner_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("topics", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_memberships_user_id"),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name="fk_memberships_company_id"),
        sa.PrimaryKeyConstraint("id", name="pk_memberships"),
        sa.UniqueConstraint("user_id", "company_id", name="uq_memberships_user_id_company_id"),
    )
    op.create_index("ix_memberships_company_id", "memberships", ["company_id"])
    op.execute(
        "INSERT INTO memberships (user_id, company_id, role, owner_since, topics, created_at)"
        " SELECT users.id, users.company_id, users.role, users.owner_since, notice_choices.topics, users.created_at"
        " FROM users LEFT JOIN notice_choices ON notice_choices.user_id = users.id"
        " WHERE users.company_id IS NOT NULL AND users.removed_at IS NULL ORDER BY users.id"
    )
    with op.batch_alter_table("login_sessions") as table:
        table.add_column(sa.Column("company_id", sa.Integer(), nullable=True))
        table.create_foreign_key("fk_login_sessions_company_id", "companies", ["company_id"], ["id"])


def downgrade():
    """Give people back the company that they chose last; those who had none before would have none again."""
    op.execute(
        "UPDATE users SET (company_id, role, owner_since) = (SELECT company_id, role, owner_since FROM memberships"
        " WHERE user_id = users.id ORDER BY chosen_at IS NULL, chosen_at DESC, id LIMIT 1)"
        " WHERE id IN (SELECT user_id FROM memberships)"
    )
    op.execute(
        "DELETE FROM notice_choices WHERE user_id IN (SELECT user_id FROM memberships WHERE topics IS NOT NULL)"
    )
    op.execute(
        "INSERT INTO notice_choices (user_id, topics) SELECT user_id, topics FROM memberships WHERE topics IS NOT NULL"
        " AND company_id = (SELECT company_id FROM users WHERE users.id = memberships.user_id)"
    )
    with op.batch_alter_table("login_sessions") as table:
        table.drop_constraint("fk_login_sessions_company_id", type_="foreignkey")
        table.drop_column("company_id")
    op.drop_index("ix_memberships_company_id", "memberships")
    op.drop_table("memberships")
