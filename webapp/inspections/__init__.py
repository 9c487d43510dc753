"""Inspections: the list, one with its trace, its preview, and Explain this number. What waits for a person's choice is in `questions`."""
