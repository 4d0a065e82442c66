"""Checks the memory of decoders per byte of a block, before and at its end: `python benchmarks/memory.py`. Exits with 1
if a bound is exceeded.

tracemalloc measures the memory, not the lengths: small strings, one per line, would show as twenty times the bytes fed.
That does happen for a block of some hundred kilobytes, whose lines are all in memory at the same time. For such a
block, the bytes are bounded and not the multiple.
"""

from __future__ import annotations

import sys
import tracemalloc
from itertools import product
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the clone's package, installed or not

from benchmarks.workloads import pieces
from sse_codec import BlockDecoder, Decoder

HELD = 1.5  # while the block is unfinished
PEAK: dict[type[Decoder | BlockDecoder], float] = {
    Decoder: 5.0,
    BlockDecoder: 6.0,
}  # while it is parsed, in ASCII; a Block also keeps its bytes
NOT_ASCII = 4.0  # times as much: a str may take four bytes for each byte of the stream
KIB = 1024
MIB = 1024 * KIB
LINES = 2 * MIB  # extra for the lines of a block that is not large

#: A block without its blank line, and the chunk size.
CASES = {
    "short data lines, 1460 B": (b"data:xy\n" * (4 * MIB // 8), 1460),
    "short data lines, byte by byte": (b"data:xy\n" * (MIB // 8), 1),
    "empty data lines, 1460 B": (b"data\n" * (4 * MIB // 5), 1460),
    "one line, 1460 B": (b"data: " + b"x" * 4 * MIB, 1460),
    "one line, beyond ASCII, 1460 B": (b"data: " + "é🍊".encode() * MIB, 1460),
    "invalid UTF-8, 1460 B": (b"data: " + b"\xff" * 4 * MIB, 1460),
    "event types, 1460 B": (b"event: x\n" * (4 * MIB // 9), 1460),
    "fields and data, 1460 B": (b"event: x\n" + b"data:xy\nid: 1\n" * (4 * MIB // 14), 1460),
    "unknown fields, 1460 B": (b"xy\n" * (4 * MIB // 3), 1460),
    "short lines of invalid UTF-8, 1460 B": (b"data:\xff\n" * (4 * MIB // 7), 1460),
    "100 KiB of short lines of invalid UTF-8": (b"data:\xff\n" * (100 * KIB // 7), 1460),
    "300 KiB of short lines of invalid UTF-8": (b"\xff\xff\n" * (300 * KIB // 3), 1460),
    "100 KiB of short lines beyond ASCII": ("data:\U0001f34a\n".encode() * (100 * KIB // 10), 1460),
    "100 KiB of short data lines": (b"data:x\n" * (100 * KIB // 7), 1460),
}


def measure(make: type[Decoder | BlockDecoder], wire: bytes, size: int) -> tuple[int, int]:
    """Return the bytes held for an unfinished block, and the peak while it is parsed."""
    chunks = pieces(wire, size)
    decoder: Any = make()
    tracemalloc.start()
    for chunk in chunks:
        decoder.feed(chunk)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    decoder.feed(b"\n\n")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return held, peak


def main() -> int:
    """Measure every case; return the exit status."""
    failed = 0
    for make, (name, (wire, size)) in product(PEAK, CASES.items()):
        held, peak = measure(make, wire, size)
        bound = PEAK[make] * len(wire) * (1 if wire.isascii() else NOT_ASCII)
        if len(wire) < MIB:
            bound = PEAK[make] * len(wire) + LINES
        exceeds = held > HELD * len(wire) or peak > bound
        failed += exceeds
        print(
            f"{f'{name}, {make.__name__}':53} {held / len(wire):5.2f} bytes held for each byte fed,"
            f" {peak / len(wire):5.2f} at most when the block ends{'   FAILED' if exceeds else ''}"
        )
    print(f"{failed} of {len(PEAK) * len(CASES)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
