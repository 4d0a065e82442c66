"""The competing encoders, from an event's parts to bytes.

Each is an expression that `timeit` times directly, because a function call would cost as much as the fastest of them.
`data`, `name` and `id` are the event's parts, and PARTS stands for the arguments that pass its type and id.
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
    """One library's way to encode an event."""

    name: str
    #: The package to install; "" if it is always there.
    package: str
    #: Code that runs once.
    setup: str
    #: The timed expression.
    expression: str

    @property
    def version(self) -> str | None:
        """The installed version, or None."""
        try:
            return metadata.version(self.package) if self.package else our_version
        except metadata.PackageNotFoundError:
            return None

    def _statement(self, payload: Payload, text: str, **values: object) -> Statement:
        parts, head = (", event=name, id=id", "id: {id}\\nevent: {name}\\n") if payload.name else ("", "")
        setup, text = (code.replace(", PARTS", parts).replace("HEAD", head) for code in (self.setup, text))
        # `timeit` makes the names that the setup assigns local variables, as in a server's function.
        setup = f"data, name, id = payload[1:]\n{setup}"
        names = {"payload": payload, "aiohttp_sender": _aiohttp_sender, **values}
        return Statement(text, setup, timer=clock, globals=names)

    def encoded(self, payload: Payload) -> bytes:
        """Return the bytes for a payload."""
        kept: list[bytes] = []
        statement = self._statement(payload, f"kept.append({self.expression})", kept=kept)
        _in_a_task(lambda: statement.timeit(1))
        return kept[0]

    def is_right(self, payload: Payload) -> bool:
        """Whether its bytes decode to this event and nothing else."""
        events = reference_decode(self.encoded(payload)).events
        return [(e.data, e.event, e.id) for e in events] == [(payload.data, payload.name or "message", payload.id)]

    def seconds(self, payload: Payload, number: int) -> float:
        """Return the seconds per encoding, over `number` in a row."""
        statement = self._statement(payload, self.expression)
        return _in_a_task(lambda: statement.timeit(number)) / number


def _in_a_task(call: Callable[[], float]) -> float:
    """Call it inside an asyncio task, as a server would."""

    async def task() -> float:
        return call()

    return asyncio.run(task())


def _aiohttp_sender() -> Callable[..., bytes]:
    """Return a function that sends an event with aiohttp-sse, up to the socket."""
    from aiohttp_sse import EventSourceResponse

    class Response(EventSourceResponse):  # type: ignore[misc]  # Any where types are checked without it
        async def write(self, data: bytes) -> None:
            self.sent = data

    response = Response()

    def send(data: str, **parts: str) -> bytes:
        sending: Coroutine[Any, Any, None] = response.send(data, **parts)
        with suppress(StopIteration):
            sending.send(None)  # it never waits
        sent: bytes = response.sent
        return sent

    return send


_OURS = "from sse_codec import ServerSentEvent, encode, encode_block"
_STARLETTE = "from sse_starlette import ServerSentEvent"
_LITESTAR = "from litestar.response.sse import ServerSentEventMessage"
_FASTAPI = "from fastapi.sse import ServerSentEvent, format_sse_event"

#: The cost without any checks: it does not notice line ends in values.
_UNSAFE = Encoder(FLOOR, "", "", 'f"HEADdata: {data}\\n\\n".encode()')

#: Build an event from its parts and encode it, ours first.
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
        " id=item.id, retry=item.retry, comment=item.comment)",  # as its routing does with an endpoint's events
    ),
    Encoder("litestar", "litestar", _LITESTAR, "ServerSentEventMessage(data, PARTS).encode()"),
    Encoder("aiohttp-sse", "aiohttp-sse", "send = aiohttp_sender()", "send(data, PARTS)"),
    Encoder("assel", "assel", "import assel", "assel.send(assel.Event(data, PARTS))"),
)

#: Encode an existing event, ours first.
BUILT = (
    Encoder(OURS, "", f"{_OURS}\nevent = ServerSentEvent(data, PARTS)", "encode(event)"),
    _UNSAFE,
    Encoder("sse-starlette", "sse-starlette", f"{_STARLETTE}\nevent = ServerSentEvent(data, PARTS)", "event.encode()"),
    Encoder("litestar", "litestar", f"{_LITESTAR}\nevent = ServerSentEventMessage(data, PARTS)", "event.encode()"),
    Encoder("assel", "assel", "import assel\nevent = assel.Event(data, PARTS)", "assel.send(event)"),
)
