"""The media type and headers of event streams in HTTP. Values only; nothing here sends or receives.

`Last-Event-ID` is the one header with an encoding trap. It carries the last event ID "encoded as UTF-8" (WHATWG HTML
9.2.4, 9.2.3), but most servers pass headers on as text with one character for each byte, and clients differ in how they
turn a header's text into bytes. So `request_headers` has an argument for what the client does, and
`parse_last_event_id` takes both kinds of text. `request_headers` documents which ids can be sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, TypeAlias, get_args

from ._encoder import check_text
from ._errors import EncodeError, check_str, show

#: How an HTTP client may turn the text of a header into bytes; `request_headers` explains each.
HeaderEncoding: TypeAlias = Literal["ascii", "latin-1", "utf-8"]

_ENCODINGS: Final = get_args(HeaderEncoding)

#: "HTTP whitespace" and "HTTP token code points" of the Fetch and the MIME Sniffing Standard.
_HTTP_WHITESPACE: Final = "\t\n\r "
_TOKEN: Final = frozenset("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")

#: The media type of event streams (WHATWG HTML 9.2.5 and 17, IANA considerations).
MEDIA_TYPE = "text/event-stream"


def response_headers(
    *, charset: bool = False, allow_origin: str | None = None, allow_credentials: bool = False
) -> dict[str, str]:
    """Return the headers of a response that carries an event stream, as a new dict that you may change.

    - `Content-Type`: without it, a browser's EventSource fails the connection (WHATWG HTML 9.2.3). By default it has no
      `charset`, because a stream is always UTF-8.
    - `Cache-Control`: `no-store`, because a response made for one client is useless in a cache; `no-transform`, because
      a proxy that compresses delays events until its buffer is full.
    - `X-Accel-Buffering: no`: turns off the response buffer in nginx, and in servers that copy this header from it.

    `Connection: keep-alive` is left out on purpose: it is the default in HTTP/1.1 and an error in HTTP/2.

    Args:
        charset: add `charset=utf-8`, for clients that guess Latin-1 without it, such as requests' `decode_unicode`.
            Some strict clients refuse any parameter.
        allow_origin: the origin of the pages that may read the stream, such as "https://app.example"; "*" for any. It
            becomes `Access-Control-Allow-Origin`, with `Vary: Origin` for a single origin. None allows only pages of
            the same origin. To allow several origins, check the request's `Origin` against your list and pass it.
        allow_credentials: let those pages send cookies: `new EventSource(url, {withCredentials: true})`. Needs an
            `allow_origin` other than "*", because browsers refuse credentials with "*".

    Raises:
        ValueError: `allow_origin` is not an origin, or `allow_credentials` is set without a single origin.
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
        raise ValueError(f"allow_credentials needs a single origin as allow_origin, not {origin}")
    if origin is not None:
        headers["Access-Control-Allow-Origin"] = origin
        if origin != "*":
            headers["Vary"] = "Origin"
    if allow_credentials:
        headers["Access-Control-Allow-Credentials"] = "true"
    return headers


def _origin(origin: str) -> str:
    """Check that a value is "*" or an origin exactly as a browser sends it: browsers compare each character."""
    origin = check_str("allow_origin", origin, kind="a str or None")  # the methods of a subclass may return anything
    scheme, separator, host = origin.partition("://")
    plain = all("!" <= character <= "~" and character not in ",?#@" for character in origin)
    exact = plain and scheme and separator and host and "/" not in host and origin == origin.lower()
    if origin not in {"*", "null"} and not exact:
        raise ValueError(f"allow_origin must be '*' or one origin, such as 'https://app.example', not {show(origin)}")
    return origin


