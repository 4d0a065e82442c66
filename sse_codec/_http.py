"""What an event stream says of itself in HTTP: media type and headers. Values only; nothing here sends or receives.

`Last-Event-ID` is the one header with an encoding trap. It carries the last event ID "encoded as UTF-8" (WHATWG HTML
9.2.4, 9.2.3), but most servers hand headers over as text in which each byte became one character, and most clients
refuse to send a str that is not ASCII. So `request_headers` gives bytes, and `parse_last_event_id` takes either.
"""

from __future__ import annotations

from ._errors import EncodeError, EncodeTypeError

#: The media type of event streams (WHATWG HTML 9.2.5 and 17, IANA considerations).
MEDIA_TYPE = "text/event-stream"


def response_headers() -> dict[str, str]:
    """Return the headers of a response that carries an event stream; a new dict, to add to.

    - `Content-Type`: without it a browser's EventSource fails the connection (WHATWG HTML 9.2.3). No `charset`: a
      stream is always UTF-8.
    - `Cache-Control`: `no-store`, because an answer made for one client is of no use in a cache; `no-transform`,
      because a proxy that compresses holds events back until its buffer is full.
    - `X-Accel-Buffering: no`: turns the response buffer off in nginx and in what copies it.

    `Connection: keep-alive` is missing on purpose: it is the default of HTTP/1.1 and an error in HTTP/2.

    >>> from sse_codec import response_headers
    >>> response_headers()["Content-Type"]
    'text/event-stream'
    """
    return {
        "Content-Type": MEDIA_TYPE,
        "Cache-Control": "no-store, no-transform",
        "X-Accel-Buffering": "no",
    }


def request_headers(last_event_id: str = "") -> dict[str, bytes]:
    """Return the headers of a request for an event stream (WHATWG HTML 9.2.2 and 9.2.3); a new dict, to add to.

    Values are bytes, which httpx, requests, urllib3 and http.client send as they are. Spaces and tabs around an id are
    left out, as a browser leaves them out: HTTP takes them off a value at the latest when it is parsed (RFC 9110, 5.5),
    and some clients refuse to send them.

    Args:
        last_event_id: where to resume: `Decoder.last_event_id`, or that of the last event dealt with. "", or nothing
            but spaces and tabs, sends no `Last-Event-ID`.

    Raises:
        EncodeError: the id holds CR, LF, U+0000 or a lone surrogate; none can come from a decoded stream.
        EncodeTypeError: it is not a str; a TypeError too.

    >>> from sse_codec import request_headers
    >>> request_headers("7")
    {'Accept': b'text/event-stream', 'Cache-Control': b'no-store', 'Last-Event-ID': b'7'}
    """
    if not isinstance(last_event_id, str):
        raise EncodeTypeError("last_event_id", last_event_id, None, "must be a str")
    for offset, character in enumerate(last_event_id):
        if character in "\r\n\0":
            raise EncodeError("last_event_id", last_event_id, offset, "can't hold CR, LF or U+0000")
    headers = {"Accept": MEDIA_TYPE.encode(), "Cache-Control": b"no-store"}
    try:
        value = last_event_id.encode().strip(b" \t")
    except UnicodeEncodeError as error:
        raise EncodeError("last_event_id", last_event_id, error.start, "can't hold a lone surrogate") from None
    if value:
        headers["Last-Event-ID"] = value
    return headers


def parse_last_event_id(value: str | bytes | None) -> str:
    r"""Return the last event ID that a request's `Last-Event-ID` header carries; "" when there is none.

    Args:
        value: the header's value as the server hands it over: bytes (ASGI), a str with one character for each byte
            (WSGI, and most frameworks), a str that was already decoded as UTF-8 (aiohttp), or None for no header.

    What is invalid never raises: in bytes it becomes U+FFFD; a str whose characters are not the bytes of UTF-8 is taken
    for decoded already, and is the id as it is.

    Raises:
        TypeError: `value` is none of these types.

    >>> from sse_codec import parse_last_event_id
    >>> parse_last_event_id("\xf0\x9f\x8d\x8a"), parse_last_event_id(None)
    ('🍊', '')
    """
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if not isinstance(value, str):
        raise TypeError(f"a Last-Event-ID is str, bytes or None, not {type(value).__name__}")
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        # Characters past U+00FF, or bytes that are not UTF-8: somebody has decoded it already.
        return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def is_event_stream(content_type: str | bytes | None) -> bool:
    """Tell whether a `Content-Type` header says that the body is an event stream, as a browser checks it (9.2.3).

    Args:
        content_type: the header's value; parameters and any case are accepted. None for no header.

    Raises:
        TypeError: `content_type` is none of these types.

    >>> from sse_codec import is_event_stream
    >>> is_event_stream("Text/Event-Stream; charset=utf-8"), is_event_stream("text/plain"), is_event_stream(None)
    (True, False, False)
    """
    if content_type is None:
        return False
    if isinstance(content_type, bytes):
        content_type = content_type.decode("latin-1")
    if not isinstance(content_type, str):
        raise TypeError(f"a Content-Type is str, bytes or None, not {type(content_type).__name__}")
    # The essence of a MIME type: what stands before the parameters, HTTP white space removed, ASCII case ignored.
    return content_type.partition(";")[0].strip("\t\n\r ").lower() == MEDIA_TYPE
