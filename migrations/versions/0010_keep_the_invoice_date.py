"""Let Invoices keep the date they were made under.

A change of the invoice date can hold from now on only. Earlier choices kept so far go on with the date of today, as they did.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

versions = sa.table(
    "book_versions",
    sa.column("id", sa.Integer),
    sa.column("company_id", sa.Integer),
    sa.column("choices", sa.JSON),
)
companies = sa.table("companies", sa.column("id", sa.Integer), sa.column("invoice_date", sa.String))


def upgrade():
    rows = sa.select(versions.c.id, versions.c.choices, companies.c.invoice_date).join(
        companies, companies.c.id == versions.c.company_id
    )
    for version_id, choices, invoice_date in op.get_bind().execute(rows).all():
        kept = {"invoice_date": invoice_date, **choices}
        op.execute(versions.update().where(versions.c.id == version_id).values(choices=kept))


def downgrade():
    for version_id, choices in op.get_bind().execute(sa.select(versions.c.id, versions.c.choices)).all():
        kept = {name: value for name, value in choices.items() if name != "invoice_date"}
        op.execute(versions.update().where(versions.c.id == version_id).values(choices=kept))
