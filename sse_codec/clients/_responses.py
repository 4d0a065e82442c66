"""Adapt the responses of all HTTP libraries: their head, and their body as the bytes arrive, decompressed.

Libraries are recognized by the methods of their responses, and none is imported:

- `iter_bytes`, or `aiter_bytes` for async: httpx and httpx2, and SDKs whose responses build on theirs
- `raw`: requests and niquests, which keep urllib3's response there
- `decode_content` and `read1`: urllib3 since 2.1
- only `read1`: http.client, whose response urllib.request returns and older urllib3 wraps. It does not decompress, so
  this module does
- `iter_content` that is a coroutine function, for async: niquests
- `__aenter__`, and a `content` with `iter_any`: aiohttp

None of these ways reads by lines or waits for a buffer to fill.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any, Final, NamedTuple

from ._cuts import UnknownEncoding

#: The most bytes to read at a time.
_CHUNK_SIZE: Final = 64 * 1024


class Answer(NamedTuple):
    """What all responses have. The chunks can be read once."""

    status: int
    content_type: str | None
    retry_after: str | None
    #: Whether the library reports a cut inside the response's head. http.client does not: it accepts a partial head.
    has_whole_head: bool
    chunks: Iterator[bytes]
    close: Callable[[], object]


class AsyncAnswer(NamedTuple):
    """What all responses of async libraries have, as `Answer`."""

    status: int
    content_type: str | None
    retry_after: str | None
    has_whole_head: bool
    chunks: AsyncIterator[bytes]
    close: Callable[[], Awaitable[None]]


def answer(caller: str, response: Any) -> Answer:
    """Adapt a response of a library that is not async."""
    inner = getattr(response, "raw", response)
    chunks: Any
    if not hasattr(response, "headers"):
        raise _unknown(caller, response)
    if hasattr(response, "iter_bytes") and not _has_only(response, "__aiter__"):
        chunks = response.iter_bytes()
    elif getattr(response, "_content_consumed", False):
        chunks = response.iter_content(_CHUNK_SIZE)  # requests has read it already: returns its copy, or raises
    elif _is_async(response):
        raise _unknown(caller, response)
    elif hasattr(inner, "decode_content"):
        chunks = _urllib3(inner)
    elif hasattr(inner, "read1"):
        chunks = _http_client(inner, inner.headers)
    else:
        raise _unknown(caller, response)
    # A header that tells where the body ends proves that the head came at least so far. A body proves all of the head.
    framed = any(_header(response.headers, name) for name in ("Content-Length", "Transfer-Encoding"))
    return Answer(*_head(response), framed or hasattr(response, "iter_bytes"), iter(chunks), response.close)


def async_answer(caller: str, response: Any) -> AsyncAnswer:
    """Adapt a response of an async library."""
    chunks: Any
    if hasattr(response, "aiter_bytes") and not _has_only(response, "__iter__"):
        chunks = _async_httpx(response)
    elif not _is_async(response):
        raise _unknown(caller, response)  # before anything looks at `content`, for which requests reads the whole body
    elif hasattr(response, "iter_content"):
        chunks = _niquests(response)
    elif hasattr(getattr(response, "content", None), "iter_any"):
        chunks = _aiohttp(response)
    else:
        raise _unknown(caller, response)

    async def close() -> None:
        closed = (response.aclose if hasattr(response, "aclose") else response.close)()
        if hasattr(closed, "__await__"):
            await closed

    return AsyncAnswer(*_head(response), True, aiter(chunks), close)


def _has_only(response: Any, method: str) -> bool:
    """Tell whether the body of httpx's response has only this one of `__iter__` and `__aiter__`.

    The response itself has the methods for both.
    """
    body = getattr(response, "stream", None)
    return {name for name in ("__iter__", "__aiter__") if hasattr(body, name)} == {method}


def _is_async(response: Any) -> bool:
    """Tell whether a response is aiohttp's, or that of httpx or niquests for async."""
    if _has_only(response, "__aiter__"):
        return True
    if not hasattr(response, "iter_content"):
        return hasattr(response, "__aenter__") and not hasattr(response, "__enter__")
    from inspect import iscoroutinefunction  # here, because few responses need it

    return iscoroutinefunction(response.iter_content)


