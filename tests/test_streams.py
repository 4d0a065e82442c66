"""The main job on streams in the dialects of real servers, whole and through the command line.

The streams are our own, modelled on what such servers send. The expected figures were counted by hand.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from sse_codec import Comment, Decoder, LineDecoder, decode
from sse_codec.testing import reference_decode

STREAMS = Path(__file__).parent / "vectors" / "streams"
ANSWER = "Server-Sent Events carry one answer, a token at a time: naïve, 日本語, 🍊."


class Expected(NamedTuple):
    types: dict[str, int]
    comments: int = 0
    last_event_id: str = ""
    reconnection_time: int | None = None
    unfinished: str | None = None
    done: bool = False


EXPECTED = {
    "openai-chat.sse": Expected({"message": 22}, done=True),
    "anthropic-messages.sse": Expected(
        {
            "message_start": 1,
            "content_block_start": 1,
            "ping": 1,
            "content_block_delta": 19,
            "content_block_stop": 1,
            "message_delta": 1,
            "message_stop": 1,
        }
    ),
    "gemini-generate.sse": Expected({"message": 19}),
    "keepalive-comments.sse": Expected({"message": 20}, comments=4, done=True),
    "mcp-messages.sse": Expected({"message": 4}, comments=1, last_event_id="3"),
    "feed-unfinished.sse": Expected({"note": 1, "message": 1, "error": 1}, 1, "a2", 2500, unfinished="[DONE]"),
}


def test_every_stream_has_expected_figures() -> None:
    assert {path.name for path in STREAMS.glob("*.sse")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("size", [1, 7, 1460, 65536])
def test_stream(name: str, size: int) -> None:
    wire, expected = (STREAMS / name).read_bytes(), EXPECTED[name]
    chunks = [wire[at : at + size] for at in range(0, len(wire), size)]
    decoder, lines = Decoder(), LineDecoder()
    events = [event for chunk in chunks for event in decoder.feed(chunk)]
    assert Counter(event.event for event in events) == expected.types
    assert sum(isinstance(line, Comment) for chunk in chunks for line in lines.feed(chunk)) == expected.comments
    assert (decoder.last_event_id, decoder.reconnection_time) == (expected.last_event_id, expected.reconnection_time)
    assert (events[-1].data == "[DONE]") == expected.done
    unfinished = decoder.close()
    assert (unfinished and unfinished.data) == expected.unfinished
    assert events == reference_decode(wire).events


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("openai-chat.sse", lambda chunk: chunk["choices"][0]["delta"].get("content", "")),
        ("keepalive-comments.sse", lambda chunk: chunk["choices"][0]["delta"].get("content", "")),
        ("anthropic-messages.sse", lambda chunk: chunk.get("delta", {}).get("text", "")),
        ("gemini-generate.sse", lambda chunk: chunk["candidates"][0]["content"]["parts"][0]["text"]),
    ],
)
def test_the_answer_is_whole(name: str, text: object) -> None:
    assert callable(text)
    with (STREAMS / name).open("rb") as file:
        assert "".join(text(event.json()) for event in decode(file) if event.data != "[DONE]") == ANSWER


@pytest.mark.parametrize("name", EXPECTED)
def test_the_command_line(name: str) -> None:
    """`decode | encode | decode`, in separate processes, gives the same events as `decode`."""
    run = [sys.executable, "-m", "sse_codec"]
    wire = (STREAMS / name).read_bytes()
    decoded = subprocess.run([*run, "decode", str(STREAMS / name)], capture_output=True, check=True).stdout
    assert len(decoded.splitlines()) == sum(EXPECTED[name].types.values())
    assert [json.loads(line)["data"] for line in decoded.splitlines()] == [
        e.data for e in reference_decode(wire).events
    ]
    encoded = subprocess.run([*run, "encode"], input=decoded, capture_output=True, check=True).stdout
    again = subprocess.run([*run, "decode"], input=encoded, capture_output=True, check=True).stdout
    assert Counter(json.loads(line)["event"] for line in again.splitlines()) == EXPECTED[name].types
