"""What has to be known of a company for its situation: values alone. They are counted in `counting`."""

from dataclasses import dataclass, field
from decimal import Decimal

ZERO = Decimal("0.00")


@dataclass(frozen=True)
class Amount:
    """How many of something, and for how many US dollars in all."""

    count: int = 0
    dollars: Decimal = ZERO

    def __bool__(self) -> bool:
        return self.count > 0


@dataclass(frozen=True)
class HeldUp:
    """What one cause of the fault catalogue holds up. `who` can fix it: owner, bookkeeper or ops."""

    code: str
    title: str
    who: str
    held: Amount


@dataclass(frozen=True)
class Facts:
    """What is so of a company. Moments are said in words already, in the company's zone; empty where there is none.

    `to_start`: the first sync waits for a person. `connection` is never, disconnected, refused, reconnect, checking or connected. `migration` is "", choose, previewing, preview,
    scheduled, running or paused; `migration_at` is when it runs, or the cutoff that is previewed; `receipts` are those that it is about, `left` those of an ended one that could not be replaced. `by_files`: inspections come in files that people drop; `file_waits`
    names one that was dropped and not taken yet. `unread` says since when nothing could be read of the platform, which passes by itself; `waits_since` since when a sync should have begun;
    `still_since` since when nothing has moved at all, which nobody of the company can mend.
    """

    connection: str = "connected"
    connection_cause: str = ""
    legacy: bool = False
    to_start: bool = False
    paused_by: str = ""
    paused_since: str = ""
    halted_cause: str = ""
    deletes: int = 0
    feed_cause: str = ""
    unread: str = ""
    waits_since: str = ""
    still_since: str = ""
    first_run: str = ""
    synced: bool = True
    states: dict[str, int] = field(default_factory=dict)
    causes: tuple[HeldUp, ...] = ()
    migration: str = ""
    migration_cause: str = ""
    migration_at: str = ""
    receipts: Amount = Amount()
    replaced: int = 0
    left: Amount = Amount()
    customers: int = 0
    drifts: int = 0
    unexplained: Amount = Amount()
    to_settle: Amount = Amount()
    on_the_way: Amount = Amount()
    coming: Amount = Amount()
    earlier: Amount = Amount()
    left_as_theirs: int = 0
    by_files: bool = False
    file_waits: str = ""

    @property
    def usable(self) -> bool:
        """Whether QuickBooks can be worked with."""
        return self.connection in ("checking", "connected")
