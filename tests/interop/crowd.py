"""Measures one stream for many listeners, and compares it with sse-starlette and FastAPI's own SSE.

`python -m tests.interop.crowd` prints the figures: the memory for a listener, the processor time for an event and a
listener, and the delay of events. Every contender is an ASGI application in its own process, without a socket, because
a server adds the same to all. The other two have nothing made for many listeners, so each listener has a generator and
a queue, as their guides show.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import json
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from sse_codec import ServerSentEvent, encode, response_headers
from sse_codec.serving import Channel, astream, stream

from .soak import resident

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

DATA = "x" * 200
TIME = re.compile(rb"(\d+\.\d+) " + DATA.encode())


class Figures(NamedTuple):
    """The measurements of one contender."""

    listeners: int
    rate: int
    #: Bytes for each waiting listener.
    memory: float
    #: Events published a second, and the share of all events that reached their listeners by the end.
    published: float
    arrived: float
    #: Processor time in microseconds for an event and a listener.
    cost: float
    #: Milliseconds from the publishing of an event to its sending: median, 99 of 100, longest.
    delays: tuple[float, float, float]


class Crowd:
    """Puts published data into a queue for each listener."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[str]] = set()

    def publish(self, data: str) -> None:
        for queue in self._queues:
            queue.put_nowait(data)

    async def listen(self) -> AsyncIterator[str]:
        queue: asyncio.Queue[str] = asyncio.Queue()
        self._queues.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._queues.discard(queue)


def channel() -> tuple[Any, Callable[[str], object]]:
    """Channel."""
    from starlette.applications import Starlette
    from starlette.responses import StreamingResponse
    from starlette.routing import Route

    ours = Channel(backlog=100_000)

    async def endpoint(_: Any) -> Any:
        return StreamingResponse(ours.astream(), headers=response_headers())

    return Starlette(routes=[Route("/", endpoint)]), lambda data: ours.publish(ServerSentEvent(data, event="tick"))


def streams() -> tuple[Any, Callable[[str], object]]:
    """astream over a queue for each listener, as the others have it."""
    from starlette.applications import Starlette
    from starlette.responses import StreamingResponse
    from starlette.routing import Route

    crowd = Crowd()

    async def events() -> AsyncIterator[ServerSentEvent]:
        async for data in crowd.listen():
            yield ServerSentEvent(data, event="tick")

    async def endpoint(_: Any) -> Any:
        return StreamingResponse(astream(events()), headers=response_headers())

    return Starlette(routes=[Route("/", endpoint)]), crowd.publish


def sse_starlette() -> tuple[Any, Callable[[str], object]]:
    """EventSourceResponse of sse-starlette."""
    from sse_starlette import EventSourceResponse
    from sse_starlette import ServerSentEvent as Event
    from starlette.applications import Starlette
    from starlette.routing import Route

    crowd = Crowd()

    async def events() -> AsyncIterator[Any]:
        async for data in crowd.listen():
            yield Event(data, event="tick")

    async def endpoint(_: Any) -> Any:
        return EventSourceResponse(events())

    return Starlette(routes=[Route("/", endpoint)]), crowd.publish


def fastapi_sse() -> tuple[Any, Callable[[str], object]]:
    """EventSourceResponse of FastAPI."""
    from fastapi import FastAPI
    from fastapi.sse import EventSourceResponse
    from fastapi.sse import ServerSentEvent as Event

    crowd, app = Crowd(), FastAPI()

    @app.get("/", response_class=EventSourceResponse)
    async def endpoint() -> AsyncIterator[Any]:
        async for data in crowd.listen():
            yield Event(raw_data=data, event="tick")

    return app, crowd.publish


CONTENDERS = {function.__name__: function for function in (channel, streams, sse_starlette, fastapi_sse)}


class Client:
    """A listener, as an ASGI server sees it; it takes everything immediately."""

    def __init__(self, delays: list[float] | None) -> None:
        self.events = 0
        self.started = False
        self._delays = delays

    async def receive(self) -> Any:
        await asyncio.Event().wait()

    async def send(self, message: Mapping[str, Any]) -> None:
        self.started = True
        body: bytes = message.get("body", b"")
        self.events += body.count(b"event: tick")
        if self._delays is not None:
            now = time.perf_counter()
            self._delays += [now - float(sent) for sent in TIME.findall(body)]


