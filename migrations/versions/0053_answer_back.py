"""Let platforms ask what is in the books, with keys of their own, and be called when an answer changes.

The previous release knows none of the tables and needs none.
"""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052b"
branch_labels = None
depends_on = None

moment = sa.DateTime(timezone=True)
big_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade():
    company = sa.Column("company_id", sa.Integer(), sa.ForeignKey("companies.id"), nullable=False)
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Integer(), primary_key=True),
        company.copy(),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("shown", sa.String(16), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("scopes", sa.String(80), nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("made_by", sa.String(254), nullable=False),
        sa.Column("last_used_at", moment, nullable=True),
        sa.Column("revoked_at", moment, nullable=True),
        sa.Column("revoked_by", sa.String(254), nullable=False),
    )
    op.create_index("ix_api_keys_company_id", "api_keys", ["company_id"])
    op.create_table(
        "callbacks",
        sa.Column("company_id", sa.Integer(), sa.ForeignKey("companies.id"), primary_key=True),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("made_by", sa.String(254), nullable=False),
        sa.Column("looked_at", moment, nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("not_before", moment, nullable=True),
    )
    op.create_table(
        "callback_events",
        sa.Column("id", big_id, primary_key=True),
        company.copy(),
        sa.Column("uid", sa.String(40), nullable=False, unique=True),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("inspection_key", sa.String(64), nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", moment, nullable=True),
        sa.Column("tried_at", moment, nullable=True),
        sa.Column("said", sa.String(200), nullable=False),
        sa.Column("outcome", sa.String(12), nullable=False),
        sa.Column("ended_at", moment, nullable=True),
    )
    op.create_index("ix_callback_events_waiting", "callback_events", ["company_id", "ended_at", "id"])
    op.create_table(
        "callback_marks",
        sa.Column("company_id", sa.Integer(), sa.ForeignKey("companies.id"), primary_key=True),
        sa.Column("inspection_key", sa.String(64), primary_key=True),
        sa.Column("mark", sa.String(64), nullable=False),
    )


def downgrade():
    for table in ("callback_marks", "callback_events", "callbacks", "api_keys"):
        op.drop_table(table)
