"""Whole jobs and pages: real processes, real HTTP, a real database; the books of the stand-in are what is checked."""
