"""The encoder: turns values into bytes of an event stream. No value can break out of its field.

Every function returns complete lines, so results can be joined and cut anywhere. Line ends are LF, and one space always
follows the colon, so that a value's own leading space survives. The cost is two searches through each value and one
UTF-8 encoding of the whole.
"""

from __future__ import annotations

from ._errors import EncodeError, EncodeTypeError
from ._event import BlankLine, Comment, Field, ServerSentEvent
from ._grammar import DEFAULT_EVENT, MAX_RETRY_DIGITS

_RETRY_END = 10**MAX_RETRY_DIGITS


def encode(event: ServerSentEvent) -> bytes:
    r"""Encode an event as one block (WHATWG HTML 9.2.5, `event`).

    `decode(encode(e))` gives `e` again for every event that can be sent, except that CR and CRLF in its data become LF,
    because the format can't keep them. `last_event_id` is not sent: each receiver works it out.

    Args:
        event: the event. Its type is left out when it is "message", the default. The fields are written in the order
            id, event, data, retry.

    Raises:
        EncodeError: a value can't be sent: `event` or `id` contains CR or LF, `id` contains U+0000, `event` is empty,
            `retry` is not an int from 0 to 10**18 - 1, or any value contains a lone surrogate. The encoder never strips
            or escapes anything to make a value fit.
        TypeError: `event` is not a ServerSentEvent. If one of its values is of the wrong type, an EncodeTypeError.

    >>> from sse_codec import ServerSentEvent, encode
    >>> encode(ServerSentEvent("line 1\nline 2", event="log", id="7"))
    b'id: 7\nevent: log\ndata: line 1\ndata: line 2\n\n'
    """
    if not isinstance(event, ServerSentEvent):
        raise TypeError(
            f"encode() takes a ServerSentEvent, not {type(event).__name__}; encode_block() takes the parts of one"
        )
    data, name, id, retry = event._data, event._event, event._id, event._retry
    # Nearly every event has only plain strs that can be sent, and no retry (benchmarks: "240 B, type and id"; 0.7 of
    # the time). `_block` checks the rest.
    if (
        type(data) is type(name) is str
        and (name == DEFAULT_EVENT or (name and "\n" not in name and "\r" not in name))
        and (id is None or (type(id) is str and "\n" not in id and "\r" not in id and "\0" not in id))
        and retry is None
    ):
        if "\n" in data or "\r" in data:
            data = _prefixed(data, "data: ")
        block = f"data: {data}\n\n"
        if name != DEFAULT_EVENT:
            block = f"event: {name}\n{block}"
        if id is not None:
            block = f"id: {id}\n{block}"
        try:
            return block.encode()
        except UnicodeEncodeError:
            raise _lone_surrogate(id=id, event=name, data=event._data) from None
    # `_block` would leave out a None, but an event needs both.
    name, data = check_text("event", name), check_text("data", data)
    return _block(None, id, None if name == DEFAULT_EVENT else name, data, retry)


def encode_block(
    data: str | None = None,
    *,
    event: str | None = None,
    id: str | None = None,
    retry: int | None = None,
    comment: str | None = None,
) -> bytes:
    r"""Encode a block from its parts (WHATWG HTML 9.2.5, `event`). A block without data dispatches no event.

    A block without data is still useful: its `id` sets the last event ID, and its `retry` the reconnection time. The
    parts that are not None are written in the order comment, id, event, data, retry.

    Args:
        data: the payload, one field line for each of its lines; CR, LF and CRLF end lines. None leaves the field out,
            "" sends an empty line.
        event: the event type; not empty, without CR or LF. It needs data: receivers dispatch nothing for a block
            without data, and forget its type. None leaves the field out. "message" is written, although it is the
            default.
        id: the new last event ID, without CR, LF or U+0000. "" resets it, None leaves the field out.
        retry: the reconnection time in milliseconds, 0 to 10**18 - 1. None leaves the field out.
        comment: text that receivers ignore, one comment line for each of its lines. None leaves it out.

    Raises:
        EncodeError: a value can't be sent, as for `encode`; or `event` is given without `data`.
        EncodeTypeError: a value is of the wrong type. It is also a TypeError.

    >>> from sse_codec import encode_block
    >>> encode_block("hi", event="greeting")
    b'event: greeting\ndata: hi\n\n'
    >>> encode_block(id="41", retry=2000)
    b'id: 41\nretry: 2000\n\n'
    """
    return _block(comment, id, event, data, retry)


def encode_comment(text: str = "") -> bytes:
    r"""Encode a comment as a separate block: the keep-alive of an event stream (WHATWG HTML 9.2.7).

    "authors can include a comment line (one starting with a ':' character) every 15 seconds or so" to keep proxies from
    dropping a silent connection. Clients ignore it.

    Args:
        text: the comment, one comment line for each of its lines.

    Raises:
        EncodeError: `text` contains a lone surrogate.
        EncodeTypeError: `text` is not a str. It is also a TypeError.

    >>> from sse_codec import encode_comment
    >>> encode_comment("ping")
    b': ping\n\n'
    """
    return _block(check_text("comment", text), None, None, None, None)


