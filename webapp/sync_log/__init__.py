"""The sync log and its runs, with progress. What ops look at across companies is in `ops`."""
