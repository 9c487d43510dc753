"""Keep for ten seconds how an act is taken back.

The previous release knows nothing of the table: it offers no undo of what this one did, and its workers do not wait those seconds.
"""

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0055b"
branch_labels = None
depends_on = None

moment = sa.DateTime(timezone=True)


def upgrade():
    op.create_table(
        "undos",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("company_id", sa.Integer(), sa.ForeignKey("companies.id"), nullable=False),
        sa.Column("who", sa.String(254), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("holds", sa.Boolean(), nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("until", moment, nullable=False),
        sa.Column("taken_back_at", moment, nullable=True),
    )
    op.create_index("ix_undos_company", "undos", ["company_id", "until"])
    op.create_index("ix_undos_until", "undos", ["until"])


def downgrade():
    op.drop_table("undos")
