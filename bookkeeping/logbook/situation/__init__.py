"""How one company stands: what is counted of it, and the one sentence with one action that follows. How all stand is `logbook.companies`."""
