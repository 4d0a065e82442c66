"""What an event stream says of itself in HTTP: media type and headers. Values only; nothing here sends or receives.

`Last-Event-ID` is the one header with an encoding trap. It carries the last event ID "encoded as UTF-8" (WHATWG HTML
9.2.4, 9.2.3), but most servers hand headers over as text in which each byte became one character, and clients differ
in how they turn a header's text into bytes. So `request_headers` is told what the client does, and
`parse_last_event_id` takes either. Which ids can be sent at all is said once, at `request_headers`.
"""

from __future__ import annotations

from typing import Final, Literal

from ._encoder import _text
from ._errors import EncodeError, show

_ENCODINGS: Final = ("ascii", "latin-1", "utf-8")

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


def request_headers(
    last_event_id: str = "", *, encoding: Literal["ascii", "latin-1", "utf-8"] = "ascii"
) -> dict[str, str]:
    r"""Return the headers of a request for an event stream (WHATWG HTML 9.2.2 and 9.2.3); a new dict, to add to.

    A stream can set ids that a header can't carry, or not with every HTTP client. This is the rule:

    - Control characters can't be sent (U+0000 to U+001F, except a tab inside the id, and U+007F): most servers answer
      with 400, and most clients refuse to send them. They raise EncodeError.
    - Spaces and tabs around an id are left out, as a browser leaves them out. HTTP does not count them as part of a
      value (RFC 9110, 5.5), and some clients refuse to send them.
    - Text beyond ASCII is sent as UTF-8 (9.2.3), and clients differ in what they need for that: see `encoding`.
    - All other ids arrive as they are. If you choose the ids, choose printable ASCII without spaces at the ends.

    Args:
        last_event_id: where to resume: `Decoder.last_event_id`, or that of the last event dealt with. If it is "" or
            only spaces and tabs, there is no `Last-Event-ID`.
        encoding: how your HTTP client turns the text of a header into bytes. It only matters for ids beyond ASCII.

            - "ascii": it does not, as httpx by itself; an id beyond ASCII raises EncodeError.
            - "latin-1": one byte for each character, as requests, urllib3, urllib.request and http.client, and httpx if
              you wrap the headers: `httpx.Headers(headers, encoding="latin-1")`. The header then has one character for
              each byte of the id's UTF-8.
            - "utf-8": as UTF-8, as aiohttp. The header is the id.

    Raises:
        EncodeError: the id holds a control character, a lone surrogate, or with "ascii" anything beyond ASCII.
        EncodeTypeError: it is not a str; a TypeError too.
        ValueError: `encoding` is none of the three.

    >>> from sse_codec import request_headers
    >>> request_headers("7")
    {'Accept': 'text/event-stream', 'Cache-Control': 'no-store', 'Last-Event-ID': '7'}
    >>> request_headers("café", encoding="utf-8")["Last-Event-ID"]
    'café'
    >>> request_headers("café", encoding="latin-1")["Last-Event-ID"]
    'cafÃ©'
    """
    last_event_id = _text("last_event_id", last_event_id)
    if encoding not in _ENCODINGS:
        raise ValueError(f"encoding must be 'ascii', 'latin-1' or 'utf-8', not {show(encoding)}")
    offset = _untransferable(last_event_id)
    if offset is not None:
        what = "a lone surrogate" if last_event_id[offset] > "\x7f" else "a control character: most servers refuse it"
        raise EncodeError("last_event_id", last_event_id, offset, f"can't hold {what}")
    if encoding == "ascii" and not last_event_id.isascii():
        offset = next(offset for offset, character in enumerate(last_event_id) if character > "\x7f")
        reason = "can't hold text beyond ASCII unless encoding= says how your HTTP client sends it: see request_headers"
        raise EncodeError("last_event_id", last_event_id, offset, reason)
    headers = {"Accept": MEDIA_TYPE, "Cache-Control": "no-store"}
    value = last_event_id.strip("\t ")
    if value:
        headers["Last-Event-ID"] = value.encode().decode("latin-1") if encoding == "latin-1" else value
    return headers


def _untransferable(last_event_id: str) -> int | None:
    """Return the index of the first character for which no header can carry an id; None when one can.

    The rule is that of `request_headers`. Of what a stream can set, only control characters are such.
    """
    if last_event_id.isascii() and last_event_id.isprintable():
        return None
    for offset, character in enumerate(last_event_id):
        if (character < " " and character != "\t") or character == "\x7f" or "\ud800" <= character <= "\udfff":
            return offset
    return None


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
