"""The linter's findings on broken streams: each kind of fault that people reported in public, in several variants.

Every case is checked whole and byte by byte. Both must give the same single finding, so that one cause has one finding.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import zlib
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_codec import Decoder
from sse_codec.lint import CODES, Finding, Linter, _linter, lint
from sse_codec.lint._foreign import LONGEST, is_text
from tests.strategies import cut
from tests.test_lint import loses_nothing


class Case(NamedTuple):
    name: str
    wire: bytes
    code: str
    place: tuple[int, int]  # line and column
    words: tuple[str, ...]  # expected in the finding's text
    options: dict[str, Any] = {}  # noqa: RUF012  # never changed


STREAM = b'data: {"a": 1}\n\ndata: {"a": 2}\n\n'
LONG = b"".join(b'id: %d\nevent: tick\ndata: {"number": %d}\n\n' % (number, number * 7919) for number in range(300))
BEFORE = b"data: hello\n\n"


def amazon(payload: bytes) -> bytes:
    """Make a frame of application/vnd.amazon.eventstream."""
    headers = b"\x0b:event-type\x07\x00\x05chunk"
    prelude = (len(payload) + len(headers) + 16).to_bytes(4, "big") + len(headers).to_bytes(4, "big")
    prelude += zlib.crc32(prelude).to_bytes(4, "big")
    message = prelude + headers + payload
    return message + zlib.crc32(message).to_bytes(4, "big")


def grpc(payload: bytes) -> bytes:
    return b"\0" + len(payload).to_bytes(4, "big") + payload


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


#: Bytes like Brotli's, which has no magic number.
BROTLI = bytes.fromhex("1b110000a49c8ee3fe0c9de13d77b28b64d0ff9a1602a1b2e7c4d81904f0aa93")

PAGE = b"<!DOCTYPE html>\n<html><head><title>502</title></head>\n<body>\n<p>Bad gateway</p>\n</body>\n</html>\n"
TRACEBACK = b'Traceback (most recent call last):\n  File "app.py", line 3, in <module>\n    main()\nKeyError: 1\n'
PHP = b"<br />\n<b>Warning</b>:  Undefined variable $x in <b>/index.php</b> on line <b>3</b><br />\n"

#: Data that is not an event stream, and part of the text that names it. The tests put it at different places.
FOREIGN = [
    ("gzip", gzip.compress(STREAM, mtime=0), "compressed data (gzip) with an event stream inside"),
    ("gzip of something else", gzip.compress(PAGE, mtime=0), "compressed data (gzip)"),
    ("gzip, long", gzip.compress(LONG, mtime=0), "compressed data (gzip)"),
    ("gzip, cut", gzip.compress(LONG, mtime=0)[:5], "compressed data (gzip)"),
    ("zlib", zlib.compress(STREAM), "compressed data (zlib (deflate)) with an event stream inside"),
    ("zlib, long", zlib.compress(LONG, 9), "compressed data (zlib (deflate))"),
    ("deflate", raw_deflate(STREAM), "compressed data (deflate) with an event stream inside"),
    ("zstd", b"\x28\xb5\x2f\xfd\x04\x58\x61\x00\x00" + bytes(range(128, 250)), "compressed data (zstd)"),
    ("bzip2", b"BZh91AY&SY" + bytes(range(128, 250)), "compressed data (bzip2)"),
    ("Brotli", BROTLI, "binary data, perhaps compressed with Brotli or deflate"),
    ("Brotli, long", BROTLI * 40, "binary data, perhaps compressed with Brotli or deflate"),
    ("Brotli, short", b"\x8b\x0f\x80" + STREAM + b"\x03", "compressed data (Brotli)"),
    ("Brotli, shorter", b"\x0b\x04\x80data: x\n\n\x03", "compressed data (Brotli)"),
    ("Brotli, with a line end in its head", b"\x0b\n\x1b\0\x80\xaa\xaa\xaa\xea\xff\xee\x97S@\x1cNB\xcc", "binary data"),
    ("UTF-16", STREAM.decode().encode("utf-16"), "UTF-16 text"),
    ("UTF-16, little end first", STREAM.decode().encode("utf-16-le"), "UTF-16 text"),
    ("UTF-16, big end first", STREAM.decode().encode("utf-16-be"), "UTF-16 text"),
    ("UTF-32", STREAM.decode().encode("utf-32"), "UTF-32 text"),
    ("UTF-32, little end first", STREAM.decode().encode("utf-32-le"), "UTF-32 text"),
    ("UTF-32, big end first", STREAM.decode().encode("utf-32-be"), "UTF-32 text"),
    ("Amazon", amazon(b'{"bytes": "aGk="}'), "the binary format of AWS (application/vnd.amazon.eventstream)"),
    ("Amazon, with a line end in its length", amazon(b"x" * (10 - 38 + 256)), "the binary format of AWS"),
    ("Amazon, several", amazon(b"{}") * 20, "the binary format of AWS (application/vnd.amazon.eventstream)"),
    ("gRPC", grpc(b"\x0a\x05hello") * 3, "a stream of gRPC or Connect messages"),
    ("Connect", grpc(b'{"text": "Hi"}') + b"\2\0\0\0\2{}", "a stream of gRPC or Connect messages"),
    ("HTTP/2", b"\0\0\6\4\0\0\0\0\0\0\3\0\0\0\x64", "raw HTTP/2"),
    ("PNG", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a PNG image"),
    ("WebSocket", b'\x81\x08{"a": 1}' * 3, "WebSocket frames"),
    ("WebSocket, a message in parts", b'\x81\x04{"a"\x80\x04: 1}', "WebSocket frames"),
    ("WebSocket, closed", b"\x81\x02{}\x88\x02\x03\xe8", "WebSocket frames"),
    ("WebSocket, binary", b"\x82\x02\x08\x01" * 3, "WebSocket frames"),
    ("HTML", PAGE, "HTML"),
    ("HTML, a fragment", b"<div>\n<p>hi</p>\n</div>\n", "HTML or XML"),
    ("XML", b'<?xml version="1.0"?>\n<Error>\n<Code>AccessDenied</Code>\n</Error>\n', "XML"),
    ("JSON", b'{"error": {"message": "no such model", "code": 404}}', "JSON"),
    ("JSON, over lines", b'{\n  "error": {\n    "code": 503\n  }\n}\n', "JSON"),
    ("JSON, a list", b'[{"a": 1},\n{"a": 2}]\n', "JSON"),
    ("JSON, long", b'{"error": "' + b"x" * 2 * LONGEST + b'"}\n', "JSON"),
    ("JSON lines", b'{"a": 1}\n{"a": 2}\n' * 50, "JSON lines (NDJSON)"),
    ("JSON lines, with blank ones", b'{"a": 1}\n\n{"a": 2}\n\n' * 50, "JSON lines (NDJSON)"),
    ("JSON lines, indented", b' {"a": 1}\n {"b": 2}\n', "JSON lines (NDJSON)"),
    ("a stream in JSON", json.dumps({"body": STREAM.decode()}).encode(), "an event stream inside JSON"),
    ("a stream in a JSON string", json.dumps(STREAM.decode()).encode(), "an event stream inside a string"),
    ("a stream in a list", json.dumps([STREAM.decode()]).encode(), "an event stream inside a string"),
    ("the repr of a stream", repr(STREAM).encode(), "an event stream as the repr of bytes"),
    ("base64", base64.b64encode(STREAM), "an event stream in base64"),
    ("AI SDK", b'f:{"messageId": "1"}\n0:"Hello"\n0:" world"\nd:{"finishReason": "stop"}\n' * 500, "AI SDK"),
    ("Python", TRACEBACK, "a Python traceback"),
    ("Python, a group", b"  + Exception Group Traceback (most recent call last):\n  |   x\n", "a Python traceback"),
    ("curl -v", b"* Connected to x (127.0.0.1) port 80\n> GET / HTTP/1.1\n> Host: x\n>\n", "the log of curl -v"),
    ("multipart", b"--graphql\r\nContent-Type: application/json\r\n\r\n{}\r\n--graphql--\r\n", "a multipart body"),
    ("PHP", PHP, "a PHP error message"),
    ("PHP, plain", b"PHP Fatal error:  Uncaught Error: x in /a.php:3\nStack trace:\n#0 {main}\n", "PHP error message"),
    ("Node", b"TypeError: x is not a function\n    at Object.<anonymous> (/a.js:1:1)\n", "an error message"),
    ("a response", b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-A: b\r\n\r\n", "an HTTP response"),
    ("headers", b"Content-Type: text/event-stream\nCache-Control: no-cache\n\n", "a list of HTTP headers"),
    ("PDF", b"%PDF-1.4\n1 0 obj\n", "a PDF document"),
    ("chunks", chunked(*[b'data: {"a": 1}\n\n'] * 3), "a body in HTTP chunks"),
    ("chunks that cut a line", chunked(b'data: {"a"', b": 1}\n\n", b"data: 2\n\n"), "a body in HTTP chunks"),
    ("chunks, the first with a field without a colon", chunked(b"data\ndata: one\n\n"), "a body in HTTP chunks"),
    ("chunks with extensions", b"A;x=1\r\ndata: a\n\n\r\n0\r\n\r\n", "a body in HTTP chunks"),
]
names = [name for name, *_ in FOREIGN]


def findings(wire: bytes, **options: Any) -> list[Finding]:
    """Return the findings, after checking that they are the same byte by byte."""
    whole = list(lint(wire, **options))
    assert list(lint((wire[at : at + 1] for at in range(len(wire))), **options)) == whole
    return whole


@pytest.mark.parametrize(("wire", "words"), [each[1:] for each in FOREIGN], ids=names)
def test_foreign_data_from_the_start(wire: bytes, words: str) -> None:
    [finding] = findings(wire)
    assert (finding.code, finding.line, finding.offset) == ("not-an-event-stream", 1, 0)
    assert finding.what.startswith("this is ")
    assert words in finding.what


@pytest.mark.parametrize(("wire", "words"), [each[1:] for each in FOREIGN], ids=names)
def test_foreign_data_later(wire: bytes, words: str) -> None:
    """After events, or a comment alone, the foreign data is one finding."""
    for before in (BEFORE, b": connected\n\n"):
        [finding] = findings(before + wire)
        assert (finding.code, finding.line, finding.offset) == ("foreign-document", 3, len(before))
        assert words in finding.what
        assert "outside any field" in finding.what


#: All except Brotli, which may contain fields uncompressed.
ENDING = [each for each in FOREIGN if "(Brotli)" not in each[2]]


@pytest.mark.parametrize("wire", [wire for _, wire, _ in ENDING], ids=[name for name, *_ in ENDING])
def test_foreign_data_in_between(wire: bytes) -> None:
    """The stream after it is linted as usual."""
    end = b"" if wire.endswith(b"\n") else b"\n"
    found = findings(BEFORE + wire + end + b"\n" + BEFORE + b"retry: x\n\n")
    assert [finding.code for finding in found] == ["foreign-document", "invalid-retry"]
    assert not loses_nothing(BEFORE + wire + end + b"\n" + BEFORE)


@pytest.mark.parametrize("limit", [1, 10, 300])
def test_foreign_data_under_a_limit(limit: int) -> None:
    """Only part of a line longer than the limit is looked at, and that is enough to report it."""
    for _, wire, _ in FOREIGN:
        found = findings(wire, max_event_size=limit, ignore=["event-too-large"])
        assert found
        assert found[0].code in {"not-an-event-stream", "unknown-field", "broken-framing"}


@pytest.mark.parametrize(
    "wire",
    [
        b"n\xe9: x\n\n",  # one bad byte does not make a binary file
        b"\xff\n",
        b"x\0y\n\n",
        b"add\r\ndata: x\r\n\r\n"[:5],  # a hexadecimal number at the end
        b"data: x\n\nbeef\r\nhello\r\n\r\n",
        b"data: x\n\nbeef\ndata: x\n\n",  # in HTTP, chunk sizes end in CRLF
        b"data: x\n\nMyfield: x\n\n",
        b"\x81A" + b"x" * 80 + b"\n\n",  # the first frame of a WebSocket, and no second one
        b"\x81\x05",
    ],
)
def test_streams_that_are_not_foreign_data(wire: bytes) -> None:
    assert not {finding.code for finding in findings(BEFORE + wire)} & {"not-an-event-stream", "foreign-document"}


def test_a_head_ends_at_its_blank_line() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
    assert [finding.code for finding in findings(head + b"foo\n\n" + BEFORE)] == [
        "not-an-event-stream",
        "unknown-field",
    ]


CASES = [
    Case(
        "the blank line is missing",
        b'data: {"a":1}\ndata: {"a":2}\ndata: [DONE]\n\n',
        "missing-blank-line",
        (2, 7),
        ("another payload in the same event", "blank line"),
    ),
    Case(
        "an error inside an unfinished event",
        b'data: {"a":{"id":"r\ndata: {"type":"error","b":{}}\n\n',
        "missing-blank-line",
        (2, 7),
        ("starts inside an unfinished one", "blank line"),
    ),
    Case(
        "the same, later",
        BEFORE + b'event: a\ndata: {"a":\ndata:  1,\ndata: {"b":2}\n\n',
        "missing-blank-line",
        (6, 7),
        ("starts inside an unfinished one",),
    ),
    Case(
        "no blank line at all",
        b'data: {"a": 1}\n' * 9,
        "unfinished-block",
        (9, 15),
        ("9 data lines without a single blank line",),
    ),
    Case("cut off", BEFORE + b"data: [DONE]\n", "unfinished-block", (3, 13), ("inside the event of line 3",)),
    Case("framed twice", b'data: data: {"a":1}\n\n', "broken-framing", (1, 7), ("framing was applied twice",)),
    Case("framed twice, tight", b'data:data:{"a":1}\n\n', "broken-framing", (1, 6), ("framing was applied twice",)),
    Case("framed twice, with a type", b'data: event: a\ndata: data: {"a":1}\n\n', "broken-framing", (2, 7), ("twice",)),
    Case("bytes", b"data: b'data: {}\\n\\n'\n\n", "broken-framing", (1, 7), ("the repr of Python bytes",)),
    Case("a bytearray", b"data: bytearray(b'x')\n\n", "broken-framing", (1, 7), ("the repr of Python bytes",)),
    Case("a list of .NET", b"data: System.String[]\n\n", "broken-framing", (1, 7), ("a .NET value",)),
    Case("in a string", rb'data: "data: {\"a\": 1}\n\n"' + b"\n\n", "broken-framing", (1, 7), ("in a JSON string",)),
    Case("a type framed twice", b"event: event: a\ndata: x\n\n", "broken-framing", (1, 8), ('"event:"', "twice")),
    Case("an id framed twice", b"id: id: 1\ndata: x\n\n", "broken-framing", (1, 5), ('"id:"', "twice")),
    Case("bytes in double quotes", b'data: b"it\'s"\n\n', "broken-framing", (1, 7), ("the repr of Python bytes",)),
    Case("a dict", b"data: {'a': 1, 'b': None}\n\n", "broken-framing", (1, 7), ("the repr of a Python dict",)),
    Case("an object", b"data: <generator object f at 0x7f00>\n\n", "broken-framing", (1, 7), ("a Python object",)),
    Case("another object", b"data: <app.Chunk object at 0x7f00>\n\n", "broken-framing", (1, 7), ("a Python object",)),
    Case("on Windows", b"data: <app.Chunk object at 0x0001F3A>\n\n", "broken-framing", (1, 7), ("a Python object",)),
    Case("a class", b"data: <class 'app.Chunk'>\n\n", "broken-framing", (1, 7), ("a Python object",)),
    Case("an event", b"data: ServerSentEvent(data='a')\n\n", "broken-framing", (1, 7), ("the repr of an event",)),
    Case("JavaScript", b"data: [object Object]\n\n", "broken-framing", (1, 7), ("a JavaScript value",)),
    Case("undefined", b"data: undefined\n\n", "broken-framing", (1, 7), ("a JavaScript value",)),
    Case(
        "glued", b'data: {"a":1}data: [DONE]\n\n', "broken-framing", (1, 14), ('a second "data:"', "line end was lost")
    ),
    Case("glued, nothing between", b'data: {"a":1}{"a":2}\n\n', "broken-framing", (1, 14), ("a second payload",)),
    Case("glued, a list", b'data: {"a":1}[DONE]\n\n', "broken-framing", (1, 14), ("a second payload",)),
    Case("glued to a type", b'data: {"a":1}event: b\n\n', "broken-framing", (1, 14), ('"event:"',)),
    Case("glued to text", b'data: see [1]data: {"a":2}\n\n', "broken-framing", (1, 14), ('"data:"',)),
    Case(
        "cut inside a key",
        b'data: {"id":"7","object":"chat.cdata: {"id":"7","object":"chat"}\n\n',
        "broken-framing",
        (1, 33),
        ('a second "data:"',),
    ),
    Case(
        "cut inside a number", b'data: {"id":12data: {"id":"7"}\n\n', "broken-framing", (1, 15), ('a second "data:"',)
    ),
    Case("no colon", b'data: a\n\ndata {"a":1}\n\n', "unknown-field", (3, 1), ('the colon after "data" is missing',)),
    Case("an equals sign", b'data={"a":1}\n\n', "unknown-field", (1, 1), ('the colon after "data" is missing',)),
    Case("a wide colon", "data\uff1ax\n\n".encode(), "unknown-field", (1, 1), ("U+FF1A is not a colon", "U+003A")),
    Case("another colon", "id\ua789 1\ndata: x\n\n".encode(), "unknown-field", (1, 1), ("U+A789 is not a", '"id: "')),
    Case("no colon after a type", b"event tick\ndata: x\n\n", "unknown-field", (1, 1), ('"event: "',)),
    Case("a text before the stream", b"ping\n\ndata: x\n\n", "unknown-field", (1, 1), ("a comment, start it with a",)),
    Case("a foreign comment", b"# keep-alive\ndata\n\n", "unknown-field", (1, 1), ("a comment, start it with a",)),
    Case("a text like a chunk's size", b"bad\n\nid: 1\n\n", "unknown-field", (1, 1), ("a comment, start it with a",)),
    Case("a text with CRs", b"ping\r\rretry: 500\r\r", "unknown-field", (1, 1), ("comment",), {"ignore": ["bare-cr"]}),
    Case("a text of odd bytes", b"x\0y\n" + b"\n" * 300 + BEFORE, "unknown-field", (1, 1), ("'x\\x00y'",)),
    Case(
        "a type apart from its data",
        b"event: tick\n\ndata: 1\n\n",
        "event-without-data",
        (1, 1),
        ("separates it from the data of line 3", "remove"),
    ),
    Case(
        "the same, after an id",
        b"id: 1\nevent: tick\n\n\ndata: 1\nid: 1\n\n",
        "event-without-data",
        (2, 1),
        ("separates it from the data of line 5", "remove"),
    ),
    Case(
        "a type before another type",
        b"event: tick\n\nevent: tock\ndata: 1\n\n",
        "event-without-data",
        (1, 1),
        ('an empty one, "data:"',),
    ),
    Case(
        "a type before a comment",
        b"event: tick\n\n: hi\n\ndata: 1\n\n",
        "event-without-data",
        (1, 1),
        ('an empty one, "data:"',),
    ),
    Case(
        "a keep-alive without data",
        b"event: ping\n\ndata: 1\n\n",
        "event-without-data",
        (1, 1),
        ('an empty one, "data:"',),
    ),
    Case("a type at the end", b"event: tick\n\n", "event-without-data", (1, 1), ('an empty one, "data:"',)),
    Case(
        "a type and data on a line",
        b"event: tick data: 1\n\n",
        "event-without-data",
        (1, 13),
        ('"data:" stands inside', "a new line before it"),
    ),
    Case(
        "a type and JSON on a line",
        b'event:tickdata: {"n": 1}\n\n',
        "event-without-data",
        (1, 11),
        ('"data:" stands inside', "a new line before it"),
    ),
    Case(
        "a type and an id on a line",
        b"event: tick id: 1\ndata: 1\n\n",
        "broken-framing",
        (1, 13),
        ('"id:" stands inside the event field', "a new line before it"),
    ),
    Case(
        "all on a line",
        b"id: 1 event: tick data: 1\n\n",
        "broken-framing",
        (1, 7),
        ('"event:" stands inside the id field', "a new line before it"),
    ),
    Case(
        "an id with data, under a type",
        b"event: tick\nid: 1, data: 1\n\n",
        "event-without-data",
        (2, 8),
        ('"data:" stands inside the id field',),
    ),
    Case(
        "a type, and data after a time",
        b"event: a\nretry: 500 data: 1\n\n",
        "invalid-retry",
        (2, 8),
        ("a new line before it",),
    ),
    Case("a time and data on a line", b"retry: 500 data: 1\n\n", "invalid-retry", (1, 8), ("a new line before it",)),
    Case(
        "all on a line that does not end",
        b"event: tick data: 1",
        "unfinished-block",
        (1, 13),
        ('"data:" stands inside the event field', "a new line before it"),
    ),
    Case(
        "escapes between fields",
        rb"event: tick\ndata: 1\n\n" + b"\n\n",
        "event-without-data",
        (1, 14),
        ('"data:" stands inside', "write real line ends"),
    ),
    Case("escapes and no line end", rb"id: 1\ndata: 1\n\n", "unfinished-block", (1, 8), ("write real line ends",)),
    Case("an escaped end, and no other", rb"data: x\n\n", "unfinished-block", (1, 8), ("write real line ends",)),
    Case(
        "escaped ends, and no blank line",
        rb"data: x\n\n" + b"\n" + rb"data: y\n\n" + b"\n",
        "unfinished-block",
        (1, 8),
        ("escaped line ends", "write real line ends"),
    ),
    Case("an escaped end, then others", rb"data: x\n\n" + b"\ndata: y\n\n", "escaped-line-end", (1, 8), ("printf",)),
    Case(
        "events joined by escapes",
        rb'data: {"a":1}\n\ndata: {"a":2}\n\n' + b"\n\n",
        "escaped-line-end",
        (1, 31),
        ("printf",),
    ),
    Case(
        "JSON with an escaped end",
        rb'data: {"a":1}\n\n' + b"\n\n",
        "invalid-json",
        (1, 14),
        ("printf",),
        {"json": True},
    ),
    Case(
        "a space in a blank line",
        b"data: a\n \ndata: b\n\n",
        "unknown-field",
        (2, 1),
        ("not a blank line", "remove the white space"),
    ),
    Case("a tab in the last blank line", b"data: a\n\t\n", "unknown-field", (2, 1), ("not a blank line", "remove")),
    Case(
        "a no-break space in a blank line",
        "data: {}\n\xa0\ndata: {}\n\n".encode(),
        "unknown-field",
        (2, 1),
        ("not a blank line",),
    ),
    Case(
        "the same, with JSON wanted",
        b"data: {}\n \ndata: {}\n\n",
        "unknown-field",
        (2, 1),
        ("not a blank line",),
        {"json": True},
    ),
    Case(
        "a space between types",
        b"event: a\ndata: 1\n \nevent: b\ndata: 2\n\n",
        "unknown-field",
        (3, 1),
        ("not a blank line",),
    ),
    Case("a space between equal ids", b"id: 1\ndata: 1\n \nid: 1\n\n", "unknown-field", (3, 1), ("not a blank line",)),
    Case("a space at the start", b" \ndata: 1\n\n", "unknown-field", (1, 1), ("not a blank line",)),
    Case("a space at the end", b" ", "unknown-field", (1, 1), ("not a blank line",)),
    Case("a PNG image as data", b"data: \x89PNG\r\n\x1a\n\0\0", "invalid-utf-8", (1, 7), ("a PNG image", "base64")),
    Case(
        "the same, and an event",
        b"data: \x89PNG\r\n\x1a\n\n\0\xff\n\ndata: x\n\n",
        "invalid-utf-8",
        (1, 7),
        ("a PNG image", "base64"),
    ),
    Case("gzip as data", b"data:" + gzip.compress(LONG, mtime=0), "invalid-utf-8", (1, 6), ("gzip", "base64")),
    Case(
        "other bytes as data",
        b"data: \x01\x92\xfe\x0b\x1d\x99\xff \n\n",
        "invalid-utf-8",
        (1, 7),
        ("raw binary data", "base64"),
    ),
    Case(
        "the same, with JSON wanted",
        b"data: \x01\x92\xfe\x0b\x1d\x99\xff \n\n",
        "invalid-utf-8",
        (1, 7),
        ("raw binary data", "base64"),
        {"json": True},
    ),
    Case(
        "binary data that is ASCII at first",
        b"data: \1\2\n\x8a\x01\xff\x83\n\n",
        "foreign-document",
        (2, 1),
        ("the rest of the payload", "base64"),
    ),
    Case(
        "UTF-16 as data", b"data: " + "é1é2".encode("utf-16") + b"\n\n", "invalid-utf-8", (1, 7), ("UTF-16", "as UTF-8")
    ),
    Case("Latin-1 as data", "data: éé é".encode("latin-1") + b"\n\n", "invalid-utf-8", (1, 7), ("stream as UTF-8",)),
    Case(
        "quotation marks", b'"data": {"n": 1}\n\n', "unknown-field", (1, 1), ("remove the quotation marks around data",)
    ),
    Case(
        "other quotation marks",
        "event: a\n\u201cdata\u201d: 1\n\n".encode(),
        "unknown-field",
        (2, 1),
        ("remove the quotation marks around data",),
    ),
    Case("a misspelt payload", b'event: x\nData: {"n": 1}\n\n', "unknown-field", (2, 1), ("write 'data'",)),
    Case("a misspelt payload, first", b"date: hello\nevent: x\n\n", "unknown-field", (1, 1), ("write 'data'",)),
    Case("a payload after a byte order mark", b"event: x\n\xef\xbb\xbfdata: 1\n\n", "late-bom", (2, 1), ("U+FEFF",)),
    Case("a text after a byte order mark", b"data: x\n\xef\xbb\xbfhi\n\n", "late-bom", (2, 1), ("U+FEFF",)),
    Case("a payload without its name", b"event: x\nhello\n\n", "unknown-field", (2, 1), ('"data: "',)),
    Case("JSON without its name", b'event: x\n{"n": 1}\n\n', "foreign-document", (2, 1), ('"data: "',)),
    Case(
        "a misspelt payload after a type",
        b"event: x\n\nData: 1\n\n",
        "unknown-field",
        (3, 1),
        ("write 'data'",),
        {"ignore": ["event-without-data"]},
    ),
    Case(
        "an ignored payload",
        b"event: x\nData: 1\n\n",
        "event-without-data",
        (1, 1),
        ("no event",),
        {"ignore": ["unknown-field"]},
    ),
    Case("a misspelt id", b"Id: 1\ndata: 1\n\n", "unknown-field", (1, 1), ("write 'id'",), {"require_ids": True}),
    Case("an id that is refused", b"id: \0\ndata: 1\n\n", "id-with-null", (1, 5), ("U+0000",), {"require_ids": True}),
    Case("the type None", b"event: None\ndata: 1\n\n", "broken-framing", (1, 8), ("'None'", "leave the field out")),
    Case("the type undefined", b"event:undefined\ndata: 1\n\n", "broken-framing", (1, 7), ("'undefined'",)),
    Case("a type in quotes", b'event: "tick"\ndata: 1\n\n', "broken-framing", (1, 8), ("quotation marks",)),
    Case("a type in single quotes", b"event: 'tick'\ndata: 1\n\n", "broken-framing", (1, 8), ("quotation marks",)),
    Case("a type of bytes", b"event: b'tick'\ndata: 1\n\n", "broken-framing", (1, 8), ("a printed value",)),
    Case("the id None", b"id: None\ndata: 1\n\nid: None\ndata: 2\n\n", "broken-framing", (1, 5), ("'None'",)),
    Case("the id undefined", b"id: undefined\ndata: 1\n\n", "broken-framing", (1, 5), ("leave the field out",)),
    Case("the id null", b"data: 1\nid: null\n\n", "broken-framing", (2, 5), ("leave the field out",)),
    Case(
        "an id that is an object", b"id: [object Object]\ndata: 1\n\n", "broken-framing", (1, 5), ("a printed value",)
    ),
    Case("None", b"data: None\n\n", "broken-framing", (1, 7), ("Python's None",)),
    Case("nil", b"data: <nil>\n\n", "broken-framing", (1, 7), ("Go's nil",)),
    Case(
        "None, and JSON wanted",
        b"data: None\n\n",
        "invalid-json",
        (1, 7),
        ("a payload that is not JSON, but Python's None",),
        {"json": True},
    ),
    Case(
        "a dict, and JSON wanted",
        b"data: {'a': 1}\n\n",
        "invalid-json",
        (1, 7),
        ("a payload that is not JSON, but the repr of a Python dict",),
        {"json": True},
    ),
    Case(
        "an object in a string",
        rb'data: "{\"n\": 1}"' + b"\n\n",
        "broken-framing",
        (1, 7),
        ("encoded as JSON twice", "JSON.parse returns a string"),
        {"json": True},
    ),
    Case(
        "a list in a string",
        rb'data: " [1, \"a\"]"' + b"\n\n",
        "broken-framing",
        (1, 7),
        ("encoded as JSON twice",),
        {"json": True},
    ),
    Case(
        "an event in a string, and JSON wanted",
        rb'data: "data: {\"a\": 1}\n\n"' + b"\n\n",
        "broken-framing",
        (1, 7),
        ("in a JSON string",),
        {"json": True},
    ),
    Case("U+2028", 'data: {"t":"a\u2028b"}\n\n'.encode(), "line-separator", (1, 14), ("U+2028", "iter_lines")),
    Case("U+FFFD", 'data: {"t":"\ufffd京"}\n\n'.encode(), "replacement-character", (1, 13), ("damaged before",)),
    Case("error", b"event: error\ndata: {}\n\n", "reserved-event", (1, 8), ("EventSource uses itself",)),
    Case("a control character", b"id: a\x0bb\ndata: one\n\n", "unsendable-id", (1, 5), ("U+000B", "400")),
    Case("beyond ASCII", "id: voilà\ndata: one\n\n".encode(), "unsendable-id", (1, 5), ("beyond ASCII",)),
    Case("a long id", b"id: " + b"x" * 9000 + b"\n\n", "unsendable-id", (1, 5), ("9,000 characters",)),
    Case("a padded id", b"id:  a\ndata: one\n\n", "padded-value", (1, 5), ("HTTP drops it",)),
    Case("seconds", b"retry: 3\n\n", "unlikely-retry", (1, 8), ("3000 if you meant seconds",)),
    Case("a timeout that overflows", b"retry: 2147483648\n\n", "unlikely-retry", (1, 8), ("setTimeout",)),
    Case("beyond 2**53", b"retry: 9007199254740993\n\n", "unlikely-retry", (1, 8), ("can't represent the number",)),
    Case("an absurd time", b"retry: " + b"9" * 30 + b"\n\n", "invalid-retry", (1, 8), ("absurdly long",)),
    Case("NaN", b'data: {"a": [NaN]}\n\n', "nan-in-json", (1, 14), ("NaN in JSON", "null")),
    Case("Infinity", b'data: {"NaN": -Infinity}\n\n', "nan-in-json", (1, 15), ("Infinity in JSON",)),
    Case(
        "NaN, and JSON wanted",
        b'data: {"a": NaN}\n\n',
        "invalid-json",
        (1, 13),
        ("NaN is not a JSON number",),
        {"json": True},
    ),
    Case("an empty stream", b"", "empty-stream", (1, 1), ("not a single byte",)),
    Case(
        "JSON that is framed twice", b"data: data: {}\n\n", "invalid-json", (1, 7), ("applied twice",), {"json": True}
    ),
    Case("JSON of two events", b"data: {}\ndata: {}\n\n", "invalid-json", (2, 7), ("blank line",), {"json": True}),
    Case(
        "JSON with a line end in it",
        b'data: {"a":"b\ndata: c"}\n\n',
        "invalid-json",
        (1, 14),
        ("a control character or a line end inside a string",),
        {"json": True},
    ),
    Case(
        "a string that does not end", b'data: {"a":"b\n\n', "invalid-json", (1, 12), ("does not end",), {"json": True}
    ),
    Case(
        "a place in many lines",
        b'data: {\n: c\ndata:"a": 1,\ndata\ndata: "b": x\ndata: }\n\n',
        "invalid-json",
        (5, 12),
        ("Expecting value",),
        {"json": True, "ignore": ["comment-in-block"]},
    ),
    Case(
        "a sentinel that is not named",
        b"data: {}\n\ndata: DONE\n\n",
        "invalid-json",
        (3, 7),
        ("name it as the sentinel",),
        {"json": True},
    ),
    Case(
        "another sentinel",
        b"data: {}\n\ndata: DONE\n\n",
        "missing-sentinel",
        (5, 1),
        ("but with 'DONE'",),
        {"sentinel": "[DONE]"},
    ),
    Case(
        "events after the sentinel",
        b"data: [DONE]\n\ndata: a\n\n",
        "missing-sentinel",
        (5, 1),
        ("it came in line 1, and events follow it",),
        {"sentinel": "[DONE]"},
    ),
    Case("no events", b": ping\n\n", "missing-sentinel", (3, 1), ("it has no events",), {"sentinel": "[DONE]"}),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_one_fault_has_one_finding(case: Case) -> None:
    [finding] = findings(case.wire, **case.options)
    assert (finding.code, (finding.line, finding.column)) == (case.code, case.place)
    said = f"{finding.what}; {finding.effect}; {finding.fix}"
    for words in case.words:
        assert words in said


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_is_found_among_others(case: Case) -> None:
    """After events that take the quick path, even in large chunks."""
    wire = LONG + case.wire
    if case.code not in {"empty-stream", "missing-sentinel", "unfinished-block"}:
        found = findings(wire, **case.options)[0]
        assert (found.code, found.line) == (case.code, 1200 + case.place[0])


@pytest.mark.parametrize(
    "wire",
    [
        b'data: {"text": "write data: {\\"a\\": 1}"}\n\n',
        b'data: {"latex": "\\\\frac{a}{b}"}\n\n',
        b'data: {\ndata:   "a": [\ndata:     {},\ndata:     {}\ndata:   ]\ndata: }\n\n',
        b"data: data:image/png;base64,iVBORw0KGgo=\n\n",
        b"data: data:text/plain;charset=utf-8,hello\n\n",
        b"data: metadata: x\n\n",
        b"data: bytes are written as b'x'\n\n",
        b"data: <b>bold</b>\n\n",
        b"data: [object]\n\n",
        b"data: NaN\n\n",
        b"data: {NaN}\n\n",
        b'data: {"a": "NaN", "b": "Infinity and beyond"}\n\n',
        b"data: void f()\ndata: {\ndata:   {}\ndata: }\n\n",
        b"data: {\ndata: {\ndata: x\n\n",
        "data: \ufeffx\n\n".encode(),
        b"event: errors\ndata: {}\n\n",
        b"id: a b\ndata: x\n\n",
        b"id\ndata: x\n\n",
        b": \xe2\x80\xa8\n\n",
        b"event: metadata:changed\nid: user:data\ndata: x\n\n",
        b"event: Nonesuch\nid: nullable\ndata: None of it\n\n",
        b'id: "33a64df5"\ndata: null\n\n',
        b'data: "{}\\n{\\"a\\": 1}"\n\n',
        b"data: \x1b[31mred\x1b[0m\n\n",
    ],
)  # fmt: skip
def test_streams_without_findings(wire: bytes) -> None:
    assert findings(wire) == []


@pytest.mark.parametrize("payload", [b'"{x}"', b'"[not json"', b'"hello"', b'"1"', b'"{\\ud800"', b"1"])
def test_strings_that_are_no_JSON_in_JSON(payload: bytes) -> None:
    assert findings(b"data: " + payload + b"\n\n", json=True) == []


def test_empty_data_is_not_an_error_if_JSON_is_expected() -> None:
    assert findings(b"data:\n\ndata\n\ndata: {}\n\n", json=True) == []


def test_a_missing_blank_line_is_one_finding() -> None:
    """If the blank line between two events is missing, there is one finding."""
    [finding] = findings(b'event: a\ndata: {"a":1}\nevent: b\ndata: {"b":2}\n\n')
    assert finding.code == "overwritten-field"
    assert finding.fix == "end the event of line 2 with a blank line, before line 3"


# Details that mutation tests found untested


@pytest.mark.parametrize("wire", [wire for _, wire, _ in FOREIGN if not is_text(wire)])
def test_a_field_among_bytes_that_are_no_text_is_no_field(wire: bytes) -> None:
    [_] = findings(wire + b"\nretry: \xff\n")


def test_a_few_bytes_are_enough() -> None:
    assert "compressed data (Brotli)" in findings(b"\x0b\x04\x80d")[0].what
    assert "binary data" in findings(b"\x02\x03\x04abc")[0].what
    assert "UTF-16 text" in findings(b"d\0a\0")[0].what
    assert "HTTP chunks" in findings(b"9\ndata: x\n\n\n")[0].what


@pytest.mark.parametrize("wire", [b"\x81\0\x81\x02ab", b"\x0b\x04\x80data: x\n\n?", b"\x0b\x04\x80\0ata: x\n\n\x03"])
def test_what_has_only_the_start_of_a_format(wire: bytes) -> None:
    """The first frame of a WebSocket is empty, and what Brotli would have left as it is does not end, or is no text."""
    assert not any(name in findings(wire)[0].what for name in ("WebSocket", "(Brotli)"))


@pytest.mark.parametrize("wire", [wire for _, wire, _ in FOREIGN])
def test_each_format_has_a_fix_of_its_own(wire: bytes) -> None:
    [finding] = lint(wire)
    assert finding.fix != CODES["not-an-event-stream"].fix


def test_two_formats_in_a_stream_are_two_findings() -> None:
    wire = BEFORE + b"\x89PNG\r\n\x1a\n\n\n" + BEFORE + b"GIF89a\xff\xff\xff\n"
    assert [finding.what.rpartition(": ")[2] for finding in findings(wire)] == ["a PNG image", "a GIF image"]


@pytest.mark.parametrize(
    ("wire", "fix"),
    [
        (PAGE, "check the response's status"),
        (b'{"a": 1}\n{"b": 2}\n', "or read it as JSON lines"),
        (b"data: undefined\n\n", "send JSON.stringify(value)"),
        (b"data: {'a': 1}\n\n", "send json.dumps(value)"),
        (b"data: data: x\n\n", 'write "data: " once'),
        (b"event: event: a\ndata: x\n\n", 'write "event: " once'),
        (b"data: {}\ndata: {}\n\n", "end every event with a blank line"),
    ],
)
def test_the_fix_fits_what_was_found(wire: bytes, fix: str) -> None:
    [finding] = findings(wire)
    assert fix in finding.fix


@pytest.mark.parametrize(
    ("wire", "options", "kinds"),
    [
        (b"event: a\nevent: b\ndata\n\nid: 1\nid: 2\ndata\n\n", {}, 2),
        (b"event: a\nevent: a\ndata\n\nid: 1\nid: 1\ndata\n\n", {}, 2),
        (b"id: a\x0bb\n\nid: \xc3\xa9\n\nid: " + b"1" * 8001 + b"\n\n", {}, 3),
        (b"data: {1}\n\ndata: DONE\n\n", {"json": True}, 2),
        (b"data: b''\n\ndata: {'a': 1}\n\n", {}, 1),
        (rb'data: "data: x\n"' + b"\n\ndata: data: x\n\n", {}, 1),
        (b"event: error\ndata\n\nevent: open\ndata\n\n", {}, 2),
        (b"event: event: a\ndata: {}\n\n" * 3, {}, 1),
        (b"data: " + b"x" * 65536 + b"\n\n" + (b"data: " + b"x" * 60000 + b"\n") * 5 + b"\n", {}, 2),
    ],
)
def test_which_findings_are_counted_together(wire: bytes, options: dict[str, Any], kinds: int) -> None:
    linter = Linter(**options)
    assert len(linter.feed(wire)) == kinds
    assert len(linter.close()) == (kinds == 1)


def test_what_is_said_of_a_size() -> None:
    [finding] = findings(b"data: 12345\n\n", max_event_size=10)
    assert finding.what == "a block of more than 10 bytes, the size limit"
    [finding] = lint(b"data: " + b"x" * 65536 + b"\n\n")
    assert finding.what == "a line of 64 KiB or more"
    assert "bufio.Scanner" in finding.effect
    [finding] = lint((b"data: " + b"x" * 60000 + b"\n") * 5 + b"\n")
    assert finding.what == "a block of 256 KiB or more"
    assert "WebClient" in finding.effect


def test_the_limit_is_exact_beyond_64_KiB() -> None:
    for size, codes in ((70_000, ["large-event"]), (70_001, ["large-event", "event-too-large"])):
        wire = b"data: ".ljust(size, b"x") + b"\n\n"
        assert [finding.code for finding in lint(wire, max_event_size=70_000)] == codes


def test_what_is_said_of_a_value() -> None:
    [finding] = findings(b"retry: 3\n\n")
    assert finding.what == "a reconnection time of 3 ms"
    assert finding.effect == "a client that lost its connection reconnects almost immediately"
    assert finding.fix == "write milliseconds: 3000 if you meant seconds"
    [finding] = findings(b"id: id: 1\n\n")
    assert finding.effect == "a client keeps it as part of the value"
    [finding] = findings(b"event: a \ndata\n\n")
    assert finding.what == "white space around an event type: 'a '"
    [finding] = findings(b"id: a\x0bb\n\n")
    assert finding.what == "an id with the control character U+000B in it: 'a\\x0bb'"
    assert findings(b"id:" + b"1" * 8000 + b"\n\n") == []
    assert findings(b"event: \xff\ndata\n\n")[0].what == "not UTF-8: the byte 0xFF"
    [finding] = findings(b'data: {"a": Infinity}\n\n')
    assert finding.what == "Infinity in JSON"


def test_where_a_payload_of_several_lines_is_wrong() -> None:
    [finding] = findings(b'data: {"a": [\ndata: 1,\ndata: {"b": 2}\n\n')
    assert (finding.code, finding.line, finding.column) == ("missing-blank-line", 3, 7)
    [finding] = findings(b"data:\ndata: {x}\n\n", json=True)
    assert (finding.code, finding.line, finding.column, finding.text) == ("invalid-json", 2, 8, "data: {x}")
    [finding] = findings(b"data: {x\ndata: }\n\n", json=True)
    assert finding.text == "data: {x"


@pytest.mark.parametrize("value", [b"{}", b'"x"', b"[DONE]"])
def test_a_space_after_JSON_is_a_mistake_even_once(value: bytes) -> None:
    assert [finding.code for finding in findings(b"data: x\n\ndata: %b \n\n" % value)] == ["trailing-space"]


def test_many_texts_with_a_space_at_the_end() -> None:
    """They do not settle what the spaces of the stream mean, so the quick look waits for one without a space."""
    assert [finding.code for finding in lint(b"data: x \n\n" * 2000)] == ["trailing-space"]


def test_the_payload_of_an_event_that_was_cut_off() -> None:
    assert [finding.code for finding in findings(b"data: data: x\n")] == ["unfinished-block", "broken-framing"]
    assert [finding.code for finding in findings(b"\ndata: data: x\ndata: yyy\n", max_event_size=20)] == [
        "event-too-large",
        "unfinished-block",
    ]


def test_only_the_size_of_a_line_that_was_not_kept_is_reported() -> None:
    assert [finding.code for finding in findings(b"data: x\n\ndata:" + b"x" * 20 + b"\n\n", max_event_size=11)] == [
        "event-too-large"
    ]


def test_a_byte_order_mark_in_pieces() -> None:
    [finding] = findings(b"\xef\xbb\xbfdata: x\n\n")
    assert (finding.code, finding.what) == ("leading-bom", "a byte order mark")


def test_what_is_said_of_the_end() -> None:
    [finding] = findings(b": x", sentinel="x")
    assert (finding.line, finding.column) == (1, 4)
    [finding] = findings(b"data: x\ndata: y\n")
    assert finding.effect == "a client reads them all as one event, and never dispatches it"
    linter = Linter()
    assert linter.feed(b"data: x\n\ndata: y\n") == []
    assert linter.unfinished() == "the event of line 3 is open, with 1 data line"


def test_JSON_lines_are_named_with_the_second_one() -> None:
    for line_end in (b"\n", b"\r"):
        assert len(Linter().feed(line_end.join([b'{"a": 1}', b'{"b": 2}', b""]))) == 1


def test_one_block_at_a_time_and_many_have_the_same_findings() -> None:
    """As the law of the quick look says, with each block after one that makes the quick look possible."""
    more = [
        b'data: {"a":\t\ndata: {}}\n\n',
        b'data: {"a": 1} \n\n',
        b'data: {"a": {}} \n\n',
        b'data: {"a": Infinity}\n\n',
        b"event: tick\ndata: [DONE]\n\n",
        b": data: x\n\n",
        b"data: x\ry\n\n",
        b"foo: data: x\n\n",
        b"foo: 1\n\ndata: x\n\n",
        b"id: id: 1\ndata: x\n\n",
    ]
    for block in BLOCKS + more:
        for sentinel in (None, "[DONE]", "", "a\nb"):
            for line_end in (b"\n", b"\r\n"):
                for value in (b"x", b"{}"):
                    wires = [b"event: tick\ndata: %b\n\n" % value, block, block * 3, b"data: %b\n\n" % value]
                    chunks = [wire if b"\r" in wire else wire.replace(b"\n", line_end) for wire in wires]
                    quick, slow = Linter(sentinel=sentinel), Linter(sentinel=sentinel)
                    slow._thorough = True
                    for chunk in [*chunks, b"data: {}\nretry: x\n"]:
                        assert quick.feed(chunk) == slow.feed(chunk), block
                        assert (quick.events, quick.line, quick.offset) == (slow.events, slow.line, slow.offset), block
                    assert quick.close() == slow.close(), block


@pytest.mark.parametrize(
    ("first", "later"), [(b"ping", b"ping"), (b"# keep-alive", b"// ping"), (b" ", b"\t"), (b"bad", b"cafe")]
)
def test_the_first_line_gets_the_same_advice_as_a_later_one(first: bytes, later: bytes) -> None:
    one, two = findings(first + b"\n\ndata: x\n\n" + later + b"\n\n", fold=False)
    assert (one.code, one.line, two.line) == ("unknown-field", 1, 5)
    assert (one.code, one.effect, one.fix) == (two.code, two.effect, two.fix)


def test_a_text_is_foreign_only_when_no_field_follows() -> None:
    """The verdict comes with the first field, after 4 KiB without one, or at the end."""
    linter = Linter()
    assert linter.feed(b"ping\n\npong\n\n") == linter.feed(b"data") == []
    assert linter.offset == 16
    assert [finding.code for finding in linter.feed(b": x\n\n")] == ["unknown-field"]
    assert (linter.events, linter.line, linter.offset) == (1, 7, 21)
    assert [finding.count for finding in linter.stop()] == [1]
    linter = Linter()
    assert linter.feed(b"ping\n" * 800) == []
    assert [finding.code for finding in linter.feed(b"ping\n" * 20)] == ["not-an-event-stream"]
    linter = Linter()
    assert linter.feed(b"ping\n") == []
    assert [finding.code for finding in linter.stop()] == ["not-an-event-stream"]


@pytest.mark.parametrize(("wire", "words"), [each[1:] for each in FOREIGN], ids=names)
def test_white_space_before_foreign_data(wire: bytes, words: str) -> None:
    """A template often leaves a line of white space before its page."""
    found = findings(b" \n" + wire)
    if re.search(rb"(?m)^(?:data|id): ", wire):
        assert [finding.code for finding in found] == ["unknown-field", "foreign-document"]
    else:
        assert [finding.code for finding in found] == ["not-an-event-stream"]
    assert words in found[-1].what


def test_a_type_waits_for_the_next_block() -> None:
    """What is missing depends on it. Stopping ends the wait."""
    linter = Linter()
    assert linter.feed(BEFORE + b"event: tick\n\n") == linter.feed(b"\n") == linter.feed(b"data: 1\n") == []
    [finding] = linter.feed(b"\n" + BEFORE)
    assert (finding.code, finding.line) == ("event-without-data", 3)
    assert linter.events == 3
    linter = Linter()
    assert linter.feed(b"event: tick\n\ndata: 1\n") == []
    [finding] = linter.stop()
    assert "the data of line 3" in finding.what
    assert linter.close()[0].code == "unfinished-block"


def test_escaped_ends_in_an_endless_block() -> None:
    """A live stream reports them without waiting for a blank line that may never come."""
    linter = Linter()
    found = [finding.code for _ in range(20) for finding in linter.feed(rb"data: x\n\n" + b"\n")]
    assert found == ["escaped-line-end"]
    assert [finding.code for finding in linter.close()] == ["unfinished-block"]
    linter = Linter()
    assert linter.feed(rb"data: x\n\n" + b"\n") == []
    assert [finding.code for finding in linter.stop()] == ["escaped-line-end"]


@pytest.mark.parametrize(
    ("ignored", "code"),
    [("unfinished-block", "escaped-line-end"), ("escaped-line-end", "unfinished-block")],
)
def test_a_consequence_whose_cause_is_ignored(ignored: str, code: str) -> None:
    [finding] = findings(rb"data: x\n\n", ignore=[ignored])
    assert finding.code == code


def test_data_inside_a_type_whose_consequence_is_ignored() -> None:
    [finding] = findings(b"event: tick data: 1\n\n", ignore=["event-without-data"])
    assert (finding.code, finding.column) == ("broken-framing", 13)


def test_a_type_before_a_text() -> None:
    """The text may be anything, so it is not taken for the data."""
    for text in (b"ping", b'{"error": 1}'):
        one, two = findings(b"event: tick\n\n" + text + b"\n\n" + BEFORE)
        assert {one.code, two.code} >= {"event-without-data"}
        assert 'an empty one, "data:"' in one.fix + two.fix
    misspelt = findings(b"event: tick\n\nData: 1\n\n")
    assert "the data of line 3" in misspelt[1].what


def test_a_sentinel_without_its_blank_line() -> None:
    wire = b"data: {}\n\ndata: [DONE]\n"
    assert [finding.code for finding in findings(wire, sentinel="[DONE]")] == ["unfinished-block"]
    found = findings(wire, sentinel="[DONE]", ignore=["unfinished-block"])
    assert [finding.code for finding in found] == ["missing-sentinel"]
    assert [finding.code for finding in findings(wire, sentinel="END")] == ["unfinished-block", "missing-sentinel"]


def test_JSON_with_escaped_ends_if_one_of_the_two_is_ignored() -> None:
    wire = rb'data: {"a":1}\n\n' + b"\n\n"
    assert [finding.code for finding in findings(wire, json=True, ignore=["invalid-json"])] == ["escaped-line-end"]
    assert [finding.code for finding in findings(wire, json=True, ignore=["escaped-line-end"])] == ["invalid-json"]


def test_binary_data_whose_cause_is_ignored() -> None:
    found = findings(b"data: \x89PNG\r\n\x8a\x01\xff\x83\n\0\0\n\n", ignore=["invalid-utf-8"])
    assert [finding.code for finding in found] == ["foreign-document"]
    assert "base64" in found[0].fix


def test_a_field_after_binary_data() -> None:
    found = findings(b"data: \x89PNG\n\nfoo: x\n\nretry: x\n\n")
    assert [finding.code for finding in found] == ["invalid-utf-8", "unknown-field", "invalid-retry"]
    found = findings(b"data: \x89PNG\n\n" + b'data: {"a": 1}\n\n' + b"id: 1\n\x1f\x8b\x08\0\n")
    assert [finding.code for finding in found] == ["invalid-utf-8", "foreign-document", "unfinished-block"]


# Counting


def test_repeated_findings_are_counted() -> None:
    wire = b"Data: x\n\n" * 5 + b"Id: 1\n\n" + b"data: data: x\n\n" * 2
    found = findings(wire)
    assert [(finding.code, finding.line, finding.count) for finding in found] == [
        ("unknown-field", 1, 1),
        ("unknown-field", 11, 1),
        ("broken-framing", 13, 1),
        ("unknown-field", 9, 4),
        ("broken-framing", 15, 1),
    ]
    assert found[3].what == "'Data' is not a field of the standard (4 more times, the last time here)"
    assert found[4].what.endswith("(once more, here)")
    each = findings(wire, fold=False)
    assert [finding.count for finding in each] == [1] * 8
    assert findings(wire, ignore=["unknown-field", "broken-framing"]) == []


def test_a_type_that_is_wrong_is_counted_each_time() -> None:
    for name in ("a\u2028b", "a\ufffdb", "error"):
        found = findings(f"event: {name}\ndata: x\n\n".encode() * 3)
        assert [(finding.line, finding.count) for finding in found] == [(1, 1), (7, 2)]


def test_kinds_of_a_code_are_bounded() -> None:
    """For any stream, the memory for counting repeats is bounded."""
    names = [b"%c%c%c: x\n\n" % (a, b, c) for a in b"abcdefghij" for b in b"qrstuvwxyz" for c in b"0123456789"]
    linter = Linter()
    for name in names:
        linter.feed(name)
        linter.feed(b"event " + name)
    assert len(linter._report._repeats) <= 10


# Stopping before the end of a stream


def test_stop() -> None:
    linter = Linter()
    assert [finding.code for finding in linter.feed(b'Data: x\n\nData: y\n\n{"error": 1}\n')] == ["unknown-field"]
    assert [finding.code for finding in linter.stop()] == ["foreign-document", "unknown-field"]
    assert linter.unfinished() == ""
    linter = Linter()
    assert linter.feed(b"data: x\n\ndata: y") == []
    assert linter.stop() == []
    assert linter.unfinished() == "line 3 has no end yet"
    assert (linter.events, linter.line, linter.offset) == (1, 3, 16)


@pytest.mark.parametrize("place", range(len(STREAM) + 1))
def test_its_position_in_the_stream(place: int) -> None:
    linter, decoder = Linter(), Decoder()
    events = 0
    for chunk in (STREAM[:place], STREAM[place:]):
        linter.feed(chunk)
        events += len(decoder.feed(chunk))
        assert linter.events == events
    assert linter.offset == len(STREAM)
    assert linter.line == 5


# The quick look

#: Blocks that the quick look may skip, and blocks that are almost like them.
BLOCKS = [
    b'data: {"a": 1}\n\n',
    b'data:{"a": 1}\n\n',
    b"data: [1]\n\n",
    b"data: hello\n\n",
    b"data: a\ndata: b\n\n",
    b"data:\n\n",
    b"data: \n\n",
    b"data\n\n",
    b": ping\n\n",
    b"id: 1\n\n",
    b"event: tick\ndata: x\n\n",
    b"event: tick\n\n",
    b"data: x\nevent: tick\n\n",
    b'id: 2\nevent: tick\ndata: {"b": 2}\n\n',
    b"id: 1\nid: 1\ndata: x\n\n",
    b"\n",
    b"event: a\nevent: b\ndata: x\n\n",
    b"event: a \ndata: x\n\n",
    b"event:a\ndata: x\n\n",
    b"id: \xc3\xa9\ndata: x\n\n",
    b"id: a \ndata: x\n\n",
    b": a\n: b\n\n",
    b": a\ndata: x\n\n",
    b'data: {\ndata: "a": 1}\n\n',
    b"data: {}\ndata: {}\n\n",
    b"data: {}{}\n\n",
    b"data: {'a': 1}\n\n",
    b"data: a \n\n",
    b"data:  a\n\n",
    b"data:a\n\n",
    rb"data: x\n\n" + b"\n\n",
    rb"data: x\n" + b"\n\n",
    b"data: an\n\n",
    b"data: undefined\n\n",
    b"data: under\n\n",
    b"data: None\n\n",
    b"data: None of it\n\n",
    b"id: null\ndata: x\n\n",
    b"id: 1 event: x\ndata: x\n\n",
    b"event: None\ndata: x\n\n",
    b"event: tick data: x\n\n",
    b" \n",
    b"Data: x\n\n",
    b"ping\n\n",
    b"data: \x89PNG\n\n",
    b"data: data: x\n\n",
    b"data: xdata: y\n\n",
    b'data: {"a": NaN}\n\n',
    b'data: {"N": "I"}\n\n',
    b'data: {"a": "Infinity"}\n\n',
    b"data: x\x0cy\n\n",
    b"retry: 500\n\n",
    "data: \u2028\n\n".encode(),
    "data: 京都\n\n".encode(),
    "\ufeffdata: x\n\n".encode(),
    b"data: \xff\n\n",
    b"foo\n\n",
    b'data: {"a": 1}\r\n\r\n',
    b"event: tick\r\ndata: x\r\n\r\n",
    b"data: x\r\r",
    b"data: x\n\r\n",
    b'data: "s"\n\n',
    b"data: [DONE]\n\n",
    b"event: open\ndata: x\n\n",
    b"event: tick\nid: 3\ndata: x\n\n",
    b"data: " + b"x" * 50 + b"\n\n",
    b": c\n\ndata: x\n\n",
    b"data: {}\nfoo\n\n",
]


@given(
    st.lists(st.sampled_from(BLOCKS), max_size=12),
    st.lists(st.integers(0, 300), max_size=3),
    st.sampled_from([{}, {}, {"sentinel": "[DONE]"}, {"max_event_size": 20}, {"fold": False}]),
)
def test_the_quick_look_misses_nothing(blocks: list[bytes], cuts: list[int], options: dict[str, Any]) -> None:
    """It does not change later findings or the position in the stream either."""
    wire = b"".join(blocks)
    quick, slow = Linter(**options), Linter(**options)
    slow._thorough = True
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_linter, "_LONG_LINE", 40)
        for linter in (quick, slow):
            linter._longest = min(linter._longest, 40)
        found: list[list[Finding]] = [[], []]
        for chunk in cut(wire, cuts):
            for linter, so_far in zip((quick, slow), found, strict=True):
                so_far.extend(linter.feed(chunk))
                so_far.extend(linter.feed(b""))
            assert (quick.events, quick.line, quick.offset) == (slow.events, slow.line, slow.offset)
        assert found[0] + quick.close() == found[1] + slow.close()


@pytest.mark.parametrize(
    "block",
    [
        b'data: {"a": "Nothing", "b": "In"}\n\n',
        b"event: tick\ndata: x\n\n",
        b"id: 1\nevent: tick\ndata: {}\n\n",
        b": ping\n\ndata: x\n\n",
        b"data: x\nevent: tick\n\n",
        b"data: a\ndata: b\n\n",
        b'data: {"a":\ndata: 1}\n\n',
        b'data:{"a": 1}\n\n',
        b'data: {"a": 1}\r\n\r\n',
        b"data: \n\n",
        "data: 京都\n\n".encode(),
        b"data: " + b"x" * 30_000 + b"\n\n",
    ],
)
@pytest.mark.parametrize("options", [{}, {"sentinel": "x"}])
def test_blocks_that_are_skipped(block: bytes, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[bytes] = []
    linter = Linter(**options)
    linter.feed(b"event: tick\ndata: x\n\n" if b"\r" not in block else b"event: tick\r\ndata: x\r\n\r\n")
    monkeypatch.setattr(Linter, "_take_piece", lambda _, piece: looked.append(piece))
    for chunk in (block, block * 5):
        assert linter.feed(chunk) == []
    assert linter.events == 7
    assert looked == []


@pytest.mark.parametrize("size", [1, 7, 100, 1400, 65536])
def test_clean_streams_take_the_quick_path(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole blocks are skipped; only blocks that a chunk cuts may be checked line by line."""
    looked: list[bytes] = []
    take = Linter._take_piece

    def spy(self: Linter, piece: bytes) -> None:
        looked.append(piece)
        take(self, piece)

    wire = b'data: {"token": "Hello", "n": null}\n\n' * 2000
    monkeypatch.setattr(Linter, "_take_piece", spy)
    linter = Linter()
    for at in range(0, len(wire), size):
        assert linter.feed(wire[at : at + size]) == []
    assert linter.events == 2000
    assert sum(map(len, looked)) <= (len(wire) if size < 38 else len(wire) // 20)
