"""The grammar of the reconnection time. The rest of the module is constants."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_codec._grammar import parse_retry
from tests.ids import shown


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", 0),
        ("000", 0),
        ("3000", 3000),
        ("03000", 3000),
        ("9" * 18, 10**18 - 1),
        ("00" + "9" * 18, 10**18 - 1),
        ("01" + "0" * 18, None),
        ("0" * 100_000 + "1", 1),
        ("0" * 100_000, 0),
        ("1" + "0" * 18, None),
        ("9" * 100_000, None),
        ("", None),
        ("-1", None),
        ("+1", None),
        (" 1", None),
        ("1 ", None),
        ("1_0", None),
        ("1e3", None),
        ("0x1", None),
        ("1.0", None),
        ("1\0", None),
    ],
    ids=lambda value: shown(value)[:24],
)
def test_parse_retry(value: str, expected: int | None) -> None:
    assert parse_retry(value) == expected


def test_only_ASCII_digits_count() -> None:
    digits = [chr(c) for c in range(128, sys.maxunicode + 1) if unicodedata.category(chr(c)) in {"Nd", "No", "Nl"}]
    assert len(digits) > 1000
    assert [digit for digit in digits if parse_retry(digit) is not None or parse_retry("1" + digit) is not None] == []


@given(st.text())
def test_parse_retry_never_raises(value: str) -> None:
    assert parse_retry(value) is None or value.isdecimal()
