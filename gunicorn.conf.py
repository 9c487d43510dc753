# How gunicorn serves Tieout wherever it is started in this folder. What it is told on the command line or in GUNICORN_CMD_ARGS comes first.
import os
from typing import Any

worker_class = "webapp.serving.whole_requests.WholeRequests"
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
threads = 8
worker_connections = 400  # Of each process; a request that is on its way holds a megabyte at most.
timeout = 60
graceful_timeout = 8
keepalive = 5
limit_request_line = (
    8190  # The most there is. No form of ours makes half of it: `tests/webapp/test_addresses.py`.
)
control_socket_disable = True
logger_class = "webapp.serving.server_lines.ServerLines"


def on_starting(server: Any) -> None:
    """Refuse unsafe settings once and before anything listens; each process would start, refuse and be started again."""
    from bookkeeping.storage.company.vault import Vault
    from bookkeeping.watching import refuse_to_start

    if server.app.app_uri.startswith("wsgi:"):  # Tests serve other apps this way, which need no settings.
        refuse_to_start(lambda found: Vault(found.token_keys))
