"""The migration from choosing to the report, with its chart and downloads. What is decided about a receipt is in `bookkeeping.rules.migration`."""
