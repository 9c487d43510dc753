"""Telling people: notices written when their cause is there, and mailed. The tables they lie in are storage."""
