from quart import Quart

from sse_codec import Decoder, ServerSentEvent


async def first_events(app: Quart, count: int) -> list[ServerSentEvent]:
    """Return the first events of an endless stream."""
    decoder = Decoder()
    events: list[ServerSentEvent] = []
    async with app.test_client().request("/events") as connection:
        await connection.send_complete()
        while len(events) < count:
            events += decoder.feed(await connection.receive())
        await connection.disconnect()
    return events[:count]
