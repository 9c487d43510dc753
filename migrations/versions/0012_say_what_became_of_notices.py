"""Say what became of a notice, and mail invitations as one.

A notice that nobody wants was marked as mailed, and why a mail did not go out stood only in the log. An invitation's mail has an address of
its own and a link that is a secret. Four columns with defaults that the database fills in, so that the previous release can still
write notices. What became of older ones is not known and stays empty.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("notices", sa.Column("outcome", sa.String(20), nullable=False, server_default=""))
    op.add_column("notices", sa.Column("trouble", sa.String(200), nullable=False, server_default=""))
    op.add_column("notices", sa.Column("address", sa.String(254), nullable=False, server_default=""))
    op.add_column("notices", sa.Column("sealed_link", sa.Text(), nullable=False, server_default=""))


def downgrade():
    op.drop_column("notices", "sealed_link")
    op.drop_column("notices", "address")
    op.drop_column("notices", "trouble")
    op.drop_column("notices", "outcome")
