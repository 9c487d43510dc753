"""How a company stands, in one truthful sentence with one action, and below it everything else that is open. Values in, values out.

Home, the frame's header, settings and mails say it with these words.
"""

from dataclasses import dataclass

from bookkeeping.logbook.situation.facts import Facts
from bookkeeping.logbook.situation.open_things import IN_ORDER, Open, counted


@dataclass(frozen=True)
class Situation:
    """`headline` with `more`; `word` is the state's word of the whole company; `first` what to do, if anything; `rest` in order."""

    headline: str
    more: str
    word: str
    first: Open | None
    rest: tuple[Open, ...]


def situation(facts: Facts) -> Situation:
    """Return the situation: what stops everything first, then what needs a person, then what passes by itself."""
    found = [one for make in IN_ORDER for one in make(facts)]
    loud = [one for one in found if not one.quiet]
    if not loud:
        return Situation(*_quiet(facts), "in-sync", None, tuple(found))
    first = loud[0]
    rest = tuple(one for one in found if one is not first)
    return Situation(first.sentence, _more(first, facts, rest), first.word, first, rest)


def _more(first: Open, facts: Facts, rest: tuple[Open, ...]) -> str:
    """Return what follows the headline. That everything else goes on is said only when it does."""
    stopped = any(one.stops for one in (first, *rest))
    goes_on = facts.usable and first.word == "needs-you" and not stopped
    return " ".join(part for part in (first.more, "Everything else goes on." if goes_on else "") if part)


def _quiet(facts: Facts) -> tuple[str, str]:
    if not sum(facts.states.values()):
        return "No inspections yet.", "Each confirmed one gets its Customer, Invoice and Payments by itself."
    # Earlier ones may come in yet, and are told of by themselves where there is a choice.
    elsewhere = facts.states.get("not-in-books", 0) - (0 if facts.legacy else facts.earlier.count)
    more = counted(elsewhere, "inspection does", "inspections do") + " not belong there; each says why."
    ours = " that is ours" if facts.left_as_theirs else ""
    return f"Everything{ours} is in the books.", more if elsewhere else ""
