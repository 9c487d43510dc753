"""Passwords at the cheapest of argon2's own profiles, which it has for tests: imported before whoever makes a hasher of its defaults.

A hash takes a fifth of a second of a processor otherwise, by design, and a run of all tests makes and checks a thousand. Processes with a
Python of their own (`make run`, gunicorn in the chaos on real processes) have the defaults.
"""

from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST

_DEFAULTS = PasswordHasher.__init__.__defaults__ or ()
_COSTS = (CHEAPEST.time_cost, CHEAPEST.memory_cost, CHEAPEST.parallelism)

PasswordHasher.__init__.__defaults__ = (*_COSTS, *_DEFAULTS[len(_COSTS) :])
assert PasswordHasher().memory_cost == CHEAPEST.memory_cost
