"""Numbers pulled back, the tie-out statement, and this month on Home. They are read here and not worked out: that is the worker's."""
