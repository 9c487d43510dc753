"""Numbers pulled back, the tie-out statement, and this month on Home."""
