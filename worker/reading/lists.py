"""The step that reads what a company's QuickBooks calls its Items, accounts, methods, classes and locations, for settings to choose from."""

from bookkeeping.storage.records.due import make_ended_due
from bookkeeping.storage.records.list_waits import follow_lists
from worker.holding.progress import tell
from worker.holding.work import Work
from worker.reading.company import LISTS, default_accounts, keep_lists, read_facts


def refresh_lists(work: Work) -> bool:
    """Read the lists and preferences again; always finishes. Customers and the like are kept fresh without it."""
    tell(work, "Reading your lists in QuickBooks", total=len(LISTS))
    work.commit()
    read_facts(work)
    lists = {}
    for done, kind in enumerate(LISTS):
        work.before_call()
        lists[kind] = list(work.gateway.query_all(kind))
        tell(work, done=done + 1)
        work.commit()
    keep_lists(work, lists)
    connection = work.existing_connection
    connection.facts = {**connection.facts, **default_accounts(connection.facts, lists["Account"])}
    follow_lists(work.company_id)
    make_ended_due(work.company_id, "list")
    work.commit()
    return True
