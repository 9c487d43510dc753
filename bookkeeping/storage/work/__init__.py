"""Work and its traces: runs, leases, the journal of writes, metered calls, and the tables that only ops use."""
