"""The reference decoder, compared with known answers and never with the decoders that it judges."""

from __future__ import annotations

import codecs
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_codec import BlankLine, Comment, Field
from sse_codec.testing import reference_decode
from sse_codec.testing._reference import _utf_8_decode
from tests.test_decoder import whole
from tests.vectors.decoding import CASES, Case


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_case(case: Case) -> None:
    reference = reference_decode(case.wire)
    assert [whole(event) for event in reference.events] == [whole(event) for event in case.events]
    assert reference.last_event_id == case.last_event_id
    assert reference.reconnection_time == case.reconnection_time
    assert tuple(reference.comments) == case.comments
    assert (reference.unfinished and whole(reference.unfinished)) == (case.unfinished and whole(case.unfinished))


def test_lines() -> None:
    assert reference_decode(b"a:  b\rc\r\n: d\n:\n\n\ne").lines == [
        Field("a", " b"),
        Field("c", ""),
        Comment("d"),
        Comment(""),
        BlankLine(),
        BlankLine(),
    ]


@pytest.mark.parametrize(
    ("wire", "ends"),
    [
        (b"data\n\n", [6]),
        (b"data\r\r", [6]),
        (b"data\r\n\r\n", [7]),
        (b"data\n\r\n", [6]),
        (b"\xef\xbb\xbfdata\n\n", [9]),
        ("data: 🍊\n\ndata\n\n".encode(), [12, 18]),
        (b"data: \xf0\x9f\n\n", [10]),
    ],
)
def test_where_events_end(wire: bytes, ends: list[int]) -> None:
    assert reference_decode(wire).ends == ends


@given(
    st.binary(max_size=30)
    | st.lists(st.sampled_from([0xE0, 0xED, 0xF0, 0xF4, 0x80, 0x90, 0x9F, 0xA0, 0xBF, 0x41])).map(bytes)
)
def test_it_decodes_UTF_8_as_CPython_does(wire: bytes) -> None:
    decoded = _utf_8_decode(wire)
    assert "".join(character for character, _ in decoded) == wire.removeprefix(codecs.BOM_UTF8).decode(
        "utf-8", "replace"
    )
    ends = [end for _, end in decoded]
    assert ends == sorted(set(ends))
    assert not ends or ends[-1] == len(wire)


@pytest.mark.parametrize("bad", ["data", bytearray(b"data"), None])
def test_refuses_other_types(bad: Any) -> None:
    with pytest.raises(TypeError, match=type(bad).__name__):
        reference_decode(bad)
