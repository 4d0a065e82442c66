"""Checks that decoding takes linear time: `python benchmarks/linear.py`. Exits with 1 if a case fails.

Each case is fed at a size n and at 2n, in turn. The ratio of the shortest times is 2 for linear work and 4 for
quadratic work; the bound is 3. A case above the bound is measured again, longer, before it counts as failed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the clone's package, installed or not

from benchmarks.timing import timed
from benchmarks.workloads import pieces
from sse_codec import BlockDecoder, Decoder, LineDecoder
from sse_codec.lint import Linter

BOUND = 3.0
KIB = 1024
MIB = 1024 * KIB
Feed = Callable[[bytes], object]
#: Makes a decoder for a stream of the given size.
Factory = Callable[[int], Decoder | BlockDecoder | LineDecoder | Linter]

#: Each case: a function that makes about n bytes of stream (or n lines), n, and the chunk size, or 0 for one chunk.
CASES: dict[str, tuple[Callable[[int], bytes], int, int]] = {
    "one line of 4 MiB, 1460 B": (lambda n: b"data: " + b"x" * n, 4 * MIB, 1460),
    "one line of 4 MiB, beyond ASCII, 1460 B": (lambda n: b"data: " + "🍊".encode() * (n // 4), 4 * MIB, 1460),
    "one line, byte by byte": (lambda n: b"data: " + b"x" * n, 256 * KIB, 1),
    "small events, byte by byte": (lambda n: b"id: 1\r\ndata: x\r\n\r\n" * (n // 18), 256 * KIB, 1),
    "small events of 1 MiB, one chunk": (lambda n: b"id: 1\ndata: x\n\n" * (n // 15), MIB, 0),
    "small events of 1 MiB and part of one, one chunk": (
        lambda n: b"id: 1\ndata: x\n\n" * (n // 15) + b"d",
        MIB,
        0,
    ),
    "200,000 data lines, one chunk": (lambda n: b"data: x\n" * n + b"\n", 200_000, 0),
    "200,000 data lines, 1460 B": (lambda n: b"data: x\n" * n + b"\n", 200_000, 1460),
    "200,000 data lines, CR, 1460 B": (lambda n: b"data: x\r" * n + b"\r", 200_000, 1460),
    "an event of 350,000 lines, 1460 B": (lambda n: b"data:x\nid: 1\n" * (n // 2) + b"\n", 350_000, 1460),
    "50,000 empty data lines, byte by byte": (lambda n: b"data\n" * n, 50_000, 1),
    "1 MiB of newlines, one chunk": (lambda n: b"\n" * n, MIB, 0),
    "newlines, byte by byte": (lambda n: b"\n" * n, 256 * KIB, 1),
    "CR, byte by byte": (lambda n: b"\r" * n, 256 * KIB, 1),
    "1 MiB of CRLF, 1460 B": (lambda n: b"\r\n" * (n // 2), MIB, 1460),
    "an endless comment, 1460 B": (lambda n: b":" * n, 4 * MIB, 1460),
    "comments without a blank line, 1460 B": (lambda n: b": ping\n" * (n // 7), MIB, 1460),
    "unknown fields without a blank line, 100 B": (lambda n: b"foo: bar\n" * (n // 9), MIB, 100),
    "retry without a blank line, 100 B": (lambda n: b"retry: 5\n" * (n // 9), MIB, 100),
    "invalid UTF-8, 1460 B": (lambda n: b"data: " + b"\xff" * n + b"\n\n", MIB, 1460),
}


def run(feed: Feed, chunks: Iterable[bytes]) -> Callable[[], None]:
    """Return a call that feeds all chunks."""

    def call() -> None:
        for chunk in chunks:
            feed(chunk)

    return call


def ratio(decoder: Factory, small: list[bytes], large: list[bytes], rounds: int) -> float:
    """Return the shortest time for the large stream divided by that for the small one."""
    times: dict[int, list[float]] = {0: [], 1: []}
    for _ in range(rounds):
        for which, chunks in enumerate((small, large)):
            feed = decoder(sum(map(len, chunks))).feed
            times[which].append(timed(run(feed, chunks)))
    return min(times[1]) / min(times[0])


def measure(name: str, decoder: Factory, make: Callable[[int], bytes], n: int, size: int) -> bool:
    """Measure one case and print it; return whether it failed."""
    small, large = ([wire] if not size else pieces(wire, size) for wire in (make(n), make(2 * n)))
    got = ratio(decoder, small, large, 2)
    if got > BOUND:
        got = ratio(decoder, small, large, 9)
    print(f"{name:74} {got:5.2f}{'' if got <= BOUND else '   FAILED: not linear'}", flush=True)
    return got > BOUND


def main() -> int:
    """Measure every case; return the exit status."""
    failed = []
    for name, case in CASES.items():
        failed.append(measure(f"{name}, Decoder", lambda _: Decoder(), *case))
        failed.append(measure(f"{name}, BlockDecoder", lambda _: BlockDecoder(), *case))
        failed.append(measure(f"{name}, LineDecoder", lambda _: LineDecoder(), *case))
    # A chunk larger than the limit, with blocks smaller than the limit, or one block exactly as large.
    for decoder in (Decoder, BlockDecoder):
        for name, limited in (
            ("small events of 1 MiB, one chunk", lambda _, decoder=decoder: decoder(max_event_size=1000)),
            ("200,000 data lines, one chunk", lambda size, decoder=decoder: decoder(max_event_size=size - 2)),
        ):
            title = f"{name}, {decoder.__name__} with a limit below the chunk"
            failed.append(measure(title, limited, *CASES[name]))
    # The linter takes several times as long as a decoder, so it gets less of each.
    for name in ("one line of 4 MiB, 1460 B", "small events of 1 MiB, one chunk", "newlines, byte by byte"):
        make, n, size = CASES[name]
        failed.append(measure(f"a quarter of {name}, Linter", lambda _: Linter(), make, n // 4, size))
    failed.append(
        measure("a line of 1 MiB without a field, Linter", lambda _: Linter(), lambda n: b"x" * n + b"\n", MIB, 1460)
    )
    print(f"{sum(failed)} of {len(failed)} failed")
    return 1 if any(failed) else 0


if __name__ == "__main__":
    sys.exit(main())
