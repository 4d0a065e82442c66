"""What a check has found is made smaller: by the rules first, then by size, the same each time and in bounded time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sse_codec import ServerSentEvent, decode
from sse_codec.testing import NotConforming
from sse_codec.testing import _shrink as shrinking
from sse_codec.testing._rules import CONSUMER_RULES, PRODUCER_RULES, Stream
from sse_codec.testing._shrink import EventsCase, _edited, shrink_events, shrink_stream

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def failure(case: Any) -> NotConforming:
    """Return a failure that names the rule as a check does."""
    is_stream = isinstance(case, list)
    rules: Any = CONSUMER_RULES if is_stream else PRODUCER_RULES
    subject = Stream(case) if is_stream else case.events
    rule = next(rule for rule in rules if rule.touched_by(subject))
    return NotConforming(rule, "", "", case=case, wire=b"", expected=[], got=[])


def shrunk(case: Any, fails: Callable[[Any], object]) -> tuple[str, Any]:
    def law(case: Any) -> None:
        if fails(case):
            raise failure(case)

    assert fails(case), "what is made smaller fails"
    shrink: Any = shrink_stream if isinstance(case, list) else shrink_events
    found = shrink(case, failure(case), law)
    again = shrink(case, failure(case), law)
    assert found.case == again.case
    assert fails(found.case)
    return found.rule, found.case


def wire(chunks: Sequence[bytes]) -> bytes:
    return b"".join(chunks)


LARGE = [
    b"\xef\xbb\xbfid: a \r\ndata: a\r\n: c\r\n\r\nx\r\ndata: b",
    b"\r",
    b"\ndata:c\r\n\r\nevent: \xc3",
    b"\xa9\ndata\n\n" * 3,
]


@pytest.mark.parametrize(
    ("fails", "rule", "smallest"),
    [
        (lambda chunks: True, "data", [b""]),
        (lambda chunks: b"data" in wire(chunks), "data", [b"data: a\n\n"]),
        (lambda chunks: b"\nid" in b"\n" + wire(chunks).removeprefix(b"\xef\xbb\xbf"), "id", [b"id: 1\ndata: a\n\n"]),
        (lambda chunks: wire(chunks).startswith(b"\xef\xbb\xbf"), "leading-bom", [b"\xef\xbb\xbf"]),
        (lambda chunks: b"\r\n" in wire(chunks), "crlf", [b"data: a\r\n"]),
        (lambda chunks: b"\r" in wire(chunks), "crlf", [b"data: a\r\n"]),
        (lambda chunks: len([chunk for chunk in chunks if chunk]) > 2, "cut", None),
        (lambda chunks: len(chunks) > 1, "cut", None),
        (lambda chunks: not wire(chunks).isascii(), "non-ascii", None),
        (lambda chunks: any(chunk.endswith(b"\r") for chunk in chunks[:-1]), "cut-crlf", None),
        (lambda chunks: len(list(decode(chunks))) > 1, "events", [b"data: a\n\ndata: a\n\n"]),
        (lambda chunks: len({event.data for event in decode(chunks)}) > 1, "events", [b"data: a\n\ndata: b\n\n"]),
        (lambda chunks: any(event.id and not event.data for event in decode(chunks)), None, None),
    ],
)
def test_a_stream(fails: Callable[[list[bytes]], object], rule: str | None, smallest: list[bytes] | None) -> None:
    if not fails(LARGE):
        pytest.skip("does not fail")
    found, case = shrunk(LARGE, fails)
    assert rule is None or found == rule
    assert smallest is None or case == smallest
