"""Keep what an inspection is looked for by, folded, with an index that answers for words within it.

A search read every record of a company, and found no name that was typed without its accents. What the previous release writes meanwhile
has no such text until the inspection changes again; lists find it by its name as before.
"""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

LONGEST, A_TIME = 600, 1000
WITHOUT_PARTS = str.maketrans(
    {"đ": "d", "ð": "d", "ł": "l", "ø": "o", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "’": "'"}
)


def upgrade():
    op.add_column(
        "inspections", sa.Column("search_text", sa.String(LONGEST), nullable=False, server_default="")
    )
    inspections = sa.table(
        "inspections",
        *(sa.column(name) for name in ("id", "key", "number", "client_name", "address", "search_text")),
        sa.column("total", sa.BigInteger),
        sa.column("record", sa.JSON),
    )
    connection, last = op.get_bind(), 0
    columns = [column for column in inspections.c if column.name != "search_text"]
    while True:
        rows = sa.select(*columns).where(inspections.c.id > last).order_by(inspections.c.id).limit(A_TIME)
        found = connection.execute(rows).all()
        if not found:
            break
        texts = [{"row": row.id, "said": _text(row)} for row in found]
        change = inspections.update().where(inspections.c.id == sa.bindparam("row"))
        connection.execute(change.values(search_text=sa.bindparam("said")), texts)
        last = found[-1].id
    op.create_index("ix_inspections_search", "inspections", ["company_id", "search_text"])


def downgrade():
    op.drop_index("ix_inspections_search", "inspections")
    op.drop_column("inspections", "search_text")


def _text(row):
    payments = (row.record or {}).get("payments") or []
    parts = [
        row.client_name,
        row.address,
        row.key,
        f"SP-{row.number or row.key}",
        f"{(row.total or 0) / 100:.2f}",
    ]
    parts += [str(one.get(name) or "") for one in payments for name in ("reference", "amount")]
    return _fold(" ".join(part or "" for part in parts))[:LONGEST]


def _fold(text):
    apart = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return " ".join(bare.translate(WITHOUT_PARTS).split())
