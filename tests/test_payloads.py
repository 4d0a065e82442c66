"""Sentinels and JSON payloads: what is yielded, how it ends, and what is closed when."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from sse_codec import Decoder, ServerSentEvent, SSEError, adecode, decode
from sse_codec.payloads import MissingSentinel, auntil, json_payload, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

A, B, DONE = ServerSentEvent("a"), ServerSentEvent("b", event="tick"), ServerSentEvent("[DONE]")
COMPLETE = ServerSentEvent("", event="complete")


class Broken(Exception):
    """What a source raises."""


class Source:
    """A generator of events, in either colour, that notes how far it was read and that it was closed."""

    def __init__(self, *events: ServerSentEvent, broken: bool = False) -> None:
        self.events = events
        self.broken = broken
        self.taken = 0
        self.closed = False

    def sync(self) -> Iterator[ServerSentEvent]:
        try:
            for event in self.events:
                self.taken += 1
                yield event
            if self.broken:
                raise Broken
        finally:
            self.closed = True

    async def over(self) -> AsyncIterator[ServerSentEvent]:
        with contextlib.closing(self.sync()) as events:  # type: ignore[type-var]  # it is a generator
            for event in events:
                yield event


def read_sync(source: Source, into: list[ServerSentEvent], most: int | None, *args: Any, **options: Any) -> None:
    """Read some events or all, and close what they came from."""
    kept = source.sync()  # or it would be closed when nobody refers to it
    with contextlib.closing(until(kept, *args, **options)) as events:
        for event in events:
            into.append(event)
            if len(into) == most:
                break
    assert source.closed


def read_async(source: Source, into: list[ServerSentEvent], most: int | None, *args: Any, **options: Any) -> None:
    async def main() -> None:
        kept = source.over()
        async with contextlib.aclosing(auntil(kept, *args, **options)) as events:
            async for event in events:
                into.append(event)
                if len(into) == most:
                    break
        assert source.closed, "and not only when the loop ends"

    asyncio.run(main())


both = pytest.mark.parametrize("read", [read_sync, read_async])
Read = "Callable[..., None]"


@both
@pytest.mark.parametrize(
    ("events", "args", "options", "count"),
    [
        ([A, DONE, B], ["[DONE]"], {}, 1),
        ([DONE], ["[DONE]"], {}, 0),
        ([A, ServerSentEvent("[DONE]", event="x")], ["[DONE]"], {}, 1),
        (
            [A, ServerSentEvent(" [DONE]"), ServerSentEvent("[DONE]\n"), ServerSentEvent("[done]"), DONE],
            ["[DONE]"],
            {},
            4,
        ),
        ([A, B, COMPLETE], [], {"event": "complete"}, 2),
        ([B, A], [], {"event": "message"}, 1),
        ([A, ServerSentEvent("x", event="complete"), COMPLETE], [""], {"event": "complete"}, 2),
        ([ServerSentEvent(""), COMPLETE], [""], {"event": "complete"}, 1),
        ([A, ServerSentEvent("")], [""], {}, 1),
        ([A, DONE], ["[DONE]"], {"required": False}, 1),
    ],
    ids=repr,
)
def test_it_stops_before_the_sentinel(
    read: Callable[..., None], events: list[ServerSentEvent], args: list[str], options: dict[str, Any], count: int
) -> None:
    source, got = Source(*events), list[ServerSentEvent]()
    read(source, got, None, *args, **options)
    assert got == events[:count]
    assert source.taken == count + 1, "what is behind the sentinel is not read"
    assert source.closed


@both
@pytest.mark.parametrize("events", [[], [A, B]], ids=repr)
def test_an_end_without_the_sentinel(read: Callable[..., None], events: list[ServerSentEvent]) -> None:
    source, got = Source(*events), list[ServerSentEvent]()
    with pytest.raises(MissingSentinel) as caught:
        read(source, got, None, "[DONE]")
    assert got == events, "all that came before is given out first"
    assert isinstance(caught.value, SSEError)
    assert (caught.value.data, caught.value.event) == ("[DONE]", None)
    got.clear()
    read(Source(*events), got, None, "[DONE]", required=False)
    assert got == events


@pytest.mark.parametrize(
    ("data", "event", "message"),
    [
        ("[DONE]", None, "data '[DONE]'"),
        ("", None, "data ''"),
        (None, "complete", "type 'complete'"),
        ("", "complete", "type 'complete' and data ''"),
        ("\x1b" + "x" * 50, None, rf"data '\x1b{'x' * 39}'..."),
    ],
)
def test_what_is_missing_is_named(data: str | None, event: str | None, message: str) -> None:
    with pytest.raises(MissingSentinel) as caught:
        list(until([], data, event=event))
    assert str(caught.value) == f"the stream ended without an event with {message}"
    for again in (copy.copy(caught.value), pickle.loads(pickle.dumps(caught.value))):
        assert (again.data, again.event, str(again)) == (data, event, str(caught.value))


@both
def test_leaving_early_closes_the_source_and_misses_no_sentinel(read: Callable[..., None]) -> None:
    source, got = Source(A, B), list[ServerSentEvent]()
    read(source, got, 1, "[DONE]")
    assert (got, source.taken, source.closed) == ([A], 1, True)


@both
def test_what_the_source_raises_passes(read: Callable[..., None]) -> None:
    source, got = Source(A, broken=True), list[ServerSentEvent]()
    with pytest.raises(Broken):
        read(source, got, None, "[DONE]")
    assert got == [A]


@pytest.mark.parametrize("function", [until, auntil])
@pytest.mark.parametrize(
    ("args", "options", "message"),
    [
        ([], {}, "^say what to stop at: data, event or both$"),
        ([b"[DONE]"], {}, "^data must be a str, not bytes$"),
        ([], {"event": 1}, "^event must be a str, not int$"),
        (["[DONE]"], {"event": b"x"}, "^event must be a str, not bytes$"),
    ],
)
def test_mistakes_show_at_once(
    function: Callable[..., object], args: list[Any], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        function([], *args, **options)


def test_any_iterable_will_do_and_what_is_no_generator_stays_open() -> None:
    class Events:
        """An iterator that can be closed, as a file can, and is somebody's own."""

        def __init__(self, events: Iterable[ServerSentEvent]) -> None:
            self.events = iter(events)

        def __iter__(self) -> Events:
            return self

        def __next__(self) -> ServerSentEvent:
            return next(self.events)

        def __aiter__(self) -> Events:
            return self

        async def __anext__(self) -> ServerSentEvent:
            for event in self.events:
                return event
            raise StopAsyncIteration

        def close(self) -> None:
            raise AssertionError("not ours to close")

        aclose = close

    async def main(*events: ServerSentEvent) -> list[ServerSentEvent]:
        return [event async for event in auntil(Events(events), "[DONE]")]

    assert list(until((A, DONE), "[DONE]")) == [A]
    assert list(until(Events([A, DONE]), "[DONE]")) == [A]
    assert asyncio.run(main(A, DONE)) == [A]
    with pytest.raises(MissingSentinel):
        list(until(Events([A]), "[DONE]"))
    with pytest.raises(MissingSentinel):
        asyncio.run(main(A))


