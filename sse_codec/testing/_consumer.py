"""check_consumer: tests whether a consumer reads streams as the standard says, and returns each event in time.

It takes a callable that turns chunks into events. If it finds a stream that the callable reads wrongly, it raises a
report of the smallest one. The reference decoder defines what is right.
"""

from __future__ import annotations

import codecs
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from itertools import accumulate, takewhile
from typing import Any, Literal, NamedTuple

from hypothesis import settings as Settings  # noqa: N812  # the parameter has its name
from hypothesis import strategies as st

from sse_codec._event import BlankLine, Comment, Field, ReceivedEvent
from sse_codec._grammar import parse_retry

from ._checks import chosen_seed, narrowed, search
from ._chunks import Chunks
from ._options import check_choices, check_limits, is_one_of, known_rules, takes_one
from ._reference import Reference, remembered_decode
from ._report import Final, NotConforming, hidden_difference, python_chunks, section, show_bytes, show_value
from ._rules import (
    CONSUMER_CHECKED,
    CONSUMER_RULES,
    PROMPTNESS,
    PROMPTNESS_CR,
    Rule,
    Stream,
    touched,
)
from ._shape import Shape, made_shape
from ._shrink import shrink_stream
from ._strategies import chunked, mostly_many, wires
from ._tour import streams_in_chunks
from ._worker import Hang, Run, Worker

Consumer = Callable[[Any], Any]

#: Rules that a consumer of text cannot touch, because the bytes have already been decoded.
_OF_BYTES = {"invalid-utf-8", "cut-utf-8", "leading-bom", "cut-bom"}
#: Rules that a consumer of lines cannot touch, because the stream has already been split.
_OF_LINES = {"cut", "cut-utf-8", "cut-crlf", "leading-bom", "cut-bom", "bare-cr", "crlf", "mixed-line-ends"}

#: How many seconds events may take to come out before the next chunk is handed over, if another thread or task reads
#: the chunks: at first, and on a second try, to rule out that the machine was just busy.
_PATIENCE = 0.1
_MUCH_PATIENCE = 3.0


