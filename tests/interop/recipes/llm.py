import asyncio
import json
from collections.abc import AsyncGenerator

from sse_codec import ServerSentEvent

TOKENS = ["The", " same", " words", " each", " time", ",\n", "and", " none", " is", " lost", ": ", "naïve", " 🍊", "!"]


async def tokens(last_event_id: str) -> AsyncGenerator[ServerSentEvent, None]:
    numbers = {str(number): number for number in range(1, len(TOKENS) + 1)}
    start = numbers.get(last_event_id, 0)  # a client can send anything
    for number, token in enumerate(TOKENS[start:], start + 1):
        await asyncio.sleep(0.05)
        yield ServerSentEvent(json.dumps({"token": token}), event="token", id=str(number))
    yield ServerSentEvent("", event="close")
