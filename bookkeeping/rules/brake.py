"""The mass-delete brake: a feed that suddenly cancels or deletes a lot waits for a person's approval."""

DELETES_ALLOWED = 20
PERCENT_ALLOWED = 10


def brake_trips(deletes: int, documents: int) -> bool:
    """Return whether so many deletes in one poll need approval: more than 20, and more than 10 % of all documents.

    Source: bookkeeping decisions, "Mass-delete brake" (17).
    """
    return deletes > DELETES_ALLOWED and deletes * 100 > documents * PERCENT_ALLOWED
