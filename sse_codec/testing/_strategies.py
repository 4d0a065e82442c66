"""Hypothesis strategies for event streams. Nearly every example reaches a place where codecs break.

They draw events to send, legal spellings of events, legal and malformed streams, and ways to cut a stream into chunks.
They draw from short lists of awkward pieces instead of all of Unicode, because what breaks a codec is never the
40,000th letter: it is a CR, a space, a byte order mark. Everything shrinks to plain text, LF, one space after the
colon, and one chunk.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple, TypeVar

from hypothesis import strategies as st

from sse_codec._event import ServerSentEvent
from sse_codec._grammar import BOM, DEFAULT_EVENT

from ._places import (
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
    """Join lists so that `sampled_from`, which has no weights, draws from each list about equally often."""
    longest = max(map(len, lists))
    return [each[turn % len(each)] for turn in range(longest) for each in lists]


def spelt_short(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[T]:
    """Return the same strategy with a short repr. Hypothesis sometimes builds the repr, and these would fill pages."""
    return st.deferred(lambda: strategy)


def _words(without: Collection[str]) -> st.SearchStrategy[str]:
    """Draw text of one line; "a" is the simplest."""
    lists = [texts for rule, texts in TEXTS.items() if rule not in without]
    texts = spelt_short(st.sampled_from(_by_turns(lists)))
    words = [texts, st.lists(texts, min_size=2, max_size=4).map("".join)]
    if not set(TEXTS) & set(without):
        characters = st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])
        words.append(st.text(characters, min_size=1, max_size=6))
    return st.one_of(words)


def _sometimes(plain: st.SearchStrategy[T], rare: st.SearchStrategy[T]) -> st.SearchStrategy[T]:
    """Draw from an expensive strategy once in twenty times."""
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
    r"""Strategy for data: the text of one event.

    It draws line ends of every kind, including at the start and the end; leading and trailing spaces; "" and U+0000;
    U+FEFF, U+2028, U+0085 and other characters that some splitters take for line ends; colons; text beyond the BMP; and
    up to 64 KiB plus one character. Every value can be sent. CR and CRLF arrive as LF.

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


def _types(without: Collection[str]) -> st.SearchStrategy[str]:
    words = _words(without)
    return st.just(DEFAULT_EVENT) if "event" in without else st.just(DEFAULT_EVENT) | words


def _ids(without: Collection[str]) -> st.SearchStrategy[str | None]:
    if "id" in without:
        return st.none()
    ids = [st.none(), _words({*without, "nul"})]
    if "empty-id" not in without:
        ids.append(st.just(""))
    if not {"colon", "long"} & set(without):
        ids.append(st.sampled_from(['[{"topic":"eqiad.change","offset":-1}]', "🍊" * 1025]))
    return st.one_of(ids)


def _retries(without: Collection[str]) -> st.SearchStrategy[int | None]:
    if "retry" in without:
        return st.none()
    return st.none() | st.sampled_from(RETRIES)


def events_without(without: Collection[str]) -> st.SearchStrategy[ServerSentEvent]:
    """Strategy for events that can be sent and touch none of some rules, as far as it can tell beforehand."""
    parts = {"event": _types(without), "id": _ids(without), "retry": _retries(without)}
    return spelt_short(st.builds(ServerSentEvent, _payloads(without), **parts))


def events() -> st.SearchStrategy[ServerSentEvent]:
    """Strategy for events that can be sent. `st.from_type(ServerSentEvent)` draws the same.

    Data is drawn from `payloads`. Event types and ids have the same awkward text, as far as they may contain it.
    Reconnection times are at their limits. `last_event_id` is "", because only a receiver sets it.

    >>> from hypothesis import given
    >>> from sse_codec import decode, encode
    >>> from sse_codec.testing import events
    >>> @given(events())
    ... def test_an_event_comes_back(event):
    ...     [received] = decode([encode(event)])
    ...     assert (received.event, received.id, received.retry) == (event.event, event.id, event.retry)
    >>> test_an_event_comes_back()
    """
    return events_without(())


def event_lists(
    events: st.SearchStrategy[ServerSentEvent] | None = None, *, min_size: int = 0, max_size: int = 5
) -> st.SearchStrategy[list[ServerSentEvent]]:
    """Strategy for the events of a stream, in order.

    Args:
        events: the strategy for single events. None means `events()`.
        min_size: the smallest number of events.
        max_size: the largest number of events.
    """
    return st.lists(events_without(()) if events is None else events, min_size=min_size, max_size=max_size)


#: The line ends that a stream may use (several are mixed), and the rules that they touch.
_ENDS: list[tuple[list[bytes], set[str]]] = [
    ([b"\n"], set()),
    ([b"\r\n"], {"crlf"}),
    ([b"\r"], {"bare-cr"}),
    ([b"\n", b"\r\n", b"\r"], {"bare-cr", "crlf", "mixed-line-ends"}),
]


class _Speller:
    """Draws the bytes of one legal stream. The style is drawn once; within a style, spellings may still be mixed."""

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
        """Draw a spelling of a field. The space after the colon stays if the value starts with one."""
        spellings = [name + b": " + value]
        if self.no_space and not value.startswith(b" "):
            spellings.append(name + b":" + value)
        if self.names_alone and not value:
            spellings.append(name)
        return spellings[0] if len(spellings) == 1 else self.draw(st.sampled_from(spellings))

    def between(self) -> list[bytes]:
        """Draw lines that mean nothing and may stand before any line."""
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
            # After a CR, the LF of a blank line would complete a CRLF instead of ending a line.
            wire += line + (b"\r" if end == b"\n" and not line and wire.endswith(b"\r") else end)
        return wire


