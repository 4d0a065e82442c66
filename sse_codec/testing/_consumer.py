"""check_consumer: does somebody make of a stream what the standard makes of it, and in time?

In goes a callable that turns chunks into events, out comes nothing, or a report of the smallest stream that it reads
otherwise. The reference decoder says what is right.
"""

from __future__ import annotations

import codecs
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import accumulate, takewhile
from typing import Any, Literal, NamedTuple

from hypothesis import settings as Settings  # noqa: N812  # the parameter has its name
from hypothesis import strategies as st

from sse_codec._event import BlankLine, Comment, Field, ReceivedEvent
from sse_codec._grammar import parse_retry
from sse_codec.testing._checks import known_rules, narrowed, one_of, search, touched
from sse_codec.testing._chunks import Chunks
from sse_codec.testing._options import chosen_seed, is_one_of, positive, takes_one
from sse_codec.testing._reference import Reference, remembered_decode
from sse_codec.testing._report import Final, NotConforming, python_chunks, section, show_bytes, show_value
from sse_codec.testing._rules import CONSUMER_CHECKED, CONSUMER_RULES, PROMPTNESS, PROMPTNESS_CR, Rule, Stream
from sse_codec.testing._shape import Shape, made_shape
from sse_codec.testing._shrink import shrink_stream
from sse_codec.testing._strategies import chunked, mostly_many, wires
from sse_codec.testing._tour import streams_in_chunks
from sse_codec.testing._worker import Hang, Run, Worker

Consumer = Callable[[Any], Any]

#: What nothing that gets text can see: the decoder of the bytes sees to it.
_OF_BYTES = {"invalid-utf-8", "cut-utf-8", "leading-bom", "cut-bom"}
#: What nothing that gets lines can see: the splitter of the lines sees to it.
_OF_LINES = {"cut", "cut-utf-8", "cut-crlf", "leading-bom", "cut-bom", "bare-cr", "crlf", "mixed-line-ends"}

