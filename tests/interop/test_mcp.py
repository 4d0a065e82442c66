"""The official SDK's MCP client on a streamable HTTP server whose event streams we write, and our client on its server.

Each answer is a stream. It starts with a priming event, which has an id and empty data, so that a client can resume
even before the first message. When a stream ends without an answer, the client waits for the reconnection time and asks
for the rest with a GET and `Last-Event-ID`.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from sse_codec import Decoder, ServerSentEvent, decode, parse_last_event_id, response_headers
from sse_codec.resume import EventHistory, Reconnection

from .servers import PATIENCE, module, serve_asgi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

pytestmark = pytest.mark.interop

HEADERS = [(name.lower().encode(), value.encode()) for name, value in response_headers().items()]
TOOL = {"name": "count", "inputSchema": {"type": "object", "properties": {"to": {"type": "integer"}}}}
WORDS = ["one", "two\u2028", "three 🍊", "four\x85", "five"]


class McpServer:
    """An ASGI app with the parts of an MCP server that concern streams."""

    def __init__(self) -> None:
        self.port = 0
        #: How much each connection of a tool call sends before it ends: the number of blocks, and the end of a slice of
        #: the next one. The connection after these sends everything.
        self.cuts: Sequence[tuple[int, int]] = ()
        self.make_id: Callable[[int], str] = str
        self.requests: list[tuple[str, str]] = []
        self.last_number = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        last_event_id = parse_last_event_id(headers.get(b"last-event-id"))
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        request = json.loads(body) if scope["method"] == "POST" else {}
        method = request.get("method", "")
        self.requests.append((scope["method"], method or last_event_id))
        if scope["method"] == "GET" and not last_event_id:
            await self._answer(send, 405)  # it sends nothing unasked
        elif scope["method"] == "DELETE":
            await self._answer(send, 200)
        elif scope["method"] == "POST" and "id" not in request:
            await self._answer(send, 202)
        elif method == "tools/call":
            self._stream(self._call(request))
            await self._cut(send, "")
        elif scope["method"] == "GET":
            await self._cut(send, last_event_id)
        else:
            self._stream([self._reply(request)])
            await self._send(send, b"".join(self._history.after("") or ()))

    def _stream(self, messages: Sequence[dict[str, Any]]) -> None:
        """Start a stream with the priming event and these messages."""
        self._history = EventHistory()
        self._history.append(ServerSentEvent("", id=self._next_id(), retry=1))
        for message in messages:
            text = json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False)
            self._history.append(ServerSentEvent(text, id=self._next_id()))

    def _next_id(self) -> str:
        self.last_number += 1
        return self.make_id(self.last_number)

    def _reply(self, request: dict[str, Any]) -> dict[str, Any]:
        results: dict[str, Any] = {
            "initialize": {
                "protocolVersion": "2025-11-25",
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "counter", "version": "1"},
            },
            "tools/list": {"tools": [TOOL]},
        }
        result = results.get(request["method"])
        if result is None:
            return {"id": request["id"], "error": {"code": -32601, "message": "Method not found"}}
        return {"id": request["id"], "result": result}

    def _call(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        token = request["params"]["_meta"]["progressToken"]
        progress = [
            {
                "method": "notifications/progress",
                "params": {"progressToken": token, "progress": number, "message": word},
            }
            for number, word in enumerate(WORDS)
        ]
        result = {"content": [{"type": "text", "text": " ".join(WORDS)}]}
        return [*progress, {"id": request["id"], "result": result}]

    async def _cut(self, send: Any, last_event_id: str) -> None:
        blocks = self._history.after(last_event_id)
        assert blocks is not None
        if self.cuts:
            (whole, part), *self.cuts = self.cuts
            blocks = (*blocks[:whole], blocks[whole][:part])
        await self._send(send, b"".join(blocks))

    async def _send(self, send: Any, wire: bytes) -> None:
        headers = [*HEADERS, (b"mcp-session-id", b"session")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": wire})

    async def _answer(self, send: Any, status: int) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body"})


@pytest.fixture
def server() -> Iterator[McpServer]:
    app = McpServer()
    with serve_asgi(app) as app.port:
        yield app


def call(url: str) -> tuple[list[str], str]:
    """Call the tool; return the progress that it reported, and the result or the error."""
    mcp = module("mcp")

    async def run() -> tuple[list[str], str]:
        words = []

        async def progress(_: float, __: float | None, message: str) -> None:
            words.append(message)

        async with mcp.Client(url, read_timeout_seconds=20) as client:
            assert [tool.name for tool in (await client.list_tools()).tools] == ["count"]
            try:
                result = await client.call_tool("count", {"to": 5}, progress_callback=progress)
            except mcp.MCPError as error:  # here, before it becomes part of a group
                return words, error.message
            return words, result.content[0].text

    return asyncio.run(run())


def test_a_whole_stream(server: McpServer) -> None:
    assert call(server.url) == (WORDS, " ".join(WORDS))
    assert [request for request in server.requests if request[0] == "GET" and request[1]] == []


IDS: dict[str, Callable[[int], str]] = {
    "digits": str,
    "JSON with spaces": lambda number: json.dumps([{"topic": "a b", "offset": number}]),
    "4 KiB": lambda number: f"{number:04096}",
}


@pytest.mark.parametrize("make_id", IDS.values(), ids=IDS)
def test_a_stream_that_is_cut(make_id: Callable[[int], str], server: McpServer) -> None:
    """Cuts after the priming event, inside the first block, before a blank line, after an id, and after a block."""
    server.make_id = make_id
    server.cuts = [(1, 0), (0, 20), (2, -1), (1, len(f"id: {make_id(1)}\n")), (1, 0)]
    assert call(server.url) == (WORDS, " ".join(WORDS))
    gets = [id for method, id in server.requests if method == "GET" and id]
    first = server.last_number - len(WORDS) - 1  # the priming event of the call's stream
    assert gets == [make_id(first + events) for events in (0, 0, 2, 3, 4)]


def test_an_id_that_is_not_ascii_ends_the_call(server: McpServer) -> None:
    """The client passes the header as text and its HTTP client takes only ASCII, so it never asks for the rest."""
    server.make_id = "🍊{}".format
    server.cuts = [(2, 0)]
    words, error = call(server.url)
    assert words == WORDS[:1]
    assert "reconnection attempts were exhausted" in error
    assert [id for method, id in server.requests if method == "GET" and id] == []


def make_server(calls: list[str]) -> Any:
    """Return an app of the SDK's own server, whose tool closes its stream halfway and goes on."""
    mcpserver, http = module("mcp.server.mcpserver"), module("mcp.server.streamable_http")

    events: list[tuple[str, Any]] = []

    async def store_event(_: Any, stream_id: str, message: Any) -> str:
        events.append((stream_id, message))
        return str(len(events))

    async def replay_events_after(_: Any, last_event_id: str, send_callback: Any) -> str:
        calls.append(last_event_id)
        stream, _ = events[int(last_event_id) - 1]
        for number, (stream_id, message) in enumerate(events, 1):
            if number > int(last_event_id) and stream_id == stream and message is not None:
                await send_callback(http.EventMessage(message, str(number)))
        return stream

    methods = {"store_event": store_event, "replay_events_after": replay_events_after}
    store = type("Store", (http.EventStore,), methods)()
    server = mcpserver.MCPServer("counter")

    async def count(ctx: Any) -> str:
        for number, word in enumerate(WORDS):
            await ctx.report_progress(number, message=word)
            if number == 2:
                await ctx.close_sse_stream()
        return " ".join(WORDS)

    count.__annotations__ = {"ctx": mcpserver.Context, "return": str}
    server.tool()(count)
    return server.streamable_http_app(event_store=store, retry_interval=1)


