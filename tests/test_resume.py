"""Both ends of a resumed stream: each rule by example, and each end as a state machine against a simple model."""

from __future__ import annotations

import ast
import asyncio
import copy
import gc
import pickle
import random
import re
import subprocess
import sys
import tracemalloc
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sse_codec import (
    Decoder,
    EncodeError,
    EventTooLarge,
    IncompleteEvent,
    ServerSentEvent,
    SSEError,
    decode,
    encode,
    encode_block,
    encode_comment,
    parse_last_event_id,
    resume,
)
from sse_codec.resume import TRANSIENT_STATUSES, ConnectionFailed, EventHistory, GaveUp, Reconnection
from tests.conftest import BARE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STREAM = "text/event-stream"


def delays(client: Reconnection, count: int) -> list[float | None]:
    return [client.next_delay() for _ in range(count)]


def blocks(*events: ServerSentEvent) -> tuple[bytes, ...]:
    return tuple(encode(event) for event in events)


def tick(id: str | None) -> ServerSentEvent:
    return ServerSentEvent("tick", id=id)


def filled(*ids: str | None, **bounds: int) -> EventHistory:
    history = EventHistory(**bounds)
    for id in ids:
        history.append(tick(id))
    return history


# The client: responses


@pytest.mark.parametrize("status", [200, HTTPStatus.OK])
@pytest.mark.parametrize("content_type", [STREAM, b"text/event-stream", "Text/Event-Stream ; charset=utf-8"])
def test_200_with_an_event_stream_opens(status: int, content_type: str | bytes) -> None:
    client = Reconnection(jitter=0)
    assert client.next_delay() == 0
    assert client.accept(status, content_type) is True
    assert client.next_delay() == 3.0


def test_the_content_type_may_come_in_several_headers() -> None:
    client = Reconnection()
    assert client.accept(200, ["text/plain", b"text/event-stream"]) is True
    assert client.accept(200, iter(["text/plain", STREAM])) is True
    with pytest.raises(ConnectionFailed) as caught:
        client.accept(200, iter([STREAM, "text/plain"]))
    assert caught.value.content_type == (STREAM, "text/plain")
    assert str(caught.value) == (
        "a response with status 200 and content type ('text/event-stream', 'text/plain') is not an event stream"
    )


@pytest.mark.parametrize(
    ("status", "content_type"),
    [
        (200, "text/plain"),
        (200, None),
        (200, ""),
        *((status, STREAM) for status in (201, 202, 206, 301, 307, 400, 401, 403, 404, 410, 429, 500, 502, 503)),
        (404, "text/html"),
    ],
)
def test_every_other_response_fails_the_connection(status: int, content_type: str | None) -> None:
    client = Reconnection()
    client.next_delay()
    with pytest.raises(ConnectionFailed) as caught:
        client.accept(status, content_type)
    assert (caught.value.status, caught.value.content_type) == (status, content_type)
    assert isinstance(caught.value, SSEError)
    assert delays(client, 2) == [None, None]


@pytest.mark.parametrize("content_type", [None, STREAM, "text/html"])
def test_204_ends_it_without_an_error(content_type: str | None) -> None:
    client = Reconnection(retry_statuses=TRANSIENT_STATUSES)
    client.next_delay()
    assert client.accept(204, content_type) is False
    assert delays(client, 2) == [None, None]


def test_the_message_shortens_and_escapes_the_content_type() -> None:
    assert str(ConnectionFailed(404, None)) == "a response with status 404 and no content type is not an event stream"
    message = str(ConnectionFailed(500, "\x1b[2J" + "x" * 100))
    assert message == rf"a response with status 500 and content type '\x1b[2J{'x' * 36}'... is not an event stream"


def test_ConnectionFailed_can_be_copied_and_pickled() -> None:
    error = ConnectionFailed(404, "text/html")
    for again in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (type(again), str(again), again.status) == (ConnectionFailed, str(error), 404)


def test_statuses_that_are_retried() -> None:
    client = Reconnection(jitter=0, retry_statuses=[503, 200])
    client.next_delay()
    assert client.accept(503, "text/html") is False
    assert client.next_delay() == 3.0
    assert client.accept(200, "text/html") is False, "a proxy's page, say"
    assert client.next_delay() == 6.0
    assert client.accept(200, STREAM) is True
    with pytest.raises(ConnectionFailed):
        client.accept(429, None)


def test_the_transient_statuses() -> None:
    assert sorted(TRANSIENT_STATUSES) == [408, 429, 500, 502, 503, 504, *range(520, 525), 529, 530]
    client = Reconnection(retry_statuses=TRANSIENT_STATUSES)
    assert not any(client.accept(status, None) for status in TRANSIENT_STATUSES)


@pytest.mark.parametrize(
    ("retry_after", "delay"),
    [
        (None, 3.0),
        ("20", 20.0),
        (b"20", 20.0),
        (" 20\t", 20.0),
        ("\t20 ", 20.0),
        ("\x0b20", 3.0),
        ("1", 3.0),  # never earlier than without the header
        ("0", 3.0),
        ("121", 120.0),
        ("9" * 400, 3.0),  # ignored, like a `retry` field of that length
        ("9" * 18, 120.0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 3.0),
        ("-5", 3.0),
        ("1.5", 3.0),
        ("²", 3.0),
        (b"\xff", 3.0),
        ("", 3.0),
    ],
)
def test_retry_after(retry_after: str | bytes | None, delay: float) -> None:
    client = Reconnection(jitter=0, retry_statuses=[429])
    client.next_delay()
    assert client.accept(429, None, retry_after=retry_after) is False
    assert client.next_delay() == delay
    assert client.next_delay() == 6.0, "it applies to one wait"


