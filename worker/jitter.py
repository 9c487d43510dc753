"""Chance, in one place: spreads retries and polls out so that companies do not all come at once."""

import random


def jitter() -> float:
    """Return a number in [0, 1)."""
    return random.random()
