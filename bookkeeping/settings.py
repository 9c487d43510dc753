"""The environment, read once into one Settings object. Everything else receives values, never reads the environment.

A `.env` file in the working folder is read first; what the environment says wins. Secrets have no defaults.
"""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from dotenv import dotenv_values

from bookkeeping.unsafe_settings import refuse_unsafe

STANDIN_API = "http://127.0.0.1:8010"
DISCOVERY = {
    "sandbox": "https://developer.api.intuit.com/.well-known/openid_sandbox_configuration",
    "production": "https://developer.api.intuit.com/.well-known/openid_configuration",
    "standin": f"{STANDIN_API}/.well-known/openid_configuration",
}
API = {
    "sandbox": "https://sandbox-quickbooks.api.intuit.com",
    "production": "https://quickbooks.api.intuit.com",
    "standin": STANDIN_API,
}


class SettingsError(Exception):
    """A setting is missing or malformed; the message names it and says what to do."""


@dataclass(frozen=True)
class Settings:
    """Every setting with its meaning in the README's table. Repr leaves the secrets out."""

    secret_key: str = field(repr=False)
    token_keys: tuple[str, ...] = field(repr=False)
    database_url: str = field(default="sqlite:///var/tieout.db", repr=False)
    redis_url: str = field(default="redis://127.0.0.1:6379/0", repr=False)
    public_url: str = "http://127.0.0.1:8000"
    intuit_client_id: str = "standin-client"
    intuit_client_secret: str = field(default="standin-secret", repr=False)
    intuit_environment: str = "standin"
    intuit_discovery_url: str = DISCOVERY["standin"]
    intuit_api_url: str = API["standin"]
    intuit_requests_per_minute: int = 450
    intuit_requests_per_second: int = 8
    intuit_batches_per_minute: int = 38
    intuit_concurrency: int = 8
    poll_seconds: int = 300
    sync_time_zone: str = "Etc/GMT+7"
    sync_hour: int = 0
    lease_seconds: int = 90
    session_idle_minutes: int = 30
    quickbooks_verifier_token: str = field(default="", repr=False)
    metrics_token: str = field(default="", repr=False)
    sentry_dsn: str = field(default="", repr=False)
    smtp_url: str = field(default="", repr=False)
    mail_from: str = "tieout@localhost"
    proxy_hops: int = 0
    keep_operations_days: int = 730
    keep_idle_runs_days: int = 14
    archive_folder: str = "var/archive"
    audit_heads_file: str = "var/audit-heads.jsonl"
    operator_name: str = ""
    support_email: str = ""
    legal_folder: str = ""

    @property
    def redirect_uri(self) -> str:
        """Where Intuit sends the browser back to; must be registered with Intuit letter by letter."""
        return f"{self.public_url}/quickbooks/callback"

    @property
    def secure_cookies(self) -> bool:
        """True behind TLS; with an http PUBLIC_URL cookies must work without it."""
        return self.public_url.startswith("https://")

    @property
    def with_standins(self) -> bool:
        """True when Intuit is the local stand-in: only then do trying-out conveniences exist."""
        return self.intuit_environment == "standin"


def environment_said() -> dict[str, str]:
    """Return what `.env` of this folder and the environment say, the environment last."""
    return {**{k: v for k, v in dotenv_values(".env").items() if v is not None}, **os.environ}


