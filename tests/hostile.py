"""A server on loopback that misbehaves on purpose, as real servers, proxies and networks do, with control of each byte.

A story says what happens on one connection after a request: the bytes to send, and what to do to the connection between
them. The server counts connections and requests, and records which clients have left. It uses no timers: a story waits
for the client or for the test.
"""

from __future__ import annotations

import contextlib
import enum
import socket
import struct
import threading
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

#: Time limit, in seconds, for steps that should be instant. It stops a test that hangs, and measures nothing.
PATIENCE = 20.0


class Act(enum.Enum):
    """A step of a story other than sending bytes."""

    #: Close the connection cleanly.
    CUT = enum.auto()
    #: Reset it: the client gets an error, and may lose bytes that it has not read yet.
    RESET = enum.auto()
    #: Send nothing more, and wait until the client leaves.
    STALL = enum.auto()
    #: Send nothing more until the test releases `go`.
    WAIT = enum.auto()
    #: Wait a moment, so that the client reads the bytes sent so far separately; no test depends on how long.
    PAUSE = enum.auto()


#: Bytes and acts. (To a type checker, a list of both is a list of objects.)
Story = Sequence[object]


class Request(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes
    connection: int  # counted from 1


class Hostile:
    """The server, as a context manager."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._stories: dict[str, list[Story]] = {}
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        #: The number of connections opened.
        self.connections = 0
        self.requests: list[Request] = []
        #: The test releases it to let a story pass `WAIT`.
        self.go = threading.Semaphore(0)
        #: Released each time that a client leaves a story that is in `STALL`.
        self.left = threading.Semaphore(0)

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.go.release(1000)
        self._threads[0].join()
        with self._lock:
            for each in self._sockets:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def tell(self, *stories: Story, path: str = "/") -> str:
        """Answer the requests for a path with these stories in turn, the last one for all later ones; return its URL.

        Resets all counts.
        """
        with self._lock:
            self._stories[path] = list(stories)
            self.connections = 0
            self.requests = []
            self.go = threading.Semaphore(0)
            self.left = threading.Semaphore(0)
        return f"http://127.0.0.1:{self.port}{path}"

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._sockets.append(connection)
                self.connections += 1
                number = self.connections
            self._threads = [thread for thread in self._threads if thread is self._threads[0] or thread.is_alive()]
            self._start(self._serve, connection, number)

    def _serve(self, connection: socket.socket, number: int) -> None:
        with connection, contextlib.suppress(OSError):
            while (request := _receive(connection, number)) is not None:
                with self._lock:
                    self.requests.append(request)
                    stories = self._stories[request.path]
                    story = stories.pop(0) if len(stories) > 1 else stories[0]
                    go, left = self.go, self.left  # this test's own: the next test may begin before the story ends
                if not _play(connection, story, go, left):
                    break
        with self._lock:
            self._sockets.remove(connection)


def _play(connection: socket.socket, story: Story, go: threading.Semaphore, left: threading.Semaphore) -> bool:
    """Play a story; return whether the connection stays open."""
    for step in story:
        if isinstance(step, bytes):
            connection.sendall(step)
        elif step is Act.PAUSE:
            time.sleep(0.005)
        elif step is Act.WAIT:
            if not go.acquire(timeout=PATIENCE):
                return False
        elif step is Act.STALL:
            try:
                while connection.recv(65536):
                    pass
            finally:
                left.release()
            return False
        else:
            if step is Act.RESET:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
    return True


def _receive(connection: socket.socket, number: int) -> Request | None:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := connection.recv(65536)):
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += connection.recv(65536)
    method, path, _ = first.split(" ")
    return Request(method, path, headers, body, number)


def head(status: str = "200 OK", content_type: str | None = "text/event-stream", *more: str) -> bytes:
    """The head of a response. Without a length, the body lasts until the connection ends."""
    types = [] if content_type is None else [f"Content-Type: {content_type}"]
    return "\r\n".join([f"HTTP/1.1 {status}", *types, *more, "", ""]).encode("latin-1")


CHUNKED = "Transfer-Encoding: chunked"
END = b"0\r\n\r\n"


def chunks(parts: Iterable[bytes]) -> bytes:
    """The chunks of a body, without the last, empty one."""
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)


def chunked(*parts: bytes, status: str = "200 OK", content_type: str | None = "text/event-stream") -> bytes:
    """A whole response in chunked encoding."""
    return head(status, content_type, CHUNKED) + chunks(parts) + END


def sized(body: bytes, status: str = "200 OK", content_type: str | None = "text/event-stream", *more: str) -> bytes:
    """A whole response with a Content-Length."""
    return head(status, content_type, f"Content-Length: {len(body)}", *more) + body
