"""What a decoder holds for each byte of an unfinished block: `python benchmarks/memory.py`; exit status 1 past the
bound.

Counted by tracemalloc, so it is the memory and not a sum of lengths: lists of small strings would show here as eight
times the bytes that were fed.
"""

from __future__ import annotations

import sys
import tracemalloc
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the clone's package, installed or not

from benchmarks.workloads import pieces
from sse_codec import Decoder

BOUND = 1.5
MIB = 1024 * 1024

CASES = {
    "short data lines, 1460 B": (b"data:xy\n" * (4 * MIB // 8), 1460),
    "short data lines, byte by byte": (b"data:xy\n" * (MIB // 8), 1),
    "empty data lines, 1460 B": (b"data\n" * (4 * MIB // 5), 1460),
    "one line, 1460 B": (b"data: " + b"x" * 4 * MIB, 1460),
    "one line, beyond ASCII, 1460 B": (b"data: " + "é🍊".encode() * MIB, 1460),
    "invalid UTF-8, 1460 B": (b"data: " + b"\xff" * 4 * MIB, 1460),
    "event types, 1460 B": (b"event: x\n" * (4 * MIB // 9), 1460),
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
        tracemalloc.stop()
        ratio = held / len(wire)
        failed += ratio > BOUND
        print(f"{name:36} {ratio:5.2f} bytes held for each byte fed{'   FAILED' if ratio > BOUND else ''}")
    print(f"{failed} of {len(CASES)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
