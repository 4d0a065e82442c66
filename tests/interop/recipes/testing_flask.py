from contextlib import closing

from flask import Flask

from sse_codec import ServerSentEvent, decode


def first_events(app: Flask, count: int) -> list[ServerSentEvent]:
    """Return the first events of an endless stream."""
    with closing(app.test_client().get("/events")) as response:
        events = decode(response.iter_encoded())
        return [next(events) for _ in range(count)]
