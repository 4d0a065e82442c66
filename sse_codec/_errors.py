"""The error tree. Each error says what is wrong and where.

    SSEError
    +-- EncodeError (ValueError)        your value can't be sent
    |   +-- EncodeTypeError (TypeError)     because it is of the wrong type
    +-- EventTooLarge                   the peer's event exceeds max_event_size
    +-- IncompleteEvent                 the stream ended inside an event, with on_eof="raise"
    +-- MissingSentinel                 the stream ended before the event given as `until`
    +-- ConnectionFailed                the response is not an event stream; in sse_codec.resume
    +-- ConnectionLost (ConnectionError)    the network or the server cut the stream; in sse_codec.clients
    +-- GaveUp                          too many requests brought no event; in sse_codec.resume
    +-- SendTimeout (TimeoutError)      the reader accepted no data for too long; in sse_codec.serving

A mistake in the calling program is not an SSEError, so that no retry loop swallows it. An argument of the wrong type
raises a TypeError, and an option outside its range raises a ValueError.

Messages show at most the first 40 characters of a value, escaped: an event stream carries other people's text, and
error messages end up in logs and terminals. Of a text that explains a failure, they show the first 300.
"""

from __future__ import annotations

from typing import Any

from ._event import ReceivedEvent

_SHOWN = 40

#: How many characters to show of a text that explains a failure: a server's error page, or another error.
_SHOWN_OF_A_REASON = 300


def check_bound(name: str, value: int, *, least: int = 1, kind: str = "an int") -> int:
    """Check that an argument is an int of at least `least`, and return it as a plain int; `kind` is for the message."""
    if not issubclass(type(value), int) or type(value) is bool:
        raise TypeError(f"{name} must be {kind}, not {type(value).__name__}")
    value = int.__index__(value)  # a subclass may define any comparison
    if value < least:
        raise ValueError(f"{name} must be at least {least}, not {show(value)}")
    return value


def check_str(name: str, value: str, *, kind: str = "a str") -> str:
    """Check that an argument is a str by its type, and return it as a plain str; `kind` is for the message."""
    if type(value) is str:
        return value
    if not issubclass(type(value), str):
        raise TypeError(f"{name} must be {kind}, not {type(value).__name__}")
    return str.__str__(value)


def show(value: object) -> str:
    """Return a value for an error message: escaped, and at most its first 40 characters."""
    if isinstance(value, int) and value.bit_length() > 1000:
        return f"an int of {value.bit_length()} bits"  # CPython refuses to print one of 4300 digits
    if not isinstance(value, str):
        text = ascii(value)
        return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
    shown = ascii(value[:_SHOWN])
    return shown if len(value) <= _SHOWN else shown + "..."


def show_reason(text: str) -> str:
    """Return a text that explains a failure, for an error message: one line, escaped, at most 300 characters."""
    text = " ".join(text[: 10 * _SHOWN_OF_A_REASON].split())
    shown = ascii(text[:_SHOWN_OF_A_REASON])
    return shown if len(text) <= _SHOWN_OF_A_REASON else shown + "..."


class SSEError(Exception):
    """Base class of every error that this package defines."""