def _unknown(caller: str, response: Any) -> TypeError:
    kind = type(response).__name__
    message = f"{caller}() takes a response of an HTTP library, not {kind}"
    is_response, is_async = hasattr(response, "headers"), _is_async(response)
    if is_response and is_async and not caller.startswith("a"):
        return TypeError(f"{message}: use a{caller}(), since this one is async")
    if is_response and not is_async and caller.startswith("a"):
        return TypeError(f"{message}: use {caller[1:]}(), since this one is not async")
    if hasattr(response, "__enter__"):
        return TypeError(f"{message}: use `with ... as response`, and pass the response")
    if hasattr(response, "__aenter__"):
        return TypeError(f"{message}: use `async with ... as response`, and pass the response")
    return TypeError(message)


def _head(response: Any) -> tuple[int, str | None, str | None]:
    status = response.status_code if hasattr(response, "status_code") else response.status
    return status, _header(response.headers, "Content-Type"), _header(response.headers, "Retry-After")


def _header(headers: Any, name: str) -> str | None:
    """Return a header. If the name occurs several times, return all values, joined by commas."""
    for get_all in ("get_all", "getall"):  # http.client's and aiohttp's; their `get` returns the first value only
        if hasattr(headers, get_all):
            values = getattr(headers, get_all)(name, None)
            return None if values is None else ", ".join(values)
    value: str | None = headers.get(name)
    return value


def _urllib3(response: Any) -> Iterator[bytes]:
    if response.isclosed():
        return iter([response.data])  # it was read before, and urllib3 kept it if it was read as a whole
    if hasattr(response, "read1"):
        return iter(lambda: response.read1(_CHUNK_SIZE, decode_content=True), b"")
    return _old_urllib3(response)


def _old_urllib3(response: Any) -> Iterator[bytes]:
    """Bypass urllib3, whose own methods wait until a buffer is full or a chunk of the server's is complete."""
    yield from _http_client(response._fp, response.headers)  # noqa: SLF001  # nothing public has `read1`
    response.release_conn()


def _http_client(response: Any, headers: Any) -> Iterator[bytes]:
    encoding = (_header(headers, "Content-Encoding") or "").strip().lower()
    if encoding in {"", "identity"}:
        return _read_http_client(response)
    return _decompress(encoding, _read_http_client(response))


def _read_http_client(response: Any) -> Iterator[bytes]:
    """Read a response of http.client, and count the bytes.

    Before Python 3.11.8 and 3.12.2 its `read1` does not count them (gh-113199): it waits for more than the body has,
    and does not notice that a body was cut.
    """
    left = None if response.chunked else response.length
    while left is None or left > 0:
        chunk = response.read1(_CHUNK_SIZE if left is None else min(_CHUNK_SIZE, left))
        if not chunk:
            if left:
                from http.client import IncompleteRead  # here, so that programs without such a response don't load it

                raise IncompleteRead(b"", left)
            return
        if left is not None:
            left -= len(chunk)
        yield chunk
    response.close()  # so that the connection can be used again


def _decompress(encoding: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Decompress gzip or deflate, each chunk as it arrives."""
    import zlib  # here, because few responses need it

    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise UnknownEncoding(f"the encoding {encoding} is not supported: ask for 'Accept-Encoding: identity'")
    decompressor = None
    for chunk in chunks:
        rest = chunk
        while rest:
            if decompressor is None or decompressor.eof:  # a server may end the compressed data, and start again
                # "deflate" means zlib's format (RFC 9110, 8.4.1.2), but some servers send bare deflate data.
                bare = encoding == "deflate" and (rest[0] & 0x0F) != 8
                decompressor = zlib.decompressobj(-15 if bare else 47)
            data = decompressor.decompress(rest, _CHUNK_SIZE)  # the limit is for a few bytes that expand to many
            while data:
                yield data
                data = decompressor.decompress(decompressor.unconsumed_tail, _CHUNK_SIZE)
            rest = decompressor.unused_data


async def _async_httpx(response: Any) -> AsyncIterator[bytes]:
    """Read with httpx; when the iteration is left early, end the generators inside httpx's own.

    httpx leaves them suspended, and trio warns about each. Once the response is closed, they end when they are asked
    for more. Before that they may yield what was already read from the network, which is 64 KiB at most.
    """
    chunks = response.aiter_bytes()
    try:
        async for chunk in chunks:
            yield chunk
    except GeneratorExit:
        await response.aclose()
        left = _CHUNK_SIZE
        with suppress(Exception):
            while left > 0:
                left -= len(await anext(chunks))
        raise


async def _aiohttp(response: Any) -> AsyncIterator[bytes]:
    if response.content.at_eof():
        yield await response.read()  # it was read before, and aiohttp kept it
        return
    while chunk := await response.content.readany():
        yield chunk


async def _niquests(response: Any) -> AsyncIterator[bytes]:
    async for chunk in await response.iter_content(-1):
        yield chunk
