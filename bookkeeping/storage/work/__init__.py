"""Work and its traces: runs, leases, the journal of writes, metered calls, and the tables that only ops use. What came of it, document by document, is in `records`."""
