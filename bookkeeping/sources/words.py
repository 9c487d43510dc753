"""What pages call the place that a company's inspections come from, by the kind of its source. Opening it is `opening`."""

from typing import NamedTuple


class SourceWords(NamedTuple):
    """The name over a column, and within a sentence; where something is that comes from there; and what it says."""

    head: str
    name: str
    place: str
    saying: str


PLATFORM = SourceWords("Platform", "the platform", "on the platform", "what the platform says")
FILES = SourceWords("Your files", "your files", "in your files", "what your files say")

SAID = {"feed": PLATFORM, "pages": PLATFORM, "files": FILES}
"""By kind of source (`opening.KINDS`). Where a sentence can say *the inspection says*, it needs none of these."""


def source_words(kind: str) -> SourceWords:
    """Return what this kind of source is called."""
    return SAID[kind]
