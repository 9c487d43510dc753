"""How a process is made to end with its parent, and how everything below it is found.

Lives here: the few system calls. Who uses them: `leash` (around every child), `supervisor`, and the tests' own processes.
On Linux all of it holds; elsewhere the parent's pipe (see `leash`) does the work alone.
"""

import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

# Loaded at import, so that a child between fork and exec has nothing left to look up.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def end_with_parent(number: int = signal.SIGTERM) -> None:
    """Ask the kernel to send this process signal `number` when the thread that started it ends."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, instead of process 1."""
    if _libc is not None:
        _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def session_members(session: int) -> list[int]:
    """Return the ids of the living processes of a session, whatever process group they moved to.

    RQ gives each job a process group of its own, so that killing a group misses jobs; no part of ours leaves its session.
    """
    members = []
    for pid in _all_processes():
        try:
            if os.getsid(pid) == session and not _is_zombie(pid):
                members.append(pid)
        except OSError:
            continue  # It ended while we looked, or it is another user's.
    return members


def signal_processes(pids: list[int], number: int) -> None:
    """Send signal `number` to each process that still exists."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def is_alive(pid: int) -> bool:
    """Return whether a process exists and has not ended already."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _all_processes() -> list[int]:
    if Path("/proc/self").exists():
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    listed = subprocess.run(["ps", "-A", "-o", "pid="], capture_output=True, text=True, check=True)
    return [int(word) for word in listed.stdout.split()]


def _is_zombie(pid: int) -> bool:
    try:
        # The name in brackets may hold spaces and brackets itself; the state is the word after the last one.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (OSError, IndexError):
        return False
