"""Each recipe of the guide on each of its servers, in its own process, in the situations of production."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

from sse_codec import Decoder, ServerSentEvent, decode

from .processes import COMMANDS, Process, run_command
from .servers import PATIENCE, module
from .situations import FLOOD

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from pathlib import Path

pytestmark = pytest.mark.interop

LISTENERS = 10
#: Seconds that a server may take to stop. On an idle machine none takes 3, as the guide's table says. A busy machine
#: needs longer, and a server that waits for its clients takes for ever.
SHUTDOWN = 10.0
#: Seconds until it serves again after a change. Noticing the change and starting take time too.
RELOAD = SHUTDOWN + 10.0
#: As in the recipes.
SEND_TIMEOUT = 30.0
PING = b": \n\n"


@pytest.fixture(scope="module", params=COMMANDS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with run_command(COMMANDS[request.param], tmp_path_factory.mktemp("server")) as running:
        yield running


@contextlib.asynccontextmanager
async def get(server: Process, situation: str) -> AsyncIterator[Any]:
    """Request an event stream; yields aiohttp's response."""
    aiohttp = module("aiohttp")
    timeout = aiohttp.ClientTimeout(PATIENCE)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        headers = {"Last-Event-ID": situation} if situation else {}
        async with session.get(server.url, headers=headers) as response:
            yield response


async def read(response: Any, count: int) -> bytes:
    """Read the next `count` blocks."""
    received = b""
    while received.count(b"\n\n") < count:
        chunk = await response.content.readany()
        assert chunk, f"the stream ended after {received!r}"
        received += chunk
    return received


def test_silence(server: Process) -> None:
    """The server sends keep-alives, and the source ends when the client leaves."""

    async def run() -> None:
        async with get(server, "silence") as response:
            assert response.status == 200
            assert response.headers["Content-Type"].startswith("text/event-stream")
            received = await read(response, 4)
        assert received.startswith(PING + b"data: one\n\n" + PING + PING)

    ended = server.count("silence ended")
    asyncio.run(run())
    server.wait_for("silence ended", ended + 1)


def test_a_flood(server: Process) -> None:
    async def run() -> bytes:
        async with get(server, "flood") as response:
            received: bytes = await response.read()
            return received

    events = list(decode(asyncio.run(run())))
    assert events == [ServerSentEvent(f"token {number}", id=str(number)) for number in range(FLOOD)]


def test_an_immediate_failure_is_not_an_empty_stream(server: Process) -> None:
    async def run() -> int:
        try:
            async with get(server, "fails at once") as response:
                status: int = response.status
                return status
        except module("aiohttp").ClientConnectionError:
            return 0  # http.server sends no response

    assert asyncio.run(run()) in {500, 0}
    server.wait_for("fails at once ended", 1)


def test_a_failure_half_way_breaks_the_connection(server: Process, request: pytest.FixtureRequest) -> None:
    """So the client knows that the stream is incomplete, and asks again."""

    async def run() -> bool:
        async with get(server, "fails half-way") as response:
            assert response.status == 200
            received = await read(response, 2)
            with contextlib.suppress(module("aiohttp").ClientPayloadError):
                received += await response.read()
                assert received == PING + b"data: one\n\n" + IN_ORDER[name]
                return False
            assert received == PING + b"data: one\n\n"
            return True

    name = request.node.callspec.params["server"]
    assert asyncio.run(run()) == (name not in IN_ORDER)
    server.wait_for("fails half-way ended", 1)


#: Servers that end the response normally although the source has failed, and what they send before the end.
IN_ORDER = {
    "Django on uvicorn": b"event: failed\ndata: \n\n",
    "Django on daphne": b"event: failed\ndata: \n\n",
    "http.server on its own": b"",  # it speaks HTTP/1.0, in which a body ends with its connection
}


def test_a_reader_that_stalls_and_leaves(server: Process) -> None:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(PATIENCE)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(request_of("GET", "endless"))
        server.wait_for("endless started", 1)
        assert connection.recv(1)
    # With any application, granian is sometimes slow to report that the client it was sending to has left. Then the
    # recipe's `send_timeout` ends the source.
    server.wait_for("endless ended", 1, 2 * SEND_TIMEOUT)


