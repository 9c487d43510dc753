"""The stand-ins for tests: one process each, and a thin client for their JSON interfaces."""

from pathlib import Path
from typing import Any

import requests

from tests.harness.forking import ForkedProcess
from tests.harness.processes import LOOPBACK, base_environment, free_port

SECONDS_TO_ANSWER = 30


class StandIn:
    """A running stand-in, `intuit` or `platform`. `stop` and `start` show what its state file keeps."""

    def __init__(self, name: str, folder: Path, *options: str, port: int | None = None):
        """Start it with a state file in the folder; `options` are added to its command line."""
        self.name = name
        self.port = port or free_port()
        self.base_url = f"http://{LOOPBACK}:{self.port}"
        self.state = folder / f"{name}.sqlite"
        self._log = folder / f"{name}.log"
        self._options = options
        self.start()

    def start(self) -> None:
        """Start it, after `process.kill()` too; returns when it answers."""
        command = [
            "python",
            "-m",
            f"standins.{self.name}",
            "--port",
            str(self.port),
            "--state",
            str(self.state),
        ]
        self.process = ForkedProcess([*command, *self._options], self._log, environment=base_environment())
        self.process.wait_for_url(self.base_url)

    def stop(self) -> None:
        """End it; its state file stays."""
        self.process.stop()

    def get(self, path: str, **options: Any) -> Any:
        """Return the JSON answer of a GET; an error status raises requests.HTTPError."""
        return self.request("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        """Return the JSON answer of a POST of this JSON body; an error status raises requests.HTTPError."""
        return self.request("POST", path, json=body, **options)

    def request(self, method: str, path: str, **options: Any) -> Any:
        """Return the JSON answer, None when it is empty; an error status raises requests.HTTPError with the body."""
        answer = requests.request(method, self.base_url + path, timeout=SECONDS_TO_ANSWER, **options)
        if not answer.ok:
            raise requests.HTTPError(
                f"{answer.status_code} for {method} {path}: {answer.text[:2000]}", response=answer
            )
        return answer.json() if answer.content else None
