"""check_producer: does what somebody sends arrive as what was to be sent?

In goes a callable that turns events into bytes, out comes nothing, or a report of the smallest event that it spoils.
The reference decoder is the receiver.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, Literal, TypeAlias

from hypothesis import settings as Settings  # noqa: N812  # the parameter has its name
from hypothesis import strategies as st

from sse_codec._event import Field, ServerSentEvent
from sse_codec.testing._checks import drained, known_rules, one_of, search, touched
from sse_codec.testing._reference import reference_decode
from sse_codec.testing._report import NotConforming, section, show_bytes, show_value
from sse_codec.testing._rules import BLANK_LINE, PRODUCER_RULES, Events, Rule
from sse_codec.testing._shrink import EventsCase, shrink_events
from sse_codec.testing._strategies import _events, mostly_many
from sse_codec.testing._tour import events_that_cannot_be_sent, large_events_to_send, small_events_to_send

Produced: TypeAlias = bytes | str | Iterable[bytes | str]
Producer: TypeAlias = Callable[[ServerSentEvent], Produced | AsyncIterable[bytes | str] | Awaitable[Any]]

#: Sent behind everything: whatever was left open swallows it.
_BEHIND = ServerSentEvent("behind")
_BEHIND_WIRE = b"data: behind\n\n"


def check_producer(
    produce: Producer,
    *,
    without: Collection[str] = (),
    unsendable: Literal["contained", "refused", "untested"] = "contained",
    max_retry: int | None = None,
    seed: int | None = None,
    settings: Settings | None = None,
) -> None:
    r"""Check that what a producer makes of events is what a conforming consumer makes of its bytes (WHATWG HTML 9.2).

    Whatever legal spelling it prefers is right: CR or CRLF line ends, no space after the colon where none is lost, an
    explicit `event: message`, comments and unknown fields in between, any order of fields.

    Args:
        produce: takes a ServerSentEvent and returns what is sent for it: bytes, str, or an iterable of either; or is a
            coroutine function or an async generator function of these, run by `asyncio.run`. What it sends for several
            events, one after the other, makes one stream.
        without: names of what the producer does not support, so that a known gap does not hide the next one. Events
            that touch one of them are not drawn, and "id", "retry" and "event" are not compared either. They are:
            "long" (over 1000 characters), "cr-in-data", "line-separator" (U+2028, U+0085 and the like), "late-bom"
            (U+FEFF), "nul", "last-newline" (data ends in one), "newline" (data of several lines), "padded-value" (white
            space around one), "empty-data", "empty-id", "colon", "non-ascii", "retry", "id", "event", "events" (more
            than one in a stream); of events that can't be sent: "line-end-in-event", "line-end-in-id", "id-with-null",
            "empty-event", "surrogate", "negative-retry". A name that `sse_codec.lint` uses too means the same there.
        unsendable: what becomes of events that the format can't hold: a line end in a type or an id, an id with U+0000,
            a lone surrogate. "contained": the producer may raise, or send something else in that place, but no other
            field, no other event, may suffer from it; that is, nothing can be injected. An id with U+0000 may not be
            written, because each receiver ignores it. "refused": it must raise, as `encode` does. "untested": not
            drawn.
        max_retry: the largest reconnection time that it can send, in milliseconds; None: any.
        seed: draws the same events each time that it is given; None: others each time.
        settings: Hypothesis's settings, such as `settings(max_examples=1000)`; those in force when None.

    Raises:
        NotConforming: an AssertionError with a report: the smallest events that fail, the bytes, what a consumer
            makes of them, and the sentence of the standard.
        ValueError: an option has a value that there is not.

    >>> from sse_codec import encode
    >>> from sse_codec.testing import check_producer
    >>> check_producer(encode, unsendable="refused")
    >>> try:
    ...     check_producer(lambda event: f"data: {event.data}\n\n", without={"id", "retry", "event", "cr-in-data"})
    ... except AssertionError as report:
    ...     print(report.rule, report.wire)
    newline b'data: a\nb\n\n'
    """
    excluded = known_rules("check_producer()", without, PRODUCER_RULES)
    one_of("check_producer()", "unsendable", unsendable, ("contained", "refused", "untested"))
    events = _events(excluded)
    before = st.just([]) if "events" in excluded else st.just([]) | st.lists(events, max_size=2)
    sendable = st.builds(_sendable_case, before, events)
    spoilers = [] if unsendable == "untested" else _spoilers(excluded)
    first = [] if "events" in excluded else [ServerSentEvent("before")]
    cases = st.one_of(sendable, _unsendable_cases(events, first, spoilers)) if spoilers else sendable
    law = _Law(produce, excluded, unsendable, max_retry)
    search(_known(unsendable), mostly_many(cases, 6), law, settings, seed, shrink=shrink_events)


def _sendable_case(before: Events, event: ServerSentEvent) -> EventsCase:
    return EventsCase([*before, event], "")


def _known(unsendable: str) -> Iterator[EventsCase]:
    for events in small_events_to_send():
        yield EventsCase(events, "")
    if unsendable != "untested":
        for event, spoilt in events_that_cannot_be_sent():
            yield EventsCase([event], spoilt)
    for events in large_events_to_send():
        yield EventsCase(events, "")


_Spoiler: TypeAlias = tuple[str, st.SearchStrategy[Any]]


def _joined(before: str, end: str, after: str) -> str:
    return before + end + after


def _spoilers(without: Collection[str]) -> list[_Spoiler]:
    """Return what makes an event one that can't be sent: for each way the field and the values to put there."""
    line_ends = st.builds(
        _joined,
        st.sampled_from(["", "a"]),
        st.sampled_from(["\n", "\r", "\r\n", "\n\n", "\r\r"]),
        st.sampled_from(["data: injected", "b", "", "id: 9", "data: injected\n\n", "retry: 0", ": comment"]),
    )
    surrogates = st.sampled_from(["\ud800", "a\udfffb"])
    spoilers: list[tuple[set[str], _Spoiler]] = [
        *[({"event", "line-end-in-event"}, ("event", line_ends))] * 3,
        *[({"id", "line-end-in-id"}, ("id", line_ends))] * 3,
        ({"id", "id-with-null"}, ("id", st.sampled_from(["\0", "1\0", "\x002"]))),
        ({"event", "empty-event"}, ("event", st.just(""))),
        ({"retry", "negative-retry"}, ("retry", st.sampled_from([-1, -(10**9)]))),
        ({"surrogate"}, ("data", surrogates)),
        ({"surrogate", "event"}, ("event", surrogates)),
        ({"surrogate", "id"}, ("id", surrogates)),
    ]
    return [spoiler for rules, spoiler in spoilers if not rules & set(without)]