#: How many seconds events may take to come out before the next chunk does, where they come from another thread or task:
#: at first, and to be sure that a machine that is busy was not all there is to it.
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
    r"""Check that a consumer makes of any stream, cut anywhere, what the standard does (WHATWG HTML 9.2.6).

    If it gives events while it reads, each must come before the chunk after its last byte is asked for. A consumer that
    reads ahead in another thread or task is given time for that.

    Args:
        consume: takes the chunks and returns the events. The chunks are an iterator of bytes that is an async iterator
            too; `iter(chunks)` is only the one and `aiter(chunks)` only the other, for HTTP clients that tell them
            apart.
            The events are an iterable, an async iterable or a coroutine of either. An event is a tuple `(type, data)`,
            `(type, data, id)` or `(type, data, id, retry)`, or any object or mapping with `data`, `event` (or `type`;
            None and "" stand for "message") and, where it has them, `id`, `retry` and `last_event_id` (or
            `lastEventId`), which is always the sticky one. An event that has an int `chunk` says with which chunk it
            came, counted from 0; so what must take all chunks at once (`chunks.all()`) can still be judged for
            promptness.
        without: names of what the consumer does not support, so that a known gap does not hide the next one. Streams
            that touch one of them are not drawn, and "id", "retry" and "event" are neither compared nor asked for. They
            are:
            "empty-chunk", "cut-bom", "cut-utf-8", "cut-crlf", "cut" (chunks that end inside something, or at all),
            "many-events", "many-lines" (over 8, in a stream or a block), "long" (a line of over 50 bytes),
            "invalid-utf-8", "late-bom", "leading-bom", "line-separator" (U+2028, U+0085 and the like), "id-with-null",
            "nul", "mixed-line-ends", "bare-cr", "crlf", "unfinished-block" (no last blank line), "comment",
            "white-space-line", "unknown-field", "no-colon", "invalid-retry", "missing-space" (after the colon),
            "data-lines", "padded-value" (white space around one), "colon" (in a value), "control-character",
            "magic-value" (a number, null, true, JSON, [DONE], ...), "special-character" (& < % \ { and the like),
            "overwritten-field", "event-without-data", "blank-lines", "empty-data", "empty-event", "empty-id",
            "non-ascii", "retry", "id", "event", "events" (more than one), "promptness" (at all), "promptness-cr" (where
            a CR came last). docs/rules.md has a case of each. A name that `sse_codec.lint` uses too means the same
            there.
        ids: what `id` means: the block's own field, the sticky last event ID, or, if either is fine, one of them for
            all events of a stream. None and "" both stand for no id.
        retries: the same for `retry`.
        on_eof: what becomes of an event that the end of the stream cuts off: "discard", as the standard says, or
            "dispatch", as if its blank line had come.
        comments: whether the consumer gives out comments too, as `sse_codec.Comment` or any object or mapping with
            `comment`: "kept" without the space after the colon, "kept raw" with it.
        text: whether it takes str chunks, decoded as a UTF-8 stream; what only bytes can have is not drawn then.
        lines: whether it takes lines without their ends instead of chunks: bytes, or str with `text`.
        data: what all payloads are: any "text"; "json", and what the consumer gives may then be the JSON text or what
            it stands for; or texts that a Hypothesis strategy draws.
        types: the only event types that it takes; None: any.
        required: fields that each event must have: "id", "event" or "retry".
        until: the data of the event that ends its streams, such as "[DONE]". Each stream gets it, and what stands
            behind is not compared; whether this event itself is given out is up to the consumer.
        ignore: takes what the consumer gave out, and tells whether it is none of the stream's: a greeting, for example.
        max_retry: the largest reconnection time that it can hold, in milliseconds; None: any. Streams with a larger one
            are left out: the standard sets no limit, and none is demanded.
        max_event_size: the same for the size of a block, in bytes.
        timeout: how many seconds one stream may take before the consumer is said to hang. It runs in a thread of its
            own; with None in the caller's (if no event loop runs there), and a consumer that hangs does just that.
        run: what runs async consumers, such as `trio.run`; an event loop of asyncio's when None.
        cases: streams as lists of chunks. They alone are tried, and nothing is drawn.
        seed: draws the same streams each time that it is given; None: others each time.
        settings: Hypothesis's settings, such as `settings(max_examples=1000)`; those in force when None.

    Raises:
        NotConforming: an AssertionError with a report: the smallest stream that fails, its chunks, what the standard
            makes of it and what was consumed instead, the sentence of the standard, and a line to see it again.
        TypeError: the consumer or what it gives can't be checked: it takes no argument, returns None, gives items that
            are no events, or data that is bytes. Or an argument is of the wrong type.
        ValueError: an option has a value that there is not.

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
    one_of(caller, "ids", ids, ("own", "sticky", "either"))
    one_of(caller, "retries", retries, ("own", "sticky", "either"))
    one_of(caller, "on_eof", on_eof, ("discard", "dispatch"))
    one_of(caller, "comments", comments, ("dropped", "kept", "kept raw"))
    positive(caller, "timeout", timeout)
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
    """What came out, an event or a comment, in one form; a field is None where it has none."""

    kind: str  # "event" or "comment"
    event: Any
    data: Any
    fields: dict[str, Any]  # "id", "retry" and "last_event_id", as far as it has them
    chunk: int | None = None  # the chunk with which it came, counted from 0, if it says so

    def __str__(self) -> str:
        if self.kind == "comment":
            return f"comment {show_value(self.data)}"
        fields = "".join(f", {name} {show_value(value)}" for name, value in self.fields.items())
        return f"event {show_value(self.event)}, data {show_value(self.data)}{fields}"


class _NotAnItem(Exception):
    """The callable that was given to the check is no consumer: a mistake of the test, not a finding."""


_MISSING = object()


def _get(item: Any, *names: str) -> Any:
    for name in names:
        value = item.get(name, _MISSING) if is_one_of(item, Mapping) else getattr(item, name, _MISSING)
        if value is not _MISSING:
            return value
    return _MISSING


def _observed(item: Any, without: Collection[str]) -> _Item:
    """Bring what came out of a consumer into one form.

    Raises:
        _NotAnItem: it is neither an event nor a comment.
    """
    if isinstance(item, Comment):
        return _Item("comment", None, item.text, {})
    if is_one_of(item, tuple) and not hasattr(item, "_fields"):
        if not 2 <= len(item) <= 4:
            raise _NotAnItem(f"an event is a tuple (type, data), perhaps with id and retry, and not {show_value(item)}")
        return _event(item[0], item[1], dict(zip(("id", "retry"), item[2:], strict=False)), None)
    comment = _get(item, "comment")
    data, name = _get(item, "data"), _get(item, "event", "type")
    if "event" in without and isinstance(item, str):
        data = item
    if data is _MISSING or (name is _MISSING and "event" not in without):
        if isinstance(comment, str):
            return _Item("comment", None, comment, {})
        lacking = "data" if data is _MISSING else "event"
        remedy = "" if data is _MISSING else ', or without={"event"} if it has no types'
        kind = f"this {type(item).__name__}"
        raise _NotAnItem(f"an event needs data and event, and {kind} lacks {lacking}{remedy}: {show_value(item)}")
    found = {"id": _get(item, "id"), "retry": _get(item, "retry"), "last_event_id": _get(item, *_STICKY_NAMES)}
    fields = {key: value for key, value in found.items() if value is not _MISSING}
    chunk = _get(item, "chunk")
    return _event(None if name is _MISSING else name, data, fields, chunk if type(chunk) is int else None)


def _event(name: Any, data: Any, fields: dict[str, Any], chunk: int | None) -> _Item:
    for field, value in (("data", data), ("event", name)):
        if is_one_of(value, bytes, bytearray, memoryview):
            kind = type(value).__name__
            raise _NotAnItem(f"an event's {field} is text, and {show_value(value)} is {kind}: decode it as UTF-8")
    return _Item("event", name or "message", data, fields, chunk)


_STICKY_NAMES = ("last_event_id", "lastEventId")


class _Expected(NamedTuple):
    """An item that the standard makes of a stream, with all that a consumer may mean by an id and a retry."""

    kind: str
    event: str
    data: str
    ids: dict[str, str]
    retries: dict[str, int | None]

    def __str__(self) -> str:
        if self.kind == "comment":
            return f"comment {show_value(self.data)}"
        shown = [f"event {show_value(self.event)}, data {show_value(self.data)}"]
        if any(self.ids.values()):
            shown.append(f"id {show_value(self.ids['own'] or None)} (last event ID {show_value(self.ids['sticky'])})")
        if self.retries["own"] is not None:
            shown.append(f"retry {self.retries['own']}")
        return ", ".join(shown)


def _meant(reference: Reference, comments: str, on_eof: str) -> list[_Expected]:
    """Return what the standard makes of a stream, comments among the events where they stand in it."""
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
    """Those of `check_consumer`."""

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
    """A stream as a consumer is given it."""

    chunks: list[bytes]
    #: What it is given for them: themselves, text or lines.
    pieces: Sequence[Any]
    #: After how many bytes of the stream each piece has arrived.
    arrived: list[int]
    #: The stream as it was drawn, before it got its shape.
    drawn: list[bytes]


class _Law:
    """The consumer's items are the standard's, and come in time."""

    def __init__(self, consume: Consumer, options: _Options, worker: Worker | None = None) -> None:
        self.consume = consume
        self.options = options
        self.worker = Worker() if worker is None else worker
        self.without = options.without
        self.left_out = [rule for rule in CONSUMER_RULES if rule.name in options.without]
        self.left_out_cuts = [rule for rule in self.left_out if rule.name.startswith("cut")]
        self.ids = ("own", "sticky") if options.ids == "either" else (options.ids,)
        self.retries = ("own", "sticky") if options.retries == "either" else (options.retries,)
        #: How many seconds events may take to come out; None: nothing waits for them.
        self.patience: float | None = None if "promptness" in self.without else _PATIENCE
        #: Whether it reads a stream to its end before it returns anything, so that nothing can be said of when.
        self.is_eager = False
        #: Whether it was late with much patience too.
        self.is_late = False

    def is_left_out(self, chunks: list[bytes]) -> bool:
        stream = Stream(chunks)
        if self.options.max_event_size is not None:
            sizes = (sum(map(len, map(b"".join, block))) for block in stream.blocks)
            if max(sizes) > self.options.max_event_size:
                return True
        return any(rule.touched_by(stream) for rule in self.left_out)

    def is_beyond(self, reference: Reference) -> bool:
        """Tell whether a stream has a reconnection time that the consumer need not hold."""
        return self.options.max_retry is not None and any(
            isinstance(line, Field) and line.name == "retry" and (parse_retry(line.value) or 0) > self.options.max_retry
            for line in reference.lines
        )

    def __call__(self, chunks: list[bytes]) -> None:
        __tracebackhide__ = True
        # Nearly all that is left out is not drawn either.
        if (self.left_out or self.options.max_event_size) and self.is_left_out(chunks):
            return
        shaped = self.options.shape.stream(chunks)
        if shaped is not chunks and self.left_out_cuts:
            stream = Stream(shaped)
            if any(rule.touched_by(stream) for rule in self.left_out_cuts):
                return
        self.check(shaped, chunks)

    def check(self, chunks: list[bytes], drawn: list[bytes] | None = None) -> None:
        """Check one stream, whatever it has. Its rules are those that it touches as it was drawn, without a shape."""
        __tracebackhide__ = True
        reference = remembered_decode(b"".join(chunks))
        if self.options.until is not None and self.options.until not in [event.data for event in reference.events]:
            # What waits for its end may say that it has not come.
            if reference.unfinished is not None or Stream(chunks).blocks[-1]:
                return
            end = b"".join(b"data: " + line.encode() + b"\n" for line in self.options.until.split("\n")) + b"\n"
            chunks = [*chunks[:-1], b"".join(chunks[-1:]) + end]
            reference = remembered_decode(b"".join(chunks))
        if self.is_beyond(reference):
            return
        given = self._given(chunks, chunks if drawn is None else drawn)
        got: list[_Item] = []
        came: list[int] = []  # for each event the piece with which it came
        source = self._source(given, reference)
        try:
            self.worker(lambda: self._consume(source, got, came, 10 + len(reference.lines) + len(reference.events)))
        except _NotAnItem as mistake:
            raise Final(TypeError(f"check_consumer(): {mistake}")) from None
        except Hang:
            source.stop()
            if source.asked > len(given.pieces):
                what = "the consumer did not end with the stream"
                if source.is_asked_for_ever:
                    what += ", and asked for more chunks again and again"
                    raise self._failure(given, reference, got, what) from None
            else:
                what = "the consumer hangs, and asks for no more chunks"
            what += f": {self.worker.timeout:g} seconds have passed"
            raise Final(self._failure(given, reference, got, what)) from None
        except _TooMany:
            what = "the consumer gives more items than the stream has lines, and goes on"
            raise self._failure(given, reference, got, what) from None
        except Exception as error:
            raise self._failure(given, reference, got, "the consumer raised", error=error) from error
        finally:
            source.stop()
        if source.was_late and not source.is_lazy:
            # It reads all before it returns, in another thread, and need not be waited for again.
            self.patience, self.is_eager = None, True
        if not self._agrees(got, self._meant(reference)):
            what = "the consumer does not make of the stream what it says"
            raise self._failure(given, reference, got, what)
        # Without chunks that were asked for, only those that say so have come with any.
        if (source.is_lazy or any(item.chunk is not None for item in got)) and "promptness" not in self.without:
            failure = self._late(given, reference, got, came)
            if failure is not None and source.was_late and not self.is_late:
                # It may have been the machine that was busy.
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
        """Return the chunks for the consumer, which know how many events each completes that must come with it."""
        complete = [bisect_right(reference.ends, arrived) for arrived in given.arrived]
        if "promptness-cr" in self.without:
            wire = b"".join(given.chunks)
            complete = [
                events - self._is_after_cr(wire[:arrived])
                for events, arrived in zip(complete, given.arrived, strict=True)
            ]
        return Chunks(given.pieces, complete, None if self.options.until else self.patience)

    def _consume(self, source: Chunks, got: list[_Item], came: list[int], most: int) -> None:
        """Have a stream read, in the worker; `most` is more items than it can have."""
        source.driven_by_this_thread()
        result = self.consume(source)
        source.returned(lazy=not hasattr(result, "__await__") and not self.is_eager)
        if hasattr(result, "__await__"):
            result = self.worker.resolve(result)
        if result is None:
            raise _NotAnItem("the consumer returned None, and no events")

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
            raise _NotAnItem(f"the consumer returned {show_value(result)}, and no events")

    def _meant(self, reference: Reference) -> list[_Expected]:
        """Return what a consumer must make of a stream."""
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

    @staticmethod
    def _is_after_cr(arrived: bytes) -> bool:
        # A part of a character behind it is no character yet.
        return codecs.getincrementaldecoder("utf-8")("replace").decode(arrived[-8:])[-1:] == "\r"

    def _late(self, given: _Given, reference: Reference, got: list[_Item], came: list[int]) -> NotConforming | None:
        """Return what is wrong with when the events came."""
        wire = b"".join(given.chunks)
        piece = "line" if self.options.lines else "chunk"
        # Who stops before the end has given out all there is, or the law would have said so by now. What the end
        # dispatches has no end.
        for number, (end, with_piece) in enumerate(zip(reference.ends, came, strict=False), 1):
            complete = bisect_left(given.arrived, end)
            for at in range(complete, min(with_piece, len(given.arrived))):
                # Its last character may be a CR, and what waits for one more waits to see whether a LF follows.
                arrived = given.arrived[at]
                after_cr = number == bisect_right(reference.ends, arrived) and self._is_after_cr(wire[:arrived])
                if after_cr and "promptness-cr" in self.without:
                    continue
                what = (
                    f"event {number} was complete with {piece} {complete + 1}, "
                    "and came only after the next was asked for"
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
        # Where it is cut is not seen by who gets lines.
        chunks = [b"".join(given.chunks)] if self.options.lines else given.chunks
        stream = Stream(chunks)
        consumed = list(map(str, got))
        if error is not None:
            consumed.append(f"(then it raised {type(error).__name__}: {show_value(str(error))})")
        if self.options.lines:
            lines = [show_value(line) for line in given.pieces]
            shown = section(f"the stream, {len(stream.wire)} bytes, as lines", lines)
        else:
            shown = section(f"the stream, {len(stream.wire)} bytes in chunks", list(map(show_bytes, chunks)))
        body = "\n".join(
            [
                shown,
                section("what it says", list(map(str, self._meant(reference)))),
                section("what was consumed", consumed),
            ]
        )
        drawn = Stream([b"".join(given.drawn)] if self.options.lines else given.drawn)
        failure = NotConforming(
            rule or touched(drawn, CONSUMER_RULES),
            what,
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
    """A consumer gives more than there can be."""
