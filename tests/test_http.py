"""Media type and headers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from sse_codec import (
    MEDIA_TYPE,
    EncodeError,
    is_event_stream,
    parse_last_event_id,
    request_headers,
    response_headers,
)
from tests.strategies import plain_texts


def test_response_headers() -> None:
    assert response_headers() == {
        "Content-Type": MEDIA_TYPE,
        "Cache-Control": "no-store, no-transform",
        "X-Accel-Buffering": "no",
    }
    assert response_headers() is not response_headers(), "each caller has its own to add to"


def test_request_headers() -> None:
    assert request_headers() == {"Accept": b"text/event-stream", "Cache-Control": b"no-store"}
    assert request_headers("5")["Last-Event-ID"] == b"5"
    assert request_headers("🍊")["Last-Event-ID"] == b"\xf0\x9f\x8d\x8a"


@pytest.mark.parametrize("bad", ["a\r\nX: y", "a\n", "a\r", "a\0", "a\ud800"])
def test_request_headers_take_no_injection(bad: str) -> None:
    with pytest.raises(EncodeError, match="^last_event_id can't hold") as raised:
        request_headers(bad)
    assert raised.value.offset == 1


@pytest.mark.parametrize("bad", [None, b"1", 1])
def test_request_headers_take_a_str(bad: Any) -> None:
    with pytest.raises(TypeError, match=f"^last_event_id must be a str, not {type(bad).__name__}$"):
        request_headers(bad)


@given(plain_texts)
def test_an_id_survives_the_header(last_event_id: str) -> None:
    sent = request_headers(last_event_id).get("Last-Event-ID", b"")
    assert parse_last_event_id(sent) == last_event_id
    assert parse_last_event_id(sent.decode("latin-1")) == last_event_id


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        ("", ""),
        (b"", ""),
        ("41", "41"),
        ("Ã©", "é"),
        ("🍊", "🍊"),
        ("é", "é"),
        ("\xff", "\xff"),
        (b"\xff", "\ufffd"),
        ("\ud83c", "\ufffd\ufffd\ufffd"),
    ],
)
def test_parse_last_event_id(value: str | bytes | None, expected: str) -> None:
    assert parse_last_event_id(value) == expected


def test_parse_last_event_id_refuses_other_types() -> None:
    with pytest.raises(TypeError, match="not int"):
        parse_last_event_id(5)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text/event-stream", True),
        (b"text/event-stream", True),
        ("TEXT/Event-Stream;charset=UTF-8", True),
        ("text/event-stream ; a=b; c", True),
        ("\ttext/event-stream\r\n", True),
        ("text/event-stream, text/plain", False),
        ("text/event-streams", False),
        ("x-text/event-stream", False),
        ("application/json", False),
        ("", False),
        (b"\xff", False),
        (None, False),
    ],
)
def test_is_event_stream(value: str | bytes | None, expected: bool) -> None:
    assert is_event_stream(value) is expected


def test_is_event_stream_refuses_other_types() -> None:
    with pytest.raises(TypeError, match="not int"):
        is_event_stream(5)  # type: ignore[arg-type]  # wrong on purpose
