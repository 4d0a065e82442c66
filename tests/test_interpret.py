"""Interpreting blocks in each of the three ways: the standard's algorithm, column by column, and part by part."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_codec._interpret import alike, data_run, decode_text, interpret, interpret_long, records
from sse_codec.testing import reference_decode
from tests.ids import shown
from tests.strategies import alike_wires, wires
from tests.vectors.shapes import NEAR_MISSES, SHAPES, block, stream

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sse_codec._interpret import Record

BLANK: Record = (None, None, None, None)
ALIKE = stream(SHAPES["event, id, data"], 8)
#: The near misses that can still be read column by column.
REALLY_ALIKE = {
    "a value that starts with a space",
    "an empty value",
    "data and type with U+0000",
    "the prefix twice",
    "invalid bytes",
}
#: Near misses that can be too if they come first: if the first block lacks a space after a colon, others may have it.
ALIKE_FROM_THE_FIRST_ON = {
    "a prefix without its space",
    "every prefix without its space",
    "a tab instead of the space",
    "one prefix shorter and one longer",
}


def text_of(wire: bytes) -> str:
    """Return the text of a wire's complete blocks as `_framing` passes it on, with LF line ends."""
    lines = wire.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    lines.pop()  # after the last line end
    while lines and lines[-1]:
        lines.pop()
    return decode_text(b"".join(line + b"\n" for line in lines))


@lru_cache(maxsize=1000)  # each wire is read in several ways, and some are large
def expected_records(wire: bytes) -> list[Record]:
    """Return the reference decoder's record of each block."""
    return [(each.data, each.event, each.id, each.retry) for each in reference_decode(wire).blocks]


def records_of(text: str) -> Iterable[Record]:
    """Return the records of a text, after checking the number of lines that `records` reports for each block."""
    found, stride = records(text)
    if stride:
        lines = text.split("\n")[:-1]
        blanks = [at + 1 for at, line in enumerate(lines) if not line]
        assert blanks == list(range(stride, len(lines) + 1, stride))
    return found


def lines_of(blocks: list[bytes]) -> list[str]:
    return decode_text(b"".join(blocks)).split("\n")[:-1]


@pytest.mark.parametrize(
    ("lines", "record"),
    [
        ([], BLANK),
        (["data"], ("", None, None, None)),
        (["data: a", "data:b", "data"], ("a\nb\n", None, None, None)),
        (["data", "data", "data"], ("\n\n", None, None, None)),
        (["data:", "data:  a"], ("\n a", None, None, None)),
        (["event"], (None, "", None, None)),
        (["event: a", "event"], (None, "", None, None)),
        (["id"], (None, None, "", None)),
        (["id: a", "id"], (None, None, "", None)),
        (["id: a", "id: b\0"], (None, None, "a", None)),
        (["retry", "retry:", "retry: "], BLANK),
        (["retry: 5", "retry:7"], (None, None, None, 7)),
        (["retry: 5", "retry: x"], (None, None, None, 5)),
        (["retry: 0"], (None, None, None, 0)),
        ([": data: a", "x", "x: y", " data: a", "data : a", "DATA: a", "dat", "datas: a"], BLANK),
        (["event: a", "data: b", "id: c", "retry: 5"], ("b", "a", "c", 5)),
    ],
)
def test_a_block(lines: list[str], record: Record) -> None:
    assert list(interpret([*lines, ""])) == [record]
    assert list(interpret([*lines, "", *lines, "", ""])) == [record, record, BLANK], (
        "nothing is carried over from the block before"
    )
    for end in ("", "\n", "\n\n"):
        assert interpret_long("\n".join(lines) + end) == record


def test_lines_after_the_last_blank_line_are_ignored() -> None:
    assert list(interpret(["data: a"])) == []
    assert list(interpret([])) == []


