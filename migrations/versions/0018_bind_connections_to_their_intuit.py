"""Remember which Intuit granted a connection, and when a process of another one wanted to use it.

A command in a shell with other settings asked another Intuit, which refused the tokens, and the running company had to be reconnected.
Empty columns: not known yet; the first process that uses the connection successfully fills them. The previous release runs on without.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

COLUMNS = {"intuit_environment": 20, "intuit_issuer": 300, "intuit_api": 300, "intuit_client_id": 200}


def upgrade():
    for name, length in COLUMNS.items():
        column = sa.Column(name, sa.String(length), nullable=False, server_default="")
        op.add_column("connections", column)
    op.add_column("connections", sa.Column("refused_use", sa.Text(), nullable=False, server_default=""))
    op.add_column("connections", sa.Column("refused_use_at", sa.DateTime(timezone=True), nullable=True))


def downgrade():
    for name in ("refused_use_at", "refused_use", *COLUMNS):
        op.drop_column("connections", name)
