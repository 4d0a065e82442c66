"""The public strategies of the fuzz kit: each value is as its docstring promises, and rare values are reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from sse_codec import ServerSentEvent, decode, encode
from sse_codec.testing import (
    chunkings,
    event_lists,
    events,
    hostile_bytes,
    payloads,
    reference_decode,
    spellings,
    streams,
)
from sse_codec.testing._strategies import _Plan, cut

if TYPE_CHECKING:
    from collections.abc import Callable

#: The values that are searched for are drawn at least once in a few hundred examples, so the search does not need luck.
SEARCH = settings(max_examples=20_000, phases=[Phase.generate], database=None)


def as_received(event: ServerSentEvent) -> ServerSentEvent:
    return event.replace(data=event.data.replace("\r\n", "\n").replace("\r", "\n"))


@given(payloads())
def test_every_payload_can_be_sent(data: str) -> None:
    [event] = reference_decode(encode(ServerSentEvent(data))).events
    assert event == as_received(ServerSentEvent(data))


@given(events())
def test_every_event_can_be_sent(event: ServerSentEvent) -> None:
    assert reference_decode(encode(event)).events == [as_received(event)]


@given(event_lists(min_size=1, max_size=3))
def test_a_list_has_the_requested_size(events: list[ServerSentEvent]) -> None:
    assert 1 <= len(events) <= 3


@given(st.data(), event_lists(max_size=3))
def test_every_spelling_carries_the_events(data: st.DataObject, events: list[ServerSentEvent]) -> None:
    assert reference_decode(data.draw(spellings(events))).events == list(map(as_received, events))


@given(st.data(), st.binary(max_size=40) | streams(), st.booleans())
def test_a_stream_in_chunks_is_the_stream(data: st.DataObject, wire: bytes, empty: bool) -> None:
    chunks = data.draw(chunkings(wire, empty=empty))
    assert b"".join(chunks) == wire
    assert empty or all(chunks) or not wire


@given(chunkings(b"data: data: data:", empty=True))
def test_a_stream_without_a_line_end_has_no_empty_chunk(chunks: list[bytes]) -> None:
    """`decode` refuses chunks that look like lines without their ends."""
    assert all(chunks)
    assert list(decode(chunks)) == []


def test_cuts_inside_a_CRLF_can_be_excluded() -> None:
    everywhere = _Plan("all", [], 1, [])
    assert cut(b"a\r\nb", everywhere, ()) == [b"a", b"\r", b"\n", b"b"]
    assert cut(b"a\r\nb", everywhere, {"cut-crlf"}) == [b"a", b"\r\n", b"b"]


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("strategy", "reached"),
    [
        *[(payloads(), lambda data, end=end: data.endswith(end)) for end in "\n\r \0\x85\u2028"],
        *[(payloads(), lambda data, start=start: data.startswith(start)) for start in ["\n", " ", "\ufeff", ":", "🍊"]],
        (payloads(), lambda data: not data),
        (payloads(), lambda data: len(data) > 65536),
        (events(), lambda event: event.id == ""),
        (events(), lambda event: event.id and event.retry == 0),
        (events(), lambda event: event.event != "message" and not event.data),
        *[(streams(), lambda wire, end=end: wire.endswith(end)) for end in (b"\n\n", b"\r\r", b"\r\n\r\n", b"\r\n\n")],
        (streams(), lambda wire: wire.startswith(b"\xef\xbb\xbf") and b"\n:" in wire),
        (hostile_bytes(), lambda wire: b"\0" in wire),
        (hostile_bytes(), lambda wire: b"\xff" in wire),
        (hostile_bytes(), lambda wire: b"\n\xef\xbb\xbf" in wire),
        (hostile_bytes(), lambda wire: wire and wire[-1] not in b"\r\n"),
        (chunkings(b"data: a\r\n\r\n"), lambda chunks: chunks[0].endswith(b"\r")),
        (chunkings(b"data: a\n\n"), lambda chunks: len(chunks) == 9),
        (chunkings(b"data: a\n\n"), lambda chunks: len(chunks) == 1),
        (chunkings(b"data: a\n\n", empty=True), lambda chunks: b"" in chunks),
    ],
)
def test_values_that_a_strategy_reaches(strategy: st.SearchStrategy[Any], reached: Callable[[Any], object]) -> None:
    # Hypothesis makes a text of the value that it finds, and warns about 64 KiB of it; so this finds a bool instead.
    assert find(strategy.map(reached), bool, settings=SEARCH)
