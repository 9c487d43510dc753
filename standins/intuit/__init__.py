"""A local stand-in of Intuit: OAuth 2.0 and the QuickBooks Online v3 REST API, with books that a person can open.

Start it with `python -m standins.intuit`; `README.md` beside this file lists what a test can ask of it.
"""
