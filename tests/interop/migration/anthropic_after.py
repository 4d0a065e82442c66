from collections.abc import Iterator

from anthropic import Anthropic

from sse_codec import ReceivedEvent
from sse_codec.clients import events


def is_last(event: ReceivedEvent) -> bool:
    return event.event == "message_stop"


def answer(client: Anthropic, question: str) -> Iterator[str]:
    with client.messages.with_streaming_response.create(
        model="example-1", max_tokens=1000, messages=[{"role": "user", "content": question}], stream=True
    ) as response:
        for event in events(response.http_response, until=is_last):
            if event.event == "content_block_delta":
                yield event.json()["delta"]["text"]
