"""Demo companies and their people, made once, on the first `make run` with the stand-ins.

It fills the stand-ins through their own HTTP interface (`standins.demo`) and the application through its documented
commands, and notes each step, so that an interrupted first run goes on where it stopped. Passwords are made at random
and kept in `var/demo-logins.txt` (mode 0600): even on a developer's machine a well-known password is a bad habit.
"""

import json
import re
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

from launch.environment import Plan, write_private
from launch.supervisor import Supervisor

SEED = 2019
ROLES = ("owner", "bookkeeper")
OPS = "ops@tieout.example"
TRADE_WORDS = {
    "home",
    "house",
    "property",
    "inspection",
    "inspections",
    "inspectors",
    "services",
    "group",
    "co",
    "llc",
    "inc",
}
CONSONANTS, VOWELS = "bdfghjkmnprstvz", "aeiou"


def ensure_demo(plan: Plan, supervisor: Supervisor, say: Callable[[str], None]) -> dict[str, str]:
    """Make what is missing of the demo and return the passwords by email address.

    Raises:
        LaunchError: a step failed; the next `make run` goes on with it.
    """
    progress = Progress(plan.var / "demo-progress.json")
    described = plan.var / "demo.json"
    if not described.exists():
        say("Making the demo companies, this once …")
    progress.once(
        "standins",
        lambda: supervisor.run(
            "demo",
            [sys.executable, "-m", "standins.demo", "--platform-url", plan.platform_url, "--intuit-url", plan.intuit_url]
            + ["--seed", str(SEED), "--out", str(described)],
        ),
    )  # fmt: skip

    def flask(*words: str, text: str = "") -> str:
        return supervisor.run("demo", ["flask", "--app", "wsgi", *words], text)

    logins = Logins(plan.var / "demo-logins.txt")
    for company in json.loads(described.read_text())["companies"]:
        name = company["name"]
        options = ["--feed-url", company["feed_url"], "--feed-key", company["feed_key"]]
        options += [
            "--time-zone",
            company["time_zone"],
            *(["--legacy"] if company["legacy"] else []),
            "--json",
        ]
        made = progress.once(
            f"company {name}", lambda options=options, name=name: flask("company", "create", name, *options)
        )
        number = str(json.loads(made)["id"])
        for role in ROLES:
            _user(progress, logins, flask, f"{role}@{_domain(name)}", role, ["--company", number])
        if company["legacy"]:
            receipts = company["legacy_csv"]
            progress.once(f"receipts {name}", lambda n=number, r=receipts: flask("legacy", "import", n, r))
    _user(progress, logins, flask, OPS, "ops", [])
    return logins.passwords


class Progress:
    """The steps that are done, with what each printed, in a file."""

    def __init__(self, path: Path):
        self._path = path
        self._done: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}

    def once(self, step: str, act: Callable[[], str]) -> str:
        """Return what the step printed, doing it if it was not done yet."""
        if step not in self._done:
            self._done[step] = act()
            write_private(self._path, json.dumps(self._done, indent=1))
        return self._done[step]


class Logins:
    """The demo passwords, in a file that a person can read: one address and password a line."""

    def __init__(self, path: Path):
        self._path = path
        lines = path.read_text().splitlines() if path.exists() else []
        self.passwords: dict[str, str] = dict(line.split() for line in lines if line.strip())

    def password(self, email: str) -> str:
        """Return the password of this address, made and kept before it is used anywhere."""
        if email not in self.passwords:
            self.passwords[email] = _new_password()
            write_private(self._path, "".join(f"{name} {word}\n" for name, word in self.passwords.items()))
        return self.passwords[email]


def _user(progress: Progress, logins: Logins, flask, email: str, role: str, options: list[str]) -> None:
    words = ["user", "create", email, "--role", role, *options, "--password-stdin"]
    progress.once(f"user {email}", lambda: flask(*words, text=logins.password(email)))


def _domain(name: str) -> str:
    """Return `blueridge.example` for "Blue Ridge Home Inspections": the name without the words that all have."""
    words = [word for word in re.findall(r"[a-z0-9]+", name.lower()) if word not in TRADE_WORDS]
    return f"{''.join(words) or 'company'}.example"


def _new_password() -> str:
    """Return about 50 random bits that can be read aloud: `kavo-mire-tusa-beno-47`."""
    syllables = [secrets.choice(CONSONANTS) + secrets.choice(VOWELS) for _ in range(8)]
    words = ["".join(syllables[i : i + 2]) for i in range(0, 8, 2)]
    return f"{'-'.join(words)}-{secrets.randbelow(90) + 10}"
