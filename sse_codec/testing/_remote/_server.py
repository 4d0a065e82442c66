"""An HTTP server that sends each chunk of an event stream immediately."""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from sse_codec._http import MEDIA_TYPE

#: The longest request body, in bytes. Longer ones are rejected.
_LONGEST = 64 * 1024 * 1024

#: How long to wait for connections to close after hanging up, in seconds.
_GRACE = 2.0


class Request(BaseHTTPRequestHandler):
    """A request, which the application of its server answers."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60  # so that no thread waits forever for a client that has left
    server: Server  # pyright: ignore[reportIncompatibleVariableOverride]  # it is only used with this kind of server

    @property
    def route(self) -> str:
        """The path, without a query."""
        return urlsplit(self.path).path

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_OPTIONS(self) -> None:
        """Allow requests from pages of any origin."""
        self.reply(204)

    def _answer(self) -> None:
        size = self.headers.get("Content-Length", "0")
        if not size.isdigit() or int(size) > _LONGEST or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self.reply(411, f"send a Content-Length of at most {_LONGEST}, and no Transfer-Encoding\n")
            return
        self.body = self.rfile.read(int(size))
        with contextlib.suppress(ConnectionError, TimeoutError):
            self.server.application(self)

    def reply(self, status: int, body: str = "", media_type: str = "text/plain; charset=utf-8") -> None:
        """Send a complete response."""
        data = body.encode()
        self._head(status)
        if status != 204:
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def reply_json(self, value: Any) -> None:
        """Send a JSON response."""
        self.reply(200, json.dumps(value) + "\n", "application/json")

    def stream(self, send: Callable[[Callable[[bytes], None]], None]) -> None:
        """Send an event stream. Each chunk is sent immediately."""
        chunked = self.request_version != "HTTP/1.0"
        self._head(200)
        self.send_header("Content-Type", MEDIA_TYPE)
        self.close_connection = True  # for HTTP/1.0, and if sending fails
        self.send_header(*("Transfer-Encoding", "chunked") if chunked else ("Connection", "close"))
        self.end_headers()

        def write(chunk: bytes) -> None:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunked else chunk)

        send(write)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")
            self.close_connection = False

    def _head(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Access-Control-Allow-Headers", "*")
        self.send_header("Access-Control-Allow-Methods", "*")
        self.send_header("Cache-Control", "no-store")

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


class Server(ThreadingHTTPServer):
    """A server in the background.

    Args:
        address: the host and port to listen on.
        application: answers requests, each in a thread of its own.

    Raises:
        OSError: it can't listen on that host and port.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], application: Callable[[Request], None]) -> None:
        self.application = application
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._changed = threading.Condition()
        self._connections: set[Any] = set()
        super().__init__(address, Request)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Its URL, without a slash at the end."""
        host = self.server_name
        return f"http://{f'[{host}]' if ':' in host else host}:{self.server_port}"

    def server_bind(self) -> None:
        """Bind without a lookup of the host name, which takes seconds if no name server answers."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing when a client disconnects."""

    def process_request(self, request: Any, client_address: Any) -> None:
        """Note the connection."""
        with self._changed:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Note that the connection is closed."""
        super().shutdown_request(request)
        with self._changed:
            self._connections.discard(request)
            self._changed.notify_all()

    def stop(self) -> None:
        """Stop listening, and close all connections."""
        self.shutdown()
        self.server_close()
        self._thread.join()
        with self._changed:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._changed.wait_for(lambda: not self._connections, _GRACE)
