"""The recipe with Redis, on Debian's redis-server: each worker has a channel, and one stream feeds them all."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from sse_codec import Decoder, ServerSentEvent

from .processes import REDIS, Process, run_command
from .servers import PATIENCE, module

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

pytestmark = pytest.mark.interop


class Broker:
    """A redis-server that keeps nothing on disk."""

    def __init__(self, program: str, port: int) -> None:
        self._command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._port = port
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._port}"

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port)):
                return
            assert time.monotonic() < end
            time.sleep(0.02)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
def broker() -> Iterator[Broker]:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    running = Broker(program, port)
    yield running
    running.stop()


class Client:
    """A client that listens, leaves, and resumes where it was."""

    def __init__(self) -> None:
        self.decoder = Decoder()
        self.data: list[str] = []

    async def read(self, worker: Process, until: str) -> Sequence[ServerSentEvent]:
        """Listen to a worker until an event with this data; "" means until there is an id."""
        aiohttp = module("aiohttp")
        headers = {"Last-Event-ID": self.decoder.last_event_id} if self.decoder.last_event_id else {}
        timeout = aiohttp.ClientTimeout(PATIENCE)
        events: list[ServerSentEvent] = []
        self.decoder.reset()
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(worker.url, headers=headers) as answer,
        ):
            while until not in [event.data for event in events]:
                events += self.decoder.feed(await answer.content.readany())
                if until == "" and self.decoder.last_event_id:
                    break
        self.data += [event.data for event in events]
        return events


async def post(worker: Process, data: str) -> None:
    aiohttp = module("aiohttp")
    async with aiohttp.ClientSession() as session, session.post(worker.url, data=data) as answer:
        assert answer.status == 202


def test_workers_share_one_stream(broker: Broker, tmp_path: Path) -> None:
    """Each client gets each event once, whichever worker it connects to and whichever published the event."""

    def worker(name: str) -> Any:
        folder = tmp_path / name
        folder.mkdir()
        return run_command(REDIS, folder, SSE_CODEC_REDIS=broker.url)

    async def first(one: Process, two: Process, clients: list[Client]) -> None:
        await post(one, "before")  # without any event, the workers have no id in common
        await asyncio.gather(*(client.read(at, "") for client, at in zip(clients, (one, two), strict=True)))
        await post(one, "a")
        await post(two, "b")
        # The clients change places: each worker knows the ids of the other.
        await asyncio.gather(*(client.read(at, "b") for client, at in zip(clients, (two, one), strict=True)))
        await post(two, "c")

    async def then(three: Process, clients: list[Client]) -> None:
        await post(three, "d")
        await asyncio.gather(*(client.read(three, "d") for client in clients))
        stranger = Client()
        stranger.decoder.last_event_id = "1-1"
        assert [event.event for event in await stranger.read(three, "")] == ["gap"]
        waiting = asyncio.ensure_future(clients[0].read(three, "e"))
        broker.stop()
        broker.start()
        while not waiting.done():
            with contextlib.suppress(AssertionError):  # Redis may still be down
                await post(three, "e")
            await asyncio.wait({waiting}, timeout=0.1)
        await waiting

    clients = [Client(), Client()]
    with worker("one") as one, worker("two") as two:
        asyncio.run(first(one, two, clients))
    with worker("three") as three:  # as after a deployment
        asyncio.run(then(three, clients))
    assert clients[0].data[:5] == ["a", "b", "c", "d", "e"]
    assert clients[1].data == ["a", "b", "c", "d"]
