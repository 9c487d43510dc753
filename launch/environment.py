"""What `make run` tells its parts: the environment and `.env`, completed with secrets, ports and paths kept in `var/`.

Says nothing about how the parts run (`services`). What the environment or `.env` says always wins.
"""

import os
import secrets
import socket
import sys
import tempfile
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote, urlsplit

from cryptography.fernet import Fernet
from dotenv import dotenv_values

from launch import LaunchError
from tieout_files import place

_CODE = Path(__file__).resolve().parent.parent
ROOT = _CODE if (_CODE / "Procfile").exists() else Path.cwd()
"""The folder that Tieout runs from: the checkout, or for an installed one the folder in which `tieout run` was said."""
PROCFILE = place("Procfile")
LOOPBACK = "127.0.0.1"
# The kernel's limit for the path of a Unix socket is 108 bytes on Linux, 104 elsewhere.
LONGEST_SOCKET_PATH = 100


@dataclass(frozen=True)
class Plan:
    """One `make run`: where it keeps things, which ports it opens and what its parts are told."""

    root: Path
    variables: dict[str, str] = field(repr=False)
    web_port: int
    intuit_port: int
    platform_port: int
    with_standins: bool
    valkey_socket: Path | None
    valkey_password: str = field(repr=False)

    @property
    def var(self) -> Path:
        """The folder for everything that is made here; `make reset` empties it."""
        return self.root / "var"

    @property
    def intuit_url(self) -> str:
        """Where the Intuit stand-in answers."""
        return f"http://{LOOPBACK}:{self.intuit_port}"

    @property
    def platform_url(self) -> str:
        """Where the inspection platform's stand-in answers."""
        return f"http://{LOOPBACK}:{self.platform_port}"

    @property
    def ports(self) -> dict[str, int]:
        """The ports to be opened, by the setting that chooses each."""
        standins = {"STANDIN_INTUIT_PORT": self.intuit_port, "STANDIN_PLATFORM_PORT": self.platform_port}
        return {"PUBLIC_URL": self.web_port, **(standins if self.with_standins else {})}


def make_plan(root: Path = ROOT) -> Plan:
    """Read the settings, make the secrets that are missing (once, in `var/`, mode 0600) and return the plan.

    Raises:
        LaunchError: a setting is missing or malformed; the message names it.
    """
    said = settings_said(root)
    var = private_folder(root / "var")
    kept = _secrets(var / "secrets.env")
    environment = said.get("INTUIT_ENVIRONMENT", "standin")
    if environment not in ("standin", "sandbox", "production"):
        raise LaunchError(f"INTUIT_ENVIRONMENT is {environment!r}: use standin, sandbox or production.")
    for name in ("INTUIT_CLIENT_ID", "INTUIT_CLIENT_SECRET"):
        if environment != "standin" and not said.get(name):
            raise LaunchError(
                f"{name} is not set: INTUIT_ENVIRONMENT={environment} needs the app's keys from Intuit in .env."
            )
    public_url = said.get("PUBLIC_URL", f"http://{LOOPBACK}:8000").rstrip("/")
    web_port = _web_port(public_url, said)
    intuit_port = _port(said, "STANDIN_INTUIT_PORT", 8010)
    platform_port = _port(said, "STANDIN_PLATFORM_PORT", 8020)

    made = {
        "SECRET_KEY": kept["SECRET_KEY"],
        "TOKEN_KEYS": kept["TOKEN_KEYS"],
        "DATABASE_URL": f"sqlite:///{var / 'tieout.db'}",
        "PUBLIC_URL": public_url,
        "PORT": str(web_port),
        "INTUIT_ENVIRONMENT": environment,
        "PYTHONUNBUFFERED": "1",
    }
    valkey_socket = None
    if not said.get("REDIS_URL"):
        valkey_socket = _socket_path(var)
        made["REDIS_URL"] = f"unix://:{quote(kept['VALKEY_PASSWORD'], safe='')}@{quote(str(valkey_socket))}"
    if environment == "standin":
        base = f"http://{LOOPBACK}:{intuit_port}"
        made |= {"INTUIT_DISCOVERY_URL": f"{base}/.well-known/openid_configuration", "INTUIT_API_URL": base}

    return Plan(
        root=root,
        variables={
            **made,
            **said,
            "PATH": os.pathsep.join(
                (str(root / ".venv" / "bin"), str(Path(sys.executable).parent), said.get("PATH", os.defpath))
            ),
        },
        web_port=web_port,
        intuit_port=intuit_port,
        platform_port=platform_port,
        with_standins=environment == "standin",
        valkey_socket=valkey_socket,
        valkey_password=kept["VALKEY_PASSWORD"],
    )


