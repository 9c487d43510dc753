"""Run the platform: `python -m standins.platform --port 8020 --state var/standins/platform.sqlite`."""

import argparse

from gunicorn.app.base import BaseApplication

from standins.platform.app import create_app


class Server(BaseApplication):
    """One gunicorn worker with threads: HTTP/1.1 with keep-alive; all state is in the file."""

    def __init__(self, host: str, port: int, state: str) -> None:
        self.bound, self.state = f"{host}:{port}", state
        super().__init__()

    def load_config(self) -> None:
        settings = {
            "bind": self.bound,
            "worker_class": "gthread",
            "threads": 16,
            "workers": 1,
            "keepalive": 60,
        }
        settings |= {"graceful_timeout": 2, "loglevel": "warning", "control_socket_disable": True}
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self):
        return create_app(self.state)


def main() -> None:
    """Read the command line and serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m standins.platform", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8020)
    parser.add_argument(
        "--state", default="var/standins/platform.sqlite", help="the file that keeps everything"
    )
    options = parser.parse_args()
    Server(options.host, options.port, options.state).run()


if __name__ == "__main__":
    main()
