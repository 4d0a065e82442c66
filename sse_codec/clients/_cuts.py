"""Tell failures of the network or the server, which may be temporary, from mistakes in the program, which are not.

The exceptions of HTTP libraries are recognized by the names of their classes, so no library is imported. An exception
that is not listed here counts as a mistake: a loop that retries a mistake never ends, and nobody sees why.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import Final

from sse_codec._errors import SSEError, show_reason


class ConnectionLost(SSEError, ConnectionError):
    """The network or the server cut a stream. The HTTP library's own error is the `__cause__`.

    Attributes:
        last_event_id: the last event ID of what was yielded, to resume after; "" if there is none.

    >>> from sse_codec.clients import ConnectionLost
    >>> isinstance(ConnectionLost("7"), ConnectionError), ConnectionLost("7").last_event_id
    (True, '7')
    """

    def __init__(self, last_event_id: str = "") -> None:
        super().__init__(last_event_id)
        self.last_event_id = last_event_id

    def __str__(self) -> str:
        cause = self.__cause__
        if cause is None:
            return "the stream was cut"
        return f"the stream was cut: {_name(type(cause)).removeprefix('builtins.')}: {show_reason(str(cause))}"


class UnknownEncoding(Exception):
    """The `Content-Encoding` of a body is not supported here."""


#: The temporary failures, subclasses included: the top-level module and the name of the class.
_CUTS: Final = frozenset(
    {
        "builtins.ConnectionError",
        "builtins.TimeoutError",
        "socket.gaierror",
        "ssl.SSLError",
        "asyncio.TimeoutError",  # in Python 3.10 this is not the builtin
        "asyncio.IncompleteReadError",
        "http.BadStatusLine",
        "http.IncompleteRead",
        "http.LineTooLong",
        "httpx.TransportError",
        "httpx2.TransportError",
        "urllib3.InvalidHeader",  # the server's; a header of the program's that can't be sent is a ValueError
        "urllib3.ProtocolError",
        "urllib3.ProxyError",
        "urllib3.SSLError",
        "urllib3.TimeoutError",
        "urllib3_future.InvalidHeader",
        "urllib3_future.ProtocolError",
        "urllib3_future.ProxyError",
        "urllib3_future.SSLError",
        "urllib3_future.TimeoutError",
        "requests.ChunkedEncodingError",
        "requests.ConnectionError",
        "requests.Timeout",
        "niquests.ChunkedEncodingError",
        "niquests.ConnectionError",
        "niquests.Timeout",
        "aiohttp.ClientConnectionError",
        "aiohttp.ClientPayloadError",
        "anyio.BrokenResourceError",
        "anyio.EndOfStream",
        "trio.BrokenResourceError",
    }
)

#: Subclasses of those that are mistakes in the program, or are not temporary.
_MISTAKES: Final = frozenset(
    {
        "httpx.LocalProtocolError",
        "httpx.UnsupportedProtocol",
        "httpx2.LocalProtocolError",
        "httpx2.UnsupportedProtocol",
        "urllib3.ResponseNotChunked",
        "urllib3_future.ResponseNotChunked",
        "aiohttp.ServerFingerprintMismatch",
    }
)

#: The body is not compressed in the way that its response says.
_UNDECODABLE: Final = frozenset(
    {
        "sse_codec.UnknownEncoding",
        "zlib.error",
        "httpx.DecodingError",
        "httpx2.DecodingError",
        "urllib3.DecodeError",
        "urllib3_future.DecodeError",
        "requests.ContentDecodingError",
        "niquests.ContentDecodingError",
        "aiohttp.ContentEncodingError",
    }
)

#: Exceptions that keep the actual error in their `reason`.
_WRAPPERS: Final = frozenset({"urllib.URLError", "urllib3.MaxRetryError", "urllib3_future.MaxRetryError"})

#: The errno of an OSError that is temporary but has no subclass.
_ERRNOS: Final = frozenset(
    getattr(errno, name)
    for name in ("EADDRNOTAVAIL", "EHOSTDOWN", "EHOSTUNREACH", "ENETDOWN", "ENETRESET", "ENETUNREACH")
    if hasattr(errno, name)  # a platform may lack some
)


def is_cut(error: BaseException) -> bool:
    """Tell whether an HTTP library's exception is temporary: the network or the server broke off."""
    chain = list(_chain(error))
    # Asking again does not make a certificate valid.
    if any("ssl.SSLCertVerificationError" in _names(each) for each in chain) or is_undecodable(error):
        return False
    names = _names(error)
    if names & _MISTAKES:
        return False
    if names & _WRAPPERS:
        return any(is_cut(each) for each in chain[1:])
    if _name(type(error)) == "aiohttp.ClientConnectionError":
        # The class itself, not a subclass, means that the program has closed the connector or the response.
        return error.__cause__ is not None and is_cut(error.__cause__)
    return bool(names & _CUTS) or (isinstance(error, OSError) and error.errno in _ERRNOS)


def is_undecodable(error: BaseException) -> bool:
    """Tell whether an HTTP library's exception says that it could not decompress the body."""
    return any(_names(each) & _UNDECODABLE for each in _chain(error))


def _name(kind: type) -> str:
    return f"{kind.__module__.partition('.')[0]}.{kind.__name__}"


def _names(error: BaseException) -> set[str]:
    return {_name(kind) for kind in type(error).__mro__}


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception, its cause, and those that libraries keep as its reason or arguments, recursively."""
    waiting, seen = [error], set[int]()
    while waiting:
        error = waiting.pop()
        if id(error) not in seen:
            seen.add(id(error))
            yield error
            parts = (error.__cause__, getattr(error, "reason", None), *error.args)
            waiting += [part for part in parts if isinstance(part, BaseException)]
