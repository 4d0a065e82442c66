"""The streams to measure, the same on every run, and the ways to cut them.

They are like those of real servers; the streams in `shapes` differ only in the shape of their blocks. `captured` reads
recorded streams from a folder. Each workload can be made smaller, so that very small chunks don't take much longer than
large ones.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import NamedTuple

from sse_codec import Decoder

KIB = 1024
MIB = 1024 * KIB

#: A stream as a list of blocks, which the server writes one at a time.
Blocks = list[bytes]
#: A stream as a list of chunks, which the client reads one at a time.
Chunks = list[bytes]

WORDS = ("an", "event", "stream", "carries", "one", "answer", "a", "token", "at", "a", "time")
_PHRASES = ("Ereignisse fließen", "событие за событием", "イベントの流れ", "하나씩 차례로", "🍊🌊🧵", "naïve café")


class Workload(NamedTuple):
    """Streams of one kind. Only captured workloads have more than one stream."""

    name: str
    #: Makes the streams, with about the given number of bytes in all.
    make: Callable[[int], list[Blocks]]
    #: The size in bytes, unless the chunking needs less.
    size: int


class Chunking(NamedTuple):
    """How a stream is cut into chunks."""

    name: str
    #: The size of a chunk in bytes; 0 if chunks are whole blocks.
    size: int
    #: The most bytes of a workload in this chunking, because smaller chunks take longer per byte.
    most: int
    #: The number of blocks per chunk, if the size is 0.
    blocks: int = 1


CHUNKINGS = (
    Chunking("64 KiB", 64 * KIB, 64 * MIB),
    Chunking("1400 B", 1400, 64 * MIB),
    Chunking("event a feed", 0, 64 * MIB),
    Chunking("16 B", 16, 128 * KIB),
    Chunking("1 B", 1, 32 * KIB),
)
#: There are many recorded streams, all short; small chunks of them would show nothing new.
CAPTURED_CHUNKINGS = CHUNKINGS[:3]


def pieces(wire: bytes, size: int) -> Chunks:
    """Cut a stream into chunks of one size."""
    return [wire[at : at + size] for at in range(0, len(wire), size)]


def arrive(workload: Workload, chunking: Chunking) -> list[Chunks]:
    """Return the workload's streams, cut into chunks."""
    streams = workload.make(min(workload.size, chunking.most))
    if chunking.size:
        return [pieces(b"".join(blocks), chunking.size) for blocks in streams]
    number = chunking.blocks
    return [[b"".join(blocks[at : at + number]) for at in range(0, len(blocks), number)] for blocks in streams]


def up_to(size: int, blocks: Iterator[bytes], end: bytes = b"") -> list[Blocks]:
    """Take blocks until they have `size` bytes, including `end`."""
    taken: Blocks = []
    length = len(end)
    while length < size:
        taken.append(next(blocks))
        length += len(taken[-1])
    return [[*taken, end] if end else taken]


def as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _chat_line(text: str) -> str:
    """Return a chunk of a chat completion, always 240 bytes long: such servers pad chunks to hide lengths."""
    chunk = {
        "id": "chatcmpl-A1b2C3d4E5f6G7h8I9j0K1l2",
        "object": "chat.completion.chunk",
        "created": 1764000000,
        "model": "example-model",
        "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}],
        "obfuscation": "",
    }
    chunk["obfuscation"] = "x" * (240 - len(as_json(chunk).encode()))
    return as_json(chunk)


def _chat() -> Iterator[bytes]:
    return (f"data: {_chat_line(' ' + WORDS[number % len(WORDS)])}\n\n".encode() for number in count())


def _named() -> Iterator[bytes]:
    for number in count():
        delta = {"type": "text_delta", "text": " " + WORDS[number % len(WORDS)]}
        payload = as_json({"type": "content_block_delta", "index": 0, "delta": delta})
        yield f"event: content_block_delta\ndata: {payload}\n\n".encode()


def _ticks() -> Iterator[bytes]:
    """Events of a counter, with an id and 30 bytes of data."""
    return (
        f'id: {number}\ndata: {{"at":{1764000000 + number},"last":{number % 90000 + 10000}}}\n\n'.encode()
        for number in count()
    )


def _documents() -> Iterator[bytes]:
    """Events with several data lines, after a comment."""
    for number in count():
        lines = json.dumps({"number": number, "words": WORDS[: 1 + number % 5]}, indent=1).split("\n")
        yield "".join([": the next document\n", *(f"data: {line}\n" for line in lines), "\n"]).encode()


def _multibyte() -> Iterator[bytes]:
    return (f"data: {as_json({'text': ' '.join(_PHRASES), 'number': number})}\n\n".encode() for number in count())


