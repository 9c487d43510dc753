"""`python -m standins.intuit`: read the command line and serve until told to stop."""

from __future__ import annotations

import argparse
import os
import signal
import sys

from standins.intuit.app import create_app
from standins.intuit.serving import make
from standins.intuit.storage import Storage
from standins.intuit.world import World


def main() -> int:
    """Serve; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m standins.intuit", description="A local stand-in of Intuit."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8010, help="0 takes a free one (default 8010)")
    parser.add_argument("--state", default="var/standins/intuit.sqlite", help="file that keeps everything")
    parser.add_argument(
        "--public-url", default="", help="where browsers and apps reach this, if not at host and port"
    )
    parser.add_argument("--client-id", default=os.environ.get("INTUIT_CLIENT_ID") or "standin-client")
    parser.add_argument("--client-secret", default=os.environ.get("INTUIT_CLIENT_SECRET") or "standin-secret")
    parser.add_argument(
        "--redirect-uri", action="append", default=[], help="exact; may be repeated (default: any loopback)"
    )
    options = parser.parse_args()
    world = World(
        Storage(options.state),
        {options.client_id: options.client_secret},
        options.redirect_uri,
        options.public_url,
    )
    try:
        server = make(create_app(world), options.host, options.port)
    except OSError as error:
        print(
            f"Can't listen on {options.host}:{options.port}: {error.strerror}. Choose another --port.",
            file=sys.stderr,
        )
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"Intuit stand-in on http://{options.host}:{server.port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
