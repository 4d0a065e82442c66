import asyncio

from aiohttp_sse import EventSourceResponse

from sse_codec import encode_block


async def send(
    self: EventSourceResponse, data: str, id: str | None = None, event: str | None = None, retry: int | None = None
) -> None:
    block = encode_block(data, event=event, id=id, retry=retry).replace(b"\n", self._sep.encode())
    try:
        async with asyncio.timeout(self._send_timeout):
            await self.write(block)
    except (ConnectionResetError, TimeoutError) as error:
        self.stop_streaming()
        if isinstance(error, TimeoutError):
            self._abort_transport()
        raise
