"""Which writes go together: batches of one round, and the batches that are in flight at the same time.

Intuit carries the items of a batch out one after another, so only batches side by side reach its ceiling. Writes for one Customer stay in one
batch, or wait for another wave: QuickBooks never changes one Customer twice at once. Pure; sending is `writing`'s.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, TypeVar


class ForCustomer(Protocol):
    """What a write says of whom it is for: the Customer's id, or "" for what concerns no Customer that exists."""

    customer_id: str


W = TypeVar("W", bound=ForCustomer)


def in_waves(writes: Sequence[W], size: int, flying: int) -> Iterator[list[list[W]]]:
    """Yield waves of at most `flying` batches of at most `size` writes each, in about the order given; every write is in one batch.

    No two batches of a wave are for the same Customer.
    """
    wave: list[list[W]] = []
    customers: set[str] = set()
    for batch in _batches(writes, size):
        theirs = {write.customer_id for write in batch} - {""}
        if wave and (len(wave) >= flying or customers & theirs):
            yield wave
            wave, customers = [], set()
        wave.append(batch)
        customers |= theirs
    if wave:
        yield wave


def _batches(writes: Sequence[W], size: int) -> Iterator[list[W]]:
    batch: list[W] = []
    for group in _groups(writes):
        if len(batch) + len(group) > size and batch:
            yield batch
            batch = []
        for start in range(0, len(group), size):
            batch = batch + group[start : start + size]
            if len(batch) >= size:
                yield batch
                batch = []
    if batch:
        yield batch


def _groups(writes: Iterable[W]) -> list[list[W]]:
    """Return the writes of each Customer together, where the first of them stands; others alone."""
    groups: dict[str, list[W]] = {}
    for number, write in enumerate(writes):
        groups.setdefault(write.customer_id or f"alone {number}", []).append(write)
    return list(groups.values())
