"""Reads the bytes of a fuzzer as calls to a decoder, or as values for the encoder.

Any number of any bytes is valid. Most changes of one byte change one thing, so that a fuzzer can build on its findings.
`to_bytes` goes the other way, for the seeds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Reader:
    """Reads an input from the start; past its end, every number is 0 and every text is empty."""

    def __init__(self, data: bytes) -> None:
        self._rest = data

    def take(self, count: int) -> bytes:
        taken, self._rest = self._rest[:count], self._rest[count:]
        return taken

    def byte(self) -> int:
        return int.from_bytes(self.take(1), "big")

    def counted(self) -> bytes:
        """Read a byte with a count, and then that many bytes."""
        return self.take(self.byte())

    def text(self) -> str:
        """Read a text, with lone surrogates where its bytes are not UTF-8."""
        return _text(self.counted())

    def rest(self) -> bytes:
        return self.take(len(self._rest))


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "surrogateescape")


def _counted(data: bytes) -> bytes:
    data = data[:255]
    return bytes([len(data)]) + data


class Call(NamedTuple):
    """One call to a decoder: "feed" with a chunk of any type, "feed str", "close" or "reset"."""

    name: str
    chunk: bytes | bytearray | memoryview = b""


#: A byte of a script below BYTEARRAY is the size of a chunk of bytes; from there on, it is one of these codes.
BYTEARRAY, MEMORYVIEW, OTHER = 0x80, 0xA0, 0xC0
FEED_STR, CLOSE, RESET = 0xC0, 0xC1, 0xC2


class Plan(NamedTuple):
    """A decoder's options, and a stream with the script of the calls that feed it.

    Attributes:
        limit: `max_event_size`, 1 to 255; 0 for the default.
        last_event_id: where to resume.
        script: a call for each byte, repeated until the wire has been fed.
        wire: the bytes to feed.
    """

    limit: int
    last_event_id: str
    script: bytes
    wire: bytes

    @classmethod
    def read(cls, data: bytes) -> Plan:
        reader = Reader(data)
        return cls(reader.byte(), reader.text(), reader.counted(), reader.rest())

    def to_bytes(self) -> bytes:
        head = bytes([self.limit]) + _counted(self.last_event_id.encode("utf-8", "surrogatepass"))
        return head + _counted(self.script) + self.wire

    def calls(self) -> Iterator[Call]:
        """Yield the calls. A script that feeds nothing is followed by the wire in one chunk; `close` comes last."""
        wire = Reader(self.wire)
        round_feeds = sum(map(_fed, self.script))
        for _ in range(0, len(self.wire), round_feeds or len(self.wire) or 1):
            for code in self.script:
                yield _call(code, wire)
        if not round_feeds:
            yield Call("feed", wire.rest())
        yield Call("close")


def _fed(code: int) -> int:
    """Return how many bytes of the wire a code of a script feeds."""
    return code if code < BYTEARRAY else code % 0x20 if code < OTHER else 0


def _call(code: int, wire: Reader) -> Call:
    chunk = wire.take(_fed(code))
    if code < BYTEARRAY:
        return Call("feed", chunk)
    if code < MEMORYVIEW:
        return Call("feed", bytearray(chunk))
    if code < OTHER:
        return Call("feed", memoryview(bytearray(chunk)))
    return Call(("feed str", "close", "reset")[(code - OTHER) % 3])


#: The bits of `Parts` that say which parts are present.
_DATA, _EVENT, _ID, _COMMENT, _RETRY, _BOOL = (1 << bit for bit in range(6))


class Parts(NamedTuple):
    """A function of the encoder, by its number, and the values to pass to it."""

    function: int
    data: str | None = None
    event: str | None = None
    id: str | None = None
    comment: str | None = None
    retry: int | None = None

    @classmethod
    def read(cls, data: bytes) -> Parts:
        reader = Reader(data)
        function, there = reader.byte(), reader.byte()
        texts = [reader.text() if there & bit else None for bit in (_DATA, _EVENT, _ID, _COMMENT)]
        retry = int.from_bytes(reader.rest()[:9], "big", signed=True) if there & _RETRY else None
        return cls(function, texts[0], texts[1], texts[2], texts[3], bool(retry) if there & _BOOL else retry)

    def to_bytes(self) -> bytes:
        texts = [self.data, self.event, self.id, self.comment]
        there = sum(1 << bit for bit, text in enumerate(texts) if text is not None)
        tail = b"".join(_counted(text.encode("utf-8", "surrogatepass")) for text in texts if text is not None)
        if self.retry is not None:
            there |= _BOOL if isinstance(self.retry, bool) else 0
            there |= _RETRY
            tail += self.retry.to_bytes(9, "big", signed=True)
        return bytes([self.function, there]) + tail
