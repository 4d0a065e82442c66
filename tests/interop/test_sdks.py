"""The SDKs of OpenAI and Anthropic read whole answers that our encoder wrote, from a server on this machine.

The answers have what their servers send and more: keep-alive comments between events, unescaped text beyond ASCII, and
the line separators of Unicode, which break a client that splits lines with `str.splitlines`.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from sse_codec import Comment, ServerSentEvent, encode, encode_block, encode_comment, encode_line, response_headers

from .servers import module, serve_asgi

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

pytestmark = pytest.mark.interop

TOKENS = ["Once", " upon\n", "\n a", " 🍊", " of\u2028Unicode\x85", ": ", "data: x", ' "quoted" ', "\ufeff", " end "]
TEXT = "".join(TOKENS)
ARGUMENTS = ['{"city": "Köln', "\u2029", '", "days": ', "3}"]
HEADERS = [(name.lower().encode(), value.encode()) for name, value in response_headers().items()]


class Api:
    """An ASGI app that answers each request with `blocks`."""

    def __init__(self) -> None:
        self.blocks: Iterable[bytes] = ()
        self.port = 0
        self.requests: list[tuple[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message["body"]
            if not message["more_body"]:
                break
        self.requests.append((scope["path"], json.loads(body)))
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        for block in self.blocks:
            await send({"type": "http.response.body", "body": block, "more_body": True})
        await send({"type": "http.response.body"})


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    app = Api()
    with serve_asgi(app) as app.port:
        yield app


def data(value: Any, event: str = "message") -> bytes:
    return encode(ServerSentEvent(json.dumps(value, ensure_ascii=False), event=event))


# OpenAI, chat completions: data only, and [DONE] at the end.


def chunk(delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
    return data(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1764079200,
            "model": "model",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
        }
    )


def tool_call(**function: str) -> dict[str, Any]:
    start = {"id": "call_1", "type": "function"} if "name" in function else {}
    return {"tool_calls": [{"index": 0, **start, "function": function}]}


CHUNKS = [
    chunk({"role": "assistant", "content": ""}),
    *(chunk({"content": token}) for token in TOKENS),
    chunk(tool_call(name="weather", arguments="")),
    *(chunk(tool_call(arguments=part)) for part in ARGUMENTS),
    chunk({}, "tool_calls"),
    encode(ServerSentEvent("[DONE]")),
]
CHAT = [encode_comment("OPENROUTER PROCESSING") + block for block in CHUNKS]
QUESTION: list[Any] = [{"role": "user", "content": "Tell me a story."}]


@pytest.fixture
def openai(api: Api) -> Iterator[Any]:
    with module("openai").OpenAI(base_url=f"{api.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def test_openai_chat(api: Api, openai: Any) -> None:
    api.blocks = CHAT
    text, arguments, reasons = "", "", []
    for part in openai.chat.completions.create(model="model", messages=QUESTION, stream=True):
        (choice,) = part.choices
        text += choice.delta.content or ""
        for call in choice.delta.tool_calls or ():
            arguments += call.function.arguments
        reasons.append(choice.finish_reason)
    assert text == TEXT
    assert arguments == "".join(ARGUMENTS)
    assert reasons == [None] * (len(TOKENS) + len(ARGUMENTS) + 2) + ["tool_calls"]
    assert api.requests[-1][0] == "/v1/chat/completions"


def test_openai_chat_put_together(api: Api, openai: Any) -> None:
    api.blocks = CHAT
    with openai.chat.completions.stream(model="model", messages=QUESTION) as stream:
        deltas = [event.delta for event in stream if event.type == "content.delta"]
        (choice,) = stream.get_final_completion().choices
    assert deltas == ["", *TOKENS]
    assert choice.message.content == TEXT
    (call,) = choice.message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == ("weather", {"city": "Köln\u2029", "days": 3})


def test_openai_chat_async(api: Api) -> None:
    library = module("openai")

    async def read() -> list[str]:
        async with library.AsyncOpenAI(base_url=f"{api.url}/v1", api_key="none", max_retries=0) as client:
            stream = await client.chat.completions.create(model="model", messages=QUESTION, stream=True)
            return [part.choices[0].delta.content async for part in stream if part.choices[0].delta.content]

    api.blocks = CHAT
    assert asyncio.run(read()) == TOKENS


def test_openai_stops_at_done(api: Api, openai: Any) -> None:
    api.blocks = [chunk({"content": "a"}), encode(ServerSentEvent("[DONE]")), chunk({"content": "b"})]
    parts = openai.chat.completions.create(model="model", messages=QUESTION, stream=True)
    assert [part.choices[0].delta.content for part in parts] == ["a"]


def test_openai_error_in_band(api: Api, openai: Any) -> None:
    """It is only data, because the status has already been sent."""
    api.blocks = [chunk({"content": "a"}), data({"error": {"message": "The server\u2028is busy", "code": 502}})]
    seen = []
    with pytest.raises(module("openai").APIError, match="The server\u2028is busy") as caught:
        for part in openai.chat.completions.create(model="model", messages=QUESTION, stream=True):
            seen.append(part.choices[0].delta.content)  # noqa: PERF401  # a comprehension would lose it
    assert seen == ["a"]
    assert caught.value.body["code"] == 502


# OpenAI, responses: named events, numbered, and no [DONE].

RESPONSE: dict[str, Any] = {
    "id": "resp_1", "object": "response", "created_at": 1764079200, "model": "model", "status": "in_progress",
    "output": [], "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
}  # fmt: skip


def response_events() -> list[dict[str, Any]]:
    part: dict[str, Any] = {"type": "output_text", "text": "", "annotations": []}
    message: dict[str, Any] = {
        "id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress", "content": [],
    }  # fmt: skip
    call: dict[str, Any] = {
        "id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "weather", "arguments": "",
        "status": "in_progress",
    }  # fmt: skip
    text = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    arguments = {"item_id": "fc_1", "output_index": 1}
    whole = "".join(ARGUMENTS)
    done_part = {**part, "text": TEXT}
    output = [{**message, "content": [done_part], "status": "completed"}, {**call, "arguments": whole}]
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": RESPONSE},
        {"type": "response.output_item.added", "output_index": 0, "item": message},
        {"type": "response.content_part.added", **text, "part": part},
        *({"type": "response.output_text.delta", **text, "delta": token, "logprobs": []} for token in TOKENS),
        {"type": "response.output_text.done", **text, "text": TEXT, "logprobs": []},
        {"type": "response.content_part.done", **text, "part": done_part},
        {"type": "response.output_item.done", "output_index": 0, "item": output[0]},
        {"type": "response.output_item.added", "output_index": 1, "item": call},
        *({"type": "response.function_call_arguments.delta", **arguments, "delta": delta} for delta in ARGUMENTS),
        {"type": "response.function_call_arguments.done", **arguments, "name": "weather", "arguments": whole},
        {"type": "response.output_item.done", "output_index": 1, "item": output[1]},
        {"type": "response.completed", "response": {**RESPONSE, "status": "completed", "output": output}},
    ]
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


def test_openai_responses(api: Api, openai: Any) -> None:
    events = response_events()
    api.blocks = [data(event, event=event["type"]) for event in events]
    seen = list(openai.responses.create(model="model", input="Tell me a story.", stream=True))
    assert [(event.type, event.sequence_number) for event in seen] == [
        (e["type"], e["sequence_number"]) for e in events
    ]
    assert [event.delta for event in seen if event.type == "response.output_text.delta"] == TOKENS
    assert seen[-1].response.output_text == TEXT


def test_openai_responses_put_together(api: Api, openai: Any) -> None:
    api.blocks = [data(event, event=event["type"]) for event in response_events()]
    with openai.responses.stream(model="model", input="Tell me a story.") as stream:
        text = [event.delta for event in stream if event.type == "response.output_text.delta"]
        response = stream.get_final_response()
    assert text == TOKENS
    assert response.output_text == TEXT
    assert response.output[1].arguments == "".join(ARGUMENTS)


# Anthropic: named events, pings among them, and no sentinel.


def message_events() -> list[bytes]:
    message: dict[str, Any] = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "model", "content": [], "stop_reason": None,
        "stop_sequence": None, "usage": {"input_tokens": 5, "output_tokens": 1},
    }  # fmt: skip
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
        *(
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": token}}
            for token in TOKENS
        ),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "content_block_start",
            "index": 1,
            "content_block": {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}},
        },
        *(
            {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": part}}
            for part in ARGUMENTS
        ),
        {"type": "ping"},
        {"type": "content_block_stop", "index": 1},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "tool_use", "stop_sequence": None},
            "usage": {"output_tokens": 9},
        },
        {"type": "message_stop"},
    ]
    return [data(event, event=event["type"]) for event in events]


@pytest.fixture
def anthropic(api: Api) -> Iterator[Any]:
    with module("anthropic").Anthropic(base_url=api.url, api_key="none", max_retries=0) as client:
        yield client


def test_anthropic_messages(api: Api, anthropic: Any) -> None:
    api.blocks = [encode_comment("keep-alive"), *message_events()]
    seen = list(anthropic.messages.create(model="model", max_tokens=9, messages=QUESTION, stream=True))
    deltas = [event.delta for event in seen if event.type == "content_block_delta"]
    assert [delta.text for delta in deltas if delta.type == "text_delta"] == TOKENS
    assert [delta.partial_json for delta in deltas if delta.type == "input_json_delta"] == ARGUMENTS
    assert seen[0].type == "message_start"
    assert seen[-1].type == "message_stop"
    assert not [event for event in seen if event.type == "ping"]
    assert api.requests[-1][0] == "/v1/messages"


def test_anthropic_messages_put_together(api: Api, anthropic: Any) -> None:
    api.blocks = message_events()
    with anthropic.messages.stream(model="model", max_tokens=9, messages=QUESTION) as stream:
        assert list(stream.text_stream) == TOKENS
        message = stream.get_final_message()
    text, call = message.content
    assert text.text == TEXT
    assert (call.name, call.input) == ("weather", {"city": "Köln\u2029", "days": 3})
    assert (message.stop_reason, message.usage.output_tokens) == ("tool_use", 9)


def test_anthropic_messages_async(api: Api) -> None:
    library = module("anthropic")

    async def read() -> list[str]:
        async with (
            library.AsyncAnthropic(base_url=api.url, api_key="none", max_retries=0) as client,
            client.messages.stream(model="model", max_tokens=9, messages=QUESTION) as stream,
        ):
            return [text async for text in stream.text_stream]

    api.blocks = message_events()
    assert asyncio.run(read()) == TOKENS


def test_anthropic_error_in_band(api: Api, anthropic: Any) -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    api.blocks = [*message_events()[:4], data(error, event="error")]
    seen = []
    with pytest.raises(module("anthropic").APIStatusError, match="Overloaded") as caught:
        for event in anthropic.messages.create(model="model", max_tokens=9, messages=QUESTION, stream=True):
            seen.append(event.type)  # noqa: PERF401  # a comprehension would lose it
    assert seen == ["message_start", "content_block_start", "content_block_delta"]
    assert caught.value.body == error


# Where an SDK takes something else for an event, and how a server avoids it.


def test_openai_takes_a_block_without_data_for_an_event(api: Api, openai: Any) -> None:
    """It fails to parse the missing JSON, so `id` and `retry` must go into blocks that have data."""
    api.blocks = [encode_block(retry=1000), *CHAT]
    with pytest.raises(json.JSONDecodeError):
        list(openai.chat.completions.create(model="model", messages=QUESTION, stream=True))
    api.blocks = [b"retry: 1000\n" + CHUNKS[0], *CHUNKS[1:]]
    parts = openai.chat.completions.create(model="model", messages=QUESTION, stream=True)
    assert "".join(part.choices[0].delta.content or "" for part in parts) == TEXT


def test_openai_takes_a_blank_line_after_an_id_for_an_event(api: Api, openai: Any) -> None:
    """So in a stream with ids, a keep-alive must be a comment without its own blank line."""
    first = b"id: 1\n" + CHUNKS[0]
    api.blocks = [first, encode_comment("keep-alive"), *CHUNKS[1:]]
    with pytest.raises(json.JSONDecodeError):
        list(openai.chat.completions.create(model="model", messages=QUESTION, stream=True))
    api.blocks = [first, *(encode_line(Comment("keep-alive")) + block for block in CHUNKS[1:])]
    parts = openai.chat.completions.create(model="model", messages=QUESTION, stream=True)
    assert "".join(part.choices[0].delta.content or "" for part in parts) == TEXT


def test_anthropic_ignores_blocks_without_data(api: Api, anthropic: Any) -> None:
    api.blocks = [encode_block(retry=1000, id="1"), encode_comment("keep-alive"), *message_events()]
    with anthropic.messages.stream(model="model", max_tokens=9, messages=QUESTION) as stream:
        assert list(stream.text_stream) == TOKENS
