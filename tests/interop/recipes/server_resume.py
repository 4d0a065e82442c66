import asyncio
from collections.abc import AsyncGenerator

from sse_codec import ServerSentEvent, encode_block, encode_comment
from sse_codec.resume import EventHistory

KEEP_ALIVE = 15  # seconds


class Channel:
    """One stream for many clients. Who comes back is sent what it has missed."""

    def __init__(self) -> None:
        self._history = EventHistory(max_events=1000)
        self._queues: set[asyncio.Queue[bytes]] = set()

    def publish(self, event: ServerSentEvent) -> None:
        block = self._history.append(event)
        for queue in [*self._queues]:
            if queue.full():
                self._queues.discard(queue)  # too slow: its stream ends, and it comes back
            else:
                queue.put_nowait(block)

    async def blocks(self, last_event_id: str) -> AsyncGenerator[bytes, None]:
        queue: asyncio.Queue[bytes] = asyncio.Queue(100)
        missed = self._history.after(last_event_id) if last_event_id else ()  # who is new begins with what comes next
        self._queues.add(queue)
        try:
            if missed is None:
                yield encode_block("", event="gap")  # some of it is gone: the client has to load its state anew
            for block in missed or ():
                yield block
            while queue in self._queues or not queue.empty():
                try:
                    yield await asyncio.wait_for(queue.get(), KEEP_ALIVE)
                except asyncio.TimeoutError:
                    yield encode_comment()  # else whoever waits takes the silence for a lost connection
        finally:
            self._queues.discard(queue)
