"""assert_conforms: one captured stream in; an AssertionError out for what a client would lose of it."""

from __future__ import annotations

from collections.abc import Collection

from sse_codec._input import DEFAULT_MAX_EVENT_SIZE
from sse_codec._iterate import Chunks, iterate_chunks
from sse_codec.lint import lint

#: How many findings the error shows. The same one is shown once.
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
    r"""Check one captured event stream: every finding of error level fails, with its place (WHATWG HTML 9.2).

    An error means that a client of the standard loses something; what only some clients may lose is a warning, and
    passes. `sse_codec.lint` says what is which.

    Args:
        wire: all bytes of one connection's stream: bytes, an iterable of bytes cut anywhere, or a binary file.
        json: as for `sse_codec.lint.Linter`, and so are the others: every payload must be JSON.
        unique_ids: no id may come twice.
        require_ids: every event must have an id.
        sentinel: the data that the last event must have.
        max_event_size: the largest block that is fine, in bytes; None: any.
        ignore: codes of findings that are known and meant.

    Raises:
        AssertionError: there are errors. Its text is a report: each one's place, line and caret, what a client does
            with it, and how to fix it; of more than ten the first ten.
        TypeError: an argument is of the wrong type.
        ValueError: `max_event_size` is less than 1, or `ignore` has something that is not a code of a finding.

    >>> from sse_codec.testing import assert_conforms
    >>> assert_conforms(b"event: tick\ndata: 1\n\n")
    >>> assert_conforms(b"event: tick\ndata: 1\n")
    Traceback (most recent call last):
        ...
    AssertionError: the event stream has 1 error, by which a client loses something
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
        head = f"the event stream has {count} error{'s' * (count > 1)}, by which a client loses something"
        raise AssertionError("\n\n".join((head, *shown)))
