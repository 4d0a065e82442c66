"""Streams to measure with, the same on every run, in the dialects of real servers. Written here, not recorded."""

from __future__ import annotations

import json
from typing import NamedTuple

_WORDS = ("an", "event", "stream", "carries", "one", "answer", "a", "token", "at", "a", "time")


class Workload(NamedTuple):
    """A stream, as the blocks that a server writes one at a time."""

    name: str
    blocks: list[bytes]

    @property
    def wire(self) -> bytes:
        """The whole stream."""
        return b"".join(self.blocks)


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _chat(number: int) -> str:
    return _dump(
        {
            "id": "chatcmpl-A1b2C3d4E5f6G7h8I9j0K1l2M3n4O",
            "object": "chat.completion.chunk",
            "created": 1764000000 + number,
            "model": "example-model-2026-11-24",
            "choices": [{"index": 0, "delta": {"content": " " + _WORDS[number % len(_WORDS)]}, "finish_reason": None}],
        }
    )


def _chat_block(number: int) -> str:
    return f"data: {_chat(number)}\n\n"


def _typed_block(number: int) -> str:
    delta = {"type": "text_delta", "text": " " + _WORDS[number % len(_WORDS)]}
    payload = {"type": "content_block_delta", "index": 0, "delta": delta, "sequence_number": number, "note": "x" * 90}
    return f"event: content_block_delta\ndata: {_dump(payload)}\n\n"


def _mixed_block(number: int) -> str:
    """All that a stream can have: ids, types, several lines of data, comments, a reconnection time, other alphabets."""
    lines = [f"id: {number}"]
    if number % 3 == 0:
        lines.append("event: update")
    if number % 50 == 0:
        lines += [": keep-alive", "retry: 3000"]
    lines.append(f"data: {_chat(number)}")
    if number % 5 == 0:
        lines.append("data: naïve, 日本語, 🍊")
    return "\n".join(lines) + "\n\n"


def workloads(events: int = 4000) -> list[Workload]:
    """Return every workload, each of about so many events."""
    chat = [_chat_block(number).encode() for number in range(events)] + [b"data: [DONE]\n\n"]
    typed = [_typed_block(number).encode() for number in range(events)]
    image = b"data: " + b"iVBORw0KGgo" * 100_000 + b"\n\n"
    return [
        Workload("data only", chat),
        Workload("event and data", typed),
        Workload("data only, CRLF", [block.replace(b"\n", b"\r\n") for block in chat]),
        Workload("event and data, CRLF", [block.replace(b"\n", b"\r\n") for block in typed]),
        Workload("mixed", [_mixed_block(number).encode() for number in range(events)]),
        Workload("one of 1 MiB among small ones", [*chat[:200], image, *chat[:200]]),
    ]


def pieces(wire: bytes, size: int) -> list[bytes]:
    """Cut a stream into chunks of one size."""
    return [wire[at : at + size] for at in range(0, len(wire), size)]


def chunkings(workload: Workload) -> dict[str, list[bytes]]:
    """Return the ways a stream arrives: one event a feed, network packets, large reads."""
    return {
        "event a feed": workload.blocks,
        "1460 B": pieces(workload.wire, 1460),
        "64 KiB": pieces(workload.wire, 65536),
    }
