"""Each decoder over many connections: feeds, closes, resets, resumptions and failures, in any order.

A model holds the bytes of the current connection and the state at its start. The reference decoder says what the bytes
mean, and the fuzzer's model says which byte exceeds the limit. After each call, both look at the whole connection
again, so that no state carries over. This costs a few calls of the reference decoder per step.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sse_codec import BlockDecoder, Decoder, EventTooLarge, LineDecoder
from sse_codec.testing import reference_decode
from sse_codec.testing._strategies import wires
from tests.fuzz.laws import (
    NEVER,
    Connection,
    Expected,
    expected_blocks,
    expected_events,
    expected_lines,
    retries,
    whole,
)
from tests.strategies import alike_wires

if TYPE_CHECKING:
    from collections.abc import Callable

    Chunk = Callable[[bytes], bytes | bytearray | memoryview]

_wires = wires(without={"long"}) | alike_wires()
_limits = st.none() | st.integers(1, 40)
_ids = st.sampled_from(["", "start", "é", "7"])
_sizes = st.lists(st.integers(0, 12), min_size=1, max_size=6)
_chunks: st.SearchStrategy[Chunk] = st.sampled_from([bytes, bytearray, lambda part: memoryview(bytearray(part))])


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """Draw a stream of short lines, because the reference decoder is slow on long ones.

    This is a function because Hypothesis prints a rule's strategies, and warns that the repr of `wires` is 48 kB long.
    """
    return draw(_wires)


class Connections(RuleBasedStateMachine):
    """The calls that all decoders have, and their expected results."""

    decoder: Decoder | BlockDecoder | LineDecoder

    def __init__(self) -> None:
        super().__init__()
        self.received = b""  # bytes not fed yet; a new connection may begin anywhere in them
        self.limit = NEVER
        self.failed = False
        self.wire = b""
        self.start_id = ""  # the last event ID at the start of the connection
        self.last_event_id = ""
        self.reconnection_time: int | None = None
        self.retries_seen = 0  # in this connection

    def expected(self) -> Expected:
        raise NotImplementedError

    def note_state(self, seen: bytes) -> None:
        """Update the expected state from the connection's bytes up to the limit. This class has no such state."""

    def connection(self) -> Connection:
        return Connection(self.limit, self.start_id, None, self.wire, [])

    def start_anew(self) -> None:
        self.failed = False
        self.wire = b""
        self.start_id = self.last_event_id

    def options(self, limit: int | None) -> dict[str, Any]:
        """Return the options for a limit. None means the default, which no stream here reaches."""
        if limit is None:
            return {}
        self.limit = limit
        return {"max_event_size": limit}

    @rule(wire=streams())
    def receive(self, wire: bytes) -> None:
        self.received = wire

    @rule(sizes=_sizes, chunk=_chunks)
    def feed(self, sizes: list[int], chunk: Chunk) -> None:
        for size in sizes:
            part, self.received = self.received[:size], self.received[size:]
            self.feed_one(part, chunk(part))

    @rule(count=st.integers(1, 8) | st.just(99))
    def feed_lines(self, count: int) -> None:
        """Feed some lines or all in one chunk, which may end inside a CRLF, where many decoders go wrong."""
        match = re.match(rb"(?:[^\r\n]*[\r\n]?){%d}" % count, self.received)
        assert match
        self.received = self.received[match.end() :]
        self.feed_one(match[0], match[0])

    def feed_one(self, part: bytes, chunk: bytes | bytearray | memoryview) -> None:
        if self.failed:
            self.must_raise(lambda: self.decoder.feed(chunk))
            return
        start = len(self.wire)
        self.wire += part
        expected = self.expected()
        self.failed = expected.too_large_at < len(self.wire)
        self.note_state(self.wire[: expected.too_large_at])
        due = [
            item
            for item, end in zip(expected.items, expected.ends, strict=True)
            if start < end <= min(len(self.wire), expected.too_large_at)
        ]
        if self.failed and not due:
            self.must_raise(lambda: self.decoder.feed(chunk))
            return
        got = self.decoder.feed(chunk)
        if not isinstance(chunk, bytes):
            chunk[:] = b"\n" * len(chunk)  # "the caller may reuse its buffer"
        assert [whole(item) for item in got] == [whole(item) for item in due]

    def must_raise(self, call: Callable[[], object]) -> None:
        with pytest.raises(EventTooLarge) as caught:
            call()
        assert caught.value.limit == self.limit < caught.value.size <= len(self.wire)

    @rule(chunk=st.sampled_from(["data: a\n\n", "", None, 3, [10, 10]]))
    def feed_a_wrong_type(self, chunk: Any) -> None:
        """Later calls show that this leaves the decoder unchanged."""
        with pytest.raises(TypeError, match="feed"):
            self.decoder.feed(chunk)

    @rule()
    def close(self) -> None:
        if self.failed:
            self.must_raise(self.decoder.close)
            return
        unfinished = self.expected().unfinished
        got = self.decoder.close()
        assert (got and whole(got)) == (unfinished and whole(unfinished))
        self.start_anew()

    @rule()
    def reset(self) -> None:
        self.decoder.reset()
        self.start_anew()


