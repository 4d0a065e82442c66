import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisIsAway

from sse_codec import ServerSentEvent, parse_last_event_id, response_headers
from sse_codec.resume import EventHistory
from sse_codec.serving import Channel, end_streams_on_signals

KEY = "events"  # a Redis stream: its ids mean the same on every worker, and after a restart


def to_event(id: str, fields: dict[str, str]) -> ServerSentEvent:
    return ServerSentEvent(fields["data"], event=fields["event"], id=id)


async def publish(redis: Redis, data: str, event: str = "message") -> None:
    """Publish from anywhere: a worker, a script, a task queue."""
    await redis.xadd(KEY, {"data": data, "event": event}, maxlen=10_000, approximate=True)


async def follow(redis: Redis, channel: Channel, last_id: str) -> None:
    while True:
        try:
            news: Any = await redis.xread({KEY: last_id}, block=5_000)
            for _, entries in news:
                for id, fields in entries:
                    last_id = channel.publish(to_event(id, fields))
        except RedisIsAway:
            await asyncio.sleep(1)


@asynccontextmanager
async def worker_channel(redis: Redis) -> AsyncIterator[Channel]:
    """Make one worker's channel. It starts with what Redis has kept, so clients of other workers can resume here."""
    history = EventHistory()
    kept: Any = await redis.xrevrange(KEY, count=1_000)
    for id, fields in reversed(kept):
        history.append(to_event(id, fields))
    channel = Channel(history=history)
    follower = asyncio.create_task(follow(redis, channel, history.last_event_id or "0"))
    try:
        yield channel
    finally:
        follower.cancel()
        with suppress(asyncio.CancelledError):
            await follower


def make_app(url: str) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, object]]:
        async with Redis.from_url(url, decode_responses=True) as redis, worker_channel(redis) as channel:
            yield {"channel": channel, "redis": redis}

    app = FastAPI(lifespan=lifespan)

    @app.get("/events")
    async def stream(request: Request) -> Response:
        end_streams_on_signals()  # otherwise Ctrl-C waits until every client has left
        last_event_id = parse_last_event_id(request.headers.get("Last-Event-ID"))
        return StreamingResponse(request.state.channel.astream(last_event_id), headers=response_headers())

    @app.post("/events", status_code=202)
    async def post(request: Request) -> None:
        await publish(request.state.redis, (await request.body()).decode())

    return app
