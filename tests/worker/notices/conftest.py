"""A company with an empty, migrated SQLite database, in this process: the web app's, without queue and without Intuit."""

from tests.webapp.conftest import company, house, records

__all__ = ["company", "house", "records"]
