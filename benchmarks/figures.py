"""Other measurements: one long line, memory, an idle decoder, the import, and curves that show how work grows.

A figure is a JSON object: {"name", "unit", "value"}. As elsewhere, the value is the median between two quartiles, or
the same number three times if nothing varies. A curve's points are rows with two more members, "curve" and "x".
"""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import sse_codec
from benchmarks.layers import LAYERED, decoder
from benchmarks.measure import Effort, Row, decoding, problem
from benchmarks.peers import OURS, NodePeer, Peer, expected
from benchmarks.timing import Spread, ratio, spread, take_turns, timer
from benchmarks.workloads import CHUNKINGS, MIB, WORKLOADS, Chunking, Chunks, arrive
from sse_codec import Decoder

_NAMED = {workload.name: workload for workload in WORKLOADS}
_ONE_LINE = _NAMED["one long line"]
_PACKETS = Chunking("1460 B", 1460, 64 * MIB)
_WHOLE = Chunking("one chunk", 64 * MIB, 64 * MIB)
_DECODERS = 10_000


def _figure(name: str, unit: str, value: Spread | float, library: str = OURS) -> Row:
    if not isinstance(value, Spread):
        value = Spread(value, value, value)
    return {"name": name, "library": library, "unit": unit, "value": value}


def _traced(call: Callable[[], object]) -> tuple[int, int]:
    """Return the bytes held after the call, including its result, and the peak."""
    tracemalloc.start()
    try:
        result = call()
        held, peak = tracemalloc.get_traced_memory()
        del result
        return held, peak
    finally:
        tracemalloc.stop()


def peak_memory(peer: Peer, streams: list[Chunks]) -> float:
    """Return the peak bytes of a decoder and its events per byte fed, without the chunks themselves."""
    _, peak = _traced(lambda: [peer.read(chunks) for chunks in streams])
    return peak / sum(len(chunk) for chunks in streams for chunk in chunks)


def _fed(wire: bytes) -> Decoder:
    decoder = Decoder()
    decoder.feed(wire)
    return decoder


def idle(wire: bytes) -> float:
    """Return the bytes that a decoder holds after it was fed these bytes and its events are gone."""
    _fed(wire)
    held, _ = _traced(lambda: [_fed(wire) for _ in range(_DECODERS)])
    return (held - sys.getsizeof([None] * _DECODERS)) / _DECODERS


def _start(code: str) -> float:
    """Start a bare interpreter that finds only the measured package and the standard library; return its seconds."""
    found = str(Path(sse_codec.__file__).parent.parent)
    code = f"import time, sys; sys.path.insert(0, {found!r}); {code}; print(time.process_time())"
    run = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, check=True)
    return float(run.stdout)


def importing(effort: Effort) -> Iterator[Row]:
    """Measure the time that an import adds to the start of a bare interpreter."""
    codes = {"nothing": "pass", OURS: "import sse_codec", "json": "import json"}
    for code in codes.values():
        _start(code)  # to write the bytecode
    times = take_turns({name: partial(_start, code) for name, code in codes.items()}, 3 * effort.rounds)
    for name in (OURS, "json"):
        added = [(some - bare) * 1e3 for some, bare in zip(times[name], times["nothing"], strict=True)]
        yield _figure("import, over a bare start", "ms", spread(added), name)


def one_object(effort: Effort) -> Iterator[Row]:
    """Measure one chunk of 9 MB, such as a recording read from a file, against chunks of 64 KiB."""
    for workload in LAYERED:
        large = workload._replace(size=9_000_000)
        pair = {chunking.name: partial(decoder, *arrive(large, chunking)) for chunking in (_WHOLE, CHUNKINGS[0])}
        times = take_turns({name: timer(call) for name, call in pair.items()}, effort.rounds)
        name = workload.name.replace("layers", "one object of 9 MB over 64 KiB chunks")
        yield _figure(name, "x", ratio(*times.values()))


def long_line(effort: Effort) -> Row:
    """Measure one long line in packets against joining the packets and decoding them once."""
    streams = arrive(_ONE_LINE, _PACKETS)

    def feed() -> None:
        decoder = Decoder()
        for chunk in streams[0]:
            decoder.feed(chunk)

    def once() -> str:
        return b"".join(streams[0]).decode()

    times = take_turns({"feed": timer(feed), "once": timer(once)}, 3 * effort.rounds)
    return _figure("one line of 4 MiB in 1460 B, over joining and decoding it once", "x", ratio(*times.values()))


def figures(peers: Sequence[Peer | NodePeer], effort: Effort, only: str) -> Iterator[Row]:
    """Measure all figures, if `only` is empty or part of "figures"."""
    if only not in "figures":
        return
    yield long_line(effort)
    yield from one_object(effort)
    for workload, chunking in (
        (_ONE_LINE, _PACKETS),
        (_ONE_LINE, _WHOLE),
        (_NAMED["many data lines"], _PACKETS),
        (_NAMED["LLM chat"], CHUNKINGS[0]),
    ):
        streams = arrive(workload, chunking)
        right = expected(streams)
        for peer in peers:
            if isinstance(peer, Peer) and not problem(peer, streams, right, effort.patience):
                title = f"peak memory, {workload.name}, {chunking.name}"
                yield _figure(title, "bytes for each byte", peak_memory(peer, streams), peer.name)
    yield _figure("an idle decoder that was never fed", "bytes", idle(b""))
    yield _figure("an idle decoder between two events", "bytes", idle(b"event: a\nid: 1\ndata: x\n\n"))
    yield from importing(effort)


#: Stream sizes in MiB and chunk sizes in bytes. What takes longer comes later.
_SIZES = (1, 4, 16, 64)
_CHUNKS = (65536, 16384, 4096, 1024, 256, 64, 16, 4, 1)


def curves(peers: Sequence[Peer | NodePeer], effort: Effort) -> Iterator[Row]:
    """Measure growing parts of the same stream, and ever smaller chunks of it. Each point is a row.

    A decoder that is too slow at one point is left out of the next.
    """
    for name, chunking in (("LLM chat", CHUNKINGS[0]), ("one long line", CHUNKINGS[1])):
        rest = peers
        for size in _SIZES:
            row = decoding(rest, _NAMED[name]._replace(size=size * MIB), chunking, effort)
            yield {"curve": f"{name}, {chunking.name} chunks, by size", "x": size * MIB, **row}
            rest = _not_too_slow(rest, row)
    for name in ("LLM chat", "one long line"):
        rest = peers
        for size in _CHUNKS:
            row = decoding(rest, _NAMED[name]._replace(size=MIB), Chunking(f"{size} B", size, MIB), effort)
            yield {"curve": f"{name}, 1 MiB, by size of the chunks", "x": size, **row}
            rest = _not_too_slow(rest, row)


def _not_too_slow(peers: Sequence[Peer | NodePeer], row: Row) -> list[Peer | NodePeer]:
    return [peer for peer in peers if not row["peers"].get(peer.name, {}).get("problem", "").startswith("too slow")]
