import asyncio
from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from sse_codec import ServerSentEvent, response_headers
from sse_codec.serving import astream, end_streams_on_signals

app = FastAPI()


async def ticks() -> AsyncIterator[ServerSentEvent]:
    for number in range(10):
        yield ServerSentEvent(f'{{"n": {number}}}', event="tick", id=str(number))
        await asyncio.sleep(1)


@app.get("/events")
async def events() -> StreamingResponse:
    end_streams_on_signals()  # otherwise Ctrl-C waits until every client has left
    return StreamingResponse(astream(ticks()), headers=response_headers())
