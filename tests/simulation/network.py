"""The simulated network: every HTTP call of this process goes to a stand-in in it, unless it is lost, late, or its answer is."""

import io
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.response import HTTPResponse

from tests.harness.inside import Answer, Inside
from tests.simulation.moment import Moment

TIMEOUT_SECONDS = 30


@dataclass
class Trouble:
    """How likely each mishap is for one call, out of 100."""

    refused: int = 0
    lost: int = 0
    answer_lost: int = 0
    late: int = 0


@dataclass
class Network:
    """Hands calls to the stand-ins by the beginning of their address. `before` and `after` are told of each call of ours."""

    moment: Moment
    standins: list[Inside] = field(default_factory=list)
    before: Callable[[str], None] = lambda _what: None
    after: Callable[[str], None] = lambda _what: None
    trouble: Trouble = field(default_factory=Trouble)
    chance: random.Random = field(default_factory=random.Random)
    happened: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._under_way: list[tuple[float, Inside, tuple[Any, ...]]] = []

    def begin(self, standins: list[Inside]) -> None:
        """Start over, with these stand-ins behind it."""
        self.standins, self.trouble, self.happened, self._under_way = standins, Trouble(), {}, []
        self.moment.moved.append(lambda _seconds: self._deliver())

    def take_over(self) -> None:
        """From now on no call leaves this process."""
        network = self

        def send(
            adapter: HTTPAdapter, request: requests.PreparedRequest, **_options: Any
        ) -> requests.Response:
            return network._send(adapter, request)

        HTTPAdapter.send = send

    def _send(self, adapter: HTTPAdapter, request: requests.PreparedRequest) -> requests.Response:
        standin = next(one for one in self.standins if str(request.url).startswith(one.base_url + "/"))
        what = f"{request.method} {request.path_url.partition('?')[0]}"
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        call = (request.method, request.path_url, dict(request.headers), body)
        self.before(what)
        fate = self._fate()
        if fate == "refused":
            raise requests.ConnectionError("Connection refused", request=request)
        if fate == "late":
            self._under_way.append(
                (self.moment.passed + TIMEOUT_SECONDS + self.chance.randint(1, 300), standin, call)
            )
        if fate in ("lost", "late"):
            self.moment.forward(TIMEOUT_SECONDS)
            raise requests.ReadTimeout("Read timed out", request=request)
        answer = standin.answer(*call)
        self.after(what)
        if fate == "answer_lost":
            self.moment.forward(TIMEOUT_SECONDS)
            raise requests.ReadTimeout("Read timed out", request=request)
        if answer.cut:
            raise requests.ConnectionError("Connection aborted", request=request)
        response = adapter.build_response(request, _raw(answer, str(request.method)))
        response.content  # noqa: B018 - reading it now is what an adapter that does not stream does.
        return response

    def _fate(self) -> str:
        drawn, trouble = self.chance.randrange(100), self.trouble
        for name in ("refused", "lost", "answer_lost", "late"):
            drawn -= getattr(trouble, name)
            if drawn < 0:
                self.happened[name] = self.happened.get(name, 0) + 1
                return name
        return ""

    def _deliver(self) -> None:
        """Let calls that nobody waits for any more reach their stand-in."""
        due = [one for one in self._under_way if one[0] <= self.moment.passed]
        self._under_way = [one for one in self._under_way if one[0] > self.moment.passed]
        for _, standin, call in due:
            standin.answer(*call)


def _raw(answer: Answer, method: str) -> HTTPResponse:
    headers = {name: value for name, value in answer.headers.items() if name.lower() != "content-length"}
    headers["Content-Length"] = str(len(answer.body))
    body = answer.body[: len(answer.body) // 2] if answer.truncated else answer.body
    return HTTPResponse(
        io.BytesIO(body),
        headers=headers,
        status=answer.status,
        preload_content=False,
        request_method=method,
        enforce_content_length=True,
    )
