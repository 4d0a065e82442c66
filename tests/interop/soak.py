"""Runs thousands of streams through one process, cut and resumed at random; counts lost, doubled and changed events.

`python -m tests.interop.soak --streams 2000 --seconds 60` prints the figures, and fails if any event was lost, doubled
or changed. Server and clients share one process, so every figure includes both. The server is a `Channel` behind a
socket; a client is a `Reconnection` and `adecode` on another.

A connection ends in one of these ways, chosen at random: the server sends half a block and closes, resets the
connection, or closes it before the first byte; or the client leaves.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import random
import resource
import socket
import struct
import sys
import time
from collections import Counter
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sse_codec import ServerSentEvent, adecode, parse_last_event_id, response_headers
from sse_codec.resume import EventHistory, Reconnection
from sse_codec.serving import Channel

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter

HEAD = "".join(f"{name}: {value}\r\n" for name, value in response_headers().items())
LAST = "last"
SERVER_WAYS = ["half a block", "half a block", "a reset", "a reset", "no response"]
WAYS = [*dict.fromkeys(SERVER_WAYS), "the client leaves"]


@dataclass
class Figures:
    """The figures of a run."""

    streams: int
    published: int = 0
    received: int = 0
    lost: int = 0
    doubled: int = 0
    changed: int = 0
    gaps: int = 0
    connections: int = 0
    most_open: int = 0
    cuts: Counter[str] = field(default_factory=Counter)
    #: How many events arrived after each number of milliseconds, including events that a cut delayed.
    delays: Counter[int] = field(default_factory=Counter)
    #: The memory of the process in bytes: before the first stream, and each second since all were open.
    before: int = 0
    memory: list[int] = field(default_factory=list)
    rate: float = 0.0
    seconds: float = 0.0
    processor: float = 0.0

    @property
    def right(self) -> bool:
        """Whether each client got each event once, unchanged."""
        return not (self.lost or self.doubled or self.changed or self.gaps)

    def percentile(self, percent: float) -> int:
        rest = self.delays.total() * percent / 100
        for delay in sorted(self.delays):
            rest -= self.delays[delay]
            if rest <= 0:
                return delay
        return 0

    @property
    def growth(self) -> int:
        """How many more bytes the last third of the time needed than the third before, on average."""
        third = len(self.memory) // 3
        return (sum(self.memory[-third:]) - sum(self.memory[-2 * third : -third])) // third if third else 0

    def __str__(self) -> str:
        mib = 1 << 20
        ways = ", ".join(f"{way} {self.cuts[way]}" for way in WAYS)
        memory = self.memory or [0]
        return (
            f"streams      {self.streams}, of which {self.most_open} were open at once\n"
            f"time         {self.seconds:.1f} s, of which the processor {self.processor:.1f} s\n"
            f"published    {self.published}\n"
            f"received     {self.received} ({self.rate:.0f} a second)\n"
            f"lost         {self.lost}\n"
            f"doubled      {self.doubled}\n"
            f"changed      {self.changed}\n"
            f"no longer known to the server  {self.gaps}\n"
            f"connections  {self.connections}\n"
            f"cuts         {self.cuts.total()}: {ways}\n"
            f"delay        median {self.percentile(50)} ms, 99 of 100 within {self.percentile(99)} ms, "
            f"longest {max(self.delays, default=0)} ms (those that were cut and resumed among them)\n"
            f"memory       {self.before / mib:.1f} MiB before, {memory[0] / mib:.1f} with all streams open, "
            f"{min(memory) / mib:.1f} to {max(memory) / mib:.1f} since, {memory[-1] / mib:.1f} at the end; "
            f"last third over the one before: {self.growth / mib:+.2f} MiB"
        )


class Soak:
    """One run.

    Args:
        streams: how many clients.
        seconds: how long to run once all clients are connected.
        rate: events a second; each goes to all clients.
        lifetime: how many seconds a connection lasts, on average.
        seed: of everything that is chosen at random.
    """

    def __init__(self, *, streams: int, seconds: float, rate: float, lifetime: float, seed: int) -> None:
        self._streams = streams
        self._seconds = seconds
        self._rate = rate
        self._lifetime = lifetime
        self._random = random.Random(seed)  # noqa: S311  # it draws cuts, not secrets
        self._channel = Channel(history=EventHistory(max_events=1000), backlog=100)
        self._times: dict[int, float] = {}
        self._handlers: set[asyncio.Task[None] | None] = set()
        self._port = 0
        self._cutting = True
        self.figures = Figures(streams)

    async def run(self) -> Figures:
        figures = self.figures
        figures.before = resident()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=4096)
        self._port = server.sockets[0].getsockname()[1]
        publisher = asyncio.create_task(self._publish())
        clients = []
        for _ in range(self._streams):
            clients.append(asyncio.create_task(self._read()))
            await asyncio.sleep(0.0005)  # not all at the same moment: that would be another test
        start, processor, received = time.perf_counter(), time.process_time(), figures.received
        while time.perf_counter() - start < self._seconds:
            await asyncio.sleep(min(1.0, self._seconds / 12))
            figures.memory.append(resident())
        figures.seconds, figures.processor = time.perf_counter() - start, time.process_time() - processor
        figures.rate = (figures.received - received) / figures.seconds
        publisher.cancel()
        self._cutting = False
        self._send(LAST)
        await asyncio.wait_for(asyncio.gather(*clients), 60)
        await asyncio.gather(*filter(None, self._handlers))  # also those whose clients have left
        server.close()
        await server.wait_closed()
        return figures

    async def _publish(self) -> None:
        while True:
            await asyncio.sleep(self._random.expovariate(self._rate))
            self._send("token")

    def _send(self, type: str) -> None:
        self.figures.published += 1
        number = self.figures.published
        self._times[number] = time.perf_counter()
        self._times.pop(number - 1000, None)
        self._channel.publish(ServerSentEvent(payload(number), event=type, id=str(number)))

    def _lasts(self, lifetime: float) -> float:
        return time.perf_counter() + self._random.expovariate(1 / lifetime)

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._handlers.add(asyncio.current_task())
        self.figures.connections += 1
        self.figures.most_open = max(self.figures.most_open, len(self._handlers))
        with contextlib.suppress(ConnectionError):
            await self._answer(reader, writer)
        await close(writer)
        self._handlers.discard(asyncio.current_task())

    async def _answer(self, reader: StreamReader, writer: StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        fields = {name: value.strip() for name, _, value in (line.partition(b":") for line in head.splitlines())}
        last_event_id = parse_last_event_id(fields.get(b"Last-Event-ID"))
        way, end = self._random.choice(SERVER_WAYS), self._lasts(self._lifetime * 4 / 3)
        if way == "no response" and last_event_id and self._cutting:
            self.figures.cuts[way] += 1
            return
        writer.write(f"HTTP/1.0 200 OK\r\n{HEAD}\r\n".encode())
        async with aclosing(self._channel.astream(last_event_id)) as blocks:
            async for block in blocks:
                if self._cutting and time.perf_counter() > end:
                    self.figures.cuts[way] += 1
                    writer.write(block[: self._random.randrange(len(block))])
                    await writer.drain()
                    if way == "a reset":
                        # On Linux, a linger time of 0 turns a close into a reset.
                        writer.get_extra_info("socket").setsockopt(
                            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                        )
                    return
                writer.write(block)
                await writer.drain()
                if b"\nevent: last\n" in block:
                    return

    async def _read(self) -> None:
        """Read from the next event to the last, over as many connections as it takes."""
        client = Reconnection(default_delay=0.1, min_delay=0.1, max_delay=1.0, random=self._random.random)
        number = 0
        while (delay := client.next_delay()) is not None:
            await asyncio.sleep(delay)
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                try:
                    headers = client.request_headers()
                    fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
                    writer.write(f"GET / HTTP/1.0\r\n{fields}\r\n".encode())
                    await reader.readuntil(b"\r\n\r\n")
                    client.accept(200, "text/event-stream")
                    end = self._lasts(self._lifetime * 4)
                    async with aclosing(adecode(reader, decoder=client.decoder)) as events:
                        async for event in events:
                            client.received()
                            number = self._judge(event, number)
                            if event.event == LAST:
                                return
                            if self._cutting and time.perf_counter() > end:
                                self.figures.cuts["the client leaves"] += 1
                                break
                finally:
                    await close(writer)

    def _judge(self, event: ServerSentEvent, before: int) -> int:
        figures = self.figures
        if event.event == "gap":
            figures.gaps += 1
            return 0
        number = int(event.id or 0)
        figures.received += 1
        if before:
            figures.lost += max(0, number - before - 1)
            figures.doubled += number <= before
        figures.changed += event.data != payload(number)
        if number in self._times:
            figures.delays[int((time.perf_counter() - self._times[number]) * 1000)] += 1
        return number


async def close(writer: StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


def payload(number: int) -> str:
    """Return the data of an event: as long as a token's JSON, never the same twice, and more than one line."""
    return f"{number}\n🍊 " + hashlib.sha256(str(number).encode()).hexdigest() * 3


def resident() -> int:
    """Return how many bytes of memory the process uses."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.interop.soak", description=__doc__)
    parser.add_argument("--streams", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=2.0, help="events a second; each goes to all streams")
    parser.add_argument("--lifetime", type=float, default=10.0, help="seconds that a connection lasts, on average")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    figures = asyncio.run(Soak(**vars(arguments)).run())
    print(figures)
    sys.exit(0 if figures.right else 1)


if __name__ == "__main__":
    main()
