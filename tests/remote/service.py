"""A test service that LaunchDarkly's sse-contract-tests can drive: `python -m tests.remote.service [NAME]`.

NAME is a consumer of `faulty_consumers`. The service prints its URL. A client is a function that takes the options of
the stream and yields the events that it reads, over one or more connections.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests import faulty_consumers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Client = Callable[[dict[str, Any], threading.Event], Iterator[dict[str, Any]]]


def reading(fault: type[faulty_consumers.Correct], *, again: bool = True) -> Client:
    """Return a client that reads with a consumer, a new one for each connection; 204 stops it."""

    def read(options: dict[str, Any], closed: threading.Event) -> Iterator[dict[str, Any]]:
        while not closed.is_set():
            with urllib.request.urlopen(options["streamUrl"]) as response:  # noqa: S310  # the URL that it got
                if response.status != 200:
                    return
                for event in fault().consume(iter(response.read1, b"")):
                    yield {"type": event.event, "data": event.data, "id": event.last_event_id}
            if not again:
                return
            time.sleep(options["initialDelayMs"] / 1000)

    return read


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"  # so that no connection is left open
    server: Service

    def do_GET(self) -> None:
        self.reply(200, json.dumps({"capabilities": self.server.capabilities}))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/":
            self.reply(201, location=self.server.open(body))
        else:
            self.server.commands.append(body)
            self.reply(204)

    def do_DELETE(self) -> None:
        self.server.streams.pop(self.path).set()
        self.reply(204)

    def reply(self, status: int, body: str = "", location: str | None = None) -> None:
        self.send_response(status)
        if location is not None:
            self.send_header("Location", location)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


class Service(ThreadingHTTPServer):
    """The service. Each stream is a thread, with a `threading.Event` that stops it."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, client: Client, capabilities: tuple[str, ...] = ()) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.client = client
        self.capabilities = capabilities
        self.commands: list[dict[str, Any]] = []
        self.streams: dict[str, threading.Event] = {}
        self.count = 0
        self.threads: list[threading.Thread] = []
        self.url = f"http://127.0.0.1:{self.server_port}/"

    def hang_up(self) -> None:
        """Stop, and let each client notice."""
        self.shutdown()
        for closed in self.streams.values():
            closed.set()
        for thread in self.threads:
            thread.join(60)

    def open(self, options: dict[str, Any]) -> str:
        self.count += 1
        path = f"/streams/{self.count}"
        self.streams[path] = closed = threading.Event()
        thread = threading.Thread(target=self.run, args=[options, closed], daemon=True)
        self.threads.append(thread)
        thread.start()
        return path

    def run(self, options: dict[str, Any], closed: threading.Event) -> None:
        try:
            for number, event in enumerate(self.client(options, closed), 1):
                message = event if "kind" in event else {"kind": "event", "event": event}
                self.call_back(f"{options['callbackUrl']}/{number}", message)
        except (OSError, http.client.HTTPException):
            pass  # the suite has gone

    def call_back(self, url: str, message: dict[str, Any]) -> None:
        request = urllib.request.Request(url, json.dumps(message).encode())  # noqa: S310  # the URL that it got
        urllib.request.urlopen(request).close()  # noqa: S310  # the URL that it got


def main(name: str = "Correct") -> None:
    with Service(reading(getattr(faulty_consumers, name))) as service:
        print(service.url, flush=True)
        service.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
