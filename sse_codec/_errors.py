"""The error tree: what is wrong, where, and whose value it was.

    SSEError
    +-- EncodeError (ValueError)        your value can't be sent
    |   +-- EncodeTypeError (TypeError)     because it is of the wrong type
    +-- EventTooLarge                   the peer's event passed max_event_size
    +-- IncompleteEvent                 the stream ended inside an event, with on_eof="raise"
    +-- ConnectionFailed                the response is no event stream, and is not asked for again; of sse_codec.resume
    +-- MissingSentinel                 the stream ended without the event that says so; of sse_codec.payloads
    +-- UsageError (ValueError)         an option is outside its range

Arguments of the wrong type to anything but the encoder raise a plain TypeError. Messages show at most the first 40
characters of a value, escaped: an event stream carries other people's text, and error messages end up in logs and
terminals.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as typing's, which takes six times as long to import as this package
if TYPE_CHECKING:
    from ._event import ServerSentEvent

_SHOWN = 40


def check_bound(name: str, value: int) -> int:
    """Return the value of an option that bounds something, if it is an int of at least 1."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    if value < 1:
        raise UsageError(f"{name} must be at least 1, not {show(value)}")
    return value


def show(value: object) -> str:
    """Return a value as an error message may show it: escaped, and at most its first 40 characters."""
    if isinstance(value, int) and value.bit_length() > 1000:
        return f"an int of {value.bit_length()} bits"  # CPython refuses to print one of 4300 digits
    if not isinstance(value, str):
        text = ascii(value)
        return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
    shown = ascii(value[:_SHOWN])
    return shown if len(value) <= _SHOWN else shown + "..."


class SSEError(Exception):
    """Base class of every error that this package defines."""


class EncodeError(SSEError, ValueError):
    r"""A value can't be sent as it is (WHATWG HTML 9.2.5, the grammar).

    Attributes:
        field: which one: "data", "event", "id", "retry" or "comment"; of `encode_line` also "name" and "value", those
            of its field; of `request_headers` "last_event_id".
        value: the value as it was given.
        offset: the index in `value` of the first character at fault; None when it is the value as a whole.
        reason: what is wrong with it.

    >>> import sse_codec
    >>> try:
    ...     sse_codec.encode_block("hi", event="a\r\ndata: b")
    ... except sse_codec.EncodeError as error:
    ...     print(error.field, error.offset, error, sep="; ")
    event; 1; event can't hold a line end (offset 1): 'a\r\ndata: b'
    """

    def __init__(self, field: str, value: object, offset: int | None, reason: str) -> None:
        super().__init__(field, value, offset, reason)
        self.field = field
        self.value = value
        self.offset = offset
        self.reason = reason

    def __str__(self) -> str:
        place = "" if self.offset is None else f" (offset {self.offset})"
        return f"{self.field} {self.reason}{place}: {show(self.value)}"


class EncodeTypeError(EncodeError, TypeError):
    """A value can't be sent because it is of the wrong type; a TypeError that `except EncodeError` catches too.

    Attributes: those of `EncodeError`; `offset` is None.
    """

    def __str__(self) -> str:
        return f"{self.field} {self.reason}, not {type(self.value).__name__}"


class EventTooLarge(SSEError):
    """The block in progress passed `max_event_size`; the decoder stays failed until its `reset()` is called.

    Attributes:
        limit: the `max_event_size` that was in force, in bytes.
        size: how many bytes of the block had arrived when it was noticed; always more than `limit`.

    >>> import sse_codec
    >>> sse_codec.Decoder(max_event_size=10).feed(b"data: 0123456789")
    Traceback (most recent call last):
        ...
    sse_codec.EventTooLarge: an event of 16 bytes or more passed max_event_size, which is 10
    """

    def __init__(self, limit: int, size: int) -> None:
        super().__init__(limit, size)
        self.limit = limit
        self.size = size

    def __str__(self) -> str:
        return f"an event of {self.size} bytes or more passed max_event_size, which is {self.limit}"


class IncompleteEvent(SSEError):
    """The stream ended inside an event; raised by `decode` and `adecode` with `on_eof="raise"` only.

    Attributes:
        event: the event that was cut off, with what had arrived of it.

    >>> import sse_codec
    >>> list(sse_codec.decode(b"data: half", on_eof="raise"))
    Traceback (most recent call last):
        ...
    sse_codec.IncompleteEvent: the stream ended inside an event, after data of 4 characters: 'half'
    """

    def __init__(self, event: ServerSentEvent) -> None:
        super().__init__(event)
        self.event = event

    def __str__(self) -> str:
        data = self.event.data
        return f"the stream ended inside an event, after data of {len(data)} characters: {show(data)}"


class UsageError(SSEError, ValueError):
    """An option is outside its range: a mistake in the calling program.

    >>> import sse_codec
    >>> sse_codec.Decoder(max_event_size=0)
    Traceback (most recent call last):
        ...
    sse_codec.UsageError: max_event_size must be at least 1, not 0
    """
