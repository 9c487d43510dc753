"""Every module that has tables, imported: for migrations, which must see them all."""

from bookkeeping.storage.company import (  # noqa: F401 - for their tables
    api_keys,
    callbacks,
    companies,
    connections,
    dropped,
    merges,
    names,
    received,
)
from bookkeeping.storage.people import (  # noqa: F401
    audit,
    factors,
    list_views,
    memberships,
    notices,
    people,
    told,
)
from bookkeeping.storage.records import (  # noqa: F401
    choices,
    documents,
    inspections,
    migrations,
    numbers,
    others_payments,
    others_refunds,
    refunds,
)
from bookkeeping.storage.work import journal, leases, ops, runs, undos  # noqa: F401
