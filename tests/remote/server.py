"""A server that sends with a producer: to /events what is posted to /publish, and to /echo what is posted there."""

from __future__ import annotations

import json
import queue
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from sse_codec import ServerSentEvent

if TYPE_CHECKING:
    from collections.abc import Callable


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        if self.path == "/garbage":
            self.wfile.write(b"garbage\r\n\r\n")
            return
        if self.path == "/page":
            self.start("text/html")
            self.wfile.write(b"<!doctype html>")
            return
        events: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self.server.clients.append(events)
        self.start("text/event-stream")
        while (wire := events.get()) is not None:
            try:
                self.wfile.write(wire)
            except OSError:
                break

    def do_POST(self) -> None:
        self.server.authorizations.add(self.headers["Authorization"])
        if self.path == "/garbage":
            self.wfile.write(b"garbage\r\n\r\n")
            self.close_connection = True
            return
        members = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            wire = self.server.produce(ServerSentEvent(**members))
        except ValueError:
            self.send_error(422)
            return
        if self.path == "/publish":
            for events in self.server.clients:
                events.put(wire)
            self.start("text/plain")
            self.wfile.write(b"published")
        elif self.path == "/echo":
            self.start("text/event-stream")
            self.wfile.write(wire)
        elif self.path == "/endless":
            self.do_GET()
        elif self.path == "/broken":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"5\r\nda")
        else:
            self.send_error(404 if self.path == "/refuse" else 503)

    def start(self, media_type: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, produce: Callable[[ServerSentEvent], bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.produce = produce
        self.clients: list[queue.SimpleQueue[bytes | None]] = []
        self.authorizations: set[str | None] = set()
        self.url = f"http://127.0.0.1:{self.server_port}"

    def hang_up(self) -> None:
        """Stop, and end all streams."""
        self.shutdown()
        for events in self.clients:
            events.put(None)
