"""The sync log and its runs, with progress."""
