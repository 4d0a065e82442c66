"""The benchmarks: fixed workloads, fair judgement of competitors, and reports that match the measurements.

Nothing here is timed.
"""

from __future__ import annotations

import gc
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.parsers import expat

import pytest

from benchmarks import charts, encoders, figures, measure, report, timing
from benchmarks.encoders import BUILD, BUILT, PAYLOADS
from benchmarks.layers import LAYERED, LAYERS
from benchmarks.measure import Effort
from benchmarks.peers import FLOOR, NODE, OURS, Peer, decoders, expected
from benchmarks.shapes import FIVE_A_FEED, SHAPE_CHUNKINGS, SHAPES
from benchmarks.timing import Spread, TooSlow
from benchmarks.workloads import CHUNKINGS, KIB, WORKLOADS, Chunking, Workload, arrive, captured
from sse_codec import Decoder, Field, LineDecoder, ServerSentEvent, encode
from sse_codec.testing import reference_decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ROOT = Path(__file__).parent.parent
BY_NAME = {workload.name: workload for workload in WORKLOADS}
by_workload = pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)


class Stated(NamedTuple):
    """The expected properties of a workload, and of its first 16 KiB."""

    size: int
    blocks: int
    events: int
    sha256: str
    first_events: int
    #: Characters of data in those first events.
    first_data: int


