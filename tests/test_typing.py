"""The types of the public API, for type checkers. pytest runs it too, where assert_type just returns its argument."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator, Mapping
from typing import Any, Literal

import pytest
from typing_extensions import assert_type

from sse_codec import (
    AsyncChunks,
    BlankLine,
    Block,
    BlockDecoder,
    Chunks,
    Comment,
    Decoder,
    Field,
    IncompleteEvent,
    Line,
    LineDecoder,
    MissingSentinel,
    OnEOF,
    ReceivedEvent,
    ServerSentEvent,
    adecode,
    adecode_blocks,
    decode,
    decode_blocks,
    encode,
    encode_block,
    encode_comment,
    encode_line,
    is_event_stream,
    parse_last_event_id,
    request_headers,
    response_headers,
)
from sse_codec.clients import (
    ConnectionFailed,
    ConnectionLost,
    ablocks,
    aconnect,
    aevents,
    blocks,
    connect,
    events,
)
from sse_codec.lint import CODES, Code, Finding, Linter, lint
from sse_codec.resume import TRANSIENT_STATUSES, EventHistory, Reconnection
from sse_codec.testing import Reference, reference_decode


def test_events() -> None:
    event = ServerSentEvent("1", event="e", id="i", retry=1)
    assert_type(event.data, str)
    assert_type(event.event, str)
    assert_type(event.id, str | None)
    assert_type(event.retry, int | None)
    assert_type(event.json(), Any)
    assert_type(event.json(default=None), Any)
    assert_type(event.replace(data="2"), ServerSentEvent)
    assert_type(ServerSentEvent("1", None).event, str)
    received = ReceivedEvent("1", last_event_id="7")
    assert_type(received.last_event_id, str)
    assert_type(received.replace(id=None), ReceivedEvent)
    match event:
        case ServerSentEvent(data, id=id):
            assert_type(data, str)
            assert_type(id, str | None)
    match received:
        case ReceivedEvent(data, last_event_id=last_event_id):
            assert_type(data, str)
            assert_type(last_event_id, str)


def test_blocks() -> None:
    block = Block(b"data: 1", "7")
    assert_type(block.data, str | None)
    assert_type(block.event, str | None)
    assert_type(block.id, str | None)
    assert_type(block.retry, int | None)
    assert_type(block.last_event_id, str)
    assert_type(block.lines, tuple[Field | Comment, ...])
    assert_type(block.comments, tuple[str, ...])
    assert_type(block.wire, bytes)
    assert_type(block.to_event(), ReceivedEvent | None)
    match block:
        case Block(str() as data, event=event):
            assert_type(data, str)
            assert_type(event, str | None)
        case _:
            raise AssertionError(block)


def test_encoding() -> None:
    assert_type(encode(ServerSentEvent("")), bytes)
    assert_type(encode_block(id="1"), bytes)
    assert_type(encode_comment(), bytes)
    assert_type(encode_line(Comment("")), bytes)


def test_decoders() -> None:
    decoder = Decoder(last_event_id="", max_event_size=5)
    for chunk in (b"", bytearray(), memoryview(b"")):
        assert_type(decoder.feed(chunk), list[ReceivedEvent])
    assert_type(decoder.close(), ReceivedEvent | None)
    assert_type(decoder.last_event_id, str)
    assert_type(decoder.reconnection_time, int | None)
    decoder.reconnection_time = None
    blocks = BlockDecoder(last_event_id="", max_event_size=None)
    assert_type(blocks.feed(b""), list[Block])
    assert_type(blocks.close(), Block | None)
    assert_type(blocks.last_event_id, str)
    assert_type(blocks.reconnection_time, int | None)
    lines = LineDecoder(max_event_size=None).feed(b"a: b\n:c\n\n")
    assert_type(lines, list[Field | Comment | BlankLine])
    assert_type(lines, list[Line])
    for line in lines:
        match line:
            case Field(name, value):
                assert_type(name, str)
                assert_type(value, str)
            case Comment(text):
                assert_type(text, str)
            case _:
                assert_type(line, BlankLine)
    assert_type(LineDecoder().close(), Field | Comment | None)
    assert_type(reference_decode(b""), Reference)


def test_iterating() -> None:
    async def source() -> AsyncIterator[bytes]:
        yield b""

    assert_type(decode(b"", on_eof="raise"), Generator[ReceivedEvent, None, None])
    for chunks in ([b""], (bytearray(),), iter([memoryview(b"")])):
        assert_type(decode(chunks), Generator[ReceivedEvent, None, None])
    assert_type(decode(io.BytesIO()), Generator[ReceivedEvent, None, None])
    assert_type(adecode(source()), AsyncGenerator[ReceivedEvent, None])
    assert_type(adecode(b""), AsyncGenerator[ReceivedEvent, None])
    assert_type(decode_blocks(b"", on_eof="dispatch"), Generator[Block, None, None])
    assert_type(decode_blocks([b""], decoder=BlockDecoder()), Generator[Block, None, None])
    assert_type(adecode_blocks(source()), AsyncGenerator[Block, None])
    assert_type(adecode_blocks(b"", max_event_size=None), AsyncGenerator[Block, None])


def test_a_decoder_excludes_its_settings() -> None:
    """A decoder can be passed, or None for a new one; its settings can't be passed as well."""
    assert_type(decode(b"", decoder=Decoder()), Generator[ReceivedEvent, None, None])
    assert_type(decode(b"", decoder=None, on_eof="raise", until="x"), Generator[ReceivedEvent, None, None])
    assert_type(adecode(b"", decoder=Decoder()), AsyncGenerator[ReceivedEvent, None])
    assert_type(adecode_blocks(b"", decoder=BlockDecoder()), AsyncGenerator[Block, None])
    refused: list[Callable[[], object]] = [
        lambda: decode(b"", decoder=Decoder(), max_event_size=5),  # type: ignore[call-overload]  # refused
        lambda: decode(b"", decoder=Decoder(), last_event_id="1"),  # type: ignore[call-overload]  # refused
        lambda: adecode(b"", decoder=Decoder(), max_event_size=5),  # type: ignore[call-overload]  # refused
        lambda: decode_blocks(b"", decoder=BlockDecoder(), max_event_size=5),  # type: ignore[call-overload]  # refused
        lambda: adecode_blocks(b"", decoder=BlockDecoder(), last_event_id="1"),  # type: ignore[call-overload]  # refused
        lambda: decode(b"", decoder=BlockDecoder()),  # type: ignore[call-overload]  # refused
        lambda: adecode(b"", decoder=BlockDecoder()),  # type: ignore[call-overload]  # refused
        lambda: decode_blocks(b"", decoder=Decoder()),  # type: ignore[call-overload]  # refused
        lambda: adecode_blocks(b"", decoder=Decoder()),  # type: ignore[call-overload]  # refused
    ]
    for call in refused:
        with pytest.raises(TypeError):
            call()


