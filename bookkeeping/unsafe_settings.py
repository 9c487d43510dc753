"""Settings with which strangers' books must not be kept: outside the stand-in's environment they end the start, one line each.

Pure: looks at values, asks nobody. What a running installation can be asked besides is `flask doctor`'s.
"""

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from urllib.parse import urlsplit

SHORTEST_SECRET = 32
SHORTEST_TOKEN = 16
EXAMPLES = ("change", "example", "secret", "password", "xxxx", "0000", "1234", "test", "dev")
STANDIN_KEYS = {"INTUIT_CLIENT_ID": "standin-client", "INTUIT_CLIENT_SECRET": "standin-secret"}
ADDRESSES = ("INTUIT_API_URL", "INTUIT_DISCOVERY_URL")
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def refuse_unsafe(environment: Mapping[str, str]) -> list[str]:
    """Return a line for each unsafe setting, which names it, says what to do, and shows no secret.

    With the stand-in nothing is unsafe but Intuit's own addresses, and real keys that nobody said an environment for. In the sandbox a machine may talk to itself
    without TLS, since that is where Intuit's app is tried out; production may not.
    """
    where = environment.get("INTUIT_ENVIRONMENT") or ""
    if where in ("", "standin"):
        return _intuit_itself(environment, where) or ([] if where else _forgotten_environment(environment))
    found = [_public_url(environment, where), _secret_key(environment), _token_keys(environment)]
    found += _intuit(environment, where)
    found += [_queue(environment), *_behind_tls(environment)]
    return [line for line in found if line]


def _intuit_itself(environment: Mapping[str, str], where: str) -> list[str]:
    named = [name for name in ADDRESSES if _is_intuits(environment.get(name) or "")]
    said = "INTUIT_ENVIRONMENT is standin" if where else "INTUIT_ENVIRONMENT is not set"
    return [f"{said}, but {name} is Intuit's own: say sandbox or production." for name in named[:1]]


def _forgotten_environment(environment: Mapping[str, str]) -> list[str]:
    real = [name for name, standin in STANDIN_KEYS.items() if environment.get(name, standin) != standin]
    elsewhere = environment.get("INTUIT_API_URL") or environment.get("INTUIT_DISCOVERY_URL")
    if not real or elsewhere:
        return []
    return [
        f"INTUIT_ENVIRONMENT is not set, but {real[0]} is: say sandbox or production (or standin, to try things out)."
    ]


def _public_url(environment: Mapping[str, str], where: str) -> str:
    url = environment.get("PUBLIC_URL") or ""
    if url.startswith("https://") and not _host(url):
        return "PUBLIC_URL names no host: use the whole address, such as https://books.example.com."
    if url.startswith("https://") or (where == "sandbox" and _is_here(url or "http://127.0.0.1")):
        return ""
    what = f"is {url}" if url else "is not set"
    return f"PUBLIC_URL {what}: use the https address under which browsers reach this installation."


def _secret_key(environment: Mapping[str, str]) -> str:
    secret = environment.get("SECRET_KEY") or ""
    if not secret:
        return ""  # That it is missing is said elsewhere.
    how = "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
    if len(secret) < SHORTEST_SECRET:
        return f"SECRET_KEY has fewer than {SHORTEST_SECRET} characters. {how}"
    return f"SECRET_KEY looks like an example. {how}" if _is_example(secret, 12) else ""


def _token_keys(environment: Mapping[str, str]) -> str:
    how = "Make one with: python -c 'import base64, secrets; print(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())'"
    for text in filter(None, (one.strip() for one in (environment.get("TOKEN_KEYS") or "").split(","))):
        try:
            key = urlsafe_b64decode(text)
        except ValueError:
            key = b""
        if len(key) != 32:
            return f"TOKEN_KEYS holds something that is no Fernet key (32 bytes). {how}"
        # Of random bytes some are no letters.
        if len(set(key)) < 12 or all(32 <= one < 127 for one in key):
            return f"TOKEN_KEYS holds what looks like an example. {how}"
    return ""


def _is_example(secret: str, different: int = 9) -> bool:
    return len(set(secret)) < different or any(word in secret.lower() for word in EXAMPLES if len(word) > 4)


def _intuit(environment: Mapping[str, str], where: str) -> list[str]:
    found = []
    for name in ADDRESSES:
        url = environment.get(name) or ""
        if url and not url.startswith("https://") and not (where == "sandbox" and _is_here(url)):
            found.append(f"{name} is {url}: tokens travel there, so use https, or leave it out.")
    for name, standin in STANDIN_KEYS.items():
        if environment.get(name) == standin:
            found.append(f"{name} is the stand-in's: use the key of your app at Intuit.")
    return found


def _queue(environment: Mapping[str, str]) -> str:
    url = environment.get("REDIS_URL") or ""
    if not url or url.startswith("unix://") or _is_here(url) or urlsplit(url).password:
        return ""
    return "REDIS_URL names another machine without a password: set one there (requirepass) and here (redis://:password@host:6379/0)."


def _behind_tls(environment: Mapping[str, str]) -> list[str]:
    if not (environment.get("PUBLIC_URL") or "").startswith("https://"):
        return []
    found = []
    if not environment.get("PROXY_HOPS"):
        found.append(
            "PROXY_HOPS is not set: say how many proxies stand in front (0 for none), or every visitor has the proxy's address."
        )
    token = environment.get("METRICS_TOKEN") or ""
    if token and len(token) < SHORTEST_TOKEN:
        found.append(
            f"METRICS_TOKEN has fewer than {SHORTEST_TOKEN} characters: make it as long as a password is."
        )
    elif token and _is_example(token):
        found.append("METRICS_TOKEN looks like an example: make one of your own, as long.")
    if not token:
        found.append(
            "METRICS_TOKEN is not set: /metrics tells how many companies and failures there are; give it a key."
        )
    return found


def _is_here(url: str) -> bool:
    return _host(url) in LOOPBACK


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_intuits(url: str) -> bool:
    host = _host(url).rstrip(".")
    return host == "intuit.com" or host.endswith(".intuit.com")