STATED = {
    "LLM chat": Stated(1_048_806, 4_230, 4_230, "c028db919fa9b38b", 68, 67 * 240 + len("[DONE]")),
    "named events": Stated(524_327, 4_376, 4_376, "546e9622025aa53d", 137, 11_624),
    "ticks": Stated(262_184, 5_602, 5_602, "c2f61f08e477816a", 359, 359 * 30),
    "LLM chat, CRLF": Stated(1_048_766, 4_196, 4_196, "86eb985b5e7cea16", 67, 66 * 240 + len("[DONE]")),
    "LLM chat, CR": Stated(1_048_806, 4_230, 4_230, "00b6792594f44e54", 68, 67 * 240 + len("[DONE]")),
    "lines and comments": Stated(524_392, 3_893, 3_893, "c67e07e44f4acf15", 124, 7_804),
    "multibyte text": Stated(524_369, 3_347, 3_347, "30b68d416e7b3b44", 106, 9_748),
    "keep-alives only": Stated(131_082, 9_363, 0, "0c06904e68aecc04", 0, 0),
    "one long line": Stated(4 * 1024 * KIB, 1, 1, "5d5d98425d6b5f9f", 1, 16 * KIB - len("data: \n\n")),
    "many data lines": Stated(200_000 * 13 + 1, 1, 1, "bb0f5db45cc87df2", 1, 16 * KIB // 13 * 7 - 1),
    "hostile mix": Stated(131_112, 4_029, 3_762, "f2cc253f1033978c", 471, 3_534),
}


@pytest.fixture(autouse=True)
def small_heap() -> Iterator[None]:
    """Hide pytest's objects from the garbage collector, which runs before each measurement."""
    gc.freeze()
    yield
    gc.unfreeze()


def test_every_workload_has_its_expected_properties() -> None:
    assert list(BY_NAME) == list(STATED)


@by_workload
def test_a_workload_is_the_same_on_every_run(workload: Workload) -> None:
    [blocks] = workload.make(workload.size)
    wire = b"".join(blocks)
    found = (len(wire), len(blocks), len(Decoder().feed(wire)), hashlib.sha256(wire).hexdigest()[:16])
    assert found == STATED[workload.name][:4]


@by_workload
@pytest.mark.parametrize("chunking", CHUNKINGS, ids=lambda chunking: chunking.name)
def test_the_expected_events_follow_the_standard(workload: Workload, chunking: Chunking) -> None:
    small = workload._replace(size=16 * KIB)
    events = expected(arrive(small, chunking))
    reference = reference_decode(b"".join(small.make(16 * KIB)[0])).events
    assert events == reference
    assert [event.last_event_id for event in events] == [event.last_event_id for event in reference]
    assert (len(events), sum(len(event.data) for event in events)) == STATED[workload.name][4:]


@by_workload
@pytest.mark.parametrize("chunking", CHUNKINGS, ids=lambda chunking: chunking.name)
def test_a_stream_arrives_in_chunks_of_one_size(workload: Workload, chunking: Chunking) -> None:
    workload = workload._replace(size=min(workload.size, 256 * KIB))
    [blocks] = workload.make(min(workload.size, chunking.most))
    [chunks] = arrive(workload, chunking)
    assert b"".join(chunks) == b"".join(blocks)
    if chunking.size:
        assert {len(chunk) for chunk in chunks[:-1]} <= {chunking.size}
        assert 0 < len(chunks[-1]) <= chunking.size
    else:
        assert chunks == blocks


# Shapes

by_shape = pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
#: The hash of the first 16 KiB of each shape.
SHAPES_SHA256 = "894a45b9f6a761ec"


def test_shapes_are_the_same_on_every_run() -> None:
    wires = [b"".join(shape.make(16 * KIB)[0]) for shape in SHAPES]
    assert hashlib.sha256(b"|".join(wires)).hexdigest()[:16] == SHAPES_SHA256


@by_shape
def test_a_shape_is_read_as_the_standard_requires(shape: Workload) -> None:
    wire = b"".join(shape.make(4 * KIB)[0])
    right = reference_decode(wire).events
    for chunking in SHAPE_CHUNKINGS:
        events = expected(arrive(shape._replace(size=4 * KIB), chunking))
        assert events == right
        assert {len(event.data.replace("\n", "")) for event in events if event.event != "ping"} == {204}


#: The workloads of one shape each, which come before those of mixed shapes.
PURE = [shape for shape in SHAPES if not re.search(r" and | turn", shape.name)]
MIXED = SHAPES[len(PURE) :]


@pytest.mark.parametrize("shape", PURE, ids=lambda shape: shape.name)
def test_a_shape_has_the_lines_in_its_name(shape: Workload) -> None:
    wire = b"".join(shape.make(4 * KIB)[0])
    words = shape.name.removeprefix("shape: ").replace("three data lines", "data, data, data").split(", ")
    ends = {"CRLF": "\r\n", "CR": "\r"}.get(words[-1], "\n")
    colon = ":" if words[-1] == "no space" else ": "
    fields = words[: len(words) - (words[-1] in {"CRLF", "CR", "no space"})]
    block = "".join(f"{field.replace('comment', '')}{colon}[^\r\n ][^\r\n]*{ends}" for field in fields) + ends
    assert re.fullmatch(f"({block})+", wire.decode())


def test_mixed_shapes_have_more_than_one() -> None:
    kinds = {
        shape.name.removeprefix("shape: "): {
            tuple(line.name if isinstance(line, Field) else "comment" for line in LineDecoder().feed(block)[:-1])
            for block in shape.make(64 * KIB)[0]
        }
        for shape in MIXED
    }
    assert kinds["data and keep-alives"] == {("data",), ("comment",)}
    assert kinds["data, event, data in turn"] == {("data",), ("event", "data")}
    assert len(kinds["the first eleven in turn"]) == 11
    assert {event.event for event in expected(MIXED[0].make(64 * KIB))} == {"ping", "content_block_delta"}
    assert len(MIXED) == 4


def test_five_events_a_feed_are_whole_blocks() -> None:
    [blocks] = SHAPES[0].make(4 * KIB)
    [chunks] = arrive(SHAPES[0]._replace(size=4 * KIB), FIVE_A_FEED)
    assert chunks == [b"".join(blocks[at : at + 5]) for at in range(0, len(blocks), 5)]


def test_every_layer_reads_the_same_stream() -> None:
    for workload in LAYERED:
        [chunks] = arrive(workload._replace(size=8 * KIB), SHAPE_CHUNKINGS[2])
        right = expected([chunks])
        found = {name: read(chunks) for name, read in LAYERS.items()}
        assert [event for block in found.pop("BlockDecoder") if (event := block.to_event())] == right
        assert expected([found.pop("relaying blocks")]) == right
        lines = found.pop("LineDecoder")
        assert len([line for line in lines if isinstance(line, Field) and line.name == "data"]) >= len(right)
        assert len(found) == 4
        for name, events in found.items():
            assert events == right, name


# Recorded streams


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A folder of recorded streams."""
    wires = {f"big-{number}.sse": b"data: %d\r\n\r\n: c\r\n\r\ndata: x\r\n\r\n" % number for number in range(3)}
    wires["small-1.sse"] = b"event: a\ndata: b\ndata: c\n\ndata: left"
    wires["small-2.sse"] = b"data: d\n\n"
    wires["lone.sse"] = b"data: e\r\r"
    described = {}
    for name, wire in wires.items():
        (tmp_path / name).write_bytes(wire)
        data = "\0".join(event.data for event in reference_decode(wire).events).encode()
        described[name] = {
            "sha256": hashlib.sha256(wire).hexdigest(),
            "events": len(reference_decode(wire).events),
            "data_sha256": hashlib.sha256(data).hexdigest(),
        }
    (tmp_path / "expected.json").write_text(json.dumps(described), encoding="utf-8")
    return tmp_path


def test_recorded_streams_are_workloads_by_their_first_word(recorded: Path) -> None:
    big, others = captured(recorded)
    assert (big.name, others.name) == ("captured, big", "captured, others")
    assert arrive(big, CHUNKINGS[2])[1] == [b"data: 1\r\n\r\n", b": c\r\n\r\n", b"data: x\r\n\r\n"]
    small = [b"event: a\ndata: b\ndata: c\n\n", b"data: left"]
    assert arrive(others, CHUNKINGS[2]) == [small, [b"data: d\n\n"], [b"data: e\r\r"]]
    assert big.size == sum(path.stat().st_size for path in recorded.glob("big-*"))


@pytest.mark.parametrize("member", ["sha256", "events", "data_sha256"])
def test_a_recorded_stream_that_does_not_match_its_description_is_not_measured(recorded: Path, member: str) -> None:
    path = recorded / "expected.json"
    described = json.loads(path.read_text(encoding="utf-8"))
    described["big-1.sse"][member] = 7
    path.write_text(json.dumps(described), encoding="utf-8")
    with pytest.raises(ValueError, match=r"big-1\.sse is not what expected\.json says"):
        captured(recorded)


# Timing


def test_spread_and_ratio() -> None:
    assert timing.spread([5.0, 1.0, 2.0, 4.0, 3.0]) == Spread(2.0, 3.0, 4.0)
    assert timing.spread([7.0]) == Spread(7.0, 7.0, 7.0)
    # Ratios are taken round by round: here both were three times as slow in the second round.
    assert timing.ratio([2.0, 6.0, 2.0], [1.0, 3.0, 1.0]) == Spread(2.0, 2.0, 2.0)


def test_all_take_turns_and_none_is_always_first() -> None:
    order: list[str] = []

    def timer(name: str) -> Callable[[], float]:
        def time() -> float:
            order.append(name)
            return float(len(order))

        return time

    times = timing.take_turns({name: timer(name) for name in "abc"}, 3)
    assert "".join(order) == "abcbcacab"
    assert times == {"a": [1.0, 6.0, 8.0], "b": [2.0, 4.0, 9.0], "c": [3.0, 5.0, 7.0]}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not have the signal")
def test_a_reader_that_takes_too_long_is_stopped() -> None:
    with pytest.raises(TooSlow), timing.time_limit(0.01):
        while True:
            pass
    with timing.time_limit(60):
        pass


# Judging competitors

WIRE = b"id: 1\ndata: a\n\nevent: b\ndata: c\n\n"
RIGHT = Decoder().feed(WIRE)


def peer(read: Callable[[list[bytes]], list[Any]], name: str = "other", *, sticky: bool = False) -> Peer:
    return Peer(name, "1.0", read, sticky=sticky)


def raises(chunks: list[bytes]) -> list[Any]:
    raise LookupError(chunks)


def hangs(_chunks: list[bytes]) -> list[Any]:
    while True:
        pass


@pytest.mark.parametrize(
    ("read", "problem"),
    [
        (lambda _: RIGHT, ""),
        (lambda _: RIGHT[:1], "differs: 1 events instead of 2"),
        (lambda _: [RIGHT[0], ServerSentEvent("c")], "differs: 1 of 2 events, the first is number 2"),
        (lambda _: [RIGHT[0], ServerSentEvent("d", event="b")], "differs: 1 of 2 events, the first is number 2"),
        (lambda _: [ServerSentEvent("a"), RIGHT[1]], "differs: 1 of 2 events, the first is number 1"),
        (raises, "raises LookupError"),
        pytest.param(hangs, "too slow (> 0.05 s)", marks=pytest.mark.skipif(sys.platform == "win32", reason="hangs")),
    ],
)
def test_only_the_same_events_count(read: Callable[[list[bytes]], list[Any]], problem: str) -> None:
    assert measure.problem(peer(read), [[WIRE]], RIGHT, 0.05) == problem


def test_an_id_is_compared_as_the_competitor_means_it() -> None:
    sticky = [Mimic(event.data, event.event, event.last_event_id) for event in RIGHT]
    assert measure.problem(peer(lambda _: sticky, sticky=True), [[WIRE]], RIGHT, 60) == ""
    assert measure.problem(peer(lambda _: sticky), [[WIRE]], RIGHT, 60).startswith("differs")
    # Some libraries use None when there was no event type, or no id yet.
    bare = [Mimic("a", None, None)]
    assert measure.problem(peer(lambda _: bare, sticky=True), [[b""]], Decoder().feed(b"data: a\n\n"), 60) == ""


class Mimic(NamedTuple):
    """An event of a competitor."""

    data: str
    event: str | None
    id: str | None


@pytest.mark.thorough
def test_a_row_has_ours_the_yardstick_and_every_competitor() -> None:
    ours, floor = decoders()[0][:2]
    peers = [ours, floor, peer(lambda chunks: Decoder().feed(b"".join(chunks)), "good"), peer(raises, "bad")]
    small = BY_NAME["LLM chat"]._replace(size=16 * KIB)
    row = measure.decoding(peers, small, CHUNKINGS[1], Effort(2, 60))
    assert (row["workload"], row["chunks"], row["events"]) == ("LLM chat", "1400 B", 68)
    assert row["bytes"] == len(b"".join(small.make(16 * KIB)[0]))
    assert list(row["peers"]) == [FLOOR, "good", "bad"]
    assert row["peers"]["bad"] == {"problem": "raises LookupError"}
    found = measure.fastest(row)
    assert found, "the floor is not a library, and a library that raises does not count"
    assert found[0] == "good"
    assert json.loads(json.dumps(row))["yardstick"][1] > 0


def test_a_row_counts_each_round_separately(monkeypatch: pytest.MonkeyPatch) -> None:
    """In seconds per event; competitors as multiples of ours, and ours as a multiple of the yardstick."""
    times = {OURS: [68.0, 136.0], "other": [204.0, 408.0], "yardstick": [34.0, 68.0]}
    monkeypatch.setattr(measure, "take_turns", lambda timers, _: {name: times[name] for name in timers})
    peers = [decoders()[0][0], peer(lambda chunks: Decoder().feed(b"".join(chunks)))]
    row = measure.decoding(peers, BY_NAME["LLM chat"]._replace(size=16 * KIB), CHUNKINGS[0], Effort(2, 60))
    assert row["seconds"] == (1.25, 1.5, 1.75)
    assert row["peers"] == {"other": {"ratio": (3.0, 3.0, 3.0)}}
    assert row["yardstick"] == (2.0, 2.0, 2.0)


def test_layers_are_measured_against_the_decoder() -> None:
    row = measure.layering(LAYERED[0]._replace(size=8 * KIB), SHAPE_CHUNKINGS[1], Effort(2, 60))
    assert list(row["layers"]) == list(LAYERS)
    assert "peers" not in row
    line = report.layers_text(row)
    assert line.startswith("layers: data, event a feed ")
    assert re.search(r"BlockDecoder x\d", line)


def test_rows_are_chosen_by_their_names() -> None:
    peers = decoders()[0][:1]
    titles = [report.label(row) for row in measure.decodings(peers, [], Effort(1, 60), "keep-alives only, 1")]
    assert titles == ["keep-alives only, 1400 B", "keep-alives only, 16 B", "keep-alives only, 1 B"]
    titles = [report.label(row) for row in measure.shapes(peers, Effort(1, 60), "shape: data and keep-alives, 6")]
    assert titles == ["shape: data and keep-alives, 64 KiB"]
    titles = [report.label(row) for row in measure.layers(Effort(1, 60), "layers: data, five")]
    assert titles == ["layers: data, five events a feed"]
    titles = [report.label(row) for row in measure.encodings(Effort(1, 60), "encode what is built, 240 B")]
    assert titles == ["encode what is built, 240 B, type and id", "encode what is built, 240 B, data only"]


def test_the_floor_reads_what_most_servers_send() -> None:
    ours, floor = decoders()[0][:2]
    assert (ours.name, floor.name) == (OURS, FLOOR)
    for name in ("LLM chat", "named events", "ticks", "lines and comments", "keep-alives only"):
        streams = arrive(BY_NAME[name]._replace(size=16 * KIB), CHUNKINGS[1])
        assert measure.problem(floor, streams, expected(streams), 60) == ""


def need(names: set[str], present: set[str]) -> None:
    """Skip the test if one of these is not installed. CI installs all, and fails on a skip."""
    if names - present:
        pytest.skip(f"not installed: {', '.join(sorted(names - present))}")


@pytest.mark.interop
def test_every_installed_library_reads_the_main_streams() -> None:
    peers, _ = decoders()
    try:
        need(
            {"httpx-sse", "openai", "anthropic", "sseclient-py", "launchdarkly", "httpx2", NODE},
            {peer.name for peer in peers},
        )
        for name in ("LLM chat", "named events", "keep-alives only"):
            streams = arrive(BY_NAME[name]._replace(size=16 * KIB), CHUNKINGS[1])
            problems = {peer.name: measure.problem(peer, streams, expected(streams), 60) for peer in peers}
            assert not any(problems.values()), problems
        assert peers[-1].name == NODE
        assert peers[-1].timer([[WIRE]])() > 0
    finally:
        for one in peers:
            one.close()


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: payload.title)
def test_an_encoder_is_right_if_its_bytes_decode_to_the_event(payload: encoders.Payload) -> None:
    for competing in (BUILD, BUILT):
        ours, floor = competing[:2]
        assert (ours.name, floor.name) == (OURS, encoders.FLOOR)
        assert ours.encoded(payload) == encode(ServerSentEvent(payload.data, payload.name or "message", payload.id))
        assert ours.is_right(payload)
        assert floor.is_right(payload) == ("\n" not in payload.data)
        assert ours.seconds(payload, 1) > 0


@pytest.mark.interop
def test_every_installed_encoder_is_right() -> None:
    present = [encoder for encoder in (*BUILD, *BUILT) if encoder.package and encoder.version]
    need({"sse-starlette", "fastapi", "litestar"}, {encoder.name for encoder in present})
    for encoder in present:
        for payload in PAYLOADS:
            assert encoder.is_right(payload), (encoder.name, payload.title)


def test_peak_memory_is_the_most_held_at_one_time() -> None:
    def read(chunks: list[bytes]) -> list[Any]:
        size = sum(map(len, chunks))
        twice = bytes(2 * size)
        return [twice, bytes(size)]

    assert figures.peak_memory(peer(read), [[bytes(1024 * KIB)]]) == pytest.approx(3, rel=0.01)


# What is made from results


def row(
    workload: str,
    chunks: str,
    *,
    seconds: float = 1e-6,
    yardstick: float = 2.0,
    peers: Mapping[str, float | str] = MappingProxyType({}),
) -> dict[str, Any]:
    """A row with quartiles 1 % around the median, and the given ratio or problem of each peer."""
    return {
        "workload": workload,
        "chunks": chunks,
        "bytes": 1000,
        "events": 4,
        "seconds": around(seconds),
        "yardstick": around(yardstick),
        "peers": {
            name: {"ratio": around(value)} if isinstance(value, float) else {"problem": value}
            for name, value in peers.items()
        },
    }


def around(value: float) -> list[float]:
    return [0.99 * value, value, 1.01 * value]


def result(*, python: str = "CPython 3.11.7") -> dict[str, Any]:
    """A run with data for every chart."""
    decoding: dict[str, float | str] = {
        FLOOR: 0.5,
        "httpx-sse": 3.0,
        "slow": "too slow (> 2 s)",
        "openai": 5.0,
        NODE: 0.25,
    }
    encoding: dict[str, float | str] = {encoders.FLOOR: 0.1, "sse-starlette": 4.0}
    rows = [row(*name.rsplit(", ", 1), peers=decoding) for name in report.DECODING_CHART]
    rows += [row(*name.split(", ", 1), peers=encoding) for name in report.ENCODING_CHART]
    curves = [
        row("LLM chat", "64 KiB", seconds=1e-6 * x, peers={"httpx-sse": 2.0}) | {"curve": "LLM chat, by size", "x": x}
        for x in (1024, 4096, 65536)
    ]
    shapes = [
        row(f"shape: {name}", chunks, peers={report.RIVAL: value, "openai": 5.0})
        for chunks, value in (("64 KiB", 3.0), ("event a feed", 2.0))
        for name in ("data", "a & b")
    ]
    shapes[-1]["peers"][report.RIVAL] = {"problem": "differs: 1 events instead of 2"}
    shapes[1] = row("shape: a & b", "64 KiB", seconds=4e-6, peers={report.RIVAL: 2.5})
    layers = [row("layers: data", "64 KiB") | {"layers": {"BlockDecoder": {"ratio": around(1.5)}}}]
    return {
        "python": python,
        "machine": {"cpu": "Some CPU", "cores": 2, "system": "Some System"},
        "date": "2026-11-25",
        "rounds": 11,
        "versions": {OURS: "0.1.0", "httpx-sse": "0.4.3"},
        "rows": rows,
        "shapes": shapes,
        "layers": layers,
        "figures": [
            {"name": "peak", "library": OURS, "unit": "bytes for each byte", "value": [2.5, 2.5, 2.5]},
            {"name": "peak", "library": "openai", "unit": "bytes for each byte", "value": [4.0, 4.0, 4.0]},
        ],
        "curves": curves,
    }


def test_numbers_have_three_significant_digits() -> None:
    for value, written in ((0.123, "0.12"), (9.996, "10.0"), (99.96, "100"), (12345.6, "12346")):
        assert charts.number(value) == written


def test_a_row_names_the_fastest_correct_library() -> None:
    peers: dict[str, float | str] = {"openai": 5.0, "httpx-sse": 3.0, "assel": "differs: 1 events instead of 2"}
    line = report.row_text(row("LLM chat", "64 KiB", peers=peers))
    assert line.startswith("LLM chat, 64 KiB ")
    # 1000 bytes with 4 events, each of which takes a microsecond.
    assert re.search(r" 1\.000 us +250 MB/s +x3\.00 httpx-sse \(2\.97-3\.03\) +\| ", line), line
    assert line.endswith("| openai x5.00, httpx-sse x3.00, assel differs")
    assert "none right" in report.row_text(row("hostile mix", "1 B", peers={"openai": "raises UnicodeDecodeError"}))


def test_slower_rows_are_reported() -> None:
    before = {"rows": [row("a", "x", yardstick=2.0), row("b", "x", yardstick=2.0), row("gone", "x")]}
    noisy = row("b", "x", yardstick=4.0) | {"yardstick": [2.0, 4.0, 8.0]}
    after = {"rows": [row("a", "x", yardstick=2.2), noisy, row("new", "x")]}
    assert report.slower(before, after) == []
    after["rows"][0] = row("a", "x", yardstick=2.4, seconds=1e-9)
    assert report.slower(before, after) == ["slower: a, x: x1.20 (2.00 times the yardstick, now 2.40)"]
    assert report.slower(after, before) == []


def test_all_output_is_made_from_the_results_alone(tmp_path: Path) -> None:
    folder = tmp_path / "benchmarks"
    folder.mkdir()
    front = tmp_path / "docs" / "performance.md"
    front.parent.mkdir()
    front.write_text(f"before\n{report.FRONT_START}\nold\n{report.FRONT_END}\nafter\n", encoding="utf-8")
    readme = folder / "README.md"
    readme.write_text(f"before\n{report.START}\nold\n{report.END}\nafter\n", encoding="utf-8")
    report.keep(result(), folder)
    report.keep(result(python="CPython 3.13.0"), folder)
    made = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    stems = ("cpython-3.11", "cpython-3.13")
    assert made == {
        "README.md",
        *(f"results/{stem}.{suffix}" for stem in stems for suffix in ("json", "md")),
        *(f"charts/{name}.svg" for name in ("decoding", "encoding", "scaling", "shapes")),
    }

    text = readme.read_text(encoding="utf-8")
    assert text.startswith(f"before\n{report.START}\n\n- [sse-codec 0.1.0, CPython 3.11.7; Some CPU, 2 cores, ")
    assert text.endswith(f"\n\n{report.END}\nafter\n")
    assert "old" not in text
    assert "| row | 3.11.7 | 3.13.0 |\n| --- | --- | --- |\n" in text
    cell = "1.00; **x3.00 httpx-sse**; V8 x0.25"
    assert f"| LLM chat, 64 KiB | {cell} | {cell} |\n" in text
    assert "| peak | 2.50 bytes for each byte | 2.50" in text
    assert "openai" not in text, "other libraries are only in the full tables"
    assert text.count("### Shapes, 3.13.0\n\n| shape | 64 KiB | event a feed |\n") == 1
    assert "| data | **x3.00**; 1.00 | **x2.00**; 1.00 |\n| a & b | **x2.50**; 4.00 | **differs**; 1.00 |\n" in text
    assert "| data, 64 KiB | 1.00 | 1.50 (1.48-1.52) |\n" in text

    full = (folder / "results" / "cpython-3.11.md").read_text(encoding="utf-8")
    assert "| LLM chat, 64 KiB | 1,000 | 1.00 | 250 | x3.00 httpx-sse | 0.50 (0.49-0.51) | " in full
    assert " | too slow (> 2 s) | 5.00 (4.95-5.05) | " in full
    assert "| peak: openai | 4.00 bytes for each byte |" in full

    for path in (folder / "charts").glob("*.svg"):
        expat.ParserCreate().Parse(path.read_text(encoding="utf-8"), True)
    drawn = (folder / "charts" / "shapes.svg").read_text(encoding="utf-8")
    texts = ["read 64 KiB at a time", "data", "3.00 x", "a &amp; b", "2.50 x", "as fast"]
    assert re.findall(r">([^<]*)</text>", drawn)[2:8] == texts

    text = front.read_text(encoding="utf-8")
    assert "old" not in text
    assert "| data alone, in 64 KiB | 1.00 µs; -, 3.0 | 1.00 µs; -, 3.0 |" in text
    assert "| all shapes, one event a feed | 1.00 µs; 2.0, - | " in text
    assert "| all shapes, in 64 KiB | 1.00 to 4.00 µs; 2.5 to 3.0, - | " in text
    assert "| encode an event |  |  |\n" in text
    assert "| BlockDecoder | 1.5 | 1.5 |\n" in text

    again = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    report.publish(folder)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == again


# The command


@pytest.mark.thorough
def test_the_command_writes_what_it_measured(tmp_path: Path) -> None:
    output = tmp_path / "result.json"
    run = [sys.executable, str(ROOT / "benchmarks" / "run.py"), "--only", "keep-alives only, 64", "--rounds", "1"]
    before = {path: path.read_bytes() for path in (ROOT / "benchmarks").rglob("*.*") if path.suffix != ".pyc"}
    done = subprocess.run([*run, "--output", str(output)], capture_output=True, text=True, check=True)
    found = json.loads(output.read_text(encoding="utf-8"))
    assert [report.label(row) for row in found["rows"]] == ["keep-alives only, 64 KiB"]
    assert report.heading(found) in done.stdout
    assert set(found["machine"]) == {"cpu", "cores", "system"}

    slow = found["rows"][0]
    slow["yardstick"] = [value / 1000 for value in slow["yardstick"]]
    output.write_text(json.dumps(found), encoding="utf-8")
    done = subprocess.run([*run, "--baseline", str(output)], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "slower: keep-alives only, 64 KiB" in done.stdout
    after = {path: path.read_bytes() for path in (ROOT / "benchmarks").rglob("*.*") if path.suffix != ".pyc"}
    assert after == before, "a partial run must not overwrite the published results"
