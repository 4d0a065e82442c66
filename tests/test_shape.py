"""Shapes: they change drawn cases into those that the tested code takes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sse_codec import ServerSentEvent
from sse_codec.testing import chunkings, events, hostile_bytes, reference_decode
from sse_codec.testing._shape import Shape, made_shape

JSON = Shape(json=True, types=["message", "a"], required=frozenset({"id", "retry"}))
STRICT = Shape(types=["x", "y"], required=frozenset({"event"}))
SAMPLES = Shape(samples=["1", "2\n3", ""])


@given(hostile_bytes().flatmap(chunkings))
@example([b"data: a\rdata: a\n\n"])  # a CR that must not meet the LF after a removed line
@example([b"data: a\n\xef\xbb\xbfdata: b\ndata: c\n\n"])  # U+FEFF that must not move to the start
def test_a_stream_gets_a_shape_and_keeps_its_events(chunks: list[bytes]) -> None:
    plain = reference_decode(b"".join(chunks)).events
    for shape in (JSON, STRICT, SAMPLES):
        shaped = shape.stream(chunks)
        assert len(shaped) == len(chunks), "the number of cuts stays"
        seen = reference_decode(b"".join(shaped)).events
        assert len(seen) == len(plain)
        for event, before in zip(seen, plain, strict=True):
            if shape is JSON:
                assert json.loads(event.data)["text"] == before.data.split("\n")
            if shape is SAMPLES:
                assert event.data in shape.samples
            if shape is not SAMPLES:
                assert event.event in shape.types
    assert Shape().stream(chunks) is chunks


@pytest.mark.parametrize(
    ("chunks", "shaped"),
    [
        ([b"data: a\n", b"\n"], [b'id: 1\nretry: 7\ndata: {"text":["a"]}\n', b"\n"]),
        (
            [b"data: a\r", b"\nd", b"ata: bc\r\n\r\n"],
            [b'id: 1\r\nretry: 7\r\ndata: {"text":["a"\r', b"\nd", b'ata: ,"bc"]}\r\n\r\n'],
        ),
        ([b"data\n\n"], [b'id: 1\nretry: 7\ndata: {"text":[""]}\n\n']),
        ([b"id: 2\nevent: b\nretry: 8\ndata:a\n\n"], [b'id: 2\nevent: a\nretry: 8\ndata:{"text":["a"]}\n\n']),
        ([b"\xef\xbb", b"\xbfevent: a\n\n: data\n"], [b"\xef\xbb", b"\xbfevent: a\n\n: data\n"]),
        ([b"data: a", b""], [b'id: 1\nretry: 7\ndata: {"text":["a"]}', b""]),
    ],
)
def test_where_a_stream_is_cut(chunks: list[bytes], shaped: list[bytes]) -> None:
    assert JSON.stream(chunks) == shaped


def test_types_of_a_stream() -> None:
    assert STRICT.stream([b"event: z\ndata: a\n\nevent\ndata: b\n\ndata: c\n\n"]) in (
        [b"event: " + first + b"\ndata: a\n\nevent: x\ndata: b\n\nevent: x\ndata: c\n\n"] for first in (b"x", b"y")
    )
    assert Shape(required={"event"}).stream([b"data: a\n\nevent: b\ndata: c\n\n"]) == [
        b"event: a\ndata: a\n\nevent: b\ndata: c\n\n"
    ]


@given(events())
def test_an_event_gets_a_shape(event: ServerSentEvent) -> None:
    shaped = JSON.event(event)
    text = event.data.replace("\r\n", "\n").replace("\r", "\n")
    lines = json.loads(shaped.data.replace("\r", "\n"))["text"]
    assert "\n".join(lines) + "\n" * (text.endswith("\n")) == text
    assert shaped.event in JSON.types
    assert shaped.id is not None
    assert shaped.retry is not None
    assert SAMPLES.event(event).data in SAMPLES.samples
    assert STRICT.event(event).event in STRICT.types
    assert Shape().event(event) is event


@pytest.mark.parametrize("spoilt", ["data", "event", "id", "retry"])
def test_an_event_that_can_not_be_sent_stays_so(spoilt: str) -> None:
    event = ServerSentEvent("a\ud800", "b\nc", "1\n2", -1)
    kept = getattr(JSON.event(event, spoilt), spoilt)
    assert (kept == getattr(event, spoilt)) or (spoilt == "data" and "\ud800" in kept)


def test_equal_json() -> None:
    alike: list[Any] = ['{"text":["a"]}', '{ "text": [ "a" ] }', {"text": ["a"]}]
    for got in alike:
        assert JSON.same(got, '{"text":["a"]}')
    others: list[Any] = ["a", '{"text":["b"]}', {"text": []}, None, 7]
    for got in others:
        assert not JSON.same(got, '{"text":["a"]}')
    assert not Shape().same("{ }", "{}")


def test_samples_are_the_same_each_time() -> None:
    numbers = st.integers(0, 1000).map(str)
    shape = made_shape("check()", numbers, None, ())
    assert shape.samples == made_shape("check()", numbers, None, ()).samples
    assert len(shape.samples) > 50