def request_headers(last_event_id: str = "", *, encoding: HeaderEncoding = "ascii") -> dict[str, str]:
    r"""Return the headers of a request for an event stream, as a new dict (WHATWG HTML 9.2.2 and 9.2.3).

    A stream can set ids that no header can carry, or that only some HTTP clients can send:

    - Control characters can't be sent (U+0000 to U+001F, except a tab inside the id, and U+007F): most servers answer
      with 400, and most clients refuse to send them. They raise EncodeError.
    - Spaces and tabs around an id are left out, as in a browser. HTTP does not count them as part of a value (RFC 9110,
      5.5), and some clients refuse to send them.
    - Text beyond ASCII is sent as UTF-8 (9.2.3). Clients differ in what they need for that: see `encoding`.
    - Printable ASCII without spaces at the ends arrives unchanged everywhere. If you choose the ids, use only that.

    Args:
        last_event_id: where to resume: `Decoder.last_event_id`, or that of the last event that you handled. If it is ""
            or only spaces and tabs, there is no `Last-Event-ID`.
        encoding: how your HTTP client turns the text of a header into bytes. It matters only for ids beyond ASCII.

            - "ascii": the client sends only ASCII, as httpx does by default. An id beyond ASCII raises EncodeError.
            - "latin-1": one byte for each character, as in requests, urllib3, urllib.request and http.client, and in
              httpx if you wrap the headers: `httpx.Headers(headers, encoding="latin-1")`. The header then has one
              character for each byte of the id's UTF-8.
            - "utf-8": UTF-8, as in aiohttp. The header is the id.

    Raises:
        EncodeError: the id contains a control character, a lone surrogate, or with "ascii" anything beyond ASCII.
        EncodeTypeError: the id is not a str. It is also a TypeError.
        ValueError: `encoding` is none of the three.

    >>> from sse_codec import request_headers
    >>> request_headers("7")
    {'Accept': 'text/event-stream', 'Cache-Control': 'no-store', 'Last-Event-ID': '7'}
    >>> request_headers("café", encoding="utf-8")["Last-Event-ID"]
    'café'
    >>> request_headers("café", encoding="latin-1")["Last-Event-ID"]
    'cafÃ©'
    """
    last_event_id = check_text("last_event_id", last_event_id)
    if encoding not in _ENCODINGS:
        raise ValueError(f"encoding must be 'ascii', 'latin-1' or 'utf-8', not {show(encoding)}")
    offset = _untransferable(last_event_id)
    if offset is not None:
        what = "a lone surrogate" if last_event_id[offset] > "\x7f" else "a control character: most servers refuse it"
        raise EncodeError("last_event_id", last_event_id, offset, f"can't contain {what}")
    if encoding == "ascii" and not last_event_id.isascii():
        offset = next(offset for offset, character in enumerate(last_event_id) if character > "\x7f")
        reason = "can't contain text beyond ASCII unless encoding= says how your client sends it: see request_headers"
        raise EncodeError("last_event_id", last_event_id, offset, reason)
    headers = {"Accept": MEDIA_TYPE, "Cache-Control": "no-store"}
    value = last_event_id.strip("\t ")
    if value:
        headers["Last-Event-ID"] = value.encode().decode("latin-1") if encoding == "latin-1" else value
    return headers


def _untransferable(last_event_id: str) -> int | None:
    """Return the index of the first character that no header can carry; None when there is none.

    See `request_headers` for the rule. In an id that came from a stream, only control characters can break it.
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

    Invalid text never raises. Invalid bytes become U+FFFD. A str whose characters are not the bytes of valid UTF-8
    counts as decoded already, and is returned as the id.

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
        raise TypeError(f"a Last-Event-ID must be str, bytes or None, not {type(value).__name__}")
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        # Characters past U+00FF, or bytes that are not UTF-8: it was decoded already.
        return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def is_event_stream(content_type: str | bytes | Iterable[str | bytes] | None) -> bool:
    """Tell whether a `Content-Type` header makes a browser read the body as an event stream (9.2.3).

    It does if "extract a MIME type" of the Fetch Standard gives `text/event-stream`. Case and parameters do not matter.
    Of several types, in one header with commas or in several headers, the last valid one counts; `*/*` and values that
    are not MIME types are skipped.

    Chromium also refuses a `charset` other than UTF-8. The standard does not, and neither does this function: "Streams
    must be decoded using the UTF-8 decode algorithm" (9.2.6), whatever the charset.

    Args:
        content_type: the header's value; or the values of all `Content-Type` headers in order, if your HTTP library has
            not joined them with commas; None for no header.

    Raises:
        TypeError: the argument, or one of the values, is of another type.

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
        raise TypeError(
            f"a Content-Type must be str, bytes, an iterable of them or None, not {type(content_type).__name__}"
        )
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
        raise TypeError(f"a Content-Type must be str or bytes, not {type(value).__name__}")
    return value


def _split(header: str) -> list[str]:
    """Split a header into its values: "get, decode, and split" of the Fetch Standard. Commas in quotes do not count."""
    values: list[str] = []
    start = at = 0
    quoted = False
    while at < len(header):
        character = header[at]
        if character == '"':
            quoted = not quoted
        elif quoted and character == "\\":
            at += 1  # the next character is escaped
        elif character == "," and not quoted:
            values.append(header[start:at])
            start = at + 1
        at += 1
    return [*values, header[start:]]


def _essence(value: str) -> str:
    """Return type and subtype in lower case: "parse a MIME type" of the MIME Sniffing Standard (4.4); "" for failure.

    Parameters can't cause a failure, so they are not read.
    """
    type, _, rest = value.strip(_HTTP_WHITESPACE).partition("/")
    subtype = rest.partition(";")[0].rstrip(_HTTP_WHITESPACE)
    for part in (type, subtype):
        # "If type is the empty string or does not solely contain HTTP token code points, then return failure."
        if not part or not _TOKEN.issuperset(part):
            return ""
    return f"{type}/{subtype}".lower()
