"""The first five minutes: what is left to be done until everything runs by itself. Home itself, which shows it, is not here."""
