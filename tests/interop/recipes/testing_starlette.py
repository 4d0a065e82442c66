from typing import Any

from starlette.testclient import TestClient

from sse_codec import ServerSentEvent, decode


def first_events(app: Any, count: int) -> list[ServerSentEvent]:
    """Return the first events of an endless stream, from any ASGI application."""
    with TestClient(app).stream("GET", "/events") as response:
        events = decode(response.iter_bytes())
        return [next(events) for _ in range(count)]
