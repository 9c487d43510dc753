"""Keep the row's id in the index that searches read, so that PostgreSQL answers them from it alone.

A search asks for ids. SQLite has them in every index; PostgreSQL read the rows of the whole company for them, or the whole table.
"""

from alembic import op

revision = "0055b"
down_revision = "0055"
branch_labels = None
depends_on = None

NAME, COLUMNS = "ix_inspections_search", ["company_id", "search_text"]


def upgrade():
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index(NAME, "inspections")
        op.create_index(NAME, "inspections", COLUMNS, postgresql_include=["id"])


def downgrade():
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index(NAME, "inspections")
        op.create_index(NAME, "inspections", COLUMNS)
