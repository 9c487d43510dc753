"""How gunicorn serves the app: requests handed over whole, and the server's own log lines. `gunicorn.conf.py` names what is here; no page."""
