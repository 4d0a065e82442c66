from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

from sse_codec import ServerSentEvent, encode, parse_last_event_id, response_headers


def make_app(events: Callable[[str], AsyncGenerator[ServerSentEvent, None]]) -> FastAPI:
    app = FastAPI()

    @app.get("/events")
    async def stream(request: Request) -> StreamingResponse:
        last_event_id = parse_last_event_id(request.headers.get("Last-Event-ID"))

        async def blocks() -> AsyncGenerator[bytes, None]:
            async with aclosing(events(last_event_id)) as source:
                async for event in source:
                    yield encode(event)

        return StreamingResponse(blocks(), headers=response_headers())

    return app
