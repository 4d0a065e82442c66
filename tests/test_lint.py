"""The linter: each check on a stream with the fault and on the nearest stream without it, and laws for all streams."""

from __future__ import annotations

import copy
import io
import json
import pickle
import re
import subprocess
import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sse_codec import (
    Decoder,
    EventTooLarge,
    Field,
    ServerSentEvent,
    __version__,
    encode,
    encode_block,
)
from sse_codec._text import printable
from sse_codec.lint import CODES, Code, Finding, Linter, _linter, _stream, explain, lint, sarif
from sse_codec.lint._foreign import LONGEST
from sse_codec.testing import reference_decode
from sse_codec.testing._rules import BLANK_LINE, CONSUMER_RULES, PRODUCER_RULES, Stream
from tests.strategies import chunkings, events, wires

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Case(NamedTuple):
    code: str
    wire: bytes
    place: tuple[int, int, int]  # line, column, offset
    healthy: bytes
    options: Mapping[str, Any] = MappingProxyType({})


LONG = b"x" * (64 * 1024 - 6)

#: Streams with one finding each, its place, and the nearest stream without it.
CASES = [
    Case("not-an-event-stream", b'{"error": "overloaded"}', (1, 1, 0), b'data: {"error": "overloaded"}\n\n'),
    Case("not-an-event-stream", b"\n<!doctype html>\n<p>Bad gateway\n", (2, 1, 1), b"\n: <!doctype html>\n"),
    Case("not-an-event-stream", b"Internal Server Error\n", (1, 1, 0), b": Internal Server Error\n"),
    Case("foreign-document", b"data: x\n\n<html>\n<p>\n", (3, 1, 9), b"data: x\n\ndata: <html>\ndata: <p>\n\n"),
    Case("foreign-document", b': hi\n\n{"a": 1}\n{"b": 2}\n', (3, 1, 6), b': hi\n\ndata: {"a": 1}\n\n'),
    Case("unknown-field", b"Data: x\n\n", (1, 1, 0), b"data: x\n\n"),
    Case("unknown-field", b"data: y\n data: x\n\n", (2, 1, 8), b"data: y\ndata: x\n\n"),
    Case("unknown-field", b"data: y\n\nhello\n\n", (3, 1, 9), b"data: y\n\ndata: hello\n\n"),
    Case("unknown-field", b'data {"a": 1}\n\n', (1, 1, 0), b'data: {"a": 1}\n\n'),
    Case("late-bom", b"data: y\n\n\xef\xbb\xbfdata: x\n\n", (3, 1, 9), b"data: y\n\ndata: \xef\xbb\xbfx\n\n"),
    Case("late-bom", b"\n\xef\xbb\xbfdata: x\n\n", (2, 1, 1), b"\n\ndata: x\n\n"),
    Case("invalid-utf-8", "data: né\n\n".encode("latin-1"), (1, 8, 7), "data: né\n\n".encode()),
    Case("invalid-utf-8", b"data: \xc3\xa9\xc3\n\n", (1, 8, 8), b"data: \xc3\xa9\n\n"),
    Case("invalid-utf-8", b": \xff\n", (1, 3, 2), b": \xc3\xbf\n"),
    Case("id-with-null", "id: é1\0\ndata: x\n\n".encode(), (1, 7, 7), b"id: 1\ndata: x\0\n\n"),
    Case("invalid-retry", b"retry: 1.5\n\n", (1, 8, 7), b"retry: 1500\n\n"),
    Case("invalid-retry", "retry:²\n\n".encode(), (1, 7, 6), b"retry:2000\n\n"),
    Case("overwritten-field", b"event: a\nevent: b\ndata: x\n\n", (1, 8, 7), b"event: b\ndata: x\n\n"),
    Case("overwritten-field", b"id: a\ndata: x\nid: b\n\n", (1, 5, 4), b"id: a\ndata: x\n\nid: b\n\n"),
    Case("overwritten-field", b"retry: 500\nretry: 600\n\n", (1, 8, 7), b"retry: 500\n\nretry: 600\n\n"),
    Case("overwritten-field", b"event: a\nevent: message\ndata\n\n", (1, 8, 7), b"event: message\ndata\n\n"),
    Case("event-without-data", b"id: 1\nevent: a\n\n", (2, 1, 6), b"id: 1\nevent: a\ndata\n\n"),
    Case("event-without-data", b"event: a\n\ndata: x\n\n", (1, 1, 0), b"event: a\ndata: x\n\n"),
    Case("unfinished-block", b"data: x\n", (1, 8, 7), b"data: x\n\n"),
    Case("unfinished-block", b"data: x", (1, 8, 7), b"data: x\n\n: bye"),
    Case("unfinished-block", b"id: 1\r\n", (1, 6, 5), b"id: 1\r\n\r\n"),
    Case("unfinished-block", b"event: a\n", (1, 9, 8), b"event: a\ndata\n\n: a\n"),
    Case("unfinished-block", b"retry: 500", (1, 11, 10), b"retry: 500\n"),
    Case("unfinished-block", b"retry: 500\nretry: 600", (2, 11, 21), b"retry: 500\n\nretry: 600\n"),
    Case("unfinished-block", b"data: a\ndata: b\ndata: c\n", (3, 8, 23), b"data: a\ndata: b\ndata: c\n\n"),
    Case("event-too-large", b"data: 12345\n\n", (1, 1, 0), b"data: 1234\n\n", {"max_event_size": 10}),
    Case("event-too-large", b"data: 1\ndata\n\n", (2, 1, 8), b"data: 1\n\ndata\n\n", {"max_event_size": 10}),
    Case("invalid-json", b"data: {'a': 1}\n\n", (1, 7, 6), b'data: {"a": 1}\n\n', {"json": True}),
    Case("invalid-json", b"data: {a: 1}\n\n", (1, 8, 7), b'data: {"a": 1}\n\n', {"json": True}),
    Case("invalid-json", b'data: {"a":\ndata: x}\n\n', (2, 7, 18), b'data: {"a":\ndata: 1}\n\n', {"json": True}),
    Case("invalid-json", b"data: [DONE]\n\n", (1, 8, 7), b"data: " + b"1" * 5000 + b"\n\n", {"json": True}),
    Case("invalid-json", b"data: [NaN]\n\n", (1, 8, 7), b"data: [null]\n\n", {"json": True}),
    Case("invalid-json", b'data: {"a":1}\n\ndata: x\n\n', (3, 7, 21), b'data\n\ndata: {"a":1}\n\n', {"json": True}),
    Case("missing-id", b"data: x\n\nid: 1\n\n", (1, 7, 6), b"id: 1\ndata: x\n\n: x\n\n", {"require_ids": True}),
    Case("duplicate-id", b"id: 1\n\nid: 1\n\n", (3, 5, 11), b"id: 1\n\nid: 2\n\nid\n\nid\n\n", {"unique_ids": True}),
    Case("missing-sentinel", b"data: x\n\ndata: y\n\n", (5, 1, 18), b"data: y\n\ndata: x\n\n", {"sentinel": "x"}),
    Case("missing-sentinel", b"", (1, 1, 0), b"data: a\ndata: b\n\n", {"sentinel": "a\nb"}),
    Case("empty-stream", b"", (1, 1, 0), b"\n"),
    Case("broken-framing", b"data: data: x\n\n", (1, 7, 6), b"data: data:image/png;base64,aGk=\n\n"),
    Case("broken-framing", b"data: event: x\ndata: data: y\n\n", (2, 7, 21), b"data: event: x\ndata: mydata: y\n\n"),
    Case("broken-framing", b"data: b'{}'\n\n", (1, 7, 6), b"data: b'{}\n\n"),
    Case("broken-framing", b"data: [object Object]\n\n", (1, 7, 6), b"data: [object]\n\n"),
    Case("broken-framing", b"data: {}data: [DONE]\n\n", (1, 9, 8), b'data: {"a": "{}data: [DONE]"}\n\n'),
    Case("broken-framing", b'data: {"a":1}{"b":2}\n\n', (1, 14, 13), b'data: {"a":"}{"}\n\n'),
    Case("broken-framing", b'data: {"a":1,"tydata: {"a":2}\n\n', (1, 17, 16), b'data: {"tydata: {":2}\n\n'),
    Case("missing-blank-line", b"data: {}\ndata: {}\n\n", (2, 7, 15), b"data: [\ndata: {}\ndata: ]\n\n"),
    Case("missing-blank-line", b"data: {}\ndata: [DONE]\n\n", (2, 7, 15), b"data: {}\n\ndata: [DONE]\n\n"),
    Case("missing-blank-line", b'data: {"a":"b\ndata: {}\n\n', (2, 7, 20), b'data: {"a":"b\ndata: c"}\n\n'),
    Case("missing-blank-line", b'data: {"a":\ndata: {}\n\n', (2, 7, 18), b'data: {"a":\ndata: {}}\n\n'),
    Case("line-separator", "data: a\u2028b\n\n".encode(), (1, 8, 7), "id: 1\ndata: a\u2027b\n\n".encode()),
    Case("line-separator", b"event: a\x0cb\ndata\n\n", (1, 9, 8), b"event: a\x0eb\ndata: \x1b\n\n"),
    Case("replacement-character", "data: a\ufffd\n\n".encode(), (1, 8, 7), "data: a\ufffc\n\n".encode()),
    Case("reserved-event", b"event: open\ndata\n\n", (1, 8, 7), b"event: opens\ndata\n\n"),
    Case("unsendable-id", b"id: a\x0bb\n\n", (1, 5, 4), b"id: a\tb\n\n"),
    Case("unsendable-id", "id: voilà\n\n".encode(), (1, 5, 4), b"id: voila\n\n"),
    Case("unsendable-id", b"id: " + b"1" * 8001 + b"\n\n", (1, 5, 4), b"id: " + b"1" * 8000 + b"\n\n"),
    Case("padded-value", b"event: a \ndata: x\n\n", (1, 8, 7), b"event: a b\ndata: x\n\n"),
    Case("padded-value", b"event:  a\ndata: x\n\n", (1, 8, 7), b"event: \xc2\xa0a\ndata: x\n\n"),
    Case("padded-value", b"id: 1\t\n\n", (1, 5, 4), b"id: 1\n\n"),
    Case("leading-bom", b"\xef\xbb\xbfdata: x\n\n", (1, 1, 0), b"data: x\n\n"),
    Case("bare-cr", b"data: x\r\r", (1, 8, 7), b"data: x\n\n"),
    Case("bare-cr", b"data: x\ndata: a\rdata: x\n\n", (2, 8, 15), b"data: x\ndata: a\ndata: x\n\n"),
    Case("mixed-line-ends", b"data: x\r\n\n", (2, 1, 9), b"data: x\r\n\r\n"),
    Case("mixed-line-ends", b"data: x\n\r\n", (2, 1, 8), b"data: x\n\n"),
    Case("trailing-space", b"data: a \n\ndata: b \n\n", (1, 8, 7), b"data: a \n\ndata: b\n\n"),
    Case("trailing-space", b"data: a\n\ndata: [DONE] \n\n", (3, 13, 21), b"data: a\n\ndata: [DONE]\n\n"),
    Case("trailing-space", b"data:\n\ndata: a\t\n\n", (3, 8, 14), b"data:\n\ndata: a\n\n"),
    Case("missing-space", b"data:a\n\ndata: b\n\n", (3, 6, 13), b"data: a\n\ndata: b\n\n"),
    Case("missing-space", b"data: a\n\ndata:b\n\n", (1, 6, 5), b'data:{"a":1}\n\ndata: b\n\ndata:[DONE]\n\n'),
    Case("escaped-line-end", rb"data: x\n\n" + b"\n\n", (1, 8, 7), rb"data: x\n" + b"\n\n"),
    Case("repeated-field", b"id: 1\nid: 1\n\n", (2, 5, 10), b"id: 1\n\n"),
    Case("repeated-field", b"retry: 0500\nretry: 500\n\n", (2, 8, 19), b"retry: 0500\n\n"),
    Case("empty-event", b"event:\ndata: x\n\n", (1, 7, 6), b"event: message\ndata: x\n\n"),
    Case("unlikely-retry", b"retry: 0\n", (1, 8, 7), b"retry: 100\n"),
    Case("unlikely-retry", b"retry: 99\n", (1, 8, 7), b"retry: 100\n"),
    Case("unlikely-retry", b"retry: 86400001\n", (1, 8, 7), b"retry: 86400000\n"),
    Case("nan-in-json", b'data: {"NaN": -Infinity}\n\n', (1, 15, 14), b'data: {"NaN": "Infinity"}\n\ndata: NaN\n\n'),
    Case("comment-in-block", b": hi\ndata: x\n\n", (1, 1, 0), b": hi\n\ndata: x\n\n"),
    Case("comment-in-block", b"data: x\n: hi\n\n", (2, 1, 8), b"data: x\n\n: hi\n\n"),
    Case("large-event", b"data: " + LONG + b"\n\n", (1, 1, 0), b"data: " + LONG[1:] + b"\n\n"),
    Case("large-event", (b"data: " + LONG[1:] + b"\n") * 4 + b"id\n\n", (5, 1, 262144), b"data\n\n"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{case.wire[:12]!r}")
def test_check(case: Case) -> None:
    [finding] = lint(case.wire, **case.options)
    assert (finding.code, (finding.line, finding.column, finding.offset)) == (case.code, case.place)
    assert finding.severity == CODES[case.code].severity
    assert list(lint(case.healthy, **case.options)) == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{case.wire[:12]!r}")
def test_a_check_that_is_ignored(case: Case) -> None:
    assert list(lint(case.wire, ignore={case.code}, **case.options)) == []
    [finding] = lint(case.wire, ignore=CODES.keys() - {case.code}, **case.options)
    assert finding.code == case.code


def test_every_check_is_tested() -> None:
    assert {case.code for case in CASES} == set(CODES)


@pytest.mark.parametrize("code", CODES.values(), ids=CODES)
def test_the_example_of_a_code(code: Code) -> None:
    """The example has this finding and no other; the corrected stream has none."""
    assert [finding.code for finding in lint(code.example, **code.options)] == [code.name]
    assert list(lint(code.healthy, **code.options)) == []
    assert explain(code.name).replace("\n", " ").startswith(f"{code.name} ({code.severity}): {code.title}  ")
    assert max(map(len, explain(code.name).splitlines())) <= 80
    assert all(line.isprintable() for line in explain(code.name).split("\n"))


# Laws


def loses_nothing(wire: bytes) -> bool:
    """Tell whether a stream loses nothing, judged by the reference decoder and the encoder.

    It must be UTF-8. If each block is encoded again from what a client keeps of it, all its fields must still be there;
    an empty event type counts as "message", and leading zeros don't count. Only a comment may lack its line end.
    """
    try:
        wire.decode()
    except UnicodeDecodeError:
        return False
    *lines, rest = re.split(rb"(?<=\n)|(?<=\r)(?!\n)", wire.removeprefix(b"\xef\xbb\xbf"))
    block = b""
    for line in [*lines, b""]:
        block += line
        if line.strip(b"\r\n") == b"" and not keeps_every_field(block):
            return False
        if line.strip(b"\r\n") == b"":
            block = b""
    return rest == b"" or rest.startswith(b":")


def keeps_every_field(block: bytes) -> bool:
    nothing = "\0"  # not a possible id
    stream = reference_decode(b":\n" + block, last_event_id=nothing)  # no byte order mark is dropped here
    event = stream.events[0] if stream.events else None
    kept = encode_block(
        event.data if event else None,
        event=event.event if event else None,
        id=None if stream.last_event_id == nothing else stream.last_event_id,
        retry=stream.reconnection_time,
    )
    again = reference_decode(kept).lines
    if event and event.event == "message":
        again.append(Field("event", "message"))  # the encoder leaves it out
    return all(_plain(line) in again for line in stream.lines if isinstance(line, Field))


def _plain(line: Field) -> Field:
    match line:
        case Field("event", ""):
            return Field("event", "message")
        case Field("retry", value) if value:
            return Field("retry", value.lstrip("0") or "0")
    return line


#: Streams of meaningful fields, many of which lose nothing.
sensible_wires = st.lists(
    st.sampled_from([
        b"data: x\n", b"data\n", b"event: a\n", b"event: b\n", b"event\n", b"event: message\n", b"id: 1\n", b"id: 01\n",
        b"id\n", b"id: 1\0\n", b"retry: 5\n", b"retry: 05\n", b"retry: 6\n", b"retry\n", b"retry: x\n", b": c\n", b"\n",
        b" \n", b"Data: x\n", b"ping\n", b"event: a data: x\n", b"id: 1 data: x\n", rb"data: x\n\n",
        rb"event: a\ndata: x", b"data: \x89PNG\n", b"\x1a\xff\0\n", b"data: {}\n", b"id: None\n", b'"data": x\n',
        b"\n", b"\n", b"\r", b"\r\n", b"foo\n", b"foo: bar\n", b"\xef\xbb\xbf", b"data: x", b"retry: 9", b": c",
        b"retry: 1000000000000000000\n",
    ]),
    max_size=12,
).map(b"".join)  # fmt: skip


def errors(wire: bytes) -> list[Finding]:
    return [finding for finding in lint(wire) if finding.severity == "error"]


@given(wires | sensible_wires)
@example(b"event: message\n\n")
@example(b"event\nevent: message\ndata\n\n")
@example(b"event: a\n\ndata: x\n\n")
@example(b"data: \x89PNG\n\x1a\xff\n\n")
def test_an_error_means_that_something_is_lost(wire: bytes) -> None:
    """A stream has no errors exactly if decoding it and encoding it again loses nothing."""
    assert (errors(wire) == []) == loses_nothing(wire)


@pytest.mark.parametrize(
    ("wire", "nothing"),
    [(b"data: x\n\nid: 1\n\nretry: 5\n", True), (b"event: a\n\n", False), (b"data: x\n", False),
     (b"id: 1\nid\n\n", False),
         (b"id: 1\n\nid: 2\n\n", True), (b"data: \xff\n\n", False), (b": x", True), (b"event\ndata\n\n", True)],
)  # fmt: skip
def test_loses_nothing(wire: bytes, nothing: bool) -> None:
    assert loses_nothing(wire) == nothing


@given(st.lists(events))
def test_encoder_output_has_no_errors(sent: list[ServerSentEvent]) -> None:
    assert errors(b"".join(map(encode, sent))) == []


@given(
    chunkings(wires | sensible_wires),
    st.integers(1, 30),
    st.fixed_dictionaries({"json": st.booleans(), "require_ids": st.booleans(), "unique_ids": st.booleans()}),
    st.sampled_from([None, "a", ""]),
)
def test_findings_do_not_depend_on_the_chunks(
    chunks: list[bytes], limit: int, options: dict[str, Any], sentinel: str | None
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_linter, "_LONG_LINE", 12)
        patch.setattr(_linter, "_LARGE_BLOCK", 18)
        linter = Linter(max_event_size=limit, sentinel=sentinel, **options)

        def run(chunks: list[bytes]) -> list[Finding]:
            return [finding for chunk in chunks for finding in linter.feed(chunk)] + linter.close()

        wire = b"".join(chunks)
        assert run(chunks) == run([wire]) == run([wire[at : at + 1] for at in range(len(wire))])


@given(wires, st.integers(1, 40))
def test_the_limit_is_the_same_as_the_decoder_s(wire: bytes, limit: int) -> None:
    decoder = Decoder(max_event_size=limit)
    try:
        decoder.feed(wire)
        decoder.feed(b"")
    except EventTooLarge:
        fails = True
    else:
        fails = False
    assert fails == any(finding.code == "event-too-large" for finding in lint(wire, max_event_size=limit))


def held(linter: Linter) -> int:
    """Return how many bytes of the stream a linter holds."""
    block = linter._block
    places = [block.data_place, block._comment, linter._last, *(place for place, _ in block._fields.values())]
    places += [block.orphan[0] if block.orphan else None, block._cause.place if block._cause else None]
    bodies = {id(place.body): len(place.body) for place in places if place is not None}
    tried = len(linter._trial.raw) if linter._trial else 0
    return len(linter._held) + len(linter._body or b"") + len(block.payload.data) + sum(bodies.values()) + tried


@given(chunkings(), st.integers(1, 40))
def test_boundedness(chunks: list[bytes], limit: int) -> None:
    """The current line, the places of the block's fields, and its payload each stay within the limit."""
    linter = Linter(max_event_size=limit, json=True)
    for chunk in chunks:
        linter.feed(chunk)
        assert len(linter._held) <= max(limit, 2)
        assert held(linter) <= 8 * limit + 2 + LONGEST


@given(wires)
@example(b"\xef\xbb\xbfdata: x\nretry: x\n")
def test_a_place_is_in_the_stream(wire: bytes) -> None:
    lines = re.split(rb"(?<=\n)|(?<=\r)(?!\n)", wire)
    for finding in lint(wire, sentinel="x", json=True):
        start = sum(map(len, lines[: finding.line - 1]))
        before = wire[start : finding.offset]
        assert len(before.decode("utf-8", "replace").removeprefix("\ufeff" if finding.line == 1 else "")) == (
            finding.column - 1
        )
        assert 0 <= finding.caret <= len(finding.text) <= 700
        assert all(line.isprintable() for line in str(finding).split("\n"))
        assert str(finding).count("\n") == 4


# Findings and their texts


@pytest.mark.parametrize(
    ("wire", "fix"),
    [
        (b"Data: x\n\n", "write 'data': field names"),
        (b"data : x\n\n", "write 'data': field names"),
        (b"\tdata: x\n\n", "write 'data': field names"),
        (b"dat: x\n\n", "write 'data': field names"),
        (b"events: x\n\n", "write 'event': field names"),
        (b"ids: x\n\n", "write 'id': field names"),
        (b"error: {}\n\n", 'write "event: error"'),
        (b'data: {\n"a": 1\n\n', "continues the payload"),
        (b"data: a\nb\n\n", "continues the payload"),
        (b"data: a\n\nhello\n\n", 'if it is a payload, write "data: "'),
        (b"x" * 100 + b": a\n\n", 'write "event: xxx'),
        (b"x" * 101 + b": a\n\n", 'if it is a payload, write "data: "'),
        (b"x" * 10**6 + b": a\n\n", 'if it is a payload, write "data: "'),
    ],
)
def test_the_fix_suggests_what_was_meant(wire: bytes, fix: str) -> None:
    assert fix in errors(wire)[0].fix


def test_a_foreign_stream_is_reported_once() -> None:
    wire = b"<html>\n" * 50 + b": x\n" + b"\xff\n"
    assert [finding.code for finding in lint(wire)] == ["not-an-event-stream"]
    assert [finding.code for finding in lint(wire + b"data: x\n\nfoo: bar\n")] == [
        "not-an-event-stream",
        "unknown-field",
    ]


def test_habits_are_reported_once() -> None:
    wire = b"data:a \r\n: x\n\r\r" * 3 + b"event\ndata: b \n\n" * 3 + b"data: {} \n\n" * 3
    codes = [finding.code for finding in lint(wire)]
    assert len(codes) == len(set(codes)) == 6


def test_an_endless_line_is_reported_before_it_ends() -> None:
    linter = Linter(max_event_size=100)
    assert [f.code for _ in range(50) for f in linter.feed(b"data: " + b"x" * 4000)] == [
        "event-too-large",
        "large-event",
    ]
    assert linter.feed(b"\n\ndata: x\n\n") == []
    assert linter.close() == []


def test_only_the_name_of_a_too_long_line_is_checked() -> None:
    wire = b"id: " + b"1" * 20 + b"\0\ndata: " + "é".encode() * 20 + b"\xff\n\ndata: x\n\n"
    findings = list(lint(wire, max_event_size=11, json=True, sentinel="x"))
    assert [finding.code for finding in findings] == ["event-too-large"]
    findings = list(lint(b"data: \xff" + b"x" * 20 + b"\n\n", max_event_size=11))
    assert [finding.code for finding in findings] == ["event-too-large", "invalid-utf-8"]
    findings = list(lint(b"data: x\ndata: " + b"x" * 20 + b"\n\n", max_event_size=11, sentinel="x"))
    assert [finding.code for finding in findings] == ["event-too-large", "missing-sentinel"]


def test_remembered_ids_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_stream, "REMEMBERED_IDS", 2)
    wire = b"id: 1\n\nid: 2\n\nid: 3\n\nid: 1\n\nid: 3\n\n"
    assert [finding.what for finding in lint(wire, unique_ids=True)] == ["the id '3', already used in line 5"]


@pytest.mark.parametrize(
    ("payload", "before"),
    [
        ('["é🍊" x'.encode(), '["é🍊" '.encode()),
        (b'["\xff\xff\xff" x', b'["\xff\xff\xff" '),
        (b'["\xf0\x9f\x8d" x', b'["\xf0\x9f\x8d" '),  # one U+FFFD
        (b"\xf0\x9f", b""),
        (b'"\xf0\x9f\x8d" \xe2', b'"\xf0\x9f\x8d" '),
        ('{"é": '.encode(), '{"é": '.encode()),
    ],
)
def test_where_a_payload_stops_being_json(payload: bytes, before: bytes) -> None:
    [finding] = lint(b"data: " + payload + b"\n\n", json=True, ignore={"invalid-utf-8", "trailing-space"})
    assert (finding.code, finding.offset) == ("invalid-json", len(b"data: " + before))


def test_json_that_is_nested_too_deeply() -> None:
    wire = b"data: " + b"[" * 60_000 + b"]" * 60_000 + b"\n\n"
    large, nested = lint(wire, json=True)
    assert large.code == "large-event"
    assert nested.what == "a payload that is not JSON: nested too deeply"


def test_close_resets_it() -> None:
    linter = Linter(unique_ids=True)
    wire = b"\xef\xbb\xbfid: 1\r\n\n"
    findings = linter.feed(wire) + linter.close()
    assert [finding.code for finding in findings] == ["leading-bom", "mixed-line-ends"]
    assert linter.feed(wire) + linter.close() == findings


@pytest.mark.parametrize("make", [bytes, bytearray, memoryview, io.BytesIO, lambda wire: [wire[:3], wire[3:]]])
def test_sources(make: Any) -> None:
    assert [finding.code for finding in lint(make(b"data: x\n"))] == ["unfinished-block"]


def test_a_generator_that_is_left_early_is_closed() -> None:
    closed = []

    def chunks() -> Iterator[bytes]:
        try:
            yield b"foo\n"
            yield b"bar\n"
        finally:
            closed.append(True)

    findings = lint(chunks())
    next(findings)
    del findings
    assert closed == [True]


def test_wrong_arguments() -> None:
    with pytest.raises(TypeError, match=r"lint\(\) takes bytes, not str"):
        lint("data: x\n\n")  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(TypeError, match=r"feed\(\) takes bytes, not str"):
        Linter().feed("x")  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(TypeError, match="sentinel must be a str, not bytes"):
        Linter(sentinel=b"x")  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(ValueError, match="max_event_size must be at least 1"):
        lint(b"", max_event_size=0)
    with pytest.raises(TypeError, match="ignore takes a set or list of codes, not a str"):
        Linter(ignore="late-bom")
    with pytest.raises(ValueError, match="^'late_bom' is not a code of a finding; did you mean 'late-bom'[?]$"):
        Linter(ignore=["bare-cr", "late_bom"])
    with pytest.raises(ValueError, match="^'x' is not a code of a finding$"):
        Linter(ignore={"x"})


@pytest.mark.parametrize("make", [bytes, bytearray, memoryview])
def test_chunks(make: Any) -> None:
    assert [finding.code for finding in Linter().feed(make(b"foo:\n"))] == ["unknown-field"]


# The fuzz kit's rules


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{case.wire[:12]!r}")
def test_a_shared_name_means_the_same_in_the_fuzz_kit(case: Case) -> None:
    """A stream with the finding also touches the fuzz kit's rule of that name."""
    rule = next((rule for rule in CONSUMER_RULES if rule.name == case.code), None)
    assert rule is None or rule.touched_by(Stream([case.wire]))


def test_the_shared_names() -> None:
    rules = {rule.name for rule in CONSUMER_RULES} | {rule.name for rule in PRODUCER_RULES} | {BLANK_LINE.name}
    assert rules & set(CODES) == {
        "leading-bom",
        "late-bom",
        "invalid-utf-8",
        "line-separator",
        "id-with-null",
        "bare-cr",
        "mixed-line-ends",
        "unfinished-block",
        "unknown-field",
        "invalid-retry",
        "missing-space",
        "padded-value",
        "overwritten-field",
        "event-without-data",
        "empty-event",
        "missing-blank-line",
    }


# Output formats


def only(wire: bytes) -> Finding:
    [finding] = lint(wire)
    return finding


def test_text_for_people() -> None:
    assert str(only("id: 日本\0\n\n".encode())) == (
        "error[id-with-null] line 1, column 7 (byte 10): an id with U+0000 in it\n"
        "    id: 日本\\x00\n"
        "            ^\n"
        "    a client ignores the field, and later resumes after an earlier event\n"
        "    send an id without U+0000"
    )


def test_control_characters_are_escaped() -> None:
    finding = only("foo: \x1b[31m\x07\u202e\x85é\n".encode())
    assert (finding.text, finding.caret) == ("foo: \\x1b[31m\\x07\\u202e\\x85é", 0)


def test_a_long_line_is_cut_around_the_place() -> None:
    finding = only(b"data: " + b"a" * 1000 + b"\xff" + b"b" * 1000 + b"\n\n")
    assert finding.text == "..." + "a" * 50 + "\ufffd" + "b" * 49 + "..."
    assert finding.text[finding.caret] == "\ufffd"
    assert finding.column == 1007


def test_a_long_line_of_characters_with_four_bytes_is_cut_as_well() -> None:
    assert only("🍊".encode() * 100 + b"\n").text == "🍊" * 100
    assert only("🍊".encode() * 101 + b"\n").text == "🍊" * 100 + "..."


def test_a_combining_character_takes_no_column() -> None:
    assert str(only("id: e\u0301\0\n\n".encode())).splitlines()[2] == " " * 9 + "^"


def test_a_long_line_with_an_unprintable_character() -> None:
    text = "a" * 20_000 + "\x1b" + "b" * 20_000
    assert printable(text) == text.replace("\x1b", "\\x1b")


def test_JSON() -> None:
    finding = only("foo: é\n".encode())
    line = finding.to_json()
    assert "\n" not in line
    assert "é" in line
    keys = json.loads(line)
    assert keys.pop("severity") == "error"
    assert Finding(**keys) == finding


def test_annotation() -> None:
    finding = Finding("bare-cr", 3, 4, 50, "", 0, "what: 100 %", "effect", "fix")
    assert finding.annotation() == "::warning line=3,col=4,title=bare-cr::what: 100 %25: effect; fix"
    assert finding.annotation("a,b:c").startswith("::warning file=a%2Cb%3Ac,line=3")


def test_an_annotation_escapes_only_what_it_must() -> None:
    finding = Finding("bare-cr", 3, 4, 50, "", 0, "X\r\n,", "e:", "fix")
    assert finding.annotation() == "::warning line=3,col=4,title=bare-cr::X%0D%0A,: e:; fix"


def test_SARIF() -> None:
    finding = Finding("bare-cr", 3, 4, 50, "", 0, "what", "effect", "fix", 2)
    document = json.loads(sarif([("a\\b\udcff c.sse", finding)]))
    [run] = document.pop("runs")
    assert document == {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0"}
    driver = run["tool"]["driver"]
    rules = driver.pop("rules")
    assert driver == {"name": "sse-codec", "version": __version__}
    code = CODES["bare-cr"]
    assert rules[list(CODES).index("bare-cr")] == {
        "id": "bare-cr",
        "shortDescription": {"text": code.title},
        "fullDescription": {"text": code.explanation},
        "help": {"text": f"{code.effect}; {code.fix}"},
        "defaultConfiguration": {"level": "warning"},
    }
    place = {
        "region": {"startLine": 3, "startColumn": 4, "byteOffset": 50},
        "artifactLocation": {"uri": "a/b%FF%20c.sse"},
    }
    assert run["results"] == [
        {
            "ruleId": "bare-cr",
            "level": "warning",
            "message": {"text": "what: effect; fix"},
            "occurrenceCount": 2,
            "locations": [{"physicalLocation": place}],
        }
    ]


def test_a_finding_is_a_value() -> None:
    finding = only(b"data: x\n")
    assert finding == copy.copy(finding) == pickle.loads(pickle.dumps(finding)) == eval(repr(finding))  # noqa: S307  # our own
    assert len({finding, copy.deepcopy(finding)}) == 1
    assert finding != only(b"id: 1\n")
    other: object = "x"
    assert finding != other
    with pytest.raises(AttributeError):
        finding.line = 5  # type: ignore[misc]  # it is immutable
    match finding:
        case Finding(code, line, column):
            assert (code, line, column) == ("unfinished-block", 1, 8)


def test_importing_the_package_does_not_import_it() -> None:
    code = "import sys, sse_codec; print('sse_codec.lint' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout == "False\n"


def test_a_CR_at_the_end_of_a_chunk() -> None:
    """The next byte tells whether an LF follows; CR and CRLF are both one line end."""
    for rest in (b"\n\r\n", b"\r"):
        linter = Linter()
        findings = [*linter.feed(b"data: a\r"), *linter.feed(rest), *linter.close()]
        assert {finding.severity for finding in findings} <= {"warning"}
