"""The wake-up hook: after a change, tell the reader that a poll is worth while. It carries no facts and may fail."""

import logging
import threading

import requests
from flask import current_app

logger = logging.getLogger(__name__)


def ring(company_id: int) -> None:
    """POST to the company's hook, if it has one, without holding up the change that caused it."""
    with current_app.config["STORE"].reading() as db:
        row = db.execute("SELECT hook_url FROM companies WHERE id = ?", (company_id,)).fetchone()
    if row and row["hook_url"]:
        threading.Thread(target=_post, args=(row["hook_url"],), daemon=True).start()


def _post(url: str) -> None:
    try:
        requests.post(url, json={"event": "inspection.changed"}, timeout=5)
    except requests.RequestException as error:
        logger.warning("The wake-up hook did not answer", extra={"error": type(error).__name__})
