"""Every module that has tables, imported: for migrations, which must see them all."""

from bookkeeping.storage import (  # noqa: F401 - imported for their tables
    audit,
    books,
    companies,
    connections,
    documents,
    inspections,
    journal,
    leases,
    migrating,
    names,
    notices,
    numbers,
    ops,
    people,
    runs,
    telling,
)
