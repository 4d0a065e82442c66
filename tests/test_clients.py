"""`events`, `connect` and their variants, with the standard library and with fakes of other libraries' responses.

interop/test_clients.py does the same with the real libraries.
"""

from __future__ import annotations

import asyncio
import copy
import gzip
import http.client
import io
import pickle
import random
import socket
import ssl
import sys
import types
import urllib.error
import urllib.request
import zlib
from contextlib import AbstractContextManager, aclosing, asynccontextmanager, closing, contextmanager, nullcontext
from inspect import getgeneratorstate
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_codec import (
    BlockDecoder,
    Decoder,
    EncodeError,
    EventTooLarge,
    IncompleteEvent,
    MissingSentinel,
    ServerSentEvent,
    SSEError,
    encode,
)
from sse_codec.clients import (
    ConnectionFailed,
    ConnectionLost,
    GaveUp,
    ablocks,
    aconnect,
    aevents,
    blocks,
    connect,
    events,
)
from sse_codec.clients._cuts import is_cut, is_undecodable
from sse_codec.clients._reading import is_foreign
from sse_codec.clients._responses import _decompress
from sse_codec.resume import TRANSIENT_STATUSES, Reconnection

from .hostile import CHUNKED, END, Act, Hostile, Story, chunked, chunks, head, sized

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Iterator

    from typing_extensions import Self

TYPE = "text/event-stream"
WIRE = b"id: 1\ndata: one\n\ndata: two\n\n: ping\n\nid: 3\ndata: three\n\n"
DATA = ["one", "two", "three"]
JSON = b'{"error": "no such model"}'


def made(library: str, name: str, *bases: type[BaseException]) -> type[Exception]:
    """Make an exception class with the module and name of a library's."""
    return type(name, bases or (Exception,), {"__module__": library})


TransportError = made("httpx._exceptions", "TransportError")
ReadError = made("httpx", "ReadError", TransportError)
LocalProtocolError = made("httpx", "LocalProtocolError", TransportError)
DecodingError = made("httpx", "DecodingError")


class Headers(dict[str, str]):
    """Headers with case-insensitive names."""

    def __init__(self, *pairs: tuple[str, str]) -> None:
        super().__init__((name.lower(), value) for name, value in pairs)

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)


class Fake:
    """A response of httpx, or of a library with the same methods."""

    def __init__(
        self,
        *body: bytes | Exception,
        status: int = 200,
        content_type: str | None = TYPE,
        retry_after: str | None = None,
    ) -> None:
        self.status_code = status
        self.headers = Headers(
            *([] if content_type is None else [("Content-Type", content_type)]),
            *([] if retry_after is None else [("Retry-After", retry_after)]),
        )
        self.body = body
        self.taken = 0
        self.closed = 0

    def iter_bytes(self) -> Generator[bytes, None, None]:
        for step in self.body:
            if isinstance(step, Exception):
                raise step
            self.taken += 1
            yield step

    def close(self) -> None:
        self.closed += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncFake:
    """The response of its async client."""

    def __init__(self, fake: Fake) -> None:
        self.fake = fake
        self.status_code = fake.status_code
        self.headers = fake.headers

    async def aiter_bytes(self) -> AsyncGenerator[bytes, None]:
        for chunk in self.fake.iter_bytes():
            await asyncio.sleep(0)
            yield chunk

    async def aclose(self) -> None:
        self.fake.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def gathered(source: AsyncGenerator[Any, None], most: int | None = None) -> list[Any]:
    """Collect the items of an async generator, at most `most` of them."""

    async def main() -> list[Any]:
        got: list[Any] = []
        async with aclosing(source):
            async for item in source:
                got.append(item)
                if len(got) == most:
                    break
        return got

    return asyncio.run(main())


def both(fake: Callable[[], Fake], **options: Any) -> tuple[list[str], Exception | None]:
    """Read a response with `events` and with `aevents`, check that both agree, and return the data and the error."""
    outcomes: list[tuple[list[str], Exception | None]] = []
    for is_async in (False, True):
        got: list[str] = []
        caught: Exception | None = None
        response = fake()
        until = options.get("until")

        async def main(got: list[str] = got, response: Fake = response) -> None:
            async with aclosing(aevents(AsyncFake(response), **options)) as source:
                async for event in source:
                    got.append(event.data)  # noqa: PERF401  # keeps the events before an error

        try:
            if is_async:
                asyncio.run(main())
            else:
                for event in events(response, **options):
                    got.append(event.data)  # noqa: PERF401  # the same
        except Exception as raised:  # noqa: BLE001  # the test checks it
            caught = raised
        assert response.closed, until
        outcomes.append((got, caught))
    (data, error), (adata, aerror) = outcomes
    assert data == adata
    assert type(error) is type(aerror)
    assert str(error) == str(aerror)
    return data, error


@pytest.fixture(scope="module")
def server() -> Iterator[Hostile]:
    with Hostile() as hostile:
        yield hostile


# One response


def test_the_events_of_a_response() -> None:
    assert both(lambda: Fake(WIRE)) == (DATA, None)
    assert both(lambda: Fake(WIRE[:20], WIRE[20:])) == (DATA, None)
    assert both(lambda: Fake(WIRE), until=lambda event: event.data == "two") == (["one"], None)


def test_the_blocks_of_a_response() -> None:
    wire = [b"id: 1\ndata: one", b": ping"]
    assert [block.wire.rstrip(b"\n") for block in blocks(Fake(b"\n\n".join([*wire, b""])))] == wire
    source = ablocks(AsyncFake(Fake(b"\n\n".join([*wire, b""]))), decoder=BlockDecoder())
    assert [block.wire.rstrip(b"\n") for block in gathered(source)] == wire
    with pytest.raises(ConnectionFailed, match="status 404"):
        list(blocks(Fake(status=404)))
    assert next(iter(blocks(Fake(b"data: 1\n\ndata: 2\n\n"), until="2"))).data == "1"


def test_it_continues_from_its_decoder_s_state() -> None:
    decoder = Decoder()
    assert [event.data for event in events(Fake(WIRE), decoder=decoder)] == DATA
    assert decoder.last_event_id == "3"
    assert next(events(Fake(b"data: 1\n\n"), decoder=decoder)).last_event_id == "3"
    assert next(events(Fake(b"data: 1\n\n"), last_event_id="7")).last_event_id == "7"
    assert gathered(aevents(AsyncFake(Fake(b"data: 1\n\n")), last_event_id="7"))[0].last_event_id == "7"


def test_it_takes_the_options_of_decode() -> None:
    assert both(lambda: Fake(b"data: half"), on_eof="dispatch") == (["half"], None)
    data, error = both(lambda: Fake(b"data: half"), on_eof="raise")
    assert data == []
    assert isinstance(error, IncompleteEvent)
    data, error = both(lambda: Fake(b"data: 1\n\n", b"data: 12345678901"), max_event_size=10)
    assert data == ["1"]
    assert isinstance(error, EventTooLarge)


@pytest.mark.parametrize("function", [events, aevents, blocks, ablocks])
def test_arguments_are_checked_by_the_call(function: Callable[..., object]) -> None:
    cases: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"on_eof": "no"}, ValueError),
        ({"until": 1}, TypeError),
        ({"decoder": 1}, TypeError),
        ({"max_event_size": 0}, ValueError),
        ({"last_event_id": 1}, TypeError),
    ]
    for wrong, error in cases:
        with pytest.raises(error):
            function(Fake(), **wrong)


class Asynchronous(types.SimpleNamespace):
    """An object of an async library."""

    async def __aenter__(self) -> None:
        """Async responses have this method."""


