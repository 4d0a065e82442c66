import json
from collections.abc import Iterator

from openai import OpenAI


def answer(client: OpenAI, question: str) -> Iterator[str]:
    with client.chat.completions.with_streaming_response.create(
        model="example-1", messages=[{"role": "user", "content": question}], stream=True
    ) as response:
        for line in response.iter_lines():
            if line.startswith("data: ") and line != "data: [DONE]":
                for choice in json.loads(line.removeprefix("data: "))["choices"]:
                    yield choice["delta"].get("content") or ""
