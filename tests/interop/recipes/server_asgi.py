from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

from sse_codec import ServerSentEvent, parse_last_event_id
from sse_codec.serving import astream, end_streams_on_signals, respond


def make_app(events: Callable[[str], AsyncIterator[ServerSentEvent]]) -> Callable[..., Awaitable[None]]:
    async def app(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            end_streams_on_signals()  # once the server runs, which else would wait for its clients to leave
            last_event_id = parse_last_event_id(dict(scope["headers"]).get(b"last-event-id"))
            await respond(scope, receive, send, astream(events(last_event_id)), send_timeout=30)

    return app
