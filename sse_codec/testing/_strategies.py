"""Hypothesis strategies for event streams, that reach the places where codecs break in nearly every example.

Events to send, legal spellings of them, legal and malformed streams, and ways to cut a stream into chunks. They draw
from short lists of awkward pieces instead of all of Unicode, because what breaks a codec is never the 40,000th letter:
it is a CR, a space, a byte order mark. Each shrinks to plain text, LF, one space after the colon, and one chunk.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple, TypeVar

from hypothesis import strategies as st

from sse_codec._event import ServerSentEvent
from sse_codec._grammar import BOM, DEFAULT_EVENT
from sse_codec.testing._places import (
    BAD_RETRIES,
    BAD_RETRIES_BEYOND_ASCII,
    BAD_UTF_8,
    COMMENTS,
    LENGTHS,
    NEAR_MISSES,
    PHRASES,
    RETRIES,
    TEXTS,
    UNKNOWN,
    WHITE_LINES,
)

T = TypeVar("T")


def _by_turns(lists: Sequence[Sequence[T]]) -> list[T]:
    """Join lists so that each has about as many places as the longest; for `sampled_from`, which has no weights."""
    longest = max(map(len, lists))
    return [each[turn % len(each)] for turn in range(longest) for each in lists]


def spelt_short(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[T]:
    """Return the same strategy with a short repr: Hypothesis makes it now and then, and these would fill pages."""
    return st.deferred(lambda: strategy)


def _words(without: Collection[str]) -> st.SearchStrategy[str]:
    """Text that stands on one line; "a" is the simplest."""
    lists = [texts for rule, texts in TEXTS.items() if rule not in without]
    texts = spelt_short(st.sampled_from(_by_turns(lists)))
    words = [texts, st.lists(texts, min_size=2, max_size=4).map("".join)]
    if not set(TEXTS) & set(without):
        characters = st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])
        words.append(st.text(characters, min_size=1, max_size=6))
    return st.one_of(words)


def _sometimes(plain: st.SearchStrategy[T], rare: st.SearchStrategy[T]) -> st.SearchStrategy[T]:
    """Draw something that costs much in one case of twenty."""
    return st.one_of(*[plain] * 19, rare)


def _long() -> st.SearchStrategy[str]:
    return st.sampled_from(LENGTHS).map(lambda length: "x" * length)


def _payloads(without: Collection[str] = ()) -> st.SearchStrategy[str]:
    words = _words(without)
    payloads = [words]
    if "empty-data" not in without:
        payloads.append(st.sampled_from(["a", ""]))  # "a" is the simpler one
    ends = [
        end for end, rule in (("\n", "newline"), ("\r\n", "cr-in-data"), ("\r", "cr-in-data")) if rule not in without
    ]
    if ends:
        joints = st.sampled_from(ends)
        line = st.sampled_from(["", "a", " a"]) if "padded-value" not in without else st.sampled_from(["", "a"])
        payloads += [
            st.builds("".join, st.tuples(line, joints, line)),
            st.lists(joints | words, min_size=2, max_size=6).map("".join),
        ]
    return st.one_of(payloads) if "long" in without else _sometimes(st.one_of(payloads), _long())


def payloads() -> st.SearchStrategy[str]:
    r"""Strategy for data: the text that one event carries.

    What it reaches: line ends of every kind, at the start and the end too; leading and trailing spaces; "" and U+0000;
    U+FEFF, U+2028, U+0085 and the other characters that some splitters take for line ends; colons; text beyond the
    BMP; up to 64 KiB and one. Every value can be sent; CR and CRLF arrive as LF.

    >>> from hypothesis import given
    >>> from sse_codec import ServerSentEvent, decode, encode
    >>> from sse_codec.testing import payloads
    >>> @given(payloads())
    ... def test_data_comes_back(data):
    ...     [event] = decode([encode(ServerSentEvent(data))])
    ...     assert event.data == data.replace("\r\n", "\n").replace("\r", "\n")
    >>> test_data_comes_back()
    """
    return _payloads()


def _types(without: Collection[str] = ()) -> st.SearchStrategy[str]:
    words = _words(without)
    return st.just(DEFAULT_EVENT) if "event" in without else st.just(DEFAULT_EVENT) | words


def _ids(without: Collection[str] = ()) -> st.SearchStrategy[str | None]:
    if "id" in without:
        return st.none()
    ids = [st.none(), _words({*without, "nul"})]
    if "empty-id" not in without:
        ids.append(st.just(""))
    if not {"colon", "long"} & set(without):
        ids.append(st.sampled_from(['[{"topic":"eqiad.change","offset":-1}]', "🍊" * 1025]))
    return st.one_of(ids)


def _retries(without: Collection[str] = ()) -> st.SearchStrategy[int | None]:
    if "retry" in without:
        return st.none()
    return st.none() | st.sampled_from(RETRIES)


def _events(without: Collection[str] = ()) -> st.SearchStrategy[ServerSentEvent]:
    parts = {"event": _types(without), "id": _ids(without), "retry": _retries(without)}
    return spelt_short(st.builds(ServerSentEvent, _payloads(without), **parts))


def events() -> st.SearchStrategy[ServerSentEvent]:
    """Strategy for events that can be sent; what `st.from_type(ServerSentEvent)` gives.

    Data as `payloads`; event types and ids with the same awkward text as far as they can hold it; reconnection times
    at their limits. `last_event_id` is "": it is the receiver's.

    >>> from hypothesis import given
    >>> from sse_codec import decode, encode
    >>> from sse_codec.testing import events
    >>> @given(events())
    ... def test_an_event_comes_back(event):
    ...     [received] = decode([encode(event)])
    ...     assert (received.event, received.id, received.retry) == (event.event, event.id, event.retry)
    >>> test_an_event_comes_back()
    """
    return _events()


def event_lists(
    events: st.SearchStrategy[ServerSentEvent] | None = None, *, min_size: int = 0, max_size: int = 5
) -> st.SearchStrategy[list[ServerSentEvent]]:
    """Strategy for what a stream carries: events, in order.

    Args:
        events: the events to draw from; `events()` when None.
        min_size: how many events at least.
        max_size: how many events at most.
    """
    return st.lists(_events() if events is None else events, min_size=min_size, max_size=max_size)


#: The ends that the lines of a stream have: each list is one stream's, and several in it are mixed.
_ENDS: list[tuple[list[bytes], set[str]]] = [
    ([b"\n"], set()),
    ([b"\r\n"], {"crlf"}),
    ([b"\r"], {"bare-cr"}),
    ([b"\n", b"\r\n", b"\r"], {"bare-cr", "crlf", "mixed-line-ends"}),
]


class _Speller:
    """Draws the bytes of one legal stream: what its author prefers is drawn once, and then kept to or mixed."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.ends = draw(st.sampled_from([ends for ends, _ in _ENDS]))
        self.names_alone = draw(st.booleans())
        self.no_space = draw(st.booleans())
        self.comments = draw(st.booleans())
        self.unknown = draw(st.booleans())

    def end(self) -> bytes:
        return self.ends[0] if len(self.ends) == 1 else self.draw(st.sampled_from(self.ends))

    def field(self, name: bytes, value: bytes) -> bytes:
        """Draw one of the spellings of a field; the space stays where leaving it out would lose one."""
        spellings = [name + b": " + value]
        if self.no_space and not value.startswith(b" "):
            spellings.append(name + b":" + value)
        if self.names_alone and not value:
            spellings.append(name)
        return spellings[0] if len(spellings) == 1 else self.draw(st.sampled_from(spellings))

    def between(self) -> list[bytes]:
        """Draw what may stand before any line and means nothing."""
        lines: list[bytes] = []
        if self.comments and self.draw(st.booleans()):
            lines.append(self.draw(st.sampled_from(COMMENTS)))
        if self.unknown and self.draw(st.booleans()):
            lines.append(self.draw(st.sampled_from(UNKNOWN)))
        return lines

    def joined(self, lines: list[bytes]) -> bytes:
        wire = b""
        for line in lines:
            end = self.end()
            # Behind a CR, the LF of a blank line would be the rest of a CRLF, and no line.
            wire += line + (b"\r" if end == b"\n" and not line and wire.endswith(b"\r") else end)
        return wire


