"""What should be in the books, and how to get there. Pure: no database, network, clock, environment or logging."""