def settings_said(root: Path) -> dict[str, str]:
    """Return what `.env` and the environment say, the environment last; a blank line in `.env` says nothing."""
    return {**{name: value for name, value in dotenv_values(root / ".env").items() if value}, **os.environ}


def private_folder(path: Path) -> Path:
    """Return the folder, made if need be, readable by its owner alone."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as unfinished:
        unfinished.write(text)  # Made with mode 0600.
    os.replace(unfinished.name, path)


def refuse_taken_ports(plan: Plan) -> None:
    """Check every port before anything is started.

    Raises:
        LaunchError: a port is taken or named twice; the message names its setting.
    """
    if len(set(plan.ports.values())) < len(plan.ports):
        raise LaunchError(f"{', '.join(plan.ports)} name one port twice; each needs its own.")
    for setting, port in plan.ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError as error:
                example = f"http://{LOOPBACK}:{port + 1}" if setting == "PUBLIC_URL" else port + 1
                raise LaunchError(
                    f"Port {port} on {LOOPBACK} cannot be used ({error.strerror}). "
                    f"Stop what uses it, or set {setting}, for example {setting}={example} in .env."
                ) from error


def _secrets(path: Path) -> dict[str, str]:
    """Return the secrets of this folder, making those that are missing."""
    kept = {name: value for name, value in dotenv_values(path).items() if value}
    makers = {
        "SECRET_KEY": lambda: secrets.token_urlsafe(48),
        "TOKEN_KEYS": lambda: Fernet.generate_key().decode(),
        "VALKEY_PASSWORD": lambda: secrets.token_urlsafe(32),
    }
    missing = {name: make() for name, make in makers.items() if name not in kept}
    if missing:
        kept |= missing
        write_private(path, "".join(f"{name}={value}\n" for name, value in kept.items()))
    return kept


def _web_port(public_url: str, said: dict[str, str]) -> int:
    """Return the port of the web app: PORT, else the one PUBLIC_URL names, else 8000 (behind a proxy)."""
    address = urlsplit(public_url)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise LaunchError(f"PUBLIC_URL is {public_url!r}: use an address such as http://{LOOPBACK}:8000.")
    try:
        named = address.port
    except ValueError:
        raise LaunchError(
            f"PUBLIC_URL is {public_url!r}: its port must be a number from 1 to 65535."
        ) from None
    return _port(said, "PORT", named or 8000)


def _port(said: dict[str, str], setting: str, default: int) -> int:
    text = said.get(setting) or str(default)
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise LaunchError(f"{setting} is {text!r}: use a port number from 1 to 65535.")
    return int(text)


def _socket_path(var: Path) -> Path:
    """Return where Valkey listens: in `var/`, or in a private temporary folder when that path is too long."""
    path = var / "valkey" / "valkey.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        private_folder(path.parent)
        return path
    name = f"tieout-{os.getuid()}-{sha256(os.fsencode(var)).hexdigest()[:12]}"
    folder = Path(tempfile.gettempdir()) / name
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise LaunchError(
            f"{folder} belongs to someone else: remove it, or run Tieout from a folder with a shorter path."
        )
    folder.chmod(0o700)
    return folder / "valkey.sock"