class StickyConnections(Connections):
    """Decoders whose last event ID and reconnection time outlive connections. A client may set where to resume."""

    kind: type[Decoder | BlockDecoder]
    decoder: Decoder | BlockDecoder

    @initialize(wire=streams(), limit=_limits, last_event_id=_ids)
    def make(self, wire: bytes, limit: int | None, last_event_id: str) -> None:
        self.received = wire
        self.decoder = self.kind(last_event_id=last_event_id, **self.options(limit))
        self.start_id = self.last_event_id = last_event_id

    def note_state(self, seen: bytes) -> None:
        reference = reference_decode(seen, last_event_id=self.start_id)
        self.last_event_id = reference.last_event_id
        new = retries(seen)[self.retries_seen :]
        self.retries_seen += len(new)
        if new:
            self.reconnection_time = new[-1][1]

    def start_anew(self) -> None:
        super().start_anew()
        self.retries_seen = 0

    @rule()
    def act_on_the_reconnection_time(self) -> None:
        """Clear it, as a client does; each field acts once, wherever its block ends."""
        self.decoder.reconnection_time = self.reconnection_time = None

    @rule(last_event_id=_ids)
    def resume(self, last_event_id: str) -> None:
        self.decoder.last_event_id = self.last_event_id = last_event_id
        self.reset()

    @precondition(lambda self: self.failed or not self.wire)
    @rule(last_event_id=_ids)
    def seed(self, last_event_id: str) -> None:
        """Set the id between connections, or after a failure before its reset."""
        self.decoder.last_event_id = self.last_event_id = last_event_id
        if not self.failed:
            self.start_id = last_event_id

    @invariant()
    def state_is_the_models(self) -> None:
        assert self.decoder.last_event_id == self.last_event_id
        assert self.decoder.reconnection_time == self.reconnection_time


class EventConnections(StickyConnections):
    """`Decoder`."""

    kind = Decoder

    def expected(self) -> Expected:
        return expected_events(self.connection())


class BlockConnections(StickyConnections):
    """`BlockDecoder`."""

    kind = BlockDecoder

    def expected(self) -> Expected:
        return expected_blocks(self.connection())


class LineConnections(Connections):
    """`LineDecoder`, which keeps no state between connections."""

    decoder: LineDecoder

    @initialize(wire=streams(), limit=_limits)
    def make(self, wire: bytes, limit: int | None) -> None:
        self.received = wire
        self.decoder = LineDecoder(**self.options(limit))

    def expected(self) -> Expected:
        return expected_lines(self.connection())


TestDecoder = EventConnections.TestCase
TestBlockDecoder = BlockConnections.TestCase
TestLineDecoder = LineConnections.TestCase
# An example takes 20 to 40 ms, so run half of the profile's examples, and a quarter for the decoder with less state.
TestDecoder.settings = settings(stateful_step_count=30, max_examples=max(10, settings().max_examples // 2))
TestBlockDecoder.settings = settings(TestDecoder.settings)
TestLineDecoder.settings = settings(TestDecoder.settings, max_examples=TestDecoder.settings.max_examples // 2)