class TestAlike:
    """Reading by columns: used only if it gives the same result as the standard."""

    @pytest.mark.parametrize("count", [1, 2, 8])
    @pytest.mark.parametrize("name", SHAPES)
    def test_follows_the_standard(self, name: str, count: int) -> None:
        blocks = stream(SHAPES[name], count)
        found = alike(lines_of(blocks))
        if name in {"a name alone", "no field at all"}:
            assert found is None, "a line without a colon has no prefix to take off"
        else:
            assert found is not None, "blocks of one shape are read column by column"
            assert list(found) == expected_records(b"".join(blocks))

    @pytest.mark.parametrize("at", [0, 1, 4, 8])
    @pytest.mark.parametrize("name", NEAR_MISSES)
    def test_near_misses(self, name: str, at: int) -> None:
        blocks = [*ALIKE[:at], NEAR_MISSES[name], *ALIKE[at:]]
        found = alike(lines_of(blocks))
        if name in REALLY_ALIKE or (at == 0 and name in ALIKE_FROM_THE_FIRST_ON):
            assert found is not None
            assert list(found) == expected_records(b"".join(blocks))
        else:
            assert found is None

    @pytest.mark.parametrize(
        "lines",
        [
            [],
            [""],
            ["", ""],
            ["", "data: a", ""],
            ["data: a", "", ""],
            ["data: a", "", "", "data: b", ""],
            ["data: a", "data: b", "", "data: c", ""],
            ["data: a", "", "data: b", "data: c", ""],
            ["data: a", "", "data: b", "data: c", "", "data: d", "", ""],
            ["data", ""],
            ["retry: 5", "retry: x", ""],
            ["id: \0", ""],
            ["id: 1", "id: \0", ""],
            ["data: a", "", "data : b", ""],
            ["data:a", "", "data: b", "", "dataa", ""],
            ["data: a", "", "ddata: ", ""],
        ],
        ids=shown,
    )
    def test_lines_that_are_not_alike(self, lines: list[str]) -> None:
        assert alike(lines) is None

    @pytest.mark.parametrize(
        ("lines", "found"),
        [
            (["data: a", ""], [("a", None, None, None)]),
            (["data:a", "", "data: b", "", "data:  c", ""], [(each, None, None, None) for each in ("a", "b", " c")]),
            (["retry: 5", "", "retry: x", ""], [(None, None, None, 5), BLANK]),
            ([": a", "", ": b", ""], [BLANK, BLANK]),
            (["::", "", "::", ""], [BLANK, BLANK]),
            (["id: 1", "id: ", "", "id: 2", "id: 3", ""], [(None, None, "", None), (None, None, "3", None)]),
            (["event: a", "event:b", ""], [(None, "b", None, None)]),
            (["data: a", "x: y", "data:b", "data: ", ""], [("a\nb\n", None, None, None)]),
        ],
        ids=shown,
    )
    def test_lines_that_are_alike(self, lines: list[str], found: list[Record]) -> None:
        got = alike(lines)
        assert got is not None
        assert list(got) == found

    @given(alike_wires())
    def test_follows_the_standard_or_returns_None(self, wire: bytes) -> None:
        lines = text_of(wire).split("\n")[:-1]
        found = alike(lines)
        if found is not None:
            assert list(found) == expected_records(wire)


@pytest.mark.usefixtures("every_way")
class TestRecords:
    """Any number of blocks, in every way."""

    @pytest.mark.parametrize("count", [1, 3, 12, 40])
    @pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
    def test_every_shape(self, shape: list[bytes], count: int) -> None:
        wire = b"".join(stream(shape, count))
        assert list(records_of(decode_text(wire))) == expected_records(wire)

    def test_the_first_block_may_differ(self) -> None:
        """It may lack lines that were dropped while it was buffered, such as comments."""
        wire = b"id: 7\n\n" + b"".join(ALIKE)
        assert list(records_of(decode_text(wire))) == expected_records(wire)

    @pytest.mark.parametrize(
        "behind", [b"", b"data: b\n\n", b"".join(ALIKE)], ids=["alone", "before one block", "before many"]
    )
    @pytest.mark.parametrize(
        "shape",
        [
            [b"data: %d"] * 5000,
            [b"data:%d"] * 5000,
            [b"data"] * 20_000,
            [b"data: " + b"x" * 50_000, b"id: %d"],
            [b"id: a", *[b"data: %d"] * 5000, b"id: b", *[b"event: c"] * 5000, b"event", b"retry: 5"],
            [b"event: e", b"id: 1", b"retry: 7", *[b": ping"] * 10_000, b"id: \0", b"retry: x", b"data: a"],
            [b": ping"] * 10_000,
            ["data: é🍊%d".encode(), b"x", b": c", b"data: \xff"] * 3000,
        ],
        ids=lambda shape: f"{len(shape)} lines of {shape[0][:8]!r}",
    )
    def test_a_large_block(self, shape: list[bytes], behind: bytes) -> None:
        """A block larger than a window: its lines are never all in memory at the same time."""
        wire = b"\n".join(block(shape, 3)) + b"\n" + behind
        assert list(records_of(decode_text(wire))) == expected_records(wire)