class Entered:
    """An object that must be entered with `with` or `async with` first."""

    def __init__(self, *methods: str) -> None:
        for method in methods:
            setattr(self, method, None)


@pytest.mark.parametrize(
    ("function", "response", "words"),
    [
        (events, 1, r"^events\(\) takes a response of an HTTP library, not int$"),
        (events, io.BytesIO(WIRE), r"^events\(\) takes a response of an HTTP library, not BytesIO"),
        (blocks, WIRE, r"^blocks\(\) takes a response of an HTTP library, not bytes$"),
        (aevents, 1, r"^aevents\(\) takes a response of an HTTP library, not int$"),
        (events, Entered("__enter__"), "not Entered: use `with ... as response`, and pass the response$"),
        (aevents, Entered("__aenter__"), "not Entered: use `async with ... as response`, and pass the response$"),
        (events, Asynchronous(headers=1), r"use aevents\(\), since this one is async$"),
        (ablocks, types.SimpleNamespace(headers=1), r"use blocks\(\), since this one is not async$"),
        (events, types.SimpleNamespace(headers=1), r"^events\(\) takes a response of an HTTP library, not \w+$"),
        (aevents, Asynchronous(content=1), r"not Asynchronous: use `async with ... as response`"),
    ],
)  # fmt: skip
def test_arguments_that_are_not_responses_are_refused(
    function: Callable[..., object], response: object, words: str
) -> None:
    with pytest.raises(TypeError, match=words):
        function(response)


def test_refusing_a_sync_response_does_not_read_it() -> None:
    class Requests:
        headers = Headers()

        @property
        def content(self) -> bytes:
            raise AssertionError("it may be endless")

    with pytest.raises(TypeError, match="since this one is not async"):
        aevents(Requests())


class Httpx:
    """A response of httpx's. It has the methods for both kinds of client, and its `stream` works with one of them."""

    def __init__(self, *methods: str) -> None:
        self.headers = Headers()
        self.stream = type("Stream", (), dict.fromkeys(methods))()

    def iter_bytes(self) -> None:
        raise AssertionError("it may be of the other kind")

    aiter_bytes = iter_bytes


@pytest.mark.parametrize(
    ("function", "method", "words"),
    [
        (events, "__aiter__", r"^events\(\) takes .*, not Httpx: use aevents\(\), since this one is async$"),
        (aevents, "__iter__", r"^aevents\(\) takes .*, not Httpx: use events\(\), since this one is not async$"),
    ],
)
def test_a_response_of_the_other_kind_of_httpx_client(function: Callable[..., object], method: str, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        function(Httpx(method))


def test_a_response_of_httpx_that_was_read_before() -> None:
    """Its `stream` works with both kinds of client."""
    with pytest.raises(AssertionError, match="the other kind"):
        events(Httpx("__iter__", "__aiter__"))


async def opened(headers: dict[str, str]) -> None:
    """A coroutine function, where a plain function should be."""


@pytest.mark.parametrize(
    ("function", "open", "words"),
    [
        (connect, lambda headers: None, "open must return a context manager for a response, not NoneType$"),
        (connect, lambda headers: Httpx(), r"not Httpx: use client.stream\(...\), for example, which does not read"),
        (connect, lambda headers: Entered("__aenter__"), r"use aconnect\(\), since this one is async$"),
        (connect, opened, r"open can't be a coroutine function: return client.stream\(...\)"),
        (aconnect, lambda headers: None, "open must return an async context manager for a response, not NoneType$"),
        (aconnect, lambda headers: Entered("__enter__"), r"use connect\(\), since this one is not async$"),
        (aconnect, opened, r"open can't be a coroutine function: return client.stream\(...\)"),
    ],
)
def test_what_open_must_return(function: Callable[..., Any], open: Callable[..., object], words: str) -> None:
    with pytest.raises(TypeError, match=words):
        gathered(function(open)) if function is aconnect else list(function(open))


@pytest.mark.parametrize("function", [events, blocks])
def test_leaving_early_closes_the_response(function: Callable[..., Generator[Any, None, None]]) -> None:
    response = Fake(b"data: 1\n\n", b"data: 2\n\n")
    with closing(function(response)) as source:
        next(source)
        assert not response.closed
    assert response.closed
    assert response.taken == 1


@pytest.mark.parametrize("function", [aevents, ablocks])
def test_leaving_early_closes_an_async_response(function: Callable[..., AsyncGenerator[Any, None]]) -> None:
    response = Fake(b"data: 1\n\n", *[b"data: 2\n\n"] * 3)
    assert len(gathered(function(AsyncFake(response)), 1)) == 1
    assert response.closed


def test_leaving_early_ends_the_response_s_generators() -> None:
    """httpx leaves them open, and trio warns; so they are resumed, a few times, once the connection is closed."""

    class Endless(AsyncFake):
        async def aiter_bytes(self) -> AsyncGenerator[bytes, None]:
            while True:
                self.fake.taken += 1
                yield b"data: 1\n\n" * 1000

    response = Fake()
    gathered(aevents(Endless(response)), 1)
    assert 1 < response.taken < 12

    class Closable(AsyncFake):
        async def aiter_bytes(self) -> AsyncGenerator[bytes, None]:
            while not self.fake.closed:
                self.fake.taken += 1
                yield b"data: 1\n\n"
            self.fake.body = (b"ended",)

    response = Fake()
    gathered(aevents(Closable(response)), 1)
    assert (response.taken, response.body) == (1, (b"ended",))


# Responses that are not event streams


@pytest.mark.parametrize(
    ("fake", "status", "content_type", "body"),
    [
        (lambda: Fake(JSON, status=401, content_type="application/json"), 401, "application/json", JSON),
        (lambda: Fake(JSON, content_type="application/json"), 200, "application/json", JSON),
        (lambda: Fake(WIRE, status=503), 503, TYPE, WIRE),
        (lambda: Fake(status=204, content_type=None), 204, None, b""),
        (lambda: Fake(*[b"x" * 1000] * 9, status=500), 500, TYPE, b"x" * 4096),
        (lambda: Fake(JSON, ReadError(), status=500), 500, TYPE, JSON),
        (lambda: Fake(JSON, DecodingError(), status=500), 500, TYPE, JSON),
        (lambda: Fake(b"\n", b"\n", JSON[:9], JSON[9:], content_type=None), 200, None, b"\n\n" + JSON),
    ],
)
def test_the_error_describes_the_response(
    fake: Callable[[], Fake], status: int, content_type: str | None, body: bytes
) -> None:
    data, error = both(fake)
    assert data == []
    assert isinstance(error, ConnectionFailed)
    assert (error.status, error.content_type, error.body) == (status, content_type, body)
    assert error.reason is None
    assert error.text == body.decode()


def test_a_stream_with_the_wrong_content_type_is_not_read_to_its_end() -> None:
    for response in (Fake(WIRE, WIRE, content_type="text/plain"), Fake(WIRE, WIRE, content_type=None)):
        with pytest.raises(ConnectionFailed):
            next(events(response))
        assert response.taken == 1
    assert both(lambda: Fake(WIRE, content_type="text/plain"), any_type=True) == (DATA, None)
    assert both(lambda: Fake(WIRE, content_type=None), any_type=True) == (DATA, None)
    _, error = both(lambda: Fake(WIRE, status=201), any_type=True)
    assert isinstance(error, ConnectionFailed)


def test_an_exception_while_reading_an_error_page_propagates() -> None:
    _, error = both(lambda: Fake(RuntimeError("a sync iterator on an async stream"), status=500))
    assert isinstance(error, RuntimeError)


@pytest.mark.parametrize(
    "body",
    [
        JSON,
        b'{\n  "error": {\n    "data": 1\n  }\n}\n\n',
        b'[{\n  "error": 1\n}]',
        b'"overloaded"',
        b"\xef\xbb\xbf" + JSON,
        b"\n\n" + JSON,
        b"<html>\n\n<body>\n\n</body>",
        b"<?xml version='1.0'?>",
        b"Service is overloaded\n",
        gzip.compress(WIRE, mtime=0),
        b"\x00\x01",
        b"xx\n\n\x02",
        b"events: 1",
        b"data : 1",
    ],
)
def test_a_body_that_is_not_an_event_stream(body: bytes) -> None:
    assert is_foreign(body)
    for options in ({}, {"until": "[DONE]"}):
        data, error = both(lambda: Fake(body), **options)
        assert data == []
        assert isinstance(error, ConnectionFailed)
        assert (error.status, error.content_type, error.body) == (200, TYPE, body)
        assert error.reason == "it has no events"
        assert isinstance(error.__cause__, MissingSentinel) == bool(options)
    data, error = both(lambda: Fake(body, ReadError("cut")))
    assert isinstance(error, ConnectionFailed)
    assert isinstance(error.__cause__, ConnectionLost)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n\n",
        b"\xef\xbb\xbf",
        b"\xef\xbb",
        b"  \r\n",
        b": ping\n\n",
        b":",
        b"id: 7\n\n",
        b"retry: 100\n\n",
        b"event",
        b"ev",
        b"data",
        b"ping\n\n",
        b'data: {"a": 1}',
        b"<!-- " * 10 + b"\nid: 1\n",
    ],
)
def test_a_stream_without_events_is_a_stream(body: bytes) -> None:
    assert not is_foreign(body)
    assert both(lambda: Fake(body)) == ([], None)
    _, error = both(lambda: Fake(body), until="[DONE]")
    assert isinstance(error, MissingSentinel)
    assert error.body == body
    assert ("; the body begins" in str(error)) == (body != b"" and error.incomplete is None)
    _, error = both(lambda: Fake(body, ReadError("cut")))
    assert isinstance(error, ConnectionLost)


