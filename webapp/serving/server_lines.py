"""gunicorn's own lines as everybody else's: JSON, one a line on standard error, with nothing secret in them."""

from typing import Any

from gunicorn.glogging import Logger

from bookkeeping.logs import json_handler
from bookkeeping.watching import secrets_as_known


class ServerLines(Logger):
    """gunicorn's logger with our handler. There is no access log: `webapp.frame.request_ids` has a line for what changed something."""

    def setup(self, cfg: Any) -> None:
        """Take gunicorn's settings, and our handler instead of gunicorn's."""
        super().setup(cfg)
        self.error_log.handlers = [json_handler(secrets_as_known())]