def test_until() -> None:
    """A function gets the yielded items, and may return anything."""

    def is_last(event: ReceivedEvent) -> str:
        return assert_type(event.last_event_id, str)

    def is_last_block(block: Block) -> bytes:
        return assert_type(block.wire, bytes)

    assert_type(decode(b"", until="[DONE]"), Generator[ReceivedEvent, None, None])
    assert_type(decode(b"", until=is_last), Generator[ReceivedEvent, None, None])
    assert_type(decode(b"", until=lambda event: event.last_event_id), Generator[ReceivedEvent, None, None])
    assert_type(adecode(b"", until=is_last), AsyncGenerator[ReceivedEvent, None])
    assert_type(decode_blocks(b"", until=is_last_block), Generator[Block, None, None])
    assert_type(adecode_blocks(b"", until=lambda block: block.wire), AsyncGenerator[Block, None])


def test_aliases() -> None:
    """The aliases that users annotate their own functions with."""

    def read(chunks: Chunks, on_eof: OnEOF) -> list[ReceivedEvent]:
        return list(decode(chunks, on_eof=on_eof))

    async def aread(chunks: AsyncChunks) -> list[Block]:
        return [block async for block in adecode_blocks(chunks)]

    assert_type(read(b"data: 1", "dispatch"), list[ReceivedEvent])
    assert_type(asyncio.run(aread([b": hi\n\n"])), list[Block])


def test_errors() -> None:
    assert_type(IncompleteEvent(ReceivedEvent("")).event, ReceivedEvent)


def test_http() -> None:
    assert_type(response_headers(), dict[str, str])
    assert_type(request_headers(), dict[str, str])
    assert_type(parse_last_event_id(None), str)
    assert_type(is_event_stream(None), bool)


def test_resuming() -> None:
    client = Reconnection(Decoder(), default_delay=1, retry_statuses=TRANSIENT_STATUSES)
    assert_type(client.decoder, Decoder)
    assert_type(client.next_delay(), float | None)
    assert_type(client.request_headers(), dict[str, str])
    assert_type(client.accept(200, b"text/event-stream", retry_after="1"), bool)
    history = EventHistory(max_events=1)
    assert_type(history.append(ServerSentEvent("", id="1")), bytes)
    assert_type(history.last_event_id, str)
    assert_type(history.after("1"), tuple[bytes, ...] | None)


def test_clients() -> None:
    """A response may be any object; `open` returns a context manager."""
    with contextlib.suppress(TypeError):
        assert_type(events(b""), Generator[ReceivedEvent, None, None])
    with contextlib.suppress(TypeError):
        assert_type(aevents(b""), AsyncGenerator[ReceivedEvent, None])
    with contextlib.suppress(TypeError):
        assert_type(blocks(b"", until=lambda block: block.wire), Generator[Block, None, None])
    with contextlib.suppress(TypeError):
        assert_type(ablocks(b"", decoder=BlockDecoder()), AsyncGenerator[Block, None])

    def open(headers: dict[str, str]) -> contextlib.closing[io.BytesIO]:
        return contextlib.closing(io.BytesIO())

    @contextlib.asynccontextmanager
    async def aopen(headers: dict[str, str]) -> AsyncGenerator[bytes, None]:
        yield b""

    async def sleep(seconds: float) -> None:
        """Return immediately."""

    assert_type(connect(open, until="[DONE]", sleep=bool), Generator[ReceivedEvent, None, None])
    assert_type(aconnect(aopen, reconnection=Reconnection(), sleep=sleep), AsyncGenerator[ReceivedEvent, None])
    assert_type(ConnectionLost("7").last_event_id, str)
    assert_type(ConnectionFailed(500, None, b"").body, bytes)
    assert_type(ConnectionFailed(500, None).text, str)
    assert_type(ConnectionFailed(500, None).reason, str | None)
    assert_type(MissingSentinel("x").body, bytes)


def test_lint() -> None:
    assert_type(lint(b"", json=True, ignore=["bare-cr"]), Iterator[Finding])
    linter = Linter(sentinel="[DONE]")
    assert_type(linter.feed(b""), list[Finding])
    for finding in linter.close():
        assert_type(finding.severity, Literal["error", "warning"])
        assert_type(finding.line, int)
        assert_type(finding.to_json(), str)
    assert_type(CODES, Mapping[str, Code])
