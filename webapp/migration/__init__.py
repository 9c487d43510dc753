"""The migration from choosing to the report, with its chart and downloads."""
