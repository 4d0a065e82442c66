"""The README's channel: many clients, each given every event once; and the soak, for as long as CI has time for it."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from sse_codec import ServerSentEvent, decode

from .recipes import server_resume
from .recipes.server_resume import Channel
from .servers import PATIENCE
from .soak import WAYS, Soak

pytestmark = pytest.mark.interop


def event(number: int) -> ServerSentEvent:
    return ServerSentEvent(f"event {number}", id=str(number))


async def take(channel: Channel, last_event_id: str, count: int) -> list[ServerSentEvent]:
    """Return the next events for a client that comes with a last event ID."""
    taken: list[bytes] = []
    async with aclosing(channel.blocks(last_event_id)) as blocks:
        while len(taken) < count:
            taken.append(await anext(blocks))
    return list(decode(taken))


def test_a_channel() -> None:
    async def run() -> None:
        channel = Channel()
        channel.publish(event(1))
        new = asyncio.create_task(take(channel, "", 2))
        back = asyncio.create_task(take(channel, "1", 2))
        await asyncio.sleep(0)
        channel.publish(event(2))
        channel.publish(event(3))
        assert await new == await back == [event(2), event(3)]
        assert await take(channel, "1", 2) == [event(2), event(3)]
        assert await take(channel, "unknown", 1) == [ServerSentEvent("", event="gap")]
        assert not channel._queues

    asyncio.run(run())


def test_a_channel_that_is_silent_keeps_its_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_resume, "KEEP_ALIVE", 0.01)

    async def run() -> list[bytes]:
        channel = Channel()
        async with aclosing(channel.blocks("")) as blocks:
            silence = [await anext(blocks), await anext(blocks)]
            channel.publish(event(1))
            return [*silence, await anext(blocks)]

    assert asyncio.run(asyncio.wait_for(run(), PATIENCE)) == [b": \n\n", b": \n\n", b"id: 1\ndata: event 1\n\n"]


def test_a_channel_ends_the_stream_of_who_is_too_slow() -> None:
    """Without a hole: it is given what was queued, and comes back for the rest."""

    async def run() -> list[ServerSentEvent]:
        channel = Channel()
        channel.publish(event(0))
        slow = channel.blocks("")
        first = asyncio.ensure_future(anext(slow))
        await asyncio.sleep(0)
        for number in range(1, 201):
            channel.publish(event(number))
        wire = [await first] + [block async for block in slow]
        seen = list(decode(wire))
        assert len(seen) < 200
        return seen + await take(channel, seen[-1].id or "", 200 - len(seen))

    assert asyncio.run(asyncio.wait_for(run(), PATIENCE)) == [event(number) for number in range(1, 201)]


def test_no_event_is_lost_or_doubled() -> None:
    soak = Soak(streams=100, seconds=5, rate=20, lifetime=1, seed=1)
    figures = asyncio.run(soak.run())
    print(figures)
    assert figures.right
    assert figures.cuts.keys() == set(WAYS)
    assert figures.received > 100 * 20
    assert not soak._channel._queues, "each generator has ended"
