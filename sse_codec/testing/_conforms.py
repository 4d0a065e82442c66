"""assert_conforms: fails if a client would lose something from a captured stream."""

from __future__ import annotations

from collections.abc import Collection

from sse_codec._input import DEFAULT_MAX_EVENT_SIZE
from sse_codec._iterate import Chunks, iterate_chunks
from sse_codec.lint import lint

#: How many findings the error shows. Equal findings are shown once, with their count.
_SHOWN = 10


def assert_conforms(
    wire: Chunks,
    *,
    json: bool = False,
    unique_ids: bool = False,
    require_ids: bool = False,
    sentinel: str | None = None,
    max_event_size: int | None = DEFAULT_MAX_EVENT_SIZE,
    ignore: Collection[str] = (),
) -> None:
    r"""Fail if the linter finds an error in a captured event stream (WHATWG HTML 9.2).

    An error means that a client that follows the standard loses something. Warnings, for what only some clients may
    lose, pass. `sse_codec.lint` documents which findings are errors.

    All options work as in `sse_codec.lint.Linter`.

    Args:
        wire: all bytes of one connection's stream: bytes, an iterable of bytes cut anywhere, or a binary file.
        json: every payload must be JSON.
        unique_ids: no id may occur twice.
        require_ids: every event must have an id.
        sentinel: the data that the last event must have. None means any.
        max_event_size: the largest block to allow, in bytes. None means no limit.
        ignore: codes of findings to accept.

    Raises:
        AssertionError: the stream has errors. The text is a report of the first ten: for each one its position, its
            line with a caret, what a client does with it, and how to fix it.
        TypeError: an argument has the wrong type.
        ValueError: `max_event_size` is less than 1, or `ignore` contains an unknown code.

    >>> from sse_codec.testing import assert_conforms
    >>> assert_conforms(b"event: tick\ndata: 1\n\n")
    >>> assert_conforms(b"event: tick\ndata: 1\n")
    Traceback (most recent call last):
        ...
    AssertionError: the event stream has 1 error that makes a client lose something
    <BLANKLINE>
    error[unfinished-block] line 2, column 8 (byte 19): the stream ends inside the event of line 2
        data: 1
               ^
        a client discards the block
        end every block with a blank line, including the last
    """
    __tracebackhide__ = True  # pytest shows the test's line, not this function's
    shown: list[str] = []
    found = count = 0
    for finding in lint(
        iterate_chunks("assert_conforms", wire),
        json=json,
        unique_ids=unique_ids,
        require_ids=require_ids,
        sentinel=sentinel,
        max_event_size=max_event_size,
        ignore=ignore,
    ):
        if finding.severity == "error":
            found += 1
            count += finding.count
            if found <= _SHOWN:
                shown.append(str(finding))
    if found > _SHOWN:
        shown.append(f"and {found - _SHOWN} more")
    if count:
        errors = "1 error that makes" if count == 1 else f"{count} errors that make"
        head = f"the event stream has {errors} a client lose something"
        raise AssertionError("\n\n".join((head, *shown)))
