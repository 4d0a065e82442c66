"""The encoders that compete: an event's parts in, bytes out.

Each is an expression, timed in place by `timeit`, because a call around it would cost as much as the fastest of them.
`data`, `name` and `id` are the event's parts, and PARTS stands for the arguments that give it a type and an id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from importlib import metadata
from timeit import Timer as Statement
from typing import Any, NamedTuple

from benchmarks.peers import OURS
from benchmarks.timing import clock
from sse_codec import __version__ as our_version
from sse_codec.testing import reference_decode

FLOOR = "f-string"


class Payload(NamedTuple):
    """An event to encode."""

    title: str
    data: str
    name: str | None = "delta"
    id: str | None = "1207"


PAYLOADS = (
    Payload("240 B, type and id", "x" * 240),
    Payload("240 B, data only", "x" * 240, None, None),
    Payload("ten lines, type and id", "\n".join(["x" * 24] * 10)),
    Payload("beyond ASCII, type and id", "イベントの流れ, событие за событием 🍊 " * 3),
)


class Encoder(NamedTuple):
    """A library's way to make the bytes of an event."""

    name: str
    #: As it is installed; "" where that is nothing that could be missing.
    package: str
    #: What is done once.
    setup: str
    #: What is timed.
    expression: str

    @property
    def version(self) -> str | None:
        """The version that is installed; None if there is none."""
        try:
            return metadata.version(self.package) if self.package else our_version
        except metadata.PackageNotFoundError:
            return None

    def _statement(self, payload: Payload, text: str, **values: object) -> Statement:
        parts, head = (", event=name, id=id", "id: {id}\\nevent: {name}\\n") if payload.name else ("", "")
        setup, text = (code.replace(", PARTS", parts).replace("HEAD", head) for code in (self.setup, text))
        # What the setup assigns are local variables to `timeit`, as they would be in a server's function.
        setup = f"data, name, id = payload[1:]\n{setup}"
        names = {"payload": payload, "aiohttp_sender": _aiohttp_sender, **values}
        return Statement(text, setup, timer=clock, globals=names)

    def encoded(self, payload: Payload) -> bytes:
        """Return its bytes."""
        kept: list[bytes] = []
        statement = self._statement(payload, f"kept.append({self.expression})", kept=kept)
        _in_a_task(lambda: statement.timeit(1))
        return kept[0]

    def is_right(self, payload: Payload) -> bool:
        """Whether its bytes are the event, and no more."""
        events = reference_decode(self.encoded(payload)).events
        return [(e.data, e.event, e.id) for e in events] == [(payload.data, payload.name or "message", payload.id)]

    def seconds(self, payload: Payload, number: int) -> float:
        """Return the seconds that it takes, of so many times in a row."""
        statement = self._statement(payload, self.expression)
        return _in_a_task(lambda: statement.timeit(number)) / number


def _in_a_task(call: Callable[[], float]) -> float:
    """Call it where an asyncio server would."""

    async def task() -> float:
        return call()

    return asyncio.run(task())


def _aiohttp_sender() -> Callable[..., bytes]:
    """Return what aiohttp-sse does to send an event, up to the socket."""
    from aiohttp_sse import EventSourceResponse

    class Response(EventSourceResponse):  # type: ignore[misc]  # Any where types are checked without it
        async def write(self, data: bytes) -> None:
            self.sent = data

    response = Response()

    def send(data: str, **parts: str) -> bytes:
        sending: Coroutine[Any, Any, None] = response.send(data, **parts)
        with suppress(StopIteration):
            sending.send(None)  # it never waits for anything
        sent: bytes = response.sent
        return sent

    return send


_OURS = "from sse_codec import ServerSentEvent, encode, encode_block"
_STARLETTE = "from sse_starlette import ServerSentEvent"
_LITESTAR = "from litestar.response.sse import ServerSentEventMessage"
_FASTAPI = "from fastapi.sse import ServerSentEvent, format_sse_event"

#: What no check costs: no line end in a value is noticed.
_UNSAFE = Encoder(FLOOR, "", "", 'f"HEADdata: {data}\\n\\n".encode()')

#: From an event's parts to its bytes, ours first.
BUILD = (
    Encoder(OURS, "", _OURS, "encode(ServerSentEvent(data, PARTS))"),
    _UNSAFE,
    Encoder("encode_block", "", _OURS, "encode_block(data, PARTS)"),
    Encoder("sse-starlette", "sse-starlette", _STARLETTE, "ServerSentEvent(data, PARTS).encode()"),
    Encoder("fastapi, bare", "fastapi", _FASTAPI, "format_sse_event(data_str=data, PARTS)"),
    Encoder(
        "fastapi",
        "fastapi",
        _FASTAPI,
        "format_sse_event(data_str=(item := ServerSentEvent(raw_data=data, PARTS)).raw_data, event=item.event,"
        " id=item.id, retry=item.retry, comment=item.comment)",  # as its routing does with what an endpoint yields
    ),
    Encoder("litestar", "litestar", _LITESTAR, "ServerSentEventMessage(data, PARTS).encode()"),
    Encoder("aiohttp-sse", "aiohttp-sse", "send = aiohttp_sender()", "send(data, PARTS)"),
    Encoder("assel", "assel", "import assel", "assel.send(assel.Event(data, PARTS))"),
)

#: From an event that is there already to its bytes, ours first.
BUILT = (
    Encoder(OURS, "", f"{_OURS}\nevent = ServerSentEvent(data, PARTS)", "encode(event)"),
    _UNSAFE,
    Encoder("sse-starlette", "sse-starlette", f"{_STARLETTE}\nevent = ServerSentEvent(data, PARTS)", "event.encode()"),
    Encoder("litestar", "litestar", f"{_LITESTAR}\nevent = ServerSentEventMessage(data, PARTS)", "event.encode()"),
    Encoder("assel", "assel", "import assel\nevent = assel.Event(data, PARTS)", "assel.send(event)"),
)
