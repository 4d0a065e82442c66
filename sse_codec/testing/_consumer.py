"""check_consumer: does somebody make of a stream what the standard makes of it, and in time?

In goes a callable that turns chunks into events, out comes nothing, or a report of the smallest stream that it reads
otherwise. The reference decoder says what is right.
"""

from __future__ import annotations

import asyncio
import codecs
from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from functools import lru_cache
from itertools import accumulate
from typing import Any, Literal, NamedTuple

from hypothesis import settings as Settings  # noqa: N812  # the parameter has its name

from sse_codec._event import BlankLine, Comment, Field, ReceivedEvent
from sse_codec._grammar import parse_retry
from sse_codec.testing._checks import drained, known_rules, one_of, search, touched
from sse_codec.testing._reference import Reference, reference_decode
from sse_codec.testing._report import NotConforming, section, show_bytes, show_value
from sse_codec.testing._rules import CONSUMER_RULES, PROMPTNESS, PROMPTNESS_CR, Rule, Stream
from sse_codec.testing._shrink import shrink_stream
from sse_codec.testing._strategies import chunked, mostly_many, wires
from sse_codec.testing._tour import streams_in_chunks

Consumer = Callable[[Any], Any]

_RULES = [*CONSUMER_RULES, PROMPTNESS, PROMPTNESS_CR]


def check_consumer(
    consume: Consumer,
    *,
    without: Collection[str] = (),
    ids: Literal["own", "sticky", "either"] = "either",
    retries: Literal["own", "sticky", "either"] = "either",
    on_eof: Literal["discard", "dispatch"] = "discard",
    comments: Literal["dropped", "kept", "kept raw"] = "dropped",
    text: bool = False,
    max_retry: int | None = None,
    seed: int | None = None,
    settings: Settings | None = None,
) -> None:
    r"""Check that a consumer makes of any stream, cut anywhere, what the standard does (WHATWG HTML 9.2.6).

    If it yields events while it reads, each must come before the chunk after its last byte is asked for.

    Args:
        consume: takes the chunks, an iterator of bytes that is an async iterator too, and returns the events: an
            iterable, an async iterable or a coroutine of either, run by `asyncio.run`. An event is a tuple `(type,
            data)`, `(type, data, id)` or `(type, data, id, retry)`, or any object or mapping with `data`, `event` (or
            `type`; None and "" stand for "message") and, where it has them, `id`, `retry` and `last_event_id` (or
            `lastEventId`), which is always the sticky one. An event that has an int `chunk` says with which chunk it
            came, counted from 0; so what must take all chunks at once (`chunks.all()`) can still be judged for
            promptness.
        without: names of what the consumer does not support, so that a known gap does not hide the next one. Streams
            that touch one of them are not drawn, and "id", "retry" and "event" are not compared either. They are:
            "cut-bom", "cut-utf-8", "cut-crlf", "cut" (chunks that end inside something, or at all), "long" (over 1000
            bytes), "leading-bom", "invalid-utf-8", "late-bom", "line-separator" (U+2028, U+0085 and the like),
            "id-with-null", "nul", "bare-cr", "crlf", "unfinished-block" (no last blank line), "comment",
            "unknown-field", "no-colon", "invalid-retry", "missing-space" (after the colon), "padded-value" (white space
            around one), "colon" (in a value), "overwritten-field", "event-without-data", "blank-lines", "empty-data",
            "empty-event", "empty-id", "data-lines", "non-ascii", "retry", "id", "event", "events" (more than one),
            "promptness" (at all), "promptness-cr" (where a CR came last). A name that `sse_codec.lint` uses too means
            the same there.
        ids: what `id` means: the block's own field, the sticky last event ID, or, if either is fine, one of them for
            all events of a stream. None and "" both stand for no id.
        retries: the same for `retry`.
        on_eof: what becomes of an event that the end of the stream cuts off: "discard", as the standard says, or
            "dispatch", as if its blank line had come.
        comments: whether the consumer gives out comments too, as `sse_codec.Comment` or any object or mapping with
            `comment`: "kept" without the space after the colon, "kept raw" with it.
        text: whether it takes str chunks, decoded as a UTF-8 stream; what only bytes can have is not drawn then.
        max_retry: the largest reconnection time that it can hold, in milliseconds; None: any. Streams with a larger one
            are left out: the standard sets no limit, and none is demanded.
        seed: draws the same streams each time that it is given; None: others each time.
        settings: Hypothesis's settings, such as `settings(max_examples=1000)`; those in force when None.

    Raises:
        NotConforming: an AssertionError with a report: the smallest stream that fails, its chunks, what the standard
            makes of it and what was consumed instead, and the sentence of the standard.
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
    cut-bom
    """
    excluded = known_rules("check_consumer()", without, _RULES)
    one_of("check_consumer()", "ids", ids, ("own", "sticky", "either"))
    one_of("check_consumer()", "retries", retries, ("own", "sticky", "either"))
    one_of("check_consumer()", "on_eof", on_eof, ("discard", "dispatch"))
    one_of("check_consumer()", "comments", comments, ("dropped", "kept", "kept raw"))
    if text:  # the decoder of the bytes sees to these
        excluded |= {"invalid-utf-8", "cut-utf-8", "leading-bom", "cut-bom"}
    law = _Law(consume, _Options(excluded, ids, retries, on_eof, comments, text, max_retry))
    known = streams_in_chunks(law.is_left_out if excluded else None)
    search(known, mostly_many(chunked(wires(excluded), excluded), 5), law, settings, seed, shrink=shrink_stream)