def test_a_body_that_starts_with_an_event_is_not_judged() -> None:
    data, error = both(lambda: Fake(b"data: 1\n\n", JSON))
    assert (data, error) == (["1"], None)
    data, error = both(lambda: Fake(b"data: 1\n\n", JSON), until="[DONE]")
    assert isinstance(error, MissingSentinel)
    assert error.body == b""
    assert both(lambda: Fake(b"data: [DONE]\n\n" + JSON), until="[DONE]") == ([], None)
    assert both(lambda: Fake(b"x" * 5000 + b"\ndata: [DONE]\n\n"), until="[DONE]") == ([], None)


def test_the_kept_body_is_bounded() -> None:
    _, error = both(lambda: Fake(*[b"<p>" + b"x" * 997] * 9))
    assert isinstance(error, ConnectionFailed)
    assert error.body == (b"<p>" + b"x" * 997) * 4 + b"<p>" + b"x" * 93


# Connections that are cut


@pytest.mark.parametrize(
    "error", [ReadError("cut"), ConnectionResetError(), TimeoutError(), http.client.IncompleteRead(b"")]
)
def test_a_cut_is_one_error(error: Exception) -> None:
    data, lost = both(lambda: Fake(WIRE, b"id: 4\ndata: f", error))
    assert data == DATA
    assert isinstance(lost, ConnectionLost)
    assert isinstance(lost, (SSEError, ConnectionError))
    assert lost.last_event_id == "3"
    assert lost.__cause__ is error


def test_a_cut_after_the_sentinel_is_ignored() -> None:
    assert both(lambda: Fake(WIRE + b"data: [DONE]\n\n", ReadError()), until="[DONE]") == (DATA, None)


@pytest.mark.parametrize(
    "error", [RuntimeError("consumed"), TypeError(), ValueError(), LocalProtocolError(), OSError(5)]
)
def test_other_exceptions_propagate_unchanged(error: Exception) -> None:
    data, raised = both(lambda: Fake(WIRE, error))
    assert data == DATA
    assert raised is error


def test_a_body_that_cannot_be_decompressed_is_not_an_event_stream() -> None:
    cause = DecodingError("incorrect header check")
    data, error = both(lambda: Fake(WIRE, cause))
    assert data == DATA
    assert isinstance(error, ConnectionFailed)
    assert error.reason == "its body can't be decompressed"
    assert error.__cause__ is cause


def test_the_message_of_ConnectionLost() -> None:
    assert str(ConnectionLost("7")) == "the stream was cut"
    lost = ConnectionLost("7")
    lost.__cause__ = ReadError("peer closed\n the connection \x1b[31m" + "x" * 400)
    assert (
        str(lost) == "the stream was cut: httpx.ReadError: 'peer closed the connection \\x1b[31m" + "x" * 268 + "'..."
    )
    lost.__cause__ = TimeoutError("timed out")
    assert str(lost) == "the stream was cut: TimeoutError: 'timed out'"
    for same in (copy.copy(lost), pickle.loads(pickle.dumps(lost))):
        assert (type(same), same.last_event_id, same.args) == (ConnectionLost, "7", ("7",))


def test_the_message_of_ConnectionFailed() -> None:
    error = ConnectionFailed(401, "application/json", b'{\n  "error": "bad \xc3\xa9 key"}\n\x1b')
    assert str(error) == (
        "a response with status 401 and content type 'application/json' is not an event stream; the body begins "
        '\'{ "error": "bad \\xe9 key"} \\x1b\''
    )
    error = ConnectionFailed(200, None, b"\xff", "it has no events")
    assert str(error) == (
        "a response with status 200 and no content type is not an event stream: it has no events; "
        "the body begins '\\ufffd'"
    )
    for same in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (same.status, same.content_type, same.body, same.reason) == (200, None, b"\xff", "it has no events")
    bare = ConnectionFailed(404, "text/html")
    assert (bare.body, bare.text, bare.reason) == (b"", "", None)


# Which errors may pass

REFUSED = ConnectionRefusedError(111, "Connection refused")
CERTIFICATE = ssl.SSLCertVerificationError("self-signed certificate")
RequestException = made("requests.exceptions", "RequestException", OSError)
RequestsConnectionError = made("requests.exceptions", "ConnectionError", RequestException)
Urllib3Error = made("urllib3.exceptions", "HTTPError")
MaxRetryError = made("urllib3.exceptions", "MaxRetryError", Urllib3Error)
ClientConnectionError = made("aiohttp.client_exceptions", "ClientConnectionError")


def having(error: Exception, cause: Exception | None = None, **attributes: object) -> Exception:
    error.__cause__ = cause
    for name, value in attributes.items():
        setattr(error, name, value)
    return error


