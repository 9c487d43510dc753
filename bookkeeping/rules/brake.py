"""The mass-delete brake: a feed that suddenly cancels or deletes a lot waits for a person's approval."""

DELETES_ALLOWED = 20
PERCENT_ALLOWED = 10

FEW_DELETES_ALLOWED = 9
"""Of a small company, where more than twenty may never come together: more than so many, and more than half of all."""


def brake_trips(deletes: int, documents: int) -> bool:
    """Return whether so many deletes in one poll need approval.

    They do when they are more than 20 and more than 10 % of all documents, or at least 10 and more than half of them.

    Source: bookkeeping decisions, "Mass-delete brake" (17).
    """
    many = deletes > DELETES_ALLOWED and deletes * 100 > documents * PERCENT_ALLOWED
    most = deletes > FEW_DELETES_ALLOWED and deletes * 2 > documents
    return many or most
