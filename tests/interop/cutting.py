"""A server on plain sockets that cuts its connections at exact bytes, and knows what a client should then ask for."""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING

from sse_codec import ServerSentEvent, parse_last_event_id, response_headers
from sse_codec.resume import EventHistory
from sse_codec.testing import reference_decode

from .servers import answering

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Sequence

    Blocks = Sequence[bytes]

TOKENS = 40

#: Ids of every kind that a server may use, for event number n of the stream.
IDS: dict[str, Callable[[int], str]] = {
    "digits": str,
    "emoji": "🍊".__mul__,
    "JSON with spaces": lambda n: json.dumps([{"topic": "eqiad.recentchange", "partition": 0, "offset": n}]),
    "4 KiB": lambda n: f"{n:04096}",
}


def _crlf(block: bytes) -> bytes:
    return block.replace(b"\n", b"\r\n")


#: How much a connection sends of the blocks that its client has missed before it is cut; None for no response at all.
#: Each block is as `event` makes it: a line with the id, two with data.
CUTS: dict[str, Callable[[Blocks], bytes | None]] = {
    "inside a block": lambda blocks: blocks[0] + blocks[1][: len(blocks[1]) // 2],
    "inside an id": lambda blocks: blocks[0] + blocks[1][:5],
    "after an id": lambda blocks: blocks[0] + blocks[1][: blocks[1].index(b"\n")],
    "after an id's line": lambda blocks: blocks[0] + blocks[1][: blocks[1].index(b"\n") + 1],
    "inside a character": lambda blocks: blocks[0] + blocks[1][: blocks[1].rindex("🍊".encode()) + 2],
    "after data": lambda blocks: blocks[0] + blocks[1][:-2],
    "before the blank line": lambda blocks: blocks[0] + blocks[1][:-1],
    "between CR and LF of an id's line": lambda blocks: _crlf(blocks[0]) + _crlf(blocks[1]).split(b"\n")[0],
    "between CR and LF before the blank line": lambda blocks: _crlf(blocks[0]) + _crlf(blocks[1])[:-3],
    "between CR and LF of the blank line": lambda blocks: _crlf(blocks[0])[:-1],
    "before the LF that the last cut left out": lambda blocks: b"\n" + blocks[0],
    "after a block": lambda blocks: blocks[0] + blocks[1],
    "before the first byte": lambda blocks: b"",
    "before the response": lambda blocks: None,
}


def event(number: int, id: str, retry: int | None = None) -> ServerSentEvent:
    return ServerSentEvent(f" token {number}\n🍊 ", id=id, retry=retry)


class CuttingServer:
    """Sends a stream that ends with an event of type "close", over connections of which only the last is whole.

    Args:
        make_id: makes the id of an event from its number, which starts at 1.
        cuts: names of `CUTS`, one for each connection.
        retry: the `retry` of the first event.
        chunked: whether to use HTTP/1.1's chunks, with which a client can tell a cut from an end. Otherwise the body
            ends with the connection.
    """

    def __init__(self, make_id: Callable[[int], str], cuts: Sequence[str], *, retry: int, chunked: bool) -> None:
        self.events = [event(n, make_id(n), retry if n == 1 else None) for n in range(1, TOKENS + 1)]
        self.events.append(ServerSentEvent("", event="close", id=make_id(TOKENS + 1)))
        self._history = EventHistory()
        for each in self.events:
            self._history.append(each)
        self._cuts = list(cuts)
        self._chunked = chunked
        self.port = 0
        #: The last event ID that each request sent, and the one that it should have sent.
        self.asked: list[str] = []
        self.to_ask = [""]
        #: When each connection ended, and when each request came, in seconds.
        self.ends: list[float] = []
        self.starts: list[float] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/events"

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        with answering(self._answer) as self.port:
            yield

    def _answer(self, connection: socket.socket) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            received = connection.recv(65536)
            if not received:
                return  # a browser opens connections in advance
            head += received
        if b" /events " not in head:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n")
            return
        self.starts.append(time.monotonic())
        fields = (line.partition(b":") for line in head.split(b"\r\n"))
        values = {name.lower(): value.strip(b" \t") for name, _, value in fields}
        self.asked.append(parse_last_event_id(values.get(b"last-event-id")))
        missed = self._history.after(self.asked[-1])
        if missed is None:
            connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            return
        cut = CUTS[self._cuts.pop(0)] if self._cuts else b"".join
        body = cut(missed)
        self.to_ask.append(reference_decode(body or b"").last_event_id or self.asked[-1])
        if body is not None:
            headers = {**response_headers(), "Connection": "close"}
            if self._chunked:
                headers["Transfer-Encoding"] = "chunked"
                body = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            connection.sendall(f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode() + body)
        self.ends.append(time.monotonic())
