"""Shrinking what a check has found: by rules first, then by size; the same each time, and in bounded time."""

# Rules about lambdas are off here: pyright can't infer the parameter types of lambdas among a test's parameters.
# pyright: reportUnknownLambdaType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

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
    """Return a failure that names its rule as a check would."""
    is_stream = isinstance(case, list)
    rules: Any = CONSUMER_RULES if is_stream else PRODUCER_RULES
    subject = Stream(case) if is_stream else case.events
    rule = next(rule for rule in rules if rule.touched_by(subject))
    return NotConforming(rule, "", "", case=case, wire=b"", expected=[], got=[])


def shrunk(case: Any, fails: Callable[[Any], object]) -> tuple[str, Any]:
    def law(case: Any) -> None:
        if fails(case):
            raise failure(case)

    assert fails(case), "only a case that fails can be shrunk"
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
        (lambda chunks: True, "data", []),
        (lambda chunks: b"data" in wire(chunks), "data", [b"data: a\n\n"]),
        (lambda chunks: b"id: " in wire(chunks), "id", [b"id: 1\ndata: a\n\n"]),
        (lambda chunks: wire(chunks).startswith(b"\xef\xbb\xbf"), "leading-bom", [b"\xef\xbb\xbf"]),
        (lambda chunks: b"\r\n" in wire(chunks), "crlf", [b"data: a\r\n\r\n"]),
        (lambda chunks: len([chunk for chunk in chunks if chunk]) > 2, "cut", None),
        (lambda chunks: len(chunks) > 1, "cut", [b"data: a", b"\n\n"]),
        (lambda chunks: not wire(chunks).isascii(), "non-ascii", [b"data: \xc3\xa9\n\n"]),
        (lambda chunks: any(c.endswith(b"\r") for c in chunks[:-1]), "cut", [b"data: a\r", b"\r"]),
        (lambda chunks: len(list(decode(chunks))) > 1, "events", [b"data: a\n\ndata: a\n\n"]),
        (lambda chunks: len({event.data for event in decode(chunks)}) > 1, "events", [b"data: a\n\ndata: b\n\n"]),
    ],
)
def test_a_stream(fails: Callable[[list[bytes]], object], rule: str, smallest: list[bytes] | None) -> None:
    found, case = shrunk(LARGE, fails)
    assert found == rule
    assert smallest is None or case == smallest


@pytest.mark.parametrize(
    ("chunks", "fails", "rule", "smallest"),
    [
        # Of the cases that fail, the one that touches the lightest rules.
        ([b"id: a \ndata: a\n\n"], lambda chunks: b"id: " in wire(chunks), "id", [b"id: 1\ndata: a\n\n"]),
        ([b"data: \xef\xbb\xbf\n\n"], lambda chunks: not wire(chunks).isascii(), "non-ascii", [b"data: \xc3\xa9\n\n"]),
        ([b"data:\n\n"], lambda chunks: any(not event.data for event in decode(chunks)), "empty-data", [b"data: \n\n"]),
        ([b"\xe2\x80\xa8data: a\n\n"], lambda chunks: "\u2028" in wire(chunks).decode(), "line-separator", None),
        (
            [b"id: 1\nid: \ndata: a\n\n"],
            lambda chunks: "id: \n" in wire(chunks).decode() and "id: 1" in wire(chunks).decode(),
            "empty-id",
            [b"id: 1\ndata: a\n\nid: \ndata: a\n\n"],
        ),
        # No longer than necessary.
        ([b"data: " + b"x" * 100_000 + b"\n\n"], lambda chunks: len(wire(chunks)) > 65_536, "long", None),
        ([b"x" * 5000 + b": a\ndata: a\n\n"], lambda chunks: len(wire(chunks).partition(b":")[0]) > 300, "long", None),
        ([b"data: a\n" * 2000 + b"\n"], lambda chunks: wire(chunks).count(b"\n") > 101, "many-lines", None),
        ([b": c\n" * 60 + b"\n"], lambda chunks: wire(chunks).count(b"\n") > 50, "many-lines", None),
        ([b"data: b\n\n"] * 500, lambda chunks: len(chunks) > 64, "cut", None),
        ([b"a", b"b", b"c", b"d"] * 12, lambda chunks: len(chunks) > 40, "cut", None),
        ([b"data: a", b"a", b"\n\n"], lambda chunks: len(chunks) > 1 and b"aa" in wire(chunks), "cut", None),
        # Chunks that are part of no line.
        ([b"data: a\n\n", b"", b"data: a\n\n"], lambda chunks: b"" in chunks, "empty-chunk", [b""]),
        ([], lambda chunks: not chunks, "data", []),
    ],
)
def test_other_streams(
    chunks: list[bytes], fails: Callable[[list[bytes]], object], rule: str, smallest: list[bytes] | None
) -> None:
    found, case = shrunk(chunks, fails)
    assert found == rule
    assert smallest is None or case == smallest


