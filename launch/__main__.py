"""The commands behind the Makefile: `python -m launch run`, `… reset` and `… exec COMMAND…`."""

import argparse
import fcntl
import os
import shutil
import signal
import sys
import time
from pathlib import Path

from launch import LaunchError
from launch.child import GRACE_SECONDS
from launch.demo import ensure_demo
from launch.environment import (
    PROCFILE,
    ROOT,
    Plan,
    make_plan,
    private_folder,
    refuse_taken_ports,
    settings_said,
)
from launch.keeping import beside_the_running_one, keeping
from launch.lifelines import end_with_parent, is_alive
from launch.services import application, outside_world, procfile
from launch.supervisor import StopRequested, Supervisor


def main() -> int:
    """Carry out one command; a problem the user can mend is one line and exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m launch", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("run", help="start everything on this machine and keep it running")
    start.add_argument(
        "--end-with-parent", action="store_true", help="stop when the starting process, make, is gone"
    )
    commands.add_parser("reset", help="remove everything in var/")
    execute = commands.add_parser("exec", help="run one command with the settings of `run`")
    execute.add_argument("words", nargs=argparse.REMAINDER, help="a command, or one name from Procfile")
    options = parser.parse_args()
    try:
        if options.command == "run":
            if options.end_with_parent:
                end_with_parent(signal.SIGTERM)
            return run()
        if options.command == "reset":
            return reset()
        return execute_with_settings(options.words)
    except LaunchError as error:
        say(f"Tieout: {error}", sys.stderr)
        return 1


def run() -> int:
    """Start everything and keep it running until Ctrl-C or SIGTERM."""
    os.umask(0o077)  # Database, stand-ins' state and logs are for this user alone.
    plan = make_plan()
    lock = take_lock(plan.var)
    refuse_taken_ports(plan)
    say("Tieout is starting …")
    with keeping(plan), Supervisor(plan.root, plan.variables, plan.var / "log", lock, say) as supervisor:
        try:
            for stage in (0, 1):
                supervisor.start(service for service in outside_world(plan) if service.stage == stage)
            supervisor.run("migrate", procfile(PROCFILE, plan.variables)["release"])
            logins = ensure_demo(plan, supervisor, say) if plan.with_standins else {}
            supervisor.start(application(plan))
            say(welcome(plan, logins))
            supervisor.watch()
        except StopRequested as request:
            say(f"Tieout is stopping ({request}) …")
    say("Tieout has stopped. What it knows is kept in var/.")
    return 0


def reset() -> int:
    """Empty `var/`: database, queue, secrets, stand-ins, logs. Refuses while Tieout runs or keeps its books elsewhere.

    Raises:
        LaunchError: it runs, or `.env` points to a database or to an Intuit that the secrets in `var/` belong to.
    """
    said = settings_said(ROOT)
    for setting, local in (("DATABASE_URL", f"sqlite:///{ROOT / 'var'}"), ("INTUIT_ENVIRONMENT", "standin")):
        if not said.get(setting, local).startswith(local) and said.get("RESET") != "really":
            raise LaunchError(
                f"{setting} says that this is more than a trial: var/ holds the keys to its tokens. "
                "Keep a copy of var/secrets.env, then run: make reset RESET=really"
            )
    var = private_folder(ROOT / "var")
    take_lock(var)
    for path in var.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    say("var/ is empty. The next make run starts over.")
    return 0


def execute_with_settings(words: list[str]) -> int:
    """Become the given command, with the settings of the Tieout that runs here, else with those that `run` would give it.

    Does not return when that works. A shell with other settings would otherwise ask another Intuit with the running one's tokens.

    Raises:
        LaunchError: there is no such command.
    """
    plan = make_plan()
    variables = plan.variables
    if runs(plan.var):
        variables, unused = beside_the_running_one(plan)
        if unused:
            say(
                f"Tieout: {', '.join(unused)} here or in .env not used: the settings of the Tieout that runs from this folder are.",
                sys.stderr,
            )
    words = words[1:] if words[:1] == ["--"] else words
    if len(words) == 1:
        words = procfile(PROCFILE, variables).get(words[0], words)
    if not words:
        raise LaunchError(
            "Say which command to run, for example: python -m launch exec flask --app wsgi status 1"
        )
    os.chdir(plan.root)
    try:
        os.execvpe(words[0], words, variables)
    except OSError as error:
        raise LaunchError(f"{words[0]}: {error.strerror}.") from None


def runs(var: Path) -> bool:
    """Return whether a Tieout runs from this folder: whether somebody holds its run lock."""
    try:
        with open(var / "run.lock", "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        pass
    return False


def take_lock(var: Path) -> int:
    """Return a descriptor that holds this folder's run lock; leashes share it, so it outlives a killed supervisor.

    Raises:
        LaunchError: another `make run` holds it.
    """
    lock = os.open(var / "run.lock", os.O_RDWR | os.O_CREAT, 0o600)
    give_up_at = time.monotonic() + GRACE_SECONDS + 5
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            holder = os.pread(lock, 20, 0).decode().strip()
            supervisor_lives = holder.isdigit() and is_alive(int(holder))
            if supervisor_lives or time.monotonic() > give_up_at:
                raise LaunchError(
                    f"it already runs from this folder (process {holder}). Stop that one first."
                ) from None
            time.sleep(0.1)  # Its children are still being ended.
    os.truncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


def welcome(plan: Plan, logins: dict[str, str]) -> str:
    """Return what a person needs to begin: the address and, with the stand-ins, the demo logins."""
    lines = ["", f"Tieout is running at {plan.variables['PUBLIC_URL']}  (Ctrl-C stops it)", ""]
    if logins:
        width = max(map(len, logins))
        lines += ["  Demo logins (kept in var/demo-logins.txt):"]
        lines += [f"    {email:<{width}}   {password}" for email, password in logins.items()]
        lines += [f"  Stand-in for QuickBooks:           {plan.intuit_url}"]
        lines += [f"  Stand-in for inspection platform:  {plan.platform_url}"]
    else:
        lines += [
            f"  QuickBooks: {plan.variables['INTUIT_ENVIRONMENT']}. Make people with: make flask ARGS='user create …'"
        ]
    return "\n".join([*lines, "  Logs: var/log/", ""])


def say(text: str, stream=None) -> None:
    """Print to the console; a console that went away is no reason to stop."""
    try:
        print(text, file=stream or sys.stdout, flush=True)
    except OSError:
        pass


if __name__ == "__main__":
    sys.exit(main())