SCOPE = {
    "type": "http",
    "asgi": {"version": "3.0", "spec_version": "2.3"},
    "http_version": "1.1",
    "method": "GET",
    "scheme": "http",
    "path": "/",
    "raw_path": b"/",
    "root_path": "",
    "query_string": b"",
    "headers": [],
    "client": ("127.0.0.1", 1),
    "server": ("127.0.0.1", 2),
}


async def measure(name: str, listeners: int, rate: int, seconds: float) -> Figures:
    """Measure one contender in this process."""
    app, publish = CONTENDERS[name]()
    delays: list[float] = []
    before = resident()
    clients = [Client(delays if number % 20 == 0 else None) for number in range(listeners)]
    tasks = [asyncio.create_task(app({**SCOPE}, client.receive, client.send)) for client in clients]
    while not all(client.started for client in clients):  # noqa: ASYNC110  # there is no event to wait for
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.5)
    memory = (resident() - before) / listeners
    start, processor, published = time.perf_counter(), time.process_time(), 0
    while (now := time.perf_counter() - start) < seconds:
        while published < now * rate:
            publish(f"{time.perf_counter():.6f} {DATA}")
            published += 1
        await asyncio.sleep(0.001)
    elapsed, processor = time.perf_counter() - start, time.process_time() - processor
    arrived = sum(client.events for client in clients)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    delays.sort()
    late = [delays[int(len(delays) * part)] * 1000 for part in (0.5, 0.99, 0.999999)] if delays else [0, 0, 0]
    return Figures(
        listeners,
        rate,
        memory,
        published / elapsed,
        arrived / (published * listeners),
        processor / max(arrived, 1) * 1e6,
        (late[0], late[1], late[2]),
    )


def costs(count: int = 100_000) -> dict[str, float]:
    """Return the processor time in microseconds for an event in a stream whose two ends never wait."""
    event = ServerSentEvent(DATA, event="tick", id="1")

    def source() -> Iterator[ServerSentEvent]:
        for _ in range(count):
            yield event

    async def asource() -> AsyncIterator[ServerSentEvent]:
        for _ in range(count):
            yield event

    async def bare() -> AsyncIterator[bytes]:
        async for each in asource():
            yield encode(each)

    async def read(body: AsyncIterator[bytes]) -> None:
        async for _ in body:
            pass

    def timed(run: Callable[[], object]) -> float:
        start = time.process_time()
        run()
        return (time.process_time() - start) / count * 1e6

    return {
        "encode": min(timed(lambda: collections.deque(map(encode, [event] * count), 0)) for _ in range(3)),
        "encode in a generator": min(timed(lambda: collections.deque(map(encode, source()), 0)) for _ in range(3)),
        "encode in an async generator": min(timed(lambda: asyncio.run(read(bare()))) for _ in range(3)),
        "stream": min(timed(lambda: collections.deque(stream(source()), 0)) for _ in range(3)),
        "astream": min(timed(lambda: asyncio.run(read(astream(asource())))) for _ in range(3)),
    }


def run(name: str, listeners: int, rate: int, seconds: float) -> Figures:
    """Measure one contender in its own process."""
    words = [name, f"--listeners={listeners}", f"--rate={rate}", f"--seconds={seconds}"]
    command = [sys.executable, "-m", "tests.interop.crowd", *words]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    return Figures(*json.loads(done.stdout))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.interop.crowd", description=__doc__)
    parser.add_argument("name", nargs="?", choices=CONTENDERS, help="measure this one, and print JSON")
    parser.add_argument("--costs", action="store_true", help="print what an event in a stream costs")
    parser.add_argument("--listeners", type=int, default=1000)
    parser.add_argument("--rate", type=int, default=1000, help="events a second; each goes to all listeners")
    parser.add_argument("--seconds", type=float, default=10.0)
    arguments = vars(parser.parse_args())
    name = arguments.pop("name")
    if arguments.pop("costs"):
        for way, cost in costs().items():
            print(f"{cost:6.2f} µs  {way}")
        return
    if name is not None:
        print(json.dumps(asyncio.run(measure(name, **arguments))))
        return
    print(
        "| | memory a listener | published a second | arrived | µs for an event and listener "
        "| late, ms: median, 99 %, longest |"
    )
    print("| --- | --- | --- | --- | --- | --- |")
    for name, contender in CONTENDERS.items():
        found = run(name, **arguments)
        late = ", ".join(f"{delay:,.0f}" for delay in found.delays)
        print(
            f"| {contender.__doc__} | {found.memory / 1024:.1f} KiB | {found.published:.0f} | "
            f"{found.arrived:.1%} | {found.cost:.2f} | {late} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
