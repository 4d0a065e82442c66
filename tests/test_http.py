"""Media type and headers."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any, Literal, cast
from unittest import mock

import pytest
from hypothesis import given

from sse_codec import (
    MEDIA_TYPE,
    EncodeError,
    EncodeTypeError,
    SSEError,
    is_event_stream,
    parse_last_event_id,
    request_headers,
    response_headers,
)
from sse_codec._http import _untransferable
from tests.strategies import plain_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

Encoding = Literal["ascii", "latin-1", "utf-8"]
ENCODINGS: tuple[Encoding, ...] = ("ascii", "latin-1", "utf-8")


def test_response_headers() -> None:
    assert response_headers() == {
        "Content-Type": MEDIA_TYPE,
        "Cache-Control": "no-store, no-transform",
        "X-Accel-Buffering": "no",
    }
    assert response_headers() is not response_headers(), "each caller has its own to add to"


def test_response_headers_with_additions() -> None:
    assert response_headers(charset=True)["Content-Type"] == "text/event-stream; charset=utf-8"
    assert "Vary" not in response_headers(allow_origin="*")
    assert response_headers(allow_origin="*")["Access-Control-Allow-Origin"] == "*"
    headers = response_headers(allow_origin="https://app.example:8443", allow_credentials=True)
    assert headers["Access-Control-Allow-Origin"] == "https://app.example:8443"
    assert headers["Access-Control-Allow-Credentials"] == "true"
    assert headers["Vary"] == "Origin", "a cache must not give one origin's answer to another"


@pytest.mark.parametrize("origin", ["null", "http://localhost", "http://[::1]:80", "chrome-extension://abc", "*"])
def test_an_origin_that_a_browser_can_send(origin: str) -> None:
    assert response_headers(allow_origin=origin)["Access-Control-Allow-Origin"] == origin


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "app.example",
        "https://",
        "://app.example",
        "https://app.example/",
        "https://app.example/page",
        "https://App.example",
        "https://a.example, https://b.example",
        "https://a.example https://b.example",
        "https://a.example\r\nSet-Cookie: a",
        "https://user@a.example",
        "https://a.example?b",
        "https://bücher.example",
    ],
)
def test_values_that_are_not_origins(origin: str) -> None:
    """Such a value would match no origin, or end the header."""
    with pytest.raises(ValueError, match="allow_origin must be"):
        response_headers(allow_origin=origin)


@pytest.mark.parametrize("origin", [None, "*"])
def test_credentials_need_an_origin(origin: str | None) -> None:
    with pytest.raises(ValueError, match="allow_credentials needs a single origin"):
        response_headers(allow_origin=origin, allow_credentials=True)


def test_an_origin_of_the_wrong_type() -> None:
    with pytest.raises(TypeError, match="allow_origin must be a str or None, not list"):
        response_headers(allow_origin=cast("Any", ["https://a.example"]))


def test_request_headers() -> None:
    assert request_headers() == {"Accept": "text/event-stream", "Cache-Control": "no-store"}
    assert request_headers("5")["Last-Event-ID"] == "5"
    assert request_headers() is not request_headers(), "each caller has its own to add to"


@pytest.mark.parametrize(
    ("last_event_id", "sent"),
    [
        (" 1", "1"),
        ("1 ", "1"),
        ("\t 1 \t2\t ", "1 \t2"),
        ("\xa01\x85", "\xa01\x85"),
        ("\u30001\u2028", "\u30001\u2028"),
        ("é", "é"),
        ("🍅", "🍅"),
        ("".join(map(chr, range(0x20, 0x7F))), "".join(map(chr, range(0x21, 0x7F)))),
    ],
)
def test_request_headers_leave_out_the_whitespace_that_HTTP_strips(last_event_id: str, sent: str) -> None:
    """RFC 9110, 5.5: "A field value does not include leading or trailing whitespace", that is, SP and HTAB."""
    assert request_headers(last_event_id, encoding="utf-8")["Last-Event-ID"] == sent
    as_bytes = request_headers(last_event_id, encoding="latin-1")["Last-Event-ID"].encode("latin-1")
    assert as_bytes == sent.encode()
    if sent.isascii():
        assert request_headers(last_event_id)["Last-Event-ID"] == sent


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("last_event_id", ["", " ", "\t", " \t "])
def test_an_id_of_whitespace_alone_sends_no_header(last_event_id: str, encoding: Encoding) -> None:
    """An empty value means the same, and some clients can't send one."""
    assert "Last-Event-ID" not in request_headers(last_event_id, encoding=encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_request_headers_refuse_control_characters(encoding: Encoding) -> None:
    """Some servers answer 400 to each of them except a tab inside the value."""
    for code in range(0x80):
        bad = f"é{chr(code)}a" if encoding != "ascii" else f"e{chr(code)}a"
        if 0x20 <= code < 0x7F or code == 9:
            assert "Last-Event-ID" in request_headers(bad, encoding=encoding)
            continue
        reason = r"^last_event_id can't contain a control character: most servers refuse it \(offset 1\): "
        with pytest.raises(EncodeError, match=reason) as raised:
            request_headers(bad, encoding=encoding)
        assert (raised.value.field, raised.value.value, raised.value.offset) == ("last_event_id", bad, 1)


@pytest.mark.parametrize("bad", ["a\r\nX: y", "a\n", "a\r", " \n", "\t\x0b", "é\x7f"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_request_headers_refuse_injection(bad: str, encoding: Encoding) -> None:
    with pytest.raises(EncodeError, match="^last_event_id can't contain a control character") as raised:
        request_headers(bad, encoding=encoding)
    assert raised.value.offset == 1


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("bad", ["é\ud800", " \udfff"])
def test_request_headers_refuse_a_lone_surrogate(bad: str, encoding: Encoding) -> None:
    with pytest.raises(EncodeError, match=r"^last_event_id can't contain a lone surrogate \(offset 1\): ") as raised:
        request_headers(bad, encoding=encoding)
    assert raised.value.offset == 1


@pytest.mark.parametrize(("bad", "offset"), [("é", 0), ("a\x80", 1), (" \xa0", 1), ("ab🍊é", 2)])
def test_an_id_beyond_ASCII_needs_an_encoding(bad: str, offset: int) -> None:
    reason = "^last_event_id can't contain text beyond ASCII unless encoding= says how your client sends it"
    with pytest.raises(EncodeError, match=reason) as raised:
        request_headers(bad)
    assert (raised.value.value, raised.value.offset) == (bad, offset)


@pytest.mark.parametrize("bad", ["", "ASCII", "utf8", "latin1", None, b"utf-8", 8])
def test_the_encoding_is_one_of_three(bad: Any) -> None:
    with pytest.raises(ValueError, match="^encoding must be 'ascii', 'latin-1' or 'utf-8', not ") as raised:
        request_headers("1", encoding=bad)
    assert not isinstance(raised.value, SSEError), "a programming error is not an SSEError"


@pytest.mark.parametrize("bad", [None, b"1", 1])
def test_request_headers_take_a_str(bad: Any) -> None:
    with pytest.raises(EncodeTypeError, match=f"^last_event_id must be a str, not {type(bad).__name__}"):
        request_headers(bad)


class Liar(str):
    """A str that looks empty when iterated over, and encodes to other bytes."""

    __slots__ = ()

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __getitem__(self, key: object) -> str:
        return ""

    def isascii(self) -> bool:
        return True

    def isprintable(self) -> bool:
        return True

    def strip(self, *_: object) -> str:
        return "a\r\nX: y"

    def encode(self, *_: object) -> bytes:
        return b"a\r\nX: y"


def test_a_lying_str_is_sent_as_its_real_value() -> None:
    for encoding in ENCODINGS:
        assert type(request_headers(Liar("1"), encoding=encoding)["Last-Event-ID"]) is str
        assert request_headers(Liar("1"), encoding=encoding)["Last-Event-ID"] == "1"
        with pytest.raises(EncodeError, match="can't contain a control character"):
            request_headers(Liar("1\r\n"), encoding=encoding)
    with pytest.raises(EncodeTypeError):
        request_headers(mock.Mock(spec=str))


@given(plain_texts)
def test_an_id_survives_the_header_or_is_refused(last_event_id: str) -> None:
    """For every id that a stream can set."""
    try:
        text = request_headers(last_event_id, encoding="utf-8").get("Last-Event-ID", "")
    except EncodeError as error:
        assert error.offset == _untransferable(last_event_id)
        return
    assert _untransferable(last_event_id) is None
    sent = request_headers(last_event_id, encoding="latin-1").get("Last-Event-ID", "")
    for received in (sent, sent.encode("latin-1"), text.encode()):
        assert parse_last_event_id(received) == last_event_id.strip(" \t")


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
        ("text/event-stream;", True),
        ("\ttext/event-stream\r\n", True),
        ("text/event-stream\x0b", False),
        ("text/event-stream\xa0", False),
        ("text/event-streams", False),
        ("x-text/event-stream", False),
        ("text/ event-stream", False),
        ("text /event-stream", False),
        ("text/event-stream x", False),
        ("text;/event-stream", False),
        ("text/event-stream/x", False),
        ("text\u212a/event-stream", False),
        ("application/json", False),
        ("text", False),
        ("text/", False),
        ("/event-stream", False),
        ("", False),
        (b"\xff", False),
        (None, False),
        # Parameters.
        ("text/event-stream; charset=iso-8859-1", True),
        ('text/event-stream; a="b', True),
        # Several: the last one that is a MIME type counts.
        ("text/event-stream, text/event-stream", True),
        ("application/json, text/event-stream; charset=utf-8", True),
        ("text/event-stream; charset=utf-8, text/plain", False),
        ("text/event-stream, text/plain", False),
        ("text/plain,text/event-stream", True),
        ("text/event-stream,", True),
        (",text/event-stream", True),
        ("text/event-stream, nonsense", True),
        ("text/event-stream, text plain/x", True),
        ("text/event-stream, */*", True),
        ("*/*, text/event-stream", True),
        ("*/*", False),
        ("text/event-stream, text/*", False),
        (["text/plain", "text/event-stream"], True),
        (["text/event-stream", b"text/plain"], False),
        ((value for value in ("text/plain", b"text/event-stream")), True),
        ([], False),
        ([""], False),
        # A comma inside quotes does not end a value.
        ('text/event-stream; a="b, text/plain"', True),
        ('text/event-stream; a="b", text/plain', False),
        ('text/event-stream; a="b\\", text/plain"', True),
        ('text/event-stream; a="b\\", text/plain', True),
        ('text/event-stream; a="b\\\\", text/plain', False),
        ('text/event-stream; a=\\", text/plain"', True),
        ("text/event-stream; a=\\, text/plain", False),
        ('text/event-stream; a="b\\', True),
        ('text/event-stream; a="b, text/plain', True),
        (['text/event-stream; a="b', "text/plain"], True),
        ('"text/plain, text/event-stream', False),
        ("text/event-stream; a='b, text/plain'", False),
    ],
)
def test_is_event_stream(value: str | bytes | list[str | bytes] | None, expected: bool) -> None:
    assert is_event_stream(value) is expected


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (5, "^a Content-Type must be str, bytes, an iterable of them or None, not int$"),
        ([None], "^a Content-Type must be str or bytes, not NoneType$"),
        (bytearray(b"text/event-stream"), "^a Content-Type must be str or bytes, not int$"),
    ],
)
def test_is_event_stream_refuses_other_types(bad: Any, reason: str) -> None:
    with pytest.raises(TypeError, match=reason):
        is_event_stream(bad)


