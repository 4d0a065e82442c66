"""What a decoder takes for each byte of a block, before and at its end: `python benchmarks/memory.py`; exit status 1
past a bound.

Counted by tracemalloc, so it is the memory and not a sum of lengths: small strings, one for each line, would show here
as twenty times the bytes that were fed.
"""

from __future__ import annotations

import sys
import tracemalloc
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the clone's package, installed or not

from benchmarks.workloads import pieces
from sse_codec import Decoder

HELD = 1.5  # while the block is unfinished
PEAK = 5.0  # while it is parsed; what is not ASCII takes more in a str
MIB = 1024 * 1024

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
}


def main() -> int:
    """Measure every case; return the exit status."""
    failed = 0
    for name, (wire, size) in CASES.items():
        chunks = pieces(wire, size)
        decoder = Decoder()
        tracemalloc.start()
        for chunk in chunks:
            decoder.feed(chunk)
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        decoder.feed(b"\n\n")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        exceeds = held > HELD * len(wire) or peak > (PEAK if wire.isascii() else 4 * PEAK) * len(wire)
        failed += exceeds
        print(
            f"{name:36} {held / len(wire):5.2f} bytes held for each byte fed,"
            f" {peak / len(wire):5.2f} at most when the block ends{'   FAILED' if exceeds else ''}"
        )
    print(f"{failed} of {len(CASES)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
