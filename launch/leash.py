"""The wrapper around every child: `python -m launch.leash --parent FD --grace SECONDS -- COMMAND…`.

It runs COMMAND in a session of its own and ends all of it when told, when COMMAND ends, or when the supervisor is gone.
The supervisor holds the other end of a pipe; however it dies, the kernel closes that end and the leash sees it.
The order is: ask COMMAND alone to stop (gunicorn and RQ look after their own children), wait for the grace period, then
kill whatever is left of the session, jobs and web workers included. If the leash itself is killed, COMMAND is asked to
stop by the kernel.
"""

import argparse
import os
import selectors
import signal
import subprocess
import sys
import time

from launch.lifelines import adopt_orphans, end_with_parent, session_members, signal_processes

CLEAN_UP_SECONDS = 5.0


def main() -> int:
    """Run the command to its end, or to ours. Returns its exit code, 128 + signal if one ended it."""
    parser = argparse.ArgumentParser(prog="launch.leash")
    parser.add_argument("--parent", type=int, required=True, help="read end of the supervisor's pipe")
    parser.add_argument("--grace", type=float, default=10.0, help="seconds between asking and killing")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()

    if os.getsid(0) != os.getpid():
        os.setsid()
    adopt_orphans()
    wake_up, noise = os.pipe()
    os.set_blocking(noise, False)
    signal.set_wakeup_fd(noise, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)

    try:
        child = subprocess.Popen(options.command, process_group=0, preexec_fn=end_with_parent)
    except OSError as error:
        print(f"ERROR cannot start {options.command[0]}: {error.strerror}", file=sys.stderr)
        return 127
    try:
        _wait(child, options.parent, wake_up, options.grace)
    finally:
        _kill_the_rest()
    code = child.returncode
    return 128 - code if code < 0 else code


def _wait(child: subprocess.Popen, parent: int, wake_up: int, grace: float) -> None:
    """Return when the child has ended: by itself, on request, or killed after the grace period."""
    selector = selectors.DefaultSelector()
    selector.register(parent, selectors.EVENT_READ)
    selector.register(wake_up, selectors.EVENT_READ)
    kill_at: float | None = None
    while child.poll() is None:
        patience = None if kill_at is None else max(0.0, kill_at - time.monotonic())
        told = False
        for key, _ in selector.select(patience):
            if key.fd == parent:
                selector.unregister(parent)
                told = True
            else:
                told = told or any(number != signal.SIGCHLD for number in os.read(wake_up, 64))
        if told and kill_at is None:
            child.terminate()
            kill_at = time.monotonic() + grace
        if kill_at is not None and time.monotonic() >= kill_at:
            child.kill()
            child.wait()


def _kill_the_rest() -> None:
    """Kill what is left of this session and collect it, so that the supervisor need not."""
    give_up_at = time.monotonic() + CLEAN_UP_SECONDS
    while time.monotonic() < give_up_at:
        signal_processes([pid for pid in session_members(os.getpid()) if pid != os.getpid()], signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass
        except ChildProcessError:
            return
        time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(main())