def test_our_client_resumes_a_stream_of_the_official_server() -> None:
    httpx = module("httpx")
    resumed: list[str] = []
    client = Reconnection(Decoder(), min_delay=0.001, jitter=0)
    messages: list[dict[str, Any]] = []

    with serve_asgi(make_server(resumed), lifespan="on") as port, httpx.Client(timeout=PATIENCE) as connection:
        url = f"http://127.0.0.1:{port}/mcp"
        headers = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-11-25"}

        def post(message: dict[str, Any], **others: Any) -> Any:
            return connection.stream("POST", url, json={"jsonrpc": "2.0", **message}, headers=headers, **others)

        def read(response: Any) -> None:
            if client.accept(response.status_code, response.headers["Content-Type"]):
                for event in decode(response.iter_bytes(), decoder=client.decoder):
                    client.received()
                    if event.data:  # the priming event has none
                        messages.append(event.json())
                        if "result" in messages[-1]:
                            return  # the server may leave the stream open

        start = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "us", "version": "1"}}
        with post({"id": 1, "method": "initialize", "params": start}) as response:
            headers["Mcp-Session-Id"] = response.headers["Mcp-Session-Id"]
            read(response)
        assert messages.pop()["result"]["serverInfo"]["name"] == "counter"
        with post({"method": "notifications/initialized"}) as response:
            assert response.status_code == 202
        call = {"name": "count", "arguments": {}, "_meta": {"progressToken": "t"}}
        assert client.next_delay() == 0
        with post({"id": 2, "method": "tools/call", "params": call}) as response:
            read(response)
        assert "result" not in messages[-1]
        while "result" not in messages[-1]:
            assert client.next_delay() == 0.001
            assert client.decoder.last_event_id
            again = {**headers, "Last-Event-ID": client.request_headers()["Last-Event-ID"]}
            with connection.stream("GET", url, headers=again) as response:
                read(response)
    *progress, result = messages
    assert [message["params"]["message"] for message in progress] == WORDS
    assert result["result"]["content"][0]["text"] == " ".join(WORDS)
    assert resumed