def check_consumer(
    consume: Consumer,
    *,
    without: Collection[str] = (),
    only: Collection[str] = (),
    ids: Literal["own", "sticky", "either"] = "either",
    retries: Literal["own", "sticky", "either"] = "either",
    on_eof: Literal["discard", "dispatch"] = "discard",
    comments: Literal["dropped", "kept", "kept raw"] = "dropped",
    text: bool = False,
    lines: bool = False,
    data: Literal["text", "json"] | st.SearchStrategy[str] = "text",
    types: Collection[str] | None = None,
    required: Collection[str] = (),
    until: str | None = None,
    ignore: Callable[[Any], bool] | None = None,
    max_retry: int | None = None,
    max_event_size: int | None = None,
    timeout: float | None = 30.0,
    run: Run | None = None,
    cases: Sequence[Sequence[bytes]] | None = None,
    seed: int | None = None,
    settings: Settings | None = None,
) -> None:
    r"""Check that a consumer reads any stream, cut anywhere, as the standard says (WHATWG HTML 9.2.6).

    A consumer that returns events while it reads must return each event before it asks for the chunk after the event's
    last byte. If it reads ahead in another thread or task, the check gives it time to return its events.

    Args:
        consume: takes the chunks and returns the events.

            The chunks are bytes, and come as one object that is both an iterator and an async iterator. For HTTP
            clients that tell the two apart, `iter(chunks)` is only an iterator and `aiter(chunks)` only an async one.
            `chunks.all()` returns all chunks as a list.

            The events may be an iterable, an async iterable, or a coroutine that returns either. Each event is a tuple
            `(type, data)`, `(type, data, id)` or `(type, data, id, retry)`, or an object or mapping with `data` and
            `event` (or `type`). A type of None or "" means "message". The object may also have `id`, `retry` and
            `last_event_id` (or `lastEventId`), which is always the last event ID of the stream. An int `chunk` says
            which chunk the event came with, counted from 0; with `chunks.all()`, promptness is only checked for events
            that have it.
        without: names of rules that the consumer does not support, so that a known gap does not hide the next one. The
            check draws no streams that touch these rules. With "id", "retry" or "event", it does not require or compare
            that field either. The rules are:
            "empty-chunk", "cut-bom", "cut-utf-8", "cut-crlf", "cut" (chunks that end inside something, or at all),
            "many-events", "many-lines" (over 8, in a stream or a block), "long" (a line of over 50 bytes),
            "invalid-utf-8", "late-bom", "leading-bom", "line-separator" (U+2028, U+0085 and similar), "id-with-null",
            "nul", "mixed-line-ends", "bare-cr", "crlf", "unfinished-block" (no last blank line), "comment",
            "white-space-line", "unknown-field", "no-colon", "invalid-retry", "missing-space" (after the colon),
            "data-lines", "padded-value" (white space around a value), "colon" (in a value), "control-character",
            "magic-value" (a number, null, true, JSON, [DONE], ...), "special-character" (& < % \ { and similar),
            "overwritten-field", "event-without-data", "blank-lines", "empty-data", "empty-event", "empty-id",
            "non-ascii", "retry", "id", "event", "events" (more than one), "promptness" (at all), "promptness-cr" (after
            a CR). docs/rules.md has an example of each. Names that `sse_codec.lint` also uses mean the same there.
        only: names of the rules to report. Failures of other rules are ignored. Empty means all rules.
        ids: what `id` means in the consumer's events: "own", the id field of the event's block; "sticky", the last
            event ID of the stream; or "either", if one of these fits all events of a stream. None and "" both mean no
            id.
        retries: what `retry` means; the same choices as for `ids`.
        on_eof: what the consumer must do with an event that the end of the stream cuts off: "discard" it, as the
            standard says, or "dispatch" it, as if its blank line had arrived.
        comments: whether the consumer also returns comments, as `sse_codec.Comment` or as an object or mapping with
            `comment`: "dropped" (no), "kept" (without the space after the colon) or "kept raw" (with that space).
        text: whether the consumer takes str chunks, decoded as a UTF-8 stream. Rules about bytes are then left out.
        lines: whether the consumer takes lines without their line ends instead of chunks: bytes, or str with `text`.
        data: which payloads to draw: any "text", "json", or texts from a Hypothesis strategy. With "json", the consumer
            may return the JSON text or the parsed value.
        types: the only event types to draw. None means any type.
        required: fields that every drawn event must have: "id", "event" or "retry".
        until: the data of the event that ends each stream, such as "[DONE]". The check adds this event to every stream
            and does not compare what follows it. The consumer may return the event or not.
        ignore: takes an item that the consumer returned, and tells whether to ignore it because it is not in the
            stream, such as a greeting.
        max_retry: the largest reconnection time to draw, in milliseconds. None means no limit, as in the standard.
        max_event_size: the largest block to draw, in bytes. None means no limit, as in the standard.
        timeout: how many seconds one stream may take before the check reports that the consumer hangs. The consumer
            runs in a thread of its own. With None, it runs in the caller's thread (unless an event loop runs there),
            and if it hangs, so does the check.
        run: runs async consumers, such as `trio.run`. None means an asyncio event loop.
        cases: streams to try, as lists of chunks. The check then draws nothing.
        seed: the seed of the search; the same seed draws the same streams. None draws different ones each time.
        settings: Hypothesis settings, such as `settings(max_examples=1000)`. None means the settings in force.

    Raises:
        NotConforming: the consumer reads a stream wrongly. This AssertionError is a report: the smallest failing stream
            in its chunks, the expected and the actual events, the sentence of the standard, and a line that reproduces
            the failure.
        TypeError: the consumer can't be checked because it takes no argument, returns None, returns items that are not
            events, or returns data as bytes; or an argument has the wrong type.
        ValueError: an option has an invalid value.

    >>> from sse_codec import decode
    >>> from sse_codec.testing import check_consumer
    >>> check_consumer(decode)
    >>> def consume(chunks):
    ...     return decode(chunk.decode("utf-8", "replace").encode() for chunk in chunks)
    >>> try:
    ...     check_consumer(consume)
    ... except AssertionError as report:
    ...     print(report.rule)
    cut-utf-8
    """
    __tracebackhide__ = True  # pytest shows the test's line, not the kit's
    caller = "check_consumer()"
    takes_one(caller, consume, "the chunks")
    excluded = known_rules(caller, without, CONSUMER_CHECKED)
    only = known_rules(caller, only, CONSUMER_CHECKED, option="only")
    check_choices(caller, "consumer", ids=ids, retries=retries, on_eof=on_eof, comments=comments)
    check_limits(caller, timeout=timeout, max_event_size=max_event_size, max_retry=max_retry)
    shape = made_shape(caller, data, types, required)
    if text:
        excluded |= _OF_BYTES
    if lines:
        excluded |= _OF_LINES
    options = _Options(
        excluded, ids, retries, on_eof, comments, text, max_retry, max_event_size, lines, until, ignore, shape
    )
    seed = chosen_seed(seed, settings)
    with Worker(timeout, run) as worker:
        law = _Law(consume, options, worker)
        try:
            if cases is None:
                drawn = mostly_many(chunked(wires(excluded), excluded), 5)
                known = streams_in_chunks(law.is_left_out if excluded else None)
                narrow = narrowed(law, only, CONSUMER_RULES, Stream)
                search(known, drawn, narrow, settings, seed, each=worker.each, shrink=shrink_stream)
            else:
                worker.each(map(list, cases), law.check)
        except Final as final:
            raise final.error from None
        except NotConforming as failure:
            raise failure.finished(seed) from failure.__cause__