def request_of(method: str, situation: str) -> bytes:
    close = "Connection: close\r\n" if method == "HEAD" else ""
    return f"{method} /events HTTP/1.1\r\nHost: localhost\r\n{close}Last-Event-ID: {situation}\r\n\r\n".encode()


def test_head_has_no_body(server: Process) -> None:
    """Any byte of a body would count as the start of the next response on the connection."""
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.settimeout(PATIENCE)
        connection.sendall(request_of("HEAD", "silence"))
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(65536)
        assert received.split()[1] == b"200"
        assert b"text/event-stream" in received.lower()
        while chunk := connection.recv(65536):
            received += chunk
        assert received.endswith(b"\r\n\r\n")
        assert received.count(b"\r\n\r\n") == 1


def test_a_client_comes_back(server: Process) -> None:
    """Its id may be known to the channel, forgotten or unknown: it had five events, and keeps the last three."""

    async def first(situation: str, blocks: int) -> tuple[Sequence[ServerSentEvent], str]:
        decoder = Decoder()
        async with get(server, situation) as response:
            return decoder.feed(await read(response, blocks)), decoder.last_event_id

    async def run() -> None:
        events, id = await first("", 2)
        epoch, _, number = id.rpartition("-")
        assert (events, number) == ([], "5"), "a new client gets the id to resume from"
        gap = ServerSentEvent("", event="gap", id=id)
        for last_event_id in (f"{epoch}-1", "fedcba98-4"):
            assert (await first(last_event_id, 2))[0] == [gap]
        known, _ = await first(f"{epoch}-3", 4)
        assert known == [ServerSentEvent(f"event {number}", id=f"{epoch}-{number}") for number in (4, 5)]

    asyncio.run(run())


def with_listeners_that_wait(server: Process) -> contextlib.ExitStack:
    """Open `LISTENERS` silent streams."""
    with contextlib.ExitStack() as stack:
        for _ in range(LISTENERS):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            connection.settimeout(PATIENCE)
            connection.sendall(request_of("GET", "silence"))
            received = b""
            while b"data: one" not in received:
                chunk = connection.recv(65536)
                assert chunk, received
                received += chunk
        return stack.pop_all()
    raise AssertionError  # for type checkers: the stack suppresses no exception


def stop(server: Process, number: int) -> None:
    """Stop a server that has silent streams; all generators must run their `finally`."""
    ended = server.count("silence ended")
    with with_listeners_that_wait(server):
        server.process.send_signal(number)
        seconds = server.wait()
    assert server.count("silence ended") == ended + LISTENERS, server.output[-3000:]
    assert seconds < SHUTDOWN
    assert "coro=<_pump()" not in server.output, "asyncio reported an abandoned task"


def test_SIGTERM_ends_it(server: Process) -> None:
    """This must be the last test of a server."""
    stop(server, signal.SIGTERM)


@pytest.mark.parametrize("name", COMMANDS)
def test_Ctrl_C_ends_it(name: str, tmp_path: Path) -> None:
    with run_command(COMMANDS[name], tmp_path) as server:
        stop(server, signal.SIGINT)


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items() if command.reload])
def test_a_changed_source_reloads_it(name: str, tmp_path: Path) -> None:
    source = tmp_path / "sse_codec_source.py"
    source.touch()
    reload = COMMANDS[name].reload.format(folder=tmp_path).split()
    with run_command(COMMANDS[name], tmp_path, *reload) as server:
        with with_listeners_that_wait(server):
            # In one step: a server that sees the file both emptied and written reloads twice.
            new = tmp_path.with_name(f"{tmp_path.name}-new")
            new.write_text("changed = True\n", encoding="utf-8")
            new.replace(source)
            start = time.monotonic()
            server.wait_for("silence ended", LISTENERS)
        while True:
            try:
                with with_listeners_that_wait(server):
                    return
            except (AssertionError, OSError):  # the old process, which ends these streams too, or none yet
                assert time.monotonic() - start < RELOAD
                time.sleep(0.05)