def spellings(events: Sequence[ServerSentEvent]) -> st.SearchStrategy[bytes]:
    r"""Strategy for the streams that carry given events: each conforming consumer must make just these of it.

    What is drawn: line ends and mixtures of them, whether a space follows the colon (where leaving it out loses
    nothing), comments, unknown fields, the order of the fields, data lines with other fields between, a byte order
    mark, "message" spelt out or left out, fields that a later one overrides, blank lines that end nothing.

    Args:
        events: events that can be sent; CR and CRLF in their data count as LF.

    >>> from hypothesis import given
    >>> from sse_codec import ServerSentEvent, decode
    >>> from sse_codec.testing import spellings
    >>> event = ServerSentEvent("a\nb", id="1")
    >>> @given(spellings([event]))
    ... def test_every_spelling_is_the_same_event(wire):
    ...     assert list(decode([wire])) == [event]
    >>> test_every_spelling_is_the_same_event()
    """
    return _spelled(events)


@st.composite
def _spelled(draw: st.DrawFn, events: Sequence[ServerSentEvent]) -> bytes:
    speller = _Speller(draw)
    wire = draw(st.sampled_from([b"", BOM]))
    shuffled = draw(st.booleans())
    overridden = draw(st.booleans())
    for event in events:
        fields: list[tuple[bytes, str]] = []
        if event.event != DEFAULT_EVENT or draw(st.booleans()):
            fields.append((b"event", event.event))
        if event.id is not None:
            fields.append((b"id", event.id))
        if event.retry is not None:
            fields.append((b"retry", str(event.retry)))
        if overridden:
            fields = [twice for name, value in fields for twice in ((name, "7"), (name, value))]
        data = [(b"data", value) for value in event.data.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
        # The order among fields of one name means something; that of different names does not.
        order = [name for name, _ in [*fields, *data]]
        if shuffled:
            order = draw(st.permutations(order))
        left = {name: [value for other, value in [*fields, *data] if other == name] for name in order}
        lines: list[bytes] = []
        for name in order:
            lines += speller.between()
            lines.append(speller.field(name, left[name].pop(0).encode()))
        lines += [*speller.between(), b""]
        if draw(st.integers(0, 9)) == 9:
            lines.append(b"")
        wire += speller.joined(lines)
    return wire


def streams(events: st.SearchStrategy[list[ServerSentEvent]] | None = None) -> st.SearchStrategy[bytes]:
    """Strategy for legal event streams: some spelling of some events, complete to the last blank line.

    Args:
        events: the lists of events to draw from; `event_lists()` when None.
    """
    return (event_lists() if events is None else events).flatmap(spellings)


#: What a failing stream shrinks to where it can: no other line takes fewer choices.
_SIMPLE = [(b"event: a", "event"), (b"id: 1", "id"), (b"retry: 7", "retry")]


def _phrases(without: Collection[str]) -> st.SearchStrategy[list[bytes]]:
    """Lines of a stream without their ends, mostly one; legal, and nearly legal. `data: a` is the simplest."""
    words = _words(without).map(str.encode)
    after = st.sampled_from([b": "] if "missing-space" in without else [b": ", b": ", b":"])
    empty = st.sampled_from([b": ", b":", b""] if "no-colon" not in without else [b": ", b":"])

    def field(name: bytes, values: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
        def spelt(colon: bytes, value: bytes) -> bytes:
            return name + colon + value

        return st.builds(spelt, after, values)

    simple = [b"data: a", b"data: b"]
    simple += [line for line, rule in _SIMPLE if rule not in without]
    lines = [st.sampled_from(simple)] * 2 + [field(b"data", words)] * 6
    others = [
        ("event", field(b"event", words)),
        ("id", field(b"id", words if "nul" in without else _words({*without, "nul"}).map(str.encode))),
        ("retry", field(b"retry", st.sampled_from([b"0", b"3000", b"007", b"2147483648"]))),
        ("invalid-retry", field(b"retry", st.sampled_from(BAD_RETRIES))),
        ("invalid-retry", field(b"retry", st.sampled_from(BAD_RETRIES_BEYOND_ASCII))),
        ("id-with-null", field(b"id", st.sampled_from([b"1\0", b"\0", b"\x002"]))),
        ("invalid-utf-8", field(b"data", st.sampled_from(BAD_UTF_8))),
        ("empty-data", empty.map(b"data".__add__)),
        ("empty-event", empty.map(b"event".__add__)),
        ("empty-id", empty.map(b"id".__add__)),
        ("comment", st.sampled_from(COMMENTS)),
        ("unknown-field", st.sampled_from(UNKNOWN)),
        ("white-space-line", st.sampled_from(WHITE_LINES)),
        *(("unknown-field", st.sampled_from(names)) for names in NEAR_MISSES),
        ("late-bom", st.just(BOM + b"data: a")),
        ("padded-value", st.sampled_from([b"data:\ta", b"data: \ta", b"data:  a", b"event:\ta", b"id: a "])),
    ]
    lines += [line for rule, line in others if rule not in without]
    together = [list(lines) for rule, rules, lines in PHRASES if not {rule, *rules} & set(without)]
    pair = spelt_short(st.sampled_from(together))
    return spelt_short(st.one_of([line.map(_alone) for line in lines] + [pair] * 6 * bool(together)))


def _alone(line: bytes) -> list[bytes]:
    return [line]


def wires(without: Collection[str] = ()) -> st.SearchStrategy[bytes]:
    """Strategy for streams that touch the rules of a consumer, but for those named; legal and nearly legal ones."""
    phrases = _phrases(without)
    wires = spelt_short(_wires(phrases, without))
    if "long" in without:
        return wires
    long = _long().map(lambda text: [b"data: " + text.encode()])
    return st.one_of(*[wires] * 4, _wires(st.one_of(*[phrases] * 15, long), without))


def _wires(phrases: st.SearchStrategy[list[bytes]], without: Collection[str]) -> st.SearchStrategy[bytes]:
    phrase = st.tuples(phrases, st.integers(0, 2))  # the number chooses the ends of its lines, where ends are mixed
    rest = st.tuples(st.lists(phrase, max_size=3), st.integers(0, 3))
    return st.builds(
        _wire,
        # What a failure can mostly do without comes first: so it shrinks away first.
        st.sampled_from([b"", BOM] if "leading-bom" not in without else [b""]),
        st.sampled_from([ends for ends, rules in _ENDS if not rules & set(without)]),
        st.none() if "unfinished-block" in without else st.none() | rest,
        mostly_many(st.lists(phrase, max_size=4), 6),
    )


def mostly_many(elements: st.SearchStrategy[T], most: int) -> st.SearchStrategy[list[T]]:
    """Draw a list that is long, as `lists` alone seldom does, and shrinks as well as if it were not meant to be."""
    # The first is the simplest, and takes a long list's choices as they are.
    elements = spelt_short(elements)
    few = st.lists(elements, min_size=1, max_size=most)
    return few | st.lists(elements, min_size=most - most // 3, max_size=most)


def _wire(
    bom: bytes,
    ends: list[bytes],
    unfinished: tuple[list[tuple[list[bytes], int]], int] | None,
    blocks: list[list[tuple[list[bytes], int]]],
) -> bytes:
    def joined(phrases: list[tuple[list[bytes], int]]) -> bytes:
        return b"".join(line + ends[end % len(ends)] for lines, end in phrases for line in lines)

    wire = bom + b"".join(joined([*block, ([b""], number)]) for number, block in enumerate(blocks))
    if unfinished is not None:
        lines, missing = unfinished
        wire += joined(lines)[: -missing or None]
    return wire


def hostile_bytes() -> st.SearchStrategy[bytes]:
    r"""Strategy for what a consumer may be sent at worst: streams that are legal, nearly legal, or no streams at all.

    What it reaches besides all that `streams` does: field names that are nearly right, bad reconnection times, ids with
    U+0000, invalid and truncated UTF-8, byte order marks in the wrong place, blocks without data, fields given twice,
    streams that end anywhere. The standard says what each means: see `reference_decode`.

    >>> from hypothesis import given
    >>> from sse_codec import decode
    >>> from sse_codec.testing import hostile_bytes, reference_decode
    >>> @given(hostile_bytes())
    ... def test_it_is_read_as_the_standard_says(wire):
    ...     assert list(decode([wire])) == reference_decode(wire).events
    >>> test_it_is_read_as_the_standard_says()
    """
    return st.one_of(wires(), wires(), streams(), st.binary(max_size=40))


class _Plan(NamedTuple):
    """How a stream is cut, whatever its length: where the places are counted, and which of them."""

    #: "all": every offset is a place. "awkward": those inside a CRLF, a character, the byte order mark or around a line
    #: end or a colon.
    places: str
    #: Cut at these places, by number, counted round and round; at every n-th one if `every` is not 0.
    chosen: list[int]
    every: int
    #: Offsets by number at which an empty chunk is put in.
    empty: list[int]


def _plans(empty: bool) -> st.SearchStrategy[_Plan]:
    numbers = st.lists(st.integers(0, 999), min_size=1, max_size=4)
    none: st.SearchStrategy[list[int]] = st.just([])
    some_empty = numbers if empty else none
    return st.one_of(
        st.builds(_Plan, st.just("all"), none, st.just(0), none | some_empty),
        st.builds(_Plan, st.sampled_from(["awkward", "all"]), numbers, st.just(0), none | some_empty),
        st.builds(_Plan, st.just("awkward"), none, st.just(1), none | some_empty),
        st.builds(_Plan, st.just("all"), none, st.integers(1, 20), none | some_empty),
        st.builds(_Plan, st.just("all"), none, st.just(1), none | some_empty),
    )


def cut(wire: bytes, plan: _Plan, without: Collection[str]) -> list[bytes]:
    """Cut a stream by a plan, but for the kinds of cuts that are named."""
    places: Sequence[int] = range(1, len(wire))
    if plan.places == "awkward":
        places = [at for at in places if _is_awkward(wire[at - 1], wire[at])] or places
    chosen: set[int] = {places[number % len(places)] for number in plan.chosen} if places else set()
    if plan.every:
        # A long stream byte by byte is the same cuts many times over, and takes long.
        chosen.update(places[:: max(plan.every, len(places) // 500)])
    if "cut" in without:
        chosen = set()
    if "cut-bom" in without and wire.startswith(BOM):
        chosen -= {1, 2}
    if "cut-utf-8" in without:
        chosen = {at for at in chosen if not _is_continuation(wire[at])}
    if "cut-crlf" in without:
        chosen = {at for at in chosen if wire[at - 1 : at + 1] != b"\r\n"}
    cuts = sorted(chosen)
    ends = [0, *cuts, len(wire)]
    cuts = sorted([*cuts, *(ends[number % len(ends)] for number in plan.empty)])
    return [wire[start:end] for start, end in zip([0, *cuts], [*cuts, len(wire)], strict=True)]


def _is_continuation(byte: int) -> bool:
    return 0x80 <= byte <= 0xBF


def _is_awkward(before: int, after: int) -> bool:
    return _is_continuation(after) or before in b"\r\n:" or after in b"\r\n:"


def chunked(wires: st.SearchStrategy[bytes], without: Collection[str]) -> st.SearchStrategy[list[bytes]]:
    """Strategy for streams in chunks."""

    def cut_by(plan: _Plan, wire: bytes) -> list[bytes]:
        return cut(wire, plan, without)

    return st.builds(cut_by, _plans(empty="empty-chunk" not in without), wires)


def chunkings(wire: bytes, *, empty: bool = False) -> st.SearchStrategy[list[bytes]]:
    r"""Strategy for the ways in which a stream arrives: lists of chunks that make up the wire.

    Whole, byte by byte, in pieces of one size, or cut at places that are drawn, often inside a CRLF, a character or the
    byte order mark.

    Args:
        wire: the stream.
        empty: whether chunks may be empty. Some sources take an empty one for the end.

    >>> from hypothesis import given
    >>> from sse_codec import ServerSentEvent, decode
    >>> from sse_codec.testing import chunkings
    >>> @given(chunkings(b"data: a\r\n\r\n"))
    ... def test_where_it_is_cut_makes_no_difference(chunks):
    ...     assert list(decode(chunks)) == [ServerSentEvent("a")]
    >>> test_where_it_is_cut_makes_no_difference()
    """
    return _plans(empty).map(lambda plan: cut(wire, plan, ()))
