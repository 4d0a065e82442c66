"""Correct consumers and producers of many kinds. No check may report any of them.

A consumer takes chunks and returns events of any type; a producer takes an event and returns bytes in any form.
"""

from __future__ import annotations

import asyncio
import codecs
import itertools
import queue
import re
import threading
from collections import UserDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sse_codec import (
    BlockDecoder,
    Comment,
    Decoder,
    LineDecoder,
    ReceivedEvent,
    ServerSentEvent,
    adecode,
    decode,
    encode,
)
from sse_codec.testing import reference_decode
from tests import faulty_consumers, faulty_producers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

# Consumers that work in different ways.


def byte_by_byte(chunks: Iterable[bytes]) -> Iterator[ReceivedEvent]:
    decoder = Decoder()
    for chunk in chunks:
        for at in range(len(chunk)):
            yield from decoder.feed(chunk[at : at + 1])


def whole(chunks: Iterable[bytes]) -> list[ReceivedEvent]:
    return reference_decode(b"".join(chunks)).events


def quadratic(chunks: Iterable[bytes]) -> Iterator[ReceivedEvent]:
    """Decodes the whole stream again for each chunk."""
    wire = b""
    given = 0
    for chunk in chunks:
        wire += chunk
        events = Decoder().feed(wire)
        yield from events[given:]
        given = len(events)


def by_regular_expressions(chunks: Iterable[bytes]) -> list[tuple[str, str, str | None]]:
    events: list[tuple[str, str, str | None]] = []
    text = b"".join(chunks).decode("utf-8-sig", "replace")
    lines = re.split("\r\n|\r|\n", text)[:-1]
    fields: list[tuple[str, str]] = []
    for line in lines:
        if line:
            match = re.fullmatch("(?s)([^:]*)(?:: ?(.*))?", line)
            fields.append((match[1], match[2] or "") if match else ("", ""))
            continue
        data = [value for name, value in fields if name == "data"]
        if data:
            types = [value for name, value in fields if name == "event"]
            ids = [value for name, value in fields if name == "id" and "\0" not in value]
            events.append(((types or [""])[-1], "\n".join(data), ids[-1] if ids else None))
        fields = []
    return events


def with_universal_newlines(chunks: Iterable[bytes]) -> Iterator[faulty_consumers.Event]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
    consumer = faulty_consumers.Correct()
    after_cr = False
    for chunk in chunks:
        text = decoder.decode(chunk)
        rest = text.removeprefix("\n") if after_cr else text
        after_cr = text.endswith("\r") if text else after_cr
        yield from consumer.take(rest.replace("\r\n", "\n").replace("\r", "\n"))


def by_blocks(chunks: Iterable[bytes]) -> Iterator[ServerSentEvent]:
    decoder = BlockDecoder()
    for chunk in chunks:
        yield from filter(None, (block.to_event() for block in decoder.feed(chunk)))


def step_by_step(chunks: Iterable[bytes]) -> Iterator[faulty_consumers.Event]:
    yield from faulty_consumers.Correct().consume(chunks)


