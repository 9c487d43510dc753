"""Every module that has tables, imported: for migrations, which must see them all."""

from bookkeeping.storage import (
    audit,
    companies,
    connections,
    documents,
    inspections,
    journal,
    leases,
    migrating,
    numbers,
    notices,
    ops,
    people,
    runs,
)

ALL = (
    audit,
    companies,
    connections,
    documents,
    inspections,
    journal,
    leases,
    migrating,
    numbers,
    ops,
    people,
    notices,
    runs,
)
