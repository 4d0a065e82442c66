"""The dialects of well-known servers: decoded by every decoder however they are cut, linted, and encoded again."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from sse_codec import BlockDecoder, Comment, Decoder, LineDecoder, ReceivedEvent, decode, encode, encode_line
from sse_codec.lint import lint
from sse_codec.testing import reference_decode
from tests.strategies import cut
from tests.test_decoder import whole
from tests.vectors.dialects import DIALECTS, Dialect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

dialects = pytest.mark.parametrize("dialect", DIALECTS, ids=repr)

#: How each spelling changes the bytes that our encoder writes.
SPELLINGS: dict[str, Callable[[bytes], bytes]] = {
    "ours": lambda wire: wire,
    "crlf": lambda wire: wire.replace(b"\n", b"\r\n"),
    "no space": lambda wire: re.sub(rb"(?m)^(\w*): ", rb"\1:", wire),
    "no space in comments": lambda wire: re.sub(rb"(?m)^: ", b":", wire),
    "no space when empty": lambda wire: re.sub(rb"(?m)^(\w+): $", rb"\1:", wire),
}


def places(wire: bytes) -> Iterable[int]:
    """Return where to cut in two: at every byte or, in a long wire, around the line ends and at a few other places."""
    if len(wire) < 2000:
        return range(len(wire) + 1)
    near = {at + step for at, byte in enumerate(wire) if byte in b"\r\n:" for step in range(-2, 4)}
    return sorted(at for at in near | set(range(0, len(wire), 4099)) if 0 <= at <= len(wire))


def check(dialect: Dialect, chunks: Iterable[bytes]) -> None:
    decoder, lines = Decoder(last_event_id=dialect.resumed_from), LineDecoder()
    blocks = BlockDecoder(last_event_id=dialect.resumed_from)
    events, from_blocks = list[ReceivedEvent](), list[ReceivedEvent]()
    comments, comments_of_blocks = list[str](), list[str]()
    for chunk in chunks:
        events += decoder.feed(chunk)
        comments += [line.text for line in lines.feed(chunk) if isinstance(line, Comment)]
        for block in blocks.feed(chunk):
            from_blocks += [event for event in [block.to_event()] if event is not None]
            comments_of_blocks += block.comments
    assert [whole(event) for event in events] == [whole(event) for event in dialect.events]
    assert [whole(event) for event in from_blocks] == [whole(event) for event in dialect.events]
    assert tuple(comments) == tuple(comments_of_blocks) == dialect.comments
    for one in (decoder, blocks):
        assert one.last_event_id == dialect.last_event_id
        assert one.reconnection_time == dialect.reconnection_time
        assert one.close() is None
    assert lines.close() is None


@dialects
def test_whole(dialect: Dialect) -> None:
    check(dialect, [dialect.wire])


@dialects
def test_byte_by_byte(dialect: Dialect) -> None:
    check(dialect, cut(dialect.wire, list(range(len(dialect.wire)))))


@dialects
def test_every_two_way_cut(dialect: Dialect) -> None:
    for place in places(dialect.wire):
        check(dialect, cut(dialect.wire, [place]))


@dialects
def test_the_reference(dialect: Dialect) -> None:
    reference = reference_decode(dialect.wire, last_event_id=dialect.resumed_from)
    assert [whole(event) for event in reference.events] == [whole(event) for event in dialect.events]
    assert reference.last_event_id == dialect.last_event_id
    assert reference.reconnection_time == dialect.reconnection_time
    assert reference.unfinished is None


@dialects
def test_lint_finds_exactly_the_listed_findings(dialect: Dialect) -> None:
    options: dict[str, Any] = dialect.known
    assert tuple(finding.code for finding in lint(dialect.wire, **options)) == dialect.findings


@dialects
def test_the_encoder_writes_it(dialect: Dialect) -> None:
    assert SPELLINGS[dialect.spelling](dialect.ours) == dialect.wire
    if dialect.spelling != "ours":
        assert dialect.ours != dialect.wire, "the spelling is not needed"


@dialects
def test_what_the_encoder_writes_means_the_same(dialect: Dialect) -> None:
    """Tests its lines, and its events alone, whatever spelling the server uses."""
    check(dialect, [dialect.ours])
    again = b"".join(encode(event) for event in dialect.events)
    assert list(decode(again, last_event_id=dialect.resumed_from)) == dialect.events
    lines = LineDecoder().feed(dialect.wire)
    assert b"".join(encode_line(line) for line in lines) == dialect.ours, "a proxy writes the same lines"


def test_how_many_are_encoded_byte_for_byte() -> None:
    """Counts the table's spellings, so that a change is noticed."""
    assert Counter(dialect.spelling for dialect in DIALECTS) == {
        "ours": 14,
        "crlf": 3,
        "no space": 1,
        "no space in comments": 1,
        "no space when empty": 1,
    }
    assert len({dialect.name for dialect in DIALECTS}) == len(DIALECTS)


@pytest.mark.parametrize(
    ("prefix", "until"),
    [
        ("OpenAI chat", "[DONE]"),
        ("OpenAI responses", lambda event: event.event == "response.completed"),
        ("Anthropic", lambda event: event.event == "error"),
        ("DeepSeek", "[DONE]"),
        ("OmniRoute", "[DONE]"),
        ("htmx", lambda event: event.event == "close"),
        ("GraphQL, distinct", lambda event: event == ReceivedEvent("", "complete")),
    ],
)
def test_until_stops_at_the_end_of_the_dialect(prefix: str, until: str | Callable[[ReceivedEvent], object]) -> None:
    [dialect] = [dialect for dialect in DIALECTS if dialect.name.startswith(prefix)]
    assert list(decode(dialect.wire, until=until)) == dialect.events[:-1]


def test_the_priming_event_of_MCP_has_no_payload() -> None:
    [dialect] = [dialect for dialect in DIALECTS if "priming" in dialect.name]
    payloads = [event.json(default=None) for event in decode(dialect.wire)]
    assert payloads[0] is None
    assert payloads[1]["params"] == {"progressToken": 3, "progress": 0.5}
