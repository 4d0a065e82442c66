"""check_producer: tests whether what a producer sends arrives as intended.

It takes a callable that turns events into bytes, or an endpoint that sends them. If it finds events that do not arrive,
it raises a report of the smallest ones. The reference decoder is the receiver.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from hypothesis import settings as Settings  # noqa: N812  # the parameter has its name
from hypothesis import strategies as st

from sse_codec._event import Field, ReceivedEvent, ServerSentEvent
from sse_codec._grammar import parse_retry

from ._checks import chosen_seed, narrowed, search
from ._endpoints import Endpoint, PerStream
from ._options import check_choices, check_limits, known_rules, takes_one
from ._reference import Reference, remembered_decode
from ._report import Final, NotConforming, hidden_difference, python_event, section, show_bytes, show_value
from ._rules import (
    BLANK_LINE,
    COMMENT_END,
    PRODUCER_CHECKED,
    PRODUCER_PROMPTNESS,
    PRODUCER_RULES,
    Events,
    Rule,
    touched,
)
from ._sending import OURS, Behind, NotSent, Sending, streams_of
from ._shape import Shape, made_shape
from ._shrink import EventsCase, shrink_events, spoilt_field
from ._strategies import events_without, mostly_many
from ._tour import events_that_cannot_be_sent, large_events_to_send, small_events_to_send
from ._worker import Hang, Run, Worker

Producer: TypeAlias = Callable[[ServerSentEvent], Any]


def check_producer(
    produce: Producer | Endpoint | PerStream,
    *,
    without: Collection[str] = (),
    only: Collection[str] = (),
    unsendable: Literal["contained", "refused", "untested"] = "contained",
    ids: Literal["own", "sticky"] = "own",
    data: Literal["text", "json"] | st.SearchStrategy[str] = "text",
    types: Collection[str] | None = None,
    required: Collection[str] = (),
    until: str | None = None,
    ignore: Callable[[ReceivedEvent], bool] | None = None,
    comment: Callable[[str], Any] | None = None,
    max_retry: int | None = None,
    max_event_size: int | None = None,
    endless: bool = False,
    timeout: float | None = 30.0,
    run: Run | None = None,
    cases: Sequence[Sequence[ServerSentEvent]] | None = None,
    seed: int | None = None,
    settings: Settings | None = None,
) -> None:
    r"""Check that the bytes a producer sends decode to the events that it was given (WHATWG HTML 9.2.6).

    Any legal spelling is accepted: CR or CRLF line ends, no space after the colon (unless the value starts with one),
    an explicit `event: message`, comments and unknown fields in between, fields in any order. Each event must be
    complete with its own bytes, without those of the next event.

    Args:
        produce: takes a ServerSentEvent and returns what to send for it: bytes, str, or an iterable of either. It may
            be a coroutine function or an async generator function. What it returns for successive events makes up one
            stream. Use `per_stream` to make a new producer for each stream, and `asgi`, `wsgi` or `http` to check a
            whole endpoint.
        without: names of rules that the producer does not support, so that a known gap does not hide the next one. The
            check draws no events that touch these rules. With "id", "retry" or "event", it does not compare that field
            either. The rules are:
            "many-events", "many-lines" (over 8), "long" (a line of over 40 characters), "cr-in-data", "line-separator"
            (U+2028, U+0085 and similar), "late-bom" (U+FEFF), "nul", "last-newline" (data that ends in one), "newline"
            (data of several lines), "padded-value" (white space around a value), "empty-data", "empty-id", "colon",
            "control-character", "magic-value" (a number, null, true, JSON, [DONE], ...), "special-character" (& < % \ {
            and similar), "non-ascii", "retry", "id", "event", "events" (more than one in a stream), "promptness" (an
            event comes only with the next); and for what can't be sent: "line-end-in-event", "line-end-in-id",
            "line-end-in-comment", "id-with-null", "empty-event", "surrogate", "negative-retry". docs/rules.md has an
            example of each. Names that `sse_codec.lint` also uses mean the same there.
        only: names of the rules to report. Failures of other rules are ignored. Empty means all rules.
        unsendable: how the producer must treat events that the format can't represent: a line end in a type or an id,
            an id with U+0000, a lone surrogate. "contained": it may raise, send nothing, or send something else
            instead, such as an event that names the error. But the value must not end up in another field and must not
            damage other events, so nothing can be injected; and an id with U+0000 must not be written, because every
            receiver ignores it. "refused": the producer must raise, as `encode` does. "untested": such events are not
            drawn.
        ids: "own": each event must arrive with its own id. "sticky": the check compares what an EventSource reports as
            `lastEventId` instead, so the producer may leave out an id that stays the same, or repeat it.
        data: which payloads to draw: any "text", "json" (compared as parsed values), or texts from a Hypothesis
            strategy.
        types: the only event types to draw. None means any type.
        required: fields that every drawn event must have: "id", "event" or "retry".
        until: the data of an event that the producer adds at the end of its streams, such as "[DONE]". The check does
            not compare this event.
        ignore: takes an event that arrived, and tells whether to ignore it because the producer added it, such as a
            greeting or a keep-alive.
        comment: makes a comment or a keep-alive from a text. It returns what to send, or None if it makes the endpoint
            send it. A line end in the text must not let anything break out of the comment.
        max_retry: the largest reconnection time to draw, in milliseconds. None means no limit.
        max_event_size: the largest event to draw, in bytes of data, type and id. None means no limit.
        endless: whether what the producer returns for an event never ends. The check then reads it until the event has
            arrived, and closes it. Async iterables don't need this option.
        timeout: how many seconds one event may take before the check reports that the producer hangs. The producer
            runs in a thread of its own. With None, it runs in the caller's thread (unless an event loop runs there),
            and if it hangs, so does the check.
        run: runs async producers, such as `trio.run`. None means an asyncio event loop.
        cases: streams to try, as lists of events. The check then draws nothing.
        seed: the seed of the search; the same seed draws the same events. None draws different ones each time.
        settings: Hypothesis settings, such as `settings(max_examples=1000)`. None means the settings in force.

    Raises:
        NotConforming: an event does not arrive as it was sent. This AssertionError is a report: the smallest failing
            events, their bytes, what a consumer reads from them, the sentence of the standard, and a line that
            reproduces the failure.
        TypeError: the producer can't be checked because it takes no argument, returns something else, or does not end;
            or an argument has the wrong type.
        TimeoutError: no published event came out of an endpoint.
        ValueError: an option has an invalid value.

    >>> from sse_codec import encode
    >>> from sse_codec.testing import check_producer
    >>> check_producer(encode, unsendable="refused")
    >>> try:
    ...     check_producer(lambda event: f"data: {event.data}\n\n", without={"id", "retry", "event", "cr-in-data"})
    ... except AssertionError as report:
    ...     print(report.rule, report.wire)
    newline b'data: \na\n\n'
    """
    __tracebackhide__ = True  # pytest shows the test's line, not the kit's
    caller = "check_producer()"
    if not isinstance(produce, (Endpoint, PerStream)):
        takes_one(caller, produce, "an event")
    excluded = known_rules(caller, without, PRODUCER_CHECKED)
    only = known_rules(caller, only, PRODUCER_CHECKED, option="only")
    check_choices(caller, "producer", unsendable=unsendable, ids=ids)
    check_limits(caller, timeout=timeout, max_event_size=max_event_size, max_retry=max_retry)
    shape = made_shape(caller, data, types, required)
    options = _Options(excluded, unsendable, ids, max_retry, max_event_size, until, ignore, comment, shape)
    seed = chosen_seed(seed, settings)
    events = events_without(excluded)
    before = st.just([]) if "events" in excluded else st.just([]) | st.lists(events, max_size=2)
    sendable = st.builds(_sendable_case, before, events)
    spoilers = [] if unsendable == "untested" else _spoilers(excluded)
    first = [] if "events" in excluded else [ServerSentEvent("before")]
    drawn = st.one_of(sendable, _unsendable_cases(events, first, spoilers)) if spoilers else sendable
    with (
        Worker(timeout, run) as worker,
        streams_of(produce, worker, shape, options.is_its_own, endless=endless) as sending,
    ):
        law = _Law(sending, options)
        try:
            if cases is None:
                law.check_comments()
                narrow = narrowed(law, only, PRODUCER_RULES, lambda case: case.events)
                known, many = _known(unsendable), mostly_many(drawn, 6)
                search(known, many, narrow, settings, seed, each=worker.each, shrink=shrink_events)
            else:
                worker.each((EventsCase(list(case), spoilt_field(case[-1])) for case in cases), law.check)
        except Final as final:
            raise final.error from None
        except NotConforming as failure:
            raise failure.finished(seed) from failure.__cause__


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
    """Return the ways to make an event that can't be sent: each is a field, and values to put there."""
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
    """Draw an event that can't be sent, perhaps after one that can."""
    is_first = draw(st.booleans()) or not before
    spoilt, values = draw(st.sampled_from(spoilers))
    event = draw(events)
    event = event.replace(**{spoilt: draw(values)})
    return EventsCase([*([] if is_first else before), event], spoilt)


#: Texts of comments. Those with a line end must not break out.
_COMMENTS = [
    "a", "", " ", ": a", "data: a", "a\nb", "a\ndata: injected", "a\rdata: injected", "a\r\ndata: injected",
    "a\n\ndata: injected\n\n", "a\r\rdata: injected\r\r", "\ndata: injected\n\n", "a\nid: 9", "a\rid: 9", "a\nretry: 0",
    "a\nevent: injected", "a\n", "\r", "a\u2028data: injected", "a\x85data: injected", "a\x0bdata: injected", "é",
]  # fmt: skip


#: Events that differ from all others.
_UNLIKE = [ServerSentEvent("unlike", "unlike", "unlike", 77), ServerSentEvent("unlike 2", "unlike 2", "unlike 2", 78)]
#: The fields that `_COMMENTS` would inject.
_INJECTED = {("data", "injected"), ("event", "injected"), ("id", "9"), ("retry", "0")}


class _Options(NamedTuple):
    """The options of `check_producer`."""

    without: Collection[str]
    unsendable: str
    ids: str
    max_retry: int | None
    max_event_size: int | None
    until: str | None
    ignore: Callable[[ReceivedEvent], bool] | None
    comment: Callable[[str], Any] | None
    shape: Shape

    def is_its_own(self, event: ReceivedEvent) -> bool:
        """Tell whether an event is one that the producer adds."""
        if self.until is not None and event.data == self.until:
            return True
        return self.ignore is not None and bool(self.ignore(event))


class _Sent(NamedTuple):
    """What was sent for a case."""

    wire: bytes
    #: For each event, how long the wire was after it had been sent, and had had time to arrive.
    lengths: list[int]
    #: The exception that was raised, and the number of its event.
    error: Exception | None
    at: int
    #: The event that was sent after all others.
    behind: Behind


class _Law:
    """Each event arrives as it was sent, and no other event arrives."""

    def __init__(self, sending: Sending, options: _Options) -> None:
        self.sending = sending
        self.options = options
        self.left_out = [rule for rule in PRODUCER_RULES if rule.name in options.without]
        self.compared = [name for name in ("event", "id", "retry") if name not in options.without]
        if "id" in self.compared and options.ids == "sticky":
            self.compared[self.compared.index("id")] = "last_event_id"
        #: The last events of earlier streams.
        self.sent_before: Events = []
        #: The events of this case before the shape was applied.
        self.drawn: Events = []

    def __call__(self, case: EventsCase) -> None:
        __tracebackhide__ = True
        # The strategies avoid most of what is left out, but not all of it.
        if not case.events or any(rule.touched_by(case.events) for rule in self.left_out):
            return
        spoilt = [*[""] * (len(case.events) - 1), case.spoilt][: len(case.events)]  # a case may have no events
        shape = self.options.shape
        events = [shape.event(event, field) for event, field in zip(case.events, spoilt, strict=True)]
        if any(map(self._is_beyond, events)):
            return
        self.check(case._replace(events=events), case.events)

    def _is_beyond(self, event: ServerSentEvent) -> bool:
        """Tell whether an event exceeds the limits of the options, or looks like one that the producer adds."""
        options = self.options
        if options.max_retry is not None and (event.retry or 0) > options.max_retry:
            return True
        if options.max_event_size is not None:
            size = sum(len(text.encode("utf-8", "surrogatepass")) for text in (event.data, event.event, event.id or ""))
            if size > options.max_event_size:
                return True
        return options.is_its_own(ReceivedEvent(event.data, event.event, event.id, event.retry))

    def check(self, case: EventsCase, drawn: Events | None = None) -> None:
        """Check one case, even if it touches rules that are left out.

        `drawn` are its events before the shape was applied. They decide which rules the case touches.
        """
        __tracebackhide__ = True
        self.drawn = case.events if drawn is None else drawn
        failure = self._failure_of(case)
        if failure is None:
            if not case.spoilt:
                self.sent_before = [*self.sent_before, *case.events][-2:]
            return
        if self.sending.was_late and failure.rule == PRODUCER_PROMPTNESS.name:
            # The machine may have been busy.
            with self.sending.much_patience():
                confirmed = self._failure_of(case)
            if confirmed is None:
                return
            failure = confirmed
        before, self.sent_before = self.sent_before, []
        if self._arrives_after_something_else(case):
            failure = self._after_others(case, before) or failure.but(
                "It fails only after certain other events, because the producer remembers what it sent before: the "
                "same events arrived when they were sent again. per_stream(...) makes a new producer for each stream."
            )
        raise failure

    def _arrives_after_something_else(self, case: EventsCase) -> bool:
        """Tell whether a case passes when it is sent again, either directly or after events unlike it."""
        if self._failure_of(case) is None:
            return True
        self._failure_of(EventsCase(list(map(self.options.shape.event, _UNLIKE)), ""))
        return self._failure_of(case) is None

    def _after_others(self, case: EventsCase, before: Events) -> NotConforming | None:
        """Return the failure with earlier events in front, in the same stream; None if it passes."""
        for number in range(1, len(before) + 1):
            self.drawn = [*before[-number:], *case.events]
            failure = self._failure_of(case._replace(events=self.drawn))
            if failure is not None:
                return failure.but(
                    "Sent alone, the last events arrive. They fail only after the others, because the producer "
                    "remembers what it sent before. per_stream(...) makes a new producer for each stream."
                )
        return None

    def _failure_of(self, case: EventsCase) -> NotConforming | None:
        try:
            sent = self._sent(case)
        except Hang:
            sending = self.sending
            seconds = f"{sending.worker.timeout:g} seconds"
            what = f"the producer hangs: it did not finish within {seconds}"
            hung = self._failure(case, sending.wire, [], None, what)
            raise Final(
                hung.but(
                    "If its stream never ends, pass endless=True: the check then reads until the event has arrived. "
                    "To check a whole endpoint, use asgi(), wsgi() or http()."
                )
            ) from None
        failure = self._judged(case, sent)
        self.sending.end(is_fine=failure is None)
        return failure

    def _sent(self, case: EventsCase) -> _Sent:
        """Send the events of a case, and one more after them."""
        self.sending.start()
        lengths: list[int] = []
        for at, event in enumerate(case.events):
            is_spoilt = bool(case.spoilt) and at == len(case.events) - 1
            try:
                self.sending.send(event, is_spoilt=is_spoilt)
            except NotSent as mistake:
                raise Final(TypeError(f"check_producer(): {mistake}")) from None
            except NotConforming:  # an endpoint's response
                raise
            except Exception as error:  # noqa: BLE001  # any error is the producer's
                return _Sent(self.sending.wire, lengths, error, at, OURS)
            lengths.append(len(self.sending.wire))
        try:
            behind = self.sending.behind()
        except Exception as error:  # noqa: BLE001  # the same: an endpoint may fail only now
            return _Sent(self.sending.wire, lengths, error, len(case.events) - 1, OURS)
        return _Sent(self.sending.wire, lengths, None, -1, behind)

    def _received(self, sent: _Sent) -> Reference:
        """Return what a receiver reads from what was sent."""
        wire = sent.wire + sent.behind.wire
        if self.sending.starts_streams:
            reference = remembered_decode(wire)
        else:  # not the start of the stream, so a byte order mark is text
            reference = remembered_decode(b"\n" + wire, last_event_id=self.sending.last_event_id)
            reference = reference._replace(ends=[end - 1 for end in reference.ends])
        kept = [
            (event, end)
            for event, end in zip(reference.events, reference.ends, strict=True)
            if not self.sending.is_old(event) and not self.options.is_its_own(event)
        ]
        return reference._replace(events=[event for event, _ in kept], ends=[end for _, end in kept])

    def _judged(self, case: EventsCase, sent: _Sent) -> NotConforming | None:
        """Return the failure of what was sent; None if there is none."""
        if sent.error is not None:
            if case.spoilt and sent.at == len(case.events) - 1:
                return None  # refused
            what = "the producer raised"
            failure = self._failure(case, sent.wire, [], None, what, error=sent.error)
            failure.__cause__ = sent.error
            return failure
        expected = [_arriving(event) for event in case.events]
        got = self._received(sent)
        if case.spoilt:
            return self._judged_spoilt(case, sent, expected, got)
        should = self._seen([*expected, sent.behind.event])
        if self._are(got.events, should):
            late = next((at for at, length in enumerate(sent.lengths) if got.ends[at] > length), None)
            if late is None or "promptness" in self.options.without:
                return None
            what = f"event {late + 1} is complete only when more is sent after it"
            return self._failure(
                case, sent.wire, expected, got.events, what, rule=PRODUCER_PROMPTNESS, behind=sent.behind
            )
        # The last event may be held back until another follows.
        more = b"" if len(got.events) >= len(should) else self.sending.one_more(sent.behind)
        if more:
            later = self._received(sent._replace(wire=sent.wire + more))
            if self._are(later.events[: len(expected)], should[:-1]):
                if "promptness" in self.options.without:
                    return None
                what = f"event {len(expected)} is complete only when more is sent after it"
                return self._failure(
                    case, sent.wire + more, expected, later.events, what, rule=PRODUCER_PROMPTNESS, behind=sent.behind
                )
        what = f"the producer's bytes do not decode to the event{'s' * (len(case.events) > 1)}"
        failure = self._failure(case, sent.wire, expected, got.events, what, behind=sent.behind)
        if "id" in self.compared:
            sticky = [name if name != "id" else "last_event_id" for name in self.compared]
            if self._are(got.events, should, sticky):
                failure = failure.but('The lastEventId of an EventSource is still right. ids="sticky" accepts that.')
        return failure

    def _judged_spoilt(self, case: EventsCase, sent: _Sent, expected: Events, got: Reference) -> NotConforming | None:
        """Return the failure of a case whose last event can't be sent; None if it was handled well."""
        spoilt = case.spoilt
        if self.options.unsendable == "refused":
            what = "the producer sent what it should have refused"
            return self._failure(case, sent.wire, [], got.events, what, behind=sent.behind)
        ignored = any(isinstance(line, Field) and line.name == "id" and "\0" in line.value for line in got.lines)
        if spoilt == "id" and ignored:
            what = "the producer wrote an id that every receiver ignores"
            return self._failure(case, sent.wire, expected, got.events, what, behind=sent.behind)
        before = self._seen(expected[:-1])
        last = got.events[-1] if len(got.events) > len(before) else None
        in_place = got.events[len(before) : -1]
        behind = self._seen([*expected[:-1], sent.behind.event])[-1:]
        is_intact = (
            self._are(got.events[: len(before)], before)
            and last is not None
            and self._are([last], behind, [name for name in self.compared if name != "last_event_id"])
        )
        what = "the producer let a value break out of its field"
        if is_intact and len(in_place) <= 1:
            event = in_place[0] if in_place else None
            is_out = _is_injected(got, [event, last], case.events[-1], spoilt)
            if not is_out and (event is None or self._is_harmless(event, expected[-1], spoilt)):
                return None
        elif not is_intact and len(in_place) <= 1:
            what = "an event that can't be sent damages other events"
        return self._failure(case, sent.wire, expected, got.events, what, behind=sent.behind)

    def _is_harmless(self, event: ReceivedEvent, sent: ServerSentEvent, spoilt: str) -> bool:
        """Tell whether an event that stands in for an unsendable one is harmless.

        It is if it has nothing to do with that event, or equals it in all other fields.
        """
        is_same = self.options.shape.same(event.data, sent.data)
        is_it = is_same or bool(set(event.data.split("\n")) & set(sent.data.split("\n")) - {""})
        if not is_it or spoilt == "data":
            return True
        names = [name for name in self.compared if name not in {spoilt, "last_event_id"}]
        return is_same and all(getattr(event, name) == getattr(sent, name) for name in names)

    def _seen(self, events: Sequence[ServerSentEvent]) -> list[ServerSentEvent]:
        """Return the events, each with the last event ID that it must arrive with."""
        last_event_id = self.sending.last_event_id
        seen: list[ServerSentEvent] = []
        for event in events:
            last_event_id = last_event_id if event.id is None else event.id
            seen.append(ReceivedEvent(event.data, event.event, event.id, event.retry, last_event_id))
        return seen

    def _are(
        self, got: Sequence[ServerSentEvent], should: Sequence[ServerSentEvent], names: Sequence[str] | None = None
    ) -> bool:
        """Tell whether the right events arrived. `names`: the fields to compare besides data."""
        names = self.compared if names is None else names
        return len(got) == len(should) and all(
            self.options.shape.same(event.data, wanted.data)
            and all(getattr(event, name) == getattr(wanted, name) for name in names)
            for event, wanted in zip(got, should, strict=True)
        )

    def check_comments(self) -> None:
        """Check that no line end lets text break out of a comment."""
        __tracebackhide__ = True
        if self.options.comment is None or COMMENT_END.name in self.options.without:
            return
        for text in _COMMENTS:
            has_end = "\n" in text or "\r" in text
            self.sending.start()
            error: Exception | None = None
            what = ""
            behind = OURS
            try:
                self.sending.comment(self.options.comment, text)
                behind = self.sending.behind()
            except NotSent as mistake:
                raise Final(TypeError(f"check_producer(): {mistake}")) from None
            except Exception as raised:  # noqa: BLE001  # any error is the producer's
                error = raised
                what = "" if has_end else "the producer raised"
            sent = _Sent(self.sending.wire, [], error, -1, behind)
            got = self._received(sent)
            is_out = any(isinstance(line, Field) and (line.name, line.value) in _INJECTED for line in got.lines)
            if error is None and (is_out or not self._are(got.events, self._seen([behind.event]))):
                what = "the producer let a value break out of a comment"
            self.sending.end(is_fine=not what)
            if what:
                case = EventsCase([], "")
                body = section("the comment", [show_value(text)])
                raise self._failure(case, sent.wire, [], got.events, what, COMMENT_END, error, behind, body) from error

    def _failure(  # noqa: PLR0917  # a report has many parts
        self,
        case: EventsCase,
        wire: bytes,
        expected: Events,
        got: Sequence[ServerSentEvent] | None,
        what: str,
        rule: Rule[Events] | None = None,
        error: Exception | None = None,
        behind: Behind = OURS,
        head: str = "",
    ) -> NotConforming:
        rule = rule or _broken_rule(case._replace(events=self.drawn), wire)
        parts = [
            head or section("the events", [show_value(event) for event in case.events]),
            section("what was sent", [show_bytes(wire)]),
        ]
        if error is not None:
            parts.append(section("what it raised", [f"{type(error).__name__}: {show_value(str(error))}"]))
        if case.spoilt:
            contained = "" if self.options.unsendable == "refused" else ", or replaced by something harmless"
            refused = f"the last event can't be sent because of its {case.spoilt} field: it must be refused{contained}"
            parts.append(section("what should happen", [refused]))
        elif got is not None and error is None:
            parts.append(section("what should arrive", [show_value(event) for event in expected]))
        if got is not None and error is None:
            has_it = bool(got) and got[-1].data == behind.event.data
            arrived = [show_value(event) for event in (got[:-1] if has_it else got)]
            title = "what arrives" if has_it else 'what arrives, with the event "data: behind" that was sent last'
            parts.append(section(title, arrived))
            hidden = [
                line
                for number, (event, should) in enumerate(zip(got[: len(arrived)], expected, strict=False), 1)
                for name in ("event", "data", "id")
                for line in hidden_difference(f"event {number}, {name}", getattr(event, name), getattr(should, name))
            ]
            if hidden and not case.spoilt:
                parts.append(section("where they differ", hidden))
        shown = ", ".join(map(python_event, case.events))
        failure = NotConforming(
            rule,
            what,
            "\n".join(parts),
            case=case.events,
            wire=wire,
            expected=expected,
            got=None if error else got,
            again=f"cases=[[{shown}]]" if case.events else "",
        )
        if case.events:
            failure.touches = frozenset(each.name for each in PRODUCER_RULES if each.touched_by(self.drawn))
        return failure


def _is_injected(got: Reference, arrived: Sequence[ReceivedEvent | None], sent: ServerSentEvent, spoilt: str) -> bool:
    """Tell whether the text after a line end in a value has become a field."""
    _, *lines = re.split("\r\n|\r|\n", str(getattr(sent, spoilt)))
    fields = {(name, text.removeprefix(" ")) for name, _, text in (line.partition(":") for line in lines)}
    event = arrived[0]  # an id may have gone to the event after it
    ids = {each.last_event_id for each in arrived if each is not None}
    return any(
        (name == "data" and event is not None and text in event.data.split("\n") and text not in sent.data)
        or (name == "id" != spoilt and text != (sent.id or "") and text in ids)
        or (name == "event" != spoilt and event is not None and event.event == text != sent.event)
        or (name == "retry" != spoilt and sent.retry is None and parse_retry(text) == got.reconnection_time is not None)
        for name, text in fields
    )


def _broken_rule(case: EventsCase, wire: bytes) -> Rule[Events]:
    if case.spoilt:
        return touched([case.events[-1]], PRODUCER_RULES)
    rule = touched(case.events, PRODUCER_RULES)
    is_open = remembered_decode(wire).unfinished is not None
    return BLANK_LINE if is_open and rule.name in {"data", "events"} else rule


def _arriving(event: ServerSentEvent) -> ServerSentEvent:
    """Return an event as it should arrive: all line ends in data are LF."""
    data = event.data.replace("\r\n", "\n").replace("\r", "\n")
    return ServerSentEvent(data, event.event, event.id, event.retry)