class _Chunks:
    """The chunks that a consumer is given, in both kinds of iteration; knows how many were asked for."""

    def __init__(self, chunks: list[bytes], text: bool) -> None:
        decode = codecs.getincrementaldecoder("utf-8-sig")("replace").decode
        self._all: list[Any] = [decode(chunk) for chunk in chunks] if text else list(chunks)
        self._left = iter(self._all)
        #: How often a chunk was asked for.
        self.asked = 0

    def all(self) -> list[Any]:
        """Return every chunk at once, for what can't ask for them one by one, such as another process.

        It doesn't count as asking: an event then says itself with which chunk it came, or is not judged for promptness.
        """
        return list(self._all)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        self.asked += 1
        return next(self._left)

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        try:
            return next(self)
        except StopIteration:
            raise StopAsyncIteration from None


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


# A function tells what it is and leaves it an Any, of which `isinstance` would make a tuple, or Mapping, of unknowns.


def _is_mapping(item: object) -> bool:
    return isinstance(item, Mapping)


def _is_plain_tuple(item: object) -> bool:
    return not hasattr(item, "_fields") and isinstance(item, tuple)


def _get(item: Any, *names: str) -> Any:
    for name in names:
        value = item.get(name, _MISSING) if _is_mapping(item) else getattr(item, name, _MISSING)
        if value is not _MISSING:
            return value
    return _MISSING


def _observed(item: Any) -> _Item:
    """Bring what came out of a consumer into one form.

    Raises:
        _NotAnItem: it is neither an event nor a comment.
    """
    if isinstance(item, Comment):
        return _Item("comment", None, item.text, {})
    if _is_plain_tuple(item) and 2 <= len(item) <= 4:
        return _Item("event", item[0] or "message", item[1], dict(zip(("id", "retry"), item[2:], strict=False)))
    comment = _get(item, "comment")
    data, name = _get(item, "data"), _get(item, "event", "type")
    if data is _MISSING or name is _MISSING:
        if isinstance(comment, str):
            return _Item("comment", None, comment, {})
        raise _NotAnItem(f"check_consumer(): an event needs data and event, and {type(item).__name__} lacks one")
    found = {"id": _get(item, "id"), "retry": _get(item, "retry"), "last_event_id": _get(item, *_STICKY_NAMES)}
    fields = {key: value for key, value in found.items() if value is not _MISSING}
    chunk = _get(item, "chunk")
    return _Item("event", name or "message", data, fields, chunk if type(chunk) is int else None)


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


#: The known places are the same for each check, so their meaning is found out once.
_reference = lru_cache(maxsize=4096)(reference_decode)


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

    without: frozenset[str]
    ids: str
    retries: str
    on_eof: str
    comments: str
    text: bool
    max_retry: int | None = None


