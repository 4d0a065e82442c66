from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

from httpx_sse import EventSource, ServerSentEvent

from sse_codec import Block, adecode_blocks, decode_blocks


def to_event(block: Block) -> ServerSentEvent | None:
    if block.data is None and not block.event and not block.id and block.retry is None:
        return None
    return ServerSentEvent(block.event, block.data, block.last_event_id, block.retry)


def iter_sse(self: EventSource) -> Iterator[ServerSentEvent]:
    self._check_content_type()
    for block in decode_blocks(self.response.iter_bytes(), max_event_size=None):
        if event := to_event(block):
            yield event


async def aiter_sse(self: EventSource) -> AsyncIterator[ServerSentEvent]:
    self._check_content_type()
    async with aclosing(adecode_blocks(self.response.aiter_bytes(), max_event_size=None)) as blocks:
        async for block in blocks:
            if event := to_event(block):
                yield event