class ByHand:
    """An iterator without a generator."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.chunks = iter(chunks)
        self.decoder = Decoder()
        self.events: list[ReceivedEvent] = []

    def __iter__(self) -> ByHand:
        return self

    def __next__(self) -> ReceivedEvent:
        while not self.events:
            self.events = self.decoder.feed(next(self.chunks))
        return self.events.pop(0)


class ByHandAsync:
    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self.chunks = aiter(chunks)
        self.decoder = Decoder()
        self.events: list[ReceivedEvent] = []

    def __aiter__(self) -> ByHandAsync:
        return self

    async def __anext__(self) -> ReceivedEvent:
        while not self.events:
            self.events = self.decoder.feed(await anext(self.chunks))
        return self.events.pop(0)


async def in_a_coroutine(chunks: AsyncIterator[bytes]) -> list[ServerSentEvent]:
    await asyncio.sleep(0)
    return [event async for event in adecode(chunks)]


async def in_a_coroutine_that_returns_a_generator(chunks: Iterable[bytes]) -> Iterator[ServerSentEvent]:
    await asyncio.sleep(0)
    return decode(chunks)


async def in_two_tasks(chunks: AsyncIterator[bytes]) -> list[ServerSentEvent]:
    passed: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def read() -> None:
        async for chunk in chunks:
            await passed.put(chunk)
        await passed.put(None)

    decoder = Decoder()
    task = asyncio.create_task(read())
    events: list[ServerSentEvent] = []
    while (chunk := await passed.get()) is not None:
        events += decoder.feed(chunk)
    await task
    return events


def in_a_thread(chunks: Iterable[bytes]) -> list[ServerSentEvent]:
    events: queue.Queue[list[ServerSentEvent]] = queue.Queue()
    thread = threading.Thread(target=lambda: events.put(list(decode(chunks))))
    thread.start()
    thread.join()
    return events.get()


def by_callbacks(chunks: Iterable[bytes]) -> list[tuple[str, str, str]]:
    class Listener:
        def __init__(self) -> None:
            self.heard: list[tuple[str, str, str]] = []

        def on_event(self, event: ReceivedEvent) -> None:
            self.heard.append((event.event, event.data, event.last_event_id))

    listener = Listener()
    for event in decode(chunks):
        listener.on_event(event)
    return listener.heard


def in_a_tuple(chunks: Iterable[bytes]) -> tuple[ReceivedEvent, ...]:
    return tuple(whole(chunks))


def in_pieces_of_one(chunks: Iterable[bytes]) -> Iterator[ReceivedEvent]:
    yield from itertools.chain.from_iterable(map(Decoder().feed, chunks))


# Consumers whose events have different types.


@dataclass
class AsDataclass:
    data: str
    event: str
    id: str | None
    retry: int | None


class DataFirst(NamedTuple):
    data: str
    event: str
    id: str | None


class MessageEvent:
    def __init__(self, event: ReceivedEvent) -> None:
        self.type, self.data, self.lastEventId = event.event, event.data, event.last_event_id


class Falsy:
    """Is false, like an empty container, and computes its attributes."""

    def __init__(self, event: ReceivedEvent) -> None:
        self._event = event

    def __bool__(self) -> bool:
        return False

    @property
    def data(self) -> str:
        return self._event.data

    @property
    def event(self) -> str | None:
        return None if self._event.event == "message" else self._event.event

    @property
    def retry(self) -> int | None:
        return self._event.retry


class Text(str):
    __slots__ = ()


def made(make: Callable[[ReceivedEvent], Any]) -> Callable[[Iterable[bytes]], Iterator[Any]]:
    return lambda chunks: map(make, decode(chunks))


def as_sticky_dict(event: ReceivedEvent) -> dict[str, object]:
    return {"type": event.event, "data": event.data, "lastEventId": event.last_event_id or None}


def with_comments(chunks: Iterable[bytes]) -> Iterator[object]:
    lines, decoder = LineDecoder(), Decoder()
    for chunk in chunks:
        for at in range(len(chunk)):
            yield from (line for line in lines.feed(chunk[at : at + 1]) if isinstance(line, Comment))
            yield from decoder.feed(chunk[at : at + 1])


def with_sticky_retries(chunks: Iterable[bytes]) -> Iterator[tuple[str, str, str | None, int | None]]:
    decoder = Decoder()
    for chunk in chunks:
        for at in range(len(chunk)):
            for event in decoder.feed(chunk[at : at + 1]):
                yield event.event, event.data, event.id, decoder.reconnection_time


def dispatching(chunks: Iterable[bytes]) -> Iterator[ServerSentEvent]:
    return decode(chunks, on_eof="dispatch")


def of_text(chunks: Iterable[str]) -> Iterator[ServerSentEvent]:
    return decode(chunk.encode() for chunk in chunks)


#: Each consumer with the options of `check_consumer` that it needs.
CONSUMERS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "decode": (decode, {}),
    "adecode": (adecode, {}),
    "byte by byte": (byte_by_byte, {}),
    "whole": (whole, {}),
    "in a tuple": (in_a_tuple, {}),
    "quadratic": (quadratic, {}),
    "by regular expressions": (by_regular_expressions, {}),
    "with universal newlines": (with_universal_newlines, {}),
    "by blocks": (by_blocks, {}),
    "step by step": (step_by_step, {}),
    "an iterator by hand": (ByHand, {}),
    "an async iterator by hand": (ByHandAsync, {}),
    "in a coroutine": (in_a_coroutine, {}),
    "in a coroutine that returns a generator": (in_a_coroutine_that_returns_a_generator, {}),
    "in two tasks": (in_two_tasks, {}),
    "in a thread": (in_a_thread, {}),
    "by callbacks": (by_callbacks, {}),
    "by chain": (in_pieces_of_one, {}),
    "as dataclass": (made(lambda e: AsDataclass(e.data, e.event, e.id, e.retry)), {}),
    "data first": (made(lambda e: DataFirst(e.data, e.event, e.id)), {}),
    "as MessageEvent": (made(MessageEvent), {}),
    "as falsy object": (made(Falsy), {}),
    "as dict": (made(as_sticky_dict), {}),
    "as another mapping": (made(lambda e: UserDict(as_sticky_dict(e))), {}),
    "as pair": (made(lambda e: (e.event, e.data)), {}),
    "as a subclass of str": (made(lambda e: (Text(e.event), Text(e.data), e.id and Text(e.id))), {}),
    "own ids": (made(lambda e: (e.event, e.data, e.id)), {"ids": "own"}),
    "sticky ids": (made(lambda e: (e.event, e.data, e.last_event_id)), {"ids": "sticky"}),
    "sticky retries": (with_sticky_retries, {"retries": "sticky"}),
    "with comments": (with_comments, {"comments": "kept"}),
    "dispatches at the end": (dispatching, {"on_eof": "dispatch"}),
    "text": (of_text, {"text": True}),
}

# Producers.


def single_bytes(event: ServerSentEvent) -> Iterator[bytes]:
    return (bytes([byte]) for byte in encode(event))


def one_buffer(event: ServerSentEvent) -> Iterator[bytearray]:
    """Yields the same bytearray each time, with new content."""
    buffer = bytearray()
    for line in encode(event).splitlines(keepends=True):
        buffer[:] = line
        yield buffer


def nested(event: ServerSentEvent) -> list[Any]:
    wire = encode(event)
    return [[wire[:3], [wire[3:5]]], (wire[5:],), b""]


def mixed(event: ServerSentEvent) -> list[bytes | str]:
    first, _, others = encode(event).partition(b"\n")
    return [first.decode(), b"\n", memoryview(others)]  # type: ignore[list-item]  # works like bytes


async def at_once(event: ServerSentEvent) -> bytes:
    await asyncio.sleep(0)
    return encode(event)


async def in_pieces(event: ServerSentEvent) -> AsyncIterator[str]:
    for line in encode(event).decode().split("\n")[:-1]:
        yield f"{line}\n"


class Body:
    """A WSGI response body."""

    def __init__(self, event: ServerSentEvent) -> None:
        self.pieces = iter([encode(event), b""])

    def __iter__(self) -> Iterator[bytes]:
        return self.pieces

    def close(self) -> None:
        self.pieces = iter(())


class EndsInAllWays(faulty_producers.Correct):
    def produce(self, event: ServerSentEvent) -> bytes:
        ends = itertools.cycle(["\r\n", "\n", "\r"])
        lines = "".join(self.block(event)).split("\n")[:-2]
        return "".join([line + next(ends) for line in lines] + ["\r\n"]).encode()


class SendsFieldsTwice(faulty_producers.Correct):
    def fields(self, event: ServerSentEvent) -> Iterator[str]:
        for field in super().fields(event):
            yield field.partition(":")[0] + ": 9\n"
            yield field


class StartsTheRetryWithZeros(faulty_producers.Correct):
    def field(self, name: str, value: str) -> str:
        return super().field(name, f"000{value}" if name == "retry" and len(value) < 10 else value)


class SendsCommentsInEveryPlace(faulty_producers.Correct):
    def field(self, name: str, value: str) -> str:
        return f":\n: {name}\n{super().field(name, value)}::\n"


class SendsFieldsAmongData(faulty_producers.Correct):
    def block(self, event: ServerSentEvent) -> Iterator[str]:
        self.check(event)
        first, *others = self.data(event.data)
        yield from [first, *self.fields(event), *others, "\n"]


class SendsRandomCase(faulty_producers.Correct):
    """Sends unknown fields whose names differ from known ones by case or a space."""

    def fields(self, event: ServerSentEvent) -> Iterator[str]:
        yield from ("Data: a\n", " data: a\n", "ID: 9\n", "data : a\n")
        yield from super().fields(event)


class SendsAKeepAliveBeforeEachEvent(faulty_producers.Correct):
    """Sends a block with nothing but a comment before each event."""

    def block(self, event: ServerSentEvent) -> Iterator[str]:
        yield ": keep-alive\n\n"
        yield from super().block(event)


class ReplacesSurrogates(faulty_producers.Correct):
    def produce(self, event: ServerSentEvent) -> bytes:
        return "".join(self.block(event)).encode("utf-8", "replace")


class PassesSurrogates(faulty_producers.Correct):
    def produce(self, event: ServerSentEvent) -> bytes:
        return "".join(self.block(event)).encode("utf-8", "surrogatepass")


class LeavesNegativeRetriesOut(faulty_producers.Correct):
    def check_retry(self, retry: int | None) -> None:
        pass

    def fields(self, event: ServerSentEvent) -> Iterator[str]:
        yield from super().fields(event if (event.retry or 0) >= 0 else event.replace(retry=None))


PRODUCERS: dict[str, Callable[[ServerSentEvent], Any]] = {
    "encode": encode,
    "text": lambda event: encode(event).decode(),
    "bytearray": lambda event: bytearray(encode(event)),
    "memoryview": lambda event: memoryview(encode(event)),
    "list": lambda event: [encode(event)],
    "single bytes": single_bytes,
    "one buffer": one_buffer,
    "nested": nested,
    "mixed": mixed,
    "coroutine": at_once,
    "async generator": in_pieces,
    "body": Body,
    **{
        producer.__name__: producer().produce
        for producer in (
            *faulty_producers.CORRECT,
            EndsInAllWays,
            SendsFieldsTwice,
            StartsTheRetryWithZeros,
            SendsCommentsInEveryPlace,
            SendsFieldsAmongData,
            SendsRandomCase,
            SendsAKeepAliveBeforeEachEvent,
            ReplacesSurrogates,
            PassesSurrogates,
            LeavesNegativeRetriesOut,
        )
    },
}
