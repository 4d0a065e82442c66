"""assert_conforms: which streams pass and which fail, and the report in its message."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given

from sse_codec.lint import lint
from sse_codec.testing import assert_conforms
from tests.strategies import chunkings


@given(chunkings())
def test_it_fails_exactly_when_there_are_errors(chunks: list[bytes]) -> None:
    errors = [finding for finding in lint(chunks) if finding.severity == "error"]
    try:
        assert_conforms(chunks)
    except AssertionError as error:
        report = str(error)
        assert errors
        assert all(str(finding) in report for finding in errors[:10])
        assert all(f"warning[{finding.code}]" not in report for finding in lint(chunks))
    else:
        assert not errors


def test_the_report() -> None:
    with pytest.raises(AssertionError) as raised:
        assert_conforms(b"\xef\xbb\xbfdata: x\n\nretry: 1s\n\nData: y\n\n")
    assert str(raised.value) == (
        "the event stream has 2 errors that make a client lose something\n\n"
        "error[invalid-retry] line 3, column 8 (byte 19): a reconnection time that is not a number: '1s'\n"
        "    retry: 1s\n"
        "           ^\n"
        "    a client ignores the field\n"
        "    write milliseconds, as ASCII digits only\n\n"
        "error[unknown-field] line 5, column 1 (byte 23): 'Data' is not a field of the standard\n"
        "    Data: y\n"
        "    ^\n"
        "    a client ignores the line\n"
        "    write 'data': field names must match exactly, including case and spaces"
    )


def test_equal_errors_are_counted() -> None:
    with pytest.raises(AssertionError) as raised:
        assert_conforms(b"Data: y\n\n" * 12)
    assert str(raised.value).startswith("the event stream has 12 errors that ")
    assert str(raised.value).count("error[") == 2
    assert "(11 more times, the last time here)" in str(raised.value)


@pytest.mark.parametrize(("count", "end"), [(10, "otherwise, remove the line"), (12, "\n\nand 2 more")])
def test_ten_errors_are_shown(count: int, end: str) -> None:
    mistakes = [b"Data: y", b"Id: 1", b"Event: x", b"Retry: 1", b"foo: x", b"x: y z", b"id: \0", b"retry: x", b": \xff"]
    mistakes += [b"event: x", *([b"event: a\nevent: b\ndata", b"data\n\n<html>"] if count == 12 else [])]
    wire = b"".join(mistake + b"\n\n" for mistake in mistakes)
    errors = [finding for finding in lint(wire) if finding.severity == "error"]
    assert len(errors) == count
    with pytest.raises(AssertionError) as raised:
        assert_conforms(wire)
    assert str(raised.value).startswith(f"the event stream has {count} errors that ")
    assert str(raised.value).count("error[") == 10
    assert str(raised.value).endswith(end)


@pytest.mark.parametrize("make", [bytes, bytearray, memoryview, io.BytesIO, lambda wire: iter([wire[:3], wire[3:]])])
def test_sources(make: Any) -> None:
    assert_conforms(make(b"data: x\n\n"))
    with pytest.raises(AssertionError, match="unfinished-block"):
        assert_conforms(make(b"data: x\n"))


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"json": True}, "invalid-json"),
        ({"require_ids": True}, "missing-id"),
        ({"sentinel": "[DONE]"}, "missing-sentinel"),
        ({"unique_ids": True}, "duplicate-id"),
        ({"max_event_size": 5}, "event-too-large"),
    ],
)
def test_options(options: dict[str, Any], code: str) -> None:
    wire = b"id: 1\n\nid: 1\n\ndata: x\n\n"
    assert_conforms(wire)
    with pytest.raises(AssertionError, match=rf"error\[{code}\]"):
        assert_conforms(wire, **options)
    assert_conforms(wire, **options, ignore=[code])


def test_wrong_arguments() -> None:
    with pytest.raises(TypeError, match=r"assert_conforms\(\) takes bytes, not str"):
        assert_conforms("data: x\n\n")  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(ValueError, match="max_event_size"):
        assert_conforms(b"", max_event_size=0)