def test_the_number_of_lines_per_block_is_returned_if_known() -> None:
    """`BlockDecoder` then need not search for blank lines."""
    for shape, stride in (("data", 2), ("event, data", 3), ("id, data, retry", 4), ("a name alone", 0)):
        assert records(b"".join(stream(SHAPES[shape], 40)).decode())[1] == stride
    assert records("data: a\n\ndata: b\ndata: c\n\n")[1] == 0


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("data: a\n\n", (["a"], 0)),
        ("data: a\n\ndata: b\n\n", (["a", "b"], 0)),
        ("data: \n\ndata:  \n\n", (["", " "], 0)),
        ("data: a\n\n\n", (["a\n"], 1)),
        ("data: a\n\n: b\n\ndata: c\n\n", (["a\n\n: b", "c"], 2)),
        ("data: a\n\ndata: b\ndata: c\n\n", (["a", "b\ndata: c"], 1)),
        ("data: a\ndata: b\n\n", ([], 0)),
        ("data:a\n\n", (["a"], 0)),
        ("data:\n\ndata: \n\ndata:  \n\n", (["", "", " "], 0)),
        ("data: a\n\ndata:b\n\n", (["a\n\ndata:b"], 2)),
        ("data:a\n\ndata: b\nid: 1\n\n", (["a", "b\nid: 1"], 1)),
        ("data\n\ndata:b\n\n", ([], 0)),
        (": a\n\ndata: b\n\n", ([], 0)),
        ("\ndata: b\n\n", ([], 0)),
    ],
)
def test_blocks_with_one_data_line_are_recognized(text: str, found: tuple[list[str], int]) -> None:
    assert data_run(text) == found


def test_a_blank_line_that_ends_no_block_counts_as_an_empty_block() -> None:
    assert list(records_of("\n")) == [BLANK]
    assert list(records_of("\n\n")) == [BLANK, BLANK]
    assert list(records_of("data: a\n\n\ndata: b\n\n")) == [("a", None, None, None), BLANK, ("b", None, None, None)]


def test_a_large_block_after_a_blank_line() -> None:
    """If a chunk ends between two line ends, the blank line comes first and is not part of the block."""
    data = "x" * 40_000
    assert [record for record in records_of(f"\ndata: {data}\n\n") if record != BLANK] == [(data, None, None, None)]


@given(wires | alike_wires(), st.sampled_from([1, 3, 20]))
def test_part_by_part_follows_the_standard(wire: bytes, size: int) -> None:
    lines = text_of(wire).strip("\n").split("\n\n")[0]
    if lines:
        expected = next(iter(interpret([*lines.split("\n"), ""])))
        with mock.patch("sse_codec._interpret._LONG", size):
            assert interpret_long(lines) == interpret_long(f"{lines}\n") == expected


@given(wires)
def test_records_agree_with_the_reference(wire: bytes) -> None:
    text = text_of(wire)
    found = list(records_of(text)) if text else []
    blocks: list[list[str]] = [[]]
    for line in text.split("\n")[:-1]:
        if line:
            blocks[-1].append(line)
        else:
            blocks.append([])
    assert [record for record, lines in zip(found, blocks[:-1], strict=True) if lines] == expected_records(wire)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"", ""),
        ("é🍊".encode(), "é🍊"),
        (b"\xff", "\ufffd"),
        (b"a\xe2\x82b\xf0\x9f", "a\ufffdb\ufffd"),
        (b"\xed\xa0\x80", "\ufffd" * 3),
        (bytearray(b"\xffa"), "\ufffda"),
    ],
)
def test_the_text_of_bytes(raw: bytes, text: str) -> None:
    assert decode_text(raw) == text
