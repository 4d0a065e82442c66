"""The server that gives clients hostile streams, in real chunks with real pauses, each stream once.

A case is one stream on its way to a client. The client reports events while it reads. These reports show with which
chunk each event came, so no clock has to decide whether an event was in time.
"""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from sse_codec._event import Field
from sse_codec._http import MEDIA_TYPE
from sse_codec.testing._reference import reference_decode
from sse_codec.testing._remote._messages import CannotGoOn, Reading

#: The longest request body, in bytes. Longer ones are rejected.
_LONGEST = 64 * 1024 * 1024

#: In the second attempt, an event is late after this many times the grace.
_PATIENT = 10

#: How long to wait for connections to close after hanging up, in seconds.
_GRACE = 2.0


class Case:
    """One stream, and how much of it was sent and reported.

    Args:
        number: its place in the run, from 1.
        chunks: the stream.
        pause: how long to wait after each chunk, in seconds, so that chunks arrive separately.
        grace: how long to wait for the report of a complete event, in seconds. 0 means that the client does not report
            events while it reads.
    """

    def __init__(self, number: int, chunks: Sequence[bytes], pause: float, grace: float) -> None:
        self.number = number
        self._chunks = chunks
        self._pause = pause
        self._grace = grace
        reference = reference_decode(b"".join(chunks))
        self._ends = reference.ends
        #: The types of its events, including the types that a faulty client might read.
        self.types = sorted(
            {event.event for event in reference.events}
            | {form for line in reference.lines if isinstance(line, Field) for form in _forms(line)} - {""}
        )
        self._changed = threading.Condition()
        self._sent = 0
        self._came: list[int] = []
        self._released = False
        #: Whether a client has requested it.
        self.is_asked = False
        #: Whether a complete event was not reported in time.
        self.was_late = False
        #: Whether all of it was sent, or the client left.
        self.is_sent = False

    def ask(self) -> bool:
        """Note that a client requests it; return whether this is the first request."""
        with self._changed:
            first = not self.is_asked
            self.is_asked = True
            self._changed.notify_all()
            return first

    def send(self, write: Callable[[bytes], None]) -> None:
        """Send the chunks. After each, pause, or wait up to the grace until all complete events are reported."""
        size = 0
        for chunk in self._chunks:
            size += len(chunk)
            with self._changed:
                self._sent += 1
            if chunk:
                write(chunk)
            complete = sum(end <= size for end in self._ends)
            if not self._grace or complete <= len(self._came):
                time.sleep(self._pause)
            else:
                self.was_late |= not self.wait(partial(self._has_seen, complete), self._grace)
        with self._changed:
            self._sent += 1  # events reported from now on came with the end

    def end(self) -> None:
        """Note that all of it was sent, or that the client left."""
        with self._changed:
            self.is_sent = True
            self._changed.notify_all()

    def saw(self, count: int) -> None:
        """Note that the client has reported this many events so far."""
        with self._changed:
            self._came += [self._sent - 1] * (count - len(self._came))
            self._changed.notify_all()

    def _has_seen(self, count: int) -> bool:
        return len(self._came) >= count

    def with_chunks(self, events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return events with the numbers of the chunks that they came with, where those are known."""
        came = iter(self._came)
        numbered: list[dict[str, Any]] = []
        for event in events:
            chunk = None if "comment" in event else next(came, None)
            numbered.append(event if chunk is None else {"chunk": chunk, **event})
        return numbered

    @property
    def seen(self) -> int:
        """How many events have been reported."""
        return len(self._came)

    def wait(self, condition: Callable[[], bool], timeout: float | None) -> bool:
        """Wait until the condition is true or the case is over; return whether the condition is true.

        The timeout starts again with each event that is reported, because there may be many.
        """
        with self._changed:
            while not self._released and not condition():
                if not self._changed.wait_for(partial(self._has_come_further, self.seen, condition), timeout):
                    break
            return condition()

    def _has_come_further(self, seen: int, condition: Callable[[], bool]) -> bool:
        return self._released or self.seen > seen or condition()

    def change(self, change: Callable[[], None]) -> None:
        """Make a change, and wake the threads that wait for one."""
        with self._changed:
            change()
            self._changed.notify_all()

    def release(self) -> None:
        """End all waits, because the case is over."""

        def over() -> None:
            self._released = True

        self.change(over)


class Paced(ABC):
    """A remote that reads streams over HTTP and can report events while it reads.

    Args:
        timeout: how long each step may take, in seconds.
        pause: how long to wait after each chunk, in seconds.
        grace: how long the report of a complete event may take, in seconds.
    """

    _server: Server

    def __init__(self, *, timeout: float, pause: float, grace: float) -> None:
        self._timeout = timeout
        self._pause = pause
        self._grace = grace
        self._number = 0
        self._is_late = False

    def _listen(self, host: str, port: int, application: Callable[[Request], None]) -> None:
        """Start the server; raises CannotGoOn."""
        try:
            self._server = Server((host, port), application)
        except OSError as error:
            raise CannotGoOn(f"{host}:{port}: {error.strerror or error}") from None

    def fresh(self) -> None:
        """Forget that an event was late."""
        self._is_late = False

    def read(self, chunks: list[Any]) -> Reading:
        """Have one stream read. Repeat the first one that is late, with more time, because the machine may be busy."""
        case, reading = self._read(chunks, self._grace)
        if case.was_late and not self._is_late:
            case, reading = self._read(chunks, _PATIENT * self._grace)
            self._is_late = case.was_late
        return reading

    @abstractmethod
    def _read(self, chunks: list[Any], grace: float) -> tuple[Case, Reading]:
        """Have one stream read, and allow `grace` seconds for the report of each complete event."""


def _forms(line: Field) -> set[str]:
    """Return the types that a client might read from a line."""
    if line.name.strip().lower() != "event":
        return set()
    value = line.value
    return {value, value.strip(), f" {value}", value.replace("\0", ""), value.partition("\0")[0]}


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
