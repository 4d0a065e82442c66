from collections.abc import Iterator

from anthropic import Anthropic, Stream


def answer(client: Anthropic, question: str) -> Iterator[str]:
    with client.messages.with_streaming_response.create(
        model="example-1", max_tokens=1000, messages=[{"role": "user", "content": question}], stream=True
    ) as response:
        for event in Stream.raw_events(response.http_response):
            if event.event == "content_block_delta":
                yield event.json()["delta"]["text"]
