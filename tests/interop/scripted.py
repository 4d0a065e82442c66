"""A server that sends prepared answers, byte for byte, and records the requests."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple

from .servers import answering

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator


class Request(NamedTuple):
    """A request; the names of its headers are in lower case."""

    method: str
    headers: dict[str, str]
    body: bytes


#: The answer once no prepared one is left: it tells the client not to ask again.
NO_CONTENT = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


def answer(
    body: bytes, *, status: str = "200 OK", content_type: str | None = "text/event-stream", cut: bool = False
) -> bytes:
    """Return an HTTP/1.1 response with its body in one chunk; if `cut`, the body's end is missing."""
    head = f"HTTP/1.1 {status}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n"
    if content_type is not None:
        head += f"Content-Type: {content_type}\r\n"
    chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
    return f"{head}\r\n".encode() + chunk + (b"" if cut else b"0\r\n\r\n")


class Scripted:
    """A server at `url` that answers each request with the next of its answers, and then with NO_CONTENT."""

    def __init__(self, *answers: bytes) -> None:
        self._answers = list(answers)
        self.requests: list[Request] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @contextlib.contextmanager
    def running(self) -> Iterator[Scripted]:
        with answering(self._answer) as self.port:
            yield self

    def _answer(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as file:
            method = file.readline().split(b" ")[0].decode()
            if not method:
                return
            headers = {}
            while (line := file.readline()) not in {b"\r\n", b""}:
                name, _, value = line.decode().partition(":")
                headers[name.lower()] = value.strip()
            self.requests.append(Request(method, headers, file.read(int(headers.get("content-length", 0)))))
        connection.sendall(self._answers.pop(0) if self._answers else NO_CONTENT)