def test_a_type_consists_of_token_characters() -> None:
    """Values that are not MIME types are skipped, so the one before counts."""
    tokens = set("!#$%&'*+-.^_`|~" + string.ascii_letters + string.digits)
    for character in map(chr, range(0x100)):
        is_type = character in tokens
        assert is_event_stream(f"text/event-stream, a{character}/b") is not is_type
        assert is_event_stream(f"text/event-stream, b/a{character}c") is (not is_type and character not in {";", ","})


def test_an_origin_is_checked_by_its_real_value() -> None:
    class Lying(str):
        __slots__ = ()

        def __iter__(self) -> Any:
            return iter(())

        def lower(self) -> str:
            return self

        def partition(self, _: str, /) -> tuple[str, str, str]:
            return "https", "://", "a"

    with pytest.raises(ValueError, match="allow_origin must be"):
        response_headers(allow_origin=Lying("https://a\r\nX-Evil: 1"))


# What no test noticed before the mutation tests


def test_the_characters_of_an_origin() -> None:
    assert response_headers(allow_origin="https://a!~")["Access-Control-Allow-Origin"] == "https://a!~"
    with pytest.raises(ValueError, match="not 'https://a://b'$"):
        response_headers(allow_origin="https://a://b")


def test_only_white_space_around_an_id_is_left_out() -> None:
    assert request_headers(" X1X\t")["Last-Event-ID"] == "X1X"


def test_an_encoding_that_is_unknown_is_named() -> None:
    with pytest.raises(ValueError, match="not 'utf-16'$"):
        request_headers("1", encoding=cast("Any", "utf-16"))
