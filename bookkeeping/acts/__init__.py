"""Acts of people, one contract: each changes rows and writes the audit entry in the current transaction; the caller commits and then rings the bell. What screens read is in `logbook`."""
