"""Everything behind `make run`: one supervisor that starts the parts of Tieout on this machine and ends them again.

Nothing here is imported by the application, and the application is never imported here: the parts are processes,
started by the command lines of `Procfile`. Production starts those same lines with its own process manager.
"""


class LaunchError(Exception):
    """Starting is not possible as things stand. The message is one line that says what to change."""
