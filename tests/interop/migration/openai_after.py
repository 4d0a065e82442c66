from collections.abc import Iterator

from openai import OpenAI

from sse_codec.clients import events


def answer(client: OpenAI, question: str) -> Iterator[str]:
    with client.chat.completions.with_streaming_response.create(
        model="example-1", messages=[{"role": "user", "content": question}], stream=True
    ) as response:
        for event in events(response.http_response, until="[DONE]"):
            for choice in event.json()["choices"]:
                yield choice["delta"].get("content") or ""
