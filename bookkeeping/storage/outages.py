"""Telling a database that is away for a while, locked or full from one that was asked something wrong. Nothing is tried again here."""

import sqlite3

from sqlalchemy.exc import DBAPIError, SQLAlchemyError, TimeoutError

_SQLITE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_NOMEM,
}
_POSTGRESQL = ("08", "40", "53", "55P03", "57P", "58")
"""Beginnings of SQLSTATE: the connection, rolled back beside others, no room or memory, a lock not to be had, shut down, the system."""


def is_outage(error: BaseException | None) -> bool:
    """Return whether the same would work once the database is back, free or has room: nothing is wrong with what was asked.

    What followed from an outage in the same transaction (PendingRollbackError) is one, too.
    """
    while isinstance(error, SQLAlchemyError):
        if isinstance(error, TimeoutError) or (isinstance(error, DBAPIError) and _is_away(error)):
            return True
        error = error.__cause__ or error.__context__
    return False


def _is_away(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.Error):
        return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _SQLITE
    state = getattr(error.orig, "sqlstate", "")
    if state is None:  # Nothing came from the server: it was not reached, or the line was cut.
        return type(error.orig).__name__ in ("OperationalError", "InterfaceError")
    return state.startswith(_POSTGRESQL)
