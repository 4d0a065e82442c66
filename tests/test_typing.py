"""What a type checker makes of the public contract. Also run, where each assert_type returns its argument."""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from typing import Any, Literal

from typing_extensions import assert_type

from sse_codec import (
    BlankLine,
    Comment,
    Decoder,
    Field,
    LineDecoder,
    ServerSentEvent,
    adecode,
    decode,
    encode,
    encode_block,
    encode_comment,
    encode_line,
    is_event_stream,
    parse_last_event_id,
    request_headers,
    response_headers,
)
from sse_codec.lint import CODES, Finding, Linter, lint
from sse_codec.payloads import auntil, json_payload, until
from sse_codec.resume import TRANSIENT_STATUSES, EventHistory, Reconnection
from sse_codec.testing import Reference, reference_decode


def test_events() -> None:
    event = ServerSentEvent("1", event="e", id="i", retry=1)
    assert_type(event.data, str)
    assert_type(event.event, str)
    assert_type(event.id, str | None)
    assert_type(event.retry, int | None)
    assert_type(event.last_event_id, str)
    assert_type(event.json(), Any)
    match event:
        case ServerSentEvent(data, id=id):
            assert_type(data, str)
            assert_type(id, str | None)


def test_encoding() -> None:
    assert_type(encode(ServerSentEvent("")), bytes)
    assert_type(encode_block(id="1"), bytes)
    assert_type(encode_comment(), bytes)
    assert_type(encode_line(Comment("")), bytes)


def test_decoders() -> None:
    decoder = Decoder(last_event_id="", max_event_size=5)
    for chunk in (b"", bytearray(), memoryview(b"")):
        assert_type(decoder.feed(chunk), list[ServerSentEvent])
    assert_type(decoder.close(), ServerSentEvent | None)
    assert_type(decoder.last_event_id, str)
    assert_type(decoder.reconnection_time, int | None)
    lines = LineDecoder().feed(b"a: b\n:c\n\n")
    assert_type(lines, list[Field | Comment | BlankLine])
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

    assert_type(decode(b"", on_eof="raise"), Generator[ServerSentEvent, None, None])
    for chunks in ([b""], (bytearray(),), iter([memoryview(b"")])):
        assert_type(decode(chunks), Generator[ServerSentEvent, None, None])
    assert_type(decode(io.BytesIO()), Generator[ServerSentEvent, None, None])
    assert_type(adecode(source()), AsyncGenerator[ServerSentEvent, None])
    assert_type(adecode(b""), AsyncGenerator[ServerSentEvent, None])


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


def test_payloads() -> None:
    assert_type(until(decode(b""), "[DONE]"), Generator[ServerSentEvent, None, None])
    assert_type(until([], event="close", required=False), Generator[ServerSentEvent, None, None])
    assert_type(auntil(adecode(b""), "[DONE]"), AsyncGenerator[ServerSentEvent, None])
    assert_type(json_payload(ServerSentEvent("1")), Any)


def test_lint() -> None:
    assert_type(lint(b"", json=True, ignore=["bare-cr"]), Iterator[Finding])
    linter = Linter(sentinel="[DONE]")
    assert_type(linter.feed(b""), list[Finding])
    for finding in linter.close():
        assert_type(finding.severity, Literal["error", "warning"])
        assert_type(finding.line, int)
        assert_type(finding.to_json(), str)
    assert_type(CODES, dict[str, Literal["error", "warning"]])
