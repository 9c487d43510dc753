"""Inspections: the list, one with its trace, its preview, and Explain this number."""