@pytest.mark.parametrize("retry_after", [None, "x", "X9X"])
def test_a_retry_after_that_is_no_number_adds_nothing(retry_after: str | None) -> None:
    client = Reconnection(retry_statuses=[429], default_delay=0.1, min_delay=0.1, jitter=0)
    assert client.next_delay() == 0
    assert client.accept(429, None, retry_after=retry_after) is False
    assert client.next_delay() == 0.1


def test_the_errors_keep_their_arguments() -> None:
    assert ConnectionFailed(404, "text/html", b"x", "why").args == (404, "text/html", b"x", "why")
    assert GaveUp(3, 1.5).args == (3, 1.5)


def test_an_id_of_the_wrong_type_is_named() -> None:
    with pytest.raises(EncodeError, match="^id must be a str, not int"):
        EventHistory().append(ServerSentEvent("x", id=1))  # type: ignore[arg-type]  # wrong on purpose


def test_a_number_that_is_out_of_range_is_named() -> None:
    with pytest.raises(ValueError, match="^default_delay must be at least 0 and finite, not -1$"):
        Reconnection(default_delay=-1)


def test_retry_after_applies_only_to_statuses_that_are_retried() -> None:
    client = Reconnection(jitter=0)
    client.next_delay()
    assert client.accept(200, STREAM, retry_after="20") is True
    assert client.next_delay() == 3.0


@pytest.mark.parametrize("bad", [20, 1.5, ["20"]])
def test_retry_after_must_be_the_header(bad: Any) -> None:
    with pytest.raises(TypeError, match=f"a Retry-After must be str, bytes or None, not {type(bad).__name__}"):
        Reconnection(retry_statuses=[429]).accept(429, None, retry_after=bad)
    with pytest.raises(TypeError, match="a Retry-After must be"):
        Reconnection().accept(200, STREAM, retry_after=bad)


@pytest.mark.parametrize("bad", ["200", None, 200.0])
def test_a_status_must_be_an_int(bad: Any) -> None:
    with pytest.raises(TypeError, match=f"a status must be an int, not {type(bad).__name__}"):
        Reconnection().accept(bad, STREAM)
    with pytest.raises(TypeError, match=f"a status must be an int, not {type(bad).__name__}"):
        Reconnection(retry_statuses=[503, bad])
    with pytest.raises(TypeError, match="Content-Type"):
        Reconnection().accept(200, 5)  # type: ignore[arg-type]  # wrong on purpose


def test_a_single_status_is_not_a_collection() -> None:
    with pytest.raises(TypeError, match=r"^retry_statuses must be a collection of ints, such as \{503\}, not 503$"):
        Reconnection(retry_statuses=503)  # type: ignore[arg-type]  # a mistake of the caller


# The client: the body of a response


def collect(client: Reconnection, way: str, chunks: Any, **options: Any) -> list[ServerSentEvent]:
    """Read a whole connection with `decode` or `adecode`, as `way` says."""
    if way == "decode":
        return list(client.decode(chunks, **options))

    async def run() -> list[ServerSentEvent]:
        return [event async for event in client.adecode(chunks, **options)]

    return asyncio.run(run())


ways = pytest.mark.parametrize("way", ["decode", "adecode"])


@ways
def test_decoding_reports_received_events(way: str) -> None:
    client = Reconnection(jitter=0)
    assert delays(client, 3) == [0.0, 3.0, 6.0]
    assert collect(client, way, [b"id: 1\ndata: a\n", b"\n", b"retry: 700\ndata: b\n\ndata: cut"]) == [
        ServerSentEvent("a", id="1"),
        ServerSentEvent("b", retry=700),
    ]
    assert client.decoder.last_event_id == "1"
    assert client.next_delay() == 0.7
    assert client.failures == 0


@ways
@pytest.mark.parametrize("body", [b"", b": ping\n\n", b"id: 1\n\n", b"data: cut\n"])
def test_decoding_a_body_without_events_reports_none(way: str, body: bytes) -> None:
    client = Reconnection(jitter=0)
    assert delays(client, 2) == [0.0, 3.0]
    assert collect(client, way, body) == []
    assert client.next_delay() == 6.0


@ways
def test_the_first_event_is_enough(way: str) -> None:
    """Even if the client reads no further; its source is then closed."""
    closed = []

    def source() -> Iterator[bytes]:
        try:
            yield b"data: a\n\ndata: b\n\n"
            raise AssertionError
        finally:
            closed.append(True)

    client = Reconnection(jitter=0)
    assert delays(client, 2) == [0.0, 3.0]
    if way == "decode":
        events = client.decode(source())
        assert next(events) == ServerSentEvent("a")
        events.close()
    else:

        async def run() -> None:
            aevents = client.adecode(source())
            assert await anext(aevents) == ServerSentEvent("a")
            await aevents.aclose()

        asyncio.run(run())
    assert closed == [True]
    assert client.next_delay() == 3.0


