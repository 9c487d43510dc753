"""An HTTP/1.1 server for the app: a thread for each connection, kept alive, and able to break off an answer on purpose.

Werkzeug's own development handler closes every connection; a client that keeps its connections would not meet the real thing.
"""

from __future__ import annotations

import http.client
import io
import socket

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server


class Handler(WSGIRequestHandler):
    """Answers requests one after another on one connection.

    The app may set `standins.cut` (no answer at all) or `standins.truncate` (half of it) in the WSGI environment.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 120

    def run_wsgi(self) -> None:
        """Answer one request."""
        if self.headers.get("Expect", "").lower().strip() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        self.environ = environ = self.make_environ()
        if environ.get("wsgi.input_terminated"):
            content = environ["wsgi.input"].read()
            environ["CONTENT_LENGTH"] = str(len(content))
        else:
            content = self.rfile.read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(content)
        answer: dict = {}

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
            answer.update(status=status, headers=headers)

        iterable = self.server.app(environ, start_response)
        try:
            body = b"".join(iterable)
        finally:
            if hasattr(iterable, "close"):
                iterable.close()
        if environ.get("standins.cut"):
            self._break_off()
            return
        code, _, reason = answer["status"].partition(" ")
        self.send_response(int(code), reason or http.client.responses.get(int(code), ""))
        for name, value in answer["headers"]:
            if name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        truncated = environ.get("standins.truncate")
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if truncated else body)
        self.wfile.flush()
        if truncated:
            self._break_off()

    def _break_off(self) -> None:
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # The other side was faster.

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Keep quiet; calls are logged for each company."""


def make(app: Flask, host: str, port: int) -> BaseWSGIServer:
    """Return a server that listens; `serve_forever` starts it. Raises OSError if the port is taken."""
    probe = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind((host, port))
    finally:
        probe.close()
    return make_server(host, port, app, threaded=True, request_handler=Handler)