class _Item(NamedTuple):
    """An event or a comment that the consumer returned, in one form."""

    kind: str  # "event" or "comment"
    event: Any
    data: Any
    fields: dict[str, Any]  # those of "id", "retry" and "last_event_id" that it has
    chunk: int | None = None  # the chunk that it came with, counted from 0, if it says so

    def shown(self, compared: Collection[str]) -> str:
        """Return it for a report, with the fields that are compared."""
        if self.kind == "comment":
            return f"comment {show_value(self.data)}"
        shown = [f"event {show_value(self.event)}"] if "event" in compared else []
        shown.append(f"data {show_value(self.data)}")
        for name, value in self.fields.items():
            is_none = value is None or (name != "retry" and not value)
            if name in compared and not is_none:
                shown.append(f"{name} {show_value(value)}")
        return ", ".join(shown)


class _NotAnItem(Exception):
    """The tested callable is not a consumer: a mistake in the test, not a finding."""


_MISSING = object()


def _first(get: Callable[[str, Any], Any], *names: str) -> Any:
    """Return the value of the first name that an item has, or _MISSING."""
    for name in names:
        value = get(name, _MISSING)
        if value is not _MISSING:
            return value
    return _MISSING


def _observed(item: Any, without: Collection[str]) -> _Item:
    """Convert an item that a consumer returned.

    Raises:
        _NotAnItem: the item is neither an event nor a comment.
    """
    if isinstance(item, Comment):
        return _Item("comment", None, item.text, {})
    if is_one_of(item, tuple) and not hasattr(item, "_fields"):
        if not 2 <= len(item) <= 4:
            raise _NotAnItem(
                f"an event tuple is (type, data), (type, data, id) or (type, data, id, retry), not {show_value(item)}"
            )
        return _event(item[0], item[1], dict(zip(("id", "retry"), item[2:], strict=False)), None)
    get = item.get if is_one_of(item, Mapping) else partial(getattr, item)
    comment, data, name = get("comment", _MISSING), get("data", _MISSING), _first(get, "event", "type")
    if "event" in without and isinstance(item, str):
        data = item
    if data is _MISSING or (name is _MISSING and "event" not in without):
        if isinstance(comment, str):
            return _Item("comment", None, comment, {})
        lacking = "data" if data is _MISSING else "event"
        remedy = "" if data is _MISSING else '. If your events have no types, pass without={"event"}'
        kind = f"this {type(item).__name__}"
        raise _NotAnItem(f"an event needs data and event, but {kind} has no {lacking}: {show_value(item)}{remedy}")
    id, retry, chunk = get("id", _MISSING), get("retry", _MISSING), get("chunk", _MISSING)
    found = {"id": id, "retry": retry, "last_event_id": _first(get, *_STICKY_NAMES)}
    fields = {key: value for key, value in found.items() if value is not _MISSING}
    return _event(None if name is _MISSING else name, data, fields, chunk if type(chunk) is int else None)


def _event(name: Any, data: Any, fields: dict[str, Any], chunk: int | None) -> _Item:
    for field, value in (("data", data), ("event", name)):
        if is_one_of(value, bytes, bytearray, memoryview):
            kind = type(value).__name__
            raise _NotAnItem(f"an event's {field} must be str, but {show_value(value)} is {kind}. Decode it as UTF-8")
    return _Item("event", name or "message", data, fields, chunk)


