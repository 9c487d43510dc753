"""The last that the fork server imports: what each of its processes would do first with what it has, done once for all of them.

Without it each of some thousand commands puts together the same fifty mappers, reads the same list of installed programs, and has the
collector of garbage walk through everything that was imported: more than half of what a short command costs.
"""

import gc
from importlib.metadata import EntryPoints, entry_points

from sqlalchemy.orm import configure_mappers

import bookkeeping.storage.tables  # noqa: F401 - what is to be put together

CONSOLE_SCRIPTS: EntryPoints = entry_points(group="console_scripts")

configure_mappers()
gc.collect()
gc.freeze()