@pytest.mark.parametrize(
    "error",
    [
        REFUSED,
        BrokenPipeError(),
        TimeoutError(),
        socket.gaierror(-2, "Name or service not known"),
        OSError(113, "No route to host"),
        OSError(101, "Network is unreachable"),
        ssl.SSLError("unexpected eof"),
        asyncio.TimeoutError(),
        asyncio.IncompleteReadError(b"", 1),
        http.client.RemoteDisconnected("closed"),
        http.client.BadStatusLine("x"),
        http.client.LineTooLong("header"),
        urllib.error.URLError(REFUSED),
        ReadError(),
        made("httpx2", "ConnectTimeout", made("httpx2", "TransportError"))(),
        RequestsConnectionError(),
        made("requests.exceptions", "ReadTimeout", made("requests.exceptions", "Timeout", RequestException))(),
        made("niquests.exceptions", "ChunkedEncodingError")(),
        made("urllib3.exceptions", "ReadTimeoutError", made("urllib3.exceptions", "TimeoutError", Urllib3Error))(),
        made("urllib3.exceptions", "ProtocolError", Urllib3Error)(),
        made("urllib3_future.exceptions", "InvalidHeader")(),
        having(MaxRetryError(), reason=made("urllib3.exceptions", "TimeoutError", Urllib3Error)()),
        made("aiohttp.client_exceptions", "ClientPayloadError")(),
        made("aiohttp.client_exceptions", "ServerDisconnectedError", ClientConnectionError)(),
        having(ClientConnectionError("Connection lost"), ConnectionResetError()),
        made("anyio", "BrokenResourceError")(),
        made("trio", "BrokenResourceError")(),
    ],
    ids=repr,
)
def test_errors_that_may_pass(error: Exception) -> None:
    assert is_cut(error)
    assert not is_undecodable(error)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("Invalid header value"),
        FileNotFoundError(2, "No such file"),
        PermissionError(13, "token.txt"),
        CERTIFICATE,
        urllib.error.URLError("unknown url type: gopher"),
        urllib.error.URLError(CERTIFICATE),
        http.client.InvalidURL("nonnumeric port"),
        http.client.CannotSendRequest(),
        http.client.ResponseNotReady(),
        LocalProtocolError("Illegal header value"),
        made("httpx", "UnsupportedProtocol", TransportError)(),
        having(made("httpx", "ConnectError", TransportError)(), having(Exception(), CERTIFICATE)),
        made("httpx", "InvalidURL")(),
        made("httpx", "StreamConsumed", RuntimeError)(),
        made("requests.exceptions", "InvalidURL", RequestException, ValueError)(),
        made("requests.exceptions", "HTTPError", RequestException)(),
        made("requests.exceptions", "SSLError", RequestsConnectionError)(having(MaxRetryError(), reason=CERTIFICATE)),
        MaxRetryError(),
        having(MaxRetryError(), reason=made("urllib3.exceptions", "ResponseError", Urllib3Error)()),
        made("urllib3.exceptions", "LocationParseError", Urllib3Error)(),
        ClientConnectionError("Connector is closed"),
        having(ClientConnectionError(), TypeError()),
        made("aiohttp.client_exceptions", "ServerFingerprintMismatch", ClientConnectionError)(),
        made("aiohttp.client_exceptions", "ClientResponseError")(),
        ConnectionFailed(404, None),
        KeyError("no such library's"),
    ],
    ids=repr,
)
def test_errors_that_do_not_pass(error: Exception) -> None:
    assert not is_cut(error)


def test_decompression_errors_do_not_pass() -> None:
    payload = having(
        made("aiohttp.client_exceptions", "ClientPayloadError")(), made("aiohttp.http", "ContentEncodingError")()
    )
    for error in (zlib.error(), payload, DecodingError(), made("urllib3.exceptions", "DecodeError", Urllib3Error)()):
        assert is_undecodable(error)
        assert not is_cut(error)


def test_a_cycle_of_causes_is_followed_only_once() -> None:
    one, other = ReadError(), Exception()
    one.__cause__, other.__cause__ = other, one
    other.args = (one, one)
    assert is_cut(one)


# Many connections


class Opener:
    """The `open` argument of `connect` and `aconnect`: answers each request with the next response or error."""

    def __init__(self, *answers: Fake | Exception) -> None:
        self._answers = iter(answers)
        self.headers: list[dict[str, str]] = []
        self.responses: list[Fake] = []

    def _next(self, headers: dict[str, str]) -> Fake:
        self.headers.append(headers)
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        self.responses.append(answer)
        return answer

    @contextmanager
    def open(self, headers: dict[str, str]) -> Generator[Fake, None, None]:
        response = self._next(headers)
        with response:
            yield response

    @asynccontextmanager
    async def aopen(self, headers: dict[str, str]) -> AsyncGenerator[AsyncFake, None]:
        async with AsyncFake(self._next(headers)) as response:
            yield response

    @property
    def ids(self) -> list[str | None]:
        return [headers.get("Last-Event-ID") for headers in self.headers]