class EncodeError(SSEError, ValueError):
    r"""A value can't be sent as it is (WHATWG HTML 9.2.5, the grammar).

    Attributes:
        field: which value: "data", "event", "id", "retry" or "comment"; also "name" or "value" from `encode_line`, and
            "last_event_id" from `request_headers`.
        value: the value that was passed.
        offset: the index in `value` of the first bad character; None when the whole value is wrong.
        reason: what is wrong with the value.

    >>> import sse_codec
    >>> try:
    ...     sse_codec.encode_block("hi", event="a\r\ndata: b")
    ... except sse_codec.EncodeError as error:
    ...     print(error.field, error.offset, error, sep="; ")
    event; 1; event can't contain a line end (offset 1): 'a\r\ndata: b'
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
    """A value can't be sent because it is of the wrong type. Both `except TypeError` and `except EncodeError` catch it.

    Attributes: those of `EncodeError`; `offset` is None.
    """

    def __str__(self) -> str:
        return f"{self.field} {self.reason}"


class EventTooLarge(SSEError):
    """A block, or for `LineDecoder` a line, exceeds `max_event_size`. The decoder raises until its `reset()`.

    Attributes:
        limit: the decoder's `max_event_size`, in bytes.
        size: how many bytes had arrived when the decoder noticed; always more than `limit`.
        unit: what was too large: "block" or "line".

    >>> import sse_codec
    >>> sse_codec.Decoder(max_event_size=10).feed(b"data: 0123456789")
    Traceback (most recent call last):
        ...
    sse_codec.EventTooLarge: a block of at least 16 bytes exceeds max_event_size, which is 10
    """

    def __init__(self, limit: int, size: int, unit: str = "block") -> None:
        super().__init__(limit, size, unit)
        self.limit = limit
        self.size = size
        self.unit = unit

    def __str__(self) -> str:
        return f"a {self.unit} of at least {self.size} bytes exceeds max_event_size, which is {self.limit}"


class IncompleteEvent(SSEError):
    """The stream ended inside an event. Raised only with `on_eof="raise"`.

    Attributes:
        event: the event that was cut off, with the part that arrived.

    >>> import sse_codec
    >>> list(sse_codec.decode(b"data: half", on_eof="raise"))
    Traceback (most recent call last):
        ...
    sse_codec.IncompleteEvent: the stream ended inside an event, after data of 4 characters: 'half'
    """

    def __init__(self, event: ReceivedEvent) -> None:
        super().__init__(event)
        self.event = event

    def __str__(self) -> str:
        return f"the stream ended inside an event, after {_data(self.event)}"


class MissingSentinel(SSEError):
    r"""The stream ended before the event given as `until`: the connection was cut, or the server stopped early.

    Attributes:
        until: the `until` argument: the data or the function. A pickle or copy has None in place of a function.
        last: the last event, or block, before the end; None when none arrived.
        incomplete: the event, or block, that the end cut off; None when the stream ended after a blank line.
        body: the beginning of the body, when no event arrived and `sse_codec.clients` read it: b"" if there was no
            body, keep-alives if nothing else arrived.

    >>> from sse_codec import decode
    >>> for event in decode(b"data: half\n\nda", until="[DONE]"):
    ...     pass
    Traceback (most recent call last):
        ...
    sse_codec.MissingSentinel: the stream ended without '[DONE]'; the last event has data of 4 characters: 'half'
    """

    def __init__(self, until: Any, last: Any = None, incomplete: Any = None, body: bytes = b"") -> None:
        super().__init__(until if isinstance(until, str) else None, last, incomplete, body)
        self.until = until
        self.last = last
        self.incomplete = incomplete
        self.body = body

    def __reduce__(self) -> tuple[type[MissingSentinel], tuple[Any, ...], dict[str, Any]]:
        # Without the function, because many functions can't be pickled.
        return type(self), self.args, {**vars(self), "until": self.args[0]}

    def __str__(self) -> str:
        wanted = show(self.until) if isinstance(self.until, str) else "the event that `until` waits for"
        message = f"the stream ended without {wanted}; "
        message += "no event came" if self.last is None else f"the last event has {_data(self.last)}"
        if self.incomplete is not None:
            message += f"; the end cut off an event with {_data(self.incomplete)}"
        elif self.body:
            message += f"; the body begins {show_reason(self.body.decode('utf-8', 'replace'))}"
        return message


def _data(item: Any) -> str:
    """Describe the data of an event or block; a block may have none."""
    if item.data is None:
        return "no data"
    return f"data of {len(item.data)} character{'s' * (len(item.data) != 1)}: {show(item.data)}"
