"""Every module that has tables, imported: for migrations, which must see them all."""

from bookkeeping.storage import (
    audit,
    books,
    companies,
    connections,
    documents,
    inspections,
    journal,
    leases,
    migrating,
    notices,
    numbers,
    ops,
    people,
    runs,
    telling,
)

ALL = (
    audit,
    books,
    companies,
    connections,
    documents,
    inspections,
    journal,
    leases,
    migrating,
    notices,
    numbers,
    ops,
    people,
    runs,
    telling,
)
