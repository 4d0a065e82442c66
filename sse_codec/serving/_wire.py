"""Turn the items of a source into bytes; and the options that both kinds of stream share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from sse_codec._blocks import Block
from sse_codec._encoder import encode, encode_block, encode_comment
from sse_codec._errors import SSEError, show
from sse_codec._event import ServerSentEvent

KEEP_ALIVE = 15.0  # "every 15 seconds or so" (WHATWG HTML 9.2.7)

_BLANK_LINES = (b"\n\n", b"\r\r", b"\r\n\r\n")
_LINE_ENDS = (b"\n", b"\r")


#: What a source may yield: an event, a block, or the bytes of whole blocks, such as those of `encode_block`.
Sendable: TypeAlias = ServerSentEvent | Block | bytes


class Options(NamedTuple):
    """The checked options of `stream` and `astream`."""

    opening: bytes
    keep_alive: float | None
    ping: bytes
    on_error: Callable[[Exception], Sendable | None] | None


def options(
    keep_alive: float | None,
    ping: Sendable | None,
    retry: int | None,
    on_error: Callable[[Exception], Sendable | None] | None,
) -> Options:
    """Check the options of a stream."""
    if on_error is not None and not callable(on_error):
        raise TypeError(f"on_error must be callable, not {type(on_error).__name__}")
    opening = encode_comment() if retry is None else encode_block(retry=retry)
    return Options(opening, seconds("keep_alive", keep_alive), to_ping(ping), on_error)


def seconds(name: str, value: float | None) -> float | None:
    """Return a number of seconds that is None or more than 0."""
    if value is None:
        return None
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise TypeError(f"{name} must be a number of seconds or None, not {type(value).__name__}")
    if not 0 < value < float("inf"):  # which also rejects NaN
        raise ValueError(f"{name} must be more than 0 and finite, or None, not {show(value)}")
    return float(value)


def to_ping(ping: Sendable | None) -> bytes:
    """Return the bytes of a keep-alive. Unlike the items of a source, it may be a line that ends no block."""
    if ping is None:
        return encode_comment()
    if isinstance(ping, bytes) and ping.endswith(_LINE_ENDS):
        return ping
    return to_wire(ping)


def to_wire(item: Any) -> bytes:
    """Return the bytes of an item of a source.

    Raises:
        EncodeError: the item is an event that can't be sent.
        ValueError: the item is bytes, but not whole blocks.
        TypeError: the item is of a type that can't be sent.
    """
    if isinstance(item, ServerSentEvent):
        return encode(item)
    if isinstance(item, Block):
        return item.wire
    if not isinstance(item, bytes):
        kind, hint = type(item).__name__, ""
        if isinstance(item, str):
            hint = ": use ServerSentEvent(text)"
        elif isinstance(item, (dict, list, int, float)):
            hint = ": use ServerSentEvent(json.dumps(...))"
        raise TypeError(f"a stream sends ServerSentEvent, Block or bytes, not {kind}{hint}")
    if not item.endswith(_BLANK_LINES):
        raise ValueError(f"bytes in a stream must be whole blocks, each with its blank line, not {show(item[-40:])}")
    return item


class Body:
    """The base of both kinds of stream: decides what to send for each item and for an exception."""

    __slots__ = ("_ended", "_failure", "_opening", "_options")

    def __init__(self, options: Options) -> None:
        self._options = options
        self._opening = options.opening
        self._failure: Exception | None = None  # to raise at the next call
        self._ended = False

    def _to_wire(self, item: Any) -> bytes:
        """Return the bytes to send for an item of the source."""
        try:
            return to_wire(item)
        except Exception as error:
            # Move the client's last event ID past the item, if possible, whatever is sent instead. Otherwise a client
            # that resumes would be sent the same item again and again.
            behind = _id_block(item)
            instead = self._instead(error)
            if instead is None:
                if not behind:
                    raise
                self._failure = error
                return behind
            if getattr(instead, "id", None) is None:
                return behind[:-1] + to_wire(instead)  # without its blank line, the id is the first line of the block
            return to_wire(instead)

    def _last(self, error: BaseException) -> bytes:
        """Return the bytes that tell the client about an exception of the source; or raise the exception."""
        instead = self._instead(error)
        if instead is None:
            raise error
        return to_wire(instead)

    def _instead(self, error: BaseException) -> Sendable | None:
        if self._options.on_error is None or not isinstance(error, Exception):
            return None
        return self._options.on_error(error)


def _id_block(item: Any) -> bytes:
    """Return a block with only the id of the item; b"" if it has no id that can be sent."""
    id = getattr(item, "id", None)
    try:
        return b"" if id is None else encode_block(id=id)
    except SSEError:
        return b""
