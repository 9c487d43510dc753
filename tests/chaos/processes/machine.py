"""What a story needs of the machine: a small disk that can be full, and a clock that can be set without touching the machine's own.

Where the machine does not allow it, `lacking` says why, in a sentence, and the stories leave it out.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

IN_A_ROOM_OF_ITS_OWN = "TIEOUT_CHAOS_MOUNTS"
"""Set in a process whose mounts nobody else sees, and which vanish with it."""

DISK, CLOCK = "disk full", "clock set back"
SOURCE = Path(__file__).with_name("clock.c")
MEGABYTES = 96


def take_a_room(module: str) -> None:
    """Start this program over with mounts of its own, where that is allowed: whatever happens to it, none is left behind."""
    if IN_A_ROOM_OF_ITS_OWN in os.environ or not shutil.which("unshare"):
        return
    inside = ["unshare", "--mount", "--propagation", "private"]
    try_one = ["mount", "-t", "tmpfs", "tmpfs", tempfile.gettempdir()]  # Gone with the process that made it.
    if subprocess.run([*inside, *try_one], capture_output=True).returncode == 0:
        command = [*inside, sys.executable, "-m", module, *sys.argv[1:]]
        os.execvpe(command[0], command, {**os.environ, IN_A_ROOM_OF_ITS_OWN: "1"})


def lacking() -> dict[str, str]:
    """Return what this machine does not allow, with the reason."""
    found = {}
    if IN_A_ROOM_OF_ITS_OWN not in os.environ:
        found[DISK] = "mounting a small disk needs Linux and root"
    if sys.platform != "linux" or not shutil.which("cc"):
        found[CLOCK] = "it needs Linux and a C compiler (cc)"
    return found


class SmallDisk:
    """A disk of some megabytes in memory, mounted on the folder; a plain folder where mounting is not allowed."""

    def __init__(self, folder: Path):
        self.folder, self.mounted = folder, IN_A_ROOM_OF_ITS_OWN in os.environ
        folder.mkdir(parents=True)
        if self.mounted:
            size = ["-o", f"size={MEGABYTES}m,mode=0777"]
            subprocess.run(["mount", "-t", "tmpfs", *size, "tmpfs", str(folder)], check=True)

    def fill(self) -> None:
        """Take the last byte of it."""
        with (self.folder / "filler").open("ab", buffering=0) as file:
            piece = b"\0" * (1 << 20)
            while piece:
                try:
                    file.write(piece)
                except OSError:
                    piece = piece[: len(piece) // 2]

    def free(self) -> None:
        """Give the room back."""
        (self.folder / "filler").unlink(missing_ok=True)

    def remove(self) -> None:
        """Take it away with all that is on it."""
        if self.mounted:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=False, capture_output=True)


class Clock:
    """A clock for some processes alone: those started with its `environment`. Their monotonic clock stays right, as a real one does."""

    def __init__(self, folder: Path):
        self._file = folder / "clock"
        self._file.write_bytes(bytes(8))
        self.environment: dict[str, str] = {}
        if shutil.which("cc"):
            library = folder / "clock.so"
            subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, SOURCE], check=True)
            self.environment = {"LD_PRELOAD": str(library), "TIEOUT_CHAOS_CLOCK": str(self._file)}

    def set(self, seconds: int) -> None:
        """Let it go wrong by so many seconds, behind where they are below zero. At once."""
        with self._file.open("r+b") as file:
            file.write(seconds.to_bytes(8, sys.byteorder, signed=True))