_STICKY_NAMES = ("last_event_id", "lastEventId")


class _Expected(NamedTuple):
    """An item that a stream stands for, with all values that a consumer may return as its id and its retry."""

    kind: str
    event: str
    data: str
    ids: dict[str, str]
    retries: dict[str, int | None]

    def shown(self, compared: Collection[str], ids: Sequence[str], retries: Sequence[str]) -> str:
        """Return it for a report, with the fields that are compared, and what their values may mean."""
        if self.kind == "comment":
            return f"comment {show_value(self.data)}"
        shown = [f"event {show_value(self.event)}"] if "event" in compared else []
        shown.append(f"data {show_value(self.data)}")
        last_event_id = show_value(self.ids["sticky"])
        is_either = "id" in compared and len(ids) > 1
        if is_either and any(self.ids.values()):
            shown.append(f"id {show_value(self.ids['own'] or None)} (last event ID {last_event_id})")
        elif "id" in compared and self.ids[ids[0]]:
            shown.append(f"id {show_value(self.ids[ids[0]])}")
        if "last_event_id" in compared and not is_either and self.ids["sticky"]:
            shown.append(f"last_event_id {last_event_id}")
        if "retry" in compared and any(self.retries[each] is not None for each in retries):
            sticky = self.retries[retries[-1]]
            is_other = sticky != self.retries[retries[0]]
            shown.append(f"retry {self.retries[retries[0]]}" + (f" (reconnection time {sticky})" if is_other else ""))
        return ", ".join(shown)


def _meant(reference: Reference, comments: str, on_eof: str) -> list[_Expected]:
    """Return what a stream means by the standard: the events, and the comments in their places among them."""
    items: list[_Expected] = []
    left = list(reference.events)
    has_data = False
    reconnection_time: int | None = None
    for line in reference.lines:
        match line:
            case Comment(comment) if comments != "dropped":
                items.append(_Expected("comment", "", comment, {}, {}))
            case Field("retry", value):
                valid = parse_retry(value)
                reconnection_time = reconnection_time if valid is None else valid
            case Field("data"):
                has_data = True
            case BlankLine() if has_data:
                items.append(_expected_event(left.pop(0), reconnection_time))
                has_data = False
            case _:
                pass
    if on_eof == "dispatch" and reference.unfinished is not None:
        time = reconnection_time if reference.unfinished.retry is None else reference.unfinished.retry
        items.append(_expected_event(reference.unfinished, time))
    return items


def _expected_event(event: ReceivedEvent, reconnection_time: int | None) -> _Expected:
    ids = {"own": event.id or "", "sticky": event.last_event_id}
    return _Expected("event", event.event, event.data, ids, {"own": event.retry, "sticky": reconnection_time})


class _Options(NamedTuple):
    """The options of `check_consumer`."""

    without: frozenset[str] | set[str]
    ids: str
    retries: str
    on_eof: str
    comments: str
    text: bool
    max_retry: int | None = None
    max_event_size: int | None = None
    lines: bool = False
    until: str | None = None
    ignore: Callable[[Any], bool] | None = None
    shape: Shape = Shape()


class _Given(NamedTuple):
    """A stream as it is passed to a consumer."""

    chunks: list[bytes]
    #: What the consumer gets: the chunks, text or lines.
    pieces: Sequence[Any]
    #: For each piece, the offset in the stream at which it has arrived.
    arrived: list[int]
    #: The stream as it was drawn, before the shape was applied.
    drawn: list[bytes]


