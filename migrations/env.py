"""Runs the migrations against the app's database. `flask --app wsgi db upgrade | downgrade | migrate`."""

from alembic import context

from bookkeeping.storage import tables  # noqa: F401 - every table, for autogenerate
from bookkeeping.storage.base import Cents, UtcDateTime, db, without_time_limit

RETIRED = {
    ("table", "notice_choices"),  # Since 0029 topics stand in memberships.
    ("column", "users.company_id"),
    ("column", "users.owner_since"),
    ("index", "users.ix_users_company_id"),
    ("foreign_key_constraint", "users.fk_users_company_id"),
}
"""What only the previous release reads. The next one's first migration drops it, and empties this."""

PLAIN = {UtcDateTime: "sa.DateTime(timezone=True)", Cents: "sa.BigInteger()"}


def render_item(kind, item, autogen_context):
    """Write our own column types as what they are in the database, so that a migration never depends on our code."""
    if kind == "type" and type(item) in PLAIN:
        return PLAIN[type(item)]
    return False


def compare_type(_context, _inspected, _metadata, inspected_type, metadata_type):
    """Compare our own types by what they are in the database."""
    if type(metadata_type) in PLAIN:
        return not isinstance(inspected_type, type(metadata_type.impl))
    return None


def include_object(thing, name, kind, _reflected, _model):
    """Leave aside what is retired."""
    table = getattr(thing, "table", None)
    full = f"{table.name}.{name}" if kind != "table" and table is not None else name
    return (kind, full) not in RETIRED


def run() -> None:
    """Migrate over one connection, in one transaction a migration."""
    # SQLite rebuilds tables to change them, which foreign keys would turn into deleted rows.
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        without_time_limit(connection)
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_item=render_item,
            include_object=include_object,
            compare_type=compare_type,
            render_as_batch=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


run()
