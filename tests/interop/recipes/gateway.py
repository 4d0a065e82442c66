import asyncio
import json
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import StreamingResponse

from sse_codec import ServerSentEvent, parse_last_event_id, response_headers
from sse_codec.serving import Channel, astream, end_streams_on_signals

GRACE = 5  # how many seconds the model keeps writing when nobody is reading
KEPT = 600  # how many seconds an answer can be read again

logger = logging.getLogger(__name__)


def make_app(model: Callable[[str], AsyncIterator[str]]) -> FastAPI:
    app = FastAPI()
    answers: dict[str, Channel] = {}
    writers: set[asyncio.Task[None]] = set()

    # OpenAI's protocol: one client, no ids. When the client leaves, the model stops.

    def chunk(token: str) -> ServerSentEvent:
        choices = [{"index": 0, "delta": {"content": token}, "finish_reason": None}]
        shared = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0, "model": "model"}
        return ServerSentEvent(json.dumps({**shared, "choices": choices}))

    def failed(error: Exception) -> ServerSentEvent:
        logger.error("the model failed", exc_info=error)
        return ServerSentEvent(json.dumps({"error": {"message": "the model failed", "type": "server_error"}}))

    async def chunks(question: str) -> AsyncIterator[ServerSentEvent]:
        async for token in model(question):
            yield chunk(token)
        yield ServerSentEvent("[DONE]")

    @app.post("/v1/chat/completions")
    async def complete(body: dict[str, Any]) -> Response:
        end_streams_on_signals()  # otherwise Ctrl-C waits until every client has left
        stream = astream(chunks(body["messages"][-1]["content"]), on_error=failed)
        await stream.ready(0.2)  # if the model fails by then, the client gets an error status
        return StreamingResponse(stream, headers=response_headers())

    # For pages: any number of clients read an answer, and resume where their connection broke.

    async def write(channel: Channel, question: str) -> None:
        try:
            async for token in model(question):
                channel.publish(ServerSentEvent(json.dumps({"token": token}), event="token"))
            channel.publish(ServerSentEvent("", event="done"))
        except Exception:
            logger.exception("the model failed")
            channel.publish(ServerSentEvent("", event="failed"))
        finally:
            channel.close()

    async def write_while_somebody_reads(channel: Channel, question: str) -> None:
        writer = asyncio.create_task(write(channel, question))
        idle = 0
        while idle < GRACE and not writer.done():
            await asyncio.wait({writer}, timeout=1)
            idle = 0 if channel.listeners else idle + 1
        writer.cancel()

    @app.post("/answers", status_code=201)
    async def ask(body: dict[str, Any]) -> dict[str, str]:
        name = secrets.token_urlsafe()
        answers[name] = channel = Channel(replay=True, retry=1000)
        asyncio.get_running_loop().call_later(KEPT, answers.pop, name, None)
        writers.add(writer := asyncio.create_task(write_while_somebody_reads(channel, body["question"])))
        writer.add_done_callback(writers.discard)
        return {"answer": f"/answers/{name}"}

    @app.get("/answers/{name}")
    async def read(name: str, request: Request) -> Response:
        end_streams_on_signals()
        if name not in answers:
            raise HTTPException(404)
        last_event_id = parse_last_event_id(request.headers.get("Last-Event-ID"))
        return StreamingResponse(answers[name].astream(last_event_id), headers=response_headers())

    return app
