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


@pytest.mark.parametrize(
    ("last_event_id", "sent"),
    [
        (" 1", b"1"),
        ("1 ", b"1"),
        ("\t 1 \t2\t ", b"1 \t2"),
        ("\x0b1\x0c", b"\x0b1\x0c"),
        ("\xa01\x85", b"\xc2\xa01\xc2\x85"),
        ("\u30001\u2028", b"\xe3\x80\x801\xe2\x80\xa8"),
        ("🍅", b"\xf0\x9f\x8d\x85"),
    ],
)
def test_request_headers_leave_out_what_http_takes_off(last_event_id: str, sent: bytes) -> None:
    """RFC 9110, 5.5: "A field value does not include leading or trailing whitespace", which is SP and HTAB."""
    assert request_headers(last_event_id)["Last-Event-ID"] == sent


@pytest.mark.parametrize("last_event_id", ["", " ", "\t", " \t "])
def test_an_id_of_which_nothing_is_left_sends_no_header(last_event_id: str) -> None:
    """An empty value says the same, and some clients do not send one."""
    assert "Last-Event-ID" not in request_headers(last_event_id)


@pytest.mark.parametrize("bad", ["a\r\nX: y", "a\n", "a\r", "a\0", "a\ud800", " \ud800", " \n"])
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
    assert parse_last_event_id(sent) == last_event_id.strip(" \t")
    assert parse_last_event_id(sent.decode("latin-1")) == last_event_id.strip(" \t")


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