def test_a_client_that_leaves_closes_the_decoding_iterator(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise only the garbage collector would close it, perhaps late."""
    held = decode(b"data: a\n\ndata: b\n\n")
    monkeypatch.setattr(resume, "decode", lambda *_, **__: held)
    events = Reconnection().decode(b"")
    assert next(events) == ServerSentEvent("a")
    events.close()
    assert list(held) == []


@ways
def test_decoding_passes_options_and_errors_on(way: str) -> None:
    client = Reconnection(Decoder(max_event_size=100))
    assert collect(client, way, b"data: a", on_eof="dispatch") == [ServerSentEvent("a")]
    with pytest.raises(IncompleteEvent):
        collect(client, way, b"data: a", on_eof="raise")
    with pytest.raises(EventTooLarge):
        collect(client, way, b"data: " + b"a" * 100)
    # Raised by the call, not at the first event.
    for options in ({"on_eof": "x"}, {"chunks": 5}):
        with pytest.raises((TypeError, ValueError)):
            getattr(client, way)(**{"chunks": b"", **options})


@ways
def test_decoding_passes_until_on(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = []

    def no_events(chunks: Any, **options: Any) -> Any:
        given.append((chunks, options))
        yield from ()

    async def no_events_async(chunks: Any, **options: Any) -> Any:
        given.append((chunks, options))
        for event in list[ServerSentEvent]():
            yield event

    monkeypatch.setattr(resume, way, no_events if way == "decode" else no_events_async)
    client = Reconnection(jitter=0)
    assert delays(client, 3) == [0.0, 3.0, 6.0]
    assert collect(client, way, b"", until="[DONE]", on_eof="raise") == []
    assert client.next_delay() == 3.0, "the sentinel counts as an event, although it is not yielded"
    assert collect(client, way, b"") == []
    assert client.next_delay() == 3.0
    assert client.next_delay() == 6.0
    assert given == [
        (b"", {"on_eof": "raise", "decoder": client.decoder, "until": "[DONE]"}),
        (b"", {"on_eof": "discard", "decoder": client.decoder, "until": None}),
    ]


# The client: how long it waits


def test_the_first_request_is_made_immediately() -> None:
    decoder = Decoder()
    decoder.feed(b"retry: 5000\n")
    assert delays(Reconnection(decoder, jitter=0), 2) == [0.0, 5.0]


def test_back_off_doubles_up_to_max_delay() -> None:
    client = Reconnection(jitter=0, default_delay=1, max_delay=10)
    assert delays(client, 7) == [0.0, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    assert client.failures == 6


def test_back_off_does_not_overflow() -> None:
    client = Reconnection(min_delay=1e-300, default_delay=0, jitter=0)
    assert client.next_delay() == 0
    assert delays(client, 5000)[-1] == 2.0**100 * 1e-300
    assert client.failures == 5000


def test_back_off_starts_again_after_an_event() -> None:
    client = Reconnection(jitter=0)
    assert delays(client, 4) == [0.0, 3.0, 6.0, 12.0]
    assert client.accept(200, STREAM)
    client.received()
    client.received()
    assert client.failures == 3, "failures is updated by next_delay"
    assert client.next_delay() == 3.0
    assert client.failures == 0
    client.received()
    assert client.next_delay() == 3.0
    assert client.failures == 0
    assert delays(client, 2) == [3.0, 6.0]


def test_a_server_that_accepts_and_closes_is_not_hammered() -> None:
    client = Reconnection(jitter=0)
    waits = []
    for _ in range(5):
        waits.append(client.next_delay())
        assert client.accept(200, STREAM)
    assert waits == [0.0, 3.0, 6.0, 12.0, 24.0]


def test_a_server_that_polls_is_asked_at_its_own_pace() -> None:
    """One event per connection is a valid use of event streams, not a failure."""
    client = Reconnection(jitter=0)
    waits = []
    for _ in range(5):
        waits.append(client.next_delay())
        assert client.accept(200, STREAM)
        for _ in decode(b"retry: 700\ndata: poll\n\n", decoder=client.decoder):
            client.received()
    assert waits == [0.0, 0.7, 0.7, 0.7, 0.7]


@pytest.mark.parametrize(
    ("retry", "delay"),
    [
        ("0", 0.5),
        ("499", 0.5),
        ("500", 0.5),
        ("501", 0.501),
        ("2500", 2.5),
        ("120000", 120.0),
        ("120001", 120.0),
        ("1" + "0" * 12, 120.0),
        ("9" * 18, 120.0),
        ("soon", 3.0),
    ],
)
def test_retry_is_honoured_within_bounds(retry: str, delay: float) -> None:
    client = Reconnection(jitter=0)
    client.next_delay()
    client.accept(200, STREAM)
    client.decoder.feed(f"retry: {retry}\n".encode())
    client.received()
    assert client.next_delay() == delay


def test_retry_0_backs_off_too() -> None:
    client = Reconnection(jitter=0)
    client.next_delay()
    client.decoder.feed(b"retry: 0\n")
    assert delays(client, 4) == [0.5, 1.0, 2.0, 4.0]


def test_the_default_delay_has_the_same_bounds() -> None:
    assert delays(Reconnection(default_delay=0, jitter=0), 2) == [0.0, 0.5]
    assert delays(Reconnection(default_delay=500, jitter=0), 2) == [0.0, 120.0]
    assert delays(Reconnection(min_delay=120, jitter=0), 2) == [0.0, 120.0]


def test_jitter_only_adds() -> None:
    draws = iter([0.0, 0.5, 0.999, 0.25])
    client = Reconnection(default_delay=60, jitter=0.5, random=lambda: next(draws))
    assert delays(client, 5) == [0.0, 60.0, 150.0, 120 + 60 * 0.999, 135.0], "even after the longest wait"


def test_without_jitter_nothing_is_drawn() -> None:
    assert delays(Reconnection(jitter=0, random=lambda: 1 // 0), 2) == [0.0, 3.0]


def test_the_random_source_is_Pythons_unless_given(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = iter([0.5, 0.25])
    monkeypatch.setattr(random, "random", lambda: next(draws))
    assert delays(Reconnection(), 3) == [0.0, 3.75, 6.75]


@pytest.mark.parametrize("most", [1, 2, 5])
def test_giving_up_after_max_failures(most: int) -> None:
    client = Reconnection(jitter=0, default_delay=1, max_failures=most)
    waits = delays(client, most)
    assert waits == [0.0, 1.0, 2.0, 4.0, 8.0][:most]
    with pytest.raises(GaveUp) as caught:
        client.next_delay()
    assert (caught.value.failures, caught.value.waited) == (most, sum(filter(None, waits)))
    assert isinstance(caught.value, SSEError)
    assert client.failures == most
    assert delays(client, 2) == [None, None]


def test_an_event_resets_the_count() -> None:
    client = Reconnection(jitter=0, default_delay=1, max_failures=2, max_outage=2)
    for _ in range(5):
        assert client.next_delay() in {0.0, 1.0}
        assert client.next_delay() == 1.0
        client.received()
    assert client.next_delay() == 1.0
    assert client.next_delay() == 1.0
    with pytest.raises(GaveUp):
        client.next_delay()


@pytest.mark.parametrize(("outage", "expected"), [(0, 0), (0.5, 0), (1, 1), (2.9, 1), (3, 2), (6.5, 2), (7, 3)])
def test_giving_up_after_max_outage(outage: float, expected: int) -> None:
    """The waits are 1, 2 and 4 seconds, as many as fit the limit."""
    client = Reconnection(jitter=0, default_delay=1, max_outage=outage)
    waits = delays(client, 1 + expected)
    assert waits == [0.0, 1.0, 2.0, 4.0][: 1 + expected]
    with pytest.raises(GaveUp) as caught:
        client.next_delay()
    assert (caught.value.failures, caught.value.waited) == (expected + 1, sum(filter(None, waits)))
    assert client.next_delay() is None


def test_the_wait_after_an_event_may_exceed_max_outage() -> None:
    """It is the server's own pace, not an outage. If no event follows, it counts as the start of an outage."""
    client = Reconnection(jitter=0, default_delay=5, max_outage=4)
    assert client.next_delay() == 0.0
    client.received()
    assert client.next_delay() == 5.0
    client.received()
    assert client.next_delay() == 5.0
    with pytest.raises(GaveUp, match=r"^1 request brought no event \(waited 5 s\)$"):
        client.next_delay()


def test_an_outage_includes_jitter_and_retry_after() -> None:
    client = Reconnection(default_delay=1, jitter=1, random=lambda: 0.5, max_outage=21.5, retry_statuses=[503])
    assert delays(client, 2) == [0.0, 1.5]
    client.accept(503, None, retry_after="13")
    assert client.next_delay() == 19.5
    with pytest.raises(GaveUp, match=r"^3 requests in a row brought no event \(waited 21 s\)$"):
        client.next_delay()


def test_a_client_does_not_give_up_by_default() -> None:
    assert None not in delays(Reconnection(jitter=0), 3000)


def test_GaveUp_can_be_copied_and_pickled() -> None:
    error = GaveUp(4, 93.25)
    for again in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (type(again), again.failures, again.waited) == (GaveUp, 4, 93.25)
        assert str(again) == "4 requests in a row brought no event (waited 93.2 s)"


@pytest.mark.parametrize("bad", ["1", 1.5, True])
def test_max_failures_must_be_an_int(bad: Any) -> None:
    with pytest.raises(TypeError, match=f"^max_failures must be an int, not {type(bad).__name__}$"):
        Reconnection(max_failures=bad)


@pytest.mark.parametrize(
    "options",
    [
        {"max_failures": 0},
        {"max_failures": -1},
        {"max_outage": -0.1},
        {"max_outage": float("nan")},
        {"default_delay": -1},
        {"default_delay": float("nan")},
        {"default_delay": float("inf")},
        {"min_delay": 0},
        {"min_delay": -1},
        {"min_delay": float("nan")},
        {"max_delay": float("inf")},
        {"max_delay": float("nan")},
        {"min_delay": 2, "max_delay": 1},
        {"jitter": -0.1},
        {"jitter": float("inf")},
        {"retry_statuses": [204]},
    ],
    ids=str,
)
def test_options_out_of_range(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        Reconnection(**options)


def test_the_error_for_min_delay_also_shows_max_delay() -> None:
    with pytest.raises(ValueError, match="^min_delay must be more than 0 and at most max_delay, not 200 with 120.0$"):
        Reconnection(min_delay=200)


@pytest.mark.parametrize("bad", ["1", True])
def test_max_outage_must_be_a_number(bad: Any) -> None:
    with pytest.raises(TypeError, match=f"^max_outage must be a number, not {type(bad).__name__}$"):
        Reconnection(max_outage=bad)


@pytest.mark.parametrize("name", ["default_delay", "min_delay", "max_delay", "jitter"])
@pytest.mark.parametrize("bad", ["1", None, True])
def test_options_of_the_wrong_type(name: str, bad: Any) -> None:
    with pytest.raises(TypeError, match=f"^{name} must be a number, not {type(bad).__name__}$"):
        Reconnection(**{name: bad})


def test_a_decoder_or_random_of_the_wrong_type() -> None:
    with pytest.raises(TypeError, match="^decoder must be a Decoder, not str$"):
        Reconnection("7")  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(TypeError, match="^random must be callable, not float$"):
        Reconnection(random=0.5)  # type: ignore[arg-type]  # wrong on purpose


def test_unknown_attributes_are_refused() -> None:
    client = Reconnection()
    for name in ("max_delay", "decoder", "failures"):
        with pytest.raises(AttributeError):
            setattr(client, name, 1)
    with pytest.raises(AttributeError):
        EventHistory().max_events = 5  # type: ignore[attr-defined]  # refused


# The client: where it resumes


def test_the_headers_follow_the_decoder() -> None:
    decoder = Decoder(last_event_id="6")
    client = Reconnection(decoder)
    assert client.decoder is decoder
    assert client.request_headers()["Last-Event-ID"] == "6"
    decoder.feed("id: 🍊\n\n".encode())
    assert client.request_headers(encoding="utf-8")["Last-Event-ID"] == "🍊"
    assert client.request_headers(encoding="latin-1")["Last-Event-ID"] == "\xf0\x9f\x8d\x8a"
    with pytest.raises(EncodeError, match="beyond ASCII"):
        client.request_headers()
    decoder.feed(b"id: 7\x0b\n\n")
    with pytest.raises(EncodeError, match="a control character"):
        client.request_headers(encoding="utf-8")
    decoder.feed(b"id\n\n")
    assert client.request_headers() == {"Accept": "text/event-stream", "Cache-Control": "no-store"}
    assert Reconnection().decoder.last_event_id == ""
    assert Reconnection().decoder is not Reconnection().decoder


def test_only_accepting_resets_the_decoder() -> None:
    client = Reconnection(retry_statuses=[503])
    client.decoder.feed(b"id: 1\n\nid: 2\ndata: cut")
    client.next_delay()
    client.accept(503, None)
    client.accept(204, None)
    unfinished = Decoder()
    unfinished.feed(b"id: 1\n\nid: 2\ndata: cut")
    assert copy.copy(client.decoder).close() == unfinished.close() == ServerSentEvent("cut", id="2")
    client = Reconnection(client.decoder)
    client.decoder.feed(b"id: 2\ndata: cut")
    assert client.accept(200, STREAM)
    assert client.decoder.last_event_id == "1", "the id of a cut block is not committed"
    assert client.decoder.feed(b"\xef\xbb\xbfdata: whole\n\n") == [ServerSentEvent("whole")]


def test_accepting_resets_a_failed_decoder() -> None:
    client = Reconnection(Decoder(max_event_size=10))
    with pytest.raises(EventTooLarge):
        client.decoder.feed(b"data: 0123456789")
    assert client.accept(200, STREAM)
    assert client.decoder.feed(b"data: a\n\n") == [ServerSentEvent("a")]


def test_a_client_that_stops_resumes_after_the_last_yielded_event() -> None:
    client = Reconnection()
    for event in decode(b"id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\ndata: c\n\n", decoder=client.decoder):
        if event.data == "b":
            break
    assert client.request_headers()["Last-Event-ID"] == "2"


WORDS = [ServerSentEvent(word, id=f"{word}:{n}", retry=n) for n, word in enumerate(["to", "be", "🍊", "not"])]


def connect(client: Reconnection, wire: bytes) -> Iterator[ServerSentEvent]:
    """Read one connection that delivers only these bytes."""
    assert client.next_delay() is not None
    assert client.accept(200, STREAM)
    for event in decode([wire[:5], wire[5:]], decoder=client.decoder):
        client.received()
        yield event


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_a_cut_anywhere_loses_and_repeats_nothing(line_end: bytes) -> None:
    history = EventHistory()
    for word in WORDS:
        history.append(word)

    def missed(client: Reconnection) -> bytes:
        header = client.request_headers(encoding="latin-1").get("Last-Event-ID")
        found = history.after(parse_last_event_id(header))
        assert found is not None
        return (encode_comment("hello") + b"".join(found)).replace(b"\n", line_end)

    whole = len(missed(Reconnection()))
    for first in range(whole + 1):
        for second in {0, 1, first // 2, first, whole}:
            client = Reconnection()
            got: list[ServerSentEvent] = []
            for size in (first, second, whole):
                got += connect(client, missed(client)[:size])
            assert got == WORDS, (first, second)


# The server


def test_append_returns_the_block_to_send() -> None:
    history = EventHistory()
    event = ServerSentEvent("line 1\nline 2", event="log", id="7", retry=5)
    assert history.append(event) == encode(event)
    assert history.after("") == blocks(event)


def test_after_returns_all_events_after_the_id() -> None:
    history = filled("1", "2", "3")
    assert history.after("") == blocks(tick("1"), tick("2"), tick("3"))
    assert history.after("1") == blocks(tick("2"), tick("3"))
    assert history.after("3") == ()
    assert history.append(tick("4"))
    assert history.after("3") == blocks(tick("4"))


@pytest.mark.parametrize("unknown", ["0", "4", "1 ", "01", "🍊"])
def test_an_id_that_was_never_used_is_unknown(unknown: str) -> None:
    assert filled("1", "2", "3").after(unknown) is None


def test_an_empty_history() -> None:
    assert EventHistory().after("") == ()
    assert EventHistory().after("1") is None


def test_the_last_event_id_is_that_of_a_client_with_all_events() -> None:
    history = EventHistory(max_bytes=50)
    decoder = Decoder()
    for event in (
        tick(None),
        tick("1"),
        tick(None),
        tick(""),
        tick("2"),
        ServerSentEvent("x" * 60, id="3"),
        tick(None),
    ):
        decoder.feed(history.append(event))
        assert history.last_event_id == decoder.last_event_id
    assert decoder.last_event_id == "3"
    with pytest.raises(EncodeError):
        history.append(tick("4\0"))
    assert history.last_event_id == "3"


def test_a_server_may_follow_its_own_history() -> None:
    history = filled("1", "2")
    position, sent = history.last_event_id, list[bytes]()
    for id in ("3", "4", "5"):
        history.append(tick(id))
        if id != "4":  # a slow reader
            missed = history.after(position)
            position = history.last_event_id
            assert missed is not None
            sent += missed
    assert tuple(sent) == blocks(*map(tick, "345"))


def test_ids_may_be_any_text() -> None:
    ids = ["🍊", '[{"topic":"a b","offset":-1}]', " ", "x" * 4096]
    history = filled(*ids)
    for place, id in enumerate(ids, 1):
        assert history.after(id) == blocks(*map(tick, ids[place:]))


def test_an_event_without_an_id_comes_after_the_id_before_it() -> None:
    history = filled(None, "1", None, None, "2", None)
    assert history.after("") == blocks(*map(tick, [None, "1", None, None, "2", None]))
    assert history.after("1") == blocks(*map(tick, [None, None, "2", None]))
    assert history.after("2") == blocks(tick(None))


def test_an_id_of_several_events_stands_for_the_first() -> None:
    history = filled("1", "2", "1", "3", "1")
    assert history.after("1") == blocks(*map(tick, ["2", "1", "3", "1"]))
    assert history.after("3") == blocks(tick("1"))


def test_an_empty_id_means_the_start() -> None:
    history = filled("1", "", "2")
    assert history.after("") == blocks(tick("1"), tick(""), tick("2"))
    assert history.after("1") == blocks(tick(""), tick("2"))
    history = filled("1", "", "2", max_events=2)
    assert history.after("") is None, "the start is dropped, and a client that has seen nothing sends the same id"


def test_at_most_max_events_are_held() -> None:
    history = filled("1", "2", "3", "4", max_events=2)
    assert history.after("") is None
    assert history.after("1") is None
    assert history.after("2") == blocks(tick("3"), tick("4")), "its event is dropped, but none after it is missing"
    assert history.after("3") == blocks(tick("4"))
    assert history.after("4") == ()
    history.append(tick("5"))
    assert history.after("2") is None


def test_at_most_max_bytes_are_held() -> None:
    size = len(encode(tick("1"))) + len("1")
    exactly = filled("1", "2", "3", max_bytes=2 * size)
    assert exactly.after("1") == blocks(tick("2"), tick("3"))
    less = filled("1", "2", "3", max_bytes=2 * size - 1)
    assert less.after("1") is None
    assert less.after("2") == blocks(tick("3"))


@pytest.mark.parametrize(("id", "kept"), [(None, 0), ("", 0), ("a" * 50, 50), ("a" * 49 + "é", 200), ("🍊" * 50, 200)])
def test_the_size_of_an_id_counts(id: str | None, kept: int) -> None:
    """It counts in addition to the block's bytes, until its event is dropped."""
    event = ServerSentEvent("tick", id=id)
    size = len(encode(event)) + kept
    for max_bytes, held in (
        (3 * size, 3),
        (3 * size - 1, 2),
        (2 * size, 2),
        (2 * size - 1, 1),
        (size, 1),
        (size - 1, 0),
    ):
        history = EventHistory(max_bytes=max_bytes)
        for _ in range(9):
            history.append(event)
        assert len(history._blocks) == held


@pytest.mark.parametrize(
    "make",
    [
        lambda n: ServerSentEvent("x" * 50),
        lambda n: ServerSentEvent("x" * 50, id=str(n)),
        lambda n: ServerSentEvent("x" * 50, id=str(n // 2)),
        lambda n: ServerSentEvent("x" * 50, id=str(n % 301)),
        lambda n: ServerSentEvent("x" * 50, id=f"é{n}"),
        lambda n: ServerSentEvent("x" * 50, id=f"🍊{n}"),
        lambda n: ServerSentEvent("x", id=f"{n:020000}"),
        lambda n: ServerSentEvent("x", id=f"🍊{n:05000}"),
    ],
    ids=["none", "short", "in pairs", "in turn", "Latin-1", "emoji", "long", "long with an emoji"],
)
@pytest.mark.parametrize("number", [600, 1500])
def test_memory_use_is_as_documented(make: Callable[[int], ServerSentEvent], number: int) -> None:
    """It uses the bytes that it counts, plus at most the bytes per event that the docstring gives."""
    for n in range(number):  # so that the interpreter's own allocations are not counted
        EventHistory().append(make(n))
    gc.collect()
    tracemalloc.start()
    history = EventHistory(max_events=600)
    for n in range(number):
        history.append(make(n))
    gc.collect()
    used = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    counted = history._size
    dropped = make(0).id or ""
    assert counted == sum(map(len, history._blocks)) + sum(
        len(id) * (1 if id.isascii() else 4) for id in [*history._ids][1:] if id is not None
    )
    own = 300 if dropped else 100
    assert counted < used < counted + own * 600 + 4 * len(dropped) + 10_000
    assert BARE or f"{own} " in (EventHistory.__doc__ or "")


def test_a_large_event_pushes_out_several() -> None:
    history = filled("1", "2", "3", max_bytes=100)
    large = ServerSentEvent("x" * 60, id="4")
    history.append(large)
    assert history.after("2") == blocks(tick("3"), large)
    assert history.after("1") is None


def test_an_event_larger_than_max_bytes_is_not_held() -> None:
    history = filled("1", max_bytes=50)
    block = history.append(ServerSentEvent("x" * 60, id="2"))
    assert block.endswith(b"x\n\n")
    assert history.after("1") is None
    assert history.after("2") == (), "a client that has it missed nothing"
    history.append(tick("3"))
    assert history.after("2") == blocks(tick("3"))


def test_dropping_an_event_without_an_id_forgets_the_id_before_it() -> None:
    history = filled("1", None, "2", max_events=2)
    assert history.after("1") == blocks(tick(None), tick("2"))
    history.append(tick("3"))
    assert history.after("1") is None
    assert history.after("2") == blocks(tick("3"))


def test_an_id_is_unknown_once_its_first_use_is_dropped() -> None:
    """A client that reports it may have stopped at the first use, and would miss events dropped since."""
    history = filled("1", "2", "1", "3", max_events=2)
    assert history.after("1") is None
    history.append(tick("1"))
    assert history.after("1") is None, "one use of it is always held"


def test_an_id_that_was_dropped_may_be_used_again() -> None:
    history = filled("1", "2", "3", "4", max_events=2)
    assert history.after("1") is None
    history.append(tick("1"))
    assert history.after("1") == ()
    history.append(tick("5"))
    assert history.after("1") == blocks(tick("5"))


def test_an_event_that_cannot_be_sent_is_not_added() -> None:
    history = filled("1")
    with pytest.raises(EncodeError):
        history.append(ServerSentEvent("a", id="2\n3"))
    with pytest.raises(TypeError):
        history.append("a")  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(TypeError):
        history.append(ServerSentEvent("a", id=5))  # type: ignore[arg-type]  # wrong on purpose
    assert history.after("1") == ()
    assert history.after("2\n3") is None


class Full:
    """A container that raises MemoryError if anything is added."""

    def __init__(self, container: Any) -> None:
        self._container = container

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)

    def __len__(self) -> int:
        return len(self._container)

    def __iter__(self) -> Any:
        return iter(self._container)

    def __reversed__(self) -> Any:
        return reversed(self._container)

    def __contains__(self, key: object) -> bool:
        return key in self._container

    def __getitem__(self, key: Any) -> Any:
        return self._container[key]

    def append(self, _: object) -> None:
        raise MemoryError

    def __setitem__(self, key: object, _: object) -> None:
        raise MemoryError


@pytest.mark.parametrize(
    ("full", "id"), [("_blocks", "4"), ("_ids", "4"), ("_ids", None), ("_first", "4"), ("_again", "2")]
)
def test_an_append_that_raises_changes_nothing(full: str, id: str | None) -> None:
    def state() -> list[Any]:
        answers = [history.after(known) for known in ("", "1", "2", "3", "4")]
        return [answers, history.last_event_id, history._size, len(history._blocks), len(history._ids)]

    history = filled("1", "2", "3", max_events=3)
    room = getattr(history, full)
    before = state()
    setattr(history, full, Full(room))
    with pytest.raises(MemoryError):
        history.append(tick(id))
    setattr(history, full, room)
    assert state() == before
    history.append(tick("4"))
    assert history.after("3") == blocks(tick("4"))
    assert history.after("1") == blocks(*map(tick, "234"))


def test_a_lying_id_is_kept_as_its_real_value() -> None:
    class Liar(str):
        __slots__ = ()

        def __hash__(self) -> int:
            raise AssertionError

        def __len__(self) -> int:
            return 10**9

    history = EventHistory()
    history.append(ServerSentEvent("a", id=Liar("1")))
    assert history.after("1") == ()
    assert type(history.last_event_id) is str


def test_the_result_of_after_does_not_change() -> None:
    history = filled("1", "2", max_events=2)
    missed = history.after("1")
    history.append(tick("3"))
    assert missed == blocks(tick("2"))
    assert isinstance(missed, tuple)


@pytest.mark.parametrize("bad", [None, b"1", 1])
def test_after_needs_a_str(bad: Any) -> None:
    reason = f"^last_event_id must be a str, not {type(bad).__name__}: see parse_last_event_id$"
    with pytest.raises(TypeError, match=reason):
        EventHistory().after(bad)


@pytest.mark.parametrize("name", ["max_events", "max_bytes"])
def test_bounds_must_be_ints_of_1_or_more(name: str) -> None:
    for bad in ("1", None, 1.5, True):
        with pytest.raises(TypeError, match=f"^{name} must be an int, not {type(bad).__name__}$"):
            EventHistory(**{name: bad})  # type: ignore[arg-type]  # wrong on purpose
    for bad in (0, -1):
        with pytest.raises(ValueError, match=f"^{name} must be at least 1, not {bad}$"):
            EventHistory(**{name: bad})


def test_the_default_bounds() -> None:
    assert EventHistory.__init__.__kwdefaults__ == {"max_events": 10_000, "max_bytes": 8 << 20}
    assert BARE or "8 MiB" in (EventHistory.__doc__ or "")


def test_memory_is_bounded() -> None:
    """Nothing of a dropped event is kept, not even its id."""
    history = EventHistory(max_events=3)
    for number in range(1000):
        history.append(tick(str(number // 2)))
        history.append(tick("" if number % 3 else None))
    containers = [
        getattr(history, name) for name in history.__slots__ if not isinstance(getattr(history, name), (int, str))
    ]
    assert len(containers) == 4
    assert all(len(container) <= 4 for container in containers)
    assert history.after("499") == blocks(tick(""), tick("499"), tick(None))


def test_importing_the_package_does_not_import_it() -> None:
    code = (
        "import sys; sys.path[:] = sys.argv[1:]; import sse_codec; assert 'sse_codec.resume' not in sys.modules; "
        "import sse_codec.resume; print(sorted(sys.modules))"
    )
    bare = [sys.executable, "-I", "-S", "-c", code, *sys.path]
    loaded = ast.literal_eval(subprocess.run(bare, capture_output=True, check=True, text=True).stdout)
    assert not {"random", "json", "dataclasses", "socket"} & set(loaded)


# State machines


class Histories(RuleBasedStateMachine):
    """An EventHistory, checked against lists of all events ever appended."""

    @initialize(max_events=st.integers(1, 5), max_bytes=st.integers(1, 120))
    def make(self, max_events: int, max_bytes: int) -> None:
        self.history = EventHistory(max_events=max_events, max_bytes=max_bytes)
        self.max_events, self.max_bytes = max_events, max_bytes
        self.sent: list[bytes] = []
        self.sizes: list[int] = []
        self.uses: dict[str, list[int]] = {}
        self.last_event_id = ""
        self.start = 0

    @rule(data=st.text("xy\n", max_size=8), id=st.none() | st.sampled_from(["", "a", "b", "c", "d", "é"]))
    def append(self, data: str, id: str | None) -> None:
        event = ServerSentEvent(data, id=id)
        assert self.history.append(event) == encode(event)
        self.sent.append(encode(event))
        self.sizes.append(len(encode(event)) + (0 if id is None else len(id) * (4 if id == "é" else 1)))
        self.last_event_id = self.last_event_id if id is None else id
        assert self.history.last_event_id == self.last_event_id
        if id:
            self.uses.setdefault(id, []).append(len(self.sent))
        self.start = next(place for place in range(len(self.sent) + 1) if self.fits(self.sizes[place:]))
        for known in [known for known, places in self.uses.items() if places[-1] < self.start]:
            del self.uses[known]

    def fits(self, sizes: list[int]) -> bool:
        return len(sizes) <= self.max_events and sum(sizes) <= self.max_bytes

    def expected(self, last_event_id: str) -> tuple[bytes, ...] | None:
        place = self.uses.get(last_event_id, [-1])[0] if last_event_id else 0
        return None if place < self.start else tuple(self.sent[place:])

    @invariant()
    def after_agrees_with_the_model(self) -> None:
        for last_event_id in ("", "a", "b", "c", "d", "é", "never"):
            assert self.history.after(last_event_id) == self.expected(last_event_id)


@given(
    st.lists(st.booleans(), max_size=30),
    st.integers(1, 12),
    st.integers(0, 30),
)
def test_after_misses_no_event_and_with_ids_repeats_none(with_id: list[bool], max_events: int, seen: int) -> None:
    """For a client that has read any part from the start, and reports the last event ID as a browser does."""
    history = EventHistory(max_events=max_events)
    events = [ServerSentEvent(str(n), id=f"id {n}" if given else None) for n, given in enumerate(with_id)]
    wires = [history.append(event) for event in events]
    decoder = Decoder()
    had = decoder.feed(b"".join(wires[:seen]))
    missed = history.after(decoder.last_event_id)
    without = len(had) - max((n for n, event in enumerate(had, 1) if event.id is not None), default=0)
    needed = len(events) - len(had) + without
    if missed is None:
        assert needed > max_events
    else:
        assert missed == tuple(wires[len(wires) - needed :])


class Clients(RuleBasedStateMachine):
    """A Reconnection, checked against a list of the events that each request brought."""

    @initialize(
        default=st.floats(0, 100),
        bounds=st.lists(st.floats(0.001, 200), min_size=2, max_size=2).map(sorted),
        jitter=st.floats(0, 2),
        statuses=st.sampled_from([set(), {429, 503}, {200, 404, 429, 503}]),
    )
    def make(self, default: float, bounds: list[float], jitter: float, statuses: set[int]) -> None:
        self.default, (self.least, self.most), self.jitter, self.statuses = default, bounds, jitter, statuses
        self.decoder = Decoder()
        self.retry: int | None = None
        self.last_event_id = ""
        self.begin()

    def begin(self) -> None:
        self.drawn = 0.0
        self.client = Reconnection(
            self.decoder,
            default_delay=self.default,
            min_delay=self.least,
            max_delay=self.most,
            jitter=self.jitter,
            retry_statuses=self.statuses,
            random=lambda: self.drawn,
        )
        self.counts: list[int] = []  # how many events each request brought
        self.wanted = 0
        self.open = self.over = False

    @rule(drawn=st.floats(0, 1, exclude_max=True))
    def next_delay(self, drawn: float) -> None:
        self.drawn = drawn
        delay = self.client.next_delay()
        if self.over:
            assert delay is None
            self.begin()
            return
        if not self.counts:
            assert delay == 0
        else:
            failures = next((n for n, events in enumerate(reversed(self.counts)) if events), len(self.counts))
            assert self.client.failures == failures
            wait = max(self.default if self.retry is None else self.retry / 1000, self.least)
            for _ in range(failures - 1):
                wait = min(wait * 2, self.most)
            wait = min(max(wait, self.wanted), self.most)
            assert delay == pytest.approx(wait * (1 + self.jitter * drawn))
            assert delay is not None
            assert self.least <= delay <= self.most * (1 + self.jitter) * 1.000000001  # rounding
        self.counts.append(0)  # none yet
        self.wanted = 0
        self.open = False

    @rule(
        status=st.sampled_from([200] * 12 + [204, 404, 429, 503]),
        kind=st.sampled_from([STREAM] * 12 + ["text/html"]),
        retry_after=st.none() | st.integers(0, 300),
    )
    def respond(self, status: int, kind: str, retry_after: int | None) -> None:
        if self.over or not self.counts:
            return  # a precondition would leave too few rules to choose from

        def accept() -> bool:
            return self.client.accept(status, kind, retry_after=None if retry_after is None else str(retry_after))

        if (status, kind) == (200, STREAM):
            assert accept() is True
            self.open = True
        elif status in self.statuses:
            assert accept() is False
            self.wanted = retry_after or 0
        elif status == 204:
            assert accept() is False
            self.over = True
        else:
            with pytest.raises(ConnectionFailed, match=re.escape(f"status {status} and content type '{kind}'")):
                accept()
            self.over = True

    @rule(retry=st.none() | st.integers(0, 10**12), id=st.none() | st.sampled_from(["", "a", "é"]), whole=st.booleans())
    def stream(self, retry: int | None, id: str | None, whole: bool) -> None:
        if not self.open:
            return
        wire = encode_block("x", retry=retry, id=id)
        events = self.client.decoder.feed(wire if whole else wire[:-1])
        assert len(events) == whole
        if retry is not None:
            self.retry = retry
        if whole:
            self.client.received()
            self.counts[-1] += 1
            self.last_event_id = self.last_event_id if id is None else id
        else:
            self.open = False  # cut, so only a new connection can continue

    @rule(
        drawn=st.floats(0, 1, exclude_max=True),
        blocks=st.lists(
            st.tuples(st.none() | st.integers(0, 3000), st.none() | st.just("b"), st.booleans()), max_size=3
        ),
    )
    def connect(self, drawn: float, blocks: list[tuple[int | None, str | None, bool]]) -> None:
        """Run a whole connection, which single rules rarely add up to."""
        self.next_delay(drawn)
        self.respond(200, STREAM, None)
        for block in blocks:
            self.stream(*block)

    @invariant()
    def it_resumes_after_the_last_whole_block(self) -> None:
        headers = getattr(self, "client", Reconnection()).request_headers(encoding="utf-8")
        assert headers.get("Last-Event-ID", "") == getattr(self, "last_event_id", "")


TestHistories = Histories.TestCase
TestClients = Clients.TestCase
TestClients.settings = settings(max_examples=max(10, settings().max_examples // 2))  # they take the longest
