"""Streams are cut at every kind of byte and resumed: in the end no token is missing, and none came twice."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from sse_codec import Decoder, ServerSentEvent
from sse_codec.clients import ConnectionLost, aconnect, connect
from sse_codec.resume import Reconnection

from . import devtools
from .clients import CLIENTS, read
from .cutting import CUTS, IDS, CuttingServer
from .servers import module, recipe

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.interop

#: What each client raises when no response comes. When a stream is cut, it raises ConnectionLost.
ERRORS: dict[str, Callable[[], type[Exception]]] = {
    "httpx": lambda: module("httpx").TransportError,
    "httpx_async": lambda: module("httpx").TransportError,
    "aiohttp": lambda: module("aiohttp").ClientError,
    "requests": lambda: module("requests").RequestException,
    "urllib3": lambda: module("urllib3").exceptions.HTTPError,
    "urllib": lambda: OSError,
}


chunked = pytest.mark.parametrize("chunked", [True, False], ids=["chunked", "until the end"])
make_id = pytest.mark.parametrize("make_id", IDS.values(), ids=IDS)


@chunked
@make_id
@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_that_resumes_with_only_a_decoder(client: str, make_id: Callable[[int], str], chunked: bool) -> None:
    """It uses one decoder for all connections."""
    server = CuttingServer(make_id, list(CUTS), retry=1, chunked=chunked)
    decoder = Decoder()
    seen: list[ServerSentEvent] = []

    def see(event: ServerSentEvent) -> bool:
        seen.append(event)
        return event.event == "close"

    with server.running():
        while not seen or seen[-1].event != "close":
            with contextlib.suppress(ConnectionLost, ERRORS[client]()):
                read(client, server.url, decoder, see)
    assert seen == server.events
    assert server.asked == server.to_ask[:-1]
    assert decoder.reconnection_time == 1


class Sleeps(list[float]):
    """Replaces `time` in a recipe: records each delay instead of sleeping."""

    def sleep(self, seconds: float) -> None:
        self.append(seconds)


def resume(server: CuttingServer, client: Reconnection, monkeypatch: pytest.MonkeyPatch) -> Sleeps:
    """Read the whole stream with the handwritten client of docs/resuming.md; return how long it waited."""
    by_hand = recipe("client_by_hand")
    sleeps = Sleeps()
    monkeypatch.setattr(by_hand, "time", sleeps)
    seen = []
    with server.running(), contextlib.closing(by_hand.events(server.url, client)) as events:
        for event in events:
            seen.append(event)
            if event.event == "close":
                break
    assert seen == server.events
    return sleeps


@chunked
@make_id
def test_a_client_with_a_reconnection(
    make_id: Callable[[int], str], chunked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for the `retry` of the stream, and longer after connections without an event."""
    server = CuttingServer(make_id, list(CUTS), retry=700, chunked=chunked)
    sleeps = resume(server, Reconnection(jitter=0), monkeypatch)
    assert server.asked == server.to_ask[:-1]
    brought_none = list(CUTS).index("before the first byte")
    expected = [0.0] + [0.7] * len(CUTS)
    expected[brought_none + 2] = 1.4  # the second in a row
    assert sleeps == expected


def test_a_reconnection_limits_the_delays_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for retry, delay in ((0, 0.5), (10**12, 120.0)):
        server = CuttingServer(str, ["inside a block"], retry=retry, chunked=True)
        assert resume(server, Reconnection(jitter=0), monkeypatch) == [0.0, delay]


def test_a_server_that_no_longer_knows_the_id_ends_the_stream() -> None:
    """It answers 204, which tells the client to stop."""
    by_hand = recipe("client_by_hand")
    server = CuttingServer(str, [], retry=1, chunked=True)
    with server.running():
        assert list(by_hand.events(server.url, Reconnection(Decoder(last_event_id="unknown")))) == []
    assert server.asked == ["unknown"]


@chunked
def test_a_stream_that_survives_cuts(chunked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client of docs/resuming.md."""
    sleeps = Sleeps()
    monkeypatch.setitem(defaults(connect), "sleep", sleeps.sleep)
    server = CuttingServer(str, list(CUTS), retry=700, chunked=chunked)
    seen: list[ServerSentEvent] = []
    news = recipe("client_resume").news
    with (
        server.running(),
        module("httpx").Client() as client,
        contextlib.closing(news(client, server.url)) as events,
    ):
        while not seen or seen[-1].event != "close":
            seen.append(next(events))
    assert seen == server.events
    assert server.asked == server.to_ask[:-1]
    assert len(sleeps) == len(CUTS)


@chunked
def test_an_async_stream_that_survives_cuts(chunked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    sleeps = Sleeps()

    async def sleep(seconds: float) -> None:
        sleeps.append(seconds)

    async def run() -> None:
        async with (
            module("aiohttp").ClientSession() as session,
            contextlib.aclosing(recipe("client_resume_async").news(session, server.url)) as events,
        ):
            async for event in events:
                seen.append(event)
                if event.event == "close":
                    break

    monkeypatch.setitem(defaults(aconnect), "sleep", sleep)
    server = CuttingServer(str, list(CUTS), retry=700, chunked=chunked)
    seen: list[ServerSentEvent] = []
    with server.running():
        asyncio.run(run())
    assert seen == server.events
    assert server.asked == server.to_ask[:-1]
    assert len(sleeps) == len(CUTS) - 1  # where no response came, aiohttp itself asked again


def defaults(function: Any) -> dict[str, Any]:
    assert function.__kwdefaults__
    found: dict[str, Any] = function.__kwdefaults__
    return found


READ = """
new Promise((resolve) => {
  const source = new EventSource(%s);
  const seen = [];
  const keep = (event) => seen.push([event.type, event.data, event.lastEventId]);
  source.addEventListener("message", keep);
  source.addEventListener("close", (event) => {
    keep(event);
    source.close();
    resolve(seen);
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) resolve(seen);
  });
})
"""


def read_in_a_page(browser: str, server: CuttingServer) -> None:
    """Read the whole stream with an EventSource, which reconnects by itself."""

    async def run() -> Any:
        async with devtools.page(browser) as page:
            # A page of the same server may send requests to it.
            await page.open(server.url.replace("/events", "/page"))
            return await page.evaluate(READ % json.dumps(server.url))

    with server.running():
        seen = asyncio.run(run())
    assert seen == [[event.event, event.data, event.id] for event in server.events]
    assert server.asked == server.to_ask[:-1]


@chunked
@make_id
def test_a_browser(make_id: Callable[[int], str], chunked: bool, browser: str) -> None:
    """If the browser ignored `retry`, it would wait its own 3 seconds after each cut."""
    read_in_a_page(browser, CuttingServer(make_id, list(CUTS), retry=1, chunked=chunked))


def test_a_browser_waits_for_the_reconnection_time(browser: str) -> None:
    server = CuttingServer(str, ["inside a block", "before the first byte"], retry=600, chunked=True)
    read_in_a_page(browser, server)
    waits = [start - end for end, start in zip(server.ends, server.starts[1:], strict=False)]
    assert len(waits) == 2
    assert min(waits) >= 0.6