class _Law:
    """The consumer returns the items that the standard defines, and returns them in time."""

    def __init__(self, consume: Consumer, options: _Options, worker: Worker | None = None) -> None:
        self.consume = consume
        self.options = options
        self.worker = Worker() if worker is None else worker
        self.without = options.without
        self.left_out = [rule for rule in CONSUMER_RULES if rule.name in options.without]
        self.left_out_cuts = [rule for rule in self.left_out if rule.name.startswith("cut")]
        self.ids = ("own", "sticky") if options.ids == "either" else (options.ids,)
        self.retries = ("own", "sticky") if options.retries == "either" else (options.retries,)
        #: How many seconds events may take to come out. None means that nothing waits for them.
        self.patience: float | None = None if "promptness" in self.without else _PATIENCE
        #: Whether the consumer reads a stream to its end before it returns anything, so promptness can't be checked.
        self.is_eager = False
        #: Whether it was late even with `_MUCH_PATIENCE`.
        self.is_late = False

    def is_left_out(self, chunks: list[bytes]) -> bool:
        stream = Stream(chunks)
        if self.options.max_event_size is not None:
            sizes = (sum(map(len, map(b"".join, block))) for block in stream.blocks)
            if max(sizes) > self.options.max_event_size:
                return True
        return any(rule.touched_by(stream) for rule in self.left_out)

    def _is_beyond(self, reference: Reference) -> bool:
        """Tell whether a stream has a reconnection time over `max_retry`."""
        return self.options.max_retry is not None and any(
            isinstance(line, Field) and line.name == "retry" and (parse_retry(line.value) or 0) > self.options.max_retry
            for line in reference.lines
        )

    def __call__(self, chunks: list[bytes]) -> None:
        __tracebackhide__ = True
        # The strategies avoid most of what is left out, but not all of it.
        if (self.left_out or self.options.max_event_size) and self.is_left_out(chunks):
            return
        shaped = self.options.shape.stream(chunks)
        if shaped is not chunks and self.left_out_cuts:
            stream = Stream(shaped)
            if any(rule.touched_by(stream) for rule in self.left_out_cuts):
                return
        self.check(shaped, chunks)

    def check(self, chunks: list[bytes], drawn: list[bytes] | None = None) -> None:
        """Check one stream, even if it touches rules that are left out.

        `drawn` is the stream before the shape was applied. It decides which rules the stream touches.
        """
        __tracebackhide__ = True
        reference = remembered_decode(b"".join(chunks))
        if self.options.until is not None and self.options.until not in [event.data for event in reference.events]:
            # A consumer may report that the end it waits for is missing.
            if reference.unfinished is not None or Stream(chunks).blocks[-1]:
                return
            end = b"".join(b"data: " + line.encode() + b"\n" for line in self.options.until.split("\n")) + b"\n"
            chunks = [*chunks[:-1], b"".join(chunks[-1:]) + end]
            reference = remembered_decode(b"".join(chunks))
        if self._is_beyond(reference):
            return
        given = self._given(chunks, chunks if drawn is None else drawn)
        got: list[_Item] = []
        came: list[int] = []  # for each event, the piece that it came with
        source = self._source(given, reference)
        try:
            self.worker(lambda: self._consume(source, got, came, 10 + len(reference.lines) + len(reference.events)))
        except _NotAnItem as mistake:
            raise Final(TypeError(f"check_consumer(): {mistake}")) from None
        except Hang:
            source.stop()
            if source.asked > len(given.pieces):
                what = "the consumer did not stop at the end of the stream"
                if source.is_asked_for_ever:
                    what += ", and kept asking for more chunks"
                    raise self._failure(given, reference, got, what) from None
            else:
                what = "the consumer hangs: it stopped asking for chunks before the end, and did not finish"
            what += f" within {self.worker.timeout:g} seconds"
            raise Final(self._failure(given, reference, got, what)) from None
        except _TooMany:
            what = "the consumer returned more items than the stream has lines, and was stopped"
            raise self._failure(given, reference, got, what) from None
        except Exception as error:
            raise self._failure(given, reference, got, "the consumer raised", error=error) from error
        finally:
            source.stop()
        if source.was_late and not source.is_lazy:
            # Another thread reads everything before the consumer returns, so there is no need to wait again.
            self.patience, self.is_eager = None, True
        if not self._agrees(got, self._meant(reference)):
            what = "the consumer reads the stream wrongly"
            raise self._failure(given, reference, got, what)
        # If the consumer is not lazy, only events with a `chunk` can be judged.
        if (source.is_lazy or any(item.chunk is not None for item in got)) and "promptness" not in self.without:
            failure = self._late(given, reference, got, came)
            if failure is not None and source.was_late and not self.is_late:
                # The machine may have been busy.
                self.patience, patience = _MUCH_PATIENCE, self.patience
                self.is_late = True
                try:
                    self.check(chunks, drawn)
                    self.is_late = False
                finally:
                    self.patience = patience
            elif failure is not None:
                raise failure

    def _given(self, chunks: list[bytes], drawn: list[bytes]) -> _Given:
        if self.options.lines:
            stream = Stream(chunks)
            lines = [line for line in stream.lines if line.end]
            start = len(stream.wire) - len(stream.body)
            arrived = list(accumulate((len(line.content + line.end) for line in lines), initial=start))[1:]
            contents = [line.content for line in lines]
            pieces = [line.decode("utf-8", "replace") for line in contents] if self.options.text else contents
            return _Given(chunks, pieces, arrived, drawn)
        decode = codecs.getincrementaldecoder("utf-8-sig")("replace").decode
        pieces = [decode(chunk) for chunk in chunks] if self.options.text else chunks
        return _Given(chunks, pieces, list(accumulate(map(len, chunks))), drawn)

    def _source(self, given: _Given, reference: Reference) -> Chunks:
        """Return the chunks for the consumer, with the number of events that must be out after each."""
        complete = [bisect_right(reference.ends, arrived) for arrived in given.arrived]
        if "promptness-cr" in self.without:
            wire = b"".join(given.chunks)
            complete = [
                events - self._is_after_cr(wire[:arrived])
                for events, arrived in zip(complete, given.arrived, strict=True)
            ]
        return Chunks(given.pieces, complete, None if self.options.until else self.patience)

    def _consume(self, source: Chunks, got: list[_Item], came: list[int], most: int) -> None:
        """Let the consumer read a stream, in the worker; it is stopped if it returns more than `most` items."""
        source.driven_by_this_thread()
        result = self.consume(source)
        source.returned(lazy=not hasattr(result, "__await__") and not self.is_eager)
        if hasattr(result, "__await__"):
            result = self.worker.resolve(result)
        if result is None:
            raise _NotAnItem("the consumer returned None instead of events")

        def take(item: Any) -> None:
            if self.options.ignore is not None and self.options.ignore(item):
                return
            got.append(_observed(item, self.without))
            if got[-1].kind == "event":
                came.append(source.asked - 1 if got[-1].chunk is None else got[-1].chunk)
                source.came()
            if len(got) > most:
                raise _TooMany

        async def take_all() -> None:
            source.driven_by_this_task()
            try:
                async for item in result:
                    take(item)
            finally:
                if hasattr(result, "aclose"):
                    await result.aclose()

        if hasattr(result, "__aiter__"):
            self.worker.finish(take_all)
        elif hasattr(result, "__iter__"):
            try:
                for item in result:
                    take(item)
            finally:
                if hasattr(result, "close") and not isinstance(result, Chunks):
                    result.close()
        else:
            raise _NotAnItem(f"the consumer returned {show_value(result)} instead of events")

    def _meant(self, reference: Reference) -> list[_Expected]:
        """Return the items that the consumer must return for a stream."""
        items = _meant(reference, self.options.comments, self.options.on_eof)
        if self.options.until is None:
            return items
        return [*takewhile(lambda item: item.kind == "comment" or item.data != self.options.until, items)]

    def _agrees(self, got: list[_Item], expected: list[_Expected]) -> bool:
        if self.options.until is not None and got and got[-1].data == self.options.until:
            got = got[:-1]
        return len(got) == len(expected) and any(
            all(self._matches(item, should, ids, retries) for item, should in zip(got, expected, strict=True))
            for ids in self.ids
            for retries in self.retries
        )

    def _matches(self, item: _Item, should: _Expected, ids: str, retries: str) -> bool:
        if item.kind != should.kind:
            return False
        if item.kind == "comment":
            text = item.data.removeprefix(" ") if self.options.comments == "kept raw" else item.data
            return bool(text == should.data)
        checks = [self.options.shape.same(item.data, should.data)]
        if "event" not in self.without:
            checks.append(item.event == should.event)
        if "id" not in self.without:
            checks.append((item.fields.get("id", should.ids[ids]) or "") == should.ids[ids])
            checks.append((item.fields.get("last_event_id", should.ids["sticky"]) or "") == should.ids["sticky"])
        if "retry" not in self.without:
            checks.append(item.fields.get("retry", should.retries[retries]) == should.retries[retries])
        return all(checks)

    def _compared(self, got: list[_Item]) -> set[str]:
        """Return the fields that are compared, for a report: those that the consumer's events have."""
        events = [item for item in got if item.kind == "event"]
        fields = {name for item in events for name in item.fields} if events else {"id", "retry"}
        compared = {"event", *fields} - set(self.without)
        return compared - {"last_event_id"} if "id" in self.without else compared

    def _hidden_differences(self, number: int, item: _Item, should: _Expected, compared: Collection[str]) -> list[str]:
        """Return where an item differs from the one that should come out, if the report does not show it."""
        kind = "comment" if "comment" in {item.kind, should.kind} else "event"
        values = {"event": (item.event, should.event), "data": (item.data, should.data)}
        if "id" in item.fields and should.ids:
            values["id"] = (item.fields["id"], should.ids[self.ids[-1]])
        return [
            line
            for name, (got, meant) in values.items()
            if name in {"data", *compared}
            for line in hidden_difference(f"{kind} {number}, {name}", got, meant)
        ]

    @staticmethod
    def _is_after_cr(arrived: bytes) -> bool:
        # An incomplete character after the CR does not count.
        return codecs.getincrementaldecoder("utf-8")("replace").decode(arrived[-8:])[-1:] == "\r"

    def _late(self, given: _Given, reference: Reference, got: list[_Item], came: list[int]) -> NotConforming | None:
        """Return the failure of the first event that came too late; None if all came in time."""
        wire = b"".join(given.chunks)
        piece = "line" if self.options.lines else "chunk"
        # The lengths may differ: with `until`, the consumer may stop early, and an event that the end of the stream
        # dispatches has no offset.
        for number, (end, with_piece) in enumerate(zip(reference.ends, came, strict=False), 1):
            complete = bisect_left(given.arrived, end)
            for at in range(complete, min(with_piece, len(given.arrived))):
                # If the last character so far is a CR, the consumer may be waiting to see whether an LF follows.
                arrived = given.arrived[at]
                after_cr = number == bisect_right(reference.ends, arrived) and self._is_after_cr(wire[:arrived])
                if after_cr and "promptness-cr" in self.without:
                    continue
                what = (
                    f"event {number} was complete after {piece} {complete + 1}, "
                    f"but the consumer asked for the next {piece} before returning it"
                )
                rule = PROMPTNESS_CR if after_cr else PROMPTNESS
                return self._failure(given, reference, got, what, rule=rule)
        return None

    def _failure(
        self,
        given: _Given,
        reference: Reference,
        got: list[_Item],
        what: str,
        *,
        error: Exception | None = None,
        rule: Rule[Stream] | None = None,
    ) -> NotConforming:
        # A consumer of lines can't see where the stream was cut.
        chunks = [b"".join(given.chunks)] if self.options.lines else given.chunks
        stream = Stream(chunks)
        meant = self._meant(reference)
        compared = self._compared(got)
        consumed = [item.shown(compared) for item in got]
        if error is not None:
            consumed.append(f"(then it raised {type(error).__name__}: {show_value(str(error))})")
        if self.options.lines:
            lines = [show_value(line) for line in given.pieces]
            shown = section(f"the stream, {len(stream.wire)} bytes, as lines", lines)
        else:
            shown = section(f"the stream, {len(stream.wire)} bytes in chunks", list(map(show_bytes, chunks)))
        parts = [
            shown,
            section("what should come out", [item.shown(compared, self.ids, self.retries) for item in meant]),
            section("what came out", consumed),
        ]
        hidden = [
            line
            for number, (item, should) in enumerate(zip(got, meant, strict=False), 1)
            for line in self._hidden_differences(number, item, should, compared)
        ]
        if hidden:
            parts.append(section("where they differ", hidden))
        body = "\n".join(parts)
        drawn = Stream([b"".join(given.drawn)] if self.options.lines else given.drawn)
        failure = NotConforming(
            rule or touched(drawn, CONSUMER_RULES),
            what if stream.wire else f"{what} (the stream is empty)",
            body,
            case=chunks,
            wire=stream.wire,
            expected=reference.events,
            got=None if error else got,
            again=f"cases=[{python_chunks(chunks)}]",
        )
        failure.touches = frozenset(rule.name for rule in CONSUMER_RULES if rule.touched_by(drawn))
        return failure


class _TooMany(Exception):
    """A consumer returns more items than the stream can have."""
