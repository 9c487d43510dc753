"""On which income account, or on which line of sales tax, each part of a document lands: read from QuickBooks' Items when a preview is made."""

from dataclasses import dataclass
from typing import Any

from bookkeeping.rules.forecast import Place
from bookkeeping.rules.migration import Part
from bookkeeping.storage.company.items import ItemNames, item_names
from worker.holding.work import Work
from worker.reconciling.items import income_account

UNKNOWN = "An Item without an income account"


@dataclass(frozen=True)
class Accounts:
    """`by_item`: (account id, name) of each Item; `names` says which Item a line's name stands for; `new`: where Items that are made book to."""

    by_item: dict[str, tuple[str, str]]
    names: ItemNames
    new: tuple[str, str]

    @classmethod
    def read(cls, work: Work) -> "Accounts":
        """Ask QuickBooks for its Items, a thousand a call.

        Raises: as every call to QuickBooks.
        """
        work.before_call()
        rows = list(work.gateway.query_all("Item", fields="Id, Name, IncomeAccountRef"))
        known = {str(row["Id"]): _account(row.get("IncomeAccountRef")) for row in rows}
        named = dict(known.values())
        new = income_account(work)
        return cls(known, item_names(work.company_id), (new, named.get(new, "The account for new Items")))

    def place_of(self, part: Part) -> Place:
        """Return where a part of a receipt or of its replacement is booked."""
        if part.kind == "tax":
            return "tax", part.ref, part.name or "no rate named"
        if part.kind == "discount":
            return "income", part.ref, part.name or "Discounts given"
        found = part.ref if part.ref in self.by_item else self.names.id_of(part.name, part.ref)
        return "income", *(self.by_item.get(found, ("", UNKNOWN)) if found else self.new)


def _account(ref: dict[str, Any] | None) -> tuple[str, str]:
    return (str(ref["value"]), str(ref.get("name") or ref["value"])) if ref else ("", UNKNOWN)
