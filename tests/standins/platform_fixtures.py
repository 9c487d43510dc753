"""A platform stand-in as a real process on a free port, and a small client for its admin API and feed."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]


class Platform:
    """The address of a running stand-in, and the calls that tests make."""

    include = "buyer,line_items,payments"

    def __init__(self, url: str, process: subprocess.Popen) -> None:
        self.url, self.process = url, process
        self.session = requests.Session()

    def admin(self, method: str, path: str, json: Any = None, status: int | None = None) -> Any:
        """Call the admin API and return its JSON; any status but the expected one (default: success) fails."""
        response = self.session.request(method, f"{self.url}/_standin{path}", json=json, timeout=30)
        assert response.status_code == status if status else response.ok, (
            response.status_code,
            response.text,
        )
        return response.json()

    def company(self, **fields: Any) -> dict[str, Any]:
        return self.admin(
            "POST", "/companies", {"name": "Blue Ridge", "time_zone": "America/New_York"} | fields
        )

    def book(self, company: dict[str, Any], *inspections: dict[str, Any]) -> list[dict[str, Any]]:
        defaults = {"datetime": "2026-03-02T09:00:00-05:00", "confirmed": True}
        return self.admin(
            "POST", f"/companies/{company['id']}/inspections", [defaults | each for each in inspections]
        )

    def get(self, company: dict[str, Any], path: str = "/v2/inspections", **params: Any) -> requests.Response:
        """Call the feed with the company's key; `page_size` stands for `page[size]`, and so on."""
        names = {
            "page_size": "page[size]",
            "page_after": "page[after]",
            "updated_since": "filter[updated_since]",
        }
        query = {names.get(name, name): value for name, value in params.items()}
        headers = {"Authorization": f"Bearer {company['key']}"}
        return self.session.get(f"{self.url}{path}", params=query, headers=headers, timeout=30)

    def walk(self, company: dict[str, Any], **params: Any) -> list[dict[str, Any]]:
        """Return every inspection resource of the feed, following `links.next`."""
        response = self.get(company, **{"sort": "updated_at", "include": self.include} | params)
        found = []
        while True:
            assert response.status_code == 200, response.text
            found += response.json()["data"]
            following = response.json()["links"].get("next")
            if following is None:
                return found
            headers = {"Authorization": f"Bearer {company['key']}"}
            response = self.session.get(following, headers=headers, timeout=30)


@contextmanager
def run_platform(state: Path) -> Iterator[Platform]:
    """Run the stand-in on a free port until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "standins.platform", "--port", str(port), "--state", str(state)]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})
    platform = Platform(f"http://127.0.0.1:{port}", process)
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                platform.admin("GET", "/health")
                break
            except requests.ConnectionError:
                assert process.poll() is None, "the stand-in ended"
                assert time.monotonic() < deadline, "the stand-in does not answer"
                time.sleep(0.05)
        yield platform
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=15)


@pytest.fixture(scope="module")
def platform_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with run_platform(tmp_path_factory.mktemp("platform") / "state.sqlite") as running:
        yield running


@pytest.fixture
def standin(platform_process: Platform) -> Platform:
    """An empty platform."""
    platform_process.admin("POST", "/reset")
    return platform_process


@pytest.fixture
def running_platform() -> Callable[[Path], AbstractContextManager[Platform]]:
    """The way to run one more stand-in, over a state file of its own."""
    return run_platform
