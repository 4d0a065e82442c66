from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

from sse_codec import ServerSentEvent, parse_last_event_id
from sse_codec.serving import astream, end_streams_on_signals, respond


def make_app(events: Callable[[str], AsyncIterator[ServerSentEvent]]) -> Callable[..., Awaitable[None]]:
    async def app(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            end_streams_on_signals()  # otherwise Ctrl-C waits until every client has left
            body = astream(events(parse_last_event_id(dict(scope["headers"]).get(b"last-event-id"))))
            await body.ready(0.2)  # if the source fails by then, the client gets an error status
            await respond(scope, receive, send, body, send_timeout=30)

    return app