@pytest.mark.parametrize("limit", [64, 1024, 4090, 65_530, 70_000])
def test_a_case_that_is_too_long_shrinks_to_one_byte_too_long(limit: int) -> None:
    _, [stream] = shrunk([b"data: " + b"x" * 100_000 + b"\n\n"], lambda chunks: len(wire(chunks)) > limit + 8)
    assert len(stream) == limit + 9


def test_a_case_with_too_many_events_shrinks_to_one_too_many() -> None:
    _, [stream] = shrunk([b"data: a\n\n" * 1000], lambda chunks: wire(chunks).count(b"data") > 100)
    assert stream == b"data: a\n\n" * 101


@pytest.mark.parametrize(
    ("edits", "chunks"),
    [
        ([], [b"ab", b"cd", b"ef"]),
        ([(0, 1, b"")], [b"b", b"cd", b"ef"]),
        ([(2, 4, b"")], [b"ab", b"ef"]),
        ([(1, 3, b"x")], [b"ax", b"d", b"ef"]),
        ([(1, 5, b"xyz")], [b"ax", b"yz", b"f"]),
        ([(0, 2, b"x"), (4, 6, b"y")], [b"x", b"cd", b"y"]),
        ([(6, 6, b"x")], [b"ab", b"cd", b"efx"]),
        ([(0, 6, b"")], []),
    ],
)
def test_cuts_stay_where_they_are(edits: list[tuple[int, int, bytes]], chunks: list[bytes]) -> None:
    assert _edited([b"ab", b"cd", b"ef"], edits) == chunks


def test_an_empty_chunk_stays() -> None:
    assert _edited([b"ab", b"", b"cd"], [(1, 2, b"")]) == [b"a", b"", b"cd"]


E = ServerSentEvent


@pytest.mark.parametrize(
    ("events", "fails", "rule", "smallest"),
    [
        ([E("x", "b", "9", 3), E("c")], lambda events: True, "data", []),
        ([E("x", "b", "9", 3), E("c")], lambda events: any(e.id for e in events), "id", [E("a", id="1")]),
        ([E("x", "b", "9", 3000)], lambda events: any(e.retry for e in events), "retry", [E("a", retry=7)]),
        ([E("x", "b", "9", 3)], lambda events: any(e.event == "b" for e in events), "event", [E("a", event="b")]),
        ([E("\ufeff")], lambda events: any(not e.data.isascii() for e in events), "non-ascii", [E("é")]),
        ([E("\n²")], lambda events: any("²" in e.data for e in events), "non-ascii", [E("²")]),
        ([E("a\rb")], lambda events: any(len(e.data.splitlines()) > 1 for e in events), "newline", None),
        ([E("ab" * 50)], lambda events: any(len(e.data) > 44 for e in events), "long", [E("ab" * 22 + "a")]),
        ([E("a\n" * 90)], lambda events: any(e.data.count("\n") > 50 for e in events), "many-lines", None),
        ([E(str(n)) for n in range(90)], lambda events: len(events) > 50, "many-events", None),
    ],
)
def test_events(events: list[E], fails: Callable[[Sequence[E]], object], rule: str, smallest: list[E] | None) -> None:
    found, case = shrunk(EventsCase(events, ""), lambda case: fails(case.events))
    assert found == rule
    assert smallest is None or case.events == smallest


@pytest.mark.parametrize(
    ("event", "field", "rule"),
    [
        (E("x", "b\r\n\r\ndata: injected", "9", 3), "event", "line-end-in-event"),
        (E("x", "b", "9\ndata: injected", 3), "id", "line-end-in-id"),
        (E("x", "b", "9\0", 3), "id", "id-with-null"),
        (E("x", "", "9", 3), "event", "empty-event"),
        (E("xa\ud800", "b", "9", 3), "data", "surrogate"),
        (E("x", "b", "9", -5), "retry", "negative-retry"),
    ],
)
def test_an_event_that_can_not_be_sent_stays_so(event: E, field: str, rule: str) -> None:
    def fails(case: EventsCase) -> bool:
        return failure(case).rule == rule

    found, case = shrunk(EventsCase([E("before"), event], field), fails)
    assert (found, case.spoilt, len(case.events)) == (rule, field, 1)
    plain = E("a")
    others = {"data", "event", "id", "retry"} - {field}
    assert all(getattr(case.events[0], each) in {getattr(plain, each), ""} for each in others)


def test_it_ends_after_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shrinking stops after some seconds, and after a thousand cases."""
    tried: list[list[bytes]] = []

    def law(chunks: list[bytes]) -> None:
        tried.append(chunks)
        raise failure(chunks)

    monkeypatch.setattr(shrinking, "_MOST_CASES", 3)
    shrink_stream(LARGE, failure(LARGE), law)
    assert len(tried) <= 3
    monkeypatch.setattr(shrinking, "_MOST_CASES", 1000)
    monkeypatch.setattr(shrinking, "_MOST_SECONDS", -1.0)
    monkeypatch.setattr(shrinking, "_BETWEEN_LOOKS", -1.0)
    tried.clear()
    assert shrink_stream(LARGE, failure(LARGE), law).case == LARGE
    assert not tried