@st.composite
def _unsendable_cases(
    draw: st.DrawFn, events: st.SearchStrategy[ServerSentEvent], before: Events, spoilers: list[_Spoiler]
) -> EventsCase:
    """Draw an event that can't be sent, perhaps behind one that can."""
    is_first = draw(st.booleans()) or not before
    spoilt, values = draw(st.sampled_from(spoilers))
    event = draw(events)
    parts: dict[str, Any] = {
        "data": event.data,
        "event": event.event,
        "id": event.id,
        "retry": event.retry,
        spoilt: draw(values),
    }
    return EventsCase([*([] if is_first else before), ServerSentEvent(**parts)], spoilt)


class _Law:
    """Each event arrives as it was to be sent, and none that was not."""

    def __init__(
        self, produce: Producer, without: Collection[str], unsendable: str, max_retry: int | None = None
    ) -> None:
        self.produce = produce
        self.max_retry = max_retry
        self.unsendable = unsendable
        self.left_out = [rule for rule in PRODUCER_RULES if rule.name in without]
        self.compared = [name for name in ("data", "event", "id", "retry") if name not in without]

    def __call__(self, case: EventsCase) -> None:
        # Nearly all that is left out is not drawn either.
        if any(rule.touched_by(case.events) for rule in self.left_out):
            return
        if self.max_retry is not None and any((event.retry or 0) > self.max_retry for event in case.events):
            return
        wire = b""
        for event in case.events:
            can_be_sent = not case.spoilt or event is not case.events[-1]
            try:
                wire += _as_bytes(drained(self.produce(event)))
            except Exception as error:
                if can_be_sent:
                    raise self._failure(case, wire, [], None, "the producer raised") from error
                return
        expected = [_arriving(event) for event in case.events]
        got = reference_decode(wire + _BEHIND_WIRE)
        if case.spoilt and self.unsendable == "refused":
            raise self._failure(case, wire, [], got.events, "the producer sent what it should have refused")
        if any(isinstance(line, Field) and line.name == "id" and "\0" in line.value for line in got.lines):
            raise self._failure(case, wire, expected, got.events, "the producer wrote an id that each receiver ignores")
        seen = [self._seen(event) for event in got.events]
        should = [self._seen(event) for event in [*expected, _BEHIND]]
        if case.spoilt and len(seen) == len(should):
            seen[-2].pop(case.spoilt, None)
            should[-2].pop(case.spoilt, None)
        if seen != should:
            what = (
                "the producer let a value out of its field" if case.spoilt
                else "the producer's bytes do not carry the event" if len(case.events) == 1
                else "the producer's bytes do not carry the events"
            )  # fmt: skip
            raise self._failure(case, wire, expected, got.events, what)

    def _seen(self, event: ServerSentEvent) -> dict[str, object]:
        return {name: getattr(event, name) for name in self.compared}

    def _failure(
        self, case: EventsCase, wire: bytes, expected: Events, got: Sequence[ServerSentEvent] | None, what: str
    ) -> NotConforming:
        rule = _broken_rule(case, wire)
        parts = [
            section("the events", [show_value(event) for event in case.events]),
            section("what was sent for them", [show_bytes(wire)]),
        ]
        if case.spoilt:
            contained = "" if self.unsendable == "refused" else ", or sent without harm to anything else"
            refused = f"the {case.spoilt} of the last event can't be sent: it is refused{contained}"
            parts.append(section("what should be", [refused]))
        elif got is not None:
            parts.append(section("what should arrive", [show_value(event) for event in expected]))
        if got is not None:
            behind = ["(then the event data: behind, sent after them)"] if got[-1:] == [_BEHIND] else []
            arrived = [show_value(event) for event in (got[:-1] if behind else got)]
            title = "what does arrive" if behind else "what does arrive, with an event data: behind sent after them"
            parts.append(section(title, arrived))
        return NotConforming(rule, what, "\n".join(parts), case=case.events, wire=wire, expected=expected, got=got)


def _broken_rule(case: EventsCase, wire: bytes) -> Rule[Events]:
    if case.spoilt:
        return touched([case.events[-1]], PRODUCER_RULES)
    rule = touched(case.events, PRODUCER_RULES)
    is_open = reference_decode(wire).unfinished is not None
    return BLANK_LINE if is_open and rule.name in {"data", "events"} else rule


def _arriving(event: ServerSentEvent) -> ServerSentEvent:
    """Return what arrives of an event: line ends in data are LF."""
    data = event.data.replace("\r\n", "\n").replace("\r", "\n")
    return ServerSentEvent(data, event.event, event.id, event.retry)


def _as_bytes(produced: Produced) -> bytes:
    """Join what was produced; text is sent as UTF-8."""
    if isinstance(produced, str):
        return produced.encode()
    if isinstance(produced, (bytes, bytearray, memoryview)):
        return bytes(produced)
    return b"".join(map(_as_bytes, produced))
