"""Making a failing story short: leave out halves, quarters and single steps as long as it still fails. Pure; telling it is the caller's."""

from collections.abc import Callable

MOST_TRIES = 150


def shrunk(count: int, fails_without: Callable[[set[int]], bool]) -> list[int]:
    """Return the numbers of few of `count` steps with which the story still fails. `fails_without` tells it without those of a set."""
    kept, size, tries = list(range(count)), max(1, count // 2), 0
    everything = set(kept)
    while size >= 1 and tries < MOST_TRIES:
        start, shorter = 0, False
        while start < len(kept) and tries < MOST_TRIES:
            candidate = kept[:start] + kept[start + size :]
            tries += 1
            if fails_without(everything - set(candidate)):
                kept, shorter = candidate, True
            else:
                start += size
        if size == 1 and not shorter:
            break
        size = max(1, size // 2)
    return kept
