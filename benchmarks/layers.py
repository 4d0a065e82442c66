"""Other ways to read a stream with this library than feeding a `Decoder` chunk by chunk.

They are the layers below it, the functions built on it, and `Decoder` with a limit no larger than one read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

from benchmarks.shapes import SHAPES
from benchmarks.workloads import KIB, Chunks
from sse_codec import BlockDecoder, Decoder, LineDecoder, adecode, decode

if TYPE_CHECKING:
    from benchmarks.peers import Read


def _feeding(make: Callable[[], Any]) -> Read:
    def read(chunks: Chunks) -> list[Any]:
        found: list[Any] = []
        feed = make().feed
        for chunk in chunks:
            found += feed(chunk)
        return found

    return read


def _relay(chunks: Chunks) -> list[bytes]:
    """Pass blocks on unchanged, as a gateway does."""
    feed = BlockDecoder().feed
    return [b"".join([block.wire for block in feed(chunk)]) for chunk in chunks]


def _adecode(chunks: Chunks) -> list[Any]:
    async def response() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    async def read() -> list[Any]:
        return [event async for event in adecode(response())]

    try:
        read().send(None)
    except StopIteration as done:  # immediately, because it never waits; so no event loop is measured
        found: list[Any] = done.value
        return found
    raise AssertionError("it waited")


#: The others are measured against this.
decoder = _feeding(Decoder)

LAYERS: dict[str, Read] = {
    "BlockDecoder": _feeding(BlockDecoder),
    "relaying blocks": _relay,
    "LineDecoder": _feeding(LineDecoder),
    "decode()": lambda chunks: list(decode(chunks)),
    "adecode()": _adecode,
    "limit of 64 KiB": _feeding(lambda: Decoder(max_event_size=64 * KIB)),
    "limit of 4 KiB": _feeding(lambda: Decoder(max_event_size=4 * KIB)),
}

_MEASURED = ("shape: data", "shape: id, event, data", "shape: the first eleven in turn")
#: The streams that they are measured on.
LAYERED = tuple(
    shape._replace(name=shape.name.replace("shape", "layers")) for shape in SHAPES if shape.name in _MEASURED
)
