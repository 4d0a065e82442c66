"""Drives the HTTP libraries that `sse_codec.clients` reads with in one way, async or not."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import http.client
import logging
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, AsyncExitStack, ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple

from sse_codec.clients import aconnect, aevents, connect, events
from tests.hostile import CHUNKED, Act, Hostile, chunked, chunks, head, sized

from .servers import module

if TYPE_CHECKING:
    from sse_codec import ReceivedEvent

Open = Callable[[str, dict[str, str]], AbstractContextManager[Any]]
AsyncOpen = Callable[[str, dict[str, str]], AbstractAsyncContextManager[Any]]


@contextlib.contextmanager
def open_httpx(timeout: float, name: str = "httpx") -> Generator[Open, None, None]:
    library = module(name)
    with library.Client(timeout=timeout, follow_redirects=True, verify=False, trust_env=False) as client:
        yield lambda url, headers: client.stream(
            "POST", url, headers=library.Headers(headers, encoding="latin-1"), json={"stream": True}
        )


@contextlib.contextmanager
def open_requests(timeout: float) -> Generator[Open, None, None]:
    with module("requests").Session() as session:
        session.trust_env = False
        yield lambda url, headers: session.post(
            url, headers=headers, json={"stream": True}, stream=True, timeout=timeout
        )


@contextlib.contextmanager
def open_urllib3(timeout: float) -> Generator[Open, None, None]:
    library = module("urllib3")
    with library.PoolManager(timeout=timeout, retries=library.Retry(0, redirect=3)) as pool:
        yield lambda url, headers: pool.request("POST", url, headers=headers, body=b"{}", preload_content=False)


@contextlib.contextmanager
def open_urllib(timeout: float) -> Generator[Open, None, None]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def open(url: str, headers: dict[str, str]) -> Any:
        request = urllib.request.Request(url, headers=headers)  # noqa: S310  # a test's URL
        return opener.open(request, timeout=timeout)

    yield open


@contextlib.contextmanager
def open_http_client(timeout: float) -> Generator[Open, None, None]:
    @contextlib.contextmanager
    def open(url: str, headers: dict[str, str]) -> Generator[http.client.HTTPResponse, None, None]:
        parts = urllib.parse.urlsplit(url)
        with contextlib.closing(http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=timeout)) as each:
            each.request("POST", parts.path, body=b"{}", headers=headers)
            yield each.getresponse()

    yield open


@contextlib.asynccontextmanager
async def open_ahttpx(timeout: float, name: str = "httpx") -> AsyncGenerator[AsyncOpen, None]:
    library = module(name)
    async with library.AsyncClient(timeout=timeout, follow_redirects=True, verify=False, trust_env=False) as client:
        yield lambda url, headers: client.stream(
            "POST", url, headers=library.Headers(headers, encoding="latin-1"), json={"stream": True}
        )


@contextlib.asynccontextmanager
async def open_aiohttp(timeout: float) -> AsyncGenerator[AsyncOpen, None]:
    library = module("aiohttp")
    timeouts = library.ClientTimeout(total=None, sock_read=timeout, sock_connect=timeout)
    async with library.ClientSession(timeout=timeouts) as session:
        yield lambda url, headers: session.post(url, headers=headers, json={"stream": True})


def run_trio(function: Callable[[], Any]) -> Any:
    return module("trio").run(function)


def run_asyncio(function: Callable[[], Any]) -> Any:
    return asyncio.run(function())


SYNC: dict[str, Callable[[float], AbstractContextManager[Open]]] = {
    "httpx": open_httpx,
    "httpx2": lambda timeout: open_httpx(timeout, "httpx2"),
    "requests": open_requests,
    "urllib3": open_urllib3,
    "urllib.request": open_urllib,
    "http.client": open_http_client,
}
ASYNC: dict[str, tuple[Callable[[float], AbstractAsyncContextManager[AsyncOpen]], Callable[..., Any]]] = {
    "httpx, async": (open_ahttpx, run_asyncio),
    "httpx2, async": (lambda timeout: open_ahttpx(timeout, "httpx2"), run_asyncio),
    "httpx, trio": (open_ahttpx, run_trio),
    "httpx2, trio": (lambda timeout: open_ahttpx(timeout, "httpx2"), run_trio),
    "aiohttp": (open_aiohttp, run_asyncio),
}
READERS = [*SYNC, *ASYNC]

#: Libraries that reuse connections. urllib.request asks the server to close them; http.client leaves it to the caller.
POOLED = [name for name in READERS if name not in {"urllib.request", "http.client"}]


class Outcome(NamedTuple):
    """The result of one response, or of one stream over many connections."""

    events: list[ReceivedEvent]
    error: Exception | None

    @property
    def data(self) -> list[str]:
        return [event.data for event in self.events]


def read(
    name: str,
    url: str,
    *,
    times: int = 1,
    timeout: float = 20.0,
    headers: dict[str, str] | None = None,
    seen: Callable[[ReceivedEvent], object] = bool,
    waits: list[float] | None = None,
    **options: Any,
) -> list[Outcome]:
    """Read a URL with a library, several times with the same client.

    Args:
        name: one of `READERS`.
        url: the URL to request.
        times: how many times to request it.
        timeout: seconds of silence that the library allows.
        headers: more headers to send.
        seen: called with each event; iteration stops when it returns "leave".
        waits: if a list, read with `connect` or `aconnect`, which append their delays to it instead of sleeping.
        options: of the function that reads.
    """
    if name in SYNC:
        with SYNC[name](timeout) as open:
            return [_read(open, url, headers or {}, seen, waits, options) for _ in range(times)]
    opener, run = ASYNC[name]

    async def main() -> list[Outcome]:
        async with opener(timeout) as aopen:
            return [await _aread(aopen, url, headers or {}, seen, waits, options) for _ in range(times)]

    outcomes: list[Outcome] = run(main)
    return outcomes


def _read(  # noqa: PLR0917  # the arguments of `read`
    open: Open,
    url: str,
    headers: dict[str, str],
    seen: Callable[[ReceivedEvent], object],
    waits: list[float] | None,
    options: dict[str, Any],
) -> Outcome:
    got: list[ReceivedEvent] = []
    try:
        with ExitStack() as stack:
            if waits is not None:
                source = connect(lambda more: open(url, headers | more), **{"sleep": waits.append, **options})
            else:
                try:
                    response = stack.enter_context(open(url, headers))
                except urllib.error.HTTPError as error:
                    response = error
                source = events(response, **options)
            stack.enter_context(contextlib.closing(source))
            for event in source:
                got.append(event)
                if seen(event) == "leave":
                    break
    except Exception as error:  # noqa: BLE001  # the test checks it
        return Outcome(got, error)
    return Outcome(got, None)


async def _aread(  # noqa: PLR0917  # the same
    open: AsyncOpen,
    url: str,
    headers: dict[str, str],
    seen: Callable[[ReceivedEvent], object],
    waits: list[float] | None,
    options: dict[str, Any],
) -> Outcome:
    async def sleep(seconds: float) -> None:
        assert waits is not None
        waits.append(seconds)

    got: list[ReceivedEvent] = []
    try:
        async with AsyncExitStack() as stack:
            if waits is not None:
                source = aconnect(lambda more: open(url, headers | more), **{"sleep": sleep, **options})
            else:
                source = aevents(await stack.enter_async_context(open(url, headers)), **options)
            await stack.enter_async_context(contextlib.aclosing(source))
            async for event in source:
                got.append(event)
                if seen(event) == "leave":
                    break
    except Exception as error:  # noqa: BLE001  # the test checks it
        return Outcome(got, error)
    return Outcome(got, None)


def main() -> None:
    """Do everything that could leave something open, with every client."""
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # else it reports slow callbacks on a busy machine
    answer = [chunked(b"data: 1\n\n", b"data: [DONE]\n\n")]
    page = [sized(b"no", "503 Service Unavailable", "text/plain")]
    cut = [head("200 OK", "text/event-stream", CHUNKED) + chunks([b"id: 1\ndata: 1\n\n"]), Act.CUT]
    long = [head("200 OK", "text/event-stream", CHUNKED) + chunks([b"data: 1\n\n"] * 9), Act.STALL]
    with Hostile() as server:
        for name in READERS:
            read(name, server.tell(answer), times=2, until="[DONE]")
            read(name, server.tell(answer), times=2, until="[DONE]", waits=[])
            read(name, server.tell(page), times=2)
            read(name, server.tell(page), waits=[])
            read(name, server.tell(cut), times=2)
            read(name, server.tell(cut, cut, page), waits=[])
            read(name, server.tell(long), times=2, seen=lambda event: "leave")
            read(name, server.tell(long), seen=lambda event: "leave", waits=[])
            gc.collect()
            print(f"{name}: done")


if __name__ == "__main__":
    main()
