"""Speed, as rows. Each row is one workload in one chunking, or one payload, for all competitors or all of our layers.

A row is a JSON object:

    {"workload", "chunks": its label; "bytes", "events": of one pass,
     "seconds": our time per event, or per pass if there are no events,
     "yardstick": our time as a multiple of the least work that any reader must do,
     "peers": {name: {"ratio": their time as a multiple of ours} or {"problem": why they don't count}}}

A row of layers has "layers" instead of "peers": {name: {"ratio": its time as a multiple of Decoder's}}.

Each measured value is a list of three: the median between its two quartiles.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks import encoders
from benchmarks.encoders import PAYLOADS, Encoder, Payload
from benchmarks.layers import LAYERED, LAYERS, decoder
from benchmarks.peers import FLOOR, NODE, OURS, NodePeer, Peer, expected
from benchmarks.shapes import SHAPE_CHUNKINGS, SHAPES
from benchmarks.timing import Spread, Timer, TooSlow, ratio, spread, take_turns, time_limit, timer
from benchmarks.workloads import CAPTURED_CHUNKINGS, CHUNKINGS, WORKLOADS, Chunking, Chunks, Workload, arrive

if TYPE_CHECKING:
    from sse_codec import ReceivedEvent

Row = dict[str, Any]

#: Results that are not other Python libraries': floors, V8's, and another of our own.
NO_PYTHON_LIBRARY = {FLOOR, encoders.FLOOR, NODE, "encode_block"}
_YARDSTICK = "yardstick"


class Effort(NamedTuple):
    """How long a measurement may take."""

    rounds: int
    #: The time limit for one pass of a competitor, in seconds. If it takes longer, it is too slow to be timed.
    patience: float


def yardstick(streams: Sequence[Chunks]) -> list[list[tuple[str, str, str]]]:
    """The least work of a reader in Python, linear in the bytes: a step per chunk and a step per line."""
    return [
        [
            line.partition(":")
            for line in b"".join([chunk for chunk in chunks if chunk]).decode("utf-8", "replace").split("\n")
        ]
        for chunks in streams
    ]


def problem(peer: Peer | NodePeer, streams: list[Chunks], right: Sequence[ReceivedEvent], patience: float) -> str:
    """Return why a decoder's time for these streams does not count; "" if it gives the right events.

    It compares type, data and id: the block's own id, or the last event ID if the decoder returns that.
    """
    try:
        with time_limit(patience):
            got = peer.events(streams)
    except TooSlow:
        return f"too slow (> {patience:g} s)"
    except Exception as error:  # noqa: BLE001  # a library may raise anything
        return f"raises {type(error).__name__}"
    if len(got) != len(right):
        return f"differs: {len(got)} events instead of {len(right)}"
    wanted = [(event.event, event.data, event.last_event_id if peer.sticky else event.id) for event in right]
    wrong = [number for number, (ours, theirs) in enumerate(zip(wanted, got, strict=True), 1) if ours != theirs]
    return f"differs: {len(wrong)} of {len(right)} events, the first is number {wrong[0]}" if wrong else ""


def _row(labels: Row, number: int, timers: Mapping[str, Timer], problems: Mapping[str, str], effort: Effort) -> Row:
    """Time all in turn; one pass handles `number` events."""
    times = take_turns({name: timers[name] for name in timers if not problems.get(name)}, effort.rounds)
    return {
        **labels,
        "seconds": spread([seconds / number for seconds in times[OURS]]),
        "yardstick": ratio(times[OURS], times[_YARDSTICK]),
        "peers": {
            name: {"problem": problems[name]} if problems.get(name) else {"ratio": ratio(times[name], times[OURS])}
            for name in problems
        },
    }


def decoding(peers: Sequence[Peer | NodePeer], workload: Workload, chunking: Chunking, effort: Effort) -> Row:
    """Measure decoders on one workload in one chunking."""
    streams = arrive(workload, chunking)
    right = expected(streams)
    problems = {peer.name: problem(peer, streams, right, effort.patience) for peer in peers if peer.name != OURS}
    timers = {peer.name: peer.timer(streams) for peer in peers if not problems.get(peer.name)}
    timers[_YARDSTICK] = timer(partial(yardstick, streams))
    size = sum(len(chunk) for chunks in streams for chunk in chunks)
    labels = {"workload": workload.name, "chunks": chunking.name, "bytes": size, "events": len(right)}
    return _row(labels, len(right) or 1, timers, problems, effort)


def _chosen(
    workloads: Iterable[Workload], chunkings: Iterable[Chunking], only: str
) -> Iterator[tuple[Workload, Chunking]]:
    """Yield the pairs of workload and chunking whose label contains a text."""
    for workload, chunking in product(workloads, chunkings):
        if only in f"{workload.name}, {chunking.name}":
            yield workload, chunking


def decodings(
    peers: Sequence[Peer | NodePeer], recorded: Iterable[Workload], effort: Effort, only: str
) -> Iterator[Row]:
    """Measure decoders on all workloads whose label contains a text."""
    for workloads, chunkings in ((WORKLOADS, CHUNKINGS), (recorded, CAPTURED_CHUNKINGS)):
        for chosen in _chosen(workloads, chunkings, only):
            yield decoding(peers, *chosen, effort)


def shapes(peers: Sequence[Peer | NodePeer], effort: Effort, only: str) -> Iterator[Row]:
    """Measure decoders on all shapes of blocks whose label contains a text."""
    for chosen in _chosen(SHAPES, SHAPE_CHUNKINGS, only):
        yield decoding(peers, *chosen, effort)


def layering(workload: Workload, chunking: Chunking, effort: Effort) -> Row:
    """Measure our layers on one workload in one chunking."""
    [chunks] = arrive(workload, chunking)
    right = expected([chunks])
    timers = {name: timer(partial(read, chunks)) for name, read in {OURS: decoder, **LAYERS}.items()}
    timers[_YARDSTICK] = timer(partial(yardstick, [chunks]))
    size = sum(map(len, chunks))
    labels = {"workload": workload.name, "chunks": chunking.name, "bytes": size, "events": len(right)}
    row = _row(labels, len(right), timers, dict.fromkeys(LAYERS, ""), effort)
    row["layers"] = row.pop("peers")
    return row


def layers(effort: Effort, only: str) -> Iterator[Row]:
    """Measure our layers on all streams whose label contains a text."""
    for chosen in _chosen(LAYERED, SHAPE_CHUNKINGS, only):
        yield layering(*chosen, effort)


def encoding(title: str, competing: Iterable[Encoder], payload: Payload, effort: Effort) -> Row:
    """Measure encoders on one payload."""
    present = {encoder.name: encoder for encoder in competing if encoder.version}

    def encoder_timer(encoder: Encoder) -> Timer:
        number = max(1, round(0.005 / encoder.seconds(payload, 100)))
        return partial(encoder.seconds, payload, number)

    timers = {name: encoder_timer(encoder) for name, encoder in present.items()}
    timers[_YARDSTICK] = timers[encoders.FLOOR]
    problems = {
        name: "" if encoder.is_right(payload) else "differs" for name, encoder in present.items() if name != OURS
    }
    size = len(present[OURS].encoded(payload))
    labels = {"workload": title, "chunks": payload.title, "bytes": size, "events": 1}
    return _row(labels, 1, timers, problems, effort)


def encodings(effort: Effort, only: str) -> Iterator[Row]:
    """Measure encoders on all payloads whose label contains a text."""
    for title, competing in (("build and encode", encoders.BUILD), ("encode what is built", encoders.BUILT)):
        for payload in PAYLOADS:
            if only in f"{title}, {payload.title}":
                yield encoding(title, competing, payload, effort)


def fastest(row: Row) -> tuple[str, Spread] | None:
    """Return the fastest Python library that gives the right result, and its ratio to ours; None if none does."""
    right = {
        name: Spread(*peer["ratio"])
        for name, peer in row["peers"].items()
        if "ratio" in peer and name not in NO_PYTHON_LIBRARY
    }
    return min(right.items(), key=lambda item: item[1].median) if right else None