def spellings(events: Sequence[ServerSentEvent]) -> st.SearchStrategy[bytes]:
    r"""Strategy for the streams that carry given events. A conforming consumer reads exactly these events from each.

    It varies the line ends, alone and mixed; the space after the colon, if the value doesn't start with one; comments
    and unknown fields; the order of fields, with other fields between data lines; the byte order mark; whether
    "message" is spelt out; fields that a later one overrides; and extra blank lines.

    Args:
        events: events that can be sent. CR and CRLF in their data are written as LF.

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
        # Order matters among fields of the same name, but not between names.
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
    """Strategy for legal event streams: a spelling of some events, complete with the last blank line.

    Args:
        events: the strategy for lists of events. None means `event_lists()`.
    """
    return (event_lists() if events is None else events).flatmap(spellings)


#: The simplest lines, besides data.
_SIMPLE = [(b"event: a", "event"), (b"id: 1", "id"), (b"retry: 7", "retry")]


def _phrases(without: Collection[str]) -> st.SearchStrategy[list[bytes]]:
    """Draw lines without line ends, mostly just one, legal or nearly legal. `data: a` is the simplest."""
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
    """Strategy for legal and nearly legal streams that touch any rule of a consumer, except the named ones."""
    phrases = _phrases(without)
    wires = spelt_short(_wires(phrases, without))
    if "long" in without:
        return wires
    long = _long().map(lambda text: [b"data: " + text.encode()])
    return st.one_of(*[wires] * 4, _wires(st.one_of(*[phrases] * 15, long), without))


def _wires(phrases: st.SearchStrategy[list[bytes]], without: Collection[str]) -> st.SearchStrategy[bytes]:
    phrase = st.tuples(phrases, st.integers(0, 2))  # the number chooses the line end, if line ends are mixed
    rest = st.tuples(st.lists(phrase, max_size=3), st.integers(0, 3))
    return st.builds(
        _wire,
        # The parts that a failure rarely needs come first, because they then shrink away first.
        st.sampled_from([b"", BOM] if "leading-bom" not in without else [b""]),
        st.sampled_from([ends for ends, rules in _ENDS if not rules & set(without)]),
        st.none() if "unfinished-block" in without else st.none() | rest,
        mostly_many(st.lists(phrase, max_size=4), 6),
    )


def mostly_many(elements: st.SearchStrategy[T], most: int) -> st.SearchStrategy[list[T]]:
    """Draw long lists more often than `lists` does, without making them harder to shrink."""
    # The first strategy is the simpler one, and the choices of a long list fit it unchanged.
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
    r"""Strategy for the worst that a consumer may receive: legal streams, nearly legal ones, and arbitrary bytes.

    Besides all that `streams` draws, it draws misspelt field names, invalid reconnection times, ids with U+0000,
    invalid and truncated UTF-8, byte order marks in the wrong place, blocks without data, repeated fields, and streams
    that end anywhere. The standard defines what each of them means: see `reference_decode`.

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
    """How to cut a stream of any length: which offsets to choose from, and which of them to use."""

    #: "all": every offset is a place. "awkward": only those inside a CRLF, a character or the byte order mark, or next
    #: to a line end or a colon.
    places: str
    #: The numbers of the places to cut at, modulo the number of places; also every n-th place, if `every` is not 0.
    chosen: list[int]
    every: int
    #: The numbers of the cuts at which to insert an empty chunk, modulo the number of cuts.
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
    """Cut a stream by a plan, leaving out the cuts that touch the named rules."""
    places: Sequence[int] = range(1, len(wire))
    if plan.places == "awkward":
        places = [at for at in places if _is_awkward(wire[at - 1], wire[at])] or places
    chosen: set[int] = {places[number % len(places)] for number in plan.chosen} if places else set()
    if plan.every:
        # Cutting a long stream at every byte takes long, and only repeats the same kinds of cuts.
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
    if b"\n" in wire or b"\r" in wire:  # without a line end, consumers such as `decode` may take chunks for bare lines
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
    r"""Strategy for the ways in which a stream may arrive: lists of chunks that together are the stream.

    The stream is left whole, cut into single bytes or pieces of one size, or cut at random places, often inside a CRLF,
    a character or the byte order mark.

    Args:
        wire: the bytes of the stream.
        empty: whether chunks may be empty. Some consumers take an empty chunk for the end of the stream. A stream
            without a line end never has one, because `decode` refuses chunks that look like lines without their ends.

    >>> from hypothesis import given
    >>> from sse_codec import ServerSentEvent, decode
    >>> from sse_codec.testing import chunkings
    >>> @given(chunkings(b"data: a\r\n\r\n"))
    ... def test_where_it_is_cut_makes_no_difference(chunks):
    ...     assert list(decode(chunks)) == [ServerSentEvent("a")]
    >>> test_where_it_is_cut_makes_no_difference()
    """
    return _plans(empty).map(lambda plan: cut(wire, plan, ()))
