"""Local stand-ins of the outside world: ordinary processes reached over HTTP.

Nothing here imports the web app, the worker or the bookkeeping, and nothing there imports this.
"""