class Run:
    """The results of `connect`, checked to be the same with `aconnect`."""

    def __init__(
        self,
        *answers: Callable[[], Fake | Exception] | Exception,
        most: int | None = None,
        client: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        def opener() -> Opener:
            return Opener(*(answer if isinstance(answer, Exception) else answer() for answer in answers))

        def reconnection() -> dict[str, Any]:
            return {} if client is None else {"reconnection": Reconnection(jitter=0, **client)}

        self.waits: list[float] = []
        self.opener = opener()
        source = connect(self.opener.open, sleep=self.waits.append, **reconnection(), **options)
        self.data, self.error = self._gather(source, most)

        waits: list[float] = []

        async def sleep(seconds: float) -> None:
            waits.append(seconds)

        other = opener()
        got: list[str] = []
        error: Exception | None = None

        async def main() -> None:
            async with aclosing(aconnect(other.aopen, sleep=sleep, **reconnection(), **options)) as events:
                async for event in events:
                    got.append(event.data)
                    if len(got) == most:
                        break

        try:
            asyncio.run(main())
        except Exception as caught:  # noqa: BLE001  # the test checks it
            error = caught
        assert got == self.data
        assert str(error) == str(self.error)
        assert type(error) is type(self.error)
        assert client is None or waits == self.waits
        assert len(waits) == len(self.waits)
        assert other.ids == self.opener.ids
        for response in (*self.opener.responses, *other.responses):
            assert response.closed

    @staticmethod
    def _gather(source: Generator[Any, None, None], most: int | None) -> tuple[list[str], Exception | None]:
        got: list[str] = []
        try:
            with closing(source):
                for event in source:
                    got.append(event.data)
                    if len(got) == most:
                        break
        except Exception as error:  # noqa: BLE001  # the test checks it
            return got, error
        return got, None


def gone() -> Fake:
    return Fake(status=204, content_type=None)


def test_it_connects_again_after_a_cut_and_after_an_end() -> None:
    run = Run(
        lambda: Fake(b"id: 1\ndata: one\n\nid: 2\nda", ReadError()),
        lambda: Fake(b"retry: 0\n\nid: 2\ndata: two\n\n"),
        lambda: Fake(b": nothing\n\n"),
        ConnectionRefusedError(),
        lambda: Fake(b"id: 3\ndata: three\n\n"),
        gone,
        client={},
    )
    assert (run.data, run.error) == (["one", "two", "three"], None)
    assert run.opener.ids == [None, "1", "2", "2", "2", "3"]
    assert run.waits == [3, 0.5, 0.5, 1, 0.5]


def test_it_closes_the_response_even_if_its_context_manager_does_not() -> None:
    """urllib.request raises some responses as errors, without a context manager."""
    response, refused = Fake(b"data: 1\n\n", b"data: 2\n\n"), Fake(status=404)
    assert [event.data for event in connect(lambda headers: nullcontext(response), until="2")] == ["1"]
    assert response.closed
    with pytest.raises(ConnectionFailed):
        list(connect(lambda headers: nullcontext(refused)))
    assert refused.closed
    response, refused = Fake(b"data: 1\n\n", b"data: 2\n\n"), Fake(status=404)
    assert gathered(aconnect(lambda headers: nullcontext(AsyncFake(response)), until="2"))
    assert response.closed
    with pytest.raises(ConnectionFailed):
        gathered(aconnect(lambda headers: nullcontext(AsyncFake(refused))))
    assert refused.closed


def test_the_headers_are_those_of_the_standard_and_a_new_dict() -> None:
    opener = Opener(Fake(ReadError()), gone())

    def open(headers: dict[str, str]) -> AbstractContextManager[Fake]:
        headers["Authorization"] = "Bearer x"
        return opener.open(headers)

    assert list(connect(open, sleep=bool)) == []
    assert opener.headers == [{"Accept": TYPE, "Cache-Control": "no-store", "Authorization": "Bearer x"}] * 2
    assert opener.headers[0] is not opener.headers[1]


def test_it_ends_at_the_sentinel() -> None:
    run = Run(lambda: Fake(b"data: 1\n\ndata: [DONE]\n\n", b"more"), until="[DONE]", client={})
    assert (run.data, run.error) == (["1"], None)
    run = Run(lambda: Fake(b"data: [DONE]\n\n"), until="[DONE]", client={})
    assert (run.data, run.error) == ([], None)


def test_the_sentinel_counts_as_a_received_event() -> None:
    client = Reconnection(jitter=0)
    opener = Opener(REFUSED, REFUSED, Fake(b"data: [DONE]\n\n"))
    assert list(connect(opener.open, reconnection=client, until="[DONE]", sleep=bool)) == []
    assert client.next_delay() == 3
    assert client.failures == 0


def test_the_caller_can_stop_early() -> None:
    run = Run(lambda: Fake(b"data: 1\n\n", b"data: 2\n\n", b"data: 3\n\n"), most=2)
    assert (run.data, run.error) == (["1", "2"], None)
    assert len(run.opener.headers) == 1


@pytest.mark.parametrize("end", [[ReadError()], []], ids=["cut", "ended"])
def test_an_answer_is_not_requested_twice(end: list[Exception]) -> None:
    run = Run(lambda: Fake(b"data: He\n\ndata: llo\n\n", *end), until="[DONE]")
    assert run.data == ["He", "llo"]
    assert isinstance(run.error, ConnectionLost)
    assert isinstance(run.error.__cause__, ReadError if end else MissingSentinel)
    assert len(run.opener.headers) == 1


@pytest.mark.parametrize(
    ("wire", "resumes"),
    [
        (b"id: 1\ndata: a\n\n", "1"),
        (b"data: a\n\nid: 1\ndata: b\n\n", "1"),
        (b"data: a\n\nid: 1\n\n", "1"),  # the id came after the event, in a block without data
        (b"id: 1\ndata: a\n\nid: 2\ndata: b", "1"),
        (b"id: 1\ndata: a\n\ndata: b\n\n", None),  # the server would send the second one again
        (b"id: 1\ndata: a\n\nid\ndata: b\n\n", None),
        (b"data: a\n\n", None),
        (b": nothing\n\n", ""),
        (b"", ""),
    ],
)
def test_an_answer_is_resumed_if_no_event_can_come_twice(wire: bytes, resumes: str | None) -> None:
    run = Run(lambda: Fake(wire, ReadError()), lambda: Fake(b"data: [DONE]\n\n"), until="[DONE]")
    if resumes is None:
        assert isinstance(run.error, ConnectionLost)
        assert run.opener.ids == [None]
    else:
        assert run.error is None
        assert run.opener.ids == [None, resumes or None]


def test_an_answer_without_ids_after_a_resumed_one() -> None:
    """The last event ID is from an earlier connection, not from an event of this one."""
    client = {"decoder": Decoder(last_event_id="5")}
    run = Run(lambda: Fake(b"data: a\n\n", ReadError()), until="[DONE]", client={"decoder": client["decoder"]})
    assert run.data == ["a"]
    assert isinstance(run.error, ConnectionLost)


def test_a_stream_without_ids_and_without_a_sentinel_is_requested_again() -> None:
    run = Run(lambda: Fake(b"data: a\n\n", ReadError()), lambda: Fake(b"data: b\n\n"), gone)
    assert (run.data, run.error) == (["a", "b"], None)


def test_statuses_that_may_pass() -> None:
    run = Run(
        lambda: Fake(JSON, status=429, retry_after="7"),
        lambda: Fake(status=503),
        lambda: Fake(b"data: 1\n\n"),
        gone,
        client={"retry_statuses": TRANSIENT_STATUSES},
    )
    assert (run.data, run.error) == (["1"], None)
    assert run.waits == [7, 6, 3]
    run = Run(lambda: Fake(JSON, status=429, content_type="application/json"))
    assert isinstance(run.error, ConnectionFailed)
    assert (run.error.status, run.error.body) == (429, JSON)
    assert run.error.__cause__ is None
    assert run.error.__suppress_context__


def test_permanent_errors_end_it() -> None:
    for fake in (
        lambda: Fake(JSON),
        lambda: Fake(WIRE, content_type="text/plain"),
        lambda: Fake(DecodingError()),
        lambda: Fake(JSON, ReadError()),
    ):
        run = Run(fake)
        assert run.data == []
        assert isinstance(run.error, ConnectionFailed)
    run = Run(lambda: Fake(b"data: 12345678901\n\n"), client={"decoder": Decoder(max_event_size=10)})
    assert isinstance(run.error, EventTooLarge)
    run = Run(lambda: Fake(b"data: 1\n\ndata: 2"), on_eof="raise")
    assert isinstance(run.error, IncompleteEvent)
    run = Run(lambda: Fake(WIRE, content_type="text/plain"), gone, any_type=True)
    assert (run.data, run.error) == (DATA, None)


@pytest.mark.parametrize(
    "mistake", [ValueError("Invalid header value"), LocalProtocolError(), FileNotFoundError(2), CERTIFICATE]
)
def test_an_exception_of_the_opener_propagates(mistake: Exception) -> None:
    run = Run(lambda: Fake(b"id: 1\ndata: 1\n\n"), mistake)
    assert run.data == ["1"]
    assert run.error is mistake


def test_an_exception_while_reading_propagates() -> None:
    mistake = RuntimeError("read before")
    run = Run(lambda: Fake(b"data: 1\n\n", mistake))
    assert run.error is mistake


def test_an_id_that_cannot_be_sent_raises() -> None:
    run = Run(lambda: Fake(b"id: a\x0bb\ndata: 1\n\n"))
    assert run.data == ["1"]
    assert isinstance(run.error, EncodeError)
    run = Run(lambda: Fake("id: é\ndata: 1\n\n".encode()))
    assert isinstance(run.error, EncodeError)
    for encoding, sent in (("latin-1", "Ã©"), ("utf-8", "é")):
        run = Run(lambda: Fake("id: é\ndata: 1\n\n".encode()), gone, encoding=encoding)
        assert run.opener.ids == [None, sent]


def test_GaveUp_has_the_last_failure_as_its_cause() -> None:
    causes: list[tuple[Any, type[Exception]]] = [
        (REFUSED, ConnectionRefusedError),
        (lambda: Fake(ReadError()), ConnectionLost),
        (lambda: Fake(JSON, status=503), ConnectionFailed),
    ]
    for answer, cause in causes:
        run = Run(answer, answer, client={"max_failures": 2, "retry_statuses": [503]})
        assert isinstance(run.error, GaveUp)
        assert isinstance(run.error.__cause__, cause)
    run = Run(lambda: Fake(b": ping\n\n"), client={"max_failures": 1})
    assert isinstance(run.error, GaveUp)
    assert run.error.__cause__ is None


def test_on_retry_is_called_with_each_transient_failure() -> None:
    failures: list[Exception] = []
    run = Run(
        REFUSED,
        lambda: Fake(b"id: 1\ndata: 1\n\n", ReadError()),
        lambda: Fake(status=503),
        lambda: Fake(b": in good order\n\n"),
        lambda: Fake(status=204, content_type=None),
        client={"retry_statuses": [503]},
        on_retry=failures.append,
    )
    assert (run.data, run.error) == (["1"], None)
    assert list(map(type, failures)) == [ConnectionRefusedError, ConnectionLost, ConnectionFailed] * 2
    failures.clear()
    Run(lambda: Fake(b""), lambda: Fake(status=404), until="[DONE]", on_retry=failures.append)
    assert list(map(type, failures)) == [MissingSentinel] * 2
    run = Run(REFUSED, on_retry=lambda failure: 1 / 0)
    assert isinstance(run.error, ZeroDivisionError)


def test_a_clean_end_is_not_the_cause_of_giving_up() -> None:
    """An earlier failure is not the reason why the client gives up."""
    run = Run(REFUSED, lambda: Fake(b": ping\n\n"), client={"max_failures": 2})
    assert isinstance(run.error, GaveUp)
    assert run.error.__cause__ is None


@pytest.mark.parametrize("function", [connect, aconnect])
def test_arguments_of_connect_are_checked_by_the_call(function: Callable[..., object]) -> None:
    cases: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"open": Fake()}, TypeError),
        ({"reconnection": Decoder()}, TypeError),
        ({"sleep": 1}, TypeError),
        ({"on_retry": 1}, TypeError),
        ({"on_eof": "no"}, ValueError),
        ({"until": 1}, TypeError),
        ({"encoding": "utf-16"}, ValueError),
    ]
    for wrong, error in cases:
        with pytest.raises(error):
            function(**{"open": Opener().open, **wrong})


