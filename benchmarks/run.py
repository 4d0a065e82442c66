"""Speed beside other libraries, all in one run: `python benchmarks/run.py`.

Every competitor first has to give the events that we give for the same chunks; one that differs is not timed there.
Then all are timed in turn, round after round. Machines are noisy: trust the ratios, which are taken within a round, and
their medians; the absolute times only say on what scale they are.
"""

from __future__ import annotations

import argparse
import gc
import platform
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the clone's package, installed or not

from benchmarks.peers import decoders, encoders  # noqa: E402
from benchmarks.workloads import chunkings, workloads  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def timed(call: Callable[[], object]) -> float:
    """Return the seconds that one call takes, with the garbage collector off as in timeit."""
    gc.collect()
    gc.disable()
    try:
        start = time.perf_counter()
        call()
        return time.perf_counter() - start
    finally:
        gc.enable()


def compare(calls: Mapping[str, Callable[[], object]], rounds: int) -> tuple[float, dict[str, float]]:
    """Time all calls in turn; return the first one's median seconds, and the others' median ratios to it."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            times[name].append(timed(call))
    first, *others = times
    ratios = {name: median(b / a for a, b in zip(times[first], times[name], strict=True)) for name in others}
    return median(times[first]), ratios


def print_row(title: str, seconds: float, count: int, ratios: dict[str, float | None]) -> None:
    """Print our time for one event, and the others' as multiples of it."""
    shown = "  ".join(
        f"{name} {'differs' if ratio is None else f'x{ratio:.1f}'}".ljust(19) for name, ratio in ratios.items()
    )
    print(f"{title:46}  {seconds / count * 1e6:7.2f} us  {count / seconds / 1e6:5.2f} M/s   {shown}")


def decoding(rounds: int, only: str) -> None:
    """Compare decoders."""
    peers, missing = decoders()
    ours, *others = peers
    for name in missing:
        print(f"not installed: {name}")
    for workload in workloads():
        for title, chunks in chunkings(workload).items():
            label = f"{workload.name}, {title}"
            if only not in label:
                continue
            expected = ours.events(chunks)
            agreeing = [peer for peer in others if peer.events(chunks) == expected]
            calls = {peer.name: partial(peer.read, chunks) for peer in (ours, *agreeing)}
            seconds, ratios = compare(calls, rounds)
            print_row(label, seconds, len(expected), {peer.name: ratios.get(peer.name) for peer in others})


def encoding(rounds: int) -> None:
    """Compare encoders."""
    found, missing = encoders()
    for name in missing:
        print(f"not installed: {name}")
    for title, data in (("encode, 240 B", "x" * 240), ("encode, ten lines", "\n".join(["x" * 24] * 10))):
        calls = {name: partial(encode_many, encode, data) for name, encode in found.items()}
        seconds, ratios = compare(calls, rounds)
        print_row(title, seconds, 5000, dict(ratios))


def encode_many(encode: Callable[[str], bytes], data: str) -> None:
    """Encode a payload often enough to be timed."""
    for _ in range(5000):
        encode(data)


def importing(rounds: int) -> None:
    """Measure what `import sse_codec` adds to the start of a bare interpreter."""

    def start(code: str) -> None:
        found = f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}"
        subprocess.run([sys.executable, "-I", "-S", "-c", found], check=True)

    start("import sse_codec")  # compiled once
    calls = {
        "sse_codec": partial(start, "import sse_codec"),
        "nothing": partial(start, "pass"),
        "json": partial(start, "import json"),
    }
    bare, ratios = compare(calls, rounds)
    nothing, json = bare * ratios["nothing"], bare * ratios["json"]
    print(f"import sse_codec: {(bare - nothing) * 1e3:.1f} ms, import json: {(json - nothing) * 1e3:.1f} ms")


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", default="", metavar="TEXT", help="decode only the workloads whose row has this text")
    options = parser.parse_args()
    print(f"{platform.python_implementation()} {platform.python_version()}; x2.0: takes twice our time")
    decoding(options.rounds, options.only)
    if not options.only:
        encoding(options.rounds)
        importing(options.rounds)


if __name__ == "__main__":
    main()
