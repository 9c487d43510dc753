"""Real processes for tests: servers, stand-ins, the application and a browser, each on a port and in a folder of its own.

Fixtures that hand these out are in `tests/conftest.py`. Nothing here knows what a test is about.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