class _Law:
    """The consumer's items are the standard's, and come in time."""

    def __init__(self, consume: Consumer, options: _Options) -> None:
        self.consume = consume
        self.without = options.without
        self.left_out = [rule for rule in CONSUMER_RULES if rule.name in options.without]
        self.ids = ("own", "sticky") if options.ids == "either" else (options.ids,)
        self.retries = ("own", "sticky") if options.retries == "either" else (options.retries,)
        self.on_eof = options.on_eof
        self.comments = options.comments
        self.text = options.text
        self.max_retry = options.max_retry

    def is_left_out(self, chunks: list[bytes]) -> bool:
        stream = Stream(chunks)
        return any(rule.touched_by(stream) for rule in self.left_out)

    def is_beyond(self, reference: Reference) -> bool:
        """Tell whether a stream has a reconnection time that the consumer need not hold."""
        return self.max_retry is not None and any(
            isinstance(line, Field) and line.name == "retry" and (parse_retry(line.value) or 0) > self.max_retry
            for line in reference.lines
        )

    def __call__(self, chunks: list[bytes]) -> None:
        # Nearly all that is left out is not drawn either.
        if self.left_out and self.is_left_out(chunks):
            return
        reference = _reference(b"".join(chunks))
        if self.is_beyond(reference):
            return
        source = _Chunks(chunks, self.text)
        got: list[_Item] = []
        came: list[int] = []  # for each event the chunk with which it came
        try:
            result = self.consume(source)
            # What has asked for chunks by now reads them all before it gives out anything.
            lazy = source.asked == 0 and not hasattr(result, "__await__")
            for item in _items(result):
                got.append(_observed(item))
                if got[-1].kind == "event":
                    came.append(source.asked - 1 if got[-1].chunk is None else got[-1].chunk)
        except _NotAnItem as mistake:
            raise TypeError(str(mistake)) from None
        except Exception as error:
            raise self._failure(chunks, reference, got, "the consumer raised", error=error) from error
        if not self._agrees(got, _meant(reference, self.comments, self.on_eof)):
            raise self._failure(chunks, reference, got, "the consumer does not make of the stream what it says")
        # Without chunks that were asked for, only those that say so have come with any.
        if (lazy or any(item.chunk is not None for item in got)) and "promptness" not in self.without:
            self._check_promptness(chunks, reference, got, came)

    def _agrees(self, got: list[_Item], expected: list[_Expected]) -> bool:
        return len(got) == len(expected) and any(
            all(self._matches(item, should, ids, retries) for item, should in zip(got, expected, strict=True))
            for ids in self.ids
            for retries in self.retries
        )

    def _matches(self, item: _Item, should: _Expected, ids: str, retries: str) -> bool:
        if item.kind != should.kind:
            return False
        if item.kind == "comment":
            return bool((item.data.removeprefix(" ") if self.comments == "kept raw" else item.data) == should.data)
        checks = [item.data == should.data]
        if "event" not in self.without:
            checks.append(item.event == should.event)
        if "id" not in self.without:
            checks.append((item.fields.get("id", should.ids[ids]) or "") == should.ids[ids])
            checks.append((item.fields.get("last_event_id", should.ids["sticky"]) or "") == should.ids["sticky"])
        if "retry" not in self.without:
            checks.append(item.fields.get("retry", should.retries[retries]) == should.retries[retries])
        return all(checks)

    def _check_promptness(self, chunks: list[bytes], reference: Reference, got: list[_Item], came: list[int]) -> None:
        wire = b"".join(chunks)
        arrived = list(accumulate(map(len, chunks)))
        # Who stops before the end has given out all there is, or the law would have said so by now. What the end
        # dispatches has no end.
        for number, (end, with_chunk) in enumerate(zip(reference.ends, came, strict=False), 1):
            complete = bisect_left(arrived, end)
            for chunk in range(complete, min(with_chunk, len(chunks))):
                # Its last character may be a CR, and what waits for one more waits to see whether a LF follows.
                last = codecs.getincrementaldecoder("utf-8")("replace").decode(wire[: arrived[chunk]])[-1:]
                after_cr = last == "\r" and number == bisect_right(reference.ends, arrived[chunk])
                if after_cr and "promptness-cr" in self.without:
                    continue
                what = (
                    f"event {number} was complete with chunk {complete + 1}, and came only after the next was asked for"
                )
                rule = PROMPTNESS_CR if after_cr else PROMPTNESS
                raise self._failure(chunks, reference, got, what, rule=rule)

    def _failure(
        self,
        chunks: list[bytes],
        reference: Reference,
        got: list[_Item],
        what: str,
        *,
        error: Exception | None = None,
        rule: Rule[Stream] | None = None,
    ) -> NotConforming:
        stream = Stream(chunks)
        expected = _meant(reference, self.comments, self.on_eof)
        consumed = list(map(str, got))
        if error is not None:
            consumed.append(f"(then it raised {type(error).__name__}: {show_value(str(error))})")
        body = "\n".join(
            [
                section(f"the stream, {len(stream.wire)} bytes in chunks", list(map(show_bytes, chunks))),
                section("what it says", list(map(str, expected))),
                section("what was consumed", consumed),
            ]
        )
        rule = rule or touched(stream, CONSUMER_RULES)
        items = None if error else got
        return NotConforming(rule, what, body, case=chunks, wire=stream.wire, expected=reference.events, got=items)


def _items(result: Any) -> Iterator[Any]:
    """Iterate over what a consumer gave, as it comes, whatever kind of iteration it has."""
    if hasattr(result, "__await__"):
        result = drained(result)
    if not hasattr(result, "__aiter__"):
        yield from result
        return
    loop = asyncio.new_event_loop()
    try:
        source = result.__aiter__()
        while True:
            try:
                yield loop.run_until_complete(anext(source))
            except StopAsyncIteration:
                return
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
