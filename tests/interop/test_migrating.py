"""The clients of docs/migrating.md, before and after, read from one server; and each row of its tables has a check.

A check runs what the row says about their library and ours, and asserts the difference. It is registered under the
first cell of its row; tests/test_migrating.py compares that with the page.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import json
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import pytest

from sse_codec import Decoder, MissingSentinel, request_headers
from sse_codec.clients import ConnectionFailed, ConnectionLost, GaveUp, aconnect, aevents, blocks, connect, events
from sse_codec.resume import TRANSIENT_STATUSES, Reconnection

from .scripted import Scripted, answer
from .servers import module

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Generator, Iterable, Iterator

pytestmark = [
    pytest.mark.interop,
    # Some of their libraries leave sockets unclosed; test_clients.py tests that ours does not.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]

#: The heading of each section, by the name of its files in migration/.
TITLES = {
    "httpx_sse": "httpx-sse",
    "requests_sse": "requests-sse",
    "sseclient_py": "sseclient-py",
    "aiohttp_sse_client": "aiohttp-sse-client and aiohttp-sse-client2",
    "openai": "The OpenAI SDK",
    "anthropic": "The Anthropic SDK",
    "launchdarkly_eventsource": "launchdarkly-eventsource",
}
#: The check of each row, by that name and the first cell of the row.
ROWS: dict[str, dict[str, Callable[[], None]]] = {}


def row(library: str, theirs: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    def register(check: Callable[[], None]) -> Callable[[], None]:
        assert theirs not in ROWS.setdefault(library, {})
        ROWS[library][theirs] = check
        return check

    return register


STREAM = (
    b": hello\n\nid: 1\nevent: tick\ndata: [1]\n\nevent: tick\ndata: [1,\ndata: 2]\n\nid: 2\nretry: 1000\ndata: 3\n\n"
)
#: Type, data and last event ID.
SEEN = [("tick", "[1]", "1"), ("tick", "[1,\n2]", "1"), ("message", "3", "2")]
JSON = answer(b'{"error": "no credit"}', content_type="application/json")
NOT_FOUND = answer(b'{"error": "no such thing"}', status="404 Not Found", content_type="application/json")
#: The answer of a server that accepts the connection and closes it.
NOTHING = b""


def serving(*answers: bytes) -> contextlib.AbstractContextManager[Scripted]:
    return Scripted(*answers).running()


def outcome(items: Iterable[Any]) -> tuple[list[Any], Any]:
    """Return the items, and the exception that ended them, if any."""
    seen = []
    try:
        for item in items:
            seen.append(item)  # noqa: PERF402  # what came before an error counts
    except Exception as error:  # noqa: BLE001  # the caller checks it
        return seen, error
    return seen, None


def aoutcome(items: Callable[[], AsyncIterable[Any]]) -> tuple[list[Any], Any]:
    """Do the same for the async iterable that a function makes on an event loop."""

    async def run() -> tuple[list[Any], Any]:
        seen = []
        try:
            async for item in items():
                seen.append(item)  # noqa: PERF401  # what came before an error counts
        except Exception as error:  # noqa: BLE001  # the caller checks it
            return seen, error
        return seen, None

    return asyncio.run(run())


def caused_by(error: BaseException | None, kind: type[BaseException]) -> bool:
    """Tell whether an error or one of its causes is of a kind."""
    while error is not None and not isinstance(error, kind):
        error = error.__cause__
    return error is not None


def quick(**options: Any) -> Reconnection:
    """Return a Reconnection that hardly waits."""
    return Reconnection(**{"default_delay": 0.001, "min_delay": 0.001, "jitter": 0, **options})


def side(library: str, which: str) -> Any:
    """Import a client of the page; skip the test where its library is not installed."""
    name = f"tests.interop.migration.{library}_{which}"
    return pytest.importorskip(name, reason=f"the library of {library} is not installed")


@pytest.fixture(autouse=True, scope="module")
def sockets_that_were_left_unclosed() -> Iterator[None]:
    """Collect them here, before they become warnings in a module that does not ignore these."""
    yield
    gc.collect()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither their libraries nor ours wait between two requests."""

    def sleep(_: float) -> None:
        """Sleep for no time."""

    async def asleep(_: float) -> None:
        """Sleep for no time."""

    for name, replaced in {
        "requests_sse.client.time": SimpleNamespace(sleep=sleep),
        "aiohttp_sse_client.client.asyncio": SimpleNamespace(sleep=asleep),
        "aiohttp_sse_client2.client.asyncio": SimpleNamespace(sleep=asleep),
        "ld_eventsource.sse_client.time": SimpleNamespace(sleep=sleep, monotonic=lambda: 0.0),
    }.items():
        with contextlib.suppress(ImportError):
            importlib.import_module(name.rpartition(".")[0])
            monkeypatch.setattr(name, replaced)
    for function, stand_in in ((connect, sleep), (aconnect, asleep)):
        assert function.__kwdefaults__
        monkeypatch.setitem(function.__kwdefaults__, "sleep", stand_in)


# Both sides of each example.