def encode_line(line: Field | Comment | BlankLine) -> bytes:
    r"""Encode one line, such as one that a proxy got from `LineDecoder` (WHATWG HTML 9.2.5).

    Args:
        line: a Field, known to the standard or not, a Comment, or a BlankLine.

    Raises:
        EncodeError: the line can't be sent: it contains CR, LF or a lone surrogate, or its name is empty, contains a
            colon or starts with U+FEFF. (At the start of a stream, receivers strip U+FEFF, which could turn the name
            into one that they know.)
        TypeError: `line` is none of the three. If a part of it is not a str, an EncodeTypeError.

    >>> from sse_codec import BlankLine, Comment, Field, encode_line
    >>> encode_line(Field("data", "hi")), encode_line(Comment("ping")), encode_line(BlankLine())
    (b'data: hi\n', b': ping\n', b'\n')
    """
    if isinstance(line, BlankLine):
        return b"\n"
    if isinstance(line, Comment):
        name, kind, value = "", "comment", line.text
    elif isinstance(line, Field):
        name, kind, value = _one_line("name", line.name), "value", line.value
        if not name:
            raise EncodeError("name", name, None, "can't be empty: the line would be a comment")
        if ":" in name:
            raise EncodeError("name", name, name.index(":"), "can't contain a colon: the name would end there")
        if name.startswith("\ufeff"):
            raise EncodeError("name", name, 0, "can't start with U+FEFF: it could be taken for a byte order mark")
    else:
        raise TypeError(f"encode_line() takes a Field, Comment or BlankLine, not {type(line).__name__}")
    value = _one_line(kind, value)
    try:
        return f"{name}: {value}\n".encode()
    except UnicodeEncodeError:
        raise _lone_surrogate(name=name, **{kind: value}) from None


def _block(comment: str | None, id: str | None, event: str | None, data: str | None, retry: int | None) -> bytes:
    """Encode a block from its parts, in this order; None leaves a part out.

    Make each value exactly a str or an int before calling any method of it or comparing it: a subclass, or any other
    object, could answer anything.
    """
    block = ""
    if comment is not None:
        comment = check_text("comment", comment)
        block = f": {_prefixed(comment, ': ')}\n"
    if id is not None:
        id = _one_line("id", id)
        if "\0" in id:
            raise EncodeError("id", id, id.index("\0"), "can't contain U+0000: receivers would ignore the whole field")
        block += f"id: {id}\n"
    if event is not None:
        event = _one_line("event", event)
        if not event:
            raise EncodeError("event", event, None, "can't be empty: receivers would use the default type")
        if data is None:
            # "If the data buffer is an empty string, set the data buffer and the event type buffer to the empty string
            # and return" (9.2.6).
            raise EncodeError(
                "event", event, None, 'needs data: receivers dispatch nothing without it; data="" sends an empty event'
            )
        block += f"event: {event}\n"
    if data is not None:
        data = check_text("data", data)
        block += f"data: {_prefixed(data, 'data: ')}\n"
    if retry is not None:
        block += f"retry: {_digits(retry)}\n"
    try:
        return f"{block}\n".encode()
    except UnicodeEncodeError:
        raise _lone_surrogate(comment=comment, id=id, event=event, data=data) from None


def check_text(field: str, value: str) -> str:
    """Check that a value is a str, and return it as a plain str.

    The check uses `type`, because an object can lie to `isinstance` about its class. The result is a plain str, because
    a subclass may do anything on `+`, `==` and `replace`: the str of an HTML library escapes what it is joined with.
    """
    if type(value) is str:
        return value
    if not issubclass(type(value), str):
        reason = f"must be a str, not {type(value).__name__}{_hint(field, type(value))}"
        raise EncodeTypeError(field, value, None, reason)
    return str.__str__(value)


def _hint(field: str, given: type) -> str:
    """Return how to make a str from a value of the wrong type; "" when there is no obvious way."""
    if issubclass(given, (bytes, bytearray)):
        return ": call its decode() first"
    if field == "data" and issubclass(given, (dict, list, tuple, int, float, type(None))):
        return ": use json.dumps(...)"
    if issubclass(given, (int, float)) and given is not bool:
        return ": use str(...)"
    return ""


def _one_line(field: str, value: str) -> str:
    value = check_text(field, value)
    if "\n" in value or "\r" in value:
        offset = min(at for at in (value.find("\n"), value.find("\r")) if at >= 0)
        raise EncodeError(field, value, offset, "can't contain a line end")
    return value


def _prefixed(text: str, prefix: str) -> str:
    """Return a text with a prefix before each line except the first, and with LF line ends.

    Only CR, LF and CRLF end a line; U+2028 and other Unicode line separators do not.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\n" in text:
        text = text.replace("\n", f"\n{prefix}")
    return text


def _digits(retry: int) -> str:
    if type(retry) is not int:
        if not issubclass(type(retry), int) or type(retry) is bool:
            hint = ": use int(...)" if issubclass(type(retry), str) else ""
            reason = f"must be an int of milliseconds, not {type(retry).__name__}{hint}"
            raise EncodeTypeError("retry", retry, None, reason)
        retry = int.__index__(retry)  # a subclass may define any comparison, and the str of an enum is its name
    if not 0 <= retry < _RETRY_END:
        raise EncodeError("retry", retry, None, f"must be from 0 to 10**{MAX_RETRY_DIGITS} - 1 milliseconds")
    return str(retry)


def _lone_surrogate(**fields: str | None) -> EncodeError:
    """Return the error for the first lone surrogate in the fields. There must be one."""
    field, value, offset = next(
        (field, value, offset)
        for field, value in fields.items()
        for offset, character in enumerate(value or "")
        if 0xD800 <= ord(character) <= 0xDFFF
    )
    return EncodeError(field, value, offset, "can't contain a lone surrogate: UTF-8 can't encode it")
