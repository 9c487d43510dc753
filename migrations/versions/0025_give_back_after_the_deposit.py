"""Keep each refund with the moment it was first seen, and the account that a Deposit went into.

A refund of deposited money becomes a RefundReceipt of that day, out of that account. Refunds that are on the mirror already are noted with
the next look at their inspections; the previous release runs on without either.

Where an inspection waits because its money is deposited, a bookkeeper may have booked the refund by hand, as the release before advised. Such a
company starts with *Wait for a person*: booked by us as well, the same money would be given back twice.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "refunds",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("inspection_key", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("payment_key", sa.String(100), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"]),
        sa.PrimaryKeyConstraint("company_id", "inspection_key", "number"),
    )
    op.add_column(
        "documents", sa.Column("deposit_account_id", sa.String(40), server_default="", nullable=False)
    )
    _let_a_person_decide()


def _let_a_person_decide():
    companies = sa.table("companies", sa.column("id", sa.Integer), sa.column("books", sa.JSON))
    inspections = sa.table("inspections", sa.column("company_id", sa.Integer), sa.column("reason", sa.String))
    waiting = sa.select(inspections.c.company_id).where(inspections.c.reason == "deposited").distinct()
    connection = op.get_bind()
    for company_id, books in connection.execute(
        sa.select(companies.c.id, companies.c.books).where(companies.c.id.in_(waiting))
    ).all():
        books = json.loads(books) if isinstance(books, str) else books or {}
        mine = sa.update(companies).where(companies.c.id == company_id)
        connection.execute(mine.values(books={**books, "refunds": "wait"}))


def downgrade():
    op.drop_column("documents", "deposit_account_id")
    op.drop_table("refunds")
