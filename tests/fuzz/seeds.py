"""Seeds for the fuzzer: the wire cases and streams of `tests/vectors` in each target's form, and a dictionary."""

from __future__ import annotations

from pathlib import Path

from sse_codec import ServerSentEvent
from tests.fuzz.inputs import BYTEARRAY, CLOSE, FEED_STR, MEMORYVIEW, RESET, Parts, Plan
from tests.vectors.decoding import CASES
from tests.vectors.shapes import ENDS, NEAR_MISSES, SHAPES, stream

#: Bytes with a meaning on the wire, or in a header of `Plan` or `Parts`.
WORDS = [
    b"data", b"data: ", b"event: ", b"id: ", b"retry: ", b": ", b"\n\n", b"\r\n", b"\r\r", b"\r\n\r\n", b"\n\r",
    b"\n\ndata: ", b"\ndata: ", b"\n\nevent: ", b"\xef\xbb\xbf", b"\xef\xbb", b"\0", b"\xf0\x9f\x8d\x8a", b"\xe2\x82",
    b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xe2\x80\xa8", b"\xc2\x85", b"message", b"999999999999999999",
    b"1000000000000000000", (10**18).to_bytes(8, "big"),
]  # fmt: skip

_SCRIPTS = [b"", b"\1", b"\5\0\3", bytes([BYTEARRAY + 4, MEMORYVIEW + 3])]
#: Plans with other calls in between, with limits that some of the cases pass, and with an id to resume from.
_TURNS = [
    Plan(0, "start", bytes([9, RESET]), b""),
    Plan(0, "", bytes([21, CLOSE, 1, FEED_STR]), b""),
    Plan(8, "", b"", b""),
    Plan(11, "", b"\2", b""),
    Plan(7, "", bytes([30, RESET, 3, CLOSE]), b""),
]


def _alike() -> list[bytes]:
    """Return streams of like blocks, long enough to be read column by column, and streams with one unlike block."""
    alike = stream(SHAPES["event, id, data"], 8)
    nearly = [b"".join([*alike[:4], miss, *alike[4:]]) for miss in NEAR_MISSES.values()]
    return [b"".join(stream(shape, 12, end)) for shape in SHAPES.values() for end in ENDS.values()] + nearly


def _streams() -> list[bytes]:
    folder = Path(__file__).parent.parent / "vectors" / "streams"
    return [path.read_bytes() for path in sorted(folder.glob("*.sse"))]


def _reconnected(wire: bytes) -> list[Plan]:
    """Feed a wire, and then another connection that starts with a byte order mark; mutations hardly ever do that."""
    next_wire = b"\xef\xbb\xbfdata: behind\n\n"
    return [Plan(0, "", bytes([len(wire), turn, len(next_wire)]), wire + next_wire) for turn in (RESET, CLOSE)]


def decoder_seeds() -> list[bytes]:
    """Return every case cut in several ways, and each stream whole; libFuzzer cuts these at its length limit."""
    wires = [case.wire for case in CASES]
    plans = [Plan(0, "", script, wire) for wire in wires for script in _SCRIPTS]
    plans += [turn._replace(wire=wire) for wire in wires for turn in _TURNS]
    cut_off = b"data: a\r"  # in the middle of a block, and perhaps of a CRLF
    plans += [plan for wire in [*wires, cut_off] if len(wire) < BYTEARRAY for plan in _reconnected(wire)]
    plans += [Plan(0, "", b"", wire) for wire in [*_streams(), *_alike()]]
    plans += [Plan(0, "", b"\x61", wire) for wire in _alike()]
    return [plan.to_bytes() for plan in plans]


def encoder_seeds() -> list[bytes]:
    """Return every event of the cases for each function, and values that can't be sent."""
    events: list[ServerSentEvent] = [event for case in CASES for event in case.events]
    events += [
        ServerSentEvent("a\r\nb\rc\n", "a\nb"),
        ServerSentEvent("a", "", "1\0", -1),
        ServerSentEvent("\ud800", "\ufeffa", "\r", 10**18),
        ServerSentEvent("\udfff", "a:b", "", 10**18 - 1),
        ServerSentEvent("a", retry=True),
    ]
    parts = [
        Parts(function, data=event.data, event=name, id=event.id, comment=event.data, retry=event.retry)
        for event in events
        for name in dict.fromkeys((event.event, None))
        for function in range(4)
    ]
    parts += [Parts(function) for function in range(4)]
    return [part.to_bytes() for part in parts]


SEEDS = {"decoder": decoder_seeds, "blocks": decoder_seeds, "lines": decoder_seeds, "encoder": encoder_seeds}


def dictionary() -> str:
    """Return the words in libFuzzer's format, one on each line."""
    return "".join('"{}"\n'.format("".join(f"\\x{byte:02x}" for byte in word)) for word in WORDS)
