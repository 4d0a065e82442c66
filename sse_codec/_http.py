"""What an event stream says of itself in HTTP: media type and headers. Values only; nothing here sends or receives.

`Last-Event-ID` is the one header with an encoding trap. It carries the last event ID "encoded as UTF-8" (WHATWG HTML
9.2.4, 9.2.3), but most servers hand headers over as text in which each byte became one character, and clients differ
in how they turn a header's text into bytes. So `request_headers` is told what the client does, and
`parse_last_event_id` takes either. Which ids can be sent at all is said once, at `request_headers`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from ._encoder import _text
from ._errors import EncodeError, show

_ENCODINGS: Final = ("ascii", "latin-1", "utf-8")

#: "HTTP whitespace" and "HTTP token code points" of the Fetch and the MIME Sniffing Standard.
_HTTP_WHITESPACE: Final = "\t\n\r "
_TOKEN: Final = frozenset("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")

#: The media type of event streams (WHATWG HTML 9.2.5 and 17, IANA considerations).
MEDIA_TYPE = "text/event-stream"


def response_headers(
    *, charset: bool = False, allow_origin: str | None = None, allow_credentials: bool = False
) -> dict[str, str]:
    """Return the headers of a response that carries an event stream; a new dict, to add to.

    - `Content-Type`: without it a browser's EventSource fails the connection (WHATWG HTML 9.2.3). No `charset` unless
      told: a stream is always UTF-8.
    - `Cache-Control`: `no-store`, because an answer made for one client is of no use in a cache; `no-transform`,
      because a proxy that compresses holds events back until its buffer is full.
    - `X-Accel-Buffering: no`: turns the response buffer off in nginx and in what copies it.

    `Connection: keep-alive` is missing on purpose: it is the default of HTTP/1.1 and an error in HTTP/2.

    Args:
        charset: add `charset=utf-8`, for clients that guess Latin-1 without it, such as requests' `decode_unicode`.
            Some strict clients refuse any parameter.
        allow_origin: the origin of the pages that may read the stream, say "https://app.example"; "*" for any. It
            becomes `Access-Control-Allow-Origin`, with `Vary: Origin` where it is one origin. None for pages of the
            same origin only. For several origins check the request's `Origin` against your list, and pass that.
        allow_credentials: let those pages send cookies: `new EventSource(url, {withCredentials: true})`. Needs an
            `allow_origin` other than "*", which browsers refuse then.

    Raises:
        ValueError: `allow_origin` is no origin, or `allow_credentials` comes without one.
        TypeError: `allow_origin` is not a str.

    >>> from sse_codec import response_headers
    >>> response_headers()["Content-Type"]
    'text/event-stream'
    >>> response_headers(allow_origin="https://app.example")["Access-Control-Allow-Origin"]
    'https://app.example'
    """
    headers = {
        "Content-Type": f"{MEDIA_TYPE}; charset=utf-8" if charset else MEDIA_TYPE,
        "Cache-Control": "no-store, no-transform",
        "X-Accel-Buffering": "no",
    }
    origin = None if allow_origin is None else _origin(allow_origin)
    if allow_credentials and origin in {None, "*"}:
        raise ValueError(f"allow_credentials needs the one origin that may send them as allow_origin, not {origin}")
    if origin is not None:
        headers["Access-Control-Allow-Origin"] = origin
        if origin != "*":
            headers["Vary"] = "Origin"
    if allow_credentials:
        headers["Access-Control-Allow-Credentials"] = "true"
    return headers


def _origin(origin: str) -> str:
    """Return what a browser may send as `Origin`, or "*"; a browser compares it character by character."""
    if not issubclass(type(origin), str):
        raise TypeError(f"allow_origin must be a str or None, not {type(origin).__name__}")
    origin = str.__str__(origin)  # a subclass may say anything of itself
    scheme, separator, host = origin.partition("://")
    plain = all("!" <= character <= "~" and character not in ",?#@" for character in origin)
    exact = plain and scheme and separator and host and "/" not in host and origin == origin.lower()
    if origin not in {"*", "null"} and not exact:
        raise ValueError(f"allow_origin must be '*' or one origin, as 'https://app.example', not {show(origin)}")
    return origin


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
    - Printable ASCII without spaces at the ends arrives everywhere as it is. If you choose the ids, choose such.

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


def is_event_stream(content_type: str | bytes | Iterable[str | bytes] | None) -> bool:
    """Tell whether a `Content-Type` header says that the body is an event stream, as a browser does (9.2.3).

    That is, whether "extract a MIME type" of the Fetch Standard gives `text/event-stream`. Case and parameters do not
    matter. Of several types, in one header with commas or in several headers, the last valid one counts; `*/*` and what
    is no MIME type are passed over.

    Chromium also refuses a `charset` other than UTF-8. The standard does not, and neither does this: "Streams must be
    decoded using the UTF-8 decode algorithm" (9.2.6), whatever they say.

    Args:
        content_type: the header's value; or the values of all such headers in order, if your HTTP library has not
            joined them with commas; None for no header.

    Raises:
        TypeError: it, or one of the values, is none of these types.

    >>> from sse_codec import is_event_stream
    >>> is_event_stream("Text/Event-Stream; charset=utf-8"), is_event_stream("text/plain"), is_event_stream(None)
    (True, False, False)
    >>> is_event_stream("application/json, text/event-stream"), is_event_stream("text/event-stream, text/plain")
    (True, False)
    """
    if content_type is None:
        return False
    if isinstance(content_type, (str, bytes)):
        content_type = (content_type,)
    elif not isinstance(content_type, Iterable):
        raise TypeError(f"a Content-Type is str, bytes, an iterable of them or None, not {type(content_type).__name__}")
    essence = ""
    for value in _split(", ".join(map(_header_text, content_type))):
        # "If temporaryMimeType is failure or temporaryMimeType's essence is "*/*", then continue."
        parsed = _essence(value)
        if parsed not in {"", "*/*"}:
            essence = parsed
    return essence == MEDIA_TYPE


def _header_text(value: str | bytes) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if not isinstance(value, str):
        raise TypeError(f"a Content-Type is str or bytes, not {type(value).__name__}")
    return value


def _split(header: str) -> list[str]:
    """Return the values of a header: "get, decode, and split" of the Fetch Standard. A comma in quotes ends none."""
    values: list[str] = []
    start = at = 0
    quoted = False
    while at < len(header):
        character = header[at]
        if character == '"':
            quoted = not quoted
        elif quoted and character == "\\":
            at += 1  # what follows stands for itself
        elif character == "," and not quoted:
            values.append(header[start:at])
            start = at + 1
        at += 1
    return [*values, header[start:]]


def _essence(value: str) -> str:
    """Return type and subtype in lower case: "parse a MIME type" of the MIME Sniffing Standard (4.4); "" for failure.

    No parameter is a failure, so none is read.
    """
    type, _, rest = value.strip(_HTTP_WHITESPACE).partition("/")
    subtype = rest.partition(";")[0].rstrip(_HTTP_WHITESPACE)
    for part in (type, subtype):
        # "If type is the empty string or does not solely contain HTTP token code points, then return failure."
        if not part or not _TOKEN.issuperset(part):
            return ""
    return f"{type}/{subtype}".lower()
