"""The first step of every decoder: prepare a chunk before looking for lines, and keep the bytes held between chunks.

This step removes the byte order mark and turns every line end into an LF. A CR at the end of a chunk becomes an LF
immediately; if the next chunk starts with an LF, that one is dropped. So no line waits for a byte that it does not
need. The cost is one search for a CR per chunk, and one rewriting of each chunk that has one.
"""

from __future__ import annotations

import sys
from typing import Any, Final

from ._errors import EventTooLarge, check_bound
from ._grammar import BOM, CR, LF

#: 64 MiB. Base64 images make events of over 1 MiB common; no real message reaches 64 MiB.
DEFAULT_MAX_EVENT_SIZE: Final = 64 * 1024 * 1024

#: In bytes. Larger chunks are processed in pieces of this size, to keep intermediate values small and in the cache.
WINDOW: Final = 64 * 1024

# The states of a decoder within a connection. All except FLOWING must check the next chunk's first bytes.
FLOWING: Final = 0
_START: Final = 1  # fewer than three bytes have arrived; they are held, because they may be a byte order mark
AFTER_CR: Final = 2  # the previous chunk ended in a CR, so an LF at the start of the next one ends no line
_FAILED: Final = 3  # EventTooLarge was raised


class StreamInput:
    """The base of all decoders: the state of one connection, and the entry of its bytes."""

    __slots__ = ("_failed_size", "_held", "_limit", "_state")

    #: What `max_event_size` limits, for the error message.
    _UNIT = "block"

    def __init__(self, *, max_event_size: int | None) -> None:
        self._limit = sys.maxsize if max_event_size is None else check_bound("max_event_size", max_event_size)
        self._held: bytearray = bytearray()
        self._failed_size = 0
        self._state = _START

    def reset(self) -> None:
        """Prepare for the next connection: drop unfinished input and expect a byte order mark again.

        After `EventTooLarge`, only this makes the decoder usable again.
        """
        self._held = bytearray()  # not `clear`, because an empty bytearray may keep its memory
        self._state = _START

    def _admit(self, chunk: bytes | bytearray | memoryview) -> bytes:
        """Check a chunk's type; return its bytes without a byte order mark or the second half of a CRLF."""
        data = chunk if type(chunk) is bytes else as_bytes(chunk)  # a call would take longer than all the rest
        if self._state == FLOWING:
            return data
        if self._state == AFTER_CR and data:
            self._state = FLOWING
            return data[1:] if data[0] == LF else data
        return self._admit_first(data)

    def _admit_first(self, data: bytes) -> bytes:
        """Handle the first bytes of a connection; raise when the decoder has failed."""
        if self._state == _FAILED:
            raise EventTooLarge(self._limit, self._failed_size, self._UNIT)
        if not data:
            return data
        # "The UTF-8 decode algorithm strips one leading UTF-8 Byte Order Mark (BOM), if any" (9.2.6).
        data = bytes(self._held) + data
        self._held.clear()
        if len(data) < len(BOM) and BOM.startswith(data):
            self._held += data
            return b""
        self._state = FLOWING
        return data.removeprefix(BOM)

    def _take_rest(self) -> bytes:
        """End the connection: return the held bytes of an unfinished block or line, and reset.

        Raises:
            EventTooLarge: the decoder has failed, and stays failed.
        """
        if self._state == _FAILED:
            raise EventTooLarge(self._limit, self._failed_size, self._UNIT)
        rest = bytes(self._held)
        self.reset()
        return rest

    def _hold(self, part: bytes) -> None:
        """Add a part of a line, or a whole line without its end, to the held bytes.

        Raises:
            EventTooLarge: the held bytes would pass the limit. The decoder has failed, and holds nothing.
        """
        size = len(self._held) + len(part)
        if part and size > self._limit:
            self.reset()
            self._state = _FAILED
            self._failed_size = size
            raise EventTooLarge(self._limit, size, self._UNIT)
        self._held += part

    def __copy__(self) -> Any:
        from copy import deepcopy  # not at the top, because few programs copy a decoder

        return deepcopy(self)  # the copies must not share the held bytes

    def _shown(self) -> list[str]:
        """Return the parts of the state that `repr` shows."""
        shown = [f"max_event_size={None if self._limit == sys.maxsize else self._limit}"]
        if self._state == _FAILED:
            shown.append("failed")
        elif self._held:
            shown.append(f"{len(self._held)} bytes held")
        return shown

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {', '.join(self._shown())}>"


def unify_line_ends(data: bytes) -> bytes:
    """Return bytes with every line end as LF. The bytes must contain a CR."""
    if LF not in data:
        return data.replace(b"\r", b"\n")
    # Tokens arrive as one line and a blank one (benchmarks: "data, CRLF", event a feed; 0.9 of the time).
    line = data.removesuffix(b"\r\n\r\n")
    if CR not in line:
        return line + b"\n\n"
    # Nearly every stream with a CR has CRLF at the end of every line. Replacing or removing one byte is fast, so remove
    # every CR; if putting one before each LF gives the chunk again, all its line ends were CRLF. This takes two thirds
    # of the time of `splitlines` in a chunk of one event, and half in large ones, where `replace(b"\r\n", b"\n")`
    # takes five times as long (benchmarks: "LLM chat, CRLF").
    unified = data.replace(b"\r", b"")
    if unified.replace(b"\n", b"\r\n") == data:
        return unified
    # bytes.splitlines cuts only at LF, CR and CRLF.
    lines = data.splitlines()
    if data[-1] in b"\r\n":
        lines.append(b"")
    return b"\n".join(lines)


def as_bytes(chunk: bytes | bytearray | memoryview) -> bytes:
    """Return the bytes of a chunk that is passed to `feed`; raise TypeError if it is anything else."""
    if isinstance(chunk, (bytes, bytearray, memoryview)):
        return bytes(chunk)
    if isinstance(chunk, str):
        raise TypeError(
            "feed() takes bytes, not str: pass the response's bytes before anything decodes them, because text has "
            "lost the byte order mark, the invalid bytes and often the line ends"
        )
    raise TypeError(f"feed() takes bytes, bytearray or memoryview, not {type(chunk).__name__}")
