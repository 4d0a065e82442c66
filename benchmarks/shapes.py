"""Streams whose blocks differ only in their shape: their fields, the order of these, and how they are written.

An event should take about the same time in all of them. The data of each event is 204 bytes of JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from itertools import count

from benchmarks.workloads import CHUNKINGS, KIB, MIB, WORDS, Blocks, Chunking, Workload, as_json, up_to

_DATA_SIZE = 204

#: Servers that flush after every few tokens send several whole events at a time.
FIVE_A_FEED = Chunking("five events a feed", 0, 64 * MIB, blocks=5)
SHAPE_CHUNKINGS = (CHUNKINGS[0], CHUNKINGS[2], FIVE_A_FEED, CHUNKINGS[3]._replace(most=32 * KIB))

#: Makes the block of a given number.
Make = Callable[[int], str]


def data(number: int) -> str:
    """Return one line of JSON, always 204 bytes long: a chat token, as servers send it."""
    token = {"index": 0, "delta": {"content": " " + WORDS[number % len(WORDS)]}, "finish_reason": None}
    chunk = {"id": "chatcmpl-A1b2C3d4E5f6G7h8", "object": "chat.completion.chunk", "n": number, "choices": [token]}
    text = as_json({**chunk, "obfuscation": ""})
    return text[:-2] + "x" * (_DATA_SIZE - len(text)) + text[-2:]


def _block(shape: str, number: int) -> str:
    """Return a block with one line for each word of its shape, in that order."""
    payload = data(number)
    lines = {
        "comment": ": keep-alive\n",
        "data": f"data: {payload}\n",
        "event": "event: content_block_delta\n",
        "id": f"id: {number}\n",
        "retry": "retry: 3000\n",
        "three data lines": "".join(f"data: {payload[at : at + 68]}\n" for at in (0, 68, 136)),
    }
    return "".join(lines[word] for word in shape.split(", ")) + "\n"


def _without_space(shape: str, number: int) -> str:
    """Return a block without spaces after the colons."""
    return re.sub(r"^(\w+): ", r"\1:", _block(shape, number), flags=re.MULTILINE)


def _with_line_end(end: str, make: Make, number: int) -> str:
    return make(number).replace("\n", end)


def _with_pings(number: int) -> str:
    """Return a block, or now and then a ping like Anthropic's."""
    return 'event: ping\ndata: {"type":"ping"}\n\n' if number % 20 == 3 else _block("event, data", number)


def _with_keep_alives(number: int) -> str:
    return ": keep-alive\n\n" if number % 10 == 3 else _block("data", number)


def _any_shape(number: int) -> str:
    return _PLAIN[number % len(_PLAIN)](number)


_SHAPES = (
    "data",
    "event, data",
    "id, data",
    "event, id, data",
    "id, event, data",
    "data, event",
    "data, id",
    "event, data, id",
    "comment, data",
    "id, data, retry",
    "event, three data lines",
)
_PLAIN: list[Make] = [partial(_block, shape) for shape in _SHAPES]
_MAKERS: dict[str, Make] = {
    **dict(zip(_SHAPES, _PLAIN, strict=True)),
    **{f"{shape}, no space": partial(_without_space, shape) for shape in ("data", "event, data", "id, data")},
    **{
        f"{shape}, {name}": partial(_with_line_end, end, partial(_block, shape))
        for shape in ("data", "event, data", "id, event, data", "data, event")
        for name, end in (("CRLF", "\r\n"), ("CR", "\r"))
    },
    "event, data and pings": _with_pings,
    "data and keep-alives": _with_keep_alives,
    "data, event, data in turn": lambda number: _block(("data", "event, data")[number % 2], number),
    "the first eleven in turn": _any_shape,
}


def _stream(make: Make, size: int) -> list[Blocks]:
    return up_to(size, (make(number).encode() for number in count(1)))


#: A stream for each shape, and some of mixed shapes.
SHAPES = tuple(Workload(f"shape: {name}", partial(_stream, make), 256 * KIB) for name, make in _MAKERS.items())