def _hostile() -> Iterator[bytes]:
    """What parsers disagree on, over and over. Only the first byte order mark counts; later ones are text."""
    odd = (
        b"\xef\xbb\xbfdata: a byte order mark\n\n",
        b"data: CRLF\r\n\r\ndata: CR\r\rdata: mixed\r\n\n",
        b"id: 1\nevent: no-data\n\n",
        b"data\n\ndata:\n\n",
        b"id: a\0b\ndata: an id with U+0000\n\n",
        b"id\ndata: the id is reset\n\n",
        b"retry: 1500\nretry: 15e3\nretry: +7\nretry: " + b"9" * 40 + b"\n\n",
        b": a comment\ndata: one\n:\ndata:  two\ndata\n\n",
        b"event: a\nevent: b\ndata: the last type wins\n\n",
        b"event: message\nevent\ndata: no type\n\n",
        b"Data: x\n data: x\ndata : x\nfoo: bar\nwithout a colon\ndata:a:b\n\n",
        "data: \u2028 \u2029 \u0085 \v \f \x1c\n\n".encode(),
        b"data: \xff \xc3 \xe2\x82 \xf0\x9f\x98 \xed\xa0\x80\n\n",
        b"data: a\0b\n\n",
        b"\n\r\n\r\n\n",
    )
    for number in count():
        yield odd[number % len(odd)]


def _with_line_end(end: bytes) -> Iterator[bytes]:
    return (block.replace(b"\n", end) for block in _chat())


def _one_line(size: int) -> list[Blocks]:
    """An event of one line, such as an image in Base64."""
    data = b"iVBORw0KGgo" * (size // 11 + 1)
    return [[b"data: " + data[: size - 8] + b"\n\n"]]


def _data_lines(size: int) -> list[Blocks]:
    """One block of many data lines, 13 bytes each."""
    return [[b"".join(b"data: %06d\n" % number for number in range(size // 13)) + b"\n"]]


WORKLOADS = (
    Workload("LLM chat", lambda size: up_to(size, _chat(), b"data: [DONE]\n\n"), MIB),
    Workload("named events", lambda size: up_to(size, _named()), 512 * KIB),
    Workload("ticks", lambda size: up_to(size, _ticks()), 256 * KIB),
    Workload("LLM chat, CRLF", lambda size: up_to(size, _with_line_end(b"\r\n"), b"data: [DONE]\r\n\r\n"), MIB),
    Workload("LLM chat, CR", lambda size: up_to(size, _with_line_end(b"\r"), b"data: [DONE]\r\r"), MIB),
    Workload("lines and comments", lambda size: up_to(size, _documents()), 512 * KIB),
    Workload("multibyte text", lambda size: up_to(size, _multibyte()), 512 * KIB),
    Workload("keep-alives only", lambda size: up_to(size, (b": keep-alive\n\n" for _ in count())), 128 * KIB),
    Workload("one long line", _one_line, 4 * MIB),
    Workload("many data lines", _data_lines, 200_000 * 13),
    Workload("hostile mix", lambda size: up_to(size, _hostile()), 128 * KIB),
)

#: A block, up to two equal line ends in a row: recorded streams don't mix line ends.
_BLOCK = re.compile(rb".+?(?:\r\n\r\n|\n\n|\r\r|\Z)", re.DOTALL)


def captured(folder: Path) -> list[Workload]:
    """Return the recorded streams of a folder, as a workload for each first word of at least three names, and "others".

    The folder's expected.json has each file's SHA-256, its number of events, and the SHA-256 of all their data joined
    by U+0000. A file that differs is not measured.

    Raises:
        ValueError: a file, or our decoder's result for it, differs from expected.json.
    """
    groups: dict[str, list[Blocks]] = defaultdict(list)
    for name, expected in json.loads((folder / "expected.json").read_text(encoding="utf-8")).items():
        wire = (folder / name).read_bytes()
        events = Decoder().feed(wire)
        data = "\0".join(event.data for event in events).encode()
        found = (hashlib.sha256(wire).hexdigest(), len(events), hashlib.sha256(data).hexdigest())
        if found != (expected["sha256"], expected["events"], expected["data_sha256"]):
            raise ValueError(f"{folder / name} is not what expected.json says")
        groups[name.partition("-")[0]].append(_BLOCK.findall(wire))

    others = [name for name, streams in groups.items() if len(streams) < 3]
    groups["others"] = [stream for name in others for stream in groups.pop(name)]
    return [_recorded(f"captured, {name}", streams) for name, streams in sorted(groups.items()) if streams]


def _recorded(name: str, streams: list[Blocks]) -> Workload:
    return Workload(name, lambda _: streams, sum(len(block) for blocks in streams for block in blocks))