def test_what_the_opener_returns_must_be_a_context_manager() -> None:
    with pytest.raises((TypeError, AttributeError)):
        next(connect(lambda headers: 1))  # type: ignore[arg-type, return-value]  # refused
    with pytest.raises(TypeError, match=r"connect\(\) takes a response"):
        next(connect(lambda headers: closing(types.SimpleNamespace(close=bool))))


def test_the_default_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """asyncio's sleep, or trio's under trio."""

    def client() -> Reconnection:
        return Reconnection(default_delay=0.001, min_delay=0.001)

    opener = Opener(REFUSED, gone())
    assert list(connect(opener.open, reconnection=client())) == []
    opener = Opener(REFUSED, gone())
    assert gathered(aconnect(opener.aopen, reconnection=client())) == []

    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    for runs in (False, True):
        lowlevel = types.SimpleNamespace(in_trio_run=lambda runs=runs: runs)
        monkeypatch.setitem(sys.modules, "trio", types.SimpleNamespace(lowlevel=lowlevel, sleep=sleep))
        opener = Opener(REFUSED, gone())
        assert gathered(aconnect(opener.aopen, reconnection=client())) == []
        assert len(waits) == runs


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 3)), max_size=30), st.randoms())
def test_each_event_comes_exactly_once(cuts: list[tuple[int, int]], chance: random.Random) -> None:
    """No matter how connections fail, if the server resumes after the requested id."""
    wire = [encode(ServerSentEvent(f"{number}\n" * 2, id=str(number))) for number in range(20)]
    headers: list[str | None] = []
    troubles = iter(cuts)

    @contextmanager
    def open(request: dict[str, str]) -> Generator[Fake, None, None]:
        last = request.get("Last-Event-ID")
        headers.append(last)
        rest = b"".join(wire[0 if last is None else int(last) + 1 :])
        trouble = next(troubles, None)
        if trouble is None:
            yield Fake(rest, b"data: [DONE]\n\n")
            return
        size, kind = trouble
        if kind == 0:
            raise ConnectionRefusedError
        if kind == 1:
            yield Fake(status=503)
        else:
            split = chance.randint(0, size)
            yield Fake(rest[:split], rest[split:size], *([ReadError()] if kind == 2 else []))

    client = Reconnection(retry_statuses=[503])
    source = connect(open, reconnection=client, until="[DONE]", sleep=bool)
    assert [event.id for event in source] == [str(number) for number in range(20)]


# How each library's responses are read


class Raw:
    """urllib3's response."""

    def __init__(self, *body: bytes, closed: bool = False, data: bytes = b"") -> None:
        self.status = 200
        self.headers = Headers(("Content-Type", TYPE), ("Transfer-Encoding", "chunked"))
        self.decode_content = False
        self.data = data
        self._closed = closed
        self._body = iter([*body, b""])
        self.closes = 0

    def isclosed(self) -> bool:
        return self._closed

    def read1(self, size: int, *, decode_content: bool) -> bytes:
        assert size > 1000
        assert decode_content
        return next(self._body)

    def close(self) -> None:
        self.closes += 1


def test_urllib3() -> None:
    response = Raw(WIRE[:10], WIRE[10:])
    assert [event.data for event in events(response)] == DATA
    assert response.closes == 1
    assert [event.data for event in events(Raw(closed=True, data=WIRE))] == DATA


def test_requests() -> None:
    def response(raw: Raw, **more: object) -> Any:
        return types.SimpleNamespace(status_code=200, headers=raw.headers, raw=raw, close=raw.close, **more)

    assert [event.data for event in events(response(Raw(WIRE)))] == DATA
    consumed = response(Raw(), _content_consumed=True, iter_content=lambda size: iter([WIRE]))
    assert [event.data for event in events(consumed)] == DATA


class Http:
    """http.client's response inside an older urllib3's."""

    def __init__(self, *body: bytes) -> None:
        self.chunked = True
        self.length = 0
        self._body = iter([*body, b""])
        self.closes = 0

    def read1(self, size: int) -> bytes:
        return next(self._body)

    def close(self) -> None:
        self.closes += 1


def old_urllib3(*body: bytes, encoding: str | None = None) -> Any:
    released: list[int] = []
    return types.SimpleNamespace(
        status=200,
        headers=Headers(("Content-Type", TYPE), *([] if encoding is None else [("Content-Encoding", encoding)])),
        decode_content=True,
        isclosed=lambda: False,
        _fp=Http(*body),
        release_conn=lambda: released.append(1),
        released=released,
        close=bool,
    )


def test_older_urllib3() -> None:
    response = old_urllib3(WIRE[:10], WIRE[10:])
    assert [event.data for event in events(response)] == DATA
    assert response.released == [1]
    response = old_urllib3(WIRE)
    response._fp.chunked, response._fp.length = False, len(WIRE)
    assert [event.data for event in events(response)] == DATA
    assert response._fp.closes == 1  # otherwise the released connection could not be used again


@pytest.mark.parametrize(("encoding", "bits"), [("gzip", 31), ("X-GZip ", 31), ("deflate", 15), ("deflate", -15)])
def test_bodies_that_http_client_does_not_decompress(encoding: str, bits: int) -> None:
    compressor = zlib.compressobj(wbits=bits)
    wire = compressor.compress(WIRE) + compressor.flush()
    assert [event.data for event in events(old_urllib3(wire, encoding=encoding))] == DATA
    one_by_one = [wire[at : at + 1] for at in range(len(wire))]
    assert [event.data for event in events(old_urllib3(*one_by_one, encoding=encoding))] == DATA


