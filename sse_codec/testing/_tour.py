"""The fixed cases, one by one: both checks try them before they draw anything.

They are the tables of `_places`, in order: each text in each field; each line before, after and between others; each
pair of lines and of fields; each size; each way to cut. So a fault in a fixed case is found every time, and the
strategies can look for what nobody has thought of. Failures are made smaller afterwards, so most streams here have many
blocks, which takes a fraction of the time of as many streams. Large cases come last, and each size only once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, product

from sse_codec._event import ServerSentEvent
from sse_codec._grammar import BOM

from ._places import (
    BAD_RETRIES,
    BAD_RETRIES_BEYOND_ASCII,
    BAD_UTF_8,
    COMMENTS,
    LARGE_SIZES,
    NEAR_MISSES,
    PHRASES,
    RETRIES,
    SEPARATED_NAMES,
    SIZES,
    SPELT_RETRIES,
    TEXTS,
    UNKNOWN,
    WHITE_LINES,
)

_ALL_TEXTS = [text for texts in TEXTS.values() for text in texts]
_LINE_ENDS = ["\n", "\r", "\r\n"]

# Streams, for consumers.

Lines = list[bytes]
LeftOut = Callable[[list[bytes]], bool]


def streams_in_chunks(left_out: LeftOut | None = None) -> Iterator[list[bytes]]:
    """Yield streams in chunks, without duplicates.

    Args:
        left_out: tells whether to leave out a stream in chunks. From streams of many blocks, only the blocks that it
            leaves out are removed.
    """
    seen: set[tuple[bytes, ...]] = set()
    for part in (_alone, _with_others, _cut, _sized, _paired, _counted, _largest):
        for chunks in part(left_out):
            if tuple(chunks) not in seen and not (left_out and left_out(chunks)):
                seen.add(tuple(chunks))
                yield chunks


def _joined(lines: Lines, end: bytes = b"\n") -> bytes:
    return b"".join(line + end for line in lines)


def _together(blocks: Iterable[bytes], left_out: LeftOut | None) -> Iterator[list[bytes]]:
    """Yield blocks as one stream, or each as a stream if the whole is left out for having several blocks."""
    wanted = [block for block in blocks if not (left_out and left_out([block]))]
    stream = [b"".join(wanted)]
    yield from ([block] for block in wanted) if left_out and left_out(stream) else [stream]


def _alone(_: LeftOut | None) -> Iterator[list[bytes]]:
    """Streams of one or two blocks, which meet a new decoder."""
    blocks: list[Lines] = [
        [b""],
        [b"data: a", b""],
        [b"data: a", b"", b"data: b", b""],
        [b"data: a", b"", b"data: a", b""],
    ]
    blocks.append([b"data: a", b"data: b", b""])
    for name in (b"event: e", b"id: 1", b"retry: 7", b"event: message"):
        blocks += [
            [name, b"data: a", b""],
            [b"data: a", name, b""],
            [name, b"data: a", b"", b"data: b", b""],
            [name, b"", b"data: a", b""],
            [name, b"", b"", b"data: a", b""],
        ]
    for empty in (b": ", b":", b""):
        blocks += [
            [b"data" + empty, b""],
            [b"data: a", b"data" + empty, b""],
            [b"data" + empty, b"data: a", b""],
            [b"event" + empty, b"data: a", b""],
            [b"id" + empty, b"data: a", b""],
            [b"id: 1", b"data: a", b"", b"id" + empty, b"data: b", b""],
            [b"event: e", b"event" + empty, b"data: a", b""],
            [b"id: 1", b"id" + empty, b"data: a", b""],
            [b"retry" + empty, b"data: a", b""],
            [b"id: 1", b"event: e", b"data" + empty, b""],
        ]
    for first, second in ((b"id: 1", b"id: 1"), (b"id: 2", b"id: 1"), (b"event: a", b"event: b")):
        blocks.append([first, b"data: a", b"", second, b"data: a", b""])
    blocks += [[b"data: a", b"", b"", b"data: b", b""], [b"id: 1", b"event: e", b"", b"data: a", b""]]
    blocks += [[*phrase, b""] for _, _, phrase in PHRASES]
    for lines in blocks:
        yield [_joined(lines)]
    # The start of the stream, where a byte order mark may be.
    starts = [BOM * 2, BOM * 3, b"\n" + BOM, b"\n", b"\n\n", b" ", b": c\n"]
    starts += [b"\xff\xfe", b"\xfe\xff", b"\xef\xbb", b"\xef", b"\xef\xbb\xbe"]
    for start in [BOM, *starts, *(BOM + start for start in starts)]:
        yield [start + b"data: a\n\n" + BOM + b"data: b\n\ndata: " + BOM + b"c\n\n"]
        yield [start]
    yield ["data: a\n\n".encode("utf-16")]
    # The end of the stream, inside a block.
    tails = [
        *(b"data: z", b"data: z\n", b"id: 1\n", b"event: e\ndata: z\n", b"data", b"data:", b"d", b": z", b":\n", b" "),
        *(b"retry: 7\n", b"id: 2\ndata: z", b"data: \xe2\x82", b"\xf0\x9f", b"data: z\ndata: z\n"),
        *(b"data: z\n\xef\xbb", b"\0"),
    ]  # fmt: skip
    for wire in (b"", b"data: a\n\n", b"id: 1\ndata: a\n\n"):
        for tail in tails:
            yield [wire + tail]
            yield [wire + tail.replace(b"\n", b"\r\n")]
            yield [wire + tail.replace(b"\n", b"\r")]


def _with_others(left_out: LeftOut | None) -> Iterator[list[bytes]]:
    """Streams of many blocks, each with one thing that can go wrong."""
    for text in map(str.encode, _ALL_TEXTS):
        shapes = [
            *([b"data: " + text, b""], [b"event: " + text, b"data: z", b""], [b"id: " + text, b"data: z", b""]),
            *([b"data:" + text, b""], [b"event:" + text, b"data: z", b""], [b"id:" + text, b"data: z", b""]),
            *([b"data: a" + text + b"b", b""], [b"data: " + text, b"data: " + text, b""]),
            *([b": " + text, b"data: z", b""], [text + b": a", b"data: z", b""]),
        ]
        yield from _together(map(_joined, shapes), left_out)
    lines = [*COMMENTS, *UNKNOWN, *chain.from_iterable(NEAR_MISSES), *SEPARATED_NAMES, *WHITE_LINES, BOM + b"data: a"]
    lines += [b"retry: " + value for value in [*BAD_RETRIES, *BAD_RETRIES_BEYOND_ASCII, *SPELT_RETRIES]]
    lines += [b"retry:" + value for value in (b"0", b"7", b"x", b"\t7")]
    lines += [name + b": " + value for value in BAD_UTF_8 for name in (b"data", b"event", b"id")]
    lines += [value + b": a" for value in BAD_UTF_8] + [b":" + value for value in BAD_UTF_8]
    for line in lines:
        shapes = [[line, b""], [line, b"data: z", b""], [b"data: z", line, b""], [b"data: y", line, b"data: z", b""]]
        yield from _together(map(_joined, shapes), left_out)


def _paired(left_out: LeftOut | None) -> Iterator[list[bytes]]:
    """Streams of many blocks, each with two lines, or two line ends, that meet."""
    ends = [b"\n", b"\r\n", b"\r"]
    for at, first in enumerate(_PAIRED):
        blocks: list[Lines] = []
        for second in _PAIRED:
            with_data = [] if b"data" in first + second else [b"data: z"]
            blocks += [
                [first, second, *with_data, b""],
                [first, b"", second, b"data: z", b""],
                [first, b"data: z", b"", second, b"data: y", b""],
            ]
        yield from _together((_joined(lines, ends[at % 3]) for lines in blocks), left_out)
    for first, second in product(ends, repeat=2):
        yield [b"data: a" + first + b"data: b" + second + first + b"data: c" + first + second + b"\n"]
        yield [b"data: a" + first * 2 + b"data: b" + second * 2 + b"data: c" + first + second]
        yield [b"data: a" + first + b"data: b" + first + b"id: 1" + second + b": c" + second + b"data: d" + second * 2]


#: Each of these comes before and after each other one, in the same block and in the block before.
_PAIRED: Lines = [
    *(b"data: a", b"data: b", b"data", b"data: ", b"data:  a", "data: é".encode(), b"data: \0", b"data: \xff"),
    *(b"event: a", b"event: b", b"event: ", b"event: message", b"retry: 7", b"retry: 8", b"retry: x", b"retry: 0"),
    *(b"id: 1", b"id: 2", b"id", b"id: ", b"id: 3\0", b"id:  "),
    *(b": c", b":data: a", b"x: 1", b" data: a", BOM + b"data: a", b""),
]  # fmt: skip


def _cut(_: LeftOut | None) -> Iterator[list[bytes]]:
    """Streams in more than one chunk: cut at each offset, into single bytes, into pieces, with empty chunks."""
    few: list[Lines] = [
        [b"data: a", b""],
        [b"data: \xc2\x80", b"", b"data: b", b""],
        [b"data: a", b"data: b", b"", b"data: c", b""],
    ]
    for wire in (
        b"data: aaaa\n\ndata: bbbb\n\n",
        b"data: aaaaaaaaaaaaaaaaaaaaaaaa\n\n",
        b": aaaaaaaaaaaa\n" * 9 + b"data: b\n\n",
    ):
        yield _pieces(wire, 1)
    in_all_ends = [_joined(lines, end) for end in (b"\n", b"\r\n", b"\r") for lines in few]
    for wire in in_all_ends:
        yield [wire]
        yield [b": ping\n" + wire]
        yield [BOM + wire]
        yield from _halves(wire)
        for start in (b"", BOM, BOM * 2):
            yield _pieces(start + wire, 1)
        yield from _with_empty_chunks(wire)
    everything = (
        "\ufeffretry: 12\r\nevent: é中🍊\r\nid: 1\r\ndata:\ufeffx\r\n: c\r\ndata\r\n\r\n"
        "x: 1\ndata: \u2028\n\nid: \0\rdata: b\r\r"
    )
    yield from _halves(everything.encode())
    for value in BAD_UTF_8:
        wire = b"data: " + value + b"\n\n"
        yield from ([wire[:at], wire[at:]] for at in range(6, len(wire) - 1))
        yield _pieces(wire, 1)
    for wire in (BOM + b"data: \xf0\x9f\x8d\x8a\r\n\r\n", b"data: a\r\rid: 1\n\ndata: b\r\n\r\n"):
        for size in (1, 2):
            yield from ([wire[:at], wire[at : at + size], wire[at + size :]] for at in range(1, len(wire) - size))
    yield []
    yield [b""]
    yield from _with_empty_chunks(everything.encode())
    # Blocks of 29 bytes, so that each is cut in another place.
    wire = b"".join(b"id: %02d\r\ndata: %03d\r\ndata:\r\n\r\n" % (number % 100, number) for number in range(40))
    for size in [*range(2, 31), 31, 32, 33, 63, 64, 65, 100, 127, 128, 129, 255, 256, 257, 500, 511, 512, 513, 1000]:
        yield _pieces(wire, size)


def _halves(wire: bytes) -> Iterator[list[bytes]]:
    return ([wire[:at], wire[at:]] for at in range(1, len(wire)))


def _pieces(wire: bytes, size: int) -> list[bytes]:
    return [wire[at : at + size] for at in range(0, len(wire), size)]


def _with_empty_chunks(wire: bytes) -> Iterator[list[bytes]]:
    yield [b"", wire]
    yield [b"", BOM + wire]
    yield [wire, b""]
    yield [b"", b"", wire, b"", b""]
    yield [piece for single in _pieces(wire, 1) for piece in (single, b"")]
    yield [b"", *(piece for single in _pieces(BOM + wire, 1) for piece in (single, b"", b""))]
    yield [wire[:7], b"", wire[7:]]
    yield [wire[:-1], b"", wire[-1:]]


def _counted(_: LeftOut | None) -> Iterator[list[bytes]]:
    """Streams with more of something than fits a one-byte counter, a pool or a queue."""
    for count in (20, 300, 1_100):
        yield [b"".join(b"data: %d\n\n" % number for number in range(10_000, 10_000 + count))]
    for count in (20, 300, 4_200):
        yield [b"".join(b"data: %d\n" % number for number in range(10_000, 10_000 + count)) + b"\n"]
    kinds = (b": c", b"x: 1", b"", b"id: 1", b"id:", b"event: a", b"retry: 7", b"data: ", b"data", b"id: 1\n", b"x\n")
    for line, count in ((b":", 1_100), *((kind, 300) for kind in kinds)):
        yield [b"data: a\n" + (line + b"\n") * count + b"data: b\n\n"]
    yield [b"".join(b"id: %d\nevent: e%d\ndata: a\n\n" % (number, number) for number in range(300))]
    yield [b"".join(b"event: e%d\ndata: a\n\n" % (number % 150) for number in range(300))]
    wire = b"id: 1\ndata: " + b"x" * 1_100 + b"\n\n"
    yield _pieces(wire, 1)
    yield _pieces(b"data: aaaa\r\n\r\n" * 300, 1)
    yield [b"data: a\n\n"] * 1_100
    yield [b"data: a\n"] * 1_100 + [b"\n"]
    yield [b": c\n"] * 1_100 + [b"data: a\n\n"]
    yield [b"\n"] * 300 + [b"data: a\n\n"]


_BEHIND = b"data: b\r\n\r\n"


def _sized(left_out: LeftOut | None) -> Iterator[list[bytes]]:
    """Streams with something that is as long as a buffer, or lies where one ends."""
    for size in SIZES:
        lengths = range(max(size - 9, 1), size + 2) if size < 8192 else (size - 7, size - 6, size, size + 1)
        yield from _together((b"data: " + b"x" * length + b"\n\n" for length in lengths), left_out)
        if size <= 4096:
            for name in (b"event: ", b"id: "):
                lengths = (size - len(name) - 1, size - len(name), size, size + 1)
                yield from _together((name + b"x" * length + b"\ndata: a\n\n" for length in lengths), left_out)
    # Chunks of exactly this size: whole blocks, and cut after a CR, after a line, inside a line, inside a character.
    for size in (16, 32, 64, 128, 255, 256, 257, 512, 1000, 1023, 1024, 1025, 2048, 4095, 4096, 4097, 8192, 65_536):
        yield [b"data: ".ljust(size - 2, b"x") + b"\n\n", _BEHIND]
    for size in (16, 32, 64, 128, 256, 512, 1000, 1024, 2048, 4096, 8192):
        yield [b"data: ".ljust(size - 4, b"x") + b"\r\n\r\n"] * 2 + [_BEHIND]
        for end, length in (
            (b"\r\n\r\n", 1),
            (b"\r\n\r\n", 2),
            (b"\r\n\r\n", 3),
            (b"x\r\n\r\n", 1),
            ("é\r\n\r\n".encode(), 1),
        ):
            wire = b"data: ".ljust(size - length, b"x") + end + _BEHIND
            yield [wire[:size], wire[size:]]
    # The same places in one chunk, which a decoder may process in windows, and in chunks of that size.
    places = [64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384]
    ends = [*((b"\r\n\r\n", back) for back in (1, 2, 3, 4)), ("🍊\r\n\r\n".encode(), 2), (b"\n\n", 1), (b"\r\r", 1)]
    for end, back in ends:
        wire = b""
        for place in places[:-1] if back in {3, 4} else places:
            wire += b"data: ".ljust(place - back - len(wire), b"x") + end
        wire += b"data: b" + end[-2:]
        yield [wire]
        for size in (256, 1024, 4096):
            yield _pieces(wire, size)
    yield [b"data: ".ljust(65_535, b"x") + b"\r\n\r\ndata: b\r\n\r\n"]
    # Fields, lines and blocks longer than any limit that a consumer might have.
    for name, size in ((b"event: ", 66_000), (b"id: ", 66_000), (b": ", 20_000), (b"x: ", 20_000), (b"x", 20_000)):
        yield [name + b"x" * size + b"\ndata: a\n\n"]
    yield [b"retry: " + b"0" * 1_100 + b"7\ndata: a\n\n"]
    yield ["data: {}\n\n".format("é🍊" * 3_000).encode()]
    yield [(b"data: " + b"x" * 60 + b"\n") * 1_100 + b"\n"]
    for size in (20_000, 132_000):
        yield [b"data: " + b"x" * size + b"\n\ndata: b\n\n"]


def _largest(_: LeftOut | None) -> Iterator[list[bytes]]:
    """A line longer than any plausible limit, a block of two shorter lines, and a block of many lines."""
    yield [(b"data: " + b"x" * 40_000 + b"\n") * 2 + b"\n"]
    yield [b"data: a\n" * 4_200 + b"\n"]
    yield [b"data: " + b"x" * (LARGE_SIZES[-1] + 1) + b"\n\n"]


# Events, for producers.

#: Comes after other events, to show whether anything of them is left.
_NEXT = ServerSentEvent("c")


def small_events_to_send() -> Iterator[list[ServerSentEvent]]:
    """Yield the streams of events that can be sent and take next to no time, without duplicates."""
    return _once(_texts(), _lines(), _in_order())


def large_events_to_send() -> Iterator[list[ServerSentEvent]]:
    """Yield the other streams of events that can be sent, without duplicates."""
    return _once(_large())


def _once(*parts: Iterable[list[ServerSentEvent]]) -> Iterator[list[ServerSentEvent]]:
    seen: set[tuple[ServerSentEvent, ...]] = set()
    for events in chain(*parts):
        if tuple(events) not in seen:
            seen.add(tuple(events))
            yield events


def _texts() -> Iterator[list[ServerSentEvent]]:
    """Events with one thing that can go wrong."""
    yield [ServerSentEvent("a")]
    yield [ServerSentEvent("a"), ServerSentEvent("b"), ServerSentEvent("c")]
    full = ServerSentEvent("a", "b", "1", 7)
    for first in (ServerSentEvent("a", "b"), ServerSentEvent("a", id="1"), ServerSentEvent("a", retry=7), full):
        yield [first]
        yield [first, first]
        yield [first, _NEXT]
    yield [ServerSentEvent("")]
    yield [ServerSentEvent("a", id="")]
    for text in _ALL_TEXTS:
        yield [ServerSentEvent(text)]
        yield [ServerSentEvent(f"a{text}b")]
        yield [ServerSentEvent(f"{text}\n{text}")]
        yield [ServerSentEvent("a", event=text)]
        if "\0" not in text:
            yield [ServerSentEvent("a", id=text)]
    for retry in RETRIES:
        yield [ServerSentEvent("a", retry=retry)]


def _lines() -> Iterator[list[ServerSentEvent]]:
    """Data of several lines: each pair of pieces, joined by one and by two line ends of each kind."""
    pieces = [
        "",
        "a",
        " ",
        " a",
        "a ",
        ":",
        ": a",
        "data: a",
        "é",
        "\ufeff",
        "\x85",
        "\v",
        "\0",
        "id: 9",
        "event: b",
        "retry: 1",
        "\t",
    ]
    for end in _LINE_ENDS:
        for first, second in product(pieces, repeat=2):
            yield [ServerSentEvent(first + end + second)]
    for first, between, last in product(["", "a"], repeat=3):
        for end, other in product(_LINE_ENDS, repeat=2):
            yield [ServerSentEvent(first + end + between + other + last)]
    for end in _LINE_ENDS:
        for count in (3, 4, 9):
            yield [ServerSentEvent(end * count)]
            yield [ServerSentEvent(f"a{end * count}b")]


def _in_order() -> Iterator[list[ServerSentEvent]]:
    """Each pair of fields in an event, and each pair of events, with an event after them to show what is left over."""
    for data, event, id, retry in product(
        ["a", "", "a\nb", " ", "\n"], ["message", "b", " ", "é"], [None, "", "1", "0", " "], [None, 0, 7]
    ):
        yield [ServerSentEvent(data, event, id, retry)]
        yield [ServerSentEvent(data, event, id, retry), _NEXT]
    some = [
        *(
            ServerSentEvent("a"),
            ServerSentEvent("b"),
            ServerSentEvent(""),
            ServerSentEvent("a\nb"),
            ServerSentEvent("é"),
        ),
        *(
            ServerSentEvent("a", "b"),
            ServerSentEvent("a", "d"),
            ServerSentEvent("a", id="1"),
            ServerSentEvent("a", id="2"),
        ),
        *(ServerSentEvent("a", id=""), ServerSentEvent("a", retry=7), ServerSentEvent("a", retry=8)),
        *(ServerSentEvent("a", "b", "1", 7), ServerSentEvent("", "b", "1"), ServerSentEvent("a\n")),
    ]
    for first, second in product(some, repeat=2):
        yield [first, second]
        yield [first, second, _NEXT]
        yield [first, second, first]


def _large() -> Iterator[list[ServerSentEvent]]:
    """Values as long as a buffer, and more of something than fits a one-byte counter or a pool."""
    sizes = [length for size in SIZES for length in (size - 7, size - 6, size - 1, size, size + 1)]
    for length in sizes:
        yield [ServerSentEvent("x" * length)]
        if length <= 1_025:
            yield [ServerSentEvent("a", "x" * length, "x" * length)]
            yield [ServerSentEvent("é" * length)]
    for count in (20, 300, 4_200):
        yield [ServerSentEvent("\n".join(map(str, range(10_000, 10_000 + count))))]
    for count in (20, 300, 1_100):
        yield [ServerSentEvent(str(number)) for number in range(10_000, 10_000 + count)]
    yield [ServerSentEvent("\n" * 1_100)]
    yield [ServerSentEvent("a", id=str(number)) for number in range(1, 300)]
    yield [ServerSentEvent("a")] * 300
    yield [ServerSentEvent("a", "x" * 70_000)]
    yield [ServerSentEvent("a", id="x" * 70_000)]
    yield [ServerSentEvent("a" + "🍊" * 3_000)]
    yield [ServerSentEvent(("x" * 60 + "\n") * 1_100)]
    for size in (20_000, 70_000, 132_000, LARGE_SIZES[-1] + 1):
        yield [ServerSentEvent("x" * size)]


def events_that_cannot_be_sent() -> Iterator[tuple[ServerSentEvent, str]]:
    """Yield events that can't be sent, each with the name of the field that prevents it."""
    for end in ["\r", "\n", "\r\n", "\n\r", "\n\n"]:
        for value in (
            *(f"b{end}data: injected", f"b{end}id: 9", f"b{end}c", f"b{end}", f"b{end}{end}data: injected{end}{end}"),
            *(f"{end}data: injected", end, f"{end}b", f"b{end}:", f"b{end}retry: 0", f"b{end}data", f" {end}event: c"),
        ):
            yield ServerSentEvent("a", event=value), "event"
            yield ServerSentEvent("a", id=value), "id"
            yield ServerSentEvent("a", event=value, id="1", retry=7), "event"
            yield ServerSentEvent("a", event="b", id=value, retry=7), "id"
    for value in ("\0", "1\0", "\x002", "1\x002", "\0\0"):
        yield ServerSentEvent("a", id=value), "id"
        yield ServerSentEvent("a", "b", value, 7), "id"
    yield ServerSentEvent("a", event=""), "event"
    yield ServerSentEvent("a", event="", id="1", retry=7), "event"
    for retry in (-1, -(10**9)):
        yield ServerSentEvent("a", retry=retry), "retry"
        yield ServerSentEvent("a", "b", "1", retry), "retry"
        yield ServerSentEvent("", "b", retry=retry), "retry"
    for value in ("\ud800", "a\udfffb", "\udc80", "\ud83c\udf4a"):
        yield ServerSentEvent(value), "data"
        yield ServerSentEvent("a\n" + value, "b", "1"), "data"
        yield ServerSentEvent("a", event=value), "event"
        yield ServerSentEvent("a", id=value), "id"
