"""Real processes for tests: servers, stand-ins, the application and a browser, each on a port and in a folder of its own.

Beside them `in_process`: the worker's functions within the test's own process, over the same servers; `inside`: the stand-ins themselves in
it, without a socket. Fixtures that hand these out are in `tests/conftest.py`, and beside the tests that share them. Nothing here knows what a
test is about.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
