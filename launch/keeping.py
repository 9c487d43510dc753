"""The settings of the Tieout that runs from this folder, kept in `var/` while it does, for the commands that are run beside it.

A command in a shell with other ports or keys must not work on the running one's companies with them.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from launch.environment import Plan, settings_said, write_private

PORTS = ("PORT", "STANDIN_INTUIT_PORT", "STANDIN_PLATFORM_PORT")
SETTINGS = (
    *("SECRET_KEY", "TOKEN_KEYS", "DATABASE_URL", "REDIS_URL", "PUBLIC_URL"),
    *(
        "INTUIT_CLIENT_ID",
        "INTUIT_CLIENT_SECRET",
        "INTUIT_ENVIRONMENT",
        "INTUIT_DISCOVERY_URL",
        "INTUIT_API_URL",
    ),
    *(
        "INTUIT_REQUESTS_PER_MINUTE",
        "INTUIT_REQUESTS_PER_SECOND",
        "INTUIT_BATCHES_PER_MINUTE",
        "INTUIT_CONCURRENCY",
    ),
    *(
        "POLL_SECONDS",
        "SYNC_TIME_ZONE",
        "SYNC_HOUR",
        "LEASE_SECONDS",
        "SESSION_IDLE_MINUTES",
        "METRICS_TOKEN",
        "QUICKBOOKS_VERIFIER_TOKEN",
        "SENTRY_DSN",
        "SMTP_URL",
    ),
    *(
        "MAIL_FROM",
        "OPERATOR_NAME",
        "SUPPORT_EMAIL",
        "LEGAL_FOLDER",
        "PROXY_HOPS",
        "KEEP_OPERATIONS_DAYS",
        "KEEP_IDLE_RUNS_DAYS",
        "ARCHIVE_FOLDER",
        "AUDIT_HEADS_FILE",
    ),
)
"""Every setting that the application reads from the environment; a test compares them with its own list."""


@contextmanager
def keeping(plan: Plan) -> Iterator[None]:
    """Keep the plan's settings in `var/`, for their owner alone, until the block ends."""
    said = {name: plan.variables[name] for name in (*SETTINGS, *PORTS) if name in plan.variables}
    write_private(_kept(plan), json.dumps(said, indent=1))
    try:
        yield
    finally:
        _kept(plan).unlink(missing_ok=True)


def beside_the_running_one(plan: Plan) -> tuple[dict[str, str], list[str]]:
    """Return the variables for a command beside the running Tieout, and which settings of this shell or `.env` are not used.

    What the running one does not say is blank, so that `.env`, which may have changed since, does not say it either.
    """
    try:
        said = json.loads(_kept(plan).read_text(encoding="utf-8"))
    except FileNotFoundError:  # It is about to start, or about to have ended.
        return plan.variables, []
    kept = {**dict.fromkeys(SETTINGS, ""), **said}
    here = settings_said(plan.root)
    unused = [name for name in (*SETTINGS, *PORTS) if here.get(name) and here[name] != kept.get(name)]
    others = {name: value for name, value in plan.variables.items() if name not in (*SETTINGS, *PORTS)}
    return {**others, **kept}, unused


def _kept(plan: Plan) -> Path:
    return plan.var / "running.json"
