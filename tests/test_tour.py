"""The fixed cases of the fuzz kit: none comes twice, each kind is there, and excluding some keeps the rest."""

# Rules about lambdas are off here: pyright can't infer the parameter types of lambdas among a test's parameters.
# pyright: reportUnknownLambdaType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import pytest

from sse_codec import ServerSentEvent, encode
from sse_codec.testing import reference_decode
from sse_codec.testing._places import SIZES, TEXTS, WHITE_SPACE
from sse_codec.testing._rules import CONSUMER_RULES, PRODUCER_RULES, Stream
from sse_codec.testing._tour import (
    events_that_cannot_be_sent,
    large_events_to_send,
    small_events_to_send,
    streams_in_chunks,
)

if TYPE_CHECKING:
    from collections.abc import Callable


@lru_cache
def streams() -> list[list[bytes]]:
    return list(streams_in_chunks())


@lru_cache
def events() -> list[list[ServerSentEvent]]:
    return [*small_events_to_send(), *large_events_to_send()]


def test_no_case_comes_twice() -> None:
    assert len({tuple(chunks) for chunks in streams()}) == len(streams())
    assert len({tuple(each) for each in events()}) == len(events())
    assert len({*events_that_cannot_be_sent()}) == len([*events_that_cannot_be_sent()])


def test_each_event_can_be_sent() -> None:
    for each in events():
        if sum(len(event.data) for event in each) < 1000:
            arrived = reference_decode(b"".join(map(encode, each))).events
            assert [event.id for event in arrived] == [event.id for event in each]


def test_no_unsendable_event_can_be_sent() -> None:
    for event, field in events_that_cannot_be_sent():
        with pytest.raises(ValueError, match=field):
            encode(event)


def test_each_rule_is_touched_by_a_case() -> None:
    left = list(CONSUMER_RULES)
    for stream in map(Stream, streams()):
        left = [rule for rule in left if not rule.touched_by(stream)]
    assert not left
    spoilt = ([event] for event, _ in events_that_cannot_be_sent())
    others = list(PRODUCER_RULES)
    for each in (*events(), *spoilt):
        others = [rule for rule in others if not rule.touched_by(each)]
    assert not others


@pytest.mark.parametrize("name", ["crlf", "missing-space", "magic-value", "events", "long"])
def test_excluding_a_rule_keeps_the_rest_of_a_stream(name: str) -> None:
    touched_by = next(rule.touched_by for rule in CONSUMER_RULES if rule.name == name)
    left = list(streams_in_chunks(lambda chunks: touched_by(Stream(chunks))))
    assert not any(touched_by(Stream(chunks)) for chunks in left)
    wires = b"\n".join(b"".join(chunks) for chunks in left)
    if name != "events":
        assert b"data: \xe2\x80\xa8\n" in wires, "it is in one stream with values that have no space in front"


@pytest.mark.parametrize(
    "found",
    [
        lambda chunks: b"" in chunks[:1],
        lambda chunks: b"" in chunks[1:-1],
        lambda chunks: b"" in chunks[-1:],
        lambda chunks: [len(chunk) for chunk in chunks[:1]] == [4096],
        lambda chunks: len(chunks) > 1024,
        lambda chunks: chunks[0].endswith(b"\r") and len(chunks[0]) == 8192,
        lambda chunks: chunks[0][1023:1025] == b"\r\n",
        lambda chunks: len(chunks[0]) > 2**20,
        lambda chunks: chunks[0].count(b"\n\n") > 1024,
        lambda chunks: max(map(len, chunks[0].split(b"\n\n"))) > 2**16 and chunks[0].count(b"\n") > 1000,
        lambda chunks: b"\n\t\n" in chunks[0],
        lambda chunks: b"\n\xe3\x80\x80\n" in chunks[0],
        lambda chunks: b"id: 1\nid: \n" in chunks[0],
        lambda chunks: b"event: a\nid: 1\n\n" in chunks[0],
        lambda chunks: chunks[0].startswith(b"\xef\xbb\xbf" * 2),
        lambda chunks: re.search(rb"retry: 0{300}", chunks[0]) is not None,
        *(lambda chunks, size=size: b"data: " + b"x" * (size - 7) + b"\n" in chunks[0] for size in SIZES[1:]),
        *(lambda chunks, space=space: f"data: a{space}\n".encode() in chunks[0] for space in WHITE_SPACE),
        *(lambda chunks, texts=texts: f"id: {texts[-1]}\n".encode() in chunks[0] for texts in TEXTS.values()),
    ],
)
def test_each_kind_of_stream_is_there(found: Callable[[list[bytes]], bool]) -> None:
    assert any(map(found, filter(None, streams())))


def test_a_stream_without_chunks_is_there() -> None:
    assert [] in streams()