def settings_from_environment(environment: dict[str, str] | None = None) -> Settings:
    """Read `.env` and the environment (or the given mapping alone) into Settings.

    Raises:
        SettingsError: a setting is missing, malformed or unsafe; of the unsafe ones, a line each.
    """
    if environment is None:
        environment = environment_said()
    unsafe = refuse_unsafe(environment)
    if unsafe:
        raise SettingsError("\n".join(unsafe))
    where = _one_of(environment, "INTUIT_ENVIRONMENT", "standin", ("sandbox", "production", "standin"))
    api_url = environment.get("INTUIT_API_URL") or API[where]
    discovery = environment.get("INTUIT_DISCOVERY_URL") or DISCOVERY[where]
    standin = where == "standin"
    return Settings(
        secret_key=_required(environment, "SECRET_KEY"),
        token_keys=tuple(
            key.strip() for key in _required(environment, "TOKEN_KEYS").split(",") if key.strip()
        ),
        database_url=full_database_url(_one_kind(environment, "DATABASE_URL", Settings.database_url)),
        redis_url=_one_kind(environment, "REDIS_URL", Settings.redis_url),
        public_url=(environment.get("PUBLIC_URL") or Settings.public_url).rstrip("/"),
        intuit_client_id=environment.get("INTUIT_CLIENT_ID")
        or (Settings.intuit_client_id if standin else _missing("INTUIT_CLIENT_ID")),
        intuit_client_secret=environment.get("INTUIT_CLIENT_SECRET")
        or (Settings.intuit_client_secret if standin else _missing("INTUIT_CLIENT_SECRET")),
        intuit_environment=where,
        intuit_discovery_url=discovery,
        intuit_api_url=api_url.rstrip("/"),
        **{
            name: _number(environment, name.upper(), getattr(Settings, name), low)
            for name, low in (
                ("intuit_requests_per_minute", 1),
                ("intuit_requests_per_second", 1),
                ("intuit_batches_per_minute", 1),
                ("intuit_concurrency", 1),
                ("poll_seconds", 1),
                ("sync_hour", 0),
                ("lease_seconds", 3),
                ("session_idle_minutes", 2),
                ("proxy_hops", 0),
                ("keep_operations_days", 30),
                ("keep_idle_runs_days", 1),
            )
        },
        sync_time_zone=_zone(environment.get("SYNC_TIME_ZONE") or Settings.sync_time_zone),
        metrics_token=environment.get("METRICS_TOKEN", ""),
        quickbooks_verifier_token=environment.get("QUICKBOOKS_VERIFIER_TOKEN", ""),
        sentry_dsn=environment.get("SENTRY_DSN", ""),
        smtp_url=_mail_server(environment.get("SMTP_URL", "")),
        mail_from=environment.get("MAIL_FROM") or Settings.mail_from,
        archive_folder=environment.get("ARCHIVE_FOLDER") or Settings.archive_folder,
        audit_heads_file=environment.get("AUDIT_HEADS_FILE") or Settings.audit_heads_file,
        operator_name=environment.get("OPERATOR_NAME", "").strip(),
        support_email=_address(environment, "SUPPORT_EMAIL"),
        legal_folder=environment.get("LEGAL_FOLDER", ""),
    )


def _required(environment: dict[str, str], name: str) -> str:
    return environment.get(name) or _missing(name)


def _missing(name: str) -> str:
    raise SettingsError(
        f"{name} is not set. Put it into the environment or .env; `make run` makes one in var/."
    )


_KINDS = {
    "DATABASE_URL": ("sqlite:", "postgresql:", "postgresql+psycopg:", "postgres:"),
    "REDIS_URL": ("redis://", "rediss://", "unix://"),
}


def _one_kind(environment: dict[str, str], name: str, default: str) -> str:
    """Return the address of a server of ours, which is not repeated when it is wrong: it may hold a password."""
    value = environment.get(name) or default
    if not value.startswith(_KINDS[name]):
        raise SettingsError(
            f"{name} is no address that we know: begin it with one of {', '.join(_KINDS[name])}."
        )
    return value


def _one_of(environment: dict[str, str], name: str, default: str, choices: tuple[str, ...]) -> str:
    value = environment.get(name) or default
    if value not in choices:
        raise SettingsError(f"{name} is {value!r}: use one of {', '.join(choices)}.")
    return value


def _number(environment: dict[str, str], name: str, default: int, low: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isdigit() or int(text) < low:
        raise SettingsError(f"{name} is {text!r}: use a whole number of at least {low}.")
    return int(text)


def _address(environment: dict[str, str], name: str) -> str:
    value = environment.get(name, "").strip()
    if value and not re.fullmatch(r"[\w.+-]+@[\w-]+(\.[\w-]+)+", value):
        raise SettingsError(f"{name} is {value!r}: use an address such as help@example.com.")
    return value


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise SettingsError(f"SYNC_TIME_ZONE is {name!r}: use an IANA time zone such as Etc/GMT+7.") from None
    return name


def _mail_server(url: str) -> str:
    try:
        parts = urlsplit(url)
        rest = parts.path.strip("/") or parts.query or parts.fragment
        good = parts.scheme in ("smtp", "smtps") and parts.hostname and parts.port != 0 and not rest
    except ValueError:
        good = False
    if url and not good:  # It is not repeated here, since it holds a password.
        raise SettingsError(
            "SMTP_URL is not the address of a mail server: use smtp://user:password@host:587 (STARTTLS) or"
            " smtps://user:password@host:465 (TLS), with %40 for @, %2F for /, %3F for ? and %23 for # in the password."
        )
    return url


def full_database_url(url: str) -> str:
    """Make a relative SQLite path absolute (from the working folder) and its folder exist; name psycopg for bare PostgreSQL URLs."""
    if url.startswith("postgres://") or url.startswith("postgresql://"):
        return "postgresql+psycopg://" + url.split("://", 1)[1]
    prefix = "sqlite:///"
    if url.startswith(prefix) and url != prefix and ":memory:" not in url:
        path = Path(url.removeprefix(prefix)).absolute()
        path.parent.mkdir(parents=True, exist_ok=True)
        return prefix + str(path)
    return url
