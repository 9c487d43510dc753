"""A running Tieout for tests: settings of its own, its commands, and its processes as `Procfile` starts them."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.fernet import Fernet

from launch.services import procfile
from tests.harness import ROOT
from tests.harness.forking import ForkedProcess, run_forked
from tests.harness.processes import LOOPBACK, Process, base_environment, free_port

SECONDS_FOR_A_COMMAND = 120


class Ended(NamedTuple):
    """What a command left: `code, out, err`."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Return what it printed as JSON; fails with its errors when it did not succeed."""
        assert self.code == 0, f"Exit code {self.code}\n{self.out}\n{self.err}"
        return json.loads(self.out)


class Tieout:
    """One installation: `environment` holds all its settings, and may be changed before a process is started."""

    def __init__(self, folder: Path, database_url: str, redis_url: str, **settings: str):
        """Take the settings; nothing is started. `settings` add to, or replace, the ones made here."""
        self.folder = folder
        self.port = free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        # A blank one hides what a developer's own .env may say.
        self.environment: dict[str, str] = {
            "SECRET_KEY": "Zk3vQ8wL1nXy7Rb5Tc9Hd2Jf6Mg4Ps0a",
            "TOKEN_KEYS": Fernet.generate_key().decode(),
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "PUBLIC_URL": self.url,
            "PORT": str(self.port),
            "WEB_CONCURRENCY": "1",  # Each process imports the app.
            "INTUIT_ENVIRONMENT": "standin",
            "AUDIT_HEADS_FILE": str(folder / "audit-heads.jsonl"),
            "INTUIT_DISCOVERY_URL": "http://127.0.0.1:9/.well-known/openid_configuration",
            "INTUIT_API_URL": "http://127.0.0.1:9",
            **dict.fromkeys(_OTHERS, ""),
            **settings,
        }
        self._started: list[Process] = []

    def run_flask(
        self, *words: object, input: str | None = None, seconds: float = SECONDS_FOR_A_COMMAND
    ) -> Ended:
        """Run `flask --app wsgi WORDS…` to its end and return (code, out, err)."""
        words = ("--app", "wsgi", *map(str, words))
        return Ended(*run_forked(list(words), self._all(), input or "", seconds))

    def flask_json(self, *words: object, input: str | None = None) -> Any:
        """Run a command with `--json` and return what it says; fails when the command does."""
        return self.run_flask(*words, "--json", input=input).json()

    def web(self) -> Process:
        """Start the web app at `url`; returns when it answers."""
        process = self.start("web")
        process.wait_for_url(f"{self.url}/healthz")
        return process

    def worker(self) -> Process:
        """Start one RQ worker; returns when it has registered."""
        process = self.start("worker")
        process.wait_until(lambda: "Listening on" in process.output(), "the worker to listen")
        return process

    def tick(self) -> Process:
        """Start the tick."""
        return self.start("tick")

    def start(self, name: str) -> Process:
        """Start the line `name` of Procfile with these settings and no others."""
        environment = self._all()
        command = procfile(ROOT / "Procfile", environment)[name]
        log = self.folder / f"{name}-{len(self._started)}.log"
        process = ForkedProcess(command, log, environment=environment)
        self._started.append(process)
        return process

    def stop(self) -> None:
        """End every process that was started here, the last first."""
        for process in reversed(self._started):
            process.stop()

    def logs(self) -> str:
        """Return what all its processes have printed."""
        return "\n".join(process.output() for process in self._started)

    def _all(self) -> dict[str, str]:
        return {**base_environment(), **self.environment}


_OTHERS = (
    "INTUIT_CLIENT_ID",
    "INTUIT_CLIENT_SECRET",
    "INTUIT_REQUESTS_PER_MINUTE",
    "INTUIT_REQUESTS_PER_SECOND",
    "INTUIT_BATCHES_PER_MINUTE",
    "INTUIT_CONCURRENCY",
    "POLL_SECONDS",
    "SYNC_TIME_ZONE",
    "SYNC_HOUR",
    "LEASE_SECONDS",
    "METRICS_TOKEN",
    "SENTRY_DSN",
    "SMTP_URL",
    "MAIL_FROM",
)