WIRE = [b"id: 1\ndata: a\n\nid: 2\ndata: [DO", b"NE]\n\nid: 3\ndata: late\n\n"]


def test_it_closes_the_response_of_decode_and_resumes_behind_the_sentinel() -> None:
    closed = []

    def response() -> Iterator[bytes]:
        try:
            yield from WIRE
        finally:
            closed.append("sync")

    async def aresponse() -> AsyncIterator[bytes]:
        try:
            for chunk in WIRE:
                yield chunk
        finally:
            closed.append("async")

    async def main() -> list[ServerSentEvent]:
        events = [event async for event in auntil(adecode(aresponse(), decoder=second), "[DONE]")]
        assert closed == ["sync", "async"]
        return events

    first, second = Decoder(), Decoder()
    assert [event.data for event in until(decode(response(), decoder=first), "[DONE]")] == ["a"]
    assert closed == ["sync"]
    assert [event.data for event in asyncio.run(main())] == ["a"]
    assert first.last_event_id == second.last_event_id == "2"


@pytest.mark.parametrize(
    ("data", "payload"),
    [("", None), ("null", None), ('{"a": [1]}', {"a": [1]}), ("0", 0), ('""', ""), ("false", False), ("[]", [])],
)
def test_json_payload(data: str, payload: Any) -> None:
    got = json_payload(ServerSentEvent(data))
    assert (type(got), got) == (type(payload), payload)


@pytest.mark.parametrize("data", ["[DONE]", "ping", " ", "\n", "{"])
def test_what_is_no_json_raises(data: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        json_payload(ServerSentEvent(data))


def test_importing_stays_light() -> None:
    code = (
        "import sys; sys.path[:] = sys.argv[1:]; import sse_codec; before = set(sys.modules); "
        "import sse_codec.payloads; print(set(sys.modules) - before)"
    )
    bare = [sys.executable, "-I", "-S", "-c", code, *sys.path]
    loaded = subprocess.run(bare, capture_output=True, check=True, text=True).stdout
    assert loaded == "{'sse_codec.payloads'}\n"
