"""What breaks on purpose: faults, crashes, pauses and random changes, with the books compared to an expectation of our own."""
