"""The last release beside this one: which it was, how its code is had from the history, and both at work on one database (`make upgrades`).

What can be told without its code, its tables, is in `tests/test_upgrades.py`.
"""