CHAT = b"".join(
    b"data: %b\n\n" % json.dumps({"choices": [{"index": 0, "delta": {"content": token}}]}).encode()
    for token in ("Hel", "lo", " 🍊")
)
DONE = b"data: [DONE]\n\n"
DELTAS = b"".join(
    b"event: content_block_delta\ndata: %b\n\n"
    % json.dumps({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": token}}).encode()
    for token in ("Hel", "lo", " 🍊")
)
MESSAGE = b'event: ping\ndata: {"type": "ping"}\n\n' + DELTAS
STOP = b'event: message_stop\ndata: {"type": "message_stop"}\n\n'


@contextlib.contextmanager
def httpx_client() -> Iterator[Any]:
    with module("httpx").Client(timeout=20) as client:
        yield client


@contextlib.contextmanager
def openai_client(server: Scripted) -> Iterator[Any]:
    with module("openai").OpenAI(base_url=server.url, api_key="secret", max_retries=0) as client:
        yield client


@contextlib.contextmanager
def anthropic_client(server: Scripted) -> Iterator[Any]:
    with module("anthropic").Anthropic(base_url=server.url, api_key="secret", max_retries=0) as client:
        yield client


def _httpx_sse(client: Any, server: Scripted) -> Iterable[Any]:
    with httpx_client() as http:
        for event in client.read(http, server.url):
            yield event.event, event.data, getattr(event, "last_event_id", event.id)


def _requests_sse(client: Any, server: Scripted) -> Iterable[Any]:
    for event in client.read(server.url):
        yield getattr(event, "type", None) or event.event, event.data, event.last_event_id


def _sseclient(client: Any, server: Scripted) -> Iterable[Any]:
    last = ""
    for event in client.read(server.url):
        last = last if event.id is None else event.id
        yield event.event, event.data, last


def _launchdarkly(client: Any, server: Scripted) -> Iterable[Any]:
    for event in client.read(server.url):
        yield event.event, event.data, event.last_event_id


def _aiohttp(client: Any, server: Scripted) -> Iterable[Any]:
    async def read() -> Any:
        async with module("aiohttp").ClientSession() as session:
            async for event in client.read(session, server.url):
                yield getattr(event, "event", None) or event.type or "message", event.data, event.last_event_id

    seen, error = aoutcome(read)
    yield from seen
    if error is not None:
        raise error


def _openai(client: Any, server: Scripted) -> Iterable[Any]:
    with openai_client(server) as sdk:
        yield from client.answer(sdk, "Hi?")


def _anthropic(client: Any, server: Scripted) -> Iterable[Any]:
    with anthropic_client(server) as sdk:
        yield from client.answer(sdk, "Hi?")


#: By library: how to read with its clients, what the server sends them, and what they should yield.
BOTH: dict[str, tuple[Callable[[Any, Scripted], Iterable[Any]], bytes, list[Any]]] = {
    "httpx_sse": (_httpx_sse, STREAM, SEEN),
    "requests_sse": (_requests_sse, STREAM, SEEN),
    "sseclient_py": (_sseclient, STREAM, SEEN),
    "aiohttp_sse_client": (_aiohttp, STREAM, SEEN),
    "openai": (_openai, CHAT + DONE, ["Hel", "lo", " 🍊"]),
    "anthropic": (_anthropic, MESSAGE + STOP, ["Hel", "lo", " 🍊"]),
    "launchdarkly_eventsource": (_launchdarkly, STREAM, SEEN),
}


@pytest.mark.parametrize("which", ["before", "after"])
@pytest.mark.parametrize("library", BOTH)
def test_both_sides_get_the_same(library: str, which: str) -> None:
    read, stream, expected = BOTH[library]
    client = side(library, which)
    with serving(answer(stream)) as server:
        seen, _ = outcome(read(client, server))  # theirs may raise at the 204 that follows
    assert seen == expected


# httpx-sse


def theirs_httpx_sse(server: Scripted) -> Iterator[Any]:
    with httpx_client() as client:
        yield from side("httpx_sse", "before").read(client, server.url)


def ours_httpx(server: Scripted, read: Callable[..., Iterable[Any]] = events, **options: Any) -> Iterator[Any]:
    with httpx_client() as client, client.stream("GET", server.url, headers=request_headers()) as response:
        yield from read(response, **options)


@row("httpx_sse", '`connect_sse(client, "GET", url)`')
def _() -> None:
    with serving(answer(STREAM), answer(STREAM)) as server:
        outcome(theirs_httpx_sse(server))
        outcome(ours_httpx(server))
    before, after = (request.headers for request in server.requests)
    assert before == after
    assert (after["accept"], after["cache-control"]) == ("text/event-stream", "no-store")


@row("httpx_sse", "`source.iter_sse()`")
def _() -> None:
    broken = answer(b"data: sorry\n\n", status="500 Internal Server Error")
    with serving(broken, broken) as server:
        seen, error = outcome(theirs_httpx_sse(server))
        assert ([event.data for event in seen], error) == (["sorry"], None)
        seen, error = outcome(ours_httpx(server))
    assert (seen, error.status) == ([], 500)


@row("httpx_sse", "`aconnect_sse`, `source.aiter_sse()`")
def _() -> None:
    async def theirs() -> Any:
        async with (
            module("httpx").AsyncClient() as client,
            module("httpx_sse").aconnect_sse(client, "GET", server.url) as source,
        ):
            async for event in source.aiter_sse():
                yield event.event, event.data, event.id

    async def ours() -> Any:
        async with (
            module("httpx").AsyncClient() as client,
            client.stream("GET", server.url, headers=request_headers()) as response,
        ):
            async for event in aevents(response):
                yield event.event, event.data, event.last_event_id

    with serving(answer(STREAM), answer(STREAM)) as server:
        assert aoutcome(theirs) == aoutcome(ours) == (SEEN, None)
    assert server.requests[0].headers == server.requests[1].headers


@row("httpx_sse", "`sse.event`, `sse.data`, `sse.retry`, `sse.json()`")
def _() -> None:
    def values(event: Any) -> Any:
        return event.event, event.data, event.retry, event.json()

    with serving(answer(STREAM), answer(STREAM)) as server:
        before, after = list(theirs_httpx_sse(server)), list(ours_httpx(server))
    assert list(map(values, before)) == list(map(values, after))


@row("httpx_sse", "`sse.id`")
def _() -> None:
    with serving(answer(STREAM), answer(STREAM)) as server:
        before, after = list(theirs_httpx_sse(server)), list(ours_httpx(server))
    assert [event.id for event in before] == [event.last_event_id for event in after] == ["1", "1", "2"]
    assert [event.id for event in after] == ["1", None, "2"]


@row("httpx_sse", 'an event with data `""` for a block without data')
def _() -> None:
    stream = answer(b"event: ping\n\ndata: a\n\n")
    with serving(stream, stream, stream) as server:
        assert [event.data for event in theirs_httpx_sse(server)] == ["", "a"]
        assert [event.data for event in ours_httpx(server)] == ["a"]
        assert [(block.event, block.data) for block in ours_httpx(server, blocks)] == [("ping", None), (None, "a")]


@row("httpx_sse", "`SSEError` for a wrong content type")
def _() -> None:
    with serving(JSON, JSON) as server:
        assert type(outcome(theirs_httpx_sse(server))[1]) is module("httpx_sse").SSEError
        _, error = outcome(ours_httpx(server))
    assert type(error) is ConnectionFailed
    assert (error.status, error.content_type, error.text) == (200, "application/json", '{"error": "no credit"}')


@row("httpx_sse", "`httpx.TransportError` when the connection breaks")
def _() -> None:
    cut = answer(STREAM, cut=True)
    with serving(cut, cut) as server:
        theirs, ours = outcome(theirs_httpx_sse(server))[1], outcome(ours_httpx(server))[1]
    assert isinstance(theirs, module("httpx").TransportError)
    assert type(ours) is ConnectionLost
    assert type(ours.__cause__) is type(theirs)


@row("httpx_sse", "a loop that connects again")
def _() -> None:
    with serving(answer(STREAM, cut=True), NOTHING, answer(b"data: more\n\n")) as server, httpx_client() as client:
        seen = [event.data for event in connect(lambda headers: client.stream("GET", server.url, headers=headers))]
    assert seen == [data for _, data, _ in SEEN] + ["more"]
    assert [request.headers.get("last-event-id") for request in server.requests] == [None, "2", "2", "2"]


# requests-sse


def theirs_requests_sse(server: Scripted, **options: Any) -> Iterator[Any]:
    with module("requests_sse").EventSource(server.url, timeout=20, **options) as source:
        yield from source


def get(server: Scripted, method: str = "GET", **options: Any) -> Callable[[dict[str, str]], Any]:
    """Return a function that opens a response with requests."""
    requests = module("requests")
    return lambda headers: requests.request(method, server.url, headers=headers, stream=True, timeout=20, **options)


@row("requests_sse", "`EventSource(url)`")
def _() -> None:
    with serving(answer(STREAM, cut=True), answer(b"data: more\n\n")) as server:
        seen, error = outcome(theirs_requests_sse(server))
    assert error.status_code == 204
    with serving(answer(STREAM, cut=True), answer(b"data: more\n\n")) as again:
        assert [event.data for event in connect(get(again))] == [event.data for event in seen]
    assert len(seen) == 4
    for each in (server, again):
        assert [request.headers.get("last-event-id") for request in each.requests][:2] == [None, "2"]


@row("requests_sse", '`EventSource(url, method="POST", json=body)`')
def _() -> None:
    with serving(answer(STREAM), answer(STREAM)) as server:
        next(theirs_requests_sse(server, method="POST", json={"n": 1}))
        next(connect(get(server, "POST", json={"n": 1})))
    before, after = server.requests
    assert before.method == after.method == "POST"
    assert before.body == after.body == b'{"n": 1}'


@row("requests_sse", "`event.type`")
def _() -> None:
    stream = answer(b"event: tick\ndata: 1\n\ndata: 2\n\n")
    with serving(stream) as server:
        before = [event.type for event in outcome(theirs_requests_sse(server))[0]]
    with serving(stream) as server:
        assert [event.event for event in connect(get(server))] == before == ["tick", "message"]


#: Both libraries with an `EventSource` strip line ends from the end of data, and spaces from its start.
SPACES = answer(b"data:   a\ndata:\n\n")


@row("requests_sse", "`event.data`")
def _() -> None:
    with serving(SPACES) as server:
        assert [event.data for event in outcome(theirs_requests_sse(server))[0]] == ["a"]
    with serving(SPACES) as server:
        assert [event.data for event in connect(get(server))] == ["  a\n"]


@row("requests_sse", "`event.last_event_id`")
def _() -> None:
    with serving(answer(STREAM)) as server:
        before = [event.last_event_id for event in outcome(theirs_requests_sse(server))[0]]
    with serving(answer(STREAM)) as server:
        assert [event.last_event_id for event in connect(get(server))] == before == ["1", "1", "2"]


@row("requests_sse", "`event.origin`")
def _() -> None:
    with serving(answer(STREAM), answer(STREAM)) as server:
        origin = next(theirs_requests_sse(server)).origin
        with get(server)({}) as response:
            next(events(response))
            assert urljoin(response.url, "/") == f"{origin}/"


@row("requests_sse", '`latest_event_id="7"`')
def _() -> None:
    with serving(answer(STREAM), answer(STREAM)) as server:
        next(theirs_requests_sse(server, latest_event_id="7"))
        next(connect(get(server), reconnection=Reconnection(Decoder(last_event_id="7"))))
    assert [request.headers["last-event-id"] for request in server.requests] == ["7", "7"]


def waits_of(library: str, read: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return how long a library would have slept each time."""
    waits: list[float] = []
    monkeypatch.setattr(f"{library}.time", SimpleNamespace(sleep=waits.append, monotonic=lambda: 0.0))
    read()
    return waits


@row("requests_sse", "`reconnection_time=timedelta(seconds=5)`")
def _() -> None:
    answers = (answer(b"data: 1\n\n"), answer(b"retry: 7000\ndata: 2\n\n"))
    with serving(*answers) as server, pytest.MonkeyPatch.context() as patch:
        items = theirs_requests_sse(server, reconnection_time=timedelta(seconds=5))
        assert waits_of("requests_sse.client", lambda: outcome(items), patch) == [10, 14]
    with serving(*answers) as server:
        ours: list[float] = []
        reconnection = Reconnection(default_delay=5, jitter=0)
        outcome(connect(get(server), reconnection=reconnection, sleep=ours.append))
    assert [wait for wait in ours if wait] == [5, 7]


@row("requests_sse", "`max_connect_retry=5`")
def _() -> None:
    requests = module("requests")
    with serving(*[NOTHING] * 7) as server:
        seen, error = outcome(theirs_requests_sse(server, max_connect_retry=5))
        assert (seen, len(server.requests)) == ([], 6)
        assert isinstance(error, requests.RequestException)
    with serving(*[NOTHING] * 7) as server:
        seen, error = outcome(connect(get(server), reconnection=Reconnection(max_failures=6)))
    assert (seen, len(server.requests)) == ([], 6)
    assert type(error) is GaveUp
    assert caused_by(error, requests.RequestException)


@row("requests_sse", "`InvalidStatusCodeError`, `InvalidContentTypeError`")
def _() -> None:
    library = module("requests_sse")
    for wrong, kind in ((NOT_FOUND, library.InvalidStatusCodeError), (JSON, library.InvalidContentTypeError)):
        with serving(wrong, wrong) as server:
            assert type(outcome(theirs_requests_sse(server))[1]) is kind
            _, error = outcome(connect(get(server)))
        assert type(error) is ConnectionFailed
        assert error.content_type == "application/json"
        assert error.text.startswith('{"error": "no ')
        assert not isinstance(error, module("requests").RequestException)


#: Two events, of which the first is not UTF-8.
LATIN_1 = answer(b"data: \xff\n\ndata: b\n\n")


@row("requests_sse", "`UnicodeDecodeError` for invalid UTF-8")
def _() -> None:
    with serving(LATIN_1) as server:
        seen, error = outcome(theirs_requests_sse(server))
        assert (seen, type(error)) == ([], UnicodeDecodeError)
    with serving(LATIN_1) as server:
        assert [event.data for event in connect(get(server))] == ["\ufffd", "b"]


@row("requests_sse", "`on_open`, `on_message`, `on_error`")
def _() -> None:
    called: list[Any] = []
    callbacks: dict[str, Any] = {
        "on_open": lambda: called.append("open"),
        "on_message": lambda event: called.append(event.data),
        "on_error": lambda: called.append("error"),
    }
    with serving(answer(b"data: 1\n\n", cut=True)) as server:
        outcome(theirs_requests_sse(server, **callbacks))
    assert called == ["open", "1", "error", "error"]  # errors of the cut, and of 204
    errors: list[Exception] = []
    with serving(answer(b"data: 1\n\n", cut=True)) as server:
        list(connect(get(server), on_retry=errors.append))
    assert [type(error) for error in errors] == [ConnectionLost]


# sseclient-py


def theirs_sseclient(server: Scripted) -> Iterator[Any]:
    yield from side("sseclient_py", "before").read(server.url)


def ours_requests(server: Scripted, **options: Any) -> Iterator[Any]:
    with get(server)(request_headers()) as response:
        yield from events(response, **options)


@row("sseclient_py", "`SSEClient(response).events()`")
def _() -> None:
    with serving(NOT_FOUND, NOT_FOUND) as server:
        assert outcome(theirs_sseclient(server)) == ([], None)
        _, error = outcome(ours_requests(server))
    assert (error.status, error.text) == (404, '{"error": "no such thing"}')


@row("sseclient_py", "`SSEClient(response)` with a response of urllib3")
def _() -> None:
    urllib3, sseclient = module("urllib3"), module("sseclient")
    with serving(answer(STREAM), answer(STREAM)) as server:
        with urllib3.request("GET", server.url, preload_content=False) as response:
            before = [(event.event, event.data) for event in sseclient.SSEClient(response).events()]
        with urllib3.request("GET", server.url, preload_content=False) as response:
            assert [(event.event, event.data) for event in events(response)] == before


@row("sseclient_py", "`event.event`, `event.data`, `event.id`")
def _() -> None:
    with serving(answer(STREAM), answer(STREAM)) as server:
        before, after = list(theirs_sseclient(server)), list(ours_requests(server))
    for event, same in zip(before, after, strict=True):
        assert (event.event, event.data, event.id) == (same.event, same.data, same.id)


@row("sseclient_py", "`event.retry`")
def _() -> None:
    with serving(answer(STREAM), answer(STREAM)) as server:
        assert [event.retry for event in theirs_sseclient(server)] == [None, None, "1000"]
        assert [event.retry for event in ours_requests(server)] == [None, None, 1000]


@row("sseclient_py", "the last event, if its blank line is missing")
def _() -> None:
    stream = answer(b"data: 1\n\ndata: 2")
    with serving(stream, stream, stream) as server:
        assert [event.data for event in theirs_sseclient(server)] == ["1", "2"]
        assert [event.data for event in ours_requests(server, on_eof="dispatch")] == ["1", "2"]
        assert [event.data for event in ours_requests(server)] == ["1"]


@row("sseclient_py", "`requests.exceptions.ChunkedEncodingError` when the connection breaks")
def _() -> None:
    cut = answer(STREAM, cut=True)
    with serving(cut, cut) as server:
        assert type(outcome(theirs_sseclient(server))[1]) is module("requests").exceptions.ChunkedEncodingError
        assert type(outcome(ours_requests(server))[1]) is ConnectionLost


@row("sseclient_py", "`client.close()`")
def _() -> None:
    with serving(answer(STREAM), answer(STREAM)) as server:
        response = get(server)({})
        client = module("sseclient").SSEClient(response)
        next(client.events())
        client.close()
        assert response.raw.closed
        response = get(server)({})
        next(events(response))
        response.close()
        assert response.raw.closed


# aiohttp-sse-client, and its copy


def theirs_aiohttp(server: Scripted, copy: str = "", **options: Any) -> tuple[list[Any], Any]:
    async def read() -> Any:
        client = module(f"aiohttp_sse_client{copy}.client")
        async with (
            module("aiohttp").ClientSession() as session,
            client.EventSource(server.url, session=session, **options) as source,
        ):
            async for event in source:
                yield event

    return aoutcome(read)


def ours_aiohttp(server: Scripted, method: str = "GET", json: Any = None, **options: Any) -> tuple[list[Any], Any]:
    async def read() -> Any:
        async with module("aiohttp").ClientSession() as session:
            async for event in aconnect(
                lambda headers: session.request(method, server.url, headers=headers, json=json), **options
            ):
                yield event

    return aoutcome(read)


@row("aiohttp_sse_client", "`EventSource(url, session=session)`")
def _() -> None:
    answers = (answer(STREAM, cut=True), answer(b"data: more\n\n"))
    for copy in ("", "2"):
        with serving(*answers) as server:
            seen, error = theirs_aiohttp(server, copy)
        assert (len(seen), type(error)) == (3, module("aiohttp").ClientPayloadError)
        with serving(answer(STREAM)) as server:
            seen, error = theirs_aiohttp(server, copy)
        assert (len(seen), type(error)) == (3, ConnectionAbortedError), "at the 204"
    with serving(*answers) as server:
        seen, error = ours_aiohttp(server)
    assert (len(seen), error) == (4, None)
    assert [request.headers.get("last-event-id") for request in server.requests] == [None, "2", "2"]


@row("aiohttp_sse_client", '`EventSource(url, option={"method": "POST"}, json=body)`')
def _() -> None:
    with serving(answer(STREAM)) as server:
        theirs_aiohttp(server, option={"method": "POST"}, json={"n": 1})
    before = server.requests[0]
    with serving(answer(STREAM)) as server:
        ours_aiohttp(server, "POST", {"n": 1})
    after = server.requests[0]
    assert before.method == after.method == "POST"
    assert before.body == after.body == b'{"n": 1}'


@row("aiohttp_sse_client", "`event.type`, `event.message`")
def _() -> None:
    stream = answer(b"event: tick\ndata: 1\n\ndata: 2\n\n")
    with serving(stream) as server:
        seen, _ = theirs_aiohttp(server)
    assert [(event.type, event.message) for event in seen] == [("tick", "tick"), (None, "")]
    with serving(stream) as server:
        assert [event.event for event in ours_aiohttp(server)[0]] == ["tick", "message"]


@row("aiohttp_sse_client", "`event.data`")
def _() -> None:
    with serving(SPACES) as server:
        assert [event.data for event in theirs_aiohttp(server)[0]] == ["a"]
    with serving(SPACES) as server:
        assert [event.data for event in ours_aiohttp(server)[0]] == ["  a\n"]


@row("aiohttp_sse_client", "`event.last_event_id`")
def _() -> None:
    with serving(answer(STREAM)) as server:
        before = [event.last_event_id for event in theirs_aiohttp(server)[0]]
    with serving(answer(STREAM)) as server:
        assert [event.last_event_id for event in ours_aiohttp(server)[0]] == before == ["1", "1", "2"]


@row("aiohttp_sse_client", "`event.origin`")
def _() -> None:
    async def ours() -> Any:
        async with module("aiohttp").ClientSession() as session, session.get(server.url) as response:
            async for _ in aevents(response):
                yield str(response.url.origin())

    with serving(answer(STREAM)) as server:
        origins = {event.origin for event in theirs_aiohttp(server)[0]}
        assert f"{next(iter(origins))}/" == server.url
    with serving(answer(STREAM)) as server:
        assert {f"{origin}/" for origin in aoutcome(ours)[0]} == {server.url}


@row("aiohttp_sse_client", "`reconnection_time=timedelta(seconds=5)`")
def _() -> None:
    answers = (answer(b"data: 1\n\n"), answer(b"retry: 7000\ndata: 2\n\n"))
    theirs: list[float] = []
    ours: list[float] = []

    def sleep(waits: list[float]) -> Any:
        async def keep(seconds: float) -> None:
            waits.append(seconds)

        return keep

    with serving(*answers) as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr(module("aiohttp_sse_client.client"), "asyncio", SimpleNamespace(sleep=sleep(theirs)))
        theirs_aiohttp(server, reconnection_time=timedelta(seconds=5))
    assert theirs == [10, 14]
    with serving(*answers) as server:
        ours_aiohttp(server, reconnection=Reconnection(default_delay=5, jitter=0), sleep=sleep(ours))
    assert [wait for wait in ours if wait] == [5, 7]


@row("aiohttp_sse_client", "`max_connect_retry=5`")
def _() -> None:
    aiohttp = module("aiohttp")
    with serving(*[NOTHING] * 7) as server:
        # POST, because aiohttp itself retries a GET.
        seen, error = theirs_aiohttp(server, max_connect_retry=5, option={"method": "POST"})
    assert (seen, len(server.requests)) == ([], 6)
    assert isinstance(error, aiohttp.ClientConnectionError)
    with serving(*[NOTHING] * 7) as server:
        seen, error = ours_aiohttp(server, "POST", reconnection=Reconnection(max_failures=6))
    assert (seen, len(server.requests), type(error)) == ([], 6, GaveUp)
    assert caused_by(error, aiohttp.ClientError)


@row("aiohttp_sse_client", "`ConnectionError` and its subclasses for a wrong status or content type")
def _() -> None:
    for wrong in (NOT_FOUND, JSON):
        for copy in ("", "2"):
            with serving(wrong) as server:
                assert isinstance(theirs_aiohttp(server, copy)[1], ConnectionError)
        with serving(wrong) as server:
            _, error = ours_aiohttp(server)
        assert type(error) is ConnectionFailed
        assert error.content_type == "application/json"
        assert error.text.startswith('{"error": "no ')
        assert not isinstance(error, ConnectionError)


@row("aiohttp_sse_client", "`UnicodeDecodeError` for invalid UTF-8")
def _() -> None:
    with serving(LATIN_1) as server:
        seen, error = theirs_aiohttp(server)
    assert (seen, type(error)) == ([], UnicodeDecodeError)
    with serving(LATIN_1) as server:
        assert [event.data for event in ours_aiohttp(server)[0]] == ["\ufffd", "b"]


@row("aiohttp_sse_client", "no events from a stream with CR line endings")
def _() -> None:
    stream = answer(b"data: 1\r\rdata: 2\r\r")
    with serving(stream) as server:
        assert theirs_aiohttp(server)[0] == []
    with serving(stream) as server:
        assert [event.data for event in ours_aiohttp(server)[0]] == ["1", "2"]


@row("aiohttp_sse_client", "`on_open`, `on_message`, `on_error`")
def _() -> None:
    called: list[Any] = []
    callbacks: dict[str, Any] = {
        "on_open": lambda: called.append("open"),
        "on_message": lambda event: called.append(event.data),
        "on_error": lambda: called.append("error"),
    }
    with serving(answer(b"data: 1\n\n")) as server:
        theirs_aiohttp(server, **callbacks)
    assert called == ["open", "1", "error", "error"]  # errors of the end, and of 204
    errors: list[Exception] = []
    with serving(answer(b"data: 1\n\n", cut=True)) as server:
        ours_aiohttp(server, on_retry=errors.append)
    assert [type(error) for error in errors] == [ConnectionLost]


# The SDKs

QUESTION = [{"role": "user", "content": "Hi?"}]


def openai_stream(sdk: Any) -> Any:
    return sdk.chat.completions.create(model="m", messages=QUESTION, stream=True)


def ours_openai(server: Scripted) -> Iterator[Any]:
    with openai_client(server) as sdk, openai_stream(sdk) as stream:
        yield from events(stream.response, until="[DONE]")


def theirs_openai(server: Scripted) -> Iterator[Any]:
    with openai_client(server) as sdk:
        yield from openai_stream(sdk)


@row("openai", "`response.iter_lines()` and a parser by hand")
def _() -> None:
    separator = "\u2028"  # it ends a line of text, but not a line of a stream
    for stream, last in (
        (CHAT.replace(b"data: ", b"data:"), " 🍊"),
        (CHAT.replace(b"[{", b"\ndata: [{"), " 🍊"),
        (CHAT.replace(rb"\ud83c\udf4a", separator.encode()), f" {separator}"),
    ):
        with serving(answer(stream + DONE), answer(stream + DONE)) as server, openai_client(server) as sdk:
            before, _ = outcome(side("openai", "before").answer(sdk, "Hi?"))
            after, _ = outcome(side("openai", "after").answer(sdk, "Hi?"))
        assert after == ["Hel", "lo", last]
        assert before != after


@row("openai", "`for chunk in stream`")
def _() -> None:
    with serving(answer(CHAT + DONE), answer(CHAT + DONE)) as server:
        before, after = list(theirs_openai(server)), list(ours_openai(server))
    assert [chunk.choices[0].delta.content for chunk in before] == ["Hel", "lo", " 🍊"]
    assert [event.json()["choices"][0]["delta"]["content"] for event in after] == ["Hel", "lo", " 🍊"]


@row("openai", "an answer that stops before `[DONE]` just ends")
def _() -> None:
    with serving(answer(CHAT), answer(CHAT)) as server:
        seen, error = outcome(theirs_openai(server))
        assert (len(seen), error) == (3, None)
        seen, error = outcome(ours_openai(server))
    assert (len(seen), type(error)) == (3, MissingSentinel)


@row("openai", "`APIError` for an error in the stream")
def _() -> None:
    stream = answer(CHAT + b'data: {"error": {"message": "overloaded"}}\n\n' + DONE)
    with serving(stream, stream) as server:
        seen, error = outcome(theirs_openai(server))
        assert (len(seen), type(error)) == (3, module("openai").APIError)
        *_, last = ours_openai(server)
    assert last.json()["error"] == {"message": "overloaded"}


@row("openai", "`APIConnectionError` when the connection breaks")
def _() -> None:
    cut = answer(CHAT, cut=True)
    with serving(cut, cut) as server:
        assert type(outcome(theirs_openai(server))[1]) is module("openai").APIConnectionError
        _, error = outcome(ours_openai(server))
    assert type(error) is ConnectionLost
    assert isinstance(error.__cause__, module("httpx2").TransportError)


@row("openai", "`APIStatusError` for a status such as 401")
def _() -> None:
    refused = answer(b'{"error": {"message": "no key"}}', status="401 Unauthorized", content_type="application/json")
    with serving(refused, refused) as server:
        for read in (theirs_openai, ours_openai):
            assert isinstance(outcome(read(server))[1], module("openai").APIStatusError)


@row("openai", "`async for chunk in stream`, with `AsyncOpenAI`")
def _() -> None:
    async def theirs() -> Any:
        async with module("openai").AsyncOpenAI(base_url=server.url, api_key="secret") as sdk:
            async for chunk in await openai_stream(sdk):
                yield chunk.choices[0].delta.content

    async def ours() -> Any:
        async with (
            module("openai").AsyncOpenAI(base_url=server.url, api_key="secret") as sdk,
            await openai_stream(sdk) as stream,
        ):
            async for event in aevents(stream.response, until="[DONE]"):
                yield event.json()["choices"][0]["delta"]["content"]

    with serving(answer(CHAT + DONE), answer(CHAT + DONE)) as server:
        assert aoutcome(theirs) == aoutcome(ours) == (["Hel", "lo", " 🍊"], None)


def is_last(event: Any) -> bool:
    last: bool = side("anthropic", "after").is_last(event)
    return last


def anthropic_stream(messages: Any) -> Any:
    return messages.create(model="m", max_tokens=9, messages=QUESTION, stream=True)


def theirs_anthropic(server: Scripted) -> Iterator[Any]:
    with anthropic_client(server) as sdk:
        yield from anthropic_stream(sdk.messages)


def ours_anthropic(server: Scripted) -> Iterator[Any]:
    with anthropic_client(server) as sdk, anthropic_stream(sdk.messages) as stream:
        yield from events(stream.response, until=is_last)


def raw_anthropic(server: Scripted, read: Callable[[Any], Iterable[Any]]) -> list[Any]:
    with (
        anthropic_client(server) as sdk,
        anthropic_stream(sdk.messages.with_streaming_response) as response,
    ):
        return list(read(response.http_response))


@row("anthropic", "`Stream.raw_events(response.http_response)`")
def _() -> None:
    stream = answer(b"data: 1\n\nevent: message\ndata: 2\n\nevent: a\ndata: 3\n\n")
    with serving(stream, stream) as server:
        before = raw_anthropic(server, module("anthropic").Stream.raw_events)
        after = raw_anthropic(server, events)
    assert [event.event for event in before] == [None, "message", "a"]
    assert [event.event for event in after] == ["message", "message", "a"]
    assert [event.data for event in before] == [event.data for event in after]


@row("anthropic", "`event.raw`, the lines as they came")
def _() -> None:
    stream = answer(b": hi\nevent: a\nfoo: bar\ndata: 1\n\n")
    with serving(stream, stream) as server:
        [event] = raw_anthropic(server, module("anthropic").Stream.raw_events)
        [block] = raw_anthropic(server, blocks)
    assert event.raw == block.wire.decode().splitlines()[:-1] == [": hi", "event: a", "foo: bar", "data: 1"]
    assert [getattr(line, "name", "comment") for line in block.lines] == ["comment", "event", "foo", "data"]


@row("anthropic", "`for event in stream`")
def _() -> None:
    with serving(answer(MESSAGE + STOP), answer(MESSAGE + STOP)) as server:
        before, after = list(theirs_anthropic(server)), list(ours_anthropic(server))
    assert [event.type for event in before] == ["content_block_delta"] * 3 + ["message_stop"]
    assert [event.event for event in after] == ["ping", *["content_block_delta"] * 3]
    assert [event.delta.text for event in before[:3]] == [event.json()["delta"]["text"] for event in after[1:]]


@row("anthropic", "an answer that stops before `message_stop` just ends")
def _() -> None:
    with serving(answer(MESSAGE), answer(MESSAGE)) as server:
        seen, error = outcome(theirs_anthropic(server))
        assert (len(seen), error) == (3, None)
        seen, error = outcome(ours_anthropic(server))
    assert (len(seen), type(error)) == (4, MissingSentinel)


@row("anthropic", "`APIStatusError` for an event `error`")
def _() -> None:
    overloaded = b'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error", "message": "no"}}\n\n'
    with serving(answer(MESSAGE + overloaded), answer(MESSAGE + overloaded)) as server:
        seen, error = outcome(theirs_anthropic(server))
        assert len(seen) == 3
        assert isinstance(error, module("anthropic").APIStatusError)
        seen, _ = outcome(ours_anthropic(server))
    assert (seen[-1].event, seen[-1].json()["error"]["type"]) == ("error", "overloaded_error")


@row("anthropic", "`httpx2.TransportError` when the connection breaks")
def _() -> None:
    cut = answer(MESSAGE, cut=True)
    with serving(cut, cut) as server:
        assert isinstance(outcome(theirs_anthropic(server))[1], module("httpx2").TransportError)
        _, error = outcome(ours_anthropic(server))
    assert type(error) is ConnectionLost
    assert isinstance(error.__cause__, module("httpx2").TransportError)


@row("anthropic", "`async for event in stream`, with `AsyncAnthropic`")
def _() -> None:
    async def theirs() -> Any:
        async with module("anthropic").AsyncAnthropic(base_url=server.url, api_key="secret") as sdk:
            stream = await anthropic_stream(sdk.messages)
            async for event in stream:
                if event.type == "content_block_delta":
                    yield event.delta.text

    async def ours() -> Any:
        async with module("anthropic").AsyncAnthropic(base_url=server.url, api_key="secret") as sdk:
            stream = await anthropic_stream(sdk.messages)
            async for event in aevents(stream.response, until=is_last):
                if event.event == "content_block_delta":
                    yield event.json()["delta"]["text"]

    with serving(answer(MESSAGE + STOP), answer(MESSAGE + STOP)) as server:
        assert aoutcome(theirs) == aoutcome(ours) == (["Hel", "lo", " 🍊"], None)


# launchdarkly-eventsource


def theirs_launchdarkly(
    server: Scripted, strategy: str = "", *arguments: Any, all: bool = False, **options: Any
) -> Generator[Any, None, None]:
    config, sse = module("ld_eventsource.config"), module("ld_eventsource")
    if strategy:
        options["error_strategy"] = getattr(config.ErrorStrategy, strategy)(*arguments)
    with sse.SSEClient(config.ConnectStrategy.http(server.url), **options) as client:
        yield from client.all if all else client.events


def request(server: Scripted) -> Callable[[dict[str, str]], Any]:
    """Return a function that opens a response with urllib3."""
    urllib3 = module("urllib3")
    return lambda headers: urllib3.request("GET", server.url, headers=headers, preload_content=False, retries=False)


MORE = (answer(STREAM, cut=True), NOTHING, answer(b"data: more\n\n"))


@row("launchdarkly_eventsource", "`SSEClient(url).events`")
def _() -> None:
    with serving(*MORE) as server:
        seen, error = outcome(theirs_launchdarkly(server))
    assert (len(seen), type(error)) == (3, module("urllib3").exceptions.ProtocolError)
    with serving(*MORE) as server:
        assert len(list(connect(request(server)))) == 4


@row("launchdarkly_eventsource", "`event.event`, `event.data`, `event.id`")
def _() -> None:
    with serving(answer(STREAM)) as server:
        before = [(event.event, event.data, event.id) for event in theirs_launchdarkly(server)]
    with serving(answer(STREAM)) as server:
        assert [(event.event, event.data, event.id) for event in connect(request(server))] == before


@row("launchdarkly_eventsource", "`event.last_event_id`")
def _() -> None:
    stream = answer(b"data: 1\n\nid: 7\ndata: 2\n\ndata: 3\n\n")
    with serving(stream) as server:
        assert [event.last_event_id for event in theirs_launchdarkly(server)] == [None, "7", "7"]
    with serving(stream) as server:
        assert [event.last_event_id for event in connect(request(server))] == ["", "7", "7"]


@row("launchdarkly_eventsource", "`ErrorStrategy.always_continue()`")
def _() -> None:
    with serving(*MORE) as server:
        items = theirs_launchdarkly(server, "always_continue")
        before = [next(items).data for _ in range(4)]
        items.close()
    with serving(*MORE) as server:
        assert [event.data for event in connect(request(server))] == before
    with serving(NOT_FOUND, NOT_FOUND, answer(STREAM)) as server:
        assert next(iter(theirs_launchdarkly(server, "always_continue"))).data == "[1]"
    with serving(NOT_FOUND) as server:
        assert type(outcome(connect(request(server)))[1]) is ConnectionFailed


@row("launchdarkly_eventsource", "`ErrorStrategy.continue_with_max_attempts(10)`")
def _() -> None:
    with serving(*[NOTHING] * 20) as server:
        outcome(theirs_launchdarkly(server, "continue_with_max_attempts", 10))
        assert len(server.requests) == 11
    with serving(*[NOTHING] * 20) as server:
        _, error = outcome(connect(request(server), reconnection=quick(max_failures=11)))
    assert (len(server.requests), type(error)) == (11, GaveUp)
    assert error.__cause__ is not None


@row("launchdarkly_eventsource", "`ErrorStrategy.continue_with_time_limit(600)`")
def _() -> None:
    with serving(*[NOTHING] * 20) as server:
        waits: list[float] = []
        reconnection = Reconnection(default_delay=100, jitter=0, max_outage=600)
        _, error = outcome(connect(request(server), reconnection=reconnection, sleep=waits.append))
    assert type(error) is GaveUp
    assert 480 <= sum(waits) <= 600
    module("ld_eventsource.config").ErrorStrategy.continue_with_time_limit(600)


@row("launchdarkly_eventsource", "`initial_retry_delay=1`")
def _() -> None:
    answers = (answer(b"data: 1\n\n"), answer(b"retry: 7000\ndata: 2\n\n"), answer(b"data: 3\n\n"))
    with serving(*answers) as server, pytest.MonkeyPatch.context() as patch:
        strategy = module("ld_eventsource.config").RetryDelayStrategy.default(jitter_multiplier=0)

        def read() -> None:
            items = theirs_launchdarkly(server, "always_continue", retry_delay_strategy=strategy, initial_retry_delay=1)
            for _ in range(3):
                next(items)
            items.close()

        assert waits_of("ld_eventsource.sse_client", read, patch) == [1, 2]
    with serving(*answers) as server:
        waits: list[float] = []
        reconnection = Reconnection(default_delay=1, jitter=0)
        outcome(connect(request(server), reconnection=reconnection, sleep=waits.append))
    assert [wait for wait in waits if wait] == [1, 7, 7]


@row("launchdarkly_eventsource", "`RetryDelayStrategy.default(max_delay=30, jitter_multiplier=0.5)`")
def _() -> None:
    strategy = module("ld_eventsource.config").RetryDelayStrategy.default(max_delay=30, jitter_multiplier=0.5)
    delays = []
    for _ in range(20):
        delay, strategy = strategy.apply(1)
        delays.append(delay)
    assert all(15 <= delay <= 30 for delay in delays[10:])
    ours = Reconnection(default_delay=1, max_delay=30, jitter=0.5)
    longest = [ours.next_delay() or 0 for _ in range(20)][10:]
    assert all(30 <= delay <= 45 for delay in longest)


@row("launchdarkly_eventsource", '`last_event_id="7"`')
def _() -> None:
    with serving(answer(STREAM), answer(STREAM)) as server:
        next(theirs_launchdarkly(server, last_event_id="7"))
        next(connect(request(server), reconnection=Reconnection(Decoder(last_event_id="7"))))
    assert [request.headers["last-event-id"] for request in server.requests] == ["7", "7"]


@row("launchdarkly_eventsource", "retries after any status")
def _() -> None:
    busy = answer(b"", status="503 Service Unavailable", content_type=None)
    for wrong in (busy, NOT_FOUND):
        with serving(wrong, answer(STREAM)) as server:
            assert next(iter(theirs_launchdarkly(server, "always_continue"))).data == "[1]"
    with serving(busy, answer(STREAM)) as server:
        assert len(list(connect(request(server), reconnection=quick(retry_statuses=TRANSIENT_STATUSES)))) == 3
    with serving(NOT_FOUND, answer(STREAM)) as server:
        _, error = outcome(connect(request(server), reconnection=quick(retry_statuses=TRANSIENT_STATUSES)))
    assert type(error) is ConnectionFailed


@row("launchdarkly_eventsource", "`HTTPStatusError`, `HTTPContentTypeError`")
def _() -> None:
    errors = module("ld_eventsource.errors")
    for wrong, kind in ((NOT_FOUND, errors.HTTPStatusError), (JSON, errors.HTTPContentTypeError)):
        with serving(wrong, wrong) as server:
            assert type(outcome(theirs_launchdarkly(server))[1]) is kind
            _, error = outcome(connect(request(server)))
        assert type(error) is ConnectionFailed
        assert error.text.startswith('{"error": "no ')


@row("launchdarkly_eventsource", "`client.all` with comments")
def _() -> None:
    actions = module("ld_eventsource.actions")
    with serving(answer(STREAM), answer(STREAM)) as server:
        before = [item for item in theirs_launchdarkly(server, all=True) if isinstance(item, actions.Comment)]
        with request(server)({}) as response:
            after = [comment for block in blocks(response) for comment in block.comments]
    assert [comment.comment.strip() for comment in before] == after == ["hello"]


@row("launchdarkly_eventsource", "`Fault.error`, of `client.all`")
def _() -> None:
    actions = module("ld_eventsource.actions")
    answers = (answer(STREAM, cut=True), answer(STREAM))
    with serving(*answers) as server:
        items = theirs_launchdarkly(server, "always_continue", all=True)
        faults: list[Any] = []
        while len(faults) < 2:
            item = next(items)
            faults += [item.error] if isinstance(item, actions.Fault) else []
        items.close()
    assert [type(fault) for fault in faults] == [module("urllib3").exceptions.ProtocolError, type(None)]
    errors: list[Exception] = []
    with serving(*answers) as server:
        list(connect(request(server), on_retry=errors.append))
    assert [type(error.__cause__) for error in errors] == [module("urllib3").exceptions.ProtocolError]


@row("launchdarkly_eventsource", "`Start.headers`")
def _() -> None:
    with serving(answer(STREAM), answer(STREAM)) as server:
        start = next(theirs_launchdarkly(server, all=True))
        with request(server)({}) as response:
            assert response.headers["Content-Type"] == start.headers["Content-Type"]


@row("launchdarkly_eventsource", "`AsyncSSEClient(url).events`")
def _() -> None:
    async def theirs() -> Any:
        async with module("ld_eventsource.async_client").AsyncSSEClient(server.url) as client:
            async for event in client.events:
                yield event.event, event.data, event.last_event_id

    with serving(answer(STREAM)) as server:
        assert aoutcome(theirs) == (SEEN, None)
    with serving(answer(STREAM)) as server:
        seen, error = ours_aiohttp(server)
    assert [(event.event, event.data, event.last_event_id) for event in seen] == SEEN
    assert error is None


@pytest.mark.parametrize(
    ("library", "theirs"), [(library, theirs) for library, rows in ROWS.items() for theirs in rows]
)
def test_a_row(library: str, theirs: str) -> None:
    ROWS[library][theirs]()