def test_bodies_compressed_in_parts_or_very_well() -> None:
    parts = [gzip.compress(WIRE[:20]), gzip.compress(WIRE[20:])]
    for wire in (parts, [b"".join(parts)]):
        assert [event.data for event in events(old_urllib3(*wire, encoding="gzip"))] == DATA
    zeros = zlib.compressobj(wbits=31)
    bomb = zeros.compress(b"data: " + b"0" * 9_000_000 + b"\n\n") + zeros.flush(zlib.Z_SYNC_FLUSH)
    assert len(bomb) < 10_000
    assert [len(event.data) for event in events(old_urllib3(bomb, encoding="gzip"))] == [9_000_000]
    assert max(map(len, _decompress("gzip", iter([bomb])))) <= 65536


def test_an_unknown_encoding() -> None:
    with pytest.raises(ConnectionFailed, match="can't be decompressed") as caught:
        list(events(old_urllib3(WIRE, encoding="br")))
    assert str(caught.value.__cause__) == "the encoding br is not supported: ask for 'Accept-Encoding: identity'"
    assert [event.data for event in events(old_urllib3(WIRE, encoding="identity"))] == DATA


class Content:
    """The `content` of aiohttp's response."""

    def __init__(self, *body: bytes) -> None:
        self._body = iter([*body, b""])
        self._is_over = not body

    def at_eof(self) -> bool:
        return self._is_over

    def iter_any(self) -> None:
        raise NotImplementedError

    async def readany(self) -> bytes:
        return next(self._body)


class MultiDict:
    """Headers that may have several values each."""

    def getall(self, name: str, default: None) -> list[str] | None:
        return ["application/json", TYPE] if name == "Content-Type" else default


def aiohttp(*body: bytes, kept: bytes = b"") -> Any:
    async def read() -> bytes:
        return kept

    closed: list[int] = []
    return Asynchronous(
        status=200,
        headers=MultiDict(),
        content=Content(*body),
        read=read,
        close=lambda: closed.append(1),
        closed=closed,
    )


def test_aiohttp() -> None:
    response = aiohttp(WIRE[:10], WIRE[10:])
    assert [event.data for event in gathered(aevents(response))] == DATA
    assert response.closed == [1]
    assert [event.data for event in gathered(aevents(aiohttp(kept=WIRE)))] == DATA


def test_niquests() -> None:
    closed: list[int] = []

    async def generate() -> AsyncGenerator[bytes, None]:
        yield WIRE

    async def iter_content(size: int) -> AsyncGenerator[bytes, None]:
        assert size == -1
        return generate()

    async def close() -> None:
        closed.append(1)

    response = Asynchronous(
        status_code=200, headers=Headers(("Content-Type", TYPE)), iter_content=iter_content, close=close
    )
    assert [event.data for event in gathered(aevents(response))] == DATA
    assert closed == [1]


# Details that mutation tests found untested


@pytest.mark.parametrize("function", [events, blocks])
def test_the_functions_have_the_same_defaults(function: Callable[..., Generator[Any, None, None]]) -> None:
    assert next(function(Fake(b"data: 1\n\n"))).last_event_id == ""
    with pytest.raises(ConnectionFailed):
        next(function(Fake(WIRE, content_type=None)))
    assert next(function(Fake(WIRE, content_type=None), any_type=True)).data == "one"


@pytest.mark.parametrize(("function", "kind"), [(aevents, Decoder), (ablocks, BlockDecoder)])
def test_the_async_functions_have_the_same_options(function: Callable[..., Any], kind: Callable[..., Any]) -> None:
    def items(wire: bytes, content_type: str | None = TYPE, **options: Any) -> list[Any]:
        return gathered(function(AsyncFake(Fake(wire, content_type=content_type)), **options))

    assert items(b"data: 1\n\n")[0].last_event_id == ""
    assert items(b"data: 1\n\n", decoder=kind(last_event_id="7"))[0].last_event_id == "7"
    assert len(items(b"data: 1\n\ndata: 2\n\n", until="2")) == 1
    with pytest.raises(ConnectionFailed):
        items(WIRE, None)
    assert items(WIRE, None, any_type=True)[0].data == "one"


def test_an_empty_body_of_another_type_is_refused() -> None:
    assert isinstance(both(lambda: Fake(content_type="text/plain"))[1], ConnectionFailed)


def test_a_byte_order_mark_does_not_hide_what_a_body_is() -> None:
    assert is_foreign(b"\xef\xbb\xbf{\n\n}")
    assert not is_foreign(b"\xef\xbb\xbfdata: 1")


def test_it_ends_the_generator_that_it_reads() -> None:
    """Also where that does not end by itself, because something else refers to it."""

    class Kept(Fake):
        def iter_bytes(self) -> Generator[bytes, None, None]:
            self.source = super().iter_bytes()
            return self.source

    response = Kept(WIRE, WIRE)
    with closing(events(response)) as source:
        next(source)
    assert getgeneratorstate(response.source) == "GEN_CLOSED"
    response = Kept(WIRE, WIRE, content_type=None)
    with pytest.raises(ConnectionFailed):
        next(events(response))
    assert getgeneratorstate(response.source) == "GEN_CLOSED"

    async def refused(response: Kept) -> str:
        with pytest.raises(ConnectionFailed) as caught:  # whose traceback refers to it
            await anext(aevents(AsyncFake(response)))
        assert caught.value.status == 200
        return getgeneratorstate(response.source)

    assert asyncio.run(refused(Kept(WIRE, WIRE, content_type=None))) == "GEN_CLOSED"


@pytest.mark.parametrize(("size", "taken"), [(32768, 3), (65535, 3)])
def test_how_much_is_read_of_a_generator_that_is_left(size: int, taken: int) -> None:
    """At least 64 KiB, in whole chunks, after the one with the event."""
    response = Fake(b"data: 1\n\n", *[b"\n" * size] * 9)
    gathered(aevents(AsyncFake(response)), 1)
    assert response.taken == taken


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"open": 1}, r"^{}\(\) takes a function that opens a response, not int$"),
        ({"reconnection": 1}, "^reconnection must be a Reconnection, not int$"),
        ({"on_retry": 1}, "^on_retry must be callable or None, not int$"),
        ({"sleep": 1}, "^sleep must be callable.*, not int$"),
    ],
)
def test_connect_says_which_argument_is_wrong(wrong: dict[str, Any], words: str) -> None:
    for function in (connect, aconnect):
        with pytest.raises(TypeError, match=words.format(function.__name__)):
            function(**{"open": Opener().open, **wrong})


def test_aconnect_says_what_is_no_response() -> None:
    with pytest.raises(TypeError, match=r"^aconnect\(\) takes a response of an HTTP library, not int$"):
        gathered(aconnect(lambda headers: nullcontext(1)))


def test_an_error_that_has_headers_and_no_body_is_no_answer() -> None:
    mistake = having(ValueError(), headers={})
    assert Run(mistake).error is mistake


def test_a_client_that_has_given_up_before_gives_up_without_a_cause() -> None:
    client = Reconnection(max_failures=1)
    client.next_delay()
    with pytest.raises(GaveUp) as caught:
        list(connect(Opener().open, reconnection=client))
    assert caught.value.__cause__ is None


def test_a_loss_without_a_sentinel_has_the_last_id() -> None:
    run = Run(lambda: Fake(b"data: a\n\n"), until="[DONE]", client={"decoder": Decoder(last_event_id="5")})
    assert isinstance(run.error, ConnectionLost)
    assert run.error.last_event_id == "5"
    assert ConnectionLost().last_event_id == ""


