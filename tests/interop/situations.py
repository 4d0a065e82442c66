"""What the servers of `apps` send. A last event ID names a situation; with any other, the client listens to a channel.

Each source writes a line into the file LOG when it starts, and one when it ends.
"""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING, Any, cast

from sse_codec import ServerSentEvent
from sse_codec.resume import EventHistory
from sse_codec.serving import Channel

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

LOG = os.environ.get("SSE_CODEC_LOG", os.devnull)
#: Seconds between the servers' keep-alives; the recipes use the usual 15.
KEEP_ALIVE = 0.3
FLOOD = 2000
BIG = "x" * 65536

channel = Channel(history=EventHistory(max_events=3))
for number in range(5):
    channel.publish(ServerSentEvent(f"event {number + 1}"))


def log(line: str) -> None:
    with open(LOG, "a", encoding="utf-8") as file:
        file.write(f"{line}\n")


def flood() -> Generator[ServerSentEvent, None, None]:
    for number in range(FLOOD):
        yield ServerSentEvent(f"token {number}", id=str(number))


async def events(situation: str) -> AsyncGenerator[ServerSentEvent, None]:
    """Yield the events of a situation, for async servers."""
    log(f"{situation} started")
    try:
        match situation:
            case "fails at once":
                raise LookupError("there is no such stream")
            case "fails half-way":
                yield ServerSentEvent("one")
                raise LookupError("there is no more")
            case "silence":
                yield ServerSentEvent("one")
                await asyncio.sleep(60)
            case "flood":
                for event in flood():
                    yield event
            case "endless":
                while True:
                    yield ServerSentEvent(BIG)
            case _:
                async for block in channel.astream(situation):
                    yield cast("Any", block)  # a stream also takes whole blocks
    finally:
        await asyncio.sleep(0)  # a `finally` may still await
        log(f"{situation} ended")


def sync_events(situation: str) -> Generator[ServerSentEvent | None, None, None]:
    """Yield the events of a situation, for threaded servers."""
    log(f"{situation} started")
    try:
        match situation:
            case "fails at once":
                raise LookupError("there is no such stream")
            case "fails half-way":
                yield ServerSentEvent("one")
                raise LookupError("there is no more")
            case "silence":
                yield ServerSentEvent("one")
                for _ in range(1200):
                    time.sleep(0.05)
                    yield None
            case "flood":
                yield from flood()
            case "endless":
                while True:
                    yield ServerSentEvent(BIG)
            case _:
                yield from cast("Any", channel.stream(situation))  # a stream also takes whole blocks
    finally:
        log(f"{situation} ended")
