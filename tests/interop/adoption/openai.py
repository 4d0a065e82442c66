from collections.abc import AsyncIterator, Iterator

from openai._streaming import ServerSentEvent

from sse_codec import Block, adecode_blocks, decode_blocks


class SSEDecoder:
    last_event_id: str | None = None

    def to_event(self, block: Block) -> ServerSentEvent | None:
        if block.id is not None:
            self.last_event_id = block.id
        if block.data is None and not block.event and not block.id and block.retry is None:
            return None
        return ServerSentEvent(event=block.event, data=block.data, id=self.last_event_id, retry=block.retry)

    def iter_bytes(self, iterator: Iterator[bytes]) -> Iterator[ServerSentEvent]:
        for block in decode_blocks(iterator, max_event_size=None):
            if event := self.to_event(block):
                yield event

    async def aiter_bytes(self, iterator: AsyncIterator[bytes]) -> AsyncIterator[ServerSentEvent]:
        async for block in adecode_blocks(iterator, max_event_size=None):
            if event := self.to_event(block):
                yield event