def test_trio_sleeps_as_long_as_the_client_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    lowlevel = types.SimpleNamespace(in_trio_run=lambda: True)
    monkeypatch.setitem(sys.modules, "trio", types.SimpleNamespace(lowlevel=lowlevel, sleep=sleep))
    assert gathered(aconnect(Opener(REFUSED, gone()).aopen, reconnection=Reconnection(jitter=0))) == []
    assert waits == [3]


def test_all_parts_of_an_error_are_looked_at() -> None:
    assert is_undecodable(having(Exception(Exception()), zlib.error()))


def test_a_response_of_no_known_library() -> None:
    with pytest.raises(TypeError, match=r"^events\(\) takes a response of an HTTP library, not SimpleNamespace$"):
        events(types.SimpleNamespace(headers=1))
    with pytest.raises(TypeError, match=r"^aevents\(\) .*: use `async with ... as response`, and pass the response$"):
        aevents(Asynchronous(headers=1))  # as an async client, which has default headers


def test_an_async_response_of_niquests_is_not_read_without_await() -> None:
    async def iter_content(size: int) -> None:
        raise AssertionError(size)

    with pytest.raises(TypeError, match=r"use aevents\(\), since this one is async"):
        events(types.SimpleNamespace(headers=Headers(), iter_content=iter_content, raw=Raw()))


def test_what_can_be_entered_in_both_ways_is_not_async() -> None:
    class Either(Raw):
        """A response that has both."""

        def __enter__(self) -> None:
            """Of one kind."""

        async def __aenter__(self) -> None:
            """Of the other."""

    assert [event.data for event in events(Either(WIRE))] == DATA


def test_urllib3_is_not_asked_again_at_the_end() -> None:
    class Ended(Raw):
        def read1(self, size: int, *, decode_content: bool) -> bytes:
            chunk = super().read1(size, decode_content=decode_content)
            if not chunk:
                self._body = iter([b"data: more\n\n"])
            return chunk

    assert [event.data for event in events(Ended(WIRE))] == DATA


def test_http_client_is_asked_for_no_more_than_is_left() -> None:
    sizes: list[int] = []

    class Counted(Http):
        def read1(self, size: int) -> bytes:
            sizes.append(size)
            return super().read1(size)

    response = old_urllib3()
    response._fp = Counted(WIRE[:10], WIRE[10:])
    response._fp.chunked, response._fp.length = False, len(WIRE) + 1
    with pytest.raises(ConnectionLost, match="IncompleteRead.0 bytes read, 1 more expected"):
        list(events(response))
    assert sizes == [len(WIRE) + 1, len(WIRE) - 9, 1]


# urllib.request and http.client over a socket


def urlopen(url: str, headers: dict[str, str] | None = None) -> Any:
    request = urllib.request.Request(url, headers=headers or {})  # noqa: S310  # a test's own URL
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20)


def test_a_body_ends_at_its_length(server: Hostile) -> None:
    """Even in Pythons whose `read1` ignores the length and waits for more while the connection stays open."""
    url = server.tell([sized(WIRE)])
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    with closing(connection):
        for _ in range(3):
            connection.request("GET", "/")
            assert [event.data for event in events(connection.getresponse())] == DATA
    assert server.connections == 1
    with urlopen(url) as response:
        assert [event.data for event in events(response)] == DATA


def test_a_body_that_is_shorter_than_its_length_was_cut(server: Hostile) -> None:
    url = server.tell([sized(WIRE)[:-1], Act.CUT])
    with urlopen(url) as response, pytest.raises(ConnectionLost) as caught:
        list(events(response))
    assert isinstance(caught.value.__cause__, http.client.IncompleteRead)
    assert caught.value.__cause__.expected == 1


def test_a_body_without_a_length(server: Hostile) -> None:
    url = server.tell([head() + WIRE, Act.CUT])
    with urlopen(url) as response:
        assert [event.data for event in events(response)] == DATA


def test_a_response_cut_inside_its_head_is_retried(server: Hostile) -> None:
    """http.client treats it as a complete head, so without this check a client would stop for good."""
    url = server.tell([b"HTTP/1.1 200 OK\r\nContent-Type: text/ev", Act.CUT], [chunked(WIRE)], [head("204 No Content")])
    with urlopen(url) as response, pytest.raises(ConnectionLost, match="EOFError: 'the connection ended") as caught:
        list(events(response, last_event_id="7"))
    assert caught.value.last_event_id == "7"
    server.tell([b"HTTP/1.1 200 OK\r\nContent-Type: text/ev", Act.CUT], [chunked(WIRE)], [head("204 No Content")])
    source = connect(lambda headers: urlopen(url, headers), sleep=bool)
    assert [event.data for event in source] == DATA
    url = server.tell([sized(b"", content_type="text/plain")])
    with urlopen(url) as response, pytest.raises(ConnectionFailed):
        list(events(response))


def test_an_HTTPError_of_urllib_is_treated_as_a_response(server: Hostile) -> None:
    url = server.tell([sized(JSON, "401 Unauthorized", "application/json")])
    with pytest.raises(ConnectionFailed) as caught:
        list(connect(lambda headers: urlopen(url, headers)))
    assert (caught.value.status, caught.value.content_type, caught.value.body) == (401, "application/json", JSON)
    url = server.tell(
        [sized(JSON, "503 Service Unavailable", "application/json", "Retry-After: 9")],
        [chunked(WIRE)],
        [head("204 No Content")],
    )
    waits: list[float] = []
    client = Reconnection(jitter=0, retry_statuses=TRANSIENT_STATUSES)
    source = connect(lambda headers: urlopen(url, headers), reconnection=client, sleep=waits.append)
    assert [event.data for event in source] == DATA
    assert waits == [9, 3]
    with pytest.raises(urllib.error.URLError, match="unknown url type"):
        list(connect(lambda headers: urlopen("gopher://127.0.0.1/", headers)))


def test_a_stream_that_is_cut_a_hundred_times(server: Hostile) -> None:
    """Over sockets, no event is lost and none comes twice."""
    chance = random.Random(13)  # noqa: S311  # the same cuts each time
    wire = [encode(ServerSentEvent("x" * chance.randint(0, 200), id=str(number))) for number in range(1, 101)]
    at, stories = 0, list[Story]()
    while at < len(wire):
        rest = b"".join(wire[at:])
        cut = min(len(rest), chance.randint(0, 400))
        stories.append([head("200 OK", TYPE, CHUNKED) + chunks([rest[:cut]] if cut else []), Act.CUT])
        at += rest[:cut].count(b"\n\n")
    url = server.tell(*stories, [head("204 No Content")])
    source = connect(lambda headers: urlopen(url, headers), sleep=bool)
    assert [event.id for event in source] == [str(number) for number in range(1, 101)]
    assert len(server.requests) == len(stories) + 1 > 50


def test_a_stream_in_gzip(server: Hostile) -> None:
    body = gzip.compress(WIRE)
    url = server.tell([head("200 OK", TYPE, CHUNKED, "Content-Encoding: gzip") + chunks([body[:9], body[9:]]) + END])
    with urlopen(url) as response:
        assert [event.data for event in events(response)] == DATA


def test_a_header_of_http_client_that_comes_twice(server: Hostile) -> None:
    url = server.tell([head("200 OK", "application/json", CHUNKED, f"Content-Type: {TYPE}") + chunks([WIRE]) + END])
    with urlopen(url) as response:
        assert [event.data for event in events(response)] == DATA


def test_an_empty_body_in_chunks_proves_that_the_head_was_whole(server: Hostile) -> None:
    url = server.tell([head("200 OK", "text/plain", CHUNKED) + END])
    with urlopen(url) as response, pytest.raises(ConnectionFailed):
        list(events(response))
